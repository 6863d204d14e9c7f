# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a whole host."""

from __future__ import annotations

import ipaddress
import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import plan as change_plan
from ansible_collections.dms.ipv6.plugins.module_utils.change import step_json
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan
from ansible_collections.dms.ipv6.plugins.module_utils.compose import undo as compose_undo
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text, restart_checks
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import on_host as daemon_on_host
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import undo as daemon_undo
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding
from ansible_collections.dms.ipv6.plugins.module_utils.modes import absent, report
from ansible_collections.dms.ipv6.plugins.module_utils.modes import nat as modes_nat
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host as network_on_host
from ansible_collections.dms.ipv6.plugins.module_utils.network import plan as network_planning
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.network import undo as network_undo
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    DERIVED,
    MACHINE_ID,
    ULA,
    apart,
    ask,
    carried_out,
    container,
    endpoint,
    host,
    listening,
    members,
    network,
)

BOTH = {"experimental": True, "ip6tables": True}
WANTED = modes_nat.Wanted(subnet=ULA, containers=("mail",))


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
    assert daemon_on_host.nat_settings(Daemon(version=version).running(), file, proxy) == expected


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
    assert daemon_on_host.nat_settings(daemon.running(), {}, proxy) == expected


def test_nat_settings_where_it_is_unknown_what_runs() -> None:
    """From 27.0 on the key is not needed, but only writing it has it applied."""
    unknown = Daemon(version="28.5.2").running()._replace(loaded=None, hints={})
    assert daemon_on_host.nat_settings(unknown, {}) == {"ip6tables": True}
    assert daemon_on_host.nat_settings(unknown._replace(hints={"ip6tables": True}), {}) == {}


def test_run_that_died_between_write_and_restart_is_finished() -> None:
    daemon = Daemon(b'{"ip6tables": true}', {"ip6tables": False}, version="28.5.2", containers=())
    assert nat(host(daemon)).daemon_plan.restarts


@pytest.mark.parametrize(
    ("wanted", "subnet", "derived"),
    [
        (modes_nat.Wanted(), DERIVED, True),
        (modes_nat.Wanted(subnet=ULA), ULA, False),
        (modes_nat.Wanted(fleet_prefix="fd12:3456:789a::/48"), "fd12:3456:789a:2bda::/64", True),
        (modes_nat.Wanted(prefix_length=48), "fdad:f0b0:1d69::/48", True),
    ],
)
def test_wanted_network(wanted: modes_nat.Wanted, subnet: str, derived: bool) -> None:
    found = network_on_host.wanted_network(wanted.network_options, MACHINE_ID)
    assert (found.name, str(found.subnet), found.derived) == ("dms-ipv6", subnet, derived)


