# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding, by a host that raises it and one that hardly differs and must not."""

from __future__ import annotations

import ast
import inspect
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.finding import Finding
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import iptables
from ansible_collections.dms.ipv6.plugins.module_utils.modes import findings as modes_findings
from ansible_collections.dms.ipv6.plugins.module_utils.modes import nat
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects, engine_kind
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import Order
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    container,
    endpoint,
    host,
    network,
    of_compose,
)

WANTED = nat.Wanted(containers=("mail",))
SHOP = "shop-mail-1"
DUAL = container("mail", endpoint("dms-ipv6", True))
UFW = state_firewall.HostFirewall("ufw")
OPEN = state_firewall.HostFirewall("ufw", frozenset({("ipv6", 8080, "tcp")}))


def healthy(
    version: str = "28.5.2", settings: t.Any = None, content: bytes | None = None, **more: t.Any
) -> state_host.Found:
    """A host on which nothing is wrong, or only what a test says."""
    daemon = Daemon(content=content, settings=settings or {}, version=version)
    return host(daemon, **{"containers": (DUAL,), "networks": (BRIDGE, network()), **more})


def newer(found: state_host.Found, **hints: bool) -> state_host.Found:
    """The same, with a file that is newer than the daemon."""
    return found._replace(daemon=found.daemon._replace(loaded=None, hints=hints))


def on(name: str, ipv6: bool = False, **more: t.Any) -> state_host.Found:
    """A host with a container on a network, and IPv6 for the default bridge in its file."""
    subnets = ["172.18.0.0/16", *(["fd5c:1ab0:7e57:1::/64"] if ipv6 else [])]
    there = {"bridge": BRIDGE, name: network(name, subnets)}
    file = {"ipv6": True, "fixed-cidr-v6": "fd5c:1ab0:7e57:2::/64"}
    found = healthy(settings=file, content=str(file).replace("'", '"').replace("True", "true").encode())
    return found._replace(networks=tuple(there.values()), containers=(container("mail", endpoint(name, ipv6)),), **more)


def routed(accept_ra: str, forwards: bool = False) -> state_host.Found:
    return healthy(ra_default=("eth0",), accept_ra={"eth0": accept_ra}, forwards=forwards)


def closed(firewall: state_firewall.HostFirewall, **more: t.Any) -> state_host.Found:
    return healthy(containers=(container(**more),), firewall=firewall)


class Pair(t.NamedTuple):
    """A host that raises a finding, one that does not, and words of the evidence."""

    raises: state_host.Found
    clean: state_host.Found
    words: str
    wanted: nat.Wanted = WANTED


