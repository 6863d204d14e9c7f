# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart of the daemon has done to containers, and what they did by themselves.

Containers are compared with how they were right before this restart. What did not run then, or restarted by itself, is
not judged. A restart that keeps containers alive does so for all or for none: dockerd ends them if live-restore is off.
So if one lived through it, the others have ended by themselves, whatever their exit codes say: a container chooses its
own. Such a one is named, and fails nothing.
"""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass

from ..state import container_status
from .steps import Restart, StopContainers

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..change.plan import Steps

# A container that its restart policy started again less than this ago may well end again, in seconds.
RECENTLY = 300.0


@dataclass(frozen=True)
class State:
    """What the engine says of a container.

    Attributes:
        status: its word, see container_status; ``gone`` if there is no such container.
        started_at: when it was started last; empty if it is unknown.
        exit_code: how it ended.
        restarts: how often its restart policy has started it.
        error: why the engine could not start it.
    """

    status: str
    started_at: str
    exit_code: int
    restarts: int = 0
    error: str = ""

    @property
    def up(self) -> bool:
        """Whether it has processes."""
        return self.status in container_status.UP

    @property
    def stopped(self) -> bool:
        """Whether it does not run, and is there to be started."""
        return self.status in container_status.STOPPED

    def restarts_itself(self, now: float) -> bool:
        """Whether its restart policy starts it again and again; ``now`` in seconds since 1970."""
        if self.status == container_status.RESTARTING:
            return True
        return self.restarts > 0 and self.up and now - _seconds(self.started_at) < RECENTLY

    def steady(self, now: float) -> bool:
        """Whether a restart can be judged by it."""
        return self.up and not self.restarts_itself(now)


GONE = State("gone", "", 0)
# Of a daemon that does not answer before it is restarted, only the plan tells what ran.
UNASKED = State("running", "", 0)


class Judged(t.NamedTuple):
    """What is wrong, which may be better a moment later, and what is only noted; clauses without a full stop."""

    faults: list[str]
    notes: list[str]


def of_inspect(inspected: Mapping[str, t.Any]) -> State:
    """A container of GET /containers/NAME/json."""
    state = inspected["State"]
    return State(
        state["Status"],
        state["StartedAt"],
        state["ExitCode"],
        int(inspected.get("RestartCount") or 0),
        state.get("Error") or "",
    )


def _seconds(moment: str) -> float:
    """Seconds since 1970 of a time of the engine's, 0 if it cannot be read."""
    try:
        read = datetime.datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S")
        return read.replace(tzinfo=datetime.timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def judge(step: Restart, before: Mapping[str, State], now: Mapping[str, State], listening: Collection[int]) -> Judged:
    """Compare containers after a restart with how they were right before it.

    Args:
        step: the restart, with the containers that are its business.
        before: id -> how those were that ran steadily; others are not judged.
        now: id -> how they are.
        listening: TCP ports on which the host listens.
    """
    kept = [
        container
        for container in step.containers
        if container.id in before and _kept(step, before[container.id], now[container.id])
    ]
    ended = [container for container in step.containers if container.id in before and container not in kept]
    unstarted = [container for container in ended if now[container.id].error and not now[container.id].up]
    found = {container.id: f"container {container.name} {_words(now[container.id])}" for container in ended}
    if kept or _one_has_left([now[container.id] for container in ended]):
        faults = [found[container.id] for container in unstarted]
    else:
        faults = list(found.values())
    notes = [text for text in found.values() if text not in faults]
    for candidate in kept:
        silent = [str(port) for port in candidate.ports if port not in listening]
        if silent:
            faults.append(f"nothing listens on port {', '.join(silent)} of container {candidate.name}")
    if not step.back:
        return Judged(faults, notes)
    down = [container for container in step.containers if container.id not in before and not now[container.id].up]
    return Judged(
        [], [*faults, *notes, *(f"container {container.name} {_words(now[container.id])}" for container in down)]
    )


def _kept(step: Restart, before: State, now: State) -> bool:
    """Whether it runs as it has to: on, or again."""
    same = now.started_at == before.started_at or not before.started_at
    return now.up and (same or not step.containers_live_on)


def _one_has_left(ended: list[State]) -> bool:
    """Whether all that happened is that a single container ended well, or was removed."""
    return [status == GONE or (status.stopped and not status.exit_code and not status.error) for status in ended] == [
        True
    ]


def _words(state: State) -> str:
    if state == GONE:
        return "is gone"
    if state.up:
        return "was restarted"
    if state.error:
        return f"could not be started: {state.error}"
    if state.status == container_status.RESTARTING:
        return f"restarts by itself (exit code {state.exit_code})"
    return f"does not run (exit code {state.exit_code})"


def not_started(states: Iterable[tuple[str, State]]) -> list[str]:
    """Clauses on containers, by name and state, that were to be started."""
    return [f"container {name} {_words(state)}" for name, state in states if not state.up]


def left_out(states: Iterable[tuple[str, State]], now: float) -> list[str]:
    """What the operator should know before a restart: which containers are not judged after it.

    Args:
        states: name and state of what runs.
        now: seconds since 1970.
    """
    names = [name for name, state in states if state.restarts_itself(now)]
    if not names:
        return []
    word, be = ("containers", "are") if len(names) > 1 else ("container", "is")
    restart = "restart by themselves" if len(names) > 1 else "restarts by itself"
    return [f"{word} {', '.join(names)} {restart}, and {be} not judged after the restart"]


def to_start(steps: Steps, earlier: list[str] | None) -> list[str] | None:
    """Ids of the containers that steps stop, and that must be started even if the run dies; None for none."""
    stopped = {
        container.id
        for step in steps
        if isinstance(step, StopContainers) or (isinstance(step, Restart) and not step.containers_live_on)
        for container in step.containers
    }
    return sorted({*stopped, *(earlier or ())}) or None