@pytest.mark.parametrize(
    ("wanted", "machine_id", "words"),
    [
        (modes_nat.Wanted(), "", "/etc/machine-id: this host has no machine-id"),
        (modes_nat.Wanted(prefix_length=47), MACHINE_ID, "prefix_length: 47 is not between 48 and 126"),
        (modes_nat.Wanted(prefix_length=127), MACHINE_ID, "prefix_length: 127 is not between 48 and 126"),
        (
            modes_nat.Wanted(fleet_prefix="fd12:3456:789a::/56"),
            MACHINE_ID,
            "fleet_prefix: fd12:3456:789a::/56 is not a /48",
        ),
        (
            modes_nat.Wanted(prefix_length=63, fleet_prefix="fd12:3456:789a::/48"),
            MACHINE_ID,
            "prefix_length: parts of /63 of the fleet's /48 are too few for a fleet. Give 64 or more.",
        ),
        (
            modes_nat.Wanted(fleet_prefix="2001:db8::/48"),
            MACHINE_ID,
            "fleet_prefix: 2001:db8::/48 is reserved for documentation",
        ),
        (modes_nat.Wanted(subnet="2001:db8::/64"), MACHINE_ID, "subnet: 2001:db8::/64 is reserved for documentation"),
        (modes_nat.Wanted(subnet="fd00::1"), MACHINE_ID, "subnet: 'fd00::1' is not a CIDR"),
    ],
)
def test_wanted_network_is_refused(wanted: modes_nat.Wanted, machine_id: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        network_on_host.wanted_network(wanted.network_options, machine_id)
    assert words in str(reason.value)


def nat(
    found: state_host.Found,
    wanted: modes_nat.Wanted = WANTED,
    listeners: t.Any = None,
    **containers: docker_objects.Container,
) -> modes_nat.HostPlan:
    known = {"mail": container(), **containers}
    file = json_text.read(json_text.decode(found.raw or b"", PATH), PATH)
    asked = ask(listeners=listeners or listening(), inspect=lambda name: known[name], look=known.get)
    return modes_nat.nat(wanted, found, asked, file)


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
def test_nat(daemon: Daemon, more: dict[str, t.Any], mail: docker_objects.Container, last: list[str]) -> None:
    plan = nat(host(daemon, **more), mail=mail)
    assert plan.network_plan.sentences() == last
    assert plan.sentences() == [*plan.daemon_plan.sentences(), *last]
    assert plan.daemon_plan.changed is (daemon.content is None and daemon.version == "26.1.5")
    assert plan.changed is (plan.daemon_plan.changed or bool(last))


@pytest.mark.parametrize(
    ("found", "more", "words"),
    [
        (host(Daemon(version="19.03.15")), {}, "Docker Engine 19.3.15 has no IPv6 packet filter support"),
        (
            host(Daemon(b'{"iptables": false}', version="26.1.5")),
            {},
            f"{PATH}: Docker Engine 26.1.5 does not start with `ip6tables` where `iptables` is false",
        ),
        (
            host(Daemon(flags={"iptables": "false"}, version="26.1.5")),
            {},
            f"{PATH}: Docker Engine 26.1.5 does not start with `ip6tables` where `iptables` is false",
        ),
        (host(), {"listeners": listening(six=[])}, "container mail: its service listens on IPv4 only on port 80"),
        (host(), {"mail": container(network_mode="host")}, "network_mode host"),
        (host(taken=(("route on eth0", ipaddress.ip_network(ULA)),)), {}, "overlaps"),
        (
            host(),
            {
                "wanted": WANTED._replace(attach=network_on_host.DEFAULT_BRIDGE, consent=True),
                "listeners": listening(six=[]),
            },
            "container mail: its service listens on IPv4 only on port 80",
        ),
        (host(Daemon(swarm=True)), {}, "Swarm"),
        (host(machine_id=""), {"wanted": modes_nat.Wanted()}, "no machine-id"),
    ],
)
def test_nat_is_refused(found: state_host.Found, more: dict[str, t.Any], words: str) -> None:
    with pytest.raises(Refused) as reason:
        nat(found, **more)
    assert words in str(reason.value)


SIX = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:5::/64"])
ON_SIX = container("mail", endpoint("six", True))


def test_what_ipv6nat_makes_real_needs_nothing() -> None:
    daemon = Daemon(b'{"log-driver": "json-file"}', {"log-driver": "json-file"}, version="20.10.24")
    found = host(daemon, networks=(BRIDGE, SIX), containers=(ON_SIX,), ipv6nat="ipv6nat")
    assert modes_nat.already_real(("mail",), "dms-ipv6", found) == {"mail": "six"}
    wanted = WANTED._replace(containers=(), attach=network_on_host.COMPOSE)
    assert not nat(found, wanted=wanted).changed


def test_what_ipv6nat_does_not_make_real() -> None:
    """It translates for ULAs alone."""
    there = ON_SIX._replace(endpoints=(ON_SIX.endpoints[0]._replace(ipv6="2001:2::2"),))
    found = host(Daemon(), networks=(BRIDGE, SIX), containers=(there,), ipv6nat="ipv6nat")
    assert modes_nat.already_real(("mail",), "dms-ipv6", found) == {}


@pytest.mark.parametrize(("version", "pool", "warned"), [
    ("26.1.5", "auto", True), ("28.0.0", "auto", True), ("28.0.1", "auto", False), ("26.1.5", "", False),
])  # fmt: skip
def test_pool_on_engines_that_tell_its_gateways_wrongly(version: str, pool: str, warned: bool) -> None:
    plan = nat(host(Daemon(version=version)), wanted=WANTED._replace(address_pool=pool))
    assert any("cannot list networks" in one for one in plan.daemon_plan.warnings) is warned


@pytest.mark.parametrize("file", [b'{"log-level": "info"}', b'{"log-level": "info", "ip6tables": true}'])
def test_settings_that_another_program_took_out(file: bytes) -> None:
    record = {"undo": {"keys": {"ip6tables": {"before": [], "set": [True]}}}}
    plan = nat(host(Daemon(file, json_text.load(file, PATH)), record=record))
    assert plan.daemon_plan.changed
    gone = b"ip6tables" not in file
    assert any("another program writes the file too" in one for one in plan.daemon_plan.warnings) is gone


@pytest.mark.parametrize("forwards", [True, False])
def test_host_that_is_set_not_to_forward(forwards: bool) -> None:
    found = host(Daemon(b'{"ip-forward": false}', {"ip-forward": False}), forwards=forwards)
    if forwards:
        assert nat(found).changed
        return
    with pytest.raises(Refused) as reason:
        nat(found)
    assert "ip-forward is false and the host does not forward IPv6" in str(reason.value)


def test_forwarding_before_a_daemon_that_does_not_switch_it_on() -> None:
    wanted = daemon_plan.Wanted({"userland-proxy": False})
    plan = daemon_on_host.plan_daemon(wanted, host(NFT, networks=(BRIDGE, READY), forwards=False))
    assert plan.sentences()[:2] == [KEEP[0], SWITCH_ON]
    assert daemon_on_host.plan_daemon(wanted, host(NFT, networks=(BRIDGE, READY))).guards == ()


RA: dict[str, t.Any] = {"ra_default": ("eth0",), "accept_ra": {"eth0": "1"}}
KEEP = [
    f"write {forwarding.SYSCTL_FILE}: the same at every boot",
    "set net/ipv6/conf/eth0/accept_ra = 2 (was 1), so that the host keeps its IPv6 default route",
]
NFT = Daemon(version="29.0.0", flags={"firewall-backend": "nftables"})
SWITCH_ON = (
    "switch IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding), because Docker's nftables backend"
    " does not"
)
AGAIN = (
    "switch IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding), because something has switched it off"
    " since Docker did"
)
COMES_ON = "Docker switches IPv6 forwarding on for the whole host (net.ipv6.conf.all.forwarding)"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (host(Daemon(version="28.5.2"), **RA), [*KEEP, CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), forwards=False, **RA), [*KEEP, COMES_ON, CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), forwards=False), [COMES_ON, CREATE, CONNECT]),
        (host(Daemon(version="28.5.2"), ra_default=("eth0",), accept_ra={"eth0": "2"}), [CREATE, CONNECT]),
        # Docker switched it on when it made the network, and something has switched it off since.
        (host(Daemon(version="28.5.2"), networks=(READY,), forwards=False, **RA), [*KEEP, AGAIN, CONNECT]),
        (host(Daemon(version="28.5.2"), networks=(READY,), forwards=False), [AGAIN, CONNECT]),
        # With the nftables backend dockerd switches nothing on, be the network there or not.
        (host(NFT, forwards=False, **RA), [*KEEP, SWITCH_ON, CREATE, CONNECT]),
        (host(NFT, networks=(READY,), forwards=False, **RA), [*KEEP, SWITCH_ON, CONNECT]),
        (host(NFT, networks=(READY,), forwards=False), [KEEP[0], SWITCH_ON, CONNECT]),
        (host(NFT, **RA), [*KEEP, CREATE, CONNECT]),
        (host(NFT, networks=(READY,)), [CONNECT]),
        (host(replace(NFT, version="28.5.2"), forwards=False), [COMES_ON, CREATE, CONNECT]),
    ],
)
def test_default_route_is_kept_where_a_network_is_created(found: state_host.Found, expected: list[str]) -> None:
    assert nat(found).network_plan.sentences() == expected


