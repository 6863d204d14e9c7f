#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: show
short_description: Print what was read, is planned or was done on Docker hosts
version_added: 0.1.0
description:
  - Prints plain text, not JSON. It runs on the controller, and asks no host.
  - The role and the playbooks of this collection use it. It is of little use elsewhere, because it prints what they
    have read.
  - With a stdout callback that prints data (C(ansible.posix.json), C(ansible.posix.jsonl)) nothing is printed. The
    text is in the result.
options:
  what:
    description:
      - V(plan), the plans of all hosts of the play in words, and the hosts with nothing to change. Hosts with the same
        plan are one block. The steps are listed with C(-v).
      - V(own_plan), the plan of this host alone.
      - V(batch), which hosts are changed next, and how many are waiting.
      - V(audit), what clients get at each port of this host, what is wrong, and what to write into the inventory. The
        task fails where C(dms_ipv6_fail_on) says so.
      - V(dns), what DNS says of this host's names.
      - V(ready), what keeps probe hosts from probing this host. The task fails where C(dms_ipv6_require_proof) is set
        and none can.
      - V(relay), what a mail server answered to probe hosts that asked it to relay. The task fails for an open relay.
      - V(proof), what clients on other hosts saw.
      - V(outcome), what is true of this host at the end.
    type: str
    required: true
    choices: [plan, own_plan, batch, audit, dns, ready, relay, proof, outcome]
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
- name: Show the plan
  dms.ipv6.show:
    what: plan
  run_once: true
"""

RETURN = r"""
msg:
  description: The lines.
  returned: always
  type: list
  elements: str
  sample: ["docker01: nothing to change (mode nat). Last proof: passed, 2026-11-30 06:01:00 UTC."]
proofs:
  description: With V(what=proof), what is known of each network.
  returned: success
  type: dict
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.show import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
