# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What remote clients get, against what was measured on real engines or read in their source.

tests/integration/test_exposure.py asks real engines the same; here stand the rows that no lab host can have as well:
other engines, UFW and firewalld, nftables.
"""

from __future__ import annotations

import typing as t
from itertools import product
from types import MappingProxyType

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.engine.version import Version
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import direct_access, published
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.published import Host
from ansible_collections.dms.ipv6.plugins.module_utils.routed import nft_table
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state.firewall import HostFirewall
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    PORT4,
    PORT6,
    container,
    endpoint,
    network,
)

FOUR, SIX = "172.17.0.1", "fd5c:1ab0:7e57:1::1"
GUA, GUA_SUBNET = "2001:2:0:d1::2", "2001:2:0:d1::/80"
LAB = ("20.10.24", "26.1.5", "28.5.2")
ENGINES = ("20.10.6", "20.10.24", "23.0.6", "25.0.5", "26.1.5", "27.5.1", "28.0.0", "28.5.2", "29.0.0", "29.7.2")
ON_OFF = (True, False)
ASKED = (docker_objects.Port(80, "tcp", "", 8080),)
REAL4 = ("ipv4", "real", "", "")
Row = tuple[str, str, str, str]


def around(version: str = "26.1.5", ip6tables: bool | None = True, proxy: bool | None = True, **more: t.Any) -> Host:
    """A host with two plain networks, unless others are given."""
    plain = (hosts.BRIDGE, network("dual"))
    return Host(engine_version.parse(version), ip6tables, proxy, **{"networks": plain, "forwards": True, **more})


def seen(found: docker_objects.Container, host: Host) -> list[Row]:
    return [(one.family, one.verdict, one.by, one.cause) for one in published.exposures(found, host)]


def six(found: docker_objects.Container, host: Host) -> tuple[str, str, str]:
    """What an IPv6 client gets at the only port: verdict, by, cause."""
    ((_family, *rest),) = (row for row in seen(found, host) if row[0] == "ipv6")
    verdict, by, cause = rest
    return verdict, by, cause


def mail(dual: bool = False, **more: t.Any) -> docker_objects.Container:
    return container("mail", endpoint("dual" if dual else "bridge", dual), **{"bindings": ASKED, **more})


@pytest.mark.parametrize(
    ("found", "proxy", "expected"),
    [
        (mail(), True, [("ipv4", 8080), ("ipv6", 8080)]),
        (mail(), False, [("ipv4", 8080)]),
        (mail(dual=True), False, [("ipv4", 8080), ("ipv6", 8080)]),
        (mail(ports=(PORT4,), bindings=()), True, [("ipv4", 8080)]),
        (mail(ports=(PORT4._replace(protocol="udp"), PORT6._replace(protocol="udp")), bindings=()), True, []),
        (mail(ports=(PORT4._replace(host_ip="127.0.0.1"),), bindings=()), True, []),
        (mail(ports=(PORT4._replace(host_ip="192.0.0.8"), PORT6), bindings=()), True, [("ipv6", 8080)]),
        (mail(listeners={"ipv4": [], "ipv6": []}), True, []),
        (mail(listeners={"ipv4": [("0.0.0.0", 80)], "ipv6": []}), True, [("ipv4", 8080), ("ipv6", 8080)]),
        (mail()._replace(running=False), True, []),
    ],
)
def test_ports_at_which_clients_get_an_answer(
    found: docker_objects.Container, proxy: bool, expected: list[tuple[str, int]]
) -> None:
    assert list(published.served([found], around(proxy=proxy))) == expected


# --- the heart: measured on 20.10.24, 26.1.5 and 28.5.2, read in the source of the other engines

MASKED4 = ("masked", FOUR, "no_ipv6_address")
MASKED6 = ("masked", SIX, "ip6tables_off")
NO_PROXY = ("refused", "", "userland_proxy_off")
HANGS = ("timeout", "", "rules_and_userland_proxy_off")
REAL = ("real", "", "")
# (dual-stack, ip6tables, userland-proxy); None: unknown.
TABLE = {
    (False, False, True): MASKED4,
    (False, True, True): MASKED4,
    (False, False, False): NO_PROXY,
    (False, True, False): NO_PROXY,
    (True, False, True): MASKED6,
    (True, False, False): HANGS,
    (True, True, True): REAL,
    (True, True, False): REAL,
    (False, None, True): MASKED4,
    (False, None, False): NO_PROXY,
    (False, True, None): ("unknown", "", "userland_proxy_unknown"),
    (False, False, None): ("unknown", "", "userland_proxy_unknown"),
    (False, None, None): ("unknown", "", "userland_proxy_unknown"),
    (True, None, True): ("unknown", "", "ip6tables_unknown"),
    (True, None, False): ("unknown", "", "ip6tables_unknown"),
    (True, None, None): ("unknown", "", "ip6tables_unknown"),
    (True, False, None): ("unknown", "", "userland_proxy_unknown"),
    (True, True, None): REAL,
}


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("state", TABLE)
def test_each_row_on_every_engine(state: tuple[bool, bool | None, bool | None], protocol: str) -> None:
    dual, ip6tables, proxy = state
    ports = tuple(docker_objects.Port(80, protocol, one, 8080) for one in ("0.0.0.0", "::"))
    found = mail(dual, ports=ports, bindings=(docker_objects.Port(80, protocol, "", 8080),))
    for version in ENGINES:
        assert seen(found, around(version, ip6tables, proxy)) == [REAL4, ("ipv6", *TABLE[state])], version


@pytest.mark.parametrize("proxy", ON_OFF)
def test_without_iptables_ipv4_clients_fare_the_same(proxy: bool) -> None:
    expected = ("masked", FOUR, "iptables_off") if proxy else HANGS
    for version in ENGINES:
        assert seen(mail(True), around(version, False, proxy, iptables=False))[0] == ("ipv4", *expected), version
        assert seen(mail(True), around(version, True, proxy, iptables=None))[0] == REAL4, version


# --- where the port is bound, as the engine lists it

UNPUBLISHED = ("refused", "", "not_published")
LOOPBACK = ("refused", "", "loopback_only")
# What the user gave -> what the engine lists for it, and whose row of TABLE each family then has (None: as it stands).
BINDINGS: dict[str, tuple[tuple[str, ...], t.Any, t.Any]] = {
    "": (("0.0.0.0", "::"), None, None),
    "0.0.0.0": (("0.0.0.0",), None, UNPUBLISHED),
    "::": (("::",), UNPUBLISHED, None),
    "127.0.0.1": (("127.0.0.1",), LOOPBACK, UNPUBLISHED),
    "::1": (("::1",), UNPUBLISHED, LOOPBACK),
    "198.18.7.10": (("198.18.7.10",), None, UNPUBLISHED),
    "fd5c:1ab0:7::10": (("fd5c:1ab0:7::10",), UNPUBLISHED, None),
}


@pytest.mark.parametrize("inspected", ON_OFF)
@pytest.mark.parametrize(("given", "dual", "ip6tables", "proxy"), [*product(BINDINGS, ON_OFF, ON_OFF, ON_OFF)])
def test_each_binding(given: str, dual: bool, ip6tables: bool, proxy: bool, inspected: bool) -> None:
    listed, four, by_six = BINDINGS[given]
    asked = (docker_objects.Port(80, "tcp", given, 8080),) if inspected else ()
    found = mail(dual, ports=tuple(docker_objects.Port(80, "tcp", one, 8080) for one in listed), bindings=asked)
    expected = {
        ("ipv4", *(four or REAL)),
        ("ipv6", *(by_six or TABLE[dual, ip6tables, proxy])),
    }
    for version in LAB:
        assert set(seen(found, around(version, ip6tables, proxy))) == expected


# Seen on 20.10.24, 26.1.5 and 28.5.2: without userland-proxy nothing is listed for IPv6 on an IPv4-only network.
@pytest.mark.parametrize(
    ("given", "listed", "expected"),
    [
        ("", ("0.0.0.0",), [REAL4, ("ipv6", *NO_PROXY)]),
        ("::", (), [("ipv4", *UNPUBLISHED), ("ipv6", *NO_PROXY)]),
        ("fd5c:1ab0:7::10", (), [("ipv4", *UNPUBLISHED), ("ipv6", *NO_PROXY)]),
        ("0.0.0.0", ("0.0.0.0",), [REAL4, ("ipv6", *UNPUBLISHED)]),
    ],
)
def test_what_is_wanted_and_not_listed(given: str, listed: tuple[str, ...], expected: list[Row]) -> None:
    ports = tuple(docker_objects.Port(80, "tcp", one, 8080) for one in listed)
    found = mail(ports=ports, bindings=(docker_objects.Port(80, "tcp", given, 8080),))
    assert seen(found, around(proxy=False)) == expected


@pytest.mark.parametrize(
    ("ports", "asked", "expected"),
    [
        ((), (), []),
        ((PORT4, PORT6), (), [("ipv4", 8080), ("ipv6", 8080)]),
        ((PORT4,), (), [("ipv4", 8080), ("ipv6", 8080)]),
        # The engine's own choice of a host port may differ by family (before 27.0), and is one port all the same.
        (
            (docker_objects.Port(80, "tcp", "0.0.0.0", 49153), docker_objects.Port(80, "tcp", "::", 49154)),
            (docker_objects.Port(80, "tcp", "", 0),),
            [("ipv4", 49153), ("ipv6", 49154)],
        ),
        # One container port at two host ports, the second for IPv4 only.
        (
            (PORT4, PORT6, docker_objects.Port(80, "tcp", "0.0.0.0", 8081)),
            (*ASKED, docker_objects.Port(80, "tcp", "0.0.0.0", 8081)),
            [("ipv4", 8080), ("ipv6", 8080), ("ipv4", 8081), ("ipv6", 8081)],
        ),
        ((PORT4, docker_objects.Port(80, "udp", "::", 8080)), (), [("ipv4", 8080), ("ipv6", 8080)] * 2),
    ],
)
def test_each_port_has_both_families(
    ports: tuple[docker_objects.Port, ...], asked: tuple[docker_objects.Port, ...], expected: list[tuple[str, int]]
) -> None:
    found = published.exposures(mail(ports=ports, bindings=asked), around())
    assert sorted((one.family, one.port.host_port) for one in found) == sorted(expected)


@pytest.mark.parametrize("version", ["20.10.0", "20.10.5", "20.10.6"])
def test_engines_that_lost_the_ipv6_binding(version: str) -> None:
    lost = version != "20.10.6"
    expected = ("unknown", "", "ipv6_binding_lost") if lost else UNPUBLISHED
    assert six(mail(ports=(PORT4,)), around(version)) == expected
    assert six(mail(ports=(PORT4,), bindings=()), around(version)) == expected
    # Without docker-proxy 20.10.0 lets IPv6 clients wait (moby#28492).
    assert six(mail(ports=(PORT4,)), around(version, proxy=False)) == (expected if lost else NO_PROXY)
    # Who gave an IPv4 address wanted no IPv6.
    assert six(mail(ports=(PORT4,), bindings=(PORT4,)), around(version)) == UNPUBLISHED


def test_stopped_containers_have_no_exposure() -> None:
    assert seen(mail(running=False), around()) == []


# --- networks


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ((("bridge", False), ("dual", True)), MASKED6),
        # An internal network leads nowhere, so its IPv6 address counts for nothing.
        ((("bridge", False), ("inside", True)), MASKED4),
        ((("inside", True),), ("refused", "", "internal_network")),
        ((), ("refused", "", "no_network")),
        ((("elsewhere", True),), MASKED6),
        ((("macvlan", True),), ("unknown", "", "other_driver")),
        ((("macvlan", False),), ("unknown", "", "other_driver")),
    ],
)
def test_networks(endpoints: tuple[tuple[str, bool], ...], expected: tuple[str, str, str]) -> None:
    networks = (hosts.BRIDGE, network("dual"), network("inside", internal=True), network("macvlan", driver="macvlan"))
    known = {name for name, _dual in endpoints} - {"inside"}
    found = mail(endpoints=tuple(endpoint(*one) for one in endpoints), ports=(PORT4, PORT6) if known else ())
    assert six(found, around(ip6tables=False, networks=networks)) == expected


def placed(name: str, four: str = "", six: str = "", priority: int = 0) -> docker_objects.Endpoint:
    """A container's place on a network, its gateways named after the network."""
    settings = f'{{"GwPriority":{priority}}}' if priority else "{}"
    return docker_objects.Endpoint(name, four, six, f"4.{name}", f"6.{name}", settings)