def test_what_switches_forwarding_off_is_named() -> None:
    found = host(Daemon(version="28.5.2"), networks=(READY,), forwards=False)
    asked = ask(container(), forwarding_off=lambda: ["/etc/sysctl.d/99-hardening.conf:3"])
    warnings = modes_nat.nat(WANTED, found, asked, {}).network_plan.warnings
    words = (
        "/etc/sysctl.d/99-hardening.conf:3 switches IPv6 forwarding off, with which IPv6 clients hang: remove the line"
    )
    assert words in warnings
    assert nat(found).network_plan.warnings == ()


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
    plan = daemon_on_host.plan_daemon(daemon_plan.Wanted(wanted), host(networks=networks, **RA))
    assert (plan.sentences()[: len(KEEP)] == KEEP) is guarded
    assert any(sentence in KEEP for sentence in plan.sentences()) is guarded
    assert bool(plan.guards) is guarded
    assert [str(one) for one in plan.back(len(plan.steps))[len(plan.rollback) :]] == (
        [
            "set net/ipv6/conf/eth0/accept_ra = 1 again, where IPv6 forwarding is off",
            f"remove {forwarding.SYSCTL_FILE}: as it was",
        ]
        if guarded
        else []
    )


# --- mode absent

OURS = network(labels={network_steps.LABEL: "true"})
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
        ((network(labels={network_steps.LABEL: "false"}),), {}, {}, [], []),
    ],
)
def test_absent(networks: t.Any, record: t.Any, moved: t.Any, states: list[str], sentences: list[str]) -> None:
    plan = absent.absent(host(networks=networks, members={}, record=record), moved, ask(), False)
    assert [wanted.state for wanted, change_plan in plan.networks] == states
    assert plan.sentences() == sentences


