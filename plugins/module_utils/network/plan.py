# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPv6 bridge network: wanted against found, compared field by field, and the steps from one to the other."""

from __future__ import annotations

import ipaddress
import types
import typing as t

from ..change.plan import Plan, Step
from ..core import ip
from ..core.refused import Refused
from ..engine import version as engine_version
from ..state import container_status, definitions, docker_objects, routed_mode
from . import listener_checks
from .steps import LABEL, ConnectContainer, CreateNetwork, DisconnectContainer, RemoveNetwork

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..engine.version import Version
    from ..state.docker_objects import Container, Endpoint, Network

PRESENT, ABSENT, RELEASED = "present", "absent", "released"
# A container in one of these shares another's network, or has none that a network could be added to.
FIXED_MODES = ("host", "none")


class WantedNetwork(t.NamedTuple):
    """What the caller asks for.

    Attributes:
        name: of the network.
        subnet: its IPv6 prefix; None only for a network that is to go.
        derived: whether ``subnet`` was derived (``auto``); then any acceptable prefix that is already there stays.
        containers: names or ids of containers that must be on it.
        state: present, absent (the network goes) or released (only our containers go).
        labels: of a network that is created, beside our own.
        options: those of mode ``routed``, see routed_mode; none for mode ``nat``.
        addresses: container, as in ``containers``, and the IPv6 address that it is to have there.
        inside: prefixes of the host's uplink of which the subnet may be a part.
    """

    name: str
    subnet: ipaddress.IPv6Network | None
    derived: bool = False
    containers: tuple[str, ...] = ()
    state: str = PRESENT
    labels: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    inside: tuple[ipaddress.IPv6Network, ...] = ()


# (option, what is wanted, what is found). Docker can change none of these in place.
COMPARED: tuple[tuple[str, Callable[[WantedNetwork], t.Any], Callable[[Network], t.Any]], ...] = (
    ("driver", lambda wanted: "bridge", lambda found: found.driver),
    ("internal", lambda wanted: False, lambda found: found.internal),
    ("enable_ipv6", lambda wanted: True, lambda found: found.ipv6),
    ("subnet", lambda wanted: {wanted.subnet}, lambda found: set(found.subnets6)),
    ("options", lambda wanted: dict(wanted.options), lambda found: routed_mode.ours(found.name, found.options)),
)


def differences(wanted: WantedNetwork, found: Network) -> list[tuple[str, t.Any, t.Any]]:
    """The rows of COMPARED in which wanted and found differ: (option, wanted, found)."""
    rows = [(option, want(wanted), has(found)) for option, want, has in COMPARED]
    return [(option, want, has) for option, want, has in rows if want != has and not _left_alone(option, wanted, found)]


def _left_alone(option: str, wanted: WantedNetwork, found: Network) -> bool:
    """A derived subnet gives way to one that exists, so that `auto` never replaces a working network."""
    if option != "subnet" or not wanted.derived or len(found.subnets6) != 1:
        return False
    existing = found.subnets6[0]
    return any(_part(existing, prefix) for prefix in wanted.inside) if wanted.options else not ip.special(existing)


class Around(t.NamedTuple):
    """What there is beside the network.

    Attributes:
        networks: every network of the engine.
        members: network name -> names of all containers, running or stopped, that belong to it.
        taken: what else must not be overlapped, as (label, network): pools, routes and addresses of the host.
        version: of the engine.
        look: finds a container by name, None if it is gone; called only for the members of a network that is replaced.
        transit: a free IPv6 prefix for the network on which containers wait in between.
        before: network -> its definition before we replaced it, and ``after``: the one that we gave it.
    """

    networks: tuple[Network, ...]
    members: Mapping[str, tuple[str, ...]]
    taken: tuple[tuple[str, ip.AnyNetwork], ...]
    version: Version
    look: Callable[[str], Container | None]
    transit: str
    before: Mapping[str, str] = types.MappingProxyType({})
    after: Mapping[str, str] = types.MappingProxyType({})


