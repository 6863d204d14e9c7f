#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: remote_ip_probe
short_description: See from a client host which address a server sees
version_added: 0.1.0
description:
  - Runs on a client host. Connects to a responder on a Docker host, and compares the address of its own socket with
    the one that the responder saw.
  - A real service does not say which client it sees. With O(hold) the connection to it is kept open, and
    M(dms.ipv6.probe_responder) looks on the Docker host at which address the service is connected to.
  - A probe from the Docker host itself proves nothing, because correct set-ups show the gateway or hang there; it is
    recognised.
  - Never fails because of a verdict; what to make of it is up to the play.
options:
  host:
    description:
      - Address or name of the Docker host.
      - Refused are addresses that no other host can have, so that an attacker who chooses it cannot reach what only
        this client can - loopback, link-local, multicast, unspecified, IPv4-mapped, and those reserved for
        documentation.
    type: str
    required: true
  port:
    description:
      - TCP port of the responder, or with O(hold) of any service, 1 to 65535.
      - With V(0) nothing is sent. The result says whether this client has a way to O(host), and from which address.
    type: int
    required: true
  family:
    description: Over which protocol to connect.
    type: str
    choices: [ipv4, ipv6]
    default: ipv6
  timeout:
    description: Time limit for the connection and the answer together, in seconds, 1 to 60.
    type: int
    default: 5
  host_addresses:
    description:
      - All addresses of the Docker host, gateways of its networks included. They tell V(masked) from V(unexpected).
    type: list
    elements: str
    default: []
  host_networks:
    description:
      - The subnets of the Docker host's networks. A client with a private address that is seen as another one, which is
        neither in these nor an address of the Docker host, is behind NAT, and its verdict is V(not verified).
    type: list
    elements: str
    default: []
  hold:
    description:
      - Say nothing, and keep the connection open for so many seconds after the module has ended, 300 at most. By
        default a responder is queried.
    type: int
    default: 0
extends_documentation_fragment:
  - dms.ipv6._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
seealso:
  - module: dms.ipv6.probe_responder
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: See which address the server sees
  dms.ipv6.remote_ip_probe:
    host: mail.example.com
    port: 8080
    family: ipv6
  delegate_to: client.example.com
  register: probe

- name: It must be the client's own
  ansible.builtin.assert:
    that: probe.verdict == 'real'
"""

RETURN = r"""
verdict:
  description:
    - V(real), the server saw this client.
    - V(masked), it saw an address of the Docker host instead.
    - V(refused), the connection was refused, by a closed port or a firewall.
    - V(timeout), no answer within the time limit.
    - V(unexpected), anything else.
    - V(not verified), this client cannot try, because it has no IPv6, or because O(host) is this very host; or it is
      behind NAT; or with
      O(hold), it is connected, and the Docker host has yet to say what that shows.
  returned: success
  type: str
  sample: real
client:
  description: The address of the probe's own socket; empty if it was never connected.
  returned: success
  type: str
  sample: fd5c:1ab0:7e57:99::5
seen:
  description: The address the server saw; empty if it did not say. Never anything but an address.
  returned: success
  type: str
  sample: fd5c:1ab0:7e57:99::5
client_port:
  description: The port of its own socket, of a connection that is kept open; V(0) for none.
  returned: success
  type: int
answer:
  description: How the answer begins of a server that is not a responder, printable and short; otherwise empty.
  returned: success
  type: str
  sample: 220 mail.example.com ESMTP
family:
  description: Over which protocol it connected.
  returned: success
  type: str
  sample: ipv6
port:
  description: The port that it connected to.
  returned: success
  type: int
  sample: 8080
msg:
  description: The verdict in a sentence.
  returned: success
  type: str
  sample: the server saw this client, fd5c:1ab0:7e57:99::5
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.remote_ip_probe import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