@pytest.mark.parametrize("consent", [True, False])
def test_absent_brings_the_old_file_back(consent: bool) -> None:
    daemon = Daemon(b"{ }")
    plan = daemon.plan(daemon_plan.Wanted(BOTH))
    memory = daemon_undo.remember(None, plan)
    daemon.carry_out(plan)
    back = absent.absent(host(daemon, record={"undo": memory}), {}, ask(), consent)
    word = "stopped and started" if consent else "keeps running"
    assert f"restart docker.service; mail {word}" in back.sentences()
    assert str(back.daemon_plan.steps[-1 if not consent else 0]) == f"write {PATH}: the file as it was"
    daemon.carry_out(back.daemon_plan)
    assert daemon.content == b"{ }"
    assert absent.absent(host(daemon), {}, ask(), consent).sentences() == []


def test_absent_is_refused_while_others_are_on_the_network() -> None:
    found = host(networks=(OURS,), members={"dms-ipv6": ("web",)})
    with pytest.raises(Refused, match=r"network dms-ipv6: web still on it\. Disconnect them first"):
        absent.absent(found, {}, ask(), False)


# --- what a restart would do besides


ROUTER = restart_checks.Surroundings({}, None, (), (), True, ("wg0",), False)


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
    plan = daemon_on_host.plan_daemon(daemon_plan.Wanted(wanted), found)
    assert plan.restarts
    if refused:
        with pytest.raises(Refused, match="FORWARD policy"):
            daemon_on_host.refuse_restart(plan, found, ROUTER, restart_checks.Consent())
    daemon_on_host.refuse_restart(plan, found, ROUTER, restart_checks.Consent(forward_drop=refused))


def test_restart_with_a_flag_that_the_unit_will_have() -> None:
    found = host()
    plan = daemon_on_host.plan_daemon(daemon_plan.Wanted(BOTH), found)
    around = restart_checks.Surroundings({"ip6tables": "true"}, None, (), (), False, (), False)
    with pytest.raises(Refused, match=r"docker.service starts dockerd with --ip6tables=true"):
        daemon_on_host.refuse_restart(plan, found, around, restart_checks.Consent(True, True, True))


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
    wanted = network_planning.WantedNetwork("dms-ipv6", ipaddress.IPv6Network(ULA), derived)
    assert str(network_on_host.subnet_after(wanted, host(networks=networks))) == expected


