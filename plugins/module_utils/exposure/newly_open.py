# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that the host's firewall closes today and that enabling IPv6 opens: what Docker translates goes past it.

Measured with UFW and firewalld on Docker Engine 20.10.24, 26.1.5 and 28.5.2: docker-proxy's socket is the host's own,
so default deny holds for it; a translated packet is forwarded, and Docker's rules come first there. The same holds for
chains of the administrator's own. Where it is unknown what they do, a port counts as closed.
"""

from __future__ import annotations

import re
import typing as t

from ..core import verdict
from ..core.finding import Place
from ..core.refused import Refused
from ..engine import version as engine_version
from ..state import docker_objects, packet_filter
from ..state import firewall as state_firewall
from . import iptables, published

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ALL = "all"
OPTION = "allow_exposure"
ENTRY = re.compile(r"(?:(?P<container>[^:/]+):)?(?P<port>\d+/(?:tcp|udp|sctp))")
NAMES = {"": "the host's firewall", state_firewall.UFW: "UFW", state_firewall.FIREWALLD: "firewalld"}
CLOSES = ("host_firewall", "host_firewall_unknown")
# Where a container will be: on a network that does not exist yet, so a plain bridge to the model.
PLANNED = docker_objects.Endpoint("planned", "192.0.0.8", "fd00::8", "192.0.0.9", "fd00::9")


class Opened(t.NamedTuple):
    """A port of the host that will be open: ``port`` as in ``25/tcp``, ``now`` the verdict of today.

    ``by`` is the chain of the administrator's own that closes it; empty for UFW and firewalld. ``ipv4`` is the chain
    that keeps IPv4 clients out; empty if they pass.
    """

    container: str
    port: str
    now: str
    by: str = ""
    ipv4: str = ""

    def __str__(self) -> str:
        return f"{self.container}:{self.port}"


def opened(host: published.Host, joining: Collection[str]) -> list[Opened]:
    """What is opened once ip6tables is on and some containers have IPv6.

    Args:
        host: as it is, with all containers that run.
        joining: ids or names of those that get IPv6; those that have it already count without being named.
    """
    return list(
        dict.fromkeys(
            opened_port for old, new, after in pairs(host, joining) for opened_port in _of(old, new, host, after)
        )
    )


def _of(
    old: docker_objects.Container, new: docker_objects.Container, host: published.Host, after: published.Host
) -> Iterable[Opened]:
    closed = {
        (exposure.port.host_port, exposure.port.protocol): exposure.verdict
        for exposure in published.exposures(old, host)
        if exposure.family == state_firewall.IPV6 and exposure.cause in CLOSES
    }
    if not closed:
        return
    shut_to_ipv4 = kept_out(old, host)
    for exposure in published.exposures(new, after):
        place = exposure.port.host_port, exposure.port.protocol
        open_then = exposure.verdict == verdict.REAL or exposure.cause == CLOSES[1]
        if exposure.family == state_firewall.IPV6 and open_then and place in closed:
            by = host.firewall.incoming_outcome(state_firewall.IPV6, *place).by
            text = f"{place[0]}/{place[1]}"
            yield Opened(old.name, text, closed[place], by, shut_to_ipv4.get(text, ""))


def kept_out(container: docker_objects.Container, host: published.Host) -> dict[str, str]:
    """Port -> the chain that keeps IPv4 clients out of it."""
    found = {}
    for exposure in published.exposures(container, host) if host.firewall.chains else ():
        by = published.keeps_out(exposure, container, host) if exposure.family == state_firewall.IPV4 else ""
        if by:
            found[f"{exposure.port.host_port}/{exposure.port.protocol}"] = by
    return found


def rules_of_one_family(host: published.Host, joining: Collection[str]) -> list[tuple[str, str, str]]:
    """Container, port and chain where rules keep IPv4 clients out, and IPv6 clients come in once some have IPv6."""
    found = []
    for old, new, after in pairs(host, joining):
        kept = kept_out(old, host)
        reached = _reached(new, after) if kept else set()
        found += [(new.name, port, by) for port, by in kept.items() if port in reached]
    return found


def _reached(container: docker_objects.Container, host: published.Host) -> set[str]:
    """The ports at which IPv6 clients are let in."""
    return {
        f"{exposure.port.host_port}/{exposure.port.protocol}"
        for exposure in published.exposures(container, host)
        if exposure.family == state_firewall.IPV6 and exposure.verdict == verdict.REAL
    }


def unequal(host: published.Host, joining: Collection[str]) -> list[str]:
    """What rules of the administrator's own keep from IPv4 clients, and not from IPv6 clients once these have IPv6."""
    found = [str(only_ipv4(*rule)) for rule in rules_of_one_family(host, joining)]
    return found or [text for text in (banned_over_ipv4(host),) if text]


