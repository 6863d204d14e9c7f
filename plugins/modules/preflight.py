#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: preflight
short_description: See that the variables and the inventory can be meant, before any host is read
version_added: 0.1.0
description:
  - Runs on the controller alone, in check mode too, and connects to no host. The playbooks and the role begin with it.
  - Ends the run in one line, with the name of the variable, for variables C(dms_ipv6_*) that do not exist, values of
    a wrong type, a mode that is not the playbook's, no container that is named, a host that is its own probe host,
    probe hosts that are not in the inventory, and a playbook that is about no host.
  - A value that cannot be known yet, such as one that needs facts, is not judged.
options:
  scope:
    description:
      - V(host) looks at the variables of the host that the task is for.
      - V(playbook) looks at those of all hosts that C(dms_ipv6_hosts) of the play names, and at the inventory. It is
        for a play whose hosts are V(localhost), or V(all) with C(--limit), and for O(ignore:run_once).
    type: str
    choices: [host, playbook]
    default: host
  modes:
    description: The modes that the playbook is for. By default any.
    type: list
    elements: str
    default: []
  changes:
    description: Whether hosts are brought into their mode. A container has to be named then, for V(nat) and V(routed).
    type: bool
    default: true
extends_documentation_fragment:
  - dms.ipv6._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Check the variables of each host before its role
  dms.ipv6.preflight:
"""

RETURN = r"""
msg:
  description: What is wrong, in one line.
  returned: failure
  type: str
  sample: "dms_ipv6_container is unknown. Did you mean dms_ipv6_containers? Nothing was read or changed."
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.preflight import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