# --- what is not put right again afterwards

PLAIN = network(subnets=["172.18.0.0/16"])
ON_PLAIN = container("mail", endpoint("dms-ipv6"))
HTTP, HTTPS = (docker_objects.Port(one, "tcp", "::", one) for one in (80, 443))
UDP = docker_objects.Port(53, "udp", "::", 53)
PRESENT = network_planning.WantedNetwork("dms-ipv6", ipaddress.IPv6Network(ULA))
JOINED = PRESENT._replace(containers=("mail",))


def around_it(*networks: docker_objects.Network, mail: docker_objects.Container, **more: t.Any) -> state_host.Found:
    """A host with one container."""
    running, stopped = ((mail,), ()) if mail.running else ((), (mail,))
    fields = {"containers": running, "stopped": stopped, "members": members([mail])}
    return host(networks=(BRIDGE, *networks), **{**fields, **more})


def network_plan(wanted: network_planning.WantedNetwork, found: state_host.Found, **asked: t.Any) -> Plan:
    """The plan; nothing is left to do, and to warn of, on its result."""
    containers = {one: ask(*found.all_containers).inspect(one) for one in wanted.containers}
    plan = network_on_host.plan_network(wanted, found, containers, ask(*found.all_containers, **asked))
    after = carried_out(found, plan.steps)
    containers = {one: ask(*after.all_containers).inspect(one) for one in wanted.containers}
    again = network_on_host.plan_network(wanted, after, containers, ask(*after.all_containers, **asked))
    assert (again.steps, again.warnings) == ((), ())
    return plan


@pytest.mark.parametrize(
    ("wanted", "networks", "mail", "open_ports", "cut"),
    [
        (JOINED, (), container(ports=(HTTP,)), [80], 1),
        (JOINED, (), container(ports=(HTTP, HTTPS)), [80, 443, 80, 80], 4),
        (PRESENT, (PLAIN,), ON_PLAIN._replace(ports=(HTTP,)), [80, 80], 2),
        # A port of the container counts, not that of the host, and not where it is a client itself.
        (JOINED, (), container(ports=(docker_objects.Port(80, "tcp", "::", 8080),)), [80, 80, 8080, 43210], 2),
        (JOINED, (), container(ports=(UDP, HTTP)), [53, 25], 0),
        (JOINED, (), container(ports=()), [80], 0),
        (JOINED, (), container(ports=(HTTP,)), [], 0),
        (JOINED, (READY,), container("mail", endpoint(), endpoint("dms-ipv6", True), ports=(HTTP,)), [80], 0),
        (PRESENT, (), container(ports=(HTTP,)), [80], 0),
        (JOINED, (), container(ports=(HTTP,), running=False), [80], 0),
        (PRESENT, (PLAIN,), ON_PLAIN._replace(ports=(HTTP,), running=False), [80], 0),
    ],
)
def test_connections_that_are_cut(
    wanted: network_planning.WantedNetwork,
    networks: t.Any,
    mail: docker_objects.Container,
    open_ports: list[int],
    cut: int,
) -> None:
    """Only of containers that move, and run; each connection counts."""
    pids: list[int] = []

    def sessions(pid: int) -> list[int]:
        pids.append(pid)
        return open_ports

    found = around_it(*networks, mail=mail)
    plan = network_plan(wanted, found, sessions=sessions)
    words = f"container mail: {cut} established connections to its published ports are cut"
    assert plan.warnings == ((words,) if cut else ())
    assert pids in ([], [mail.pid])


def test_connections_of_each_container_that_moves() -> None:
    """Those that are named, and those that a replacement takes along, each with its own."""
    web = container("web", endpoint("dms-ipv6"), ports=(HTTP, HTTPS), pid=2)
    mail = container("mail", ports=(HTTP,), pid=1)
    found = host(networks=(BRIDGE, PLAIN), containers=(mail, web), members=members([mail, web]))
    open_ports = {1: [80], 2: [443, 443]}
    plan = network_plan(JOINED, found, sessions=open_ports.__getitem__)
    assert sorted(apart(plan.warnings)) == [
        "container mail: 1 established connections to its published ports are cut",
        "container web: 2 established connections to its published ports are cut",
    ]


