#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: compose_network
short_description: Give a Compose project IPv6, in its file and while it runs
version_added: 0.1.0
description:
  - Writes an IPv6 network into a Compose file. Comments, order, anchors, quotes and line ends stay as they are, only
    the lines that are needed are added. A file that is not fully understood is refused with line and column.
  - Gives the running containers the same network in the same change, B(without re-creating or restarting them). Their
    established connections are cut, and new ones are refused for a fraction of a second. What is found on the network,
    stopped containers included, keeps its names, static addresses, links and options.
  - A later C(docker compose up -d) then finds what its file says, and re-creates only what RV(compose_will_recreate)
    names.
  - Where Compose is on the host, it is asked whether it takes the new file before that is written. Nothing that it
    rejects is written.
  - Variables in what a file says of the network, and services of files that it includes, are what Compose itself makes
    of them. Whether the network has IPv6 is not written into a file that leaves it to a variable.
options:
  path:
    description:
      - Absolute path of the project's Compose file.
      - The override file that Compose merges with it by itself is read as well.
    type: path
    required: true
  state:
    description:
      - V(present) has the network in the file and on the containers.
      - V(absent) brings back, byte for byte, the files that this module edited, unless they were edited since. The
        networks are brought back by M(dms.ipv6.docker_ipv6_network).
    type: str
    choices: [present, absent]
    default: present
  shape:
    description:
      - V(default) puts C(enable_ipv6) and the subnet on the project's own network C(default). The live network is
        replaced with all containers on it. No container is ever re-created for it.
      - V(named) puts O(services) on one more network with the key O(network). Compose re-creates their containers at
        its next C(up), whatever is done, because it compares the list of a service's networks. Without O(services) it
        is about a network that the file has already, and no container is re-created.
      - V(external) has the network O(network) in place of the project's own network C(default). It is created if it
        is not there. Until Compose re-creates them, running containers stay on their old network as well.
    type: str
    choices: [default, named, external]
    default: default
  network:
    description: Key of the network in the file with O(shape=named), name of the real network with O(shape=external).
    type: str
    default: dms-ipv6
  services:
    description: Services that get the network with O(shape=named).
    type: list
    elements: str
    default: []
  files:
    description:
      - All files of the project in the order in which Compose merges them, O(path) among them. Needed where Compose is
        given several by name (C(-f), C(COMPOSE_FILE)).
      - O(path) is the one that is edited. No file behind it may say anything of the network.
    type: list
    elements: path
    default: []
  subnet:
    description:
      - The IPv6 subnet, a CIDR from /48 to /126.
      - V(auto) keeps the one in the file or of the live network, and otherwise derives a ULA (RFC 4193) from the host's
        machine-id and the network's name.
    type: str
    default: auto
  prefix_length:
    description: Prefix length of a derived subnet, 48 to 126.
    type: int
    default: 64
  fleet_prefix:
    description: A /48 for all hosts, from which V(auto) derives instead of a Global ID of the host's own.
    type: str
    default: ""
  edit:
    description:
      - V(file) edits the Compose file itself.
      - V(override) leaves it alone and writes C(compose.override.yaml) beside it, or edits the one that exists.
    type: str
    choices: [file, override]
    default: file
  project_name:
    description: The project's name. By default its containers tell, or Compose itself.
    type: str
    default: ""
requirements:
  - ruamel.yaml on the target (C(python3-ruamel.yaml))
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
notes:
  - Tested with Compose 1.29.2, 2.26.1 and 2.40.3. Compose 5 is untested.
  - Compose 2.40 itself loses aliases and DNS names when it re-creates a network that differs from its file. This module
    leaves the network's config hash away, so that it has no reason to.
seealso:
  - module: dms.ipv6.docker_ipv6_network
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: IPv6 for everything on a project's own network
  dms.ipv6.compose_network:
    path: /srv/mail/compose.yaml

- name: One more network for the mail server only, in an override file
  dms.ipv6.compose_network:
    path: /srv/mail/compose.yaml
    shape: named
    network: dms-ipv6
    services:
      - mailserver
    edit: override
"""

RETURN = r"""
outage:
  description:
    - For how many seconds at most clients found published ports closed, 0 in check mode or where no step closes any.
    - It is the time from the beginning of the first step that closes ports to the end of the last one. No service is
      connected to for that.
    - Where containers are re-created, their services may need longer to listen again.
  returned: success
  type: float
rolled_back:
  description: Whether the change failed and the old state was brought back.
  returned: always
  type: bool
project:
  description: Name of the project.
  returned: success, with O(state=present)
  type: str
  sample: mail
network:
  description: Name of the real network. It is not there as long as the project does not run.
  returned: success, with O(state=present)
  type: str
  sample: mail_default
subnet:
  description: Its IPv6 subnet.
  returned: success, with O(state=present)
  type: str
  sample: fd5c:1ab0:7e57:1::/64
file:
  description: The file that is, or would be, written.
  returned: success, with O(state=present)
  type: str
  sample: /srv/mail/compose.yaml
compose_will_recreate:
  description:
    - Services whose containers the next C(docker compose up -d) re-creates, by the hash that Compose itself computes;
      without Compose on the host, those whose list of networks is another.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: [mailserver]
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "write /srv/mail/compose.yaml: IPv6 on the project's own network"
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.compose_network import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
