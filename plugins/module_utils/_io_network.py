# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: created, removed and joined through the Docker SDK."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _found, _io_kernel, _io_sdk
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import NotFound

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._network import (
        ConnectContainer,
        CreateNetwork,
        DisconnectContainer,
        RemoveNetwork,
    )

# Duplicate address detection takes 1 to 2 s by default (RFC 4862, section 5.4); more is no use waiting for.
DAD_TIMEOUT = 4.0


class NetworkHands:
    """Creates, removes, connects and disconnects; every call may be repeated.

    Args:
        docker: the engine.
    """

    def __init__(self, docker: Docker) -> None:
        self.docker = docker
        self.warm = contextlib.ExitStack()

    @functools.cached_property
    def client(self) -> t.Any:
        """The SDK's client, made at the first use: a plan for the daemon alone does not need it."""
        return _io_sdk.client(self.docker.path)

    def close(self) -> None:
        """Take our own ports off the bridges again."""
        self.warm.close()

    def create(self, step: CreateNetwork) -> None:
        """Create a network, unless it is there, and warm its bridge.

        Docker gives a bridge its addresses when the first port comes; until duplicate address detection is over the
        host cannot reach the container over IPv6. A port of our own brings that forward: 0.05 s instead of 2.
        """
        if any(one["Name"] == step.name for one in self.docker.networks()):
            return
        config = [{"Subnet": subnet, **({"Gateway": gateway} if gateway else {})} for subnet, gateway in step.subnets]
        with _io_sdk.refusing(str(step)):
            created = self.client.create_network(
                step.name,
                driver="bridge",
                check_duplicate=True,
                enable_ipv6=step.ipv6,
                internal=step.internal,
                options=dict(step.options),
                labels=dict(step.labels),
                ipam={"Driver": "default", "Config": config},
            )
            bridge = _found.network(self.client.inspect_network(created["Id"])).bridge
        self.warm.enter_context(warmed(bridge))

    def remove(self, step: RemoveNetwork) -> None:
        """Remove a network, if it is there."""
        self.close()
        if any(one["Name"] == step.name for one in self.docker.networks()):
            with _io_sdk.refusing(str(step)):
                self.client.remove_network(step.name)

    def connect(self, step: ConnectContainer) -> None:
        """Connect a container, unless it is on the network already."""
        if _found.inspected(self.docker.container(step.id)).endpoint(step.network) is None:
            with _io_sdk.refusing(str(step)):
                self.client.connect_container_to_network(step.id, step.network, aliases=list(step.aliases))

    def disconnect(self, step: DisconnectContainer) -> None:
        """Disconnect a container, if it is there and on the network."""
        try:
            found = _found.inspected(self.docker.container(step.id))
        except NotFound:
            return
        if found.endpoint(step.network) is not None:
            with _io_sdk.refusing(str(step)):
                self.client.disconnect_container_from_network(step.id, step.network)


@contextlib.contextmanager
def warmed(bridge: str) -> Iterator[None]:
    """Keep a port of our own on a bridge for the time being, and wait until its addresses can be used.

    Only brings forward what would happen anyway, so a host without iproute2 goes without it.
    """
    port = f"dms6w{os.getpid() % 1000000}"
    peer = f"{port}p"
    try:
        made = all(
            _ip(*words)
            for words in (
                ("link", "add", port, "type", "veth", "peer", "name", peer),
                ("link", "set", peer, "up"),
                ("link", "set", port, "master", bridge),
                ("link", "set", port, "up"),
            )
        )
        end = time.monotonic() + DAD_TIMEOUT
        while made and time.monotonic() < end and not _usable(bridge):
            time.sleep(0.05)
        yield
    finally:
        _ip("link", "del", port)


def _usable(bridge: str) -> bool:
    """Whether every address of the bridge, its link-local one included, has passed duplicate address detection."""
    own = [one for one in _io_kernel.addresses() if one.interface == bridge]
    return any(one.value.ip.is_link_local for one in own) and not any(one.tentative for one in own)


def _ip(*words: str) -> bool:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(["ip", *words], capture_output=True, check=False, timeout=10).returncode == 0
    return False
