# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPv6 bridge network: wanted against found, compared field by field, and the steps from one to the other."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils import _address, _engine, _found
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._engine import Version
    from ansible_collections.dms.ipv6.plugins.module_utils._found import Container, Network

LABEL = "dms.ipv6.managed"
PRESENT, ABSENT, RELEASED = "present", "absent", "released"
# A container in one of these shares another's network, or has none that a network could be added to.
FIXED_MODES = ("host", "none")


@dataclass(frozen=True)
class WantedNetwork:
    """What the caller asks for.

    Attributes:
        name: of the network.
        subnet: its IPv6 prefix; None only for a network that is to go.
        derived: whether ``subnet`` was derived (``auto``); then any acceptable prefix that is already there stays.
        containers: names or ids of containers that must be on it.
        state: present, absent (the network goes) or released (only our containers go).
    """

    name: str
    subnet: ipaddress.IPv6Network | None
    derived: bool = False
    containers: tuple[str, ...] = ()
    state: str = PRESENT


@dataclass(frozen=True)
class CreateNetwork(Step):
    """Create a bridge network; the engine chooses what is not said.

    Attributes:
        subnets: pairs of subnet and gateway, as text; an empty gateway is left to the engine.
    """

    name: str
    ipv6: bool
    subnets: tuple[tuple[str, str], ...]
    internal: bool = False
    options: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ((LABEL, "true"),)

    def __str__(self) -> str:
        return f"create network {self.name} with {', '.join(subnet for subnet, _gateway in self.subnets)}"

    def inverse(self) -> Step:
        """The network gone."""
        return RemoveNetwork(self.name)


@dataclass(frozen=True)
class RemoveNetwork(Step):
    """Remove a network that no container uses; ``definition`` is the way back."""

    name: str
    definition: CreateNetwork | None = None

    def __str__(self) -> str:
        return f"remove network {self.name}"

    def inverse(self) -> Step | None:
        """The network as it was."""
        return self.definition


@dataclass(frozen=True)
class DisconnectContainer(Step):
    """Take a container off a network."""

    name: str
    id: str
    network: str
    aliases: tuple[str, ...] = ()
    running: bool = True

    def __str__(self) -> str:
        return f"disconnect {self.name} from network {self.network}"

    def inverse(self) -> Step:
        """The container on the network."""
        return ConnectContainer(self.name, self.id, self.network, self.aliases, self.running)


@dataclass(frozen=True)
class ConnectContainer(Step):
    """Connect a container to a network; it goes on running, its established connections are cut."""

    name: str
    id: str
    network: str
    aliases: tuple[str, ...]
    running: bool

    def __str__(self) -> str:
        state = "while it runs; its established connections are cut" if self.running else "which is stopped"
        return f"connect {self.name} to network {self.network} ({state})"

    def inverse(self) -> Step:
        """The container off the network."""
        return DisconnectContainer(self.name, self.id, self.network, self.aliases, self.running)


def definition(found: Network) -> CreateNetwork:
    """A network as the step that would create it again."""
    gateways = {
        str(subnet): gateway
        for subnet in found.subnets
        for gateway in found.gateways
        if ipaddress.ip_address(gateway) in subnet
    }
    return CreateNetwork(
        found.name,
        found.ipv6,
        tuple((str(one), gateways.get(str(one), "")) for one in found.subnets),
        found.internal,
        tuple(sorted(found.options.items())),
        tuple(sorted(found.labels.items())),
    )


# (option, what is wanted, what is found). Docker can change none of these in place.
COMPARED: tuple[tuple[str, Callable[[WantedNetwork], t.Any], Callable[[Network], t.Any]], ...] = (
    ("driver", lambda wanted: "bridge", lambda found: found.driver),
    ("internal", lambda wanted: False, lambda found: found.internal),
    ("enable_ipv6", lambda wanted: True, lambda found: found.ipv6),
    ("subnet", lambda wanted: {wanted.subnet}, lambda found: set(found.subnets6)),
)


