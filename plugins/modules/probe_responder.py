#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: probe_responder
short_description: Start and remove the responder that probes talk to, and keep what they proved
version_added: 0.1.0
description:
  - Runs on the Docker host. Starts a container that answers each client with the address it sees, on the network to
    be proven.
  - The container runs as user 65534 without any capability, on a read-only file system and with little memory. It is
    published only where it is probed. The host removes it by itself after O(remove_after), whatever becomes of the run.
  - A container of another's making that is called C(dms-ipv6-responder) is refused, and never removed.
  - When it is removed, the results of the probes are judged, and kept on the host as its last proof, if this collection
    has changed the host before. For those that keep a connection to a published port open, the host looks at which
    address the container is connected to.
options:
  state:
    description:
      - Whether the responder should run.
      - V(ready) starts none. It sees that O(image) can be had, and pulls it, and that O(port) is free, so that no
        change is begun whose proof cannot be made.
    type: str
    choices: [ready, present, absent]
    required: true
  network:
    description: The network to be proven.
    type: str
    default: dms-ipv6
  image:
    description:
      - The responder's image, as C(docker pull) takes it, with a tag, a digest, and a registry with its port; or the id
        of one on the host. An image that exists is used as it is; otherwise it is pulled. An absolute path names an
        archive of C(docker save) on the target.
      - Without a tag C(latest) is meant. Of a tag and a digest the digest counts.
      - It must answer HTTP with a line C(RemoteAddr) and the client's address, as C(traefik/whoami) does.
    type: str
    default: traefik/whoami:v1.11.0
  port:
    description: Host port, 0 for a free one.
    type: int
    default: 0
  address:
    description: Address of the host on which it is published, instead of those of O(addresses).
    type: str
    default: ""
  addresses:
    description:
      - Where probe hosts reach this host, by family, V(ipv4) and V(ipv6). By default an address of its uplink.
      - It is published on these alone. One that is not the host's own is translated on the way; then it is published on
        all of the host's own of that family, except Docker's.
    type: dict
    default: {}
  remove_after:
    description: After how many seconds the host removes it by itself, 1 to 3600. A systemd timer does.
    type: int
    default: 600
  ipv6_address:
    description:
      - An address of its own on the network, at which IPv6 clients are to reach it, on O(container_port). For networks
        of mode V(routed). M(dms.ipv6.routed_firewall) lets them in until it is removed, for O(remove_after) at most.
    type: str
    default: ""
  container_port:
    description: Port on which the image listens.
    type: int
    default: 80
  probes:
    description:
      - With O(state=absent), the results of M(dms.ipv6.remote_ip_probe), to be judged and kept.
      - The responder is removed first, whatever they are. One that makes no sense is said to be that, and proves
        nothing.
    type: list
    elements: raw
    default: []
  silent:
    description: With O(state=absent), names of probe hosts that are out of reach or broken. They are kept with the
      proof, and prove nothing.
    type: list
    elements: str
    default: []
  metrics:
    description:
      - The path of a file that tells Prometheus when the proof was made and what it is, for
        node_exporter's textfile collector. Its name must end in C(.prom). Empty for none.
      - It is written with O(state=absent); with O(state=present) it is only looked at, so that a wrong one costs no
        proof.
    type: path
    default: ""
  expect:
    description:
      - With O(state=absent), what IPv6 clients are to get for the proof to be V(passed).
      - V(real), they are seen under their own addresses.
      - V(refused), they are refused at once, and IPv4 clients get in and are seen under their own addresses.
    type: str
    choices: [real, refused]
    default: real
requirements:
  - docker (Docker SDK for Python 4.1 or later, on the target)
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: A responder that runs is replaced, so that it is the one wanted.
seealso:
  - module: dms.ipv6.remote_ip_probe
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Start the responder
  dms.ipv6.probe_responder:
    state: present
    network: dms-ipv6
  register: responder

- name: Remove it
  dms.ipv6.probe_responder:
    state: absent
"""

RETURN = r"""
port:
  description: The host port; in check mode one that is free.
  returned: with O(state=present)
  type: int
  sample: 24871
ports:
  description: The port on which clients reach the responder, by family.
  returned: with O(state=present)
  type: dict
  sample: {"ipv4": 24871, "ipv6": 24871}
addresses:
  description: Where clients reach the responder, by family; a family that this host does not have is missing.
  returned: with O(state=present)
  type: dict
  sample: {"ipv4": "198.18.7.2", "ipv6": "fd5c:1ab0:7::2"}
host_addresses:
  description: All addresses of the host, gateways of its networks included.
  returned: with O(state=present)
  type: list
  elements: str
host_networks:
  description: The subnets of Docker's networks on the host.
  returned: with O(state=present)
  type: list
  elements: str
  sample: ["172.17.0.0/16", "fd5c:1ab0:7e57:1::/64"]
result:
  description: What the probes amount to, V(passed), V(failed) or V(not verified).
  returned: with O(state=absent)
  type: str
  sample: passed
probes:
  description: The results of the probes as they are kept, with verdicts for those that keep a connection open.
  returned: with O(state=absent)
  type: list
  elements: dict
faults:
  description: The probes that show something else than O(expect), in words.
  returned: with O(state=absent)
  type: list
  elements: str
  sample: ["IPv6, port 25: no answer within 5 s"]
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.probe_responder import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