# By which gateway, without ip6tables: seen on real engines.
@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ((placed("b", "x"), placed("a", "x")), "4.a"),
        ((placed("b", "x"), placed("a", "x", priority=-5)), "4.b"),
        ((placed("b", "x", "y"), placed("a", "x", "y")), "6.a"),
        ((placed("b", "x", "y"), placed("a", "x", "y", priority=-5)), "6.b"),
        ((placed("b", "x", "y"), placed("a", "x", priority=5)), "6.b"),
        ((placed("b", "x", "y"), placed("a", "", "y")), "6.b"),
        ((placed("b", "x", "y"), placed("a", "", "y", priority=5)), "6.b"),
    ],
)
def test_gateway_among_several_networks(endpoints: tuple[docker_objects.Endpoint, ...], expected: str) -> None:
    found = mail(endpoints=endpoints)
    assert six(found, around("28.5.2", ip6tables=False, networks=()))[1] == expected


def test_ipv4_leads_to_the_dual_stack_network_too() -> None:
    found = mail(endpoints=(placed("a", "x"), placed("b", "x", "y")))
    assert [row[2] for row in seen(found, around(ip6tables=False, iptables=False, networks=()))] == ["4.b", "6.b"]


@pytest.mark.parametrize("priority", [0, 1000])
def test_a_priority_does_not_come_before_a_dual_stack_network(priority: int) -> None:
    """Seen on 28.5.2, with bridges and with macvlan: the IPv4 default route leads there too."""
    found = mail(endpoints=(placed("a", "x", priority=priority), placed("b", "x", "y")))
    target = published.gateway(found, "ipv4", around("28.5.2", networks=()))
    assert target and target.network == "b"