def differences(wanted: WantedNetwork, found: Network) -> list[tuple[str, t.Any, t.Any]]:
    """The rows of COMPARED in which wanted and found differ: (option, wanted, found)."""
    rows = [(option, want(wanted), has(found)) for option, want, has in COMPARED]
    return [(option, want, has) for option, want, has in rows if want != has and not _left_alone(option, wanted, found)]


def _left_alone(option: str, wanted: WantedNetwork, found: Network) -> bool:
    """A derived subnet gives way to one that is there, so that `auto` never replaces a working network."""
    return (
        option == "subnet" and wanted.derived and len(found.subnets6) == 1 and not _address.special(found.subnets6[0])
    )


def plan(
    wanted: WantedNetwork,
    networks: Iterable[Network],
    members: Mapping[str, tuple[str, ...]],
    containers: Mapping[str, Container],
    taken: Iterable[tuple[str, _address.AnyNetwork]],
    version: Version,
) -> Plan:
    """The steps to the network wanted, with the containers wanted on it.

    Args:
        wanted: what is asked for.
        networks: every network of the engine.
        members: network name -> names of all containers, running or stopped, that belong to it.
        containers: the containers of ``wanted.containers``, inspected, by the name used there.
        taken: what else must not be overlapped, as (label, network): routes and addresses of the host.
        version: of the engine.

    Raises:
        Refused: the subnet overlaps, or the change would disturb containers.
    """
    everything = list(networks)
    found = next((one for one in everything if one.name == wanted.name), None)
    before = describe(found, containers.values())
    if wanted.state != PRESENT:
        return _plan_away(wanted, found, members, containers.values())
    refuse_predefined(wanted.name)
    steps: list[Step] = []
    changes = differences(wanted, found) if found else []
    if found and changes:
        steps += _replace(found, changes, members)
    if found is None or changes:
        refuse_overlaps(wanted, everything, taken, version)
        steps.append(CreateNetwork(wanted.name, True, ((str(wanted.subnet), ""),)))
    steps += connections(wanted, containers, recreated=bool(changes))
    subnet = found.subnets6[0] if found and not changes else wanted.subnet
    return Plan(before, _described(wanted.name, subnet, sorted(wanted.containers)), tuple(steps))


def _plan_away(
    wanted: WantedNetwork,
    found: Network | None,
    members: Mapping[str, tuple[str, ...]],
    ours: Iterable[Container],
) -> Plan:
    moved = list(ours)
    leaving = _release(found, moved)
    removing = _remove(found, members, leaving) if wanted.state == ABSENT else []
    after = "" if removing else describe(found, ())
    return Plan(describe(found, moved), after, (*leaving, *removing))


def describe(found: Network | None, containers: Iterable[Container]) -> str:
    """A network in the words of the diff."""
    if found is None:
        return ""
    on_it = sorted(one.name for one in containers if one.endpoint(found.name))
    subnet = found.subnets6[0] if found.ipv6 and found.subnets6 else None
    return _described(found.name, subnet, on_it)


def _described(name: str, subnet: ipaddress.IPv6Network | None, containers: Iterable[str]) -> str:
    lines = [f"network: {name}", f"ipv6_subnet: {subnet or 'none'}", *(f"container: {one}" for one in containers)]
    return "\n".join(lines) + "\n"


def refuse_predefined(name: str) -> None:
    """Raise Refused for the engine's own networks."""
    if name in _found.PREDEFINED:
        raise Refused(f"'{name}' is a network of the engine's own", "network", "Choose another name")


