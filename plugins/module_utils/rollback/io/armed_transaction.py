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

from ...change import journal, step_json
from ...change.file_steps import WriteFile
from ...change.io import armed as change_armed
from ...change.journal import Made
from ...core.refused import Refused
from ...system.io import files as system_files
from ...system.io import programs as system_programs
from .. import transaction as rollback_transaction
from ..transaction import Transaction

if t.TYPE_CHECKING:
    from ...change.plan import Plan, Step, Steps

# What is reserved beside the lines of a change: attempts at the way back, and a new time limit.
ROOM = 2048
HASH = 64  # digits of a hash
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def boot_id() -> str:
    """What is the same until this host is started again."""
    return change_armed.boot_id()


def armed() -> Transaction | None:
    """The transaction that is armed on this host, None if there is none."""
    said = change_armed.read()
    if said is None:
        return None
    story = change_armed.story(said)
    slots = tuple(
        rollback_transaction.load_steps([*reversed(slot.left)], change_armed.journal()) for slot in story.slots
    )
    return Transaction(said["id"], story.boot, story.deadline, said["within"], said["record"], slots)


def write(transaction: Transaction) -> None:
    """Write a transaction that is to be armed, with a journal of its own."""
    begin(change_armed.journal(), transaction.id)
    system_files.write(change_armed.path(), json.dumps(rollback_transaction.dump(transaction)).encode(), mode=0o600)


def begin(path: str, run: str) -> int:
    """Begin a journal again; where its first line ends."""
    line = journal.dumped(journal.head(run))
    system_files.write(path, line, mode=0o600)
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
    """Have the room that a journal will take, as zeros, which are not lines; Refused if there is not enough."""
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
            self._append(journal.dumped(journal.done(self.slot)))

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

    def __init__(self, run: str = "", keeps: bool = False, made_with: Made | None = None) -> None:
        said = change_armed.stored(run)
        super().__init__(change_armed.journal() if said else change_armed.unfinished() if keeps else "")
        self.within: float | None = said["within"] if said else None
        self.run, self.made = run, made_with or Made()

    def begin(self, plan: Plan) -> None:
        """Begin to note the steps back of a plan, with all the room that this takes."""
        if not self.path:
            return
        if self.within is None:
            self.end = begin(self.path, "")
        else:
            story = change_armed.story(change_armed.stored(self.run) or {})
            # An older version's transaction has no journal.
            self.slot, self.end = len(story.slots), story.end or begin(self.path, self.run)
        line, done = journal.dumped(journal.opened(self.made)), journal.dumped(journal.done(self.slot))
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
        """All steps are carried out: count the time limit again, because it begins with the last step."""
        if self.within is not None:
            line = journal.extended(boot_id(), time.monotonic() + self.within)
            self._append(journal.dumped(line))
        else:
            self.clear()

    def clear(self) -> None:
        """Nothing is to be taken back any more."""
        if self.path and self.within is None:
            system_files.write(self.path, None)


def _held(back: Steps, kept: bool, wrote: str) -> bytes:
    """A line for steps back."""
    return journal.dumped(journal.hold(step_json.dump_steps(tuple(reversed(back))), kept, wrote))


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
    system_files.write(f"{change_armed.UNITS}/{change_armed.UNIT}.service", service.encode())
    os.makedirs(os.path.dirname(change_armed.link()), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.symlink(f"../{change_armed.UNIT}.service", change_armed.link())


def start_timer(seconds: float) -> None:
    """Start the timer; Refused if it cannot be started."""
    # Where an earlier one could not take everything back, systemd knows the unit as failed.
    system_programs.systemctl("reset-failed", f"{change_armed.UNIT}.service", needed=False)
    try:
        _start_timer(seconds)
    except Refused:
        # One of an earlier run, or a systemd that remembers which units there were.
        change_armed.stop_timer()
        system_programs.systemctl("daemon-reload")
        _start_timer(seconds)


def _start_timer(seconds: float) -> None:
    command = [
        "systemd-run",
        "--quiet",
        f"--on-active={seconds:g}",
        "--timer-property=AccuracySec=500ms",
        f"--unit={change_armed.UNIT}",
    ]
    done = system_programs.run(*command, timeout=system_programs.CHANGE)
    if done is None or done.returncode:
        said = done.stderr.decode(errors="replace").strip() if done else "systemd-run is missing"
        raise Refused(f"cannot start the timer that undoes the change: {said}")
