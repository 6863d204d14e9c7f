# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms a host so that it can undo a change by itself, and undoes it: by timer, at a boot, or when asked to."""

from __future__ import annotations

import datetime
import os
import sys
import time
import uuid

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_armed,
    _io_daemon,
    _io_files,
    _io_found,
    _io_lock,
    _io_program,
    _io_pyz,
    _io_record,
    _io_steps,
    _io_transaction,
    _transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import Restart
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

HEALTH_TIMEOUT = 120.0
# A unit on disk, so that a host that is started again while a transaction is armed undoes it as well.
SERVICE = """\
[Unit]
Description=Undo a change of Docker's IPv6 set-up that nobody confirmed
After=docker.service docker.socket network.target
ConditionPathExists={state}/transaction.json
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={python} {state}/{program}
Restart=on-failure
RestartSec=2
"""


def arm(within: float, run: str = "") -> str:
    """Arm a transaction: from now on the host undoes what modules note in it, unless it is confirmed in time.

    Args:
        within: the time limit in seconds, counted from the last step.
        run: the id that it is to have, empty for any.

    Returns:
        Its id.

    Raises:
        Refused: one is armed already, or there is no systemd.
    """
    _io_armed.stored()  # refuses if one is armed
    run = run or str(uuid.uuid4())
    _io_files.write(os.path.join(_io_files.STATE, _io_armed.PROGRAM), _io_pyz.build(), mode=0o700)
    service = SERVICE.format(state=_io_files.STATE, python=sys.executable, program=_io_armed.PROGRAM)
    _io_transaction.place_unit(service)
    _io_transaction.write(
        _transaction.Transaction(run, _io_transaction.boot_id(), time.monotonic() + within, within, _io_record.record())
    )
    try:
        _io_transaction.start_timer(within)
    except Refused:
        _io_armed.disarm()
        raise
    return run


def revert(reason: str) -> list[str]:
    """Carry out all steps back and end the transaction; what failed, in sentences. It stays armed if anything did."""
    transaction = _io_transaction.armed()
    if transaction is None:
        return []
    hands = _io_steps.Hands(_io_daemon.DaemonHands(Docker(), _io_found.UNIT, HEALTH_TIMEOUT))
    failed = [text for slot in reversed(transaction.slots) for text in _io_steps.take_back(slot, hands)]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = {**transaction.record, "reverted": {"date": now, "reason": reason, "failed": failed}}
    if any(isinstance(step, Restart) for step in transaction.steps_back()):
        entries["daemon"] = _io_found.read_by_daemon()
    _io_record.replace_record(entries)
    if not failed:
        _io_armed.disarm()
    return failed


def main() -> None:
    """The program: undo what is due, and say so in the journal.

    The timer counts from the arming, the time limit from the last step: what is left of that is waited for here.
    """
    while True:
        with _io_lock.lock(_io_lock.WAY_BACK):
            transaction = _io_transaction.armed()
            if transaction is None:
                return
            left = transaction.left(_io_transaction.boot_id(), time.monotonic())
            if left <= 0:
                failed = revert(f"not confirmed within {transaction.within:g} s")
                break
        time.sleep(left)
    if not failed:  # systemd may have loaded the unit at this boot, and would keep it without its file
        _io_program.systemctl("daemon-reload", needed=False)
    sys.stdout.write("\n".join(failed or ["the change was not confirmed and has been undone"]) + "\n")
    if failed:
        raise SystemExit(1)  # systemd starts it again
