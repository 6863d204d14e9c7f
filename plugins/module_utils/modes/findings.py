# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host, or would be once IPv6 is enabled: stable ids, each with its evidence and what to do."""

from __future__ import annotations

import typing as t

from ..core import ip, verdict
from ..core.finding import CRITICAL, INFO, WARNING, Finding
from ..core.refused import Refused
from ..daemon import json_text
from ..daemon import plan as daemon_plan
from ..daemon.steps import LIVE_RESTORE
from ..exposure import newly_open, published
from ..host import forwarding
from ..network import steps as network_steps
from ..state import daemon as state_daemon
from ..state import docker_objects, engine_kind
from ..state import firewall as state_firewall

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..daemon.json_text import Settings
    from ..state.host import Found
    from .nat import Wanted

# Every id, and how bad it is.
SEVERITIES = {
    "masked": CRITICAL,
    "hangs": WARNING,
    "newly_exposed": WARNING,
    "daemon_json_invalid": CRITICAL,
    "daemon_json_pending": WARNING,
    "settings_unknown": WARNING,
    "network_without_ipv6": WARNING,
    "accept_ra_danger": WARNING,
    "no_ip6_tables": WARNING,
    "ipv6_dropped": WARNING,
    "not_durable": WARNING,
    "way_back_failed": CRITICAL,
    "forbidden_prefix": WARNING,
    "vanity_prefix": INFO,
    "ipv4_first": INFO,
    **dict.fromkeys(engine_kind.KINDS, WARNING),
}
# Nobody else has a network of this name.
OUR_NETWORK = "dms-ipv6"
# What clients get hangs on these, so it is worth a word if nobody can tell them.
DECISIVE = ("ip6tables", "userland-proxy")


def findings(found: Found, wanted: Wanted, moving: Collection[str]) -> list[Finding]:
    """Everything that is wrong on a host.

    Args:
        found: what was read.
        wanted: the role's variables; without containers all of them are thought of.
        moving: those of them that are moved while they run, without a Compose file being edited.
    """
    result = [*_environments(found), *_given_up(found)]
    if not engine_kind.elsewhere(found.environment):
        host = published.host(found)
        result += [
            *_exposed(host, bool(found.paths)),
            *_opened(host, wanted),
            *_file(found),
            *_route(found),
            *_packet_filter(found, host),
        ]
    return [*result, *_moved_live(found, moving, wanted.network), *_networks(found), *_tried_late(found)]


def _finding(name: str, evidence: str, remedy: str) -> Finding:
    return Finding(name, SEVERITIES[name], evidence, remedy)


def _environments(found: Found) -> Iterator[Finding]:
    for kind in found.environment:
        yield _finding(kind, engine_kind.KINDS[kind].reason, engine_kind.KINDS[kind].remedy)


def _given_up(found: Found) -> Iterator[Finding]:
    """A change that was not confirmed, and that the host could not take back."""
    told = found.record.get("reverted") or {}
    if told.get("gave_up"):
        left = "; ".join(told.get("left", ()))
        yield _finding(
            "way_back_failed",
            f"a change of {told.get('date')} could not be taken back, and the host has given up:"
            f" {' '.join(told.get('failed', ()))} Left to do: {left}",
            "See to the cause, then run dms.ipv6.host_transaction with state=reverted and"
            f" transaction={told.get('transaction')}, or dms.ipv6.undo",
        )


def _exposed(host: published.Host, reachable: bool) -> Iterator[Finding]:
    """Ports at which clients are not what they seem, or get no answer although somebody serves them."""
    for container in host.containers:
        for exposure in published.exposures(container, host):
            clients = exposure.family.replace("ip", "IP")
            place = f"container {container.name}, port {exposure.port.container_port}/{exposure.port.protocol}"
            if exposure.family == state_firewall.IPV6 and not reachable:
                continue
            if exposure.verdict == verdict.MASKED:
                evidence = f"{place}: {clients} clients appear as {exposure.by or 'a gateway'}"
                remedy = "Run dms.ipv6.enable with this container in dms_ipv6_containers"
                yield _finding("masked", f"{evidence}, for {published.CAUSES[exposure.cause]}", remedy)
            elif exposure.verdict == verdict.TIMEOUT and exposure.cause != "host_firewall":
                evidence = f"{place}: {clients} clients wait in vain, for {published.CAUSES[exposure.cause]}"
                yield _finding("hangs", evidence, "Run dms.ipv6.enable, or let nobody find the port (dms.ipv6.prevent)")


def _opened(host: published.Host, wanted: Wanted) -> Iterator[Finding]:
    """Ports that the host's firewall closes and that enabling IPv6 opens."""
    everyone = [container.id for container in host.containers]
    ports: dict[str, list[str]] = {}
    closers: dict[str, list[str]] = {}
    for one in newly_open.opened(host, wanted.containers or everyone):
        if not newly_open.allowed(one, wanted.allow_exposure):
            ports.setdefault(one.container, []).append(one.port)
            closers.setdefault(one.container, []).append(newly_open.name(host.firewall, one.by))
    for name, numbers in ports.items():
        yield _finding(
            "newly_exposed",
            f"container {name}: enabling IPv6 opens {', '.join(numbers)} to everyone, which"
            f" {' and '.join(dict.fromkeys(closers[name]))} closes today for IPv6 clients"
            " (IPv4 clients pass it already)",
            f"Name what may be open in dms_ipv6_allow_exposure ({name}:{numbers[0]}), or publish the port on an"
            " address of the host that only those reach who may",
        )


