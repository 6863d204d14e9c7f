# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart of the daemon has done to containers, and what they did by themselves."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import container_health
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.container_health import GONE, UNASKED, State
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import Restart
from ansible_collections.dms.ipv6.plugins.module_utils.state.daemon import RunningContainer

SAME, AGAIN = State("running", "1", 0), State("running", "2", 0)
PAUSED, OTHERS_PAUSED = State("paused", "1", 0), State("paused", "2", 0)
WELL, ILL = State("exited", "1", 0), State("exited", "1", 1)
KILLED, ENDED = State("exited", "1", 137), State("exited", "1", 143)
RESTARTING, CREATED, DEAD = State("restarting", "1", 1, 3), State("created", "", 0), State("dead", "1", 0)
REMOVING = State("removing", "1", 137)
NO_START = State("exited", "1", 128, 0, "port is taken")
NOTHING = ""
WAYS = [(lives_on, back) for lives_on in (True, False) for back in (False, True)]


def judge(
    lives_on: bool, back: bool, before: dict[str, State], now: dict[str, State], **more: object
) -> container_health.Judged:
    containers = tuple(RunningContainer(one, one, more.get("ports", ())) for one in now)  # type: ignore[arg-type]
    step = Restart("docker.service", lives_on, containers, back)
    return container_health.judge(step, before, now, more.get("listening", ()))  # type: ignore[arg-type]


# (before, now, what is said if containers live on, what if they were stopped and started)
TABLE = [
    (SAME, SAME, NOTHING, NOTHING),
    (SAME, AGAIN, "was restarted", NOTHING),
    (UNASKED, AGAIN, NOTHING, NOTHING),
    (UNASKED, ILL, "does not run (exit code 1)", "does not run (exit code 1)"),
    # Another program has paused it, or let it go on, while we were at work.
    (SAME, PAUSED, NOTHING, NOTHING),
    (PAUSED, SAME, NOTHING, NOTHING),
    (PAUSED, PAUSED, NOTHING, NOTHING),
    (PAUSED, OTHERS_PAUSED, "was restarted", NOTHING),
    (PAUSED, WELL, "does not run (exit code 0)", "does not run (exit code 0)"),
    (SAME, ILL, "does not run (exit code 1)", "does not run (exit code 1)"),
    (SAME, KILLED, "does not run (exit code 137)", "does not run (exit code 137)"),
    (SAME, ENDED, "does not run (exit code 143)", "does not run (exit code 143)"),
    (SAME, CREATED, "does not run (exit code 0)", "does not run (exit code 0)"),
    (SAME, DEAD, "does not run (exit code 0)", "does not run (exit code 0)"),
    (SAME, REMOVING, "does not run (exit code 137)", "does not run (exit code 137)"),
    (SAME, RESTARTING, "restarts by itself (exit code 1)", "restarts by itself (exit code 1)"),
    (SAME, NO_START, "could not be started: port is taken", "could not be started: port is taken"),
    (SAME, GONE, "is gone", "is gone"),
]
# It ended well, or was removed: no damage where it is the only one; all of several at once are.
LEFT = (WELL, GONE, CREATED)


@pytest.mark.parametrize(("before", "now", "living_on", "started_again"), TABLE)
def test_one_container(before: State, now: State, living_on: str, started_again: str) -> None:
    """The only one on its host: what happened may be the restart's doing, but on the way back it is only noted."""
    for lives_on, back in WAYS:
        words = living_on if lives_on else started_again
        said = [f"container mail {words}"] if words else []
        noted = back or now in LEFT
        assert judge(lives_on, back, {"mail": before}, {"mail": now}) == (([], said) if noted else (said, []))


@pytest.mark.parametrize(("before", "now", "living_on", "started_again"), TABLE)
def test_one_of_several(before: State, now: State, living_on: str, started_again: str) -> None:
    """Another one lived through it: this one ended by itself, whatever its exit code; one that cannot start did not."""
    for lives_on, back in WAYS:
        words = living_on if lives_on else started_again
        said = [f"container worker {words}"] if words else []
        noted = now != NO_START or back
        found = judge(lives_on, back, {"mail": SAME, "worker": before}, {"mail": SAME, "worker": now})
        assert found == (([], said) if noted else (said, []))


@pytest.mark.parametrize("now", [WELL, GONE, ILL, KILLED, RESTARTING, NO_START, AGAIN])
def test_all_of_several(now: State) -> None:
    """All at once is damage, however they ended; never a reason to fail on the way back."""
    ran = {"mail": SAME, "web": SAME}
    for back in (False, True):
        faults, notes = judge(True, back, ran, {"mail": now, "web": now})
        assert (len(faults), len(notes)) == ((0, 2) if back else (2, 0))


