# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder: a small HTTP server in a container on the network to be proven. Started, and always removed:
by the run, or else by a timer on the host.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import socket
import sys
import time
import typing as t

from ...core.refused import Refused
from ...engine import image_name
from ...engine.io import sdk
from ...engine.io.api import NotFound
from ...routed.io import nft
from ...state import docker_objects
from ...system.io import kernel
from ...system.io import programs as system_programs
from .. import targets

if t.TYPE_CHECKING:
    from ...engine.io.api import Docker

NAME = "dms-ipv6-responder"
# Only a container with this label is ever removed.
OURS = "dms.ipv6.responder"
START_TIMEOUT = 15.0
REMOVE_TIMEOUT = 30.0
# It needs no right at all: an engine from 20.10 on lets any user of a container listen on port 80 (moby#41030).
HARDENED: dict[str, t.Any] = {
    "auto_remove": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "mem_limit": "64m",
    "memswap_limit": "64m",
    "pids_limit": 64,
    "restart_policy": {"Name": "no"},
}
USER = "65534:65534"  # the user that Debian calls nobody: codespell:ignore nobody
CHECK_IMAGE = "Check the image (dms_ipv6_probe_image); it runs as user 65534 on a read-only file system"
# Runs when the time is over. It tries for a while, because dockerd may be being restarted at that moment.
REMOVES = """
import http.client, socket, sys, time
for _try in range(20):
    try:
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(sys.argv[1])
        connection.request("DELETE", "/containers/" + sys.argv[2] + "?force=1&v=1")
        if connection.getresponse().status in (204, 404, 409):
            sys.exit()
    except OSError:
        pass
    time.sleep(30)
sys.exit("the container " + sys.argv[2] + " could not be removed")
"""


class Wanted(t.NamedTuple):
    """A responder.

    Attributes:
        network: the network to be proven.
        image: an image that exists, one to pull, or the path of an archive of `docker save`.
        port: host port, 0 for a free one.
        container_port: where the image listens.
        places: addresses of the host on which it is published.
        ipv6_address: its own on the network, where our firewall lets clients in for a while; empty for any.
        seconds: after which the host removes it by itself.
    """

    network: str
    image: str
    port: int
    container_port: int
    places: tuple[str, ...]
    ipv6_address: str = ""
    seconds: int = 600


def start(docker: Docker, wanted: Wanted) -> int:
    """Start the responder and wait until it answers; its host port.

    Raises:
        Refused: no network, no image, the port is taken, or it does not answer. Nothing is left behind.
    """
    client = sdk.client(docker.path)
    stop(docker)
    _refuse_foreign(docker)
    _refuse_no_network(docker, wanted.network)
    present = _image(docker, client, wanted.image)
    chosen = wanted.port or free_port()
    try:
        with sdk.refusing(f"start the responder {present} on network {wanted.network}, port {chosen}"):
            container = _create(client, wanted, present, chosen)
            # Before it is started: it is never there without an end.
            _end_after(docker, container, wanted.seconds)
            client.start(container)
        await_answer(docker, container, wanted.network, wanted.container_port)
        if wanted.ipv6_address:
            nft.admit(wanted.ipv6_address, wanted.container_port, wanted.seconds)
    except BaseException:
        stop(docker)
        raise
    return chosen


def _refuse_no_network(docker: Docker, network: str) -> None:
    if not any(network in (known.get("Name"), known.get("Id")) for known in docker.networks()):
        raise Refused(
            "there is no such network, so nothing to prove", f"network {network}", "Run dms.ipv6.enable first"
        )


def _create(client: t.Any, wanted: Wanted, image: str, port: int) -> str:
    """Make the container; its id."""
    places = [(place, port) for place in wanted.places]
    config = client.create_host_config(
        port_bindings={wanted.container_port: places}, network_mode=wanted.network, **HARDENED
    )
    networking = None
    if wanted.ipv6_address:
        endpoint = client.create_endpoint_config(ipv6_address=wanted.ipv6_address)
        networking = client.create_networking_config({wanted.network: endpoint})
    created = client.create_container(
        image,
        name=NAME,
        user=USER,
        labels={OURS: "1"},
        host_config=config,
        ports=[wanted.container_port],
        networking_config=networking,
    )
    return str(created["Id"])


