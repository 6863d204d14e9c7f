# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a whole host."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_json,
    _daemon_plan,
    _engine,
    _forwarding,
    _found,
    _host_plan,
    _network,
    _network_steps,
    _restart_guards,
    _undo,
)
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
    ("daemon", "proxy", "expected"),
    [
        (Daemon(version="28.5.2", settings={"ip6tables": False}), None, {"ip6tables": True}),
        (Daemon(version="28.5.2", settings={"ip6tables": False}, recorded=False), None, {"ip6tables": True}),
        (Daemon(version="28.5.2", flags={"ip6tables": "true"}), None, {}),
        (Daemon(flags={"experimental": "true"}), None, {"ip6tables": True}),
        (Daemon(flags={"experimental": "true", "ip6tables": "1"}), None, {}),
        (Daemon(flags={"userland-proxy": "false"}), False, BOTH),
        (Daemon(flags={"userland-proxy": "false"}), True, {**BOTH, "userland-proxy": True}),
    ],
)
def test_nat_settings_by_what_runs(daemon: Daemon, proxy: bool | None, expected: dict[str, t.Any]) -> None:
    assert _host_plan.nat_settings(daemon.running(), {}, proxy) == expected


def test_run_that_died_between_write_and_restart_is_finished() -> None:
    daemon = Daemon(b'{"ip6tables": true}', {"ip6tables": False}, version="28.5.2", containers=())
    assert nat(host(daemon)).daemon_plan.restarts


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
            _host_plan.Wanted(prefix_length=63, fleet_prefix="fd12:3456:789a::/48"),
            MACHINE_ID,
            "prefix_length: parts of /63 of the fleet's /48 are too few for a fleet. Give 64 or more.",
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


def nobody(name: str) -> t.NoReturn:
    """Where only the members of a network that is replaced may be looked up."""
    raise AssertionError(f"{name} was looked up")


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
        (host(), {"listeners": listening(six=[])}, "container mail: its service listens on IPv4 only on port 80"),
        (host(), {"mail": container(network_mode="host")}, "network_mode host"),
        (host(taken=(("route on eth0", ipaddress.ip_network(ULA)),)), {}, "overlaps"),
        (
            host(),
            {"wanted": replace(WANTED, attach=_host_plan.DEFAULT_BRIDGE, consent=True), "listeners": listening(six=[])},
            "container mail: its service listens on IPv4 only on port 80",
        ),
        (host(Daemon(swarm=True)), {}, "Swarm"),
        (host(machine_id=""), {"wanted": _host_plan.Wanted()}, "no machine-id"),
    ],
)
def test_nat_is_refused(found: _host_plan.Found, more: dict[str, t.Any], words: str) -> None:
    with pytest.raises(Refused) as reason:
        nat(found, **more)
    assert words in str(reason.value)


RA: dict[str, t.Any] = {"ra_default": ("eth0",), "accept_ra": {"eth0": "1"}}
KEEP = [
    f"write {_forwarding.SYSCTL_FILE}: the same at every boot",
    "set net/ipv6/conf/eth0/accept_ra = 2 (was 1), so that the host keeps its IPv6 default route",
]
COMES_ON = "Docker switches IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding)"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (host(Daemon(version="28.5.2"), **RA), [*KEEP, CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), forwards=False, **RA), [*KEEP, COMES_ON, CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), forwards=False), [COMES_ON, CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), ra_default=("eth0",), accept_ra={"eth0": "2"}), [CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), networks=(READY,), forwards=False, **RA), [CONNECT]),
    ],
)
def test_default_route_is_kept_where_a_network_is_created(found: _host_plan.Found, expected: list[str]) -> None:
    assert nat(found).network_plan.sentences() == expected


@pytest.mark.parametrize(
    ("networks", "wanted", "guarded"),
    [
        ((BRIDGE, READY), BOTH, True),
        ((BRIDGE,), BOTH, False),
        ((BRIDGE, READY), {"debug": True}, False),
        ((BRIDGE, READY), {}, False),
    ],
)
def test_default_route_is_kept_where_a_daemon_starts_with_a_network(
    networks: t.Any, wanted: dict[str, t.Any], guarded: bool
) -> None:
    plan = _host_plan.plan_daemon(_daemon_plan.Wanted(wanted), host(networks=networks, **RA))
    assert (plan.sentences()[: len(KEEP)] == KEEP) is guarded
    assert any(sentence in KEEP for sentence in plan.sentences()) is guarded
    assert bool(plan.guards) is guarded
    assert [str(one) for one in plan.back(len(plan.steps))[len(plan.rollback) :]] == (
        [
            "set net/ipv6/conf/eth0/accept_ra = 1 again, where IPv6 forwarding is off",
            f"remove {_forwarding.SYSCTL_FILE}: as it was",
        ]
        if guarded
        else []
    )


# --- mode absent

OURS = network(labels={_network_steps.LABEL: "true"})
LEAVE, REMOVE = "disconnect mail from network dms-ipv6", "remove network dms-ipv6"
GUARD_BACK = [
    {"kind": "RestoreForwarding"},
    {"kind": "RestoreAcceptRa", "interface": "eth0", "value": "1"},
]
BACK = [
    "switch IPv6 forwarding off again",
    "set net/ipv6/conf/eth0/accept_ra = 1 again, where IPv6 forwarding is off",
]