WORDS = {
    "podman": "Podman",
    "docker_desktop": "Docker Desktop",
    "rootless": "RootlessKit",
    "snap": "snapd",
    "swarm": "ingress network",
}
USER = "-N DOCKER-USER\n-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-FORWARD\n"
DROPS = "-A DOCKER-USER -p tcp -j DROP\n"
WROTE = {"undo": {"keys": {"ip6tables": {"before": [], "set": [True]}}}}
GAVE_UP = {
    "date": "2026-11-30T09:00:00Z",
    "transaction": "run",
    "failed": ["docker.service: no."],
    "left": ["write /a"],
}
PAIRS = {
    "way_back_failed": Pair(
        healthy(record={"reverted": {**GAVE_UP, "gave_up": True}}),
        healthy(record={"reverted": {**GAVE_UP, "gave_up": False}}),
        "the host has given up: docker.service: no. Left to do: write /a",
    ),
    "masked": Pair(
        healthy(containers=(container(),)),
        healthy(),
        "container mail, port 80/tcp: IPv6 clients appear as 172.17.0.1, because",
    ),
    "hangs": Pair(
        healthy("26.1.5", {"userland-proxy": False}),
        healthy("28.5.2", {"userland-proxy": False}),
        "container mail, port 80/tcp: IPv6 clients get no answer and time out, because neither packet filter rules nor",
    ),
    "newly_exposed": Pair(
        closed(UFW), closed(OPEN), "container mail: enabling IPv6 opens 8080/tcp to all clients, which UFW closes today"
    ),
    "ipv4_only_rules": Pair(
        healthy(firewall=state_firewall.HostFirewall(chains=iptables.chains(USER + DROPS, "ipv4"))),
        healthy(firewall=state_firewall.HostFirewall(chains=iptables.chains(USER, "ipv4"))),
        "container mail, port 8080/tcp: IPv4 clients are kept out by chain DOCKER-USER of iptables; nothing does that",
    ),
    "daemon_json_invalid": Pair(
        healthy(content=b"{"), healthy(content=b"{}"), "/etc/docker/daemon.json: line 1, column 2"
    ),
    "daemon_json_pending": Pair(
        healthy(content=b'{"ip6tables": false}'),
        healthy(settings={"ip6tables": False}, content=b'{"ip6tables": false}', containers=()),
        "the running daemon does not have what /etc/docker/daemon.json says of ip6tables",
    ),
    "settings_taken_out": Pair(
        healthy(content=b'{"log-level": "info"}', record=WROTE),
        healthy(settings={"ip6tables": True}, content=b'{"ip6tables": true}', record=WROTE),
        "ip6tables went out of /etc/docker/daemon.json since this collection wrote it: another program writes the file",
    ),
    "settings_unknown": Pair(
        newer(healthy(content=b"{}"), ip6tables=True),
        newer(healthy(content=b"{}"), ip6tables=True, **{"userland-proxy": True}),
        "is newer than the running daemon, so it is unknown whether it has userland-proxy",
    ),
    "network_without_ipv6": Pair(
        on("shop"), on("shop", ipv6=True), "network shop of mail has no IPv6: ipv6 and fixed-cidr-v6 in"
    ),
    "accept_ra_danger": Pair(
        routed("1"), routed("2"), "eth0 comes from router advertisements, and with net/ipv6/conf/eth0/accept_ra = 1"
    ),
    "no_ip6_tables": Pair(
        healthy(no_ip6tables="there is no program ip6tables"),
        healthy(),
        "there is no program ip6tables: Docker Engine 28.5.2 starts all the same, but creates no network with IPv6",
    ),
    "ipv6nat": Pair(
        healthy("26.1.5", ipv6nat="ipv6nat"),
        healthy("26.1.5", {"ip6tables": True}),
        "container ipv6nat translates IPv6 for networks with ULAs, and Docker's own ip6tables is not used",
    ),
    "ipv6_dropped": Pair(healthy(no_ipv6="UFW drops it"), healthy(), "UFW drops it: IPv6 clients get no answer"),
    "not_durable": Pair(
        healthy(containers=(of_compose("mail", endpoint("dms-ipv6", True)),)),
        healthy(containers=(container(SHOP, endpoint("dms-ipv6", True)),)),
        f"container {SHOP} of Compose project shop is masked again once an `up` re-creates it",
        nat.Wanted(containers=(SHOP,)),
    ),
    "gateway_with_length": Pair(
        healthy(networks=(network("a", odd_gateway="fd5c::1/72"),)),
        healthy(networks=(network("a", gateways=("fd5c:1ab0:7e57:1::1",)),)),
        "the engine reports the gateway of network a as fd5c::1/72, with which Compose 5 and other new clients cannot",
    ),
    "forbidden_prefix": Pair(
        healthy(networks=(network("a", ["2001:db8::/64"]),)),
        healthy(networks=(network("a", ["2001:db9::/64"]),)),
        "network a uses 2001:db8::/64, reserved",
    ),
    "vanity_prefix": Pair(
        healthy(networks=(network("a", ["fd00:cafe:face:feed::/64"]),)),
        healthy(networks=(network("a", ["fd00:cafe:face:fee0::/64"]),)),
        "network a uses fd00:cafe:face:feed::/64, a well-known example",
    ),
    "ipv4_first": Pair(
        healthy(orders=(Order(True, "far", ("198.18.7.10", "2001:2::10"), "fd5c::1"),)),
        healthy(orders=(Order(True, "far", ("198.18.7.10", "2001:2::10"), "2001:2::1"),)),
        "try 198.18.7.10 before 2001:2::10 for far: one of fd5c::1, from which they would connect, and that address is",
    ),
    **{kind: Pair(healthy(environment=(kind,)), healthy(), WORDS[kind]) for kind in engine_kind.KINDS},
}


