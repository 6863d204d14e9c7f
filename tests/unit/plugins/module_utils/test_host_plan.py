# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a whole host."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _daemon_json, _engine, _found, _host_plan, _network
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    DERIVED,
    MACHINE_ID,
    ULA,
    container,
    endpoint,
    host,
    network,
)

BOTH = {"experimental": True, "ip6tables": True}
WANTED = _host_plan.Wanted(subnet=ULA, containers=("mail",))


@pytest.mark.parametrize(
    ("version", "file", "proxy", "expected"),
    [
        ("20.10.24", {}, None, BOTH),
        ("20.10.24", BOTH, None, BOTH),
        ("20.10.24", {"ip6tables": False}, None, BOTH),
        ("26.1.5", {}, None, BOTH),
        ("26.1.5", {}, False, {**BOTH, "userland-proxy": False}),
        ("27.0.1", {}, None, {}),
        ("27.0.1", {"ip6tables": False}, None, {"ip6tables": True}),
        ("28.5.2", {}, None, {}),
        ("28.5.2", {"ip6tables": True}, None, {}),
        ("28.5.2", {"ip6tables": False}, None, {"ip6tables": True}),
        ("28.5.2", {"experimental": True}, None, {}),
        ("28.5.2", {"experimental": False}, None, {}),
        ("28.5.2", {}, True, {"userland-proxy": True}),
        ("29.0.0", {}, None, {}),
        ("29.0.0", {"ip6tables": False, "experimental": True}, False, {"ip6tables": True, "userland-proxy": False}),
    ],
)
def test_nat_settings(version: str, file: dict[str, t.Any], proxy: bool | None, expected: dict[str, t.Any]) -> None:
    assert _host_plan.nat_settings(Daemon(version=version).running(), file, proxy) == expected


@pytest.mark.parametrize(
    ("wanted", "subnet", "derived"),
    [
        (_host_plan.Wanted(), DERIVED, True),
        (_host_plan.Wanted(subnet=ULA), ULA, False),
        (_host_plan.Wanted(fleet_prefix="fd12:3456:789a::/48"), "fd12:3456:789a:2bda::/64", True),
        (_host_plan.Wanted(prefix_length=48), "fdad:f0b0:1d69::/48", True),
    ],
)
def test_wanted_network(wanted: _host_plan.Wanted, subnet: str, derived: bool) -> None:
    found = _host_plan.wanted_network(wanted, MACHINE_ID)
    assert (found.name, str(found.subnet), found.derived) == ("dms-ipv6", subnet, derived)