def only_ipv4(container: str, port: str, by: str) -> Place:
    """One of rules_of_one_family() as an operator reads it."""
    return Place(container, port, "IPv4 clients", f"are kept out by {by}; nothing does that for IPv6")


def banned_over_ipv4(host: published.Host) -> str:
    """That some clients are kept out of containers over IPv4 alone, as fail2ban and CrowdSec do; empty if it is not so.

    It takes the chain for what it may do with any client, because who is banned changes by the hour.
    """
    router = {chain.families[0]: chain.chains for chain in host.firewall.chains if chain.hook == packet_filter.ROUTER}
    four, six = (
        packet_filter.closes(router.get(family, {}), iptables.DOCKER_USER) for family in state_firewall.FAMILIES
    )
    led = any(rule.chain == iptables.DOCKER_USER for rule in router.get(state_firewall.IPV6, {}).get("FORWARD", ()))
    reached = led or engine_version.has(host.version, "docker_user_ipv6")
    if not four or (six and reached):
        return ""
    other = "that of ip6tables does not" if reached else f"Docker Engine {host.version} has no such chain for IPv6"
    return f"chain {iptables.DOCKER_USER} of iptables keeps some clients out over IPv4, and {other}"


def shut(host: published.Host, joining: Collection[str]) -> dict[str, tuple[str, int]]:
    """Container, port and clients -> family and host port of those that get an answer today, and not then.

    What is translated passes other chains than what docker-proxy takes: DOCKER-USER, and those of hook forward. IPv4
    packets then go to the container's address on the new network, which rules about the old one say nothing of.
    """
    found: dict[str, tuple[str, int]] = {}
    for old, new, after in pairs(host, joining):
        answered = {
            (exposure.family, exposure.port.host_port, exposure.port.protocol)
            for exposure in published.exposures(old, host)
            if exposure.verdict in (verdict.REAL, verdict.MASKED)
        }
        for exposure in published.exposures(new, after) if answered else ():
            family, port = exposure.family, exposure.port
            closes = CLOSES if family == state_firewall.IPV4 else CLOSES[:1]
            if exposure.cause in closes and (family, port.host_port, port.protocol) in answered:
                clients = family.replace("ip", "IP")
                place = f"container {old.name}, port {port.host_port}/{port.protocol}: {clients}"
                found[place] = (family, port.host_port)
    return found


def warnings(places: Iterable[str]) -> list[str]:
    """The same as an operator reads it."""
    return [
        f"{place} clients get an answer today, and the host's firewall closes it then, unless its rules know the"
        " container's new address"
        if place.endswith("IPv4")
        else f"{place} clients get an answer today, and the host's firewall closes it then"
        for place in places
    ]


def pairs(
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
        port._replace(host_ip="::")
        for port in container.bindings
        if not port.host_ip and port.host_port and (port.container_port, port.protocol) not in listed
    )
    return container._replace(endpoints=(*container.endpoints, PLANNED), ports=(*container.ports, *more))


def allowed(opened_port: Opened, entries: Collection[str]) -> bool:
    """Whether the operator has named a port, by itself or together with its container."""
    return bool({ALL, opened_port.port, str(opened_port)} & {*entries})


def name(firewall: state_firewall.HostFirewall, by: str = "") -> str:
    """What an operator calls it, or the chain that closes a port."""
    return by or NAMES[firewall.kind]


def refuse(found: Iterable[Opened], entries: Collection[str], firewall: state_firewall.HostFirewall) -> None:
    """Raise Refused for what would be opened and is not named in ``entries``, or for entries that name nothing."""
    for entry in entries:
        if entry != ALL and not ENTRY.fullmatch(entry):
            raise Refused(f"'{entry}' is none of `all`, `25/tcp`, `mail:25/tcp`", OPTION)
    rest = [opened_port for opened_port in found if not allowed(opened_port, entries)]
    if rest:
        names = ", ".join(f"container {opened_port.container}, port {opened_port.port}" for opened_port in rest)
        closers = " and ".join(dict.fromkeys(name(firewall, opened_port.by) for opened_port in rest))
        kept = dict.fromkeys(opened_port.ipv4 for opened_port in rest if opened_port.ipv4)
        beside = f"; {' and '.join(kept)} keeps IPv4 clients out, and nothing does that for IPv6" if kept else ""
        raise Refused(
            f"enabling IPv6 opens to all clients what {closers} closes today ({names}), because packets that Docker"
            f" translates go past it{beside}",
            "host firewall",
            f"Name what may be open in {OPTION}: {', '.join(map(str, rest))}. Nothing was changed",
        )