@pytest.mark.parametrize(("ip6tables", "proxy"), [*product(ON_OFF, ON_OFF)])
def test_ipv6_only_network(ip6tables: bool, proxy: bool) -> None:
    found = mail(endpoints=(placed("a", "", "y"),), ports=(PORT6,))
    verdict, by, cause = TABLE[True, ip6tables, proxy]
    expected = [("ipv6", verdict, by and "6.a", cause), ("ipv4", "refused", "", "no_ipv4_address")]
    assert seen(found, around("28.5.2", ip6tables, proxy, networks=())) == expected


def test_none_has_no_published_port() -> None:
    found = mail(network_mode="none", endpoints=(), ports=())
    assert {row[1:] for row in seen(found, around())} == {("refused", "", "no_network")}


# --- gateway modes

ROUTED = ("refused", "", "routed")
MODE4, MODE6 = (f"com.docker.network.bridge.gateway_mode_{family}" for family in ("ipv4", "ipv6"))


@pytest.mark.parametrize(
    ("mode", "ip6tables", "proxy"), [*product(("nat", "nat-unprotected", "routed"), ON_OFF, ON_OFF)]
)
def test_gateway_modes_at_the_host(mode: str, ip6tables: bool, proxy: bool) -> None:
    networks = (network("dual", options={MODE6: mode}),)
    for version in ENGINES:
        knows = version >= "27"
        around_it = around(version, ip6tables, proxy, networks=networks)
        expected = ROUTED if knows and mode == "routed" else TABLE[True, ip6tables, proxy]
        # 28 lists no IPv6 port in mode routed, 27 and those that ignore the mode do.
        assert six(mail(True), around_it) == expected, version
        if expected == ROUTED:
            assert six(mail(True, ports=(PORT4,)), around_it) == ROUTED, version