@pytest.mark.parametrize(
    ("wanted", "networks", "mail", "places"),
    [
        (JOINED, (), container(ports=(docker_objects.Port(80, "tcp", "0.0.0.0", 8080),)), ["0.0.0.0:8080"]),
        (
            JOINED,
            (READY,),
            MOVED._replace(ports=(docker_objects.Port(53, "udp", "198.18.7.2", 53),)),
            ["198.18.7.2:53"],
        ),
        (JOINED, (), container(), []),
        (JOINED, (), container(ports=(docker_objects.Port(80, "tcp", "127.0.0.1", 80),)), []),
        # This one was not wanted.
        (PRESENT, (), container(ports=(docker_objects.Port(80, "tcp", "0.0.0.0", 8080),)), []),
    ],
)
def test_ports_that_stay_without_ipv6(
    wanted: network_planning.WantedNetwork, networks: t.Any, mail: docker_objects.Container, places: list[str]
) -> None:
    """Told at each run, whether anything changes or not."""
    found = around_it(*networks, mail=mail)
    words = [f"container mail publishes {one} on IPv4 by name: IPv6 clients do not reach it" for one in places]
    containers = dict.fromkeys(wanted.containers, mail)
    plan = network_on_host.plan_network(wanted, found, containers, ask(mail))
    assert plan.warnings == tuple(words)
    after = carried_out(found, plan.steps)
    containers = dict.fromkeys(wanted.containers, after.all_containers[0])
    again = network_on_host.plan_network(wanted, after, containers, ask(*after.all_containers))
    assert (again.steps, again.warnings) == ((), plan.warnings)


NAMED = network(subnets=["172.18.0.0/16"], options={docker_objects.BRIDGE_NAME: "br-mine"}, bridge="br-mine")


@pytest.mark.parametrize(
    ("wanted", "there", "places", "warned"),
    [
        (PRESENT, PLAIN, {"br-dms-ipv6": ("/etc/ufw/x", "nftables table y")}, True),
        (PRESENT, PLAIN, {"br-other": ("/etc/x",)}, False),
        (PRESENT, PLAIN, {"docker0": ("/etc/x",)}, False),
        # Its user gave the bridge its name: it has that again.
        (PRESENT, NAMED, {"br-mine": ("/etc/x",)}, False),
        (PRESENT, READY, {"br-dms-ipv6": ("/etc/x",)}, False),
        (network_planning.WantedNetwork("dms-ipv6", None, state="absent"), READY, {"br-dms-ipv6": ("/etc/x",)}, True),
        (
            network_planning.WantedNetwork("dms-ipv6", None, state="released"),
            READY,
            {"br-dms-ipv6": ("/etc/x",)},
            False,
        ),
    ],
)
def test_bridges_that_rules_name(
    wanted: network_planning.WantedNetwork,
    there: docker_objects.Network,
    places: dict[str, tuple[str, ...]],
    warned: bool,
) -> None:
    """Only of networks that go; no rules name the one on which containers wait in between."""
    asked: list[str] = []

    def rules(bridge: str) -> tuple[str, ...]:
        asked.append(bridge)
        return places.get(bridge, ())

    plan = network_plan(wanted, around_it(there, mail=container()), rules=rules)
    named = ", ".join(places.get("br-dms-ipv6", ()))
    words = f"the bridge br-dms-ipv6 of network dms-ipv6 goes, and is named in {named}"
    assert plan.warnings == ((words,) if warned else ())
    goes = any(isinstance(one, network_steps.RemoveNetwork) for one in plan.steps) and there is not NAMED
    assert asked == (["br-dms-ipv6"] if goes else [])


def test_all_that_breaks_is_said() -> None:
    """Connections first, then rules."""
    found = around_it(PLAIN, mail=ON_PLAIN._replace(ports=(HTTP,)))
    plan = network_plan(PRESENT, found, sessions=lambda pid: [80], rules=lambda bridge: ("/etc/x",))
    assert [one.split()[:2] for one in plan.warnings] == [["container", "mail:"], ["the", "bridge"]]


