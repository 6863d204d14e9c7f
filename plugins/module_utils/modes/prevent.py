# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode ``prevent``: IPv6 clients are refused, and IPv4 clients notice nothing.

Without docker-proxy nothing listens on ``[::]`` for a container that has no IPv6 address. What changes besides was seen
alike on Docker Engine 20.10.24, 26.1.5 and 28.5.2, with containers that ran through the restart:

=====================================  ====================  =========================================
client                                 userland-proxy on     off
=====================================  ====================  =========================================
another host over IPv6                 masked                refused
another host over IPv4                 real                  real
this host, ``::1`` or its IPv6         gateway               refused
this host, ``127.0.0.1``               gateway               gateway
this host, its own IPv4 address        that address          gateway
a container, the host's IPv4 address:
on the same network                    gateway               its own address
on another network                     gateway               dropped by Docker's isolation of networks
the container itself                   gateway               dropped until it is restarted (hairpin)
=====================================  ====================  =========================================
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..core import verdict
from ..core.refused import Refused
from ..daemon import on_host as daemon_on_host
from ..daemon import plan as daemon_planning
from ..engine import version as engine_version
from ..exposure import direct_access, newly_open, published
from ..state import docker_objects, engine_kind
from ..state import firewall as state_firewall
from ..state.firewall import IPV4, IPV6

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ..daemon.json_text import Settings
    from ..exposure.published import Exposure, Host
    from ..state.host import Found

SETTING = "userland-proxy"
WORDS = {IPV4: "IPv4", IPV6: "IPv6"}
# Why no client gets in over IPv6, whatever listens inside the container.
CLOSED = ("userland_proxy_off", "not_published", "loopback_only", "no_network", "internal_network")
# Options that say how containers are to get IPv6.
CONTRARY = (
    "network",
    "subnet",
    "prefix_length",
    "fleet_prefix",
    "address_pool",
    "attach",
    "compose_files",
    "compose_shape",
    "compose_services",
    "compose_edit",
    "gai_conf",
    "gai_conf_precedence",
    "gai_conf_prefixes",
    "addresses",
    "interface",
    "ndp_backend",
)
# Those that the narrow way takes.
IN_FILES = ("compose_files", "compose_services")
MAILCOW = "mailcow"
# The chain of mailcow's netfilter container.
MAILCOW_CHAIN = "MAILCOW"
REMEDY_DUAL = (
    "Take it off that network, publish its ports on 0.0.0.0 (dms_ipv6_prevent_compose does that in a Compose file),"
    " or use dms_ipv6_mode: nat"
)
REMEDY_HANG = "Let its clients in with dms_ipv6_mode: nat, or take it off that network"
LOCAL = (
    "on this host itself, published ports are refused at ::1 and at the host's IPv6 addresses from then on, and"
    " connections to the host's IPv4 addresses come from the gateway of the container's network"
)
BETWEEN = (
    "containers no longer reach published ports of containers on other networks at the host's address, and their own"
    " not before they are restarted"
)
STALE = (
    "Docker Engine {0} leaves a rule behind when this is undone (moby#44721): this host's own connections to containers"
    " come from their gateway until a reboot, or until `iptables -t nat -D POSTROUTING -o BRIDGE -m addrtype --src-type"
    " LOCAL -j MASQUERADE` was run for each bridge"
)
STARTED_SINCE = (
    "containers that were started while userland-proxy was off are refused over IPv6 until they are started again"
)
# A rule of that kind, first in FORWARD, drops them with userland-proxy on as well (seen on 20.10.24 and 26.1.5).
ISOLATED = (
    "mailcow is here ({0}), which isolates its network by rules of its own; with userland-proxy off they were reported"
    " to drop all traffic from outside (mailcow-dockerized#1145). See that IPv4 clients get in"
)


@dataclass(frozen=True)
class Wanted:
    """The role's variables that count in this mode.

    Attributes:
        containers: names or ids of those whose IPv6 clients must be refused; none for all that run.
        consent: containers may be stopped.
        compose: the narrow way, in Compose files.
        files: with that, paths of Compose files of projects as a whole, or of ``services``.
        services: of the projects; empty for those of the containers, or all.
    """

    containers: tuple[str, ...] = ()
    consent: bool = False
    compose: bool = False
    files: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreventPlan:
    """The plan for the host-wide way.

    Attributes:
        network: one without IPv6 on which a responder can prove it; empty for none.
        families: over which it can.
        ports: published ones of the containers named, as (family, port), to be probed as well.
    """

    config: Settings
    daemon_plan: daemon_planning.DaemonPlan
    warnings: tuple[str, ...]
    network: str
    families: tuple[str, ...]
    ports: tuple[tuple[str, int], ...]


