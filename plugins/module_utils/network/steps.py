# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to networks and to containers on them, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from ..change.plan import Step
from ..daemon.steps import StartContainers
from ..state import definitions
from ..state.daemon import RunningContainer

# On networks of our own making, which we may remove.
LABEL = "dms.ipv6.managed"
TRANSIT = "0--dms-ipv6"  # where containers wait while their network is replaced; it sorts before every other


@dataclass(frozen=True)
class CreateNetwork(Step):
    """Create a network; ``definition`` is what the engine is sent, see definitions."""

    name: str
    definition: str

    def __str__(self) -> str:
        subnets = definitions.subnets(self.definition)
        return f"create network {self.name}{' with ' if subnets else ''}{', '.join(subnets)}"

    def inverse(self) -> Step:
        """The network gone."""
        return RemoveNetwork(self.name)


@dataclass(frozen=True)
class RemoveNetwork(Step):
    """Remove a network that no container uses; ``definition`` is the way back, empty for none."""

    name: str
    definition: str = ""

    def __str__(self) -> str:
        return f"remove network {self.name}"

    def inverse(self) -> Step | None:
        """The network as it was."""
        return CreateNetwork(self.name, self.definition) if self.definition else None


@dataclass(frozen=True)
class KeepId(Step):
    """Keep a network's id known once it is removed: of containers that were made with the id instead of the name.

    Compose does so for external networks. From Engine 25 on such a container is connected to nothing, and not even
    started, without a network that the id stands for. So one takes it for a name: without a bridge, of no use else. It
    stays on the way back, because the network that is brought back has another id.
    """

    network: str
    id: str
    containers: tuple[str, ...]

    @property
    def definition(self) -> str:
        """What the engine is sent."""
        return definitions.dump({"Name": self.id, "ConfigOnly": True, "Labels": {LABEL: "true"}})

    def __str__(self) -> str:
        names = ", ".join(self.containers)
        return f"keep the id of network {self.network} known, which {names} cannot be started without"


@dataclass(frozen=True)
class DisconnectContainer(Step):
    """Take a container off a network; ``settings`` is the way back, see definitions."""

    name: str
    id: str
    network: str
    settings: str = "{}"
    running: bool = True

    @property
    def closes_ports(self) -> bool:
        """Docker moves its rules and proxies from one of its addresses to another."""
        return self.running

    def __str__(self) -> str:
        return f"disconnect {self.name} from network {self.network}"

    def inverse(self) -> Step:
        """The container on the network."""
        return ConnectContainer(self.name, self.id, self.network, self.settings, self.running)


@dataclass(frozen=True)
class ConnectContainer(Step):
    """Connect a container to a network; it goes on running, its established connections are cut."""

    name: str
    id: str
    network: str
    settings: str
    running: bool

    @property
    def closes_ports(self) -> bool:
        """As when it is disconnected."""
        return self.running

    def __str__(self) -> str:
        state = "while it runs; its established connections are cut" if self.running else "which is stopped"
        return f"connect {self.name} to network {self.network} ({state})"

    def inverse(self) -> Step:
        """The container off the network."""
        return DisconnectContainer(self.name, self.id, self.network, self.settings, self.running)


@dataclass(frozen=True)
class KeepRunning(Step):
    """Nothing to do; on the way back, containers run again that the engine's own end has taken along."""

    containers: tuple[RunningContainer, ...]

    def __str__(self) -> str:
        names = ", ".join(container.name for container in self.containers)
        return f"{names} will run on; established connections are cut" if names else "no container on it is running"

    def inverse(self) -> Step | None:
        """All of them running; started in order, so that each is given the address again that it had."""
        return StartContainers(tuple(reversed(self.containers))) if self.containers else None


@dataclass(frozen=True)
class CheckAttached(Step):
    """See that all containers have the places on a network that they had before, and run if they ran."""

    places: tuple[ConnectContainer, ...]
    network: str

    def __str__(self) -> str:
        names = ", ".join(place.name for place in self.places) or "all containers"
        return f"check that {names} kept names, addresses and options on network {self.network}"
