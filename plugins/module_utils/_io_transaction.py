# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armed transaction on disk, the journal of a change, and the timer that ends it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_armed,
    _io_files,
    _io_program,
    _journal,
    _step_json,
    _transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._journal import Made
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils._transaction import Transaction

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step, Steps

# What is reserved beside the lines of a change: attempts at the way back, and a new time limit.
ROOM = 2048
HASH = 64  # digits of a hash
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def boot_id() -> str:
    """What is the same until this host is started again."""
    return _io_armed.boot_id()


def armed() -> Transaction | None:
    """The transaction that is armed on this host, None if there is none."""
    said = _io_armed.read()
    if said is None:
        return None
    story = _io_armed.story(said)
    slots = tuple(_transaction.load_steps([*reversed(slot.left)], _io_armed.journal()) for slot in story.slots)
    return Transaction(said["id"], story.boot, story.deadline, said["within"], said["record"], slots)


def write(transaction: Transaction) -> None:
    """Write a transaction that is to be armed, with a journal of its own."""
    begin(_io_armed.journal(), transaction.id)
    _io_files.write(_io_armed.path(), json.dumps(_transaction.dump(transaction)).encode(), mode=0o600)


def begin(path: str, run: str) -> int:
    """Begin a journal anew; where its first line ends."""
    line = _journal.dumped(_journal.head(run))
    _io_files.write(path, line, mode=0o600)
    return len(line)


def append(path: str, end: int, lines: bytes) -> int:
    """Add lines to a journal, on disk when this returns; where they end.

    Raises:
        Refused: no space, read-only; what is there counts as before.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            place = end
            while place < end + len(lines):
                place += os.pwrite(handle, lines[place - end :], place)
            os.fdatasync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise Refused(f"cannot be written: {error.strerror}", path) from None
    return place


def reserve(path: str, end: int, size: int) -> None:
    """Have the room that a journal will take, as zeros, which are no lines; Refused if there is not enough."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.posix_fallocate(handle, end, size)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise Refused(f"there is no room for {size} bytes: {error.strerror}", path) from None


class Back:
    """Steps back of a slot in a journal, and how far the way back has come.

    Attributes:
        path: of the journal, empty for none.
        end: where its last line ends.
        stack: the steps back that are not done; the last one is the next.
    """

    def __init__(self, path: str, end: int = 0, slot: int = 0, stack: Steps = ()) -> None:
        self.path, self.end, self.slot = path, end, slot
        self.stack: list[Step] = [*stack]

    def mark(self) -> None:
        """The next step back is done. Noting that must not fail: what is done twice is done right."""
        self.stack.pop()
        with contextlib.suppress(Refused):
            self._append(_journal.dumped(_journal.done(self.slot)))

    def _append(self, line: bytes) -> None:
        if self.path:
            self.end = append(self.path, self.end, line)


class Journal(Back):
    """Where a module notes the steps back: in the armed transaction of its run, or nowhere if none is armed.

    Args:
        run: id of the run's transaction, empty for none.
        keeps: whether the steps back are kept where no transaction is armed, so that the next run can put back what
            this one leaves behind if it dies.
        made: what the steps are carried out with.

    Raises:
        Refused: a transaction of another run is armed, or that of this run is armed no more.
    """

    def __init__(self, run: str = "", keeps: bool = False, made: Made | None = None) -> None:
        said = _io_armed.stored(run)
        super().__init__(_io_armed.journal() if said else _io_armed.unfinished() if keeps else "")
        self.within: float | None = said["within"] if said else None
        self.run, self.made = run, made or Made()

    def begin(self, plan: Plan) -> None:
        """Begin to note the steps back of a plan, with all the room that this takes."""
        if not self.path:
            return
        if self.within is None:
            self.end = begin(self.path, "")
        else:
            story = _io_armed.story(_io_armed.stored(self.run) or {})
            # An older version's transaction has no journal.
            self.slot, self.end = len(story.slots), story.end or begin(self.path, self.run)
        line, done = _journal.dumped(_journal.opened(self.made)), _journal.dumped(_journal.done(self.slot))
        size = len(line) + sum(len(_held(*way, "0" * HASH)) + len(way[0]) * len(done) for way in plan.ways_back())
        reserve(self.path, self.end, size + ROOM)
        self._append(line)

    def hold(self, back: Steps, kept: bool = False, step: Step | None = None) -> None:
        """Note steps back, before those that are held already if these are kept; ``step`` is about to be done."""
        if back or not kept:
            self._append(_held(back, kept, _writes(step)))
        if not kept:
            self.stack.clear()
        self.stack.extend(reversed(back))

    def done(self) -> None:
        """All steps are carried out: count the time limit anew, as it begins with the last step."""
        if self.within is not None:
            line = _journal.extended(boot_id(), time.monotonic() + self.within)
            self._append(_journal.dumped(line))
        else:
            self.clear()

    def clear(self) -> None:
        """Nothing is to be taken back any more."""
        if self.path and self.within is None:
            _io_files.write(self.path, None)


def _held(back: Steps, kept: bool, wrote: str) -> bytes:
    """A line for steps back."""
    return _journal.dumped(_journal.hold(_step_json.dump_steps(tuple(reversed(back))), kept, wrote))


def _writes(step: Step | None) -> str:
    """The hash of what a step writes into the daemon's file, empty for any other step."""
    if isinstance(step, WriteFile) and not step.invertible and step.content is not None:
        return hashlib.sha256(step.content).hexdigest()
    return ""


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
    # Where an earlier one could not take everything back, systemd knows the unit as failed.
    _io_program.systemctl("reset-failed", f"{_io_armed.UNIT}.service", needed=False)
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