def _end_after(docker: Docker, container_id: str, seconds: int) -> None:
    """Have the host itself remove a container, whatever becomes of this run.

    Raises:
        Refused: systemd does not take the timer.
    """
    command = ["systemd-run", "--quiet", "--collect", f"--on-active={seconds}", "--timer-property=AccuracySec=500ms"]
    command += [f"--unit={NAME}-{container_id[:12]}", "--description=Removes the responder of a proof"]
    command += ["--", sys.executable, "-I", "-c", REMOVES, docker.path, container_id]
    done = system_programs.run(*command, timeout=system_programs.CHANGE)
    if done is None or done.returncode:
        said = done.stderr.decode(errors="replace").strip() if done else "systemd-run is missing or does not end"
        raise Refused(f"cannot start the timer that removes the responder: {said}")


def stop(docker: Docker) -> bool:
    """Remove the responder, its timer, and what was opened for it; whether there was one.

    Raises:
        Refused: the engine does not remove it.
    """
    ours = [container for container in docker.containers() if OURS in (container.get("Labels") or {})]
    for our in ours:
        _remove(docker, our["Id"])
    # Also where there is none: one that ended by itself has left its timer.
    system_programs.systemctl("stop", f"{NAME}-*.timer", needed=False)
    if ours:
        nft.admit_nobody()
    return bool(ours)


def _remove(docker: Docker, container_id: str) -> None:
    """Remove a container and wait until it is gone: it may be on its way already, because it goes when it ends."""
    end = time.monotonic() + REMOVE_TIMEOUT
    said: Refused | None = None
    with contextlib.suppress(NotFound):
        while time.monotonic() < end:
            try:
                docker.delete(f"/containers/{container_id}?force=1&v=1")
            except NotFound:
                return
            except Refused as reason:
                said = reason
            docker.container(container_id)
            time.sleep(0.1)
        raise Refused(f"cannot remove the container {NAME}: {said.problem if said else 'it is still there'}")


def _refuse_foreign(docker: Docker) -> None:
    """Raise Refused if a container that is not ours has the responder's name."""
    if any(f"/{NAME}" in (container.get("Names") or ()) for container in docker.containers()):
        raise Refused(
            "a container of this name exists that is not the responder: it lacks our label",
            f"container {NAME}",
            f"Rename it, or remove it: docker rm -f {NAME}",
        )


def ready(docker: Docker, image: str, port: int, dry: bool) -> bool:
    """See before a change that a responder can be had after it, and get its image; whether that was pulled.

    Raises:
        Refused: it cannot.
    """
    try:
        _refuse_not_ready(docker, image, port)
        if image.startswith("/") or _is_there(docker, _named(docker, image)):
            return False
        if not dry:
            _image(docker, sdk.client(docker.path), image)
        return True
    except Refused as reason:
        raise Refused(f"{reason} Nothing was changed") from None


def _refuse_not_ready(docker: Docker, image: str, port: int) -> None:
    ours = any(OURS in (container.get("Labels") or {}) for container in docker.containers())
    if not ours:  # one that a run left behind is removed before the next is started
        _refuse_foreign(docker)
        if port and not (_is_free(socket.AF_INET, "", port) and _is_free(socket.AF_INET6, "", port)):
            raise Refused(f"port {port} is in use on this host", "port", "Give another dms_ipv6_probe_port, or 0")
    if image.startswith("/"):
        _refuse_no_archive(image)


