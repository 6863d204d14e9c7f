# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers on the Docker socket where that is not a plain Docker Engine of this host, by what it says of itself."""

from __future__ import annotations

import typing as t

from ..core.refused import Refused
from ..engine import version as engine_version

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from . import docker_objects

    Json = dict[str, t.Any]

ROOTLESS, DESKTOP, PODMAN, SNAP, SWARM = "rootless", "docker_desktop", "podman", "snap", "swarm"
# There our model of what clients get does not hold, and no dockerd of this host has a daemon.json to read.
ELSEWHERE = (PODMAN, DESKTOP, ROOTLESS)
SNAPS = ("/snap/", "/var/lib/snapd/snap/")
SNAP_DATA = "/var/snap/"
REMEDY_IP6TABLES = "Install iptables, and have the kernel modules ip6_tables and ip6table_nat loaded (`modprobe`)"
NO_RAW = "DOCKER_INSECURE_NO_IPTABLES_RAW"
REMEDY_RAW = (
    "Have the kernel module ip6table_raw loaded (`modprobe`); where the kernel has none, Environment="
    f"{NO_RAW}=1 in a drop-in of Docker's unit does without it, and opens containers' own addresses to neighbours"
)
REMEDY_IPV6 = "Set IPV6=yes in /etc/default/ufw and run `ufw reload`"
IPV6NAT = "ipv6nat"
REMEDY_IPV6NAT = (
    "Remove it with its Compose service, which ends its rules, and run dms.ipv6.enable at once: IPv6 clients are masked"
    " in between"
)
TASK, SERVICE = "com.docker.swarm.task.id", "com.docker.swarm.service.name"


class Kind(t.NamedTuple):
    """Why a kind of engine is not what this collection works on, and what to do instead."""

    reason: str
    remedy: str


KINDS = {
    PODMAN: Kind(
        "this is Podman's Docker API, and Podman has neither a dockerd nor a daemon.json",
        "Set IPv6 up with Podman's own means (`podman network create --ipv6`, network mode pasta), or run the container"
        " with Docker Engine",
    ),
    DESKTOP: Kind(
        "this is Docker Desktop, whose engine is in a virtual machine behind a port forwarder that hides every client",
        "Run the container with Docker Engine on a Linux host",
    ),
    ROOTLESS: Kind(
        "this Docker Engine is rootless, in a network namespace of its user's, and clients come by way of RootlessKit",
        "Run the container with a Docker Engine of root's; or, from Docker Engine 29.5 on, set userland-proxy to false"
        " in the user's ~/.config/docker/daemon.json, with which RootlessKit's own port driver keeps the client's"
        " address",
    ),
    SNAP: Kind(
        "this Docker is a snap: snapd owns its settings and restarts it, and it is unknown whether containers live"
        " through that",
        "Install Docker from the distribution or from Docker (docker.io, docker-ce); or set the keys by hand in"
        " /var/snap/docker/current/config/daemon.json and run `snap restart docker`, which stops the containers",
    ),
    SWARM: Kind(
        "this host is a Swarm node: ports published through the ingress network have no IPv6, and clients hang"
        " (moby#28492)",
        "Publish the ports with mode host, and give the service's network an IPv6 subnet",
    ),
}


def kinds(info: Json, program: str = "") -> tuple[str, ...]:
    """Which of KINDS an engine is, none for a plain one.

    Args:
        info: of GET /info.
        program: the path of the dockerd that runs, empty if there is none on this host.
    """
    options = [part for option in info.get("SecurityOptions") or [] for part in str(option).split(",")]
    root = str(info.get("DockerRootDir", ""))
    found = {
        PODMAN: "BuildahVersion" in info,  # no other engine has it; GET /version would cost every host a call of runc
        DESKTOP: str(info.get("OperatingSystem", "")).startswith("Docker Desktop"),
        ROOTLESS: "name=rootless" in options,
        SWARM: in_swarm(info),
    }
    # The data can be moved out of the snap's folder, its program cannot.
    snap = root.startswith(SNAP_DATA) or program.startswith(SNAPS)
    found[SNAP] = snap and not any(found[kind] for kind in ELSEWHERE)
    return tuple(kind for kind in KINDS if found[kind])