def refuse_contradiction(given: Mapping[str, t.Any]) -> None:
    """Raise Refused for options that have a value of their own and mean the contrary of this mode.

    Args:
        given: options of docker_ipv6_info that differ from their defaults.
    """
    narrow = bool(given.get("prevent_compose"))
    names = [name for name in CONTRARY if not (narrow and name in IN_FILES)]
    contrary = [f"dms_ipv6_{name}: {_shown(given[name])}" for name in names if name in given]
    proxy = given.get("userland_proxy")
    if proxy or (narrow and proxy is not None):
        contrary.append(f"dms_ipv6_userland_proxy: {str(proxy).lower()}")
    if contrary:
        way = "dms_ipv6_prevent_compose" if narrow else "dms_ipv6_mode: prevent"
        raise Refused(
            f"{way} contradicts {', '.join(contrary)}",
            remedy="Remove what is meant for another mode, or choose that mode",
        )


def _shown(value: t.Any) -> str:
    return ", ".join(value) if isinstance(value, (list, tuple, dict)) else str(value)


def plan(wanted: Wanted, found: Found, ask: docker_objects.Ask, chains: Collection[str] = ()) -> PreventPlan:
    """The plan for the host-wide way: the daemon without docker-proxy.

    Args:
        wanted: the role's variables.
        found: what was read, its containers looked into.
        ask: looks up the containers wanted.
        chains: chains of the packet filter that other software has made.

    Raises:
        Refused: some client would still get in, or hang; nothing was changed.
    """
    _refuse_engine(found.daemon.version)
    concerned = _concerned(wanted, found, ask)
    if wanted.containers:
        engine_kind.refuse_tasks(concerned)
    now = published.host(found)
    after = now._replace(userland_proxy=False)
    _refuse_ways_in(concerned, bool(wanted.containers), after, REMEDY_DUAL)
    _refuse_asleep(concerned, found)
    _refuse_harm(found.containers, now, after)
    config: Settings = {} if daemon_planning.flag(SETTING, found.daemon) is False else {SETTING: False}
    daemon_plan = daemon_on_host.plan_daemon(daemon_planning.Wanted(config, consent=wanted.consent), found)
    rest = [container for container in found.containers if container not in concerned]
    warnings = (
        *(_consequences(found, rest, now, after, chains) if daemon_plan.changed else ()),
        *_not_prevented(wanted, found.containers, rest, after),
        *dropped(concerned, after),
    )
    named = concerned if wanted.containers else ()
    network = quiet_network(concerned, found)
    return PreventPlan(config, daemon_plan, warnings, network, families(after), ports(named, after))


def _refuse_engine(version: engine_version.Version) -> None:
    """Raise Refused for an engine that would let IPv6 clients hang instead."""
    engine_version.refuse_too_old(version)
    if not engine_version.has(version, "placeholder_of_one_family"):
        problem = f"IPv6 clients would hang with Docker Engine {version}, which takes their connections all the same"
        raise Refused(f"{problem} (moby#28492)", remedy="Upgrade Docker on this host")


def _concerned(wanted: Wanted, found: Found, ask: docker_objects.Ask) -> tuple[docker_objects.Container, ...]:
    """The containers whose clients must be refused: those named, running or not, or all that run."""
    looked_into = {container.id: container for container in found.containers}
    named = [ask.inspect(name) for name in wanted.containers]
    return tuple(looked_into.get(container.id, container) for container in named) if named else found.containers


def _published(container: docker_objects.Container, host: Host) -> Iterator[Exposure]:
    """What IPv6 clients get at published ports, those left out where no client gets in whatever listens inside."""
    by_host = container.network_mode == published.HOST_MODE
    for exposure in published.exposures(container, host):
        closed = exposure.cause in CLOSED or (by_host and exposure.verdict == verdict.REFUSED)
        swallowed = exposure.cause == "host_firewall" and not container.has_ipv6
        if exposure.family == IPV6 and not closed and not swallowed:
            yield exposure