def plan(wanted: WantedNetwork, containers: Mapping[str, Container], around: Around) -> Plan:
    """The steps to the network wanted, with the containers wanted on it.

    Args:
        wanted: what is asked for.
        containers: the containers of ``wanted.containers``, inspected, by the name used there.
        around: what else there is.

    Raises:
        Refused: the subnet overlaps, or the change would disturb containers.
    """
    refuse_twins(wanted.name, around.networks)
    found = next((network for network in around.networks if network.name == wanted.name), None)
    if wanted.state != PRESENT:
        return _plan_away(wanted, found, around, containers.values())
    refuse_predefined(wanted.name)
    before = describe(found, containers.values())
    changes = differences(wanted, found) if found else []
    steps: tuple[Step, ...] = ()
    if found is None or changes:
        refuse_overlaps(wanted, around.networks, around.taken, around.version)
    if found is None:
        labels = {LABEL: "true", **dict(wanted.labels)}
        definition = definitions.new_network(wanted.name, str(wanted.subnet), labels, dict(wanted.options))
        steps = (CreateNetwork(wanted.name, definition),)
    elif changes:
        _refuse_unchangeable(found, changes)
        definition = definitions.with_ipv6(found.definition, str(wanted.subnet), dict(wanted.options))
        by_id = {containers[name].id: address for name, address in wanted.addresses}
        steps = replacement(found, definition, around, by_id)
    subnet = found.subnets6[0] if found and not changes else wanted.subnet
    placed = {containers[name].name: address for name, address in wanted.addresses}
    after = _described(wanted, subnet, sorted(containers[name].name for name in wanted.containers), placed)
    return Plan(before, after, (*steps, *connections(wanted, containers, replaced=bool(changes))))


def refuse_twins(name: str, networks: Iterable[Network]) -> None:
    """Raise Refused for a name that several networks have, which engines before 25.0 let happen."""
    several = sum(1 for network in networks if network.name == name)
    if several > 1:
        raise Refused(
            f"there are {several} of that name, and it is unknown which one is meant",
            f"network {name}",
            "Remove one of them by its id, or choose another network name",
        )


def replacement(
    found: Network, definition: str, around: Around, addresses: Mapping[str, str] | None = None
) -> tuple[Step, ...]:
    """The steps that put another network in the place of one, with all containers on it; see network_replacement.

    Args:
        found: the network that exists.
        definition: of the one wanted.
        around: what else there is.
        addresses: id of a container -> the IPv6 address that it is to have.
    """
    attached = _attached(found, around)
    given = _readdressed(found, definition, attached, addresses or {})
    return _swap(found, definition, attached, around, given)


def _attached(found: Network, around: Around) -> list[Container]:
    """All containers on a network, except those that are gone or being removed: nothing can be done to them."""
    inspected = [around.look(name) for name in around.members.get(found.name, ())]
    return [
        container
        for container in inspected
        if container and container.status not in container_status.LEAVING and container.endpoint(found.name)
    ]


def _readdressed(
    found: Network, definition: str, attached: Iterable[Container], wanted: Mapping[str, str]
) -> dict[str, str]:
    """Whose IPv6 address changes with the network: those named, and those whose address from us no longer fits.

    One that another program or user has chosen is left alone: network_replacement refuses what it does not fit.
    """
    ours = bool(routed_mode.ours(found.name, found.options))
    subnets = [ipaddress.ip_network(text, strict=False) for text in definitions.subnets(definition)]
    given: dict[str, str] = {}
    for container in attached:
        endpoint = container.endpoint(found.name)
        has = definitions.address6(endpoint.settings) if endpoint else ""
        fits = has and any(ipaddress.ip_address(has) in subnet for subnet in subnets)
        if container.id in wanted and (ours or not has):
            given[container.id] = wanted[container.id]
        elif has and ours and not fits:
            given[container.id] = ""
    return given