@pytest.mark.parametrize(
    ("name", "record", "files", "expected"),
    [
        # It was made with this network, so it has it again, whatever its file says of IPv6.
        ("shared", {}, True, ""),
        ("shared", {"replaced": {"shared": {}}}, True, ""),
        ("shared", {"moves": {"shared": ["other-id"]}}, True, ""),
        # We put it there.
        ("shared", {"moves": {"shared": [f"{SHOP}-id"]}}, True, "Put the network into the Compose file as well"),
        ("dms-ipv6", {}, True, "Put the network into the Compose file as well"),
        # No Compose file is there to edit.
        ("dms-ipv6", {}, False, "Have the program that makes it put it on network dms-ipv6"),
    ],
)
def test_what_a_container_keeps(name: str, record: dict[str, t.Any], files: bool, expected: str) -> None:
    mail = of_compose("mail", endpoint(name, True))
    if not files:
        mail = mail._replace(labels={docker_objects.COMPOSE_PROJECT: "shop"})
    found = healthy(containers=(mail,), networks=(BRIDGE, network(name)), record=record)
    durable = [one for one in findings(found, nat.Wanted(network=name, containers=(SHOP,))) if one.id == "not_durable"]
    assert [one.remedy.startswith(expected) for one in durable] == [True] * bool(expected)
    assert all(("`up`" in one.evidence) is files for one in durable)


def findings(found: state_host.Found, wanted: nat.Wanted = WANTED) -> list[Finding]:
    return modes_findings.findings(found, wanted, wanted.containers)


def literals(source: str) -> set[str]:
    """The ids that a source text raises by name."""
    calls = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)]
    named = [
        one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id in ("_finding", "_at", "Finding")
    ]
    return {str(one.value) for one in named if isinstance(one, ast.Constant)}


def test_every_id_has_a_pair() -> None:
    raised = literals(inspect.getsource(modes_findings)) | {*engine_kind.KINDS}
    assert raised == {*PAIRS} == {*modes_findings.SEVERITIES}


@pytest.mark.parametrize("name", [*PAIRS])
def test_raised(name: str) -> None:
    pair = PAIRS[name]
    (found,) = (one for one in findings(pair.raises, pair.wanted) if one.id == name)
    assert found.severity == modes_findings.SEVERITIES[name]
    assert pair.words in found.evidence
    assert found.remedy and not found.remedy.endswith(".") and not found.evidence.endswith(".")


@pytest.mark.parametrize("name", [*PAIRS])
def test_not_raised(name: str) -> None:
    pair = PAIRS[name]
    assert name not in [one.id for one in findings(pair.clean, pair.wanted)]


def test_nothing_is_wrong_on_a_healthy_host() -> None:
    assert findings(healthy()) == []


@pytest.mark.parametrize("kind", engine_kind.KINDS)
def test_what_the_model_is_not_about_is_not_judged(kind: str) -> None:
    """Everything is wrong on this host, by what is read of a dockerd that is not there."""
    broken = healthy(
        "26.1.5",
        content=b"{",
        containers=(container(),),
        environment=(kind,),
        ra_default=("eth0",),
        accept_ra={"eth0": "1"},
    )
    ids = [one.id for one in findings(broken)]
    judged = [kind, "masked", "daemon_json_invalid", "accept_ra_danger"]
    assert ids == ([kind] if kind in engine_kind.ELSEWHERE else judged)