@pytest.mark.parametrize("now", [SAME, AGAIN, WELL, ILL, KILLED, RESTARTING, CREATED, PAUSED, DEAD, GONE, NO_START])
def test_who_did_not_run_steadily_before_is_not_judged(now: State) -> None:
    for lives_on in (True, False):
        assert judge(lives_on, False, {"mail": SAME}, {"mail": SAME, "worker": now}) == ([], [])
        assert judge(lives_on, False, {}, {"worker": now}) == ([], [])


@pytest.mark.parametrize("now", [ILL, GONE, RESTARTING, NO_START])
def test_who_is_down_after_the_way_back_is_named(now: State) -> None:
    faults, notes = judge(True, True, {}, {"worker": now})
    assert (faults, len(notes)) == ([], 1)
    assert judge(True, True, {}, {"worker": AGAIN}) == ([], [])


@pytest.mark.parametrize(
    ("now", "ports", "listening", "expected"),
    [
        (SAME, (25, 143), {25, 143, 22}, []),
        (SAME, (), set(), []),
        (SAME, (25, 143), {25}, ["nothing listens on port 143 of container mail"]),
        (PAUSED, (25, 143), set(), ["nothing listens on port 25, 143 of container mail"]),
        (AGAIN, (25,), set(), ["container mail was restarted"]),
        (ILL, (25,), set(), ["container mail does not run (exit code 1)"]),
    ],
)
def test_ports(now: State, ports: tuple[int, ...], listening: set[int], expected: list[str]) -> None:
    found = judge(True, False, {"mail": SAME}, {"mail": now}, ports=ports, listening=listening)
    assert found == (expected, [])
    assert judge(True, True, {"mail": SAME}, {"mail": now}, ports=ports, listening=listening) == ([], expected)


def test_a_host_without_containers() -> None:
    assert judge(False, False, {}, {}) == ([], [])


@pytest.mark.parametrize(
    ("status", "stopped", "up"),
    [
        ("exited", True, False),
        ("created", True, False),
        ("running", False, True),
        ("paused", False, True),
        ("restarting", False, False),
        ("removing", False, False),
        ("dead", False, False),
        ("gone", False, False),
    ],
)
def test_states(status: str, stopped: bool, up: bool) -> None:
    assert (State(status, "1", 0).stopped, State(status, "1", 0).up) == (stopped, up)


NOON = 1796040000.0  # 2026-11-30T12:00:00Z


@pytest.mark.parametrize(
    ("status", "started", "restarts", "restarts_itself", "steady"),
    [
        ("running", "2026-11-30T11:59:58.123456789Z", 0, False, True),
        ("running", "2026-11-30T11:59:58.123456789Z", 1, True, False),
        ("paused", "2026-11-30T11:59:58.123456789Z", 1, True, False),
        ("paused", "2026-11-30T11:59:58.123456789Z", 0, False, True),
        # It crashed once, long ago.
        ("running", "2026-11-30T11:00:00Z", 7, False, True),
        ("restarting", "2026-11-30T11:00:00Z", 0, True, False),
        ("exited", "2026-11-30T11:59:58Z", 5, False, False),
        ("running", "", 1, False, True),
        ("dead", "2026-11-30T11:59:58Z", 0, False, False),
    ],
)
def test_restarts_itself(status: str, started: str, restarts: int, restarts_itself: bool, steady: bool) -> None:
    state = State(status, started, 0, restarts)
    assert (state.restarts_itself(NOON), state.steady(NOON)) == (restarts_itself, steady)


def test_who_is_left_out_is_named() -> None:
    flapping = State("restarting", "2026-11-30T11:59:58Z", 1, 4)
    assert container_health.left_out([("mail", SAME)], NOON) == []
    assert container_health.left_out([("mail", SAME), ("worker", flapping)], NOON) == [
        "container worker restarts by itself, and is not judged after the restart"
    ]
    assert container_health.left_out([("a", flapping), ("b", flapping)], NOON) == [
        "containers a, b restart by themselves, and are not judged after the restart"
    ]


def test_of_inspect() -> None:
    state = {"Status": "exited", "StartedAt": "2026-11-30T11:59:58Z", "ExitCode": 3, "Error": "x"}
    assert container_health.of_inspect({"State": state, "RestartCount": 2}) == State(
        "exited", "2026-11-30T11:59:58Z", 3, 2, "x"
    )
