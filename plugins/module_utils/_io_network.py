# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a network plan through the Docker SDK, and takes back what it did if a step fails."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _found, _io_kernel, _io_sdk, _network
from ansible_collections.dms.ipv6.plugins.module_utils._network import ConnectContainer, CreateNetwork, RemoveNetwork
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step

    Undo = tuple[str, Callable[[], t.Any]]

# Duplicate address detection takes 1 to 2 s by default (RFC 4862, section 5.4); more is no use waiting for.
DAD_TIMEOUT = 4.0


def carry_out(plan: Plan, docker: Docker) -> None:
    """Carry out the steps.

    Raises:
        Refused: a step failed; what was done before it has been taken back, or the text says what was not.
    """
    client = _io_sdk.client(docker.path)
    done: list[Undo] = []
    try:
        with contextlib.ExitStack() as stack:
            for step in plan.steps:
                done.append(_step(step, client, stack))
    except Refused as reason:
        raise Refused(f"{reason} {_take_back(done)}") from None


def _step(step: Step, client: t.Any, stack: contextlib.ExitStack) -> Undo:
    with _io_sdk.refusing(str(step)):
        if isinstance(step, CreateNetwork):
            created = client.create_network(
                step.name, driver="bridge", enable_ipv6=True, ipam=_ipam(step), labels={_network.LABEL: "true"}
            )
            # Docker gives a bridge its addresses when the first port comes; until duplicate address detection is over
            # the host cannot reach the container over IPv6. A port of our own brings that forward: 0.05 s instead of 2.
            stack.enter_context(warmed(_found.network(client.inspect_network(created["Id"])).bridge))
            return f"remove network {step.name}", lambda: client.remove_network(created["Id"])
        if isinstance(step, RemoveNetwork):
            client.remove_network(step.id)
            return f"re-create network {step.name}, which nobody used", lambda: None
        if isinstance(step, ConnectContainer):
            client.connect_container_to_network(step.id, step.network, aliases=list(step.aliases))
            return (
                f"disconnect {step.name} from {step.network}",
                lambda: client.disconnect_container_from_network(step.id, step.network),
            )
    raise TypeError(f"no way to carry out {step!r}")


def _ipam(step: CreateNetwork) -> dict[str, t.Any]:
    return {"Driver": "default", "Config": [{"Subnet": str(step.subnet)}]}


def _take_back(done: list[Undo]) -> str:
    """Undo in reverse order; a sentence that says how it went."""
    failed = []
    for sentence, undo in reversed(done):
        try:
            with _io_sdk.refusing(sentence):
                undo()
        except Refused as reason:
            failed.append(str(reason))
    if failed:
        return f"Not everything could be taken back: {' '.join(failed)}"
    return "What was done before has been taken back" if done else "Nothing was changed"


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