def test_routed_in_both_families() -> None:
    networks = (network("dual", options={MODE4: "routed", MODE6: "routed"}),)
    found = mail(True, ports=())
    assert [row[1:] for row in seen(found, around("28.5.2", networks=networks))] == [ROUTED, ROUTED]


# --- what listens inside

V4, V6, BOTH = (
    {"ipv4": [("0.0.0.0", 80)], "ipv6": []},
    {"ipv4": [], "ipv6": [("::", 80)]},
    {
        "ipv4": [("0.0.0.0", 80)],
        "ipv6": [("::", 80)],
    },
)
INSIDE = {"ipv4": [("127.0.0.1", 80)], "ipv6": [("::1", 80)]}
OWN4, OWN6 = {"ipv4": [("172.17.0.2", 80)], "ipv6": []}, {"ipv4": [], "ipv6": [("fd5c:1ab0:7e57:1::2", 80)]}
OTHER = {"ipv4": [("172.17.0.9", 80)], "ipv6": [("fd5c::9", 80)]}
NOT_UP = {"ipv4": [("0.0.0.0", 81)], "ipv6": []}
# Listeners -> why an IPv4, and an IPv6 client finds no program at the container.
LISTENERS: list[tuple[t.Any, str, str]] = [
    (None, "", ""),
    (NOT_UP, "", ""),
    (V4, "", "ipv4_only_listener"),
    (V6, "", ""),
    (BOTH, "", ""),
    (INSIDE, "no_listener", "no_listener"),
    (OWN4, "", "ipv4_only_listener"),
    (OWN6, "no_listener", ""),
    (OTHER, "no_listener", "no_listener"),
]


@pytest.mark.parametrize(("listeners", "deaf4", "deaf6"), LISTENERS)
@pytest.mark.parametrize(("dual", "ip6tables", "proxy"), [*product(ON_OFF, ON_OFF, ON_OFF)])
def test_listeners(listeners: t.Any, deaf4: str, deaf6: str, dual: bool, ip6tables: bool, proxy: bool) -> None:
    expected = TABLE[dual, ip6tables, proxy]
    # docker-proxy comes over IPv4 where the container has nothing else; where nothing is reached nothing need listen.
    deaf = deaf4 if expected == MASKED4 else deaf6
    if deaf and expected not in (NO_PROXY, HANGS):
        expected = ("refused", "", deaf)
    four = ("ipv4", "refused", "", deaf4) if deaf4 else REAL4
    assert seen(mail(dual, listeners=listeners), around("28.5.2", ip6tables, proxy)) == [four, ("ipv6", *expected)]


def test_it_is_unknown_who_listens_on_udp() -> None:
    found = mail(True, ports=(docker_objects.Port(80, "udp", "::", 80),), bindings=(), listeners=V4)
    assert six(found, around()) == REAL


# --- shared networks


@pytest.mark.parametrize(
    ("listeners", "expected"),
    [
        (None, []),
        ({"ipv4": [], "ipv6": [("::", 25)]}, [REAL4, ("ipv6", *REAL)]),
        ({"ipv4": [("0.0.0.0", 25)], "ipv6": []}, [REAL4, ("ipv6", "refused", "", "ipv4_only_listener")]),
        ({"ipv4": [], "ipv6": [("fd5c::1", 25)]}, [("ipv4", "refused", "", "no_listener"), ("ipv6", *REAL)]),
        ({"ipv4": [("127.0.0.1", 25)], "ipv6": [("::1", 25)]}, []),
        ({"ipv4": [("127.0.0.1", 25)], "ipv6": [("::", 25)]}, [REAL4, ("ipv6", *REAL)]),
    ],
)
def test_host_mode(listeners: t.Any, expected: list[Row]) -> None:
    found = container("mail", network_mode="host", endpoints=(), ports=(), listeners=listeners)
    assert seen(found, around(ip6tables=False, proxy=False)) == expected


def test_host_mode_is_up_to_the_firewall() -> None:
    found = container("mail", network_mode="host", ports=(), listeners={"ipv4": [("0.0.0.0", 25)], "ipv6": []})
    blocked = [("ipv4", "timeout", "", "host_firewall"), ("ipv6", "timeout", "", "host_firewall")]
    assert seen(found, around(firewall=HostFirewall("ufw"))) == blocked
    let_in = HostFirewall("ufw", frozenset({("ipv4", 25, "tcp")}))
    assert seen(found, around(firewall=let_in)) == [REAL4, blocked[1]]


def test_a_container_on_another_ones_network_has_its_ports() -> None:
    vpn = container("vpn", endpoint(), bindings=ASKED, listeners={"ipv4": [], "ipv6": [("::", 80), ("::", 81)]})
    found = [
        container("web", network_mode=f"container:{at}", endpoints=(), ports=(), listeners=ears)
        for at, ears in (("vpn-id", V6), ("vpn", V6), ("vpn", None), ("vpn", NOT_UP), ("gone", V6))
    ]
    host = around(containers=(vpn, *found))
    all_of_it = seen(vpn, host)
    assert all_of_it == [REAL4, ("ipv6", *MASKED4)]
    assert [seen(one, host) for one in found] == [all_of_it, all_of_it, all_of_it, [], []]


