# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's default route, where Docker switches forwarding on."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Steps, inverses
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding
from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import (
    FORWARDING_HEAD,
    HEAD,
    SYSCTL_FILE,
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
    SetSysctl,
)
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import AtBoot

ETH0 = "net/ipv6/conf/eth0/accept_ra = 2\n"
VLAN = "net/ipv6/conf/wan.7/accept_ra = 2\n"
COMES_ON = "Docker switches IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding)"
SWITCHED_ON = (
    "switch IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding), because Docker's nftables backend"
    " does not"
)
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
        (["eth0"], {"eth0": "1"}, b"# mine\n", [WRITE, keep("eth0")], "# mine\n" + HEAD + ETH0),
        (["eth0"], {"eth0": "1"}, b"# mine", [WRITE, keep("eth0")], "# mine\n" + HEAD + ETH0),
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
        steps = forwarding.guard(learned_on, accepts, forwards, file)
        assert [str(step) for step in steps] == [*sentences, *([] if forwards else [COMES_ON])]
        assert content(steps) == (None if written is None else written.encode())


DHCP = {"/etc/network/interfaces": "iface eth0 inet6 dhcp\n", "/etc/network/interfaces.d/x": "iface eth1 inet6 dhcp\n"}
IFUPDOWN = "write /etc/network/interfaces: accept_ra 2 for eth0, each time ifupdown brings it up"


@pytest.mark.parametrize(
    ("accepts", "ifupdown", "sentences"),
    [
        ("1", DHCP, [WRITE, IFUPDOWN, keep("eth0")]),
        ("1", {"/etc/network/interfaces": "iface eth0 inet6 auto\n"}, [WRITE, keep("eth0")]),
        ("2", DHCP, []),
    ],
)
def test_ifupdown_is_named_as_well(accepts: str, ifupdown: dict[str, str], sentences: list[str]) -> None:
    """It sets accept_ra at a boot after sysctl.d, and at every ifup."""
    steps = forwarding.guard(["eth0"], {"eth0": accepts}, True, None, at_boot=AtBoot(ifupdown=ifupdown))
    assert [str(step) for step in steps] == sentences
    back = [str(step) for step in inverses(steps)]
    assert ("write /etc/network/interfaces: accept_ra for eth0 as it was" in back) is (IFUPDOWN in sentences)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("net.ipv6.conf.wan/7.accept_ra = 1", True),
        ("net/ipv6/conf/wan.7/accept_ra=1", True),
        (" - net.ipv6.conf.wan/7.accept_ra=0 ".replace(" - ", "-"), True),
        ("net.ipv6.conf.wan/7.accept_ra = 2", False),
        ("#net.ipv6.conf.wan/7.accept_ra = 1", False),
        ("net.ipv6.conf.all.accept_ra = 1", False),
        ("net.ipv6.conf.wan.7.accept_ra = 1", False),
        ("accept_ra", False),
        ("", False),
    ],
)
def test_a_file_that_a_boot_reads_behind_ours(line: str, refused: bool) -> None:
    """A dot in an interface's name is a slash where dots separate (sysctl.d(5))."""
    at_boot = AtBoot(sysctl={"/etc/sysctl.d/99-sysctl.conf": f"# mine\n{line}\n"})
    given = (["wan.7"], {"wan.7": "1"}, True, None)
    if refused:
        with pytest.raises(
            Refused, match=r"/etc/sysctl.d/99-sysctl.conf:2: it sets accept_ra = [01] for wan.7 at every"
        ):
            forwarding.guard(*given, at_boot=at_boot)
    else:
        assert forwarding.guard(*given, at_boot=at_boot) == forwarding.guard(*given)
    assert forwarding.guard(["wan.7"], {"wan.7": "2"}, True, None, at_boot=at_boot) == ()


ON = FORWARDING_HEAD + "net/ipv6/conf/all/forwarding = 1\nnet/ipv6/conf/default/forwarding = 1\n"


@pytest.mark.parametrize(
    ("learned_on", "forwards", "file", "sentences", "written"),
    [
        ([], True, None, [], None),
        ([], False, None, [WRITE, SWITCHED_ON], ON),
        ([], False, b"# mine\n", [WRITE, SWITCHED_ON], "# mine\n" + ON),
        ([], False, ON.encode(), [WRITE, SWITCHED_ON], ON),
        (["eth0"], False, None, [WRITE, keep("eth0"), SWITCHED_ON], HEAD + ETH0 + ON),
        (["eth0"], True, None, [WRITE, keep("eth0")], HEAD + ETH0),
    ],
)
def test_where_dockerd_does_not_switch_it_on(
    learned_on: list[str], forwards: bool, file: bytes | None, sentences: list[str], written: str | None
) -> None:
    """With its nftables backend. The route is kept before, and forwarding goes first on the way back."""
    steps = forwarding.guard(learned_on, {"eth0": "1"}, forwards, file, by_docker=False)
    assert [str(step) for step in steps] == sentences
    assert content(steps) == (None if written is None else written.encode())
    assert (RestoreForwarding() in inverses(steps)[:1]) is not forwards


@pytest.mark.parametrize("file", [None, b"", b"# mine\n", ETH0.encode()])
def test_second_guard_on_its_own_result_is_empty(file: bytes | None) -> None:
    first = forwarding.guard(["eth0"], {"eth0": "1"}, False, file)
    assert first
    assert forwarding.guard(["eth0"], {"eth0": "2"}, True, content(first)) == ()


def test_guard_is_taken_back_from_its_end() -> None:
    """Forwarding goes off first: while it is on, accept_ra=1 would lose the route after all."""
    for file in (None, b"# mine\n"):
        steps = forwarding.guard(["eth0", "wan.7"], {"eth0": "1", "wan.7": "1"}, False, file)
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
        (ForwardingComesOn(False), SWITCHED_ON, RestoreForwarding()),
    ],
)
def test_steps(step: t.Any, sentence: str, inverse: t.Any) -> None:
    assert (str(step), step.inverse()) == (sentence, inverse)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("net.ipv6.conf.all.forwarding = 0\n", ["x:1"]),
        ("# no\n\nnet/ipv6/conf/all/forwarding=0\n-net.ipv6.conf.default.forwarding=0", ["x:3", "x:4"]),
        ("net.ipv6.conf.all.forwarding = 1\nnet.ipv4.ip_forward=0\n#net.ipv6.conf.all.forwarding=0\n", []),
        ("net.ipv6.conf.all.forwarding\n;\n=\n", []),
    ],
)
def test_what_switches_forwarding_off(text: str, places: list[str]) -> None:
    assert forwarding.switched_off_by({"x": text}) == places
