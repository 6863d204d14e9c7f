# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder: a small HTTP server in a container on the network to be proven. Started, and always removed."""

from __future__ import annotations

import os
import random
import socket
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _found,
    _io_kernel,
    _io_routed_firewall,
    _io_sdk,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker

NAME = "dms-ipv6-responder"
# Below the range from which kernels choose ports for outgoing connections (ip-sysctl: from 32768).
PORTS = range(20000, 32768)
START_TIMEOUT = 15.0


def start(
    docker: Docker, network: str, image: str, port: int, container_port: int, address: str = "", ipv6_address: str = ""
) -> int:
    """Start the responder and wait until it answers; its host port.

    Args:
        docker: the engine.
        network: the network to be proven.
        image: an image that is there, one to pull, or the path of an archive of `docker save`.
        port: host port, 0 for a free one.
        container_port: where the image listens.
        address: of the host on which it is published, empty for all of both families.
        ipv6_address: its own on the network, where our firewall lets clients in for a while; empty for any.

    Raises:
        Refused: no image, the port is taken, or it does not answer. Nothing is left behind.
    """
    client = _io_sdk.client(docker.path)
    stop(docker)
    present = _image(client, image)
    chosen = port or free_port()
    place = (address, chosen) if address else chosen
    config = client.create_host_config(port_bindings={container_port: place}, network_mode=network)
    try:
        with _io_sdk.refusing(f"start the responder {present} on network {network}, port {chosen}"):
            places = _places(client, network, ipv6_address)
            made = client.create_container(
                present, name=NAME, host_config=config, ports=[container_port], networking_config=places
            )
            client.start(made["Id"])
        _await_answer(docker, network, container_port)
        if ipv6_address:
            _io_routed_firewall.admit(ipv6_address, container_port)
    except Refused:
        stop(docker)
        raise
    return chosen


def _places(client: t.Any, network: str, ipv6_address: str) -> t.Any:
    """The SDK's words for an address on a network, None for any."""
    if not ipv6_address:
        return None
    return client.create_networking_config({network: client.create_endpoint_config(ipv6_address=ipv6_address)})


def stop(docker: Docker) -> bool:
    """Remove the responder; whether there was one."""
    client = _io_sdk.client(docker.path)
    if not any(one["Names"] == [f"/{NAME}"] for one in docker.containers()):
        return False
    with _io_sdk.refusing(f"remove the container {NAME}"):
        client.remove_container(NAME, force=True, v=True)
    _io_routed_firewall.admit_nobody()
    return True


def _image(client: t.Any, image: str) -> str:
    """The name of an image that is there now."""
    if image.startswith("/"):
        if not os.path.isfile(image):
            raise Refused(
                "there is no such archive on this host", image, "Give an archive of `docker save`, or an image"
            )
        with open(image, "rb") as file, _io_sdk.refusing(f"load the image archive {image}"):
            said = "".join(str(line.get("stream", "")) for line in client.load_image(file))
        return said.rpartition("Loaded image")[2].replace(" ID", "").lstrip(":").split()[0]
    with _io_sdk.refusing(f"find the image {image}"):
        if client.images(name=image):
            return image
    name, _colon, tag = image.partition(":")
    with _io_sdk.refusing(f"pull the responder's image {image} (dms_ipv6_probe_image takes a local one or an archive)"):
        client.pull(name, tag=tag or "latest")
    return image


def free_port() -> int:
    """A TCP port that is free in both families."""
    for port in random.sample(PORTS, 50):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as handle:
                handle.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                handle.bind(("::", port))
            return port
        except OSError:
            continue
    raise Refused("no free port was found for the responder", remedy="Give dms_ipv6_probe_port")


def _await_answer(docker: Docker, network: str, container_port: int) -> None:
    """Until the service answers and no address of the bridge is tentative: a probe before that shows nothing true.

    It must answer at each of its addresses: the host may still have the link-layer address of whoever had one before
    it, and takes seconds to find out (before Docker Engine 28, which announces them: moby#48808).
    On a bridge with nobody on it an address stays tentative for ever (before Docker Engine 28, moby#48609), so other
    bridges do not count.
    """
    bridge = next((one.bridge for one in map(_found.network, docker.networks()) if one.name == network), "")
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        container = _found.inspected(docker.container(NAME))
        if not container.running:
            raise Refused("the responder ended at once", f"container {NAME}", "Check the image (dms_ipv6_probe_image)")
        endpoint = container.endpoint(network)
        tentative = any(one.tentative and one.interface == bridge for one in _io_kernel.addresses())
        places = [one for one in (endpoint.ipv4, endpoint.ipv6) if one] if endpoint else []
        if places and not tentative and all(_answers(one, container_port) for one in places):
            return
        time.sleep(0.1)
    raise Refused(f"the responder does not answer on port {container_port}", f"container {NAME}", "Check the image")


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
