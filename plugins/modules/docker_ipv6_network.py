#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: docker_ipv6_network
short_description: Have an IPv6 bridge network with running containers on it
version_added: 0.1.0
description:
  - Creates, compares or removes a dual-stack bridge network. Networks are compared field by field, addresses as
    addresses.
  - Connects containers to it B(while they run). Nothing is re-created or restarted. Their established connections
    are cut, and new ones are refused for a fraction of a second while Docker moves the published ports.
  - A network that differs is replaced, because Docker can change none in place. The containers wait on another one
    while they run, and every container, also a stopped one, has the same names, static addresses, links and
    options on the new one. What the engine cannot keep is refused. On any failure the old network is back with all
    containers on it, and V(absent) brings it back later.
  - Keeps the host's IPv6 default route where the kernel learned it from router advertisements. Docker switches
    forwarding on with the first IPv6 network, so C(accept_ra=2) is set for the uplink before, now and in
    C(/etc/sysctl.d).
  - Refuses what would cut off the container's clients, and a subnet that overlaps another Docker
    network, a route or an address of the host (Docker itself does not look at those).
options:
  name:
    description: Name of the network.
    type: str
    required: true
  state:
    description:
      - V(present) has the network, with the containers on it.
      - V(absent) takes the containers off that this module put on it, and removes it. Another container on it is a
        reason to refuse. A network that was replaced is what it was before. With the last IPv6 network goes what was
        set to keep the host's default route.
      - V(released) only takes the containers off that this module put on it.
    type: str
    choices: [present, absent, released]
    default: present
  subnet:
    description:
      - The IPv6 subnet, a CIDR from /48 to /126.
      - V(auto) derives a ULA (RFC 4193) from the host's machine-id and the network's name, the same every time. An
        IPv6 subnet that the network already has is then kept.
      - With O(mode=routed), V(auto) takes a part of the prefix that the host's uplink has, a /80 unless
        O(prefix_length) says otherwise, in which neither the host nor its router is. A program has to answer the
        router's neighbour solicitations for such a part.
    type: str
    default: auto
  mode:
    description:
      - V(nat) is for a ULA, behind the host's own addresses.
      - V(routed) is for a prefix that is led to the host. Clients reach the containers' own addresses without
        translation. Gives the bridge a name that stays the same, and sets the gateway mode V(routed) from Docker Engine
        27.0 on.
      - A network that is of the other mode is replaced.
    type: str
    choices: [nat, routed]
    default: nat
  addresses:
    description:
      - With O(mode=routed), the IPv6 address of a container, by its name. By default one that is derived from the
        name.
    type: dict
    default: {}
  prefix_length:
    description: Prefix length of a derived subnet, 48 to 126.
    type: int
    default: 64
  fleet_prefix:
    description: A /48 for all hosts, from which V(auto) derives instead of a Global ID of the host's own.
    type: str
    default: ""
  containers:
    description: Names or ids of containers that must be on the network. Others stay where they are.
    type: list
    elements: str
    default: []
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
  - module: dms.ipv6.docker_daemon_config
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Put the running mail server on an IPv6 network
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    containers:
      - mailserver

- name: The same with a subnet of one's own choice
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    subnet: fd5c:1ab0:7e57:1::/64
    containers:
      - mailserver

- name: Put it on a network of the prefix that the provider leads to this host
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    mode: routed
    subnet: 2001:2:0:b1::/64
    containers:
      - mailserver

- name: Remove the network again
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    state: absent
"""

RETURN = r"""
outage:
  description:
    - For how many seconds at most clients found published ports closed, 0 in check mode or where no step closes any.
    - It is the time from the beginning of the first step that closes ports to the end of the last one. No service is
      connected to for that.
  returned: success
  type: float
rolled_back:
  description: Whether the change failed and the old state was brought back.
  returned: always
  type: bool
subnet:
  description: The IPv6 subnet of the network.
  returned: success, with O(state=present)
  type: str
  sample: fd5c:1ab0:7e57:1::/64
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - create network dms-ipv6 with fd5c:1ab0:7e57:1::/64
    - connect mailserver to network dms-ipv6 (while it runs; its established connections are cut)
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.docker_ipv6_network import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