def refuse_past_ports(named: Iterable[docker_objects.Container], host: Host) -> None:
    """Raise Refused for containers that IPv6 clients reach without any port being published over IPv6."""
    alone = (
        container._replace(ports=tuple(port for port in container.ports if ":" not in port.host_ip), bindings=())
        for container in named
    )
    _refuse_ways_in(alone, True, host, "Take it off that network, or let the service listen on IPv4 only")


def _refuse_ways_in(concerned: Iterable[docker_objects.Container], named: bool, after: Host, remedy: str) -> None:
    """Raise Refused, with the names of all containers, where IPv6 clients are not refused without docker-proxy."""
    ways = []
    for container in concerned:
        by_host = container.network_mode == published.HOST_MODE
        if by_host and not named:
            continue  # only warned of: it was not named
        place = _place(container, after)
        ways += [f"{place}: {_way_in(way, by_host)}" for way in _published(container, after)]
        ways += [
            f"{place}: clients reach {direct.port.host_ip} at port {direct.port.container_port},"
            " the container's own address"
            for direct in direct_access.exposures(container, after)
            if direct.verdict == verdict.REAL
        ]
    if ways:
        raise Refused("; ".join(dict.fromkeys(ways)), remedy=remedy)


def _place(container: docker_objects.Container, host: Host) -> str:
    """A container with the network that gives it IPv6, in words."""
    if container.network_mode == published.HOST_MODE:
        return f"container {container.name} in host network mode"
    target = published.gateway(container, IPV6, host)
    dual = (
        target.network if target else next((endpoint.network for endpoint in container.endpoints if endpoint.ipv6), "")
    )
    return f"container {container.name}" + (f" on network {dual}, which has IPv6" if dual else "")


def _way_in(exposure: Exposure, by_host: bool) -> str:
    port = f"port {exposure.port.host_port}"
    if by_host:
        return f"{port} is the host's own, and no setting of Docker closes it"
    if exposure.verdict == verdict.REAL:
        return f"IPv6 clients would still get in at {port}"
    if exposure.verdict == verdict.TIMEOUT:
        return f"IPv6 clients would hang at {port}"
    if exposure.verdict == verdict.REFUSED:
        return f"IPv6 clients get in at {port} as soon as its service listens for them"
    return f"it is unknown what IPv6 clients get at {port}: {published.CAUSES[exposure.cause]}"


def _refuse_asleep(concerned: Iterable[docker_objects.Container], found: Found) -> None:
    """Raise Refused for a container named that does not run and would be reached once it does."""
    dual = {network.name for network in found.networks if network.ipv6}
    for container in concerned:
        places = [endpoint.network for endpoint in container.endpoints if endpoint.network in dual]
        six = [port for port in container.bindings if not port.host_ip or ":" in port.host_ip]
        if not container.running and places and six:
            problem = f"it does not run, and IPv6 clients get in once it does: network {places[0]} has IPv6"
            raise Refused(problem, f"container {container.name}", REMEDY_DUAL)


def _refuse_harm(containers: Iterable[docker_objects.Container], now: Host, after: Host) -> None:
    """Raise Refused where clients would hang that do not today, even at a container that was not named."""
    harmed = []
    for container in containers:
        before = {
            (exposure.family, exposure.port): exposure.verdict for exposure in published.exposures(container, now)
        }
        for result in published.exposures(container, after):
            reached = before.get((result.family, result.port)) in (verdict.REAL, verdict.MASKED)
            if reached and _harms(result):
                place = _place(container, after) if result.family == IPV6 else f"container {container.name}"
                who = f"{WORDS[result.family]} clients would hang at port {result.port.host_port}"
                harmed.append(f"{place}: {who}, because {published.CAUSES[result.cause]}")
    if harmed:
        raise Refused("; ".join(dict.fromkeys(harmed)), remedy=REMEDY_HANG)


def _harms(after: Exposure) -> bool:
    """Whether a client who got an answer is worse off: IPv6 clients are to be refused, but not to hang."""
    if after.family == IPV6:
        return after.verdict == verdict.TIMEOUT
    return after.verdict not in (verdict.REAL, verdict.MASKED)