@pytest.mark.parametrize(
    ("networks", "record", "moved", "states", "sentences"),
    [
        ((BRIDGE,), {}, {}, [], []),
        ((BRIDGE, OURS), {}, {}, ["absent"], [REMOVE]),
        ((BRIDGE, READY), {}, {}, [], []),
        ((BRIDGE, OURS), {}, {"dms-ipv6": {"mail-id": MOVED}}, ["absent"], [LEAVE, REMOVE]),
        ((BRIDGE, READY), {}, {"dms-ipv6": {"mail-id": MOVED}}, ["released"], [LEAVE]),
        ((BRIDGE, READY), {}, {"dms-ipv6": {}}, [], []),
        ((BRIDGE,), {}, {"dms-ipv6": {"mail-id": MOVED}}, [], []),
        ((BRIDGE, OURS), {"guard": GUARD_BACK}, {}, ["absent"], [REMOVE, *BACK]),
        ((OURS, network("web", ["fd13::/64"])), {"guard": GUARD_BACK}, {}, ["absent"], [REMOVE]),
        ((BRIDGE, READY), {"guard": GUARD_BACK}, {"dms-ipv6": {"mail-id": MOVED}}, ["released"], [LEAVE]),
        ((network(labels={_network_steps.LABEL: "false"}),), {}, {}, [], []),
    ],
)
def test_absent(networks: t.Any, record: t.Any, moved: t.Any, states: list[str], sentences: list[str]) -> None:
    plan = _host_plan.absent(host(networks=networks, members={}, record=record), moved, nobody, False)
    assert [wanted.state for wanted, _plan in plan.networks] == states
    assert plan.sentences() == sentences


@pytest.mark.parametrize("consent", [True, False])
def test_absent_brings_the_old_file_back(consent: bool) -> None:
    daemon = Daemon(b"{ }")
    plan = daemon.plan(_daemon_plan.Wanted(BOTH))
    memory = _undo.remember(None, plan)
    daemon.carry_out(plan)
    back = _host_plan.absent(host(daemon, record={"undo": memory}), {}, nobody, consent)
    word = "stopped and started" if consent else "kept running"
    assert f"restart docker.service; mail {word}" in back.sentences()
    assert str(back.daemon_plan.steps[-1 if not consent else 0]) == f"write {PATH}: the file as it was"
    daemon.carry_out(back.daemon_plan)
    assert daemon.content == b"{ }"
    assert _host_plan.absent(host(daemon), {}, nobody, consent).sentences() == []


def test_absent_is_refused_while_others_are_on_the_network() -> None:
    found = host(networks=(OURS,), members={"dms-ipv6": ("web",)})
    with pytest.raises(Refused, match=r"network dms-ipv6: web still on it\. Disconnect them first"):
        _host_plan.absent(found, {}, nobody, False)


# --- what a restart would do besides


ROUTER = _restart_guards.Surroundings({}, None, (), (), True, ("wg0",), False)


@pytest.mark.parametrize(
    ("daemon", "wanted", "refused"),
    [
        (Daemon(), BOTH, True),
        (Daemon(b'{"cpu-rt-period": 1450}', BOTH), {**BOTH, "cpu-rt-period": 1450}, False),
        (Daemon(), {"cpu-rt-period": 1450}, False),
        (Daemon(version="28.5.2"), {"cpu-rt-period": 1450, "ip6tables": True}, False),
    ],
)
def test_restart_that_would_drop_what_is_forwarded(daemon: Daemon, wanted: dict[str, t.Any], refused: bool) -> None:
    found = host(daemon)
    plan = _host_plan.plan_daemon(_daemon_plan.Wanted(wanted), found)
    assert plan.restarts
    if refused:
        with pytest.raises(Refused, match="FORWARD policy"):
            _host_plan.refuse_restart(plan, found, ROUTER, _restart_guards.Consent())
    _host_plan.refuse_restart(plan, found, ROUTER, _restart_guards.Consent(forward_drop=refused))


def test_restart_with_a_flag_that_the_unit_will_have() -> None:
    found = host()
    plan = _host_plan.plan_daemon(_daemon_plan.Wanted(BOTH), found)
    around = _restart_guards.Surroundings({"ip6tables": "true"}, None, (), (), False, (), False)
    with pytest.raises(Refused, match=r"docker.service starts dockerd with --ip6tables=true"):
        _host_plan.refuse_restart(plan, found, around, _restart_guards.Consent(True, True, True))


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


def test_way_back_of_a_removal_keeps_the_default_route() -> None:
    """The network that comes back switches forwarding on again."""
    guard = [{"kind": "RestoreForwarding"}, {"kind": "RestoreAcceptRa", "interface": "eth0", "value": "1"}]
    found = host(networks=(BRIDGE, network()), members={}, record={"guard": guard})
    wanted = _network.WantedNetwork("dms-ipv6", None, state="absent")
    plan = _host_plan.plan_network(wanted, found, {}, lambda _pid: {}, nobody)
    back = plan.back(len(plan.steps))
    kept = back.index(_forwarding.KeepRoute("eth0", "1"))
    assert kept < next(number for number, one in enumerate(back) if isinstance(one, _network_steps.CreateNetwork))