# --- forwarding, and Docker Engine 29 with nftables


@pytest.mark.parametrize(("dual", "ip6tables", "proxy"), [*product(ON_OFF, ON_OFF, ON_OFF)])
def test_without_forwarding_what_is_translated_gets_nowhere(dual: bool, ip6tables: bool, proxy: bool) -> None:
    expected = ("timeout", "", "forwarding_off") if dual and ip6tables else TABLE[dual, ip6tables, proxy]
    assert six(mail(dual), around("28.5.2", ip6tables, proxy, forwards=False)) == expected
    assert six(mail(dual), around("28.5.2", ip6tables, proxy, forwards=None)) == TABLE[dual, ip6tables, proxy]


FILTERED = ("timeout", "", "host_firewall")


@pytest.mark.parametrize(
    ("firewall", "filtered"),
    [
        (HostFirewall(), False),
        (HostFirewall(forward={"ipv6": "accept", "ipv4": "drop"}), False),
        # What an earlier daemon with iptables left behind.
        (HostFirewall(forward={"ipv6": "drop"}), True),
        (HostFirewall("ufw"), True),
        (HostFirewall("ufw", forward={"ipv6": "accept"}), False),
    ],
)
def test_nftables_backend_cannot_open_what_another_table_drops(firewall: HostFirewall, filtered: bool) -> None:
    nft = around("29.0.0", backend="nftables", firewall=firewall)
    assert six(mail(True), nft) == (FILTERED if filtered else REAL)
    assert six(mail(True), around("29.0.0", firewall=firewall)) == REAL


@pytest.mark.parametrize(("dual", "ip6tables", "proxy"), [*product(ON_OFF, ON_OFF, ON_OFF)])
def test_nftables_backend_is_the_same_otherwise(dual: bool, ip6tables: bool, proxy: bool) -> None:
    nft = around("29.7.2", ip6tables, proxy, backend="nftables")
    assert six(mail(dual), nft) == TABLE[dual, ip6tables, proxy]


# --- host firewalls, and containers addressed directly: measured on 20.10.24, 26.1.5 and 28.5.2

ULA_NAT = mail(True)
ONLY_FOUR = mail()
OPEN, SHUT, DENIED = "real", "timeout", "refused"
UFW, FIREWALLD = HostFirewall("ufw"), HostFirewall("firewalld")
PASSES_8080 = frozenset({(family, 8080, "tcp") for family in ("ipv4", "ipv6")})
ACCEPTS, DROPS = {"ipv4": "accept", "ipv6": "accept"}, {"ipv4": "drop", "ipv6": "drop"}
ROUTE80, ROUTE81 = frozenset({(80, "tcp")}), frozenset({(81, "tcp")})
OLD, NEW = LAB[:2], LAB[2:]
# Docker's rules flushed, and its daemon not restarted since.
GONE = {"ip6tables": False, "iptables": False}


class State(t.NamedTuple):
    """A row of the table: what an IPv6 client gets, and an IPv4 client of the IPv4-only container.

    Columns: IPv4-only container, dual-stack container with a ULA, global address port 80 (published) and 81 (not).
    """

    name: str
    engines: tuple[str, ...]
    four: str
    ula: str
    gua80: str
    gua81: str
    firewall: HostFirewall = HostFirewall()
    more: t.Mapping[str, t.Any] = MappingProxyType({})
    ipv4: str = "real"


STATES = [
    State("no firewall", LAB, "masked", OPEN, OPEN, SHUT),
    State("ufw", LAB, SHUT, OPEN, OPEN, SHUT, UFW),
    State("ufw allow 8080", LAB, "masked", OPEN, OPEN, SHUT, HostFirewall("ufw", PASSES_8080)),
    State("ufw disabled", OLD, "masked", OPEN, OPEN, OPEN, HostFirewall(forward=ACCEPTS)),
    State("ufw disabled", NEW, "masked", OPEN, OPEN, SHUT, HostFirewall(forward=ACCEPTS)),
    State("then docker restarted", LAB, "masked", OPEN, OPEN, SHUT, HostFirewall(forward=DROPS)),
    State("ufw, ip6tables off", LAB, SHUT, SHUT, SHUT, SHUT, UFW, {"ip6tables": False}),
    State(
        "ufw, ip6tables off, route allow 80",
        LAB, SHUT, SHUT, OPEN, SHUT, HostFirewall("ufw", routed_ports=ROUTE80), {"ip6tables": False},
    ),
    State(
        "ufw, ip6tables off, route allow both",
        LAB, SHUT, SHUT, OPEN, OPEN, HostFirewall("ufw", routed_ports=ROUTE80 | ROUTE81), {"ip6tables": False},
    ),
    State("ufw route allow 81", OLD, SHUT, OPEN, OPEN, OPEN, HostFirewall("ufw", routed_ports=ROUTE81)),
    State("ufw route allow 81", NEW, SHUT, OPEN, OPEN, SHUT, HostFirewall("ufw", routed_ports=ROUTE81)),
    State("firewalld", OLD, DENIED, OPEN, DENIED, SHUT, FIREWALLD),
    State("firewalld", NEW, DENIED, OPEN, OPEN, SHUT, FIREWALLD),
    State("firewalld add-port", NEW, "masked", OPEN, OPEN, SHUT, HostFirewall("firewalld", PASSES_8080)),
    State("firewalld policy for 80", OLD, DENIED, OPEN, OPEN, SHUT, HostFirewall("firewalld", routed_ports=ROUTE80)),
    State(
        "firewalld came after docker",
        LAB[1:], DENIED, OPEN, DENIED, SHUT, HostFirewall("firewalld", before_daemon=False),
    ),
    State(
        "firewalld came after docker",
        LAB[:1], DENIED, DENIED, SHUT, SHUT,
        HostFirewall("firewalld", before_daemon=False, forward=DROPS), GONE, DENIED,
    ),
    State("firewalld stopped", LAB[1:], "masked", OPEN, OPEN, SHUT),
    State("firewalld stopped", LAB[:1], "masked", "masked", SHUT, SHUT, HostFirewall(forward=DROPS), GONE, "masked"),
]  # fmt: skip