def _named(docker: Docker, image: str) -> image_name.Image:
    """An image by its name.

    Raises:
        Refused: by its id, which cannot be pulled, if it is not there.
    """
    wanted = image_name.parse(image)
    if wanted.id and not _is_there(docker, wanted):
        raise Refused("there is no such image on this host", image, "See `docker images --no-trunc`")
    return wanted


def refuse_image(image: str) -> None:
    """Raise Refused for what names no image and no archive."""
    if not image.startswith("/"):
        image_name.parse(image)


def _image(docker: Docker, client: t.Any, image: str) -> str:
    """The name of an image that exists now."""
    if image.startswith("/"):
        return _loaded(client, image)
    wanted = _named(docker, image)
    if _is_there(docker, wanted):
        return str(wanted)
    with sdk.refusing(f"pull the responder's image {image} (dms_ipv6_probe_image takes a local one or an archive)"):
        said = client.pull(wanted.name, tag=wanted.version)
    if not _is_there(docker, wanted):  # what goes wrong while it is fetched is only printed
        raise Refused(
            f"cannot pull the responder's image {image}: {str(said).strip()[-200:]}", remedy=image_name.REMEDY
        )
    return str(wanted)


def _is_there(docker: Docker, image: image_name.Image) -> bool:
    try:
        docker.get(f"/images/{image}/json")
    except NotFound:
        return False
    return True


def _loaded(client: t.Any, path: str) -> str:
    """The image of an archive."""
    _refuse_no_archive(path)
    with open(path, "rb") as file, sdk.refusing(f"load the image archive {path}"):
        said = "".join(str(line.get("stream", "")) for line in client.load_image(file))
    words = said.rpartition("Loaded image")[2].replace(" ID", "").lstrip(":").split()
    if not words:
        raise Refused("it holds no image", path, "Give an archive of `docker save`")
    return words[0]


def _refuse_no_archive(path: str) -> None:
    if not os.path.isfile(path):
        raise Refused("there is no such archive on this host", path, "Give an archive of `docker save`, or an image")


def free_port() -> int:
    """A TCP port that is free in both families, as far as the kernel has both."""
    for port in random.sample(targets.PORTS, 50):
        if _is_free(socket.AF_INET, "", port) and _is_free(socket.AF_INET6, "", port):
            return port
    raise Refused("no free port was found for the responder", remedy="Give dms_ipv6_probe_port")


def _is_free(family: int, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as handle:
            if family == socket.AF_INET6:
                handle.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            handle.bind((address, port))
    except OSError as error:
        # IPv6 is off: no program can have the port there.
        return family == socket.AF_INET6 and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return True


def await_answer(docker: Docker, container_id: str, network: str, container_port: int) -> None:
    """Until the service answers and no address of the bridge is tentative: a probe before that shows nothing true.

    It must answer at each of its addresses: the host may still have the link-layer address of a container that had
    one before it, and takes seconds to find out (before Docker Engine 28, which announces them: moby#48808).
    On a bridge without containers an address stays tentative for ever (before Docker Engine 28, moby#48609), so other
    bridges do not count.
    """
    bridge = next(
        (candidate.bridge for candidate in map(docker_objects.network, docker.networks()) if candidate.name == network),
        "",
    )
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        container = _running(docker, container_id)
        if container is None:
            raise Refused("the responder ended at once", f"container {NAME}", CHECK_IMAGE)
        endpoint = container.endpoint(network)
        tentative = any(address.tentative and address.interface == bridge for address in kernel.addresses())
        places = [address for address in (endpoint.ipv4, endpoint.ipv6) if address] if endpoint else []
        if places and not tentative and all(is_answering(place, container_port) for place in places):
            return
        time.sleep(0.1)
    raise Refused(f"the responder does not answer on port {container_port}", f"container {NAME}", CHECK_IMAGE)


def _running(docker: Docker, container_id: str) -> docker_objects.Container | None:
    """A container that runs, None if it has ended: it is removed then."""
    try:
        found = docker_objects.inspected(docker.container(container_id))
    except NotFound:
        return None
    return found if found.running else None


def is_answering(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
