# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another network in the place of one: in an order that always leaves a way back, with all containers on it as before.

Docker can change no network in place, cannot rename one, and from 25 on holds no two of one name. So containers wait on
a third network in between. Its name sorts before any other: of two dual-stack networks the one that sorts first carries
the published ports, so they move twice only, and quickly (measured on 20.10.24, 26.1.5 and 28.5.2).
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..core.refused import Refused
from ..engine import version as engine_version
from ..state import definitions
from ..state.daemon import RunningContainer
from . import listener_checks
from .steps import (
    LABEL,
    TRANSIT,
    CheckAttached,
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepId,
    KeepRunning,
    RemoveNetwork,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..change.plan import Steps
    from ..engine.version import Version
    from ..state.docker_objects import Container, Endpoint, Network

# So many digits of an id Docker itself shows.
SHORT_ID = 12


def steps(
    found: Network,
    definition: str,
    attached: Iterable[Container],
    transit: str,
    version: Version,
    addresses: Mapping[str, str] | None = None,
) -> Steps:
    """The steps from a network to another of the same name.

    Args:
        found: the network that exists.
        definition: of the one wanted, see definitions.
        attached: all containers on it, running or stopped, inspected.
        transit: a free IPv6 prefix for the network to wait on.
        version: of the engine.
        addresses: container id -> its IPv6 address, empty for the engine's choice; others keep what they have.

    Raises:
        Refused: a container on it has what cannot be kept.
    """
    members = sorted(attached, key=lambda container: _order(container, found.name))
    placed = _placed(members, found, definition, version, addresses)
    running = [container for container in members if container.running]
    waiting = [_waits(container, found.name) for container in running]
    body = definitions.new_network(TRANSIT, transit, {LABEL: "true"})
    places = tuple(_connect(container, found.name, placed[container.id]) for container in members)
    return (
        KeepRunning(tuple(RunningContainer(container.id, container.name) for container in running)),
        *((CreateNetwork(TRANSIT, body), *waiting) if running else ()),
        # The last first: on the way back they come in order, so that each is given the address again that it had.
        *(_disconnect(container, found, version) for container in reversed(members)),
        *_removed(found, members),
        CreateNetwork(found.name, definition),
        *places,
        *((*(step.inverse() for step in waiting), RemoveNetwork(TRANSIT, body)) if running else ()),
        CheckAttached(places, found.name),
    )


def _placed(
    members: Iterable[Container],
    found: Network,
    definition: str,
    version: Version,
    addresses: Mapping[str, str] | None,
) -> dict[str, str]:
    """Container id -> what it gets on the new network; Refused for what would be lost."""
    placed = {}
    for container in members:
        placed[container.id] = _fitting(_place(container, found.name, addresses), definition, version)
        _refuse_loss(container, found.name, definition, placed[container.id], version)
    return placed


def _waits(container: Container, network: str) -> ConnectContainer:
    """The step by which a container waits elsewhere while its network is made again."""
    return _connect(container, TRANSIT, definitions.with_aliases(_settings(container, network)))


def _removed(found: Network, members: Iterable[Container]) -> Iterator[KeepId | RemoveNetwork]:
    """The network gone, and its id kept for containers that were made with that."""
    by_id = [
        container
        for container in members
        if len(container.network_mode) >= SHORT_ID and found.id.startswith(container.network_mode)
    ]
    for mode in sorted({container.network_mode for container in by_id}):
        yield KeepId(found.name, mode, tuple(container.name for container in by_id if container.network_mode == mode))
    yield RemoveNetwork(found.name, found.definition)


def _endpoint(container: Container, network: str) -> Endpoint:
    endpoint = container.endpoint(network)
    if endpoint is None:  # it left between two reads
        raise Refused(f"it is no longer on network {network}", f"container {container.name}", "Run it again")
    return endpoint


def _settings(container: Container, network: str) -> str:
    return _endpoint(container, network).settings


def _place(container: Container, network: str, addresses: Mapping[str, str] | None) -> str:
    """What a container gets on the other network."""
    settings, given = _settings(container, network), addresses or {}
    return definitions.with_address(settings, given[container.id]) if container.id in given else settings


def _fitting(settings: str, definition: str, version: Version) -> str:
    """A place as an engine takes it: an IPv6 address on a network without IPv6 has no effect, or is refused."""
    checked = engine_version.has(version, "address_of_other_family_refused")
    if definitions.load(definition).get("EnableIPv6") or not checked:
        return settings
    return definitions.with_address(settings, "")


def _connect(container: Container, network: str, settings: str) -> ConnectContainer:
    return ConnectContainer(container.name, container.id, network, settings, container.running)


def _disconnect(container: Container, network: Network, version: Version) -> DisconnectContainer:
    settings = _fitting(_settings(container, network.name), network.definition, version)
    return DisconnectContainer(container.name, container.id, network.name, settings, container.running)


def _order(container: Container, network: str) -> tuple[bool, int, str]:
    """By IPv4 address, so that those that were given theirs in order are given the same again; stopped ones last."""
    address = _endpoint(container, network).ipv4
    return not container.running, int(ipaddress.ip_address(address)) if address else 0, container.name


def _refuse_loss(container: Container, network: str, definition: str, place: str, version: Version) -> None:
    """Raise Refused for what a container would not have on the other network, where it gets ``place``."""
    listener_checks.refuse_restarting(container)
    where = f"container {container.name}"
    mac = _endpoint(container, network).mac or container.mac
    if mac and engine_version.has(version, "mac_of_endpoint") and not engine_version.has(version, "mac_on_connect"):
        raise Refused(
            f"its MAC address {mac} would be lost when network {network} is replaced:"
            f" Docker Engine {version} takes none for a container that exists",
            where,
            "Re-create it without a MAC address, or choose another network name",
        )
    subnets = [ipaddress.ip_network(text, strict=False) for text in definitions.subnets(definition)]
    for address in definitions.static_addresses(place):
        if not any(address in subnet for subnet in subnets):
            raise Refused(
                f"its static address {address} is outside {' and '.join(map(str, subnets))}",
                where,
                "Give a subnet that it lies in, or re-create the container with another address",
            )
