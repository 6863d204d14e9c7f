# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is armed on this host, as JSON has it, and how that ends. Who only confirms needs nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

from ...core.refused import Refused
from ...system.io import files as system_files
from ...system.io import programs as system_programs
from .. import journal as change_journal
from . import record

UNIT = "dms-ipv6-revert"
UNITS = "/etc/systemd/system"
PROGRAM = "revert.pyz"


def path() -> str:
    """Where the transaction lies."""
    return os.path.join(system_files.STATE, "transaction.json")


def journal() -> str:
    """Where its steps back are noted."""
    return os.path.join(system_files.STATE, "transaction.journal")


def failed(name: str) -> str:
    """Where one of the two lies once the host has given up."""
    return name.replace("transaction.", "transaction.failed.")


def unfinished() -> str:
    """Where the steps back of a change without a transaction are noted while it is carried out."""
    return os.path.join(system_files.STATE, "unfinished.journal")


def boot_id() -> str:
    """What is the same until this host is started again: the kernel's id of its boot, and when its init began."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        kernel = file.read().strip()
    with open("/proc/1/stat", encoding="ascii", errors="replace") as file:
        return f"{kernel} {file.read().rpartition(')')[2].split()[19]}"


def read(where: str = "") -> dict[str, t.Any] | None:
    """The armed transaction, None if there is none.

    Raises:
        Refused: it is not to be understood.
    """
    where = where or path()
    raw = system_files.read(where)
    if raw is None:
        return None
    try:
        said = json.loads(raw)
        change_journal.refuse_newer(said, where)
        return {"slots": [], "record": {}, **said, "id": str(said["id"]), "within": float(said["within"])}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused(f"it is not to be understood ({error!r})", where, change_journal.REMEDY) from None


def story(said: dict[str, t.Any]) -> change_journal.Story:
    """A transaction with what its journal says.

    Raises:
        Refused: it is not to be understood.
    """
    try:
        slots = [change_journal.Slot(left=[*reversed(slot)]) for slot in said["slots"]]  # as an older version wrote it
        began = change_journal.Story(str(said["boot"]), float(said["deadline"]), slots)
    except (ValueError, LookupError, TypeError) as error:
        raise Refused(f"it is not to be understood ({error!r})", path(), change_journal.REMEDY) from None
    found = change_journal.read(system_files.read(journal()), began, said["id"], journal())
    if "format" in said and not found.end:
        raise Refused(f"the journal of {path()} is not there", journal(), change_journal.REMEDY)
    return found


def left_behind() -> change_journal.Story:
    """What a run without a transaction left behind that died."""
    return change_journal.read(system_files.read(unfinished()), change_journal.Story(), "", unfinished())


def unfinished_steps() -> dict[str, t.Any]:
    """The same as an entry of the record, as older versions kept it there."""
    steps = [step for slot in left_behind().slots for step in reversed(slot.left)]
    return {"unfinished": steps} if steps else {}


def is_armed(run: str = "") -> bool:
    """Whether the transaction of this run is armed; any one, if no id is given."""
    said = read()
    return said is not None and run in ("", said["id"])


def left(said: dict[str, t.Any]) -> float:
    """Seconds until a transaction is taken back."""
    return story(said).left(boot_id(), time.monotonic())


def stored(run: str = "") -> dict[str, t.Any] | None:
    """The armed transaction of this run, None if there is none and no id is given.

    Raises:
        Refused: the transaction of another run is armed, or that of this run is armed no more.
    """
    said = read()
    if said is None:
        if run:
            raise Refused("the change was not confirmed in time and has been undone", path(), "Run it again")
        return None
    if said["id"] != run:
        raise Refused(
            f"another run's change waits to be confirmed, and is undone in {round(left(said))} s otherwise",
            path(),
            "Wait, or end it with dms.ipv6.host_transaction. Nothing was changed",
        )
    if story(said).attempts:
        raise Refused("the change was not confirmed in time and is being undone", path(), "Wait, and run it again")
    return said


def link() -> str:
    """What makes systemd start the unit at a boot."""
    return f"{UNITS}/multi-user.target.wants/{UNIT}.service"


def disarm() -> None:
    """End the transaction: removing its file is what counts, the rest is tidying up.

    Raises:
        Refused: its file cannot be removed.
    """
    system_files.write(path(), None)
    _tidy_up(journal())


def give_up() -> None:
    """Move the transaction aside: nothing is armed any more, and it can be taken back on request.

    Raises:
        Refused: its file cannot be moved.
    """
    try:
        os.replace(path(), failed(path()))
        with contextlib.suppress(FileNotFoundError):
            os.replace(journal(), failed(journal()))
    except OSError as error:
        raise Refused(f"cannot be moved aside: {error.strerror}", path()) from None
    _tidy_up()


def given_up() -> dict[str, t.Any] | None:
    """The transaction that the host could not take back, None if there is none."""
    return read(failed(path()))


def again() -> None:
    """Have what was given up as it was before."""
    for name in (journal(), path()):
        with contextlib.suppress(FileNotFoundError):
            os.replace(failed(name), name)


def forget() -> None:
    """What an earlier run could not take back is of no interest once a later one has got what it wanted."""
    reverted = record.record().get("reverted") or {}
    with contextlib.suppress(Refused):  # else it is reported once more
        for name in (failed(path()), failed(journal())):
            if os.path.exists(name):
                system_files.write(name, None)
        if reverted.get("gave_up"):
            record.keep(reverted={**reverted, "gave_up": False})


def _tidy_up(*more: str) -> None:
    stop_timer()
    with contextlib.suppress(OSError):
        os.remove(link())
    for name in (f"{UNITS}/{UNIT}.service", os.path.join(system_files.STATE, PROGRAM), *more):
        with contextlib.suppress(Refused):
            system_files.write(name, None)


def stop_timer() -> None:
    """Stop the timer, if there is one."""
    system_programs.systemctl("stop", f"{UNIT}.timer", needed=False)