def refuse_overlaps(
    wanted: WantedNetwork,
    networks: Iterable[Network],
    taken: Iterable[tuple[str, _address.AnyNetwork]],
    version: Version,
) -> None:
    """Raise Refused if the subnet collides; Docker itself does not look at the host's IPv6 routes."""
    if wanted.subnet is None:
        return
    if wanted.subnet.prefixlen < 64 and not _engine.has(version, "ipv6_subnet_beyond_64"):
        raise Refused(f"{wanted.subnet} is larger than a /64, which Docker Engine {version} does not handle", "subnet")
    others = [one for one in networks if one.name != wanted.name]
    for other in others:
        _address.refuse_overlap(wanted.subnet, [(f"Docker network {other.name}", one) for one in other.subnets])
    # What the engine's own bridges put there has been compared above, under their names.
    own = [one for other in networks for one in other.subnets6]
    foreign = [(label, one) for label, one in taken if not any(_inside(one, subnet) for subnet in own)]
    _address.refuse_overlap(wanted.subnet, foreign)


def _inside(one: _address.AnyNetwork, subnet: ipaddress.IPv6Network) -> bool:
    return isinstance(one, ipaddress.IPv6Network) and one.subnet_of(subnet)


def _replace(
    found: Network, changes: list[tuple[str, t.Any, t.Any]], members: Mapping[str, tuple[str, ...]]
) -> list[Step]:
    """Docker can change no network in place: remove it first, unless anybody uses it."""
    words = "; ".join(f"{option} is {_words(has)}, wanted {_words(want)}" for option, want, has in changes)
    if found.driver != "bridge":
        raise Refused(
            f"the network exists with the driver {found.driver}", f"network {found.name}", "Choose another name"
        )
    used = members.get(found.name, ())
    if used:
        raise Refused(
            f"{words}; Docker cannot change that in place, and {', '.join(used)} would have to leave it",
            f"network {found.name}",
            "Choose another network name",
        )
    return [RemoveNetwork(found.name, definition(found))]


def _words(value: t.Any) -> str:
    if isinstance(value, (set, frozenset)):
        return " and ".join(sorted(map(str, value))) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _release(found: Network | None, ours: Iterable[Container]) -> list[DisconnectContainer]:
    """Take off the containers that we put there; each must have another network to live on."""
    moved = [one for one in ours if found and one.endpoint(found.name)]
    alone = [one.name for one in moved if len(one.endpoints) < 2]
    if found and alone:
        raise Refused(f"{', '.join(alone)} has no other network", f"network {found.name}", "Connect it to one first")
    name = found.name if found else ""
    return [DisconnectContainer(one.name, one.id, name, _aliases(one), one.running) for one in moved]


def _remove(
    found: Network | None, members: Mapping[str, tuple[str, ...]], leaving: Iterable[DisconnectContainer]
) -> list[Step]:
    """Remove the network; anybody who stays on it is a reason to refuse."""
    if found is None:
        return []
    refuse_predefined(found.name)
    used = set(members.get(found.name, ())) - {one.name for one in leaving}
    if used:
        raise Refused(f"{', '.join(sorted(used))} still on it", f"network {found.name}", "Disconnect them first")
    return [RemoveNetwork(found.name, definition(found))]


def _aliases(container: Container) -> tuple[str, ...]:
    """The names that it answers to on any of its networks."""
    return tuple(sorted({alias for one in container.endpoints for alias in one.aliases}))


def connections(wanted: WantedNetwork, containers: Mapping[str, Container], recreated: bool = False) -> list[Step]:
    """A step for each container that is not on the network yet, with the aliases it has on its other networks."""
    steps: list[Step] = []
    for name in wanted.containers:
        container = containers[name]
        mode = container.network_mode
        if mode in FIXED_MODES or mode.startswith("container:"):
            raise Refused(
                f"it runs with network_mode {mode}, so no network can be added to it",
                f"container {name}",
                "Take it out of the list of containers",
            )
        endpoint = container.endpoint(wanted.name)
        if endpoint is None or recreated:
            aliases = _aliases(container)
            steps.append(ConnectContainer(container.name, container.id, wanted.name, aliases, container.running))
    return steps
