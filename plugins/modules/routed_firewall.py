#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: routed_firewall
short_description: Close containers with public addresses, except their published ports
version_added: 0.1.0
description:
  - Loads a table of nftables of its own, C(ip6 dms_ipv6), and has it loaded at every boot before any network is up.
    What comes from outside reaches the ports named and nothing else, except answers to what containers ask for, and
    the ICMPv6 that IPv6 needs (RFC 4890).
  - It only ever closes. A packet that it accepts must be accepted by Docker's rules and the host's firewall as well.
    No chain of others is touched, and other packets than those to O(subnet) are let through unseen.
  - The table is replaced in one piece. Rules that were added, taken out or flushed by others are noticed and put right.
options:
  state:
    description: V(absent) removes table, file and unit.
    type: str
    choices: [present, absent]
    default: present
  subnet:
    description: The IPv6 subnet of the containers, a CIDR. Needed with V(present).
    type: str
  bridge:
    description: The bridge device of their network, which need not be there yet. Needed with V(present).
    type: str
  ports:
    description: The ports that any client may reach.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The container's address.
        type: str
        required: true
      protocol:
        description: The protocol.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      port:
        description: The port inside the container.
        type: int
        required: true
  sources:
    description:
      - Addresses of containers that outgoing packets are to keep. Docker Engine before 27.0 gives them the host's
        address otherwise.
    type: list
    elements: str
    default: []
requirements:
  - nft on the target (C(nftables))
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.transaction
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: dms.ipv6.docker_ipv6_network
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Let all clients reach a mail server at its own address, and nothing else there
  dms.ipv6.routed_firewall:
    subnet: 2001:2:0:b1::/64
    bridge: br-mail
    ports:
      - address: 2001:2:0:b1::25
        port: 25
"""

RETURN = r"""
rolled_back:
  description: Whether the change failed and the old state was brought back.
  returned: always
  type: bool
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "write /etc/dms-ipv6.nft: the firewall of the containers in 2001:2:0:b1::/64"
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.routed_firewall import RULES, SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run, **RULES)


if __name__ == "__main__":
    main()