def gua(**more: t.Any) -> docker_objects.Container:
    """A container with a global address that publishes 80 and listens on 81 as well."""
    place = docker_objects.Endpoint("gua", "172.19.0.2", GUA, "172.19.0.1", "2001:2:0:d1::1")
    ears = {"ipv4": [], "ipv6": [("::", 80), ("::", 81)]}
    return container("web", place, **{"bindings": ASKED, "listeners": ears, **more})


def beside(version: str, options: dict[str, str] | None = None, **more: t.Any) -> Host:
    """A host with a global network."""
    networks = (hosts.BRIDGE, network("dual"), network("gua", ["172.19.0.0/16", GUA_SUBNET], options=options or {}))
    return around(version, networks=networks, **more)


def direct(found: docker_objects.Container, host: Host) -> dict[int, tuple[str, str]]:
    """Container port -> verdict and cause at the container's own address."""
    return {one.port.container_port: (one.verdict, one.cause) for one in direct_access.exposures(found, host)}


@pytest.mark.parametrize(
    ("state", "version"), [pytest.param(one, at, id=f"{one.name}, {at}") for one in STATES for at in one.engines]
)
def test_firewalls(state: State, version: str) -> None:
    # As measured: mode routed where there is one, and no masquerading where there is none.
    host = beside(version, {MODE6: "routed"}, firewall=state.firewall, **state.more)
    assert six(ONLY_FOUR, host)[0] == state.four
    assert seen(ONLY_FOUR, host)[0][1] == state.ipv4
    assert six(ULA_NAT, host)[0] == state.ula
    ports = direct(gua(), host)
    assert (ports[80][0], ports[81][0]) == (state.gua80, state.gua81)
    assert state.firewall.kind or "host_firewall" not in {one for _verdict, one in ports.values()}


@pytest.mark.parametrize(("firewall", "verdict"), [(UFW, SHUT), (FIREWALLD, DENIED)])
@pytest.mark.parametrize(("ip6tables", "proxy"), [*product(ON_OFF, ON_OFF)])
def test_what_ends_on_the_host_is_up_to_its_firewall(
    firewall: HostFirewall, verdict: str, ip6tables: bool, proxy: bool
) -> None:
    host = around("26.1.5", ip6tables, proxy, firewall=firewall)
    for found, dual in ((mail(), False), (mail(True), True)):
        expected = TABLE[dual, ip6tables, proxy]
        if expected == NO_PROXY and firewall is FIREWALLD:
            # Refused by one or the other.
            assert six(found, host) == NO_PROXY
        elif expected != REAL:
            assert six(found, host) == (verdict, "", "host_firewall")
        else:
            assert six(found, host) == REAL
    # A port that is published for IPv4 only.
    closed = FILTERED if firewall is UFW else UNPUBLISHED
    assert six(mail(ports=(PORT4,), bindings=(PORT4,)), host) == closed


@pytest.mark.parametrize(
    ("firewall", "expected"),
    [
        (HostFirewall("ufw", incoming="accept"), "masked"),
        (HostFirewall("ufw", incoming="reject"), DENIED),
        (HostFirewall("firewalld", incoming="drop"), SHUT),
        (HostFirewall("firewalld", incoming="accept"), "masked"),
        (HostFirewall("ufw", frozenset({("ipv6", 8080, "udp"), ("ipv4", 8080, "tcp"), ("ipv6", 80, "tcp")})), SHUT),
        (HostFirewall("ufw", frozenset({("ipv6", 8080, "tcp")})), "masked"),
    ],
)
def test_firewall_rules_and_defaults(firewall: HostFirewall, expected: str) -> None:
    assert six(mail(), around(firewall=firewall))[0] == expected


NO_MASQUERADE = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
TRUSTED = {"com.docker.network.bridge.trusted_host_interfaces": "eth1"}


