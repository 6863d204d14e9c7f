# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: created, removed, joined and left."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
import typing as t
from urllib.parse import quote

from ...core.refused import Refused
from ...engine.io import api as engine_api
from ...engine.io import dockerd
from ...engine.io.api import NotFound
from ...state import container_status, definitions, docker_objects
from ...system.io import kernel
from ...system.io import programs as system_programs

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...engine.io.api import Docker
    from ..steps import CheckAttached, ConnectContainer, CreateNetwork, DisconnectContainer, KeepId, RemoveNetwork

# Duplicate address detection takes 1 to 2 s by default (RFC 4862, section 5.4); waiting for longer is of no use.
DAD_TIMEOUT = 4.0
# What it takes that time with: its probes, and the random delay before the first one.
DAD = ("dad_transmits", "router_solicitation_delay")
POLL = 0.01
# How long a container that restarts by itself is waited for, and between two attempts, in seconds: the engine waits
# up to a minute before it starts one again, and published ports are closed while it waits.
SETTLES = 15.0
BETWEEN_MOVES = 0.2
PORTS = itertools.count()


class NetworkExecutor:
    """Creates, removes, connects and disconnects; every call may be repeated.

    Speaks to the Engine API itself: the SDK does not know every field of an endpoint (gateway priority).

    Args:
        docker: the engine.

    Attributes:
        started: id of a container -> when it was started, as seen before we moved it first.
        dockerd: the daemon's process at that time, None if it is not known.
        notes: what containers did by themselves, to be shown.
    """

    def __init__(self, docker: Docker) -> None:
        self.docker = docker
        self.started: dict[str, str] = {}
        self.dockerd: dict[str, t.Any] | None = None
        self.notes: list[str] = []
        self.warm = contextlib.ExitStack()

    def close(self) -> None:
        """Take our own ports off the bridges again."""
        self.warm.close()

    def create(self, step: CreateNetwork) -> None:
        """Create a network, unless it is there, and warm its bridge.

        Docker gives a bridge its addresses when the first port comes; until duplicate address detection is over the
        host cannot reach the container over IPv6. A port of our own brings that forward.
        """
        if self._network(step.name):
            return
        body = {**definitions.load(step.definition), "CheckDuplicate": True}
        with engine_api.refusing(step):
            self.docker.post("/networks/create", body)
        inspected = self._network(step.name)
        bridge = docker_objects.network(inspected).bridge if inspected else ""
        if bridge:
            self.warm.enter_context(warmed(bridge))

    def keep_id(self, step: KeepId) -> None:
        """Have a network of this name, unless there is one."""
        if not self._network(step.id):
            with engine_api.refusing(step):
                self.docker.post("/networks/create", definitions.load(step.definition))

    def _network(self, name: str) -> dict[str, t.Any] | None:
        return next((network for network in self.docker.networks() if network["Name"] == name), None)

    def remove(self, step: RemoveNetwork) -> None:
        """Remove a network, if it is there."""
        self.close()
        if self._network(step.name):
            with engine_api.refusing(step):
                self.docker.delete(f"/networks/{quote(step.name, safe='')}")

    def connect(self, step: ConnectContainer) -> None:
        """Connect a container, unless it is on the network already. One that is gone needs it no more."""
        if self._place(step.id, step.network) == "":
            body = {"Container": step.id, "EndpointConfig": definitions.load(step.settings)}
            # Of one that waits for its next start, 28.5.2 notes the network, and says that there is no sandbox yet.
            self._move(step, "connect", body, lambda place: place != "")

    def disconnect(self, step: DisconnectContainer) -> None:
        """Disconnect a container, if it is there and on the network."""
        if self._place(step.id, step.network):
            self._move(step, "disconnect", {"Container": step.id}, lambda place: not place)

    def _move(
        self,
        step: ConnectContainer | DisconnectContainer,
        verb: str,
        body: dict[str, t.Any],
        done: Callable[[str | None], bool],
    ) -> None:
        """Connect or disconnect; one that ends or starts at this moment is asked again until it has done so."""
        end = time.monotonic() + SETTLES
        while True:
            try:
                with engine_api.refusing(step):
                    return self.docker.post(f"/networks/{quote(step.network, safe='')}/{verb}", body)
            except Refused:
                if done(self._place(step.id, step.network)):
                    return None
                found = self._container(step.id)
                unsettled = found is not None and (found.status == container_status.RESTARTING or self._ran_on(found))
                if not unsettled or time.monotonic() > end:
                    raise
            time.sleep(BETWEEN_MOVES)

    def _ran_on(self, found: docker_objects.Container) -> bool:
        """Whether it was started again since we moved it first."""
        before = self.started.get(found.id, found.started_at)
        return found.started_at != before

    def _place(self, container: str, network: str) -> str | None:
        """The settings of a container's endpoint, empty if it is not on the network; None if it is gone."""
        found = self._container(container)
        endpoint = found.endpoint(network) if found else None
        return (endpoint.settings if endpoint else "") if found else None

    def _container(self, container: str) -> docker_objects.Container | None:
        """A container, None if it is gone, or going: nothing can be done to it any more."""
        with contextlib.suppress(NotFound):
            found = docker_objects.inspected(self.docker.container(container))
            self.dockerd = self.dockerd or self._daemon()
            self.started.setdefault(found.id, found.started_at)
            return None if found.status in container_status.LEAVING else found
        return None

    def _daemon(self) -> dict[str, t.Any] | None:
        with contextlib.suppress(Refused):
            return dockerd.start(dockerd.behind(self.docker.path).pid)
        return None

    def check(self, step: CheckAttached) -> None:
        """Refused unless all containers have the place noted. What one did by itself in between is named only.

        We end and start none: one that ended or was started in between did so by itself, and then the engine may give
        it other settings. Its place on the network it still has. Unless dockerd itself ended in between, which
        takes containers with it: those are started again on the way back.
        """
        taken_along = self.dockerd is not None and self._daemon() != self.dockerd
        for place in step.places:
            found = self._container(place.id)
            if found is None:
                self.notes.append(f"container {place.name} is gone")
                continue
            endpoint = found.endpoint(place.network)
            ended = place.running and found.status not in container_status.UP
            if endpoint is None or (endpoint.settings != place.settings and not ended and not self._ran_on(found)):
                settings = endpoint.settings if endpoint else "empty"
                raise Refused(f"its place is {settings}, and was {place.settings}", f"container {place.name}")
            if ended and taken_along:
                raise Refused("it ended with dockerd, which was started again in between", f"container {place.name}")
            if ended:
                self.notes.append(f"container {place.name} does not run any more ({found.status})")


