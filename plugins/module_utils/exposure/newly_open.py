# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that the host's firewall closes today and that enabling IPv6 opens: what Docker translates goes past it.

Measured with UFW and firewalld on Docker Engine 20.10.24, 26.1.5 and 28.5.2: docker-proxy's socket is the host's own,
so default deny holds for it; a translated packet is forwarded, and Docker's rules come first there. The same holds for
chains of the administrator's own. Where nobody can tell what they do, a port counts as closed.
"""

from __future__ import annotations

import re
import typing as t

from ..core import verdict
from ..core.refused import Refused
from ..state import docker_objects
from ..state import firewall as state_firewall
from . import published

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ALL = "all"
OPTION = "allow_exposure"
ENTRY = re.compile(r"(?:(?P<container>[^:/]+):)?(?P<port>\d+/(?:tcp|udp|sctp))")
NAMES = {"": "the host's firewall", state_firewall.UFW: "UFW", state_firewall.FIREWALLD: "firewalld"}
CLOSES = ("host_firewall", "host_firewall_unknown")
# Where a container will be: on a network that is not there yet, hence a plain bridge to the model.
PLANNED = docker_objects.Endpoint("planned", "192.0.0.8", "fd00::8", "192.0.0.9", "fd00::9")


class Opened(t.NamedTuple):
    """A port of the host that will be open: ``port`` as in ``25/tcp``, ``now`` the verdict of today.

    ``by`` is the chain of the administrator's own that closes it; empty for UFW and firewalld.
    """

    container: str
    port: str
    now: str
    by: str = ""

    def __str__(self) -> str:
        return f"{self.container}:{self.port}"


def opened(host: published.Host, joining: Collection[str]) -> list[Opened]:
    """What is opened once ip6tables is on and some containers have IPv6.

    Args:
        host: as it is, with all containers that run.
        joining: ids or names of those that get IPv6; those that have it already count without being named.
    """
    pairs = _pairs(host, joining)
    return list(dict.fromkeys(one for old, new, after in pairs for one in _of(old, new, host, after)))


def _of(
    old: docker_objects.Container, new: docker_objects.Container, host: published.Host, after: published.Host
) -> Iterable[Opened]:
    closed = {
        (exposure.port.host_port, exposure.port.protocol): exposure.verdict
        for exposure in published.exposures(old, host)
        if exposure.family == state_firewall.IPV6 and exposure.cause in CLOSES
    }
    for one in published.exposures(new, after) if closed else ():
        place = one.port.host_port, one.port.protocol
        open_then = one.verdict == verdict.REAL or one.cause == CLOSES[1]
        if one.family == state_firewall.IPV6 and open_then and place in closed:
            by = host.firewall.incoming_outcome(state_firewall.IPV6, *place).by
            yield Opened(old.name, f"{place[0]}/{place[1]}", closed[place], by)


def shut(host: published.Host, joining: Collection[str]) -> dict[str, tuple[str, int]]:
    """Container and port -> family and host port of those that answer IPv6 clients today and are closed then.

    What is translated passes other chains than what docker-proxy takes: DOCKER-USER, and those of hook forward.
    """
    found: dict[str, tuple[str, int]] = {}
    for old, new, after in _pairs(host, joining):
        answered = {
            (one.port.host_port, one.port.protocol)
            for one in published.exposures(old, host)
            if one.family == state_firewall.IPV6 and one.verdict in (verdict.REAL, verdict.MASKED)
        }
        for exposure in published.exposures(new, after) if answered else ():
            place = exposure.port.host_port, exposure.port.protocol
            if exposure.family == state_firewall.IPV6 and exposure.cause == CLOSES[0] and place in answered:
                found[f"container {old.name}, port {place[0]}/{place[1]}"] = (state_firewall.IPV6, place[0])
    return found


def warnings(places: Iterable[str]) -> list[str]:
    """The same as an operator reads it."""
    return [f"{place}: IPv6 clients get an answer today, and the host's firewall closes it then" for place in places]


def _pairs(
    host: published.Host, joining: Collection[str]
) -> Iterable[tuple[docker_objects.Container, docker_objects.Container, published.Host]]:
    """Each container as it is and as it will be, and what is around it then."""
    changed = tuple(
        _joined(container) if {container.id, container.name} & {*joining} else container
        for container in host.containers
    )
    after = host._replace(ip6tables=True, forwards=True, containers=changed)
    return ((old, new, after) for old, new in zip(host.containers, changed))


def _joined(container: docker_objects.Container) -> docker_objects.Container:
    """The container with IPv6, and its ports published on [::] where its user named no address.

    Without userland-proxy the engine lists no [::] for a container that has IPv4 only.
    """
    listed = {(port.container_port, port.protocol) for port in container.ports if ":" in port.host_ip}
    more = (
        one._replace(host_ip="::")
        for one in container.asked
        if not one.host_ip and one.host_port and (one.container_port, one.protocol) not in listed
    )
    return container._replace(endpoints=(*container.endpoints, PLANNED), ports=(*container.ports, *more))


def allowed(one: Opened, entries: Collection[str]) -> bool:
    """Whether the operator has named a port, by itself or together with its container."""
    return bool({ALL, one.port, str(one)} & {*entries})


def name(firewall: state_firewall.HostFirewall, by: str = "") -> str:
    """What an operator calls it, or the chain that closes a port."""
    return by or NAMES[firewall.kind]


def refuse(found: Iterable[Opened], entries: Collection[str], firewall: state_firewall.HostFirewall) -> None:
    """Raise Refused for what would be opened and is not named in ``entries``, or for entries that name nothing."""
    for entry in entries:
        if entry != ALL and not ENTRY.fullmatch(entry):
            raise Refused(f"'{entry}' is none of `all`, `25/tcp`, `mail:25/tcp`", OPTION)
    rest = [one for one in found if not allowed(one, entries)]
    if rest:
        names = ", ".join(f"container {one.container}, port {one.port}" for one in rest)
        closers = " and ".join(dict.fromkeys(name(firewall, one.by) for one in rest))
        raise Refused(
            f"enabling IPv6 opens to everyone what {closers} closes today ({names}), as packets that Docker"
            " translates go past it",
            "host firewall",
            f"Name what may be open in {OPTION}: {', '.join(map(str, rest))}. Nothing was changed",
        )