# Measured on 20.10.24, 26.1.5 and 28.5.2, read in the source of 27 and 29.
@pytest.mark.parametrize(
    ("versions", "options", "more", "expected"),
    [
        (("20.10.24", "26.1.5", "27.5.1"), {}, {}, (OPEN, SHUT)),
        (("20.10.24", "26.1.5"), {MODE6: "routed"}, {}, (OPEN, SHUT)),
        (("20.10.24", "26.1.5"), {MODE6: "nat-unprotected"}, {}, (OPEN, SHUT)),
        (("20.10.24", "26.1.5", "27.5.1"), NO_MASQUERADE, {}, (OPEN, SHUT)),
        (("28.0.0", "28.5.2", "29.7.2"), {}, {}, (SHUT, SHUT)),
        (("27.5.1", "28.0.0", "28.5.2", "29.7.2"), {MODE6: "routed"}, {}, (OPEN, SHUT)),
        (("28.0.0", "28.5.2", "29.7.2"), {MODE6: "nat-unprotected"}, {}, (OPEN, OPEN)),
        (("28.5.2",), NO_MASQUERADE, {}, (SHUT, SHUT)),
        (("28.5.2",), {}, {"direct_routing": True}, (OPEN, SHUT)),
        (("28.5.2",), NO_MASQUERADE, {"direct_routing": True}, (OPEN, SHUT)),
        (("28.5.2",), TRUSTED, {}, ("unknown", SHUT)),
        (ENGINES, {}, {"ip6tables": False}, (OPEN, OPEN)),
        (ENGINES, {}, {"ip6tables": False, "firewall": HostFirewall(forward=DROPS)}, (SHUT, SHUT)),
        (ENGINES, {}, {"ip6tables": None}, ("unknown", "unknown")),
        (ENGINES, {}, {"forwards": False}, (SHUT, SHUT)),
        (("29.7.2",), {MODE6: "routed"}, {"backend": "nftables"}, (OPEN, SHUT)),
        (("29.7.2",), {MODE6: "routed"}, {"backend": "nftables", "firewall": UFW}, (SHUT, SHUT)),
        (("29.7.2",), {MODE6: "nat-unprotected"}, {"backend": "nftables"}, (OPEN, OPEN)),
    ],
)
def test_direct_access(
    versions: tuple[str, ...], options: dict[str, str], more: dict[str, t.Any], expected: tuple[str, str]
) -> None:
    for version in versions:
        ports = direct(gua(), beside(version, options, **more))
        assert (ports[80][0], ports[81][0]) == expected, version


TABLE_OF_OURS = nft_table.Table(GUA_SUBNET, "dms6-0123456789", (nft_table.Open(GUA, "tcp", 80),))


@pytest.mark.parametrize("version", ENGINES)
def test_our_own_firewall_closes_what_is_not_published(version: str) -> None:
    """Whatever else is open, and nothing of it opens what Docker closes."""
    host = beside(version, {MODE6: "nat-unprotected"}, ip6tables=False, table=TABLE_OF_OURS)
    assert direct(gua(), host) == {80: (OPEN, ""), 81: (SHUT, "routed_firewall")}
    elsewhere = TABLE_OF_OURS._replace(subnet="2001:2:0:d2::/80")
    assert direct(gua(), host._replace(table=elsewhere)) == {80: (OPEN, ""), 81: (OPEN, "")}
    # Where the host's own address leads there as well: to what is published, and so is open, and to nothing else.
    assert six(gua(), host)[0] == six(gua(), host._replace(table=None))[0]
    nat = beside(version, table=TABLE_OF_OURS._replace(ports=()))
    assert six(gua(), nat) == (SHUT, "", "routed_firewall")
    assert six(gua(), nat._replace(table=TABLE_OF_OURS)) == six(gua(), nat._replace(table=elsewhere)) == REAL
    shut = beside("28.5.2", table=TABLE_OF_OURS)
    assert direct(gua(), shut)[80] == (SHUT, "direct_access_closed")


def test_direct_access_takes_an_ipv6_binding() -> None:
    for version in OLD:
        assert direct(gua(ports=(PORT4,), bindings=(PORT4,)), beside(version))[80] == (SHUT, "direct_access_closed")
    # In mode routed none is listed, so that what the user wants decides.
    routed = beside("28.5.2", {MODE6: "routed"})
    assert direct(gua(ports=(PORT4,)), routed)[80] == (OPEN, "")
    assert direct(gua(ports=(PORT4,), bindings=(PORT4,)), routed)[80] == (SHUT, "direct_access_closed")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (gua(running=False), {}),
        (mail(), {}),
        (ULA_NAT, {}),
        (gua(listeners=None), {80: (OPEN, "")}),
        (gua(listeners={"ipv4": [("0.0.0.0", 80)], "ipv6": [("::1", 81)]}), {80: (DENIED, "ipv4_only_listener")}),
        (gua(listeners={"ipv4": [], "ipv6": [(GUA, 82)]}), {80: (OPEN, ""), 82: (SHUT, "direct_access_closed")}),
    ],
)
def test_who_has_direct_access(found: docker_objects.Container, expected: dict[int, tuple[str, str]]) -> None:
    assert direct(found, beside("26.1.5")) == expected


def test_a_routed_ula_may_be_reached() -> None:
    networks = (network("dual", options={MODE6: "routed"}),)
    assert direct(ULA_NAT, around("28.5.2", networks=networks)) == {80: (OPEN, "")}
    assert direct(ULA_NAT, around("26.1.5", networks=networks)) == {}


@pytest.mark.parametrize("more", [{"internal": True}, {"driver": "macvlan"}])
def test_no_direct_access_elsewhere(more: dict[str, t.Any]) -> None:
    networks = (network("gua", ["172.19.0.0/16", GUA_SUBNET], **more),)
    assert direct(gua(), around("26.1.5", networks=networks)) == {}
    assert direct(gua(), around("26.1.5", networks=())) == {}


