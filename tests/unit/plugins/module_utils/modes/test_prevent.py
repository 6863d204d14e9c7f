# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode ``prevent``: what it sets, what it refuses, and what it warns of."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import published as exposure_published
from ansible_collections.dms.ipv6.plugins.module_utils.modes import prevent
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects, engine_kind
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    PORT4,
    PORT6,
    ask,
    container,
    endpoint,
    host,
    network,
    of_compose,
)

ON = {"experimental": True, "ip6tables": True}
SIX = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:6::/64"])
EVERYWHERE = (docker_objects.Port(80, "tcp", "", 8080),)
LISTENS = {"ipv4": [("0.0.0.0", 80)], "ipv6": [("::", 80)]}


def published(name: str = "mail", *endpoints: docker_objects.Endpoint, **more: t.Any) -> docker_objects.Container:
    """A container that publishes its port without an address."""
    return container(name, *endpoints, **{"bindings": EVERYWHERE, **more})


def dual(name: str = "mail", **more: t.Any) -> docker_objects.Container:
    return published(name, endpoint("six", True), **more)


def daemon(ip6tables: bool = False, version: str = "26.1.5", **more: t.Any) -> Daemon:
    """One that had ip6tables as said at its start."""
    settings = {**(ON if ip6tables else {"ip6tables": False}), **more.pop("settings", {})}
    return Daemon(json.dumps(settings).encode(), settings, version=version, **more)


def found(*containers: docker_objects.Container, **more: t.Any) -> state_host.Found:
    """A host; with ``known`` False it is unknown what its daemon has."""
    known = more.pop("known", True)
    networks = more.pop("networks", (BRIDGE, SIX))
    there = host(more.pop("daemon", None) or daemon(), containers=containers, networks=networks, **more)
    return there if known else there._replace(daemon=there.daemon._replace(loaded=None, hints={}))


def plan(there: state_host.Found, *names: str, **more: t.Any) -> prevent.PreventPlan:
    known = (*there.containers, *there.stopped)
    wanted = prevent.Wanted(names, more.pop("consent", False))
    return prevent.plan(wanted, there, ask(*known), **more)


# --- the setting


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5", "28.5.2", "29.0.0"])
def test_setting(version: str) -> None:
    """docker-proxy goes, nothing else, and no container stops for it."""
    made = plan(found(published(), daemon=daemon(False, version)), "mail")
    assert made.config == {"userland-proxy": False}
    assert made.daemon_plan.settings == {"ip6tables": False, "userland-proxy": False}
    assert "restart docker.service; mail keeps running" in made.daemon_plan.sentences()


def test_nothing_is_left_to_do_afterwards() -> None:
    engine = daemon()
    there = found(published(), daemon=engine)
    engine.carry_out(plan(there, "mail").daemon_plan)
    again = plan(host(engine, containers=there.containers, networks=there.networks), "mail")
    assert (again.daemon_plan.steps, again.daemon_plan.warnings, again.warnings) == ((), (), ())
    assert again.config == {"userland-proxy": False}
    assert engine.killed == []


@pytest.mark.parametrize(("flag", "config"), [("false", {}), (None, {"userland-proxy": False})])
def test_what_a_flag_says_is_not_said_again(flag: str | None, config: dict[str, t.Any]) -> None:
    flags = {} if flag is None else {"userland-proxy": flag}
    made = plan(found(published(), daemon=daemon(flags=flags)))
    assert made.config == config
    assert made.daemon_plan.changed is bool(config)


def test_flag_that_says_the_contrary_is_refused() -> None:
    with pytest.raises(Refused, match="userland-proxy is also a flag of the running dockerd"):
        plan(found(published(), daemon=daemon(flags={"userland-proxy": "true"})))


def test_consent_stops_and_starts() -> None:
    made = plan(found(published()), consent=True)
    assert "restart docker.service; mail stopped and started" in made.daemon_plan.sentences()


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("19.03.15", "Docker Engine 19.3.15 has no IPv6 packet filter support"),
        ("20.10.4", "IPv6 clients would hang with Docker Engine 20.10.4"),
        ("20.10.5", ""),
    ],
)
def test_old_engines(version: str, words: str) -> None:
    there = found(published(), daemon=daemon(False, version))
    if words:
        with pytest.raises(Refused) as reason:
            plan(there)
        assert str(reason.value).startswith(words)
    else:
        plan(there)


# --- which clients it would not refuse

