# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms a host so that it can undo a change by itself, and undoes it: by timer, at a boot, or on request."""

from __future__ import annotations

import contextlib
import datetime
import os
import sys
import time
import typing as t
import uuid

from ...change import journal
from ...change.io import armed, lock
from ...change.io import record as change_record
from ...core.refused import Refused
from ...daemon.io import loaded
from ...system.io import files as system_files
from ...system.io import programs as system_programs
from .. import transaction
from . import archive, armed_transaction
from . import executor as rollback_executor

# An exit code after which systemd does not start the program again: what is left is not for it.
NOT_AGAIN = 3
# A unit on disk, so that a host that is started again while a transaction is armed undoes it as well. The program
# itself counts its attempts and waits between them; systemd starts it again, a few times, only if it was killed.
SERVICE = """\
[Unit]
Description=Undo a change of Docker's IPv6 set-up that was not confirmed
After=docker.service docker.socket network.target
ConditionPathExists={state}/transaction.json
StartLimitIntervalSec=600
StartLimitBurst=10

[Service]
Type=exec
ExecStart={python} -I {state}/{program}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=3
"""
# What versions before 0.2 kept on a host.
OLD_PROGRAM = "program.pyz"


class Outcome(t.NamedTuple):
    """What became of the way back.

    Attributes:
        failed: what could not be put back, in sentences.
        notes: what else went wrong, and keeps nothing from being as it was.
        pause: seconds until the next attempt.
        gave_up: whether there is none.
    """

    failed: list[str]
    notes: list[str]
    pause: float = 0.0
    gave_up: bool = False

    def text(self) -> str:
        """What is left, and what becomes of it."""
        return f"{' '.join(self.failed)} {GAVE_UP if self.gave_up else 'The host tries it again'}"


GAVE_UP = "The host does not try it again: once the cause is gone, run dms.ipv6.host_transaction with state=reverted"


def refuse_unable() -> None:
    """Raise Refused where a host could not take a change back by itself: before anything is changed, and in check mode.

    It takes systemd, and a Python that only root can change.
    """
    for program in ("systemctl", "systemd-run"):
        if not system_programs.where(program):
            raise Refused(f"there is no {program} on this host", remedy="Only hosts with systemd are supported")
    archive.interpreter()


def arm(within: float, run: str = "") -> str:
    """Arm a transaction: from now on the host undoes what modules note in it, unless it is confirmed in time.

    Args:
        within: the time limit in seconds, counted from the last step.
        run: the id that it is to have, empty for any.

    Returns:
        Its id.

    Raises:
        Refused: one is armed already, or there is no systemd, no room, or no Python that is root's.
    """
    armed.stored()  # refuses if one is armed
    run = run or str(uuid.uuid4())
    service = SERVICE.format(state=system_files.STATE, python=archive.interpreter(), program=armed.PROGRAM)
    record = {name: entry for name, entry in change_record.record().items() if name != "unfinished"}
    deadline = time.monotonic() + within
    try:
        system_files.write(os.path.join(system_files.STATE, armed.PROGRAM), archive.build(), mode=0o700)
        armed_transaction.place_unit(service)
        armed_transaction.write(transaction.Transaction(run, armed_transaction.boot_id(), deadline, within, record))
        armed_transaction.start_timer(within)
    except BaseException:
        with contextlib.suppress(Refused):
            armed.disarm()
        raise
    return run


def settle(run: str, dry: bool) -> list[str]:
    """What has to be done before any change: take back one whose time is over, and remove what older versions kept.

    Args:
        run: id of this run's transaction, empty for none.
        dry: change nothing.

    Returns:
        Warnings.

    Raises:
        Refused: another run's change has time left, cannot be taken back, or that of this run is armed no more.
    """
    if not dry and os.path.lexists(_old_program()):
        with contextlib.suppress(Refused):
            system_files.write(_old_program(), None)
    said = armed.read()
    if said is None or said["id"] == run or armed.left(said) > 0:
        armed.stored(run)
        return []
    if dry:
        return ["an earlier run's change was not confirmed in time; a run takes it back first, and then plans again"]
    outcome = revert(f"not confirmed within {said['within']:g} s")
    if outcome.failed:
        raise Refused(f"an earlier run's change was not confirmed and cannot be taken back: {outcome.text()}")
    armed.stored(run)
    return ["an earlier run's change was not confirmed in time; it was taken back first", *outcome.notes]


def _old_program() -> str:
    return os.path.join(system_files.STATE, OLD_PROGRAM)


def unsettled() -> bool:
    """Whether settle() may have anything to do."""
    return any(map(os.path.lexists, (armed.path(), _old_program())))


