#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_transaction
short_description: Let a host undo a change by itself unless it is confirmed
version_added: 0.1.0
description:
  - A change of a host's network can cut the controller off. Between V(armed) and V(confirmed), the modules of this
    collection note on the host how to take back what they do. If it is not confirmed in time, the host takes it back by
    itself, after a restart of the host as well.
  - Confirm over a fresh connection (C(meta=reset_connection)); one that was kept open proves nothing.
  - A host has at most one armed transaction. Other runs are refused until it is over. One whose time is over, and that
    the host has not taken back for whatever reason, is taken back by the next run.
  - The host tries the way back four times at most, with 30 seconds, 2 minutes and 8 minutes between, and does not
    repeat what is done. Then it gives up, and RV(dms.ipv6.docker_ipv6_info#module:findings) has C(way_back_failed);
    with V(reverted), it goes on where it stopped.
options:
  state:
    description:
      - V(armed) starts a transaction, V(confirmed) ends it and keeps the changes, V(reverted) undoes them at once.
    type: str
    choices: [armed, confirmed, reverted]
    required: true
  transaction:
    description:
      - Id of the transaction. With O(state=armed), one is made up if it is not given.
      - With O(state=reverted), only this one is undone, and that of another run is left alone. It is needed then,
        unless O(any) is given.
      - Required with O(state=confirmed).
    type: str
  within:
    description: With O(state=armed), the time limit in seconds, counted from the last change.
    type: int
    default: 120
  reach:
    description:
      - With O(state=confirmed), a C(HOST:PORT) or C([ADDRESS]:PORT) to which the host must be able to connect over
        TCP. For runs with a local connection (C(ansible-pull)), where reaching the host proves nothing.
    type: str
    default: ""
  any:
    description: With O(state=reverted), undo whichever change is armed, even another run's.
    type: bool
extends_documentation_fragment:
  - dms.ipv6._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - Needs root and systemd.
  - The program for the way back, C(/var/lib/dms-ipv6/revert.pyz), is run by the module's own Python if that and all
    folders on its path are root's, otherwise by C(/usr/bin/python3).
seealso:
  - module: dms.ipv6.docker_daemon_config
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: From here on, the host undoes what is not confirmed
  dms.ipv6.host_transaction:
    state: armed
    within: 60
  register: armed

- name: A change that might cut us off
  dms.ipv6.docker_ipv6_network:
    name: dms-ipv6
    transaction: "{{ armed.transaction }}"

- name: Drop the connection, because it may outlive what it came over
  ansible.builtin.meta: reset_connection

- name: Still there
  dms.ipv6.host_transaction:
    state: confirmed
    transaction: "{{ armed.transaction }}"
"""

RETURN = r"""
transaction:
  description: Id of the transaction, for the modules that join it and for confirming it.
  returned: with O(state=armed), not in check mode
  type: str
failed_steps:
  description: Always empty, because the task fails where a step back does.
  returned: with O(state=reverted)
  type: list
  elements: str
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.host_transaction import RULES, SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run, **RULES)


if __name__ == "__main__":
    main()