ROUTED = network(
    "six", ["172.19.0.0/16", "2001:2:0:6::/64"], options={f"{exposure_published.GATEWAY_MODE}ipv6": "routed"}
)
GLOBAL = endpoint("six", True)._replace(ipv6="2001:2:0:6::2")
DUAL = (
    "Take it off that network, publish its ports on 0.0.0.0 (dms_ipv6_prevent_compose does that in a Compose file), or"
    " use dms_ipv6_mode: nat"
)
UNSERVED = "neither packet filter rules nor userland-proxy serve the port"
DEAF: dict[str, t.Any] = {"ipv4": [], "ipv6": []}
BY_HOST = {"network_mode": "host", "endpoints": (), "ports": (), "bindings": (), "listeners": LISTENS}
WAYS_IN: list[tuple[str, docker_objects.Container, dict[str, t.Any], str]] = [
    (
        "dual-stack with ip6tables",
        dual(),
        {"daemon": daemon(True)},
        f"container mail on network six, which has IPv6: IPv6 clients would still get in at port 8080. {DUAL}.",
    ),
    (
        "dual-stack without ip6tables",
        dual(),
        {},
        "container mail on network six, which has IPv6: IPv6 clients would hang at port 8080. Take",
    ),
    (
        "one more network, which is dual-stack",
        published("mail", endpoint(), endpoint("six", True)),
        {"daemon": daemon(True)},
        "container mail on network six, which has IPv6: IPv6 clients would still get in",
    ),
    (
        "a service that does not listen on IPv6 yet",
        dual(listeners={"ipv4": [("0.0.0.0", 80)], "ipv6": []}),
        {"daemon": daemon(True)},
        "IPv6 clients get in at port 8080 as soon as its service listens for them",
    ),
    (
        "ip6tables is unknown",
        dual(),
        {"known": False},
        "it is unknown what IPv6 clients get at port 8080: it is unknown whether ip6tables is on",
    ),
    (
        "its own address, past the host's",
        published("mail", GLOBAL, ports=(PORT4,), listeners=LISTENS),
        {"daemon": daemon(True, "28.5.2"), "networks": (BRIDGE, ROUTED)},
        "container mail on network six, which has IPv6: clients reach 2001:2:0:6::2 at port 80, the container's own",
    ),
    (
        "host network mode",
        container("mail", **BY_HOST),
        {},
        "container mail in host network mode: port 80 is the host's own, and no setting of Docker closes it",
    ),
]


@pytest.mark.parametrize(("one", "more", "words"), [case[1:] for case in WAYS_IN], ids=[case[0] for case in WAYS_IN])
def test_refused_where_a_client_would_get_in(one: docker_objects.Container, more: dict[str, t.Any], words: str) -> None:
    with pytest.raises(Refused) as reason:
        plan(found(one, **more), "mail")
    assert words in str(reason.value)


SAFE: list[tuple[str, docker_objects.Container, dict[str, t.Any]]] = [
    ("no IPv6", published(), {}),
    ("no IPv6, with ip6tables", published(), {"daemon": daemon(True)}),
    ("ip6tables is unknown", published(), {"known": False}),
    ("on loopback only", dual(ports=(PORT4._replace(host_ip="127.0.0.1"),), bindings=()), {"daemon": daemon(True)}),
    (
        "published on 0.0.0.0 by name",
        dual(ports=(PORT4,), bindings=(PORT4._replace(host_ip="0.0.0.0"),)),
        {"daemon": daemon(True)},
    ),
    ("nothing published", dual(ports=(), bindings=()), {"daemon": daemon(True)}),
    ("host network mode without a listener", container("mail", **{**BY_HOST, "listeners": DEAF}), {}),
    ("an internal network", dual(), {"networks": (BRIDGE, SIX._replace(internal=True)), "daemon": daemon(True)}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "more"), [case[1:] for case in SAFE], ids=[case[0] for case in SAFE])
def test_not_refused(one: docker_objects.Container, more: dict[str, t.Any]) -> None:
    assert plan(found(one, **more), "mail").config == {"userland-proxy": False}


def test_all_containers_count_where_none_is_named() -> None:
    there = found(dual("mail"), dual("web"), published("shop"), daemon=daemon(True))
    with pytest.raises(Refused) as reason:
        plan(there)
    assert [name in str(reason.value) for name in ("container mail", "container web", "shop")] == [True, True, False]


def test_named_by_id() -> None:
    with pytest.raises(Refused, match="container mail on network six"):
        plan(found(dual(), daemon=daemon(True)), "mail-id")