def _plan_away(wanted: WantedNetwork, found: Network | None, around: Around, ours: Iterable[Container]) -> Plan:
    """Our containers leave; the network goes if it is ours, and is what it was before if we replaced it."""
    moved = list(ours)
    before = describe(found, moved)
    leaving = _release(found, moved)
    if found and found.name in around.before:
        steps, warnings = _give_back(found, {container.id for container in leaving}, around)
        return Plan(before, describe(found, ()), (*leaving, *steps), warnings)
    removing = _remove(found, around.members, leaving) if wanted.state == ABSENT else []
    return Plan(before, "" if removing else describe(found, ()), (*leaving, *removing))


def _give_back(found: Network, leaving: set[str], around: Around) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """The network as it was before our replacement, unless it was replaced since."""
    if not definitions.same_network(found.definition, around.after[found.name]):
        return (), (f"network {found.name} is left as it is, because it was changed since",)
    attached = _attached(found, around)
    staying = [container for container in attached if container.id not in leaving]
    given = _readdressed(found, around.before[found.name], staying, {})
    return _swap(found, around.before[found.name], staying, around, given), ()


def _swap(
    found: Network, definition: str, attached: Iterable[Container], around: Around, given: Mapping[str, str]
) -> tuple[Step, ...]:
    from . import replacement as network_replacement  # most runs replace nothing

    return network_replacement.steps(found, definition, attached, around.transit, around.version, given)


def describe(found: Network | None, containers: Iterable[Container]) -> str:
    """A network in the words of the diff."""
    if found is None:
        return ""
    on_it = {container.name: endpoint for container in containers if (endpoint := container.endpoint(found.name))}
    subnet = found.subnets6[0] if found.ipv6 and found.subnets6 else None
    options = tuple(routed_mode.ours(found.name, found.options).items())
    addresses = {name: definitions.address6(endpoint.settings) for name, endpoint in on_it.items()} if options else {}
    return _described(WantedNetwork(found.name, subnet, options=options), subnet, sorted(on_it), addresses)


def _described(
    network: WantedNetwork,
    subnet: ipaddress.IPv6Network | None,
    containers: Iterable[str],
    addresses: Mapping[str, str],
) -> str:
    lines = [f"network: {network.name}", f"ipv6_subnet: {subnet or 'none'}"]
    lines += [f"option: {name}={value}" for name, value in sorted(network.options)]
    lines += [
        f"container: {container}{' at ' if addresses.get(container) else ''}{addresses.get(container, '')}"
        for container in containers
    ]
    return "\n".join(lines) + "\n"


def refuse_predefined(name: str) -> None:
    """Raise Refused for the engine's own networks."""
    if name in docker_objects.PREDEFINED:
        raise Refused(f"'{name}' is a network of the engine's own", "network", "Choose another name")


def refuse_overlaps(
    wanted: WantedNetwork,
    networks: Iterable[Network],
    taken: Iterable[tuple[str, ip.AnyNetwork]],
    version: Version,
) -> None:
    """Raise Refused if the subnet collides; Docker itself does not look at the host's IPv6 routes."""
    if wanted.subnet is None:
        return
    if wanted.subnet.prefixlen < 64 and not engine_version.has(version, "ipv6_subnet_beyond_64"):
        raise Refused(f"{wanted.subnet} is larger than a /64, which Docker Engine {version} does not handle", "subnet")
    others = [network for network in networks if network.name != wanted.name]
    for other in others:
        ip.refuse_overlap(wanted.subnet, [(f"Docker network {other.name}", subnet) for subnet in other.subnets])
    # What the engine's own bridges put there has been compared above, under their names.
    own = [subnet for other in networks for subnet in other.subnets6]
    foreign = [
        (label, network)
        for label, network in taken
        if network not in wanted.inside and not any(_part(network, subnet) for subnet in own)
    ]
    ip.refuse_overlap(wanted.subnet, foreign)


def _part(network: ip.AnyNetwork, subnet: ipaddress.IPv6Network) -> bool:
    return isinstance(network, ipaddress.IPv6Network) and network.subnet_of(subnet)