@pytest.mark.parametrize(
    ("containers", "allow", "expected"),
    [
        ((), (), ["mail", "web"]),
        (("web",), (), ["web"]),
        (("web-id",), (), ["web"]),
        ((), ("8080/tcp",), []),
        ((), ("web:8080/tcp",), ["mail"]),
        ((), ("all",), []),
        ((), ("81/tcp", "db:8080/tcp"), ["mail", "web"]),
    ],
)
def test_whose_ports_would_be_open(containers: tuple[str, ...], allow: tuple[str, ...], expected: list[str]) -> None:
    """Those who are to have IPv6; all containers of a host where none is named."""
    found = closed(UFW)._replace(containers=(container("mail"), container("web")))
    wanted = nat.Wanted(containers=containers, allow_exposure=allow)
    evidence = [one.evidence for one in findings(found, wanted) if one.id == "newly_exposed"]
    assert [one.split(":")[0] for one in evidence] == [f"container {name}" for name in expected]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (on("bridge"), []),
        (on("shop"), ["network_without_ipv6"]),
        (on("shop", ipv6=True), []),
        (on("shop")._replace(containers=(container("mail", endpoint("shop"), ports=()),)), []),
        (on("shop")._replace(containers=(container("mail", endpoint("shop"), endpoint("six", True)),)), []),
        (on("shop")._replace(networks=(network("shop", ["172.18.0.0/16"], driver="macvlan"),)), []),
        (healthy(networks=(network("shop", []),), containers=(container("mail", endpoint("shop")),)), []),
    ],
)
def test_settings_of_the_default_bridge(found: state_host.Found, expected: list[str]) -> None:
    assert [one.id for one in findings(found) if one.id == "network_without_ipv6"] == expected


@pytest.mark.parametrize(
    ("content", "settings", "borrowed", "names"),
    [
        (b'{"mtu": 1400}', {}, False, "mtu"),
        (b"{}", {"log-level": "debug"}, False, "log-level"),
        (b'{"live-restore": true}', {}, False, "live-restore"),
        (b'{"live-restore": true}', {}, [], ""),
        (b'{"ip6tables": true}', {}, False, ""),
    ],
)
def test_what_waits_for_a_restart(content: bytes, settings: t.Any, borrowed: t.Any, names: str) -> None:
    """A default that is written out changes nothing, and what we have borrowed is not an edit of the user's."""
    found = healthy(content=content, settings=settings, borrowed=borrowed)
    evidence = [one.evidence for one in findings(found) if one.id == "daemon_json_pending"]
    assert evidence == ([f"the running daemon does not have what {found.path} says of {names}"] if names else [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, []),
        (b"{}", ["ip6tables, userland-proxy"]),
        (b'{"mtu": 1, "ip6tables": true}', ["ip6tables, userland-proxy, mtu"]),
    ],
)
def test_what_is_unknown(content: bytes | None, expected: list[str]) -> None:
    """A host that never had the file is not blamed for it."""
    found = newer(healthy(content=content))
    found = found._replace(daemon=found.daemon._replace(observed={}))
    evidence = [one.evidence for one in findings(found) if one.id == "settings_unknown"]
    assert [one.split("whether it has ")[1] for one in evidence] == expected


@pytest.mark.parametrize(
    ("forwards", "words"), [(False, "once Docker's first IPv6 network is there"), (True, "now that the host forwards")]
)
def test_when_the_route_is_lost(forwards: bool, words: str) -> None:
    (one,) = findings(routed("1", forwards)._replace(containers=()))
    assert words in one.evidence


@pytest.mark.parametrize(
    ("version", "settings", "words"),
    [
        ("26.1.5", {}, "Docker Engine 26.1.5 does not start with ip6tables then"),
        ("27.0.1", {}, "Docker Engine 27.0.1 starts all the same"),
        ("29.0.0", {"firewall-backend": "nftables"}, ""),
        ("29.0.0", {}, "Docker Engine 29.0.0 starts all the same"),
    ],
)
def test_without_ip6tables(version: str, settings: t.Any, words: str) -> None:
    found = healthy(version, settings, no_ip6tables="it fails", containers=())
    evidence = [one.evidence for one in findings(found) if one.id == "no_ip6_tables"]
    assert [words in one for one in evidence] == ([True] if words else [])


def test_causes_are_named() -> None:
    (one,) = findings(healthy("26.1.5"))
    assert one.evidence.endswith("IPv6 clients appear as fd5c:1ab0:7e57:1::1, because ip6tables is off")