@pytest.mark.parametrize(
    ("wanted", "machine_id", "words"),
    [
        (_host_plan.Wanted(), "", "/etc/machine-id: this host has no machine-id"),
        (_host_plan.Wanted(prefix_length=47), MACHINE_ID, "prefix_length: 47 is not between 48 and 126"),
        (_host_plan.Wanted(prefix_length=127), MACHINE_ID, "prefix_length: 127 is not between 48 and 126"),
        (
            _host_plan.Wanted(fleet_prefix="fd12:3456:789a::/56"),
            MACHINE_ID,
            "fleet_prefix: fd12:3456:789a::/56 is no /48",
        ),
        (
            _host_plan.Wanted(fleet_prefix="2001:db8::/48"),
            MACHINE_ID,
            "fleet_prefix: 2001:db8::/48 is reserved for documentation",
        ),
        (_host_plan.Wanted(subnet="2001:db8::/64"), MACHINE_ID, "subnet: 2001:db8::/64 is reserved for documentation"),
        (_host_plan.Wanted(subnet="fd00::1"), MACHINE_ID, "subnet: 'fd00::1' is no CIDR"),
    ],
)
def test_wanted_network_is_refused(wanted: _host_plan.Wanted, machine_id: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        _host_plan.wanted_network(wanted, machine_id)
    assert words in str(reason.value)


def listening(four: t.Any = (("0.0.0.0", 80),), six: t.Any = (("::", 80),)) -> t.Any:
    return lambda pid: {"ipv4": list(four), "ipv6": list(six)}


def nat(
    found: _host_plan.Found, wanted: _host_plan.Wanted = WANTED, listeners: t.Any = None, **containers: _found.Container
) -> _host_plan.HostPlan:
    known = {"mail": container(), **containers}
    file = _daemon_json.read(_daemon_json.decode(found.raw or b"", PATH), PATH)
    return _host_plan.nat(wanted, found, lambda name: known[name], listeners or listening(), file)


CONNECT = "connect mail to network dms-ipv6 (while it runs; its established connections are cut)"
CREATE = f"create network dms-ipv6 with {ULA}"
READY = network()
MOVED = container("mail", endpoint(), endpoint("dms-ipv6", True))
NAT_FILE = b'{"experimental": true, "ip6tables": true}'


@pytest.mark.parametrize(
    ("daemon", "more", "mail", "last"),
    [
        (Daemon(), {}, container(), [CREATE, CONNECT]),
        (Daemon(version="28.5.2"), {}, container(), [CREATE, CONNECT]),
        (Daemon(version="28.5.2"), {"networks": (BRIDGE, READY)}, container(), [CONNECT]),
        (Daemon(version="28.5.2"), {"networks": (BRIDGE, READY)}, MOVED, []),
        (Daemon(NAT_FILE, BOTH), {"networks": (BRIDGE, READY)}, MOVED, []),
    ],
)
def test_nat(daemon: Daemon, more: dict[str, t.Any], mail: _found.Container, last: list[str]) -> None:
    plan = nat(host(daemon, **more), mail=mail)
    assert plan.network_plan.sentences() == last
    assert plan.sentences() == [*plan.daemon_plan.sentences(), *last]
    assert plan.daemon_plan.changed is (daemon.content is None and daemon.version == "26.1.5")
    assert plan.changed is (plan.daemon_plan.changed or bool(last))


@pytest.mark.parametrize(
    ("found", "more", "words"),
    [
        (host(Daemon(version="19.03.15")), {}, "Docker Engine 19.3.15 has no IPv6 packet filter support"),
        (host(Daemon(b'{"iptables": false}', version="28.5.2")), {}, f"{PATH}: iptables is false"),
        (host(ra_default=("eth0",), accept_ra={"eth0": "1"}), {}, "interface eth0: the IPv6 default route"),
        (host(), {"listeners": listening(six=[])}, "container mail: its service listens on IPv4 only on port 80"),
        (host(), {"mail": container(network_mode="host")}, "network_mode host"),
        (host(taken=(("route on eth0", ipaddress.ip_network(ULA)),)), {}, "overlaps"),
        (host(Daemon(swarm=True)), {}, "Swarm"),
        (host(machine_id=""), {"wanted": _host_plan.Wanted()}, "no machine-id"),
    ],
)
def test_nat_is_refused(found: _host_plan.Found, more: dict[str, t.Any], words: str) -> None:
    with pytest.raises(Refused) as reason:
        nat(found, **more)
    assert words in str(reason.value)


def test_default_route_matters_only_where_a_network_is_created() -> None:
    found = host(Daemon(version="28.5.2"), networks=(READY,), ra_default=("eth0",), accept_ra={"eth0": "1"})
    assert nat(found).sentences() == [CONNECT]


def test_listeners_are_read_only_of_what_moves() -> None:
    asked: list[int] = []

    def listeners(pid: int) -> dict[str, list[tuple[str, int]]]:
        asked.append(pid)
        return {"ipv4": [], "ipv6": []}

    found = host(Daemon(version="28.5.2"), networks=(READY,))
    nat(found, listeners=listeners, mail=MOVED)
    nat(found, listeners=listeners, mail=container(running=False, pid=0))
    assert asked == []
    nat(found, listeners=listeners)
    assert asked == [4711]


@pytest.mark.parametrize(
    ("networks", "derived", "expected"),
    [
        ((BRIDGE,), False, ULA),
        ((READY,), False, ULA),
        ((network(subnets=["fd12::/64"]),), False, ULA),
        ((network(subnets=["fd12::/64"]),), True, "fd12::/64"),
    ],
)
def test_subnet_after(networks: t.Any, derived: bool, expected: str) -> None:
    wanted = _network.WantedNetwork("dms-ipv6", ipaddress.IPv6Network(ULA), derived)
    assert str(_host_plan.subnet_after(wanted, host(networks=networks))) == expected


COMPOSE = {"com.docker.compose.project": "shop"}
DUAL = container("mail", endpoint("dms-ipv6", True))


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        (host(), WANTED, [("masked", "critical", "container mail, port 80/tcp: IPv6 clients appear as 172.17.0.1, ")]),
        (host(containers=(DUAL,)), WANTED, [("masked", "critical", "ip6tables is off")]),
        (host(Daemon(version="28.5.2"), containers=(DUAL,)), WANTED, []),
        (host(containers=(container(ports=()),)), WANTED, []),
        (host(Daemon(settings={"userland-proxy": False})), WANTED, []),
        (
            host(containers=(container(ports=(), labels=COMPOSE),)),
            WANTED,
            [("not_durable", "warning", "Compose project shop")],
        ),
        (host(containers=(container(ports=(), labels=COMPOSE),)), _host_plan.Wanted(), []),
        (
            host(containers=(), networks=(network("a", ["2001:db8::/64"]),)),
            WANTED,
            [("forbidden_prefix", "warning", "network a uses 2001:db8::/64, reserved")],
        ),
        (
            host(containers=(), networks=(network("a", ["fd00:cafe:face:feed::/64"]),)),
            WANTED,
            [("vanity_prefix", "info", "network a uses fd00:cafe:face:feed::/64")],
        ),
        (host(containers=(), networks=(READY,)), WANTED, []),
    ],
)
def test_findings(found: _host_plan.Found, wanted: _host_plan.Wanted, expected: list[tuple[str, str, str]]) -> None:
    findings = _host_plan.findings(found, wanted)
    assert [(one.id, one.severity) for one in findings] == [(name, severity) for name, severity, _words in expected]
    for one, (_name, _severity, words) in zip(findings, expected):
        assert words in one.evidence
        assert one.remedy


@pytest.mark.parametrize(
    ("plan", "found", "proof", "expected"),
    [
        (None, [], None, "Docker 26.1.5; no findings; never verified from another host"),
        ({"steps": []}, [], None, "Docker 26.1.5; no findings; everything as wanted; never verified from another host"),
        (
            {"steps": ["a", "b"]},
            [{"severity": "critical"}, {"severity": "info"}],
            {"result": "passed", "date": "2026-02-03T04:05:06Z"},
            "Docker 26.1.5; 2 findings (1 critical); 2 steps to carry out; last proof: passed on 2026-02-03T04:05:06Z",
        ),
    ],
)
def test_summary(plan: t.Any, found: t.Any, proof: t.Any, expected: str) -> None:
    assert _host_plan.summary(_engine.parse("26.1.5"), plan, found, proof) == expected
