# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's default route, where Docker switches forwarding on."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _forwarding
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._forwarding import (
    HEAD,
    SYSCTL_FILE,
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
    SetSysctl,
    SwitchForwardingOn,
)
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Steps, inverses

ETH0 = "net/ipv6/conf/eth0/accept_ra = 2\n"
VLAN = "net/ipv6/conf/wan.7/accept_ra = 2\n"
COMES_ON = "Docker switches IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding)"
SWITCH = "switch IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding), as Docker does not here"
WRITE = f"write {SYSCTL_FILE}: the same at every boot"


def keep(interface: str) -> str:
    return f"set net/ipv6/conf/{interface}/accept_ra = 2 (was 1), so that the host keeps its IPv6 default route"


def content(steps: Steps) -> bytes | None:
    return next((step.content for step in steps if isinstance(step, WriteFile)), None)


@pytest.mark.parametrize(
    ("learned_on", "accepts", "file", "sentences", "written"),
    [
        ([], {}, None, [], None),
        ([], {"eth0": "1"}, None, [], None),
        (["eth0"], {"eth0": "2"}, None, [], None),
        (["eth0"], {"eth0": "0"}, None, [], None),
        (["eth0"], {"eth0": None}, None, [], None),
        (["eth0"], {"eth1": "1"}, None, [], None),
        (["eth0"], {"eth0": "1"}, None, [WRITE, keep("eth0")], HEAD + ETH0),
        (["eth0"], {"eth0": "1"}, b"# mine\n", [WRITE, keep("eth0")], "# mine\n" + ETH0),
        (["eth0"], {"eth0": "1"}, b"# mine", [WRITE, keep("eth0")], "# mine\n" + ETH0),
        (["eth0"], {"eth0": "1"}, (HEAD + ETH0).encode(), [WRITE, keep("eth0")], HEAD + ETH0),
        (["eth0", "wan.7"], {"eth0": "2", "wan.7": "1"}, None, [WRITE, keep("wan.7")], HEAD + VLAN),
        (
            ["eth0", "wan.7"],
            {"eth0": "1", "wan.7": "1"},
            None,
            [WRITE, keep("eth0"), keep("wan.7")],
            HEAD + ETH0 + VLAN,
        ),
    ],
)
def test_guard_only_where_it_is_needed(
    learned_on: list[str], accepts: t.Any, file: bytes | None, sentences: list[str], written: str | None
) -> None:
    for forwards in (True, False):
        steps = _forwarding.guard(learned_on, accepts, forwards, file)
        assert [str(step) for step in steps] == [*sentences, *([] if forwards else [COMES_ON])]
        assert content(steps) == (None if written is None else written.encode())


FORWARD = "net/ipv6/conf/all/forwarding = 1\n"


@pytest.mark.parametrize(
    ("learned_on", "forwards", "file", "sentences", "written"),
    [
        ([], True, None, [], None),
        ([], False, None, [WRITE, SWITCH], HEAD + FORWARD),
        ([], False, (HEAD + FORWARD).encode(), [WRITE, SWITCH], HEAD + FORWARD),
        # The route is kept before anything forwards.
        (["eth0"], False, b"# mine\n", [WRITE, keep("eth0"), SWITCH], "# mine\n" + ETH0 + FORWARD),
        (["eth0"], True, None, [WRITE, keep("eth0")], HEAD + ETH0),
    ],
)
def test_guard_where_the_engine_leaves_forwarding_alone(
    learned_on: list[str], forwards: bool, file: bytes | None, sentences: list[str], written: str | None
) -> None:
    steps = _forwarding.guard(learned_on, {"eth0": "1"}, forwards, file, by_engine=False)
    assert [str(step) for step in steps] == sentences
    assert content(steps) == (None if written is None else written.encode())
    again = _forwarding.guard([], {}, True, content(steps) or file, by_engine=False)
    assert again == ()
    assert RestoreForwarding() in inverses(steps) or forwards


@pytest.mark.parametrize("file", [None, b"", b"# mine\n", ETH0.encode()])
def test_second_guard_on_its_own_result_is_empty(file: bytes | None) -> None:
    first = _forwarding.guard(["eth0"], {"eth0": "1"}, False, file)
    assert first
    assert _forwarding.guard(["eth0"], {"eth0": "2"}, True, content(first)) == ()


def test_guard_is_taken_back_from_its_end() -> None:
    """Forwarding goes off first: while it is on, accept_ra=1 would lose the route after all."""
    for file in (None, b"# mine\n"):
        steps = _forwarding.guard(["eth0", "wan.7"], {"eth0": "1", "wan.7": "1"}, False, file)
        assert inverses(steps) == (
            RestoreForwarding(),
            RestoreAcceptRa("wan.7", "1"),
            RestoreAcceptRa("eth0", "1"),
            WriteFile(SYSCTL_FILE, file, "as it was", content(steps), True),
        )
        # What undoes it is taken back in turn: the route is kept before forwarding comes on again.
        assert [step for step in inverses(inverses(steps)) if isinstance(step, KeepRoute)] == list(steps[1:3])
        assert content(inverses(inverses(steps))) == content(steps)


@pytest.mark.parametrize(
    ("step", "sentence", "inverse"),
    [
        (SetSysctl("net/a", "1", "0"), "set net/a = 1 (was 0)", SetSysctl("net/a", "0", "1")),
        (KeepRoute("eth0", "1"), keep("eth0"), RestoreAcceptRa("eth0", "1")),
        (
            RestoreAcceptRa("eth0", "1"),
            "set net/ipv6/conf/eth0/accept_ra = 1 again, where IPv6 forwarding is off",
            KeepRoute("eth0", "1"),
        ),
        (ForwardingComesOn(), COMES_ON, RestoreForwarding()),
        (RestoreForwarding(), "switch IPv6 forwarding off again", None),
        (SwitchForwardingOn(), SWITCH, RestoreForwarding()),
    ],
)
def test_steps(step: t.Any, sentence: str, inverse: t.Any) -> None:
    assert (str(step), step.inverse()) == (sentence, inverse)
