# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module host_transaction does."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_transaction
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
        return {"changed": state == "armed" or _io_transaction.is_armed(run_id)}
    with _io_files.lock():
        if state == "armed":
            if params["within"] < 1:
                raise Refused(f"{params['within']} is no time limit", "within", "Give seconds")
            return {"changed": True, "transaction": _reverting().arm(params["within"], run_id)}
        if state == "confirmed":
            _io_transaction.stored(run_id)  # refuses if it is not ours
            if params["reach"]:
                reach(params["reach"])
            _io_transaction.disarm()
            return {"changed": True}
        there = _io_transaction.is_armed(run_id)
        failed = _reverting().revert("asked for") if there else []
    if failed:
        raise Refused(f"not everything could be put back: {' '.join(failed)}")
    return {"changed": there, "failed_steps": failed}