@contextlib.contextmanager
def warmed(bridge: str) -> Iterator[None]:
    """Keep a port of our own on a new bridge for the time being, and wait until its addresses can be used.

    Only brings forward what would happen anyway, so a host without iproute2 goes without it.
    """
    port = f"dms6w{os.getpid() % 1000000}{chr(97 + next(PORTS) % 26)}"
    peer = f"{port}p"
    try:
        with _undoubted(bridge):
            created = all(
                ip_command(*words)
                for words in (
                    ("link", "add", port, "type", "veth", "peer", "name", peer),
                    ("link", "set", peer, "up"),
                    ("link", "set", port, "master", bridge),
                    ("link", "set", port, "up"),
                )
            )
            end = time.monotonic() + DAD_TIMEOUT
            while created and time.monotonic() < end and not is_usable(bridge):
                time.sleep(POLL)
        yield
    finally:
        ip_command("link", "del", port)


@contextlib.contextmanager
def _undoubted(bridge: str) -> Iterator[None]:
    """No duplicate address detection for as long as no container is on the bridge: 0.01 s instead of 1.7.

    Docker goes without it for good since 28.0 (moby#48609).
    """
    before = {name: kernel.sysctl(name) for name in (f"net/ipv6/conf/{bridge}/{setting}" for setting in DAD)}
    with contextlib.suppress(Refused):  # then it takes as long as it takes
        for name in before:
            kernel.set_sysctl(name, "0")
    try:
        yield
    finally:
        with contextlib.suppress(Refused):  # the bridge is gone
            for name, value in before.items():
                if value is not None:
                    kernel.set_sysctl(name, value)


def is_usable(bridge: str) -> bool:
    """Whether every address of the bridge, its link-local one included, has passed duplicate address detection."""
    own = [address for address in kernel.addresses() if address.interface == bridge]
    return any(address.value.ip.is_link_local for address in own) and not any(address.tentative for address in own)


def ip_command(*words: str) -> bool:
    done = system_programs.run("ip", *words)
    return done is not None and done.returncode == 0
