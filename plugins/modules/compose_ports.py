#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: compose_ports
short_description: Publish the ports of a Compose project on IPv4 only
version_added: 0.1.0
description:
  - Writes C(0.0.0.0) in front of the ports of services in a Compose file, so that IPv6 clients are refused, whatever
    else runs on the host. Comments, order and quotes stay as they are.
  - Entries that name an address are left alone, and so are those without a host port, which the engine chooses; the
    latter, and IPv6 addresses, are warned of.
  - A container gets its ports when it is made. So Compose has to re-create it, which RV(compose_will_recreate) names
    and O(recreate) does.
  - M(dms.ipv6.compose_network) with O(dms.ipv6.compose_network#module:state=absent) brings the file back.
options:
  path:
    description:
      - Absolute path of the project's Compose file.
      - The override file that Compose merges with it by itself is edited as well, because Compose adds its ports.
    type: path
    required: true
  services:
    description: The services. By default all that have ports.
    type: list
    elements: str
    default: []
  recreate:
    description:
      - Whether Compose re-creates the containers that still take IPv6 clients, and no others. They stop for that.
      - Refused where they would come back as something else beside their ports, because the file was edited since they
        were made, or because Compose was called with other variables.
      - Refused where another user than root can write to the project's files or a folder above them, or where they
        bring in others by C(include) or C(extends), because Compose runs as root.
    type: bool
    default: false
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
seealso:
  - module: dms.ipv6.compose_network
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Publish a mail server on IPv4 only, from the next `docker compose up -d` on
  dms.ipv6.compose_ports:
    path: /srv/mail/compose.yaml
    services:
      - mailserver

- name: The same, at once
  dms.ipv6.compose_ports:
    path: /srv/mail/compose.yaml
    services:
      - mailserver
    recreate: true
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
  returned: success
  type: str
  sample: mail
services:
  description: The services that are concerned.
  returned: success
  type: list
  elements: str
  sample: [mailserver]
compose_will_recreate:
  description: Services whose containers take IPv6 clients until the next C(docker compose up -d) re-creates them.
  returned: success
  type: list
  elements: str
  sample: [mailserver]
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "write /srv/mail/compose.yaml: ports published on IPv4 only"
    - let Compose re-create mailserver of project mail
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.compose_ports import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
