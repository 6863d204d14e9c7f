# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else changes for the containers on a network that gets IPv6: their way out, their default route, their peers.

Said as warnings wherever a network is planned. What may leak or break is refused where the whole host is planned,
because only there it is known which containers were named and what was consented to.
"""

from __future__ import annotations

import typing as t

from ..core.refused import Refused
from ..exposure import published
from ..state import definitions, docker_objects
from ..state import firewall as state_firewall

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from ..state.docker_objects import Container, Endpoint, Network
    from ..state.host import Found

OPTION = "allow_leak"
# The option with which Docker Engine 28 gives an interface the name that its user likes.
NAME_OF_INTERFACE = "com.docker.network.endpoint.ifname"
# A container's place on a network that has IPv6 then.
DUAL = docker_objects.Endpoint("", "192.0.0.8", "fd00::8", "192.0.0.9", "fd00::9")
NAMED = (
    "give the containers that you named a network of their own: dms_ipv6_compose_shape named for a Compose project,"
    " else another dms_ipv6_network"
)
# What makes a bridge another way out than any other bridge of the host.
OWN_WAY = ("com.docker.network.host_ipv4", published.GATEWAY_MODE + state_firewall.IPV4)
MASQUERADES = "com.docker.network.bridge.enable_ip_masquerade"


class Joins(t.NamedTuple):
    """A container that gets a network with IPv6.

    Attributes:
        links: interfaces in its network namespace beside Docker's, such as a VPN's.
        sharing: names of the containers that run on its network (``network_mode: container:``).
    """

    container: Container
    network: str
    links: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """What an operator calls it."""
        return f"container {self.container.name}"


def joins(container: Container, network: str, found: Found, links: Callable[[int], tuple[str, ...]]) -> Joins:
    """What there is to know of a container that gets a network with IPv6."""
    named = {
        definitions.load(endpoint.settings).get("DriverOpts", {}).get(NAME_OF_INTERFACE)
        for endpoint in container.endpoints
    }
    beside = tuple(link for link in links(container.pid) if link not in named) if container.pid else ()
    modes = {f"{published.CONTAINER_MODE}{owner}" for owner in (container.id, container.name)}
    return Joins(
        container,
        network,
        beside,
        tuple(candidate.name for candidate in found.all_containers if candidate.network_mode in modes),
    )


def refuse_sharing(containers: Mapping[str, Container], found: Found) -> None:
    """Raise Refused for a container that runs on the network of another one: that one can be given IPv6, for both."""
    for name, container in containers.items():
        kind, _colon, owner = container.network_mode.partition(":")
        if f"{kind}:" == published.CONTAINER_MODE:
            owner_name = next(
                (candidate.name for candidate in found.all_containers if owner in (candidate.id, candidate.name)), owner
            )
            raise Refused(
                f"it runs on the network of container {owner_name}, so no network can be added to it",
                f"container {name}",
                f"Name {owner_name} in its place",
            )


def warnings(joining: Iterable[Joins], found: Found) -> Iterator[str]:
    """What to know of containers before they get a network with IPv6."""
    joined = tuple(joining)
    for join in joined:
        if join.container.no_ipv6:
            yield f"{join.where}: {_closed(join)}"
        elif _leaks(join, found):
            yield f"{join.where} gets an IPv6 way out: {_leaks(join, found)}"
        moved = _moved_route(join, found)
        if moved:
            yield f"{join.where}: its IPv4 default route moves from network {moved.network} to {join.network}"
    yield from _peers(joined, found)


def refuse(joining: Iterable[Joins], found: Found, named: Collection[str], allowed: Collection[str]) -> None:
    """Raise Refused for a container that would leak or lose its way, unless the user allowed it.

    Args:
        joining: containers that get a network with IPv6.
        found: what was read.
        named: names or ids that the user gave.
        allowed: names of those that may get an IPv6 way out beside a tunnel.
    """
    leaking: dict[str, str] = {}
    for join in joining:
        names = {join.container.name, join.container.id}
        if join.container.no_ipv6 and names & {*named}:
            raise Refused(_closed(join), join.where, "Re-create it without that sysctl, or take it out of the list")
        if not names & {*named}:
            _refuse_moved_route(join, found)
        if _leaks(join, found) and not names & {*allowed}:
            leaking[join.container.name] = _leaks(join, found)
    if leaking:
        raise Refused(
            "with IPv6 on its network it gets a way out that no tunnel over IPv4 covers: "
            + "; ".join(f"{name} ({why})" for name, why in leaking.items()),
            f"container {', '.join(leaking)}",
            f"Leave it alone and {NAMED}; or name it in {OPTION} ({', '.join(leaking)}) if it may. Nothing was changed",
        )


def _closed(join: Joins) -> str:
    return f"its own sysctl {join.container.no_ipv6} keeps IPv6 addresses away from it, whatever network it is on"


def _leaks(join: Joins, found: Found) -> str:
    """Why a new IPv6 way out of a container may be one beside its tunnel; empty if it has one already, or no tunnel."""
    inside = {network.name for network in found.networks if network.internal}
    if join.container.no_ipv6 or any(place.ipv6 and place.network not in inside for place in join.container.endpoints):
        return ""
    reasons = [f"it has {docker_objects.TUN}"] if join.container.tunnel else []
    reasons += [f"it has the interface {link}" for link in join.links]
    # Without a tunnel others on its network are its sidecars, which get what it gets.
    reasons += [f"{', '.join(join.sharing)} on its network"] if join.sharing and reasons else []
    return ", ".join(reasons)


def _peers(joining: Iterable[Joins], found: Found) -> Iterator[str]:
    """Containers that find each other over IPv6 from then on, where lists of trusted addresses may have IPv4 only."""
    new: dict[str, list[str]] = {}
    for join in joining:
        place = join.container.endpoint(join.network)
        if not join.container.no_ipv6 and not (place and place.ipv6):
            new.setdefault(join.network, []).append(join.container.name)
    for network, names in new.items():
        ready = {
            container.name
            for container in found.all_containers
            if (place := container.endpoint(network)) and place.ipv6
        }
        if len({*names, *ready}) > 1:
            yield (
                f"{', '.join(sorted({*names, *ready}))} on network {network} reach each other over IPv6 from then on:"
                " lists of trusted addresses there (mynetworks, trusted proxies, database grants) need its IPv6 subnet"
                " as well"
            )


def _moved_route(join: Joins, found: Found) -> Endpoint | None:
    """Where the IPv4 default route of a container leads today, None if it does not move."""
    host = published.host(found)
    places = [_as_running(place, found) for place in join.container.endpoints]
    others = [place for place in places if place.network != join.network]
    then = DUAL._replace(network=join.network, settings=_settings(join))
    before, after = (
        published.gateway(join.container._replace(endpoints=tuple(some)), state_firewall.IPV4, host)
        for some in (places, (*others, then))
    )
    moves = before and after and before.network != after.network
    return before if moves and before and _is_own_way(before, found) else None


def _settings(join: Joins) -> str:
    place = join.container.endpoint(join.network)
    return place.settings if place else "{}"


def _as_running(place: Endpoint, found: Found) -> Endpoint:
    """A place with addresses: a stopped container has none, and gets them at its start."""
    network = _network(place.network, found)
    six = "fd00::7" if network and network.ipv6 else ""
    four = "" if network and not any(subnet.version == 4 for subnet in network.subnets) else "192.0.0.7"
    return place._replace(ipv4=place.ipv4 or four, ipv6=place.ipv6 or six)


def _is_own_way(place: Endpoint, found: Found) -> bool:
    """Whether a default route there is another way out than by any bridge of the host, or was chosen by its user."""
    network = _network(place.network, found)
    if published.priority(place) or network is None:
        return published.priority(place) > 0
    if network.driver != "bridge":
        return True
    return network.options.get(MASQUERADES) == "false" or any(name in network.options for name in OWN_WAY)


def _network(name: str, found: Found) -> Network | None:
    return next((network for network in found.networks if network.name == name), None)


def _refuse_moved_route(join: Joins, found: Found) -> None:
    """Raise Refused for a default route that leads elsewhere than out of the host by its bridges, and would move."""
    before = _moved_route(join, found)
    if before:
        raise Refused(
            f"its IPv4 default route would move from network {before.network} to {join.network}, because Docker takes a"
            " dual-stack network before any other",
            join.where,
            f"Take it off {join.network}, or leave that as it is and {NAMED}. Nothing was changed",
        )
