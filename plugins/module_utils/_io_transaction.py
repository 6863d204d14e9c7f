# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armed transaction on disk, and the timer that ends it."""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_armed,
    _io_files,
    _io_program,
    _io_record,
    _transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils._transaction import Transaction

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Steps


def boot_id() -> str:
    """What is the same until this host is started again: the kernel's id of its boot, and when its init began."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        kernel = file.read().strip()
    with open("/proc/1/stat", encoding="ascii", errors="replace") as file:
        return f"{kernel} {file.read().rpartition(')')[2].split()[19]}"


def armed() -> Transaction | None:
    """The transaction that is armed on this host, None if there is none."""
    said = _io_armed.read()
    return None if said is None else _transaction.load(said)


def write(transaction: Transaction) -> None:
    """Write the armed transaction."""
    _io_files.write(_io_armed.path(), json.dumps(_transaction.dump(transaction)).encode(), mode=0o600)


class Journal:
    """Where a module notes the steps back: in the armed transaction of its run, or nowhere if none is armed.

    Args:
        run: id of the run's transaction, empty for none.
        keeps: whether the steps back are kept in the host's record where no transaction is armed, so that the next
            run can put back what this one leaves behind if it dies.

    Raises:
        Refused: a transaction of another run is armed, or that of this run is armed no more.
    """

    def __init__(self, run: str = "", keeps: bool = False) -> None:
        self.keeps = keeps
        said = _io_armed.stored(run)
        self.transaction: Transaction | None = _transaction.load(said).opened() if said else None

    def hold(self, back: Steps) -> None:
        """Note what brings the old state back from here on."""
        if self.transaction:
            self.transaction = self.transaction.holding(back)
            write(self.transaction)
        elif self.keeps:
            _io_record.keep(unfinished=_transaction.dump_steps(back) or None)

    def done(self) -> None:
        """Count the time limit anew: it begins with the last step."""
        if self.transaction:
            self.transaction = self.transaction.extended(boot_id(), time.monotonic())
            write(self.transaction)
        elif self.keeps:
            _io_record.keep(unfinished=None)


def place_unit(service: str) -> None:
    """Put the unit that undoes the transaction where systemd finds it, at a boot as well.

    The link is all that ``systemctl enable`` would make. Both are done without a reload of systemd, which costs 0.1 s
    of CPU time each: units that are not loaded yet are looked for on disk.
    """
    _io_files.write(f"{_io_armed.UNITS}/{_io_armed.UNIT}.service", service.encode())
    os.makedirs(os.path.dirname(_io_armed.link()), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.symlink(f"../{_io_armed.UNIT}.service", _io_armed.link())


def start_timer(seconds: float) -> None:
    """Start the timer; Refused if it cannot be started."""
    try:
        _start_timer(seconds)
    except Refused:
        # One of an earlier run, or a systemd that remembers which units there were.
        _io_armed.stop_timer()
        _io_program.systemctl("daemon-reload")
        _start_timer(seconds)


def _start_timer(seconds: float) -> None:
    command = [
        "systemd-run",
        "--quiet",
        f"--on-active={seconds:g}",
        "--timer-property=AccuracySec=500ms",
        f"--unit={_io_armed.UNIT}",
    ]
    done = _io_program.run(*command, timeout=_io_program.CHANGE)
    if done is None or done.returncode:
        said = done.stderr.decode(errors="replace").strip() if done else "systemd-run is missing"
        raise Refused(f"cannot start the timer that undoes the change: {said}")
