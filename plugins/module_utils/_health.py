# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether everything is as it was before a restart of the daemon: what counts, and what does not."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import Restart, StopContainers

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Steps


@dataclass(frozen=True)
class State:
    """What the engine says of a container: its status word, when it was started, how it ended."""

    status: str
    started_at: str
    exit_code: int

    @property
    def stopped(self) -> bool:
        """Whether it does not run, and is there to be started."""
        return self.status in ("exited", "created")


GONE = State("gone", "", 0)


@dataclass(frozen=True)
class Before:
    """What a container was before: when it was started, and whether it removes itself when it ends (--rm)."""

    started_at: str
    removes_itself: bool


def problems(
    step: Restart, before: Mapping[str, Before], now: Mapping[str, State], listening: Collection[int]
) -> list[str]:
    """What is wrong after a restart, as clauses without a full stop.

    Args:
        step: the restart, with the containers that must run.
        before: id -> what ran; a container that nobody could ask about is missing.
        now: id -> state.
        listening: TCP ports on which the host listens.
    """
    wrong = []
    for one in step.containers:
        fault = _fault(before.get(one.id), now[one.id], step.containers_live_on)
        if fault:
            wrong.append(f"container {one.name} {fault}")
        elif now[one.id].status == "running":
            silent = [str(port) for port in one.ports if port not in listening]
            if silent:
                wrong.append(f"nothing listens on port {', '.join(silent)} of container {one.name}")
    return wrong


def _fault(before: Before | None, state: State, lives_on: bool) -> str | None:
    if state.status == "running":
        return "was restarted" if lives_on and before and before.started_at != state.started_at else None
    # One that removes itself, or ended well by itself while we were at work, is no damage of ours.
    if before and before.removes_itself and state == GONE:
        return None
    if lives_on and state.status == "exited" and state.exit_code == 0:
        return None
    return "is gone" if state == GONE else "does not run"


def to_start(steps: Steps, earlier: list[str] | None) -> list[str] | None:
    """Ids of the containers that steps stop, and that must be started even if the run dies; None for none."""
    stopped = {
        one.id
        for step in steps
        if isinstance(step, StopContainers) or (isinstance(step, Restart) and not step.containers_live_on)
        for one in step.containers
    }
    return sorted({*stopped, *(earlier or ())}) or None