@pytest.mark.parametrize(("version", "other"), [("26.1.5", SHUT), ("28.5.2", SHUT), ("29.0.0", OPEN)])
def test_ports_lead_to_one_network(version: str, other: str) -> None:
    """moby#50140: from 29.0 on mode routed opens a published port on every network."""
    places = (
        docker_objects.Endpoint("a", "172.19.0.2", GUA, "172.19.0.1", "x"),
        docker_objects.Endpoint("b", "172.20.0.2", "2001:2:0:d2::2", "172.20.0.1", "x"),
    )
    networks = (
        network("a", [GUA_SUBNET], options={MODE6: "routed"}),
        network("b", ["2001:2:0:d2::/80"], options={MODE6: "routed"}),
    )
    found = direct_access.exposures(container("web", *places, bindings=ASKED), around(version, networks=networks))
    assert [(one.port.host_ip, one.verdict) for one in found] == [(GUA, OPEN), ("2001:2:0:d2::2", other)]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (around("27.5.1"), "drop"),
        (around("28.0.0"), "accept"),
        (around("27.5.1", ip6tables=False), "accept"),
        (around("27.5.1", firewall=HostFirewall(forward={"ipv6": "accept", "ipv4": "drop"})), "accept"),
        (around("28.0.0", firewall=HostFirewall(forward={"ipv6": "drop", "ipv4": "accept"})), "drop"),
        (around("28.0.0", firewall=UFW), "drop"),
        (around("28.0.0", firewall=FIREWALLD), "accept"),
    ],
)
def test_forward_policy(host: Host, expected: str) -> None:
    assert published.forward_policy("ipv6", host) == expected


# --- the whole, and where it comes from

ALL_FIREWALLS = (HostFirewall(), UFW, FIREWALLD)


def test_every_answer_makes_sense() -> None:
    causes = set()
    for version, dual, ip6tables, proxy, firewall, ears, given in product(
        ENGINES, ON_OFF, (True, False, None), (True, False, None), ALL_FIREWALLS, (None, V4, V6), BINDINGS
    ):
        ports = tuple(docker_objects.Port(80, "tcp", one, 8080) for one in BINDINGS[given][0])
        found = mail(dual, ports=ports, listeners=ears)
        answers = published.exposures(found, around(version, ip6tables, proxy, firewall=firewall))
        assert {one.family for one in answers} == {"ipv4", "ipv6"}
        for one in answers:
            assert one.verdict in ("real", "masked", "refused", "timeout", "unknown")
            assert (one.cause == "") is (one.verdict == "real")
            assert (one.by != "") is (one.verdict == "masked")
            assert (one.verdict == "unknown") is one.cause.endswith("_unknown")
            causes.add(one.cause)
    assert causes - {""} <= set(published.CAUSES)


def test_surroundings_as_they_are_found() -> None:
    running = Daemon(version="28.5.2", settings={"ip6tables": False, "userland-proxy": False})
    found = hosts.host(running, containers=(mail(),), networks=(hosts.BRIDGE,), forwards=False, firewall=UFW)
    host = published.host(found)
    assert (host.version, host.ip6tables, host.userland_proxy, host.iptables) == (Version(28, 5, 2), False, False, True)
    assert (host.backend, host.direct_routing, host.forwards) == ("iptables", False, False)
    assert (host.networks, host.containers, host.firewall) == ((hosts.BRIDGE,), (mail(),), UFW)
    assert published.host(found._replace(no_ipv6="why")).firewall == UFW._replace(drops_ipv6=True)


NO_IPV6 = HostFirewall("ufw", frozenset({("ipv6", 8080, "tcp"), ("ipv4", 8080, "tcp")}))._replace(drops_ipv6=True)


@pytest.mark.parametrize("dual", [True, False])
@pytest.mark.parametrize("proxy", [True, False])
def test_a_firewall_that_drops_all_ipv6(dual: bool, proxy: bool) -> None:
    """Nothing comes through, whether translated, proxied, refused, or to the container's own address."""
    host = around(proxy=proxy, firewall=NO_IPV6)
    assert six(mail(dual), host) == ("timeout", "", "host_firewall")
    assert REAL4 in seen(mail(dual), host)
    direct = direct_access.exposures(mail(dual), host)
    assert {(one.verdict, one.cause) for one in direct} <= {("timeout", "host_firewall")}


@pytest.mark.parametrize(
    ("version", "settings", "flags", "expected"),
    [
        ("29.0.0", {}, {}, "iptables"),
        ("29.0.0", {"firewall-backend": ""}, {}, "iptables"),
        ("29.0.0", {"firewall-backend": "nftables"}, {}, "nftables"),
        ("29.0.0", {}, {"firewall-backend": "nftables"}, "nftables"),
        ("28.5.2", {"firewall-backend": "nftables"}, {}, "iptables"),
    ],
)
def test_backend(version: str, settings: dict[str, t.Any], flags: dict[str, str], expected: str) -> None:
    found = hosts.host(Daemon(version=version, settings=settings, flags=flags))
    assert daemon_plan.firewall_backend(found.daemon) == expected


def test_other_settings() -> None:
    running = Daemon(version="28.5.2", settings={"iptables": False, "allow-direct-routing": True})
    host = published.host(hosts.host(running))
    assert (host.iptables, host.direct_routing) == (False, True)
    unknown = hosts.host(Daemon(recorded=False))
    host = published.host(unknown._replace(daemon=unknown.daemon._replace(hints={})))
    assert (host.ip6tables, host.userland_proxy, host.iptables) == (None, None, None)