# --- what an earlier run left behind

LEFT_BEHIND = (
    network_steps.RemoveNetwork("0--dms-ipv6"),
    network_steps.CreateNetwork("dms-ipv6", PLAIN.definition),
    network_steps.ConnectContainer("mail", "mail-id", "dms-ipv6", '{"Aliases":["mx"]}', True),
)


@pytest.mark.parametrize("state", ["present", "absent", "released"])
def test_unfinished_replacement_is_put_back_first(state: str) -> None:
    """Whatever is wanted, and without a look at anything."""
    record = {"unfinished": json.loads(json.dumps(step_json.dump_steps(LEFT_BEHIND)))}
    wanted = PRESENT._replace(state=state, containers=("mail",))
    plan = network_on_host.plan_network(wanted, host(record=record), {}, ask())
    assert plan == Plan("", "", LEFT_BEHIND, (change_plan.UNFINISHED,))


@pytest.mark.parametrize("record", [{}, {"unfinished": []}])
def test_nothing_is_left_behind(record: t.Any) -> None:
    plan = network_plan(PRESENT, around_it(mail=container(), record=record))
    assert (plan.sentences(), plan.warnings) == ([CREATE], ())


# --- Compose projects


@pytest.mark.parametrize("daemon", [Daemon(), Daemon(version="28.5.2")])
def test_nat_for_compose_projects_only(daemon: Daemon) -> None:
    """The daemon's part as ever; none of our networks, and no container is moved or looked at."""
    found = host(daemon, networks=(BRIDGE,))
    wanted = WANTED._replace(attach=network_on_host.COMPOSE)
    plan = nat(found, wanted, listeners=listening(six=[]))
    assert (plan.network_plan, plan.network_plan.changed) == (Plan("", ""), False)
    as_ever = nat(found)
    assert (plan.config, plan.daemon_plan) == (as_ever.config, as_ever.daemon_plan)
    assert plan.sentences() == plan.daemon_plan.sentences()
    assert plan.changed is (daemon.version == "26.1.5")


def test_nat_by_itself_is_for_a_network() -> None:
    """Once it is known which containers no Compose file is for."""
    assert nat(host(), WANTED._replace(attach=network_on_host.AUTO)) == nat(host())


@pytest.mark.parametrize(
    ("content", "sentences", "warnings"),
    [
        (b"new", ["write /srv/a: the file as it was"], ()),
        (b"else", [], ("/srv/a is left as it is, because it was edited since",)),
        (None, [], ("/srv/a is left as it is, because it was edited since",)),
    ],
)
def test_absent_brings_compose_files_back(content: bytes | None, sentences: list[str], warnings: t.Any) -> None:
    """First of all, with the networks left after them."""
    edit = Plan("", "", (WriteFile("/srv/a", b"new", "why", b"old", True),))
    files = compose_undo.remember_files(None, edit)
    found = host(networks=(OURS,), members={}, record={"files": files}, edited={"/srv/a": content})
    plan = absent.absent(found, {}, ask(), False)
    assert plan.sentences() == [*sentences, REMOVE]
    assert plan.files.warnings == warnings
    assert [one.content for one in plan.files.steps if isinstance(one, WriteFile)] == [b"old"] * len(sentences)
    forgotten = compose_undo.remember_files(files, plan.files)
    after = carried_out(found, plan.networks[0][1].steps)._replace(
        record={"files": forgotten}, edited={"/srv/a": b"old"}
    )
    assert absent.absent(after, {}, ask(), False).sentences() == []