ASLEEP: dict[str, t.Any] = {"running": False, "ports": (), "pid": 0}


@pytest.mark.parametrize(
    ("one", "refused"),
    [
        (dual(**ASLEEP), True),
        (dual(**ASLEEP, bindings=(PORT6._replace(host_ip="fd00::5"),)), True),
        (dual(**ASLEEP, bindings=(PORT4._replace(host_ip="0.0.0.0"),)), False),
        (dual(**ASLEEP, bindings=()), False),
        (published(**ASLEEP), False),
    ],
)
def test_container_that_does_not_run(one: docker_objects.Container, refused: bool) -> None:
    there = found(stopped=(one,))
    if refused:
        words = "container mail: it does not run, and IPv6 clients get in once it does: network six has IPv6"
        with pytest.raises(Refused, match=words):
            plan(there, "mail")
    else:
        assert plan(there, "mail").config


@pytest.mark.parametrize(("names", "refused"), [(("mail",), True), ((), False)])
def test_container_of_a_swarm_service(names: tuple[str, ...], refused: bool) -> None:
    there = found(published(labels={engine_kind.TASK: "1"}))
    if refused:
        with pytest.raises(Refused, match="Swarm"):
            plan(there, *names)
    else:
        plan(there)


# --- which clients it would harm


@pytest.mark.parametrize(
    ("other", "engine", "words"),
    [
        (
            dual("web"),
            daemon(),
            (
                "container web on network six, which has IPv6: IPv6 clients would hang at port 8080,"
                f" because {UNSERVED}. Let"
            ),
        ),
        (dual("web"), daemon(True), ""),
        (published("web"), daemon(), ""),
        # It hangs already.
        (dual("web"), daemon(settings={"userland-proxy": False}), ""),
    ],
)
def test_others_that_would_hang(other: docker_objects.Container, engine: Daemon, words: str) -> None:
    there = found(published("mail"), other, daemon=engine)
    if words:
        with pytest.raises(Refused) as reason:
            plan(there, "mail")
        assert str(reason.value).startswith(words)
    else:
        plan(there, "mail")


@pytest.mark.parametrize("iptables", [True, False])
def test_ipv4_that_would_hang(iptables: bool) -> None:
    there = found(published(), daemon=daemon(settings={"iptables": iptables}))
    if iptables:
        plan(there, "mail")
    else:
        with pytest.raises(
            Refused, match="container mail: IPv4 clients would hang at port 8080, because neither packet"
        ):
            plan(there, "mail")


# --- variables that contradict it


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"subnet": "fd00::/64"}, "dms_ipv6_subnet: fd00::/64"),
        ({"prefix_length": 80}, "dms_ipv6_prefix_length: 80"),
        ({"fleet_prefix": "fd00::/48"}, "dms_ipv6_fleet_prefix: fd00::/48"),
        ({"network": "six"}, "dms_ipv6_network: six"),
        ({"address_pool": "auto"}, "dms_ipv6_address_pool: auto"),
        ({"attach": "default_bridge"}, "dms_ipv6_attach: default_bridge"),
        ({"compose_files": ["/a", "/b"]}, "dms_ipv6_compose_files: /a, /b"),
        ({"compose_shape": "named"}, "dms_ipv6_compose_shape: named"),
        ({"compose_services": ["mail"]}, "dms_ipv6_compose_services: mail"),
        ({"compose_edit": "override"}, "dms_ipv6_compose_edit: override"),
        ({"addresses": {"mail": "2001:2::25"}}, "dms_ipv6_addresses: mail"),
        ({"interface": "eth0"}, "dms_ipv6_interface: eth0"),
        ({"ndp_backend": "kernel"}, "dms_ipv6_ndp_backend: kernel"),
        ({"userland_proxy": True}, "dms_ipv6_userland_proxy: true"),
        (
            {"userland_proxy": True, "subnet": "fd00::/64"},
            "dms_ipv6_subnet: fd00::/64, dms_ipv6_userland_proxy: true",
        ),
    ],
)
def test_contradictions_are_one_line(given: dict[str, t.Any], words: str) -> None:
    with pytest.raises(Refused) as reason:
        prevent.refuse_contradiction(given)
    remedy = "Remove what is meant for another mode, or choose that mode."
    assert str(reason.value) == f"dms_ipv6_mode: prevent contradicts {words}. {remedy}"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"userland_proxy": False},
        {"containers": ["mail"], "allow_container_restart": True, "docker_socket": "/x", "mode": "prevent"},
    ],
)
def test_no_contradiction(given: dict[str, t.Any]) -> None:
    prevent.refuse_contradiction(given)