def in_swarm(info: Json) -> bool:
    """Whether it is a Swarm node, also one that is locked or still joining."""
    return (info.get("Swarm") or {}).get("LocalNodeState", "inactive") not in ("inactive", "")


def elsewhere(found: Collection[str]) -> bool:
    """Whether the engine's packet filter and settings are not this host's own."""
    return any(kind in ELSEWHERE for kind in found)


def refuse(found: Collection[str]) -> None:
    """Raise Refused for an engine that cannot be changed from here."""
    for kind in (*ELSEWHERE, SNAP):
        if kind in found:
            raise Refused(KINDS[kind].reason, "docker", f"{KINDS[kind].remedy}. Nothing was changed")


def refuse_tasks(containers: Iterable[docker_objects.Container]) -> None:
    """Raise Refused for a container that Swarm made: it makes another one in its place, without what we have done."""
    for container in containers:
        if TASK in container.labels:
            raise Refused(
                f"it is a task of Swarm's service {container.labels.get(SERVICE, '')}, which replaces it at will",
                f"container {container.name}",
                KINDS[SWARM].remedy,
            )


def ipv6nat(containers: Iterable[docker_objects.Container]) -> str:
    """The name of a container that translates IPv6 in Docker's place (docker-ipv6nat), empty if none runs.

    It is on the host's network, and is known by its name, its image or its command.
    """
    found = (container for container in containers if container.running and container.network_mode == "host")
    return next(
        (container.name for container in found if IPV6NAT in f"{container.name} {container.program}".lower()), ""
    )


def refuse_beside_ipv6nat(name: str) -> None:
    """Raise Refused where Docker would translate IPv6 beside a container that does so already."""
    if name:
        raise Refused(
            "it translates IPv6 by chains of its own, named as Docker's are: with both, its end takes away what Docker"
            " uses by then",
            f"container {name}",
            f"{REMEDY_IPV6NAT}. Nothing was changed",
        )


def without_ip6tables(version: engine_version.Version) -> str:
    """What becomes of an engine with ip6tables on a host whose packet filter has no IPv6 (moby#47918)."""
    if engine_version.has(version, "ip6tables_by_default"):
        return f"Docker Engine {version} starts all the same, but creates no network with IPv6"
    return f"Docker Engine {version} does not start with ip6tables then"


def refuse_without_ip6tables(fault: str, version: engine_version.Version) -> None:
    """Raise Refused if a host's packet filter cannot translate IPv6 packets, for which ``fault`` is the reason."""
    if fault:
        raise Refused(f"{fault}; {without_ip6tables(version)}", "ip6tables", f"{REMEDY_IP6TABLES}. Nothing was changed")


def uses_raw(info: Json) -> bool:
    """Whether an engine needs the table raw of ip6tables; it may be set to do without (moby#49621)."""
    version = engine_version.parse(str(info.get("ServerVersion", "")))
    return engine_version.has(version, "direct_access_closed") and not is_without_raw(info)


def is_without_raw(info: Json) -> bool:
    """Whether an engine was set to do without the table raw, and leaves containers open to the host's neighbours."""
    return any(NO_RAW in str(warning) for warning in info.get("Warnings") or ())


def without_raw(version: engine_version.Version) -> str:
    """What becomes of an engine on a host without the table raw (moby#49557); seen on 28.5.2."""
    return f"Docker Engine {version} connects no container to a network with IPv6 then"


def refuse_without_raw(fault: str, version: engine_version.Version) -> None:
    """Raise Refused if a host has no table raw for IPv6, which its engine needs."""
    if fault:
        raise Refused(f"{fault}; {without_raw(version)}", "ip6tables", f"{REMEDY_RAW}. Nothing was changed")


def refuse_without_ipv6(reason: str) -> None:
    """Raise Refused if the host's firewall swallows all IPv6 packets, also those that Docker would translate."""
    if reason:
        problem = f"{reason}, so that no client would get through"
        raise Refused(problem, "host firewall", f"{REMEDY_IPV6}. Nothing was changed")