@pytest.mark.parametrize(
    ("there", "moved", "state", "sentences", "names"),
    [
        (OURS, {}, "released", [], "web"),
        (OURS, {"mail-id": MOVED}, "released", [LEAVE], "web"),
        (OURS, {"mail-id": MOVED, "web-id": MOVED}, "absent", None, ""),
        # It is not ours to remove in any case.
        (READY, {"mail-id": MOVED}, "released", [LEAVE], ""),
    ],
)
def test_absent_where_compose_uses_the_network(
    there: docker_objects.Network, moved: t.Any, state: str, sentences: t.Any, names: str
) -> None:
    """By a file that named it: it can go only once Compose has re-created its containers by the old file."""
    web = container("web", endpoint("web"), endpoint("dms-ipv6", True), labels=COMPOSE)
    moved = {name: web if name == "web-id" else one for name, one in moved.items()}
    everyone = (MOVED, web) if moved else (container(), web)
    found = host(networks=(BRIDGE, there), containers=everyone, members=members(everyone))
    plan = absent.absent(found, {"dms-ipv6": moved}, ask(*everyone), False)
    assert [(wanted.name, wanted.state) for wanted, change_plan in plan.networks] == [("dms-ipv6", state)]
    assert plan.sentences() == (
        [LEAVE, "disconnect web from network dms-ipv6", REMOVE] if sentences is None else sentences
    )
    words = f"network dms-ipv6 stays until Compose has re-created {names}: undo again then"
    assert plan.files.warnings == ((words,) if names else ())


def test_absent_gives_a_network_back_that_was_replaced() -> None:
    """Although it is not ours, and we put no container on it."""
    before, after = network(subnets=["172.18.0.0/16"], labels={"a": "b"}), network(labels={"a": "b"})
    record = {"replaced": {"dms-ipv6": {"before": before.definition, "after": after.definition}}}
    mail = ON_PLAIN._replace(ports=(HTTP,))
    found = around_it(after, network("web", ["fd13::/64"]), mail=mail, record=record)
    plan = absent.absent(found, {}, ask(mail, sessions=lambda pid: [80], listeners=listening(six=[])), False)
    ((wanted, back),) = plan.networks
    assert (wanted.name, wanted.state) == ("dms-ipv6", "released")
    (created,) = (one for one in back.steps if isinstance(one, network_steps.CreateNetwork) and one.name == wanted.name)
    assert created.definition == before.definition
    assert back.warnings == ("container mail: 1 established connections to its published ports are cut",)
    forgotten = network_undo.remember_replaced(record["replaced"], back)
    done = carried_out(found, back.steps)._replace(record={"replaced": forgotten})
    assert forgotten == {}
    assert absent.absent(done, {}, ask(mail), False).networks == ()


COMPOSE = {"com.docker.compose.project": "shop"}
DUAL = container("mail", endpoint("dms-ipv6", True))


@pytest.mark.parametrize(
    ("plan", "found", "proof", "expected"),
    [
        (None, [], None, "Docker 26.1.5; no findings; never verified from another host"),
        ({"steps": []}, [], None, "Docker 26.1.5; no findings; nothing to change; never verified from another host"),
        (
            {"steps": ["a", "b"]},
            [{"severity": "critical"}, {"severity": "info"}],
            {"result": "passed", "date": "2026-02-03T04:05:06Z"},
            "Docker 26.1.5; 2 findings (1 critical); 2 steps to carry out; last proof: passed on 2026-02-03T04:05:06Z",
        ),
    ],
)
def test_summary(plan: t.Any, found: t.Any, proof: t.Any, expected: str) -> None:
    assert report.summary(engine_version.parse("26.1.5"), plan, found, proof) == expected


def test_way_back_of_a_removal_keeps_the_default_route() -> None:
    """The network that comes back switches forwarding on again."""
    guard = [{"kind": "RestoreForwarding"}, {"kind": "RestoreAcceptRa", "interface": "eth0", "value": "1"}]
    found = host(networks=(BRIDGE, network()), members={}, record={"guard": guard})
    wanted = network_planning.WantedNetwork("dms-ipv6", None, state="absent")
    plan = network_on_host.plan_network(wanted, found, {}, ask())
    back = plan.back(len(plan.steps))
    kept = back.index(forwarding.KeepRoute("eth0", "1"))
    assert kept < next(number for number, one in enumerate(back) if isinstance(one, network_steps.CreateNetwork))