# --- what it warns of

STALE, LOCAL, BETWEEN = "moby#44721", "on this host itself, published ports are refused at ::1", "on other networks"
WEB_PORTS = tuple(one._replace(host_port=8081) for one in (PORT4, PORT6))
MAILCOW = "mailcow is here"


def warned(*others: docker_objects.Container, engine: Daemon | None = None, named: bool = True, **more: t.Any) -> str:
    there = found(published("mail"), *others, daemon=engine, **more)
    names = ("mail",) if named else ()
    return "\n".join(plan(there, *names).warnings)


@pytest.mark.parametrize("words", [LOCAL, BETWEEN])
def test_local_connections(words: str) -> None:
    assert words in warned()
    off = {"userland-proxy": False}
    assert words not in warned(engine=daemon(settings=off))


@pytest.mark.parametrize(
    ("version", "stays"), [("20.10.24", True), ("22.6.0", True), ("23.0.0", False), ("28.5.2", False)]
)
def test_rules_that_stay_after_an_undo(version: str, stays: bool) -> None:
    assert (STALE in warned(engine=daemon(False, version))) is stays
    if stays:
        assert f"Docker Engine {version} leaves a rule behind" in warned(engine=daemon(False, version))


@pytest.mark.parametrize(
    ("other", "named", "expected"),
    [
        (published("web", ports=WEB_PORTS), True, "IPv6 clients of web are refused as well"),
        (published("web", ports=(PORT4,), bindings=(PORT4._replace(host_ip="0.0.0.0"),)), True, ""),
        (published("web", ports=(), bindings=()), True, ""),
        (published("web", ports=WEB_PORTS), False, ""),
    ],
)
def test_others_that_are_refused_as_well(other: docker_objects.Container, named: bool, expected: str) -> None:
    said = [one for one in warned(other, named=named).splitlines() if "as well" in one]
    assert len(said) == bool(expected)
    assert expected in "".join(said)


