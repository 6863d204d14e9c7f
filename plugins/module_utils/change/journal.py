# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a change: what it was made with, its steps back, and how far the way back has come.

Lines are only ever added. Steps are as JSON has them here: what only confirms or reads knows no kind of step.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from ..core.refused import Refused

# Of the transaction and its journal. Files without it are older, and are understood.
FORMAT = 1
# How long the host waits after each attempt at the way back before the next one, in seconds; then it gives up.
PAUSES = (30.0, 120.0, 480.0)
ATTEMPTS = len(PAUSES) + 1
REMEDY = "Look at what it says of this host, move it away, and run dms.ipv6.audit"
Json = dict[str, t.Any]


class Made(t.NamedTuple):
    """What a change is made with, and is taken back with."""

    socket: str = "/var/run/docker.sock"
    unit: str = "docker.service"
    config: str = "/etc/docker/daemon.json"
    health_timeout: float = 120.0


@dataclass
class Slot:
    """A module's part.

    Attributes:
        made: what it is carried out with.
        left: its steps back that are not done; the last one is the next.
        wrote: hashes of what it wrote into the daemon's file: anything else in there is another's edit.
    """

    made: Made = field(default_factory=Made)
    left: list[t.Any] = field(default_factory=list)
    wrote: set[str] = field(default_factory=set)


@dataclass
class Story:
    """What a transaction and its journal say together.

    Attributes:
        boot: boot_id of the kernel that counts the times.
        deadline: when it is taken back, in seconds of that kernel's monotonic clock.
        slots: one for each module; the last one is taken back first.
        attempts: how often the way back was begun, and ``next`` when it may be begun again.
        restarted: whether the way back has restarted the daemon.
        end: of the last good line, in bytes.
    """

    boot: str = ""
    deadline: float = 0.0
    slots: list[Slot] = field(default_factory=list)
    attempts: int = 0
    next: float = 0.0
    restarted: bool = False
    end: int = 0

    def left(self, boot: str, now: float) -> float:
        """Seconds until it may be confirmed no more, and is to be taken back: none after another boot."""
        return 0.0 if self.attempts or boot != self.boot else max(0.0, self.deadline - now)

    def pause(self, boot: str, now: float) -> float:
        """Seconds until the next attempt."""
        return max(0.0, self.next - now) if self.attempts and boot == self.boot else 0.0

    def tell(self, line: Json) -> None:
        """Go on by a line.

        Raises:
            LookupError, TypeError, ValueError: it is not a line of a journal.
        """
        if "boot" in line:
            self.boot = str(line["boot"])
        if "deadline" in line:
            self.deadline = float(line["deadline"])
        if "made" in line:
            self.slots.append(Slot(Made(**line["made"])))
        if "back" in line:
            slot = self.slots[-1]
            if not line["kept"]:
                slot.left.clear()
            slot.left.extend(line["back"])
            slot.wrote |= {line["wrote"]} if "wrote" in line else set()
        if "done" in line:
            step = self.slots[line["done"]].left.pop()
            self.restarted = self.restarted or step["kind"] == "Restart"
        if "attempt" in line:
            self.attempts += 1
            self.next = float(line["attempt"]) + PAUSES[min(self.attempts, len(PAUSES)) - 1]


def head(run: str) -> Json:
    """The first line; ``run`` is the id of its transaction."""
    return {"format": FORMAT, "id": run}


def opened(made: Made) -> Json:
    """A module begins."""
    return {"made": made._asdict()}


def hold(stack: list[t.Any], kept: bool, wrote: str = "") -> Json:
    """Steps back, the next one last, are added to those that are held, or take their place.

    ``wrote`` is the hash of what the step writes into the daemon's file, empty for none.
    """
    return {"back": stack, "kept": kept, **({"wrote": wrote} if wrote else {})}


def done(slot: int) -> Json:
    """The next step back of a slot is done."""
    return {"done": slot}


def attempt(boot: str, now: float) -> Json:
    """The way back is begun."""
    return {"boot": boot, "attempt": now}


def extended(boot: str, deadline: float) -> Json:
    """The line with which the time limit begins again."""
    return {"boot": boot, "deadline": deadline}


def dumped(line: Json) -> bytes:
    """A line as it is written."""
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def read(raw: bytes | None, story: Story, run: str, where: str) -> Story:
    """Go on by all lines of a journal. A last line that is torn was never written, because its step was never begun.

    Raises:
        Refused: it is not to be understood.
    """
    if raw is None:
        return story
    lines = raw.rstrip(b"\0").split(b"\n")[:-1]  # what has no end was never written
    for number, text in enumerate(lines or [b""]):
        try:
            line = json.loads(text)
            if number == 0:
                refuse_newer(line, where)
                if line["id"] != run:
                    return story  # an earlier transaction's
            story.tell(line)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            if number == 0 or number < len(lines) - 1:  # the first line comes with the file
                raise Refused(f"line {number + 1} is not to be understood ({error!r})", where, REMEDY) from None
            break
        story.end += len(text) + 1
    return story


def refuse_newer(said: t.Any, where: str) -> None:
    """Raise Refused if a newer version of this collection wrote it."""
    if said.get("format", FORMAT) != FORMAT:
        remedy = "Use the version of dms.ipv6 that wrote it, or a later one"
        raise Refused(f"it has format {said['format']}, and this version knows {FORMAT}", where, remedy)