def revert(reason: str, tried: int = 0) -> Outcome:
    """Carry out all steps back that are not done yet, and end the transaction, or its last attempt.

    Args:
        reason: why, for the record.
        tried: how often this process has tried it already.

    Raises:
        Refused: the transaction, or a step in it, is not to be understood; nothing was done.
    """
    said = armed.read()
    if said is None:
        return Outcome([], [])
    path, story = armed.journal(), armed.story(said)
    stacks = [transaction.load_steps(slot.left, path) for slot in story.slots]
    # Counted before it is begun, so that one that kills us ends as well.
    line = journal.attempt(armed_transaction.boot_id(), time.monotonic())
    story.attempts = max(story.attempts, tried)
    story.tell(line)
    end = story.end
    with contextlib.suppress(Refused):
        end = end or armed_transaction.begin(path, said["id"])  # an older version's has none
        end = armed_transaction.append(path, end, journal.dumped(line))
    failed: list[str] = []
    notes: list[str] = []
    for number, slot in reversed([*enumerate(story.slots)]):
        back = armed_transaction.Back(path, end, number, stacks[number])
        executor = rollback_executor.made_with(slot.made)
        executor.files.ours = slot.wrote
        failed += rollback_executor.take_back(back, executor)
        notes += [*executor.files.notes, *executor.daemon.notes, *executor.networks.notes]
        end = back.end
        done = slot.left[len(back.stack) :]
        story.restarted = story.restarted or any(step["kind"] == "Restart" for step in done)
        del slot.left[len(back.stack) :]
    return _ended(said, story, reason, failed, notes)


def _ended(said: dict[str, t.Any], story: journal.Story, reason: str, failed: list[str], notes: list[str]) -> Outcome:
    """Write down what became of the way back, and disarm. What cannot be written must not keep the host armed."""
    gives_up = bool(failed) and story.attempts >= journal.ATTEMPTS
    outcome: dict[str, t.Any] = {"reason": reason, "failed": failed, **({"notes": notes} if notes else {})}
    notes = [*notes, *_noted(said, story, {**outcome, **({"gave_up": True} if gives_up else {})})]
    try:
        if gives_up:
            armed.give_up()
        elif not failed:
            armed.disarm()
    except Refused as problem:
        failed = [*failed, str(problem)]
        gives_up = story.attempts >= journal.ATTEMPTS
    pause = story.pause(armed_transaction.boot_id(), time.monotonic())
    return Outcome(failed, notes, pause, gives_up)


def _noted(said: dict[str, t.Any], story: journal.Story, reverted: dict[str, t.Any]) -> list[str]:
    """Bring the record back; why it could not be, in a sentence."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        left = [str(step) for slot in reversed(story.slots) for step in transaction.load_steps([*reversed(slot.left)])]
        entry = {"date": now, "transaction": said["id"], **reverted, **({"left": left} if left else {})}
        entries = {**said["record"], "reverted": entry}
        if story.restarted:
            made_with = next((slot.made for slot in reversed(story.slots)), journal.Made())
            entries["daemon"] = loaded.read_by_daemon(made_with.socket, made_with.config)
        change_record.replace_record(entries)
    except Refused as reason:
        return [f"It could not be written down: {reason.where}: {reason.problem}."]
    except Exception as error:
        return [f"It could not be written down: {rollback_executor.said(error)}"]
    return []


def again(run: str) -> bool:
    """Arm again what the host gave up; whether there is such a change of this run, or of any if no id is given."""
    said = None if armed.is_armed() else armed.given_up()
    if said is None or run not in ("", said["id"]):
        return False
    armed.again()
    return True


def start_now() -> None:
    """Have the host go on with the way back by itself."""
    system_programs.systemctl("start", "--no-block", f"{armed.UNIT}.service", needed=False)


def after_failure(run: str) -> None:
    """End a transaction whose only module has failed: it is over if all is back, otherwise the host goes on."""
    with contextlib.suppress(Refused):  # why it failed is what counts
        if any(slot.left for slot in armed.story(armed.stored(run) or {}).slots):
            start_now()
        else:
            armed.disarm()


def main() -> None:
    """The program: undo what is due, and say so in the journal.

    The timer counts from the arming, the time limit from the last step: what is left of that is waited for here.
    """
    tried, wait = 0, 0.0
    while True:
        if wait:
            time.sleep(wait)
        try:
            with lock.lock(lock.WAY_BACK):
                said = armed.read()
                if said is None:
                    return
                story, now = armed.story(said), (armed_transaction.boot_id(), time.monotonic())
                wait = story.left(*now) or story.pause(*now)
                if wait:
                    continue
                outcome = revert(f"not confirmed within {said['within']:g} s", tried)
        except Refused as reason:
            sys.stdout.write(f"{reason}\n")
            raise SystemExit(NOT_AGAIN) from None
        tried, wait = max(tried, story.attempts) + 1, outcome.pause
        sys.stdout.write("".join(f"{text}\n" for text in (*outcome.failed, *outcome.notes)))
        sys.stdout.flush()
        if outcome.gave_up or not outcome.failed:
            break
    # systemd may have loaded the unit at this boot, and would keep it without its file.
    system_programs.systemctl("daemon-reload", needed=False)
    sys.stdout.write(f"{GAVE_UP}\n" if outcome.failed else "the change was not confirmed and has been undone\n")
    if outcome.failed:
        raise SystemExit(NOT_AGAIN)
