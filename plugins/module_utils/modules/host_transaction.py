# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module host_transaction does."""

from __future__ import annotations

import typing as t

from ..change.io import armed, confirm, lock
from ..core.refused import Refused

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["armed", "confirmed", "reverted"], "required": True},
    "transaction": {"type": "str"},
    "within": {"type": "int", "default": 120},
    "reach": {"type": "str", "default": ""},
    "any": {"type": "bool"},
}
RULES: dict[str, t.Any] = {
    "required_if": [("state", "confirmed", ("transaction",)), ("state", "reverted", ("transaction", "any"), True)],
    "mutually_exclusive": [("transaction", "any")],
}


def _reverting() -> t.Any:
    """All that steps take, which is not needed to confirm."""
    from ..rollback.io import revert

    return revert


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Arm, confirm or revert; what the module returns."""
    state, run_id = params["state"], params["transaction"] or ""
    if state != "armed" and not run_id and not params["any"]:  # an empty id is a slip in a template
        remedy = "Give the id that arming returned; or any: true with state: reverted"
        raise Refused("it is empty", "transaction", remedy)
    if dry:
        return {"changed": state == "armed" or armed.is_armed(run_id) or _is_given_up(state, run_id)}
    if state == "confirmed":
        confirm.confirm(run_id, params["reach"])
        return {"changed": True}
    with lock.lock():
        return _armed(run_id, params["within"]) if state == "armed" else _reverted(run_id)


def _is_given_up(state: str, run_id: str) -> bool:
    said = armed.given_up() if state == "reverted" else None
    return said is not None and run_id in ("", said["id"])


def _armed(run_id: str, within: int) -> dict[str, t.Any]:
    if within < 1:
        raise Refused(f"{within} is not a time limit", "within", "Give seconds")
    warnings = _reverting().settle("", False)
    return {"changed": True, "transaction": _reverting().arm(within, run_id), "warnings": warnings}


def _reverted(run_id: str) -> dict[str, t.Any]:
    if not (armed.is_armed(run_id) or _reverting().again(run_id)):
        return {"changed": False, "failed_steps": []}
    outcome = _reverting().revert("requested")
    if not outcome.failed:
        return {"changed": True, "failed_steps": [], "warnings": outcome.notes}
    if not outcome.gave_up:
        _reverting().start_now()
    raise Refused(f"not everything could be put back: {outcome.text()}")
