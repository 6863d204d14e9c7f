#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_transaction
short_description: Let a host undo a change by itself unless it is confirmed
version_added: 0.1.0
description:
  - A change of a host's network can cut the controller off. Between V(armed) and V(confirmed), the modules of this
    collection note on the host how to take back what they do. If nobody confirms in time, the host takes it back by
    itself, after a restart of the host as well.
  - Confirm over a fresh connection (C(meta=reset_connection)); one that was kept open proves nothing.
  - A host has at most one armed transaction. Other runs are refused until it is over.
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
      - With O(state=reverted), only this one is undone, and that of another run is left alone. By default, whichever is
        armed.
    type: str
    default: ""
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

- name: Drop the connection, for it may outlive what it came over
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
  description: Steps back that failed; the transaction then stays armed.
  returned: with O(state=reverted)
  type: list
  elements: str
"""

import socket
import typing as t
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_revert, _io_transaction
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["armed", "confirmed", "reverted"], "required": True},
    "transaction": {"type": "str", "default": ""},
    "within": {"type": "int", "default": 120},
    "reach": {"type": "str", "default": ""},
}
REACH_TIMEOUT = 10.0


def reach(target: str) -> None:
    """Connect to a host over TCP, or raise Refused."""
    host, _colon, port = target.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_TIMEOUT).close()
    except (OSError, ValueError) as error:
        raise Refused(f"cannot be reached from this host ({error}), so the change is not confirmed", target) from None


def is_ours(run_id: str) -> bool:
    """Whether this transaction is armed; any one, if no id is given."""
    there = _io_transaction.armed()
    return there is not None and run_id in ("", there.id)


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Arm, confirm or revert; what the module returns."""
    state, run_id = params["state"], params["transaction"]
    if state == "confirmed" and not run_id:
        raise Refused("it is missing", "transaction", "Give the id that arming returned")
    if dry:
        return {"changed": state == "armed" or is_ours(run_id)}
    with _io_files.lock():
        if state == "armed":
            if params["within"] < 1:
                raise Refused(f"{params['within']} is no time limit", "within", "Give seconds")
            run_id = run_id or str(uuid.uuid4())
            _io_revert.arm(run_id, params["within"])
            return {"changed": True, "transaction": run_id}
        if state == "confirmed":
            _io_transaction.Journal(run_id)
            if params["reach"]:
                reach(params["reach"])
            _io_transaction.disarm()
            return {"changed": True}
        there = is_ours(run_id)
        failed = _io_revert.revert("asked for") if there else []
    if failed:
        raise Refused(f"not everything could be put back: {' '.join(failed)}")
    return {"changed": there, "failed_steps": failed}


def main() -> None:
    """Ansible's way in."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    result: dict[str, t.Any] = {}
    try:
        result = run(module.params, module.check_mode)
    except Refused as reason:
        module.fail_json(msg=str(reason))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