def _refuse_unchangeable(found: Network, changes: list[tuple[str, t.Any, t.Any]]) -> None:
    """Raise Refused for a network that another purpose than clients from outside was made for."""
    words = "; ".join(f"{option} is {_words(has)}, wanted {_words(want)}" for option, want, has in changes)
    if found.driver != "bridge":
        reason = f"the network exists with the driver {found.driver}"
    elif found.internal:
        reason = f"{words}: no client outside can reach its containers"
    elif definitions.load(found.definition).get("ConfigFrom"):
        reason = f"{words}, and it takes its configuration from another network"
    elif definitions.load(found.definition)["IPAM"]["Driver"] != "default":
        reason = f"{words}, and its addresses come from an IPAM plugin"
    else:
        return
    raise Refused(reason, f"network {found.name}", "Choose another name")


def _words(value: t.Any) -> str:
    if isinstance(value, (set, frozenset)):
        return " and ".join(sorted(map(str, value))) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name}={part}" for name, part in sorted(value.items())) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _release(found: Network | None, ours: Iterable[Container]) -> list[DisconnectContainer]:
    """Take off the containers that we put there; each must have another network to live on."""
    moved = [our for our in ours if found and our.endpoint(found.name)]
    alone = [container.name for container in moved if len(container.endpoints) < 2]
    if found and alone:
        raise Refused(f"{', '.join(alone)} has no other network", f"network {found.name}", "Connect it to one first")
    if found is None:
        return []
    # The last first: on the way back they come in order, so that each is given the address again that it had.
    places = [(container, endpoint) for container in moved if (endpoint := container.endpoint(found.name))]
    return [_leave(*place) for place in sorted(places, key=lambda place: _number(place[1].ipv4), reverse=True)]


def _number(address: str) -> int:
    return int(ipaddress.ip_address(address)) if address else 0


def _remove(
    found: Network | None, members: Mapping[str, tuple[str, ...]], leaving: Iterable[DisconnectContainer]
) -> list[Step]:
    """Remove the network; a container that stays on it is a reason to refuse."""
    if found is None:
        return []
    refuse_predefined(found.name)
    used = set(members.get(found.name, ())) - {container.name for container in leaving}
    if used:
        raise Refused(f"{', '.join(sorted(used))} still on it", f"network {found.name}", "Disconnect them first")
    return [RemoveNetwork(found.name, found.definition)]


def names(container: Container) -> str:
    """The settings of one more endpoint: the names that the container answers to on any of its networks."""
    found = {
        alias: None
        for endpoint in container.endpoints
        for alias in definitions.load(endpoint.settings).get("Aliases", ())
    }
    return definitions.dump({"Aliases": list(found)} if found else {})


def connections(wanted: WantedNetwork, containers: Mapping[str, Container], replaced: bool = False) -> list[Step]:
    """A step for each container that is not on the network yet, with the names it has on its other networks.

    One that is on it with another address than the one wanted leaves for a moment; not after a replacement, where it
    has been given that.
    """
    steps: list[Step] = []
    addresses = dict(wanted.addresses)
    for name in wanted.containers:
        container = containers[name]
        mode = container.network_mode
        if mode in FIXED_MODES or mode.startswith("container:"):
            raise Refused(
                f"it runs with network_mode {mode}, so no network can be added to it",
                f"container {name}",
                "Take it out of the list of containers",
            )
        endpoint, address = container.endpoint(wanted.name), addresses.get(name, "")
        settings = names(container) if endpoint is None else endpoint.settings
        place = definitions.with_address(settings, address) if address else settings
        if endpoint is None or (place != settings and not replaced):
            if endpoint:
                steps.append(_leave(container, endpoint))
            steps.append(ConnectContainer(container.name, container.id, wanted.name, place, container.running))
    return steps


def _leave(container: Container, endpoint: Endpoint) -> DisconnectContainer:
    listener_checks.refuse_restarting(container)
    return DisconnectContainer(container.name, container.id, endpoint.network, endpoint.settings, container.running)