def _consequences(
    found: Found, rest: Iterable[docker_objects.Container], now: Host, after: Host, chains: Collection[str]
) -> Iterator[str]:
    """What the setting brings with it, while it is not in force yet."""
    yield LOCAL
    yield BETWEEN
    shut = [container.name for container in rest if _shut(container, now, after)]
    if shut:
        yield f"the setting is the whole daemon's: IPv6 clients of {', '.join(shut)} are refused as well"
    if not engine_version.has(found.daemon.version, "userland_proxy_rules_go"):
        yield STALE.format(found.daemon.version)
    names = [container.name for container in found.all_containers if _of_mailcow(container)]
    if names or MAILCOW_CHAIN in chains:
        seen = ", ".join(names[:3]) or f"the iptables chain {MAILCOW_CHAIN}"
        yield ISOLATED.format(seen)


def _shut(container: docker_objects.Container, now: Host, after: Host) -> bool:
    """Whether IPv6 clients get an answer from a container today, and none afterwards."""
    answered = [
        {
            (exposure.port.container_port, exposure.port.protocol, exposure.port.host_port)
            for exposure in exposures
            if exposure.family == IPV6
        }
        for exposures in (
            [exposure for exposure in published.exposures(container, now) if exposure.verdict == verdict.MASKED],
            [exposure for exposure in published.exposures(container, after) if exposure.verdict == verdict.REFUSED],
        )
    ]
    return bool(answered[0] & answered[1])


def _of_mailcow(container: docker_objects.Container) -> bool:
    project = container.labels.get(docker_objects.COMPOSE_PROJECT, "")
    return container.name.startswith(MAILCOW) or project.startswith(MAILCOW)


def _not_prevented(
    wanted: Wanted,
    containers: Iterable[docker_objects.Container],
    rest: Iterable[docker_objects.Container],
    after: Host,
) -> Iterator[str]:
    """Whose IPv6 clients go on to get in, whatever is set here."""
    by_host = [
        container
        for container in containers
        if container.network_mode == published.HOST_MODE and any(_published(container, after))
    ]
    for owner in by_host:
        numbers = ", ".join(str(way.port.host_port) for way in _published(owner, after))
        yield f"container {owner.name} is in host network mode: IPv6 clients still get in at port {numbers}"
    for owner in rest if wanted.containers else ():
        ways = [way for way in _published(owner, after) if way.verdict == verdict.REAL]
        if ways and owner not in by_host:
            yield f"{_place(owner, after)}, was not named: IPv6 clients still get in at port {ways[0].port.host_port}"


def quiet_network(concerned: Iterable[docker_objects.Container], found: Found) -> str:
    """A network without IPv6 for a responder: one that is concerned, or else the default bridge."""
    usable = {
        network.name
        for network in found.networks
        if network.driver == "bridge" and not network.ipv6 and not network.internal
    }
    theirs = sorted(end.network for container in concerned for end in container.endpoints if end.network in usable)
    return next(iter([*theirs, *(["bridge"] if "bridge" in usable else [])]), "")


def ports(named: Iterable[docker_objects.Container], after: Host) -> tuple[tuple[str, int], ...]:
    """The TCP ports to be probed: one that IPv4 clients do not reach would prove nothing by refusing IPv6 ones."""
    found = [port for family, port in published.served(named, after) if family == IPV4]
    return tuple((family, port) for port in found for family in families(after, port))


def families(host: Host, port: int = 0) -> tuple[str, ...]:
    """Over which a port shows what Docker does; 0 is one that is not let in. A firewall that drops hides all of it."""
    return (IPV4,) if host.firewall.at_the_door(IPV6, port, "tcp") == state_firewall.DROP else (IPV6, IPV4)


def dropped(containers: Iterable[docker_objects.Container], host: Host) -> Iterator[str]:
    """Where IPv6 clients hang because of the host's own firewall, today and afterwards."""
    found = {
        exposure.port.host_port
        for container in containers
        for exposure in published.exposures(container, host)
        if (exposure.family, exposure.verdict, exposure.cause) == (IPV6, verdict.TIMEOUT, "host_firewall")
    }
    if found:
        numbers = ", ".join(map(str, sorted(found)))
        yield f"{newly_open.name(host.firewall)} drops IPv6 packets to port {numbers}: clients hang there"


def undone(found: Found, daemon_plan: daemon_planning.DaemonPlan) -> tuple[str, ...]:
    """What an undo does not bring back by itself."""
    off = daemon_planning.effective(SETTING, found.daemon) is False
    if not off or not daemon_plan.restarts or not daemon_plan.settings.get(SETTING, True):
        return ()
    version = found.daemon.version
    stale = () if engine_version.has(version, "userland_proxy_rules_go") else (STALE.format(version),)
    return (STARTED_SINCE, *stale)