def _file(found: Found) -> Iterator[Finding]:
    """The configuration file against the daemon that runs."""
    try:
        settings = json_text.load(found.raw, found.path)
    except Refused as reason:
        evidence = f"{reason.where}: {reason.problem}"
        yield _finding("daemon_json_invalid", evidence, "Correct the file before the daemon is restarted")
        return
    borrowed = () if found.borrowed is False else (LIVE_RESTORE,)
    pending = daemon_plan.foreign_pending(settings, borrowed, found.daemon)
    if pending:
        yield _finding(
            "daemon_json_pending",
            f"the running daemon does not have what {found.path} says of {', '.join(pending)}",
            "Restart Docker when it suits you, or take the change back",
        )
    # Where there is no file, there most likely was none when dockerd started.
    names = dict.fromkeys(() if found.raw is None else (*DECISIVE, *settings))
    unknown = [name for name in names if daemon_plan.in_force(name, settings, found.daemon) == daemon_plan.UNKNOWN]
    if unknown:
        yield _finding(
            "settings_unknown",
            f"{found.path} is newer than the running daemon, so nobody can tell whether it has {', '.join(unknown)}",
            "Restart Docker when it suits you",
        )
    yield from _other_networks(found, settings)


def _other_networks(found: Found, settings: Settings) -> Iterator[Finding]:
    """Settings of the default bridge that somebody expects to work for networks of his own."""
    keys = [one for one in ("ipv6", "fixed-cidr-v6") if settings.get(one) or found.daemon.observed.get(one)]
    for network in found.networks if keys else ():
        names = [
            container.name
            for container in found.containers
            if container.ports and container.endpoint(network.name) and not container.has_ipv6
        ]
        if names and network.driver == "bridge" and network.name not in docker_objects.PREDEFINED:
            yield _finding(
                "network_without_ipv6",
                f"network {network.name} of {', '.join(names)} has no IPv6: {' and '.join(keys)} in {found.path} are"
                " about the default bridge only",
                "Run dms.ipv6.enable with these containers in dms_ipv6_containers",
            )


def _route(found: Found) -> Iterator[Finding]:
    """The host's way out, which is lost once it forwards."""
    for interface in found.ra_default:
        if found.accept_ra.get(interface) == "1":
            name = forwarding.accept_ra(interface)
            when = "now that the host forwards IPv6" if found.forwards else "once Docker's first IPv6 network is there"
            yield _finding(
                "accept_ra_danger",
                f"the IPv6 default route on {interface} comes from router advertisements, and with {name} = 1 it is"
                f" lost {when}",
                f"Set {name.replace('/', '.')} = 2 before; dms.ipv6.enable does it",
            )


def _packet_filter(found: Found, host: published.Host) -> Iterator[Finding]:
    """What keeps Docker's rules for IPv6 from being there, or from being of any use."""
    if found.no_ipv6:
        yield _finding("ipv6_dropped", f"{found.no_ipv6}: IPv6 clients get no answer at all", engine_kind.REMEDY_IPV6)
    if found.no_ip6tables and host.backend == state_daemon.IPTABLES:
        evidence = f"{found.no_ip6tables}: {engine_kind.without_ip6tables(host.version)}"
        yield _finding("no_ip6_tables", evidence, engine_kind.REMEDY_IP6TABLES)


def _moved_live(found: Found, moving: Collection[str], network: str) -> Iterator[Finding]:
    """Containers that are made again without the network that they are connected to."""
    for container in found.containers:
        composed = docker_objects.COMPOSE_PROJECT in container.labels
        if not composed or not {container.name, container.id} & {*moving} or _has_by_itself(container, network, found):
            continue
        project = container.labels[docker_objects.COMPOSE_PROJECT]
        when, remedy = "an `up` re-creates it", "Put the network into the Compose file as well"
        if docker_objects.COMPOSE_FILES not in container.labels:  # a program that is not Compose labels it so
            when = "it is re-created"
            remedy = f"Have the program that makes it put it on network {network}, or leave dms_ipv6_attach at auto"
        evidence = f"container {container.name} of Compose project {project} is masked again once {when}"
        yield _finding("not_durable", evidence, remedy)


def _has_by_itself(container: docker_objects.Container, name: str, found: Found) -> bool:
    """Whether a container was made with a network, so that it has it again when it is re-created."""
    moved = found.record.get("moves", {}).get(name, ())
    ours = name == OUR_NETWORK or any(network_steps.LABEL in one.labels for one in found.networks if one.name == name)
    return bool(container.endpoint(name)) and not ours and container.id not in moved


def _networks(found: Found) -> Iterator[Finding]:
    """Networks with addresses that are not theirs to use."""
    for network in found.networks:
        for subnet in network.subnets6:
            uses = f"network {network.name} uses {subnet}"
            if ip.special(subnet):
                remedy = "Re-create the network with a ULA or an assigned prefix"
                yield _finding("forbidden_prefix", f"{uses}, {ip.special(subnet)}", remedy)
            if ip.is_vanity(subnet):
                remedy = "Use a random ULA: two hosts with this one collide when joined"
                yield _finding("vanity_prefix", f"{uses}, a well-known example", remedy)


def _tried_late(found: Found) -> Iterator[Finding]:
    """Names that the host itself would reach over IPv6, were it not for a ULA."""
    for order in found.orders:
        if order.unequal:
            yield _finding(
                "ipv4_first",
                f"new processes on this host try {order.four} before {order.six} for {order.name}: one of"
                f" {order.source}, from which they would connect, and that address is a ULA, the other is not",
                "Nothing has to be done. Where IPv6 does get there (NAT66), set dms_ipv6_gai_conf, and name the ULA's"
                " prefix in dms_ipv6_gai_conf_prefixes",
            )
