# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all is as it was before a restart of the daemon."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _health
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import Restart, RunningContainer
from ansible_collections.dms.ipv6.plugins.module_utils._health import GONE, Before, State

STAYS, REMOVES_ITSELF = Before("1", False), Before("1", True)
SAME, AGAIN = State("running", "1", 0), State("running", "2", 0)
WELL, ILL, KILLED = State("exited", "1", 0), State("exited", "1", 1), State("exited", "1", 137)
RESTARTING, CREATED, PAUSED = State("restarting", "1", 1), State("created", "", 0), State("paused", "1", 0)


def problems(
    state: State, lives_on: bool, before: Before | None = STAYS, ports: tuple[int, ...] = (), listening: object = ()
) -> list[str]:
    step = Restart("docker.service", lives_on, (RunningContainer("a", "mail", ports),))
    known = {"a": before} if before else {}
    return _health.problems(step, known, {"a": state}, listening)  # type: ignore[arg-type]


# (state, before, what is wrong if containers live on, what if they were stopped and started)
TABLE = [
    (SAME, STAYS, "", ""),
    (AGAIN, STAYS, "was restarted", ""),
    (AGAIN, REMOVES_ITSELF, "was restarted", ""),
    (SAME, None, "", ""),
    (AGAIN, None, "", ""),
    (WELL, STAYS, "", "does not run"),
    (WELL, None, "", "does not run"),
    (ILL, STAYS, "does not run", "does not run"),
    (KILLED, STAYS, "does not run", "does not run"),
    (RESTARTING, STAYS, "does not run", "does not run"),
    (CREATED, STAYS, "does not run", "does not run"),
    (PAUSED, STAYS, "does not run", "does not run"),
    (GONE, STAYS, "is gone", "is gone"),
    (GONE, None, "is gone", "is gone"),
    (GONE, REMOVES_ITSELF, "", ""),
    (ILL, REMOVES_ITSELF, "does not run", "does not run"),
]


@pytest.mark.parametrize(("state", "before", "living_on", "started_again"), TABLE)
def test_problems(state: State, before: Before | None, living_on: str, started_again: str) -> None:
    for lives_on, words in ((True, living_on), (False, started_again)):
        assert problems(state, lives_on, before) == ([f"container mail {words}"] if words else [])


@pytest.mark.parametrize(
    ("state", "ports", "listening", "expected"),
    [
        (SAME, (25, 143), {25, 143, 22}, []),
        (SAME, (), set(), []),
        (SAME, (25, 143), {25}, ["nothing listens on port 143 of container mail"]),
        (SAME, (25, 143), set(), ["nothing listens on port 25, 143 of container mail"]),
        (AGAIN, (25,), set(), ["container mail was restarted"]),
        (WELL, (25,), set(), []),
        (ILL, (25,), set(), ["container mail does not run"]),
    ],
)
def test_ports(state: State, ports: tuple[int, ...], listening: set[int], expected: list[str]) -> None:
    assert problems(state, True, STAYS, ports, listening) == expected


def test_every_container_is_named() -> None:
    step = Restart("docker.service", True, (RunningContainer("a", "mail", (25,)), RunningContainer("b", "web")))
    assert _health.problems(step, {}, {"a": SAME, "b": GONE}, ()) == [
        "nothing listens on port 25 of container mail",
        "container web is gone",
    ]
    assert _health.problems(Restart("docker.service", True, ()), {}, {}, ()) == []


@pytest.mark.parametrize(
    ("status", "stopped"),
    [("exited", True), ("created", True), ("running", False), ("restarting", False), ("dead", False), ("gone", False)],
)
def test_stopped(status: str, stopped: bool) -> None:
    assert State(status, "1", 0).stopped is stopped
