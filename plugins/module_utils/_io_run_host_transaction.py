# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module host_transaction does."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_armed, _io_confirm, _io_lock
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["armed", "confirmed", "reverted"], "required": True},
    "transaction": {"type": "str", "default": ""},
    "within": {"type": "int", "default": 120},
    "reach": {"type": "str", "default": ""},
}


def _reverting() -> t.Any:
    """All that steps take; whoever confirms needs none of it."""
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_revert

    return _io_revert


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Arm, confirm or revert; what the module returns."""
    state, run_id = params["state"], params["transaction"]
    if state == "confirmed" and not run_id:
        raise Refused("it is missing", "transaction", "Give the id that arming returned")
    if dry:
        return {"changed": state == "armed" or _io_armed.is_armed(run_id)}
    if state == "confirmed":
        _io_confirm.confirm(run_id, params["reach"])
        return {"changed": True}
    with _io_lock.lock():
        if state == "armed":
            if params["within"] < 1:
                raise Refused(f"{params['within']} is no time limit", "within", "Give seconds")
            return {"changed": True, "transaction": _reverting().arm(params["within"], run_id)}
        there = _io_armed.is_armed(run_id)
        failed = _reverting().revert("asked for") if there else []
    if failed:
        raise Refused(f"not everything could be put back: {' '.join(failed)}")
    return {"changed": there, "failed_steps": failed}
