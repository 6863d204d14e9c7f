#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: docker_ipv6
short_description: Bring a Docker host into a mode, all of it or nothing, in one round trip
version_added: 0.1.0
description:
  - Carries out what the RV(dms.ipv6.docker_ipv6_info#module:plan) of M(dms.ipv6.docker_ipv6_info) says with the same
    options. It does so with the code of M(dms.ipv6.docker_daemon_config), M(dms.ipv6.docker_ipv6_network),
    M(dms.ipv6.compose_network), M(dms.ipv6.compose_ports), M(dms.ipv6.gai_conf), M(dms.ipv6.routed_firewall) and
    M(dms.ipv6.ndp_proxy), one after the other, and reads the host again.
  - With O(confirm_within), whatever fails has everything taken back at once. After the change, the connection is
    dropped, and the change is confirmed over a new one within the same task. If that does not succeed in time, the host
    takes everything back by itself. Without, each of the modules takes back its own part only.
  - Packages that are missing on the host are not installed; see RV(dms.ipv6.docker_ipv6_info#module:plan).
options:
  mode:
    description: The mode, see M(dms.ipv6.docker_ipv6_info).
    type: str
    choices: [nat, routed, prevent, absent]
    required: true
  gai_conf_name:
    description: With O(gai_conf=true), a name for which the order of addresses is shown, see M(dms.ipv6.gai_conf).
    type: str
    default: ""
  allow_engine_upgrade:
    description: Consent to a restart that also changes the engine, see M(dms.ipv6.docker_daemon_config).
    type: bool
    default: false
  allow_forward_drop:
    description: Consent to Docker's DROP policy on a host that forwards IPv6 for others, see
      M(dms.ipv6.docker_daemon_config).
    type: bool
    default: false
  confirm_within:
    description:
      - The time limit in seconds, counted from the last step. Nothing has to be confirmed with V(0).
      - For half of that time the host may be out of reach after the change; it is tried again every two seconds.
    type: int
    default: 0
  confirm_reach:
    description:
      - A C(HOST:PORT) or C([ADDRESS]:PORT) to which the host must be able to connect over TCP before the change is
        confirmed. Use it where Ansible runs on the host itself (C(ansible-pull)), because reaching the host proves
        nothing there.
    type: str
    default: ""
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.host
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Needs systemd, and the Python packages docker and jsonschema on the target.
seealso:
  - module: dms.ipv6.docker_ipv6_info
  - module: dms.ipv6.host_transaction
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Let mail see every client's real IPv6 address
  dms.ipv6.docker_ipv6:
    mode: nat
    containers: [mail]
    confirm_within: 60
"""

RETURN = r"""
plan:
  description:
    - What is left to change; in check mode, what would be changed.
    - All the rest of what M(dms.ipv6.docker_ipv6_info) returns is there as well.
  returned: success
  type: dict
steps:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
restarted:
  description: Whether the daemon was restarted.
  returned: success
  type: bool
reloaded:
  description: Whether the daemon was reloaded.
  returned: success
  type: bool
compose_will_recreate:
  description: Services that Compose re-creates at the next C(up).
  returned: success
  type: list
  elements: str
effect:
  description: What O(gai_conf) does to new processes.
  returned: success
  type: str
outage:
  description:
    - For how many seconds at most clients found published ports closed, 0 in check mode or where no step closes any.
    - It is the time from the beginning of the first step that closes ports to the end of the last one. No service is
      connected to for that. Services that listened before are waited for.
  returned: success
  type: float
rolled_back:
  description: Whether the change failed and everything is as it was before.
  returned: always
  type: bool
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.docker_ipv6 import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