@pytest.mark.parametrize(
    ("other", "named", "expected"),
    [
        (container("web", **BY_HOST), True, "web is in host network mode: IPv6 clients still get in at port 80"),
        (container("web", **BY_HOST), False, "container web is in host network mode"),
        (container("web", **{**BY_HOST, "listeners": {"ipv4": [("0.0.0.0", 80)], "ipv6": []}}), True, ""),
        (
            dual("web", ports=WEB_PORTS),
            True,
            "container web on network six, which has IPv6, was not named: IPv6 clients still get in at port 8081",
        ),
        (published("web", ports=WEB_PORTS), True, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("off", [True, False])
def test_others_that_are_still_reached(other: docker_objects.Container, named: bool, expected: str, off: bool) -> None:
    """It is said as long as it is so, whether the setting is in force or not."""
    settings = {"userland-proxy": False} if off else {}
    lines = warned(other, named=named, engine=daemon(True, settings=settings)).splitlines()
    said = [one for one in lines if "still" in one]
    assert len(said) == bool(expected)
    assert expected in "".join(said)


@pytest.mark.parametrize(
    ("other", "chains", "seen"),
    [
        (container("mailcow-postfix-1", ports=()), (), "mailcow is here (mailcow-postfix-1)"),
        (
            of_compose("postfix-mailcow", project="mailcowdockerized", ports=()),
            (),
            "mailcow is here (mailcowdockerized-postfix-mailcow-1)",
        ),
        (container("shop", ports=()), ("MAILCOW",), "mailcow is here (the iptables chain MAILCOW)"),
        (container("my-mailcow", ports=()), ("DOCKER",), ""),
    ],
)
def test_isolation_by_others(other: docker_objects.Container, chains: tuple[str, ...], seen: str) -> None:
    made = plan(found(published("mail"), other), "mail", chains=chains)
    said = [one for one in made.warnings if MAILCOW in one]
    assert len(said) == bool(seen)
    assert "".join(said).startswith(seen)


def test_isolation_by_a_stack_that_is_stopped() -> None:
    there = found(published("mail"), stopped=(container("mailcow-postfix-1", running=False),))
    assert any(MAILCOW in one for one in plan(there, "mail").warnings)


# --- where it is proven


@pytest.mark.parametrize(
    ("networks", "places", "expected"),
    [
        ((BRIDGE, network("b", ["172.20.0.0/16"]), network("a", ["172.21.0.0/16"])), ("b", "a"), "a"),
        ((BRIDGE, SIX), ("bridge",), "bridge"),
        ((BRIDGE, network("a", ["172.21.0.0/16"], internal=True)), ("a",), "bridge"),
        ((BRIDGE, network("a", ["172.21.0.0/16"], driver="macvlan")), ("a",), "bridge"),
        ((network("bridge", ["172.17.0.0/16", "fd00::/64"]), network("a", ["172.21.0.0/16"])), ("a",), "a"),
        ((network("bridge", ["172.17.0.0/16", "fd00::/64"]),), (), ""),
    ],
)
def test_network_of_the_responder(networks: t.Any, places: tuple[str, ...], expected: str) -> None:
    """One without IPv6 on which published ports work, those of the containers first."""
    one = published("mail", *(endpoint(name) for name in places), bindings=(), ports=())
    one = one if places else one._replace(endpoints=())
    assert plan(found(one, networks=networks), "mail").network == expected


@pytest.mark.parametrize(
    ("one", "ports"),
    [
        (published(), [8080]),
        (published(ports=(PORT4,)), [8080]),
        (published(ports=(PORT4._replace(protocol="udp"),), bindings=()), []),
        (published(ports=(PORT4._replace(host_ip="127.0.0.1"),), bindings=()), []),
        (published(ports=(PORT4._replace(host_ip="192.0.0.8"),), bindings=()), []),
        (published(listeners={"ipv4": [("127.0.0.1", 80)], "ipv6": []}), []),
        (published(ports=(*WEB_PORTS, PORT4, PORT6), bindings=()), [8081, 8080]),
    ],
)
def test_ports_to_be_probed(one: docker_objects.Container, ports: list[int]) -> None:
    """Both families of each port that IPv4 clients reach; none of a container that was not named."""
    assert plan(found(one), "mail").ports == tuple((family, port) for port in ports for family in ("ipv6", "ipv4"))
    assert plan(found(one)).ports == ()


# --- a firewall of the host's own

UFW, OPEN = state_firewall.HostFirewall("ufw"), state_firewall.HostFirewall("ufw", frozenset({("ipv6", 8080, "tcp")}))
FIREWALLD = state_firewall.HostFirewall("firewalld")


@pytest.mark.parametrize(
    ("firewall", "families", "ports", "warns"),
    [
        (state_firewall.HostFirewall(), ("ipv6", "ipv4"), ("ipv6", "ipv4"), False),
        (UFW, ("ipv4",), ("ipv4",), True),
        (OPEN, ("ipv4",), ("ipv6", "ipv4"), False),
        (FIREWALLD, ("ipv6", "ipv4"), ("ipv6", "ipv4"), False),
    ],
)
def test_firewall(firewall: t.Any, families: tuple[str, ...], ports: tuple[str, ...], warns: bool) -> None:
    """What it drops hangs today as well, and shows nothing of Docker; what it rejects is refused."""
    made = plan(found(published(), firewall=firewall), "mail")
    assert made.families == families
    assert made.ports == tuple((family, 8080) for family in ports)
    said = [one for one in made.warnings if "drops" in one]
    assert said == (["UFW drops IPv6 packets to port 8080: clients hang there"] if warns else [])


def test_firewall_that_drops_is_no_excuse_for_ipv6() -> None:
    """An `ufw allow` would open it."""
    with pytest.raises(Refused, match="container mail on network six, which has IPv6: IPv6 clients would hang"):
        plan(found(dual(), firewall=UFW), "mail")


# --- what an undo does not bring back


@pytest.mark.parametrize(
    ("version", "settings", "expected"),
    [
        ("20.10.24", {"userland-proxy": False}, ["were started while userland-proxy was off", STALE]),
        ("28.5.2", {"userland-proxy": False}, ["were started while userland-proxy was off"]),
        ("20.10.24", {}, []),
    ],
)
def test_undone(version: str, settings: dict[str, t.Any], expected: list[str]) -> None:
    engine = daemon(settings=settings, version=version)
    there = found(published(), daemon=engine)
    said = prevent.undone(there, engine.plan(daemon_plan.Wanted({"init": True}, ("userland-proxy",))))
    assert len(said) == len(expected)
    assert all(words in one for words, one in zip(expected, said))


def test_an_undo_of_something_else() -> None:
    engine = daemon(settings={"userland-proxy": False})
    kept = engine.plan(daemon_plan.Wanted({"init": True}))
    assert kept.restarts
    assert prevent.undone(found(published(), daemon=engine), kept) == ()
