# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host, or would be once IPv6 is enabled: stable ids, each with its evidence and what to do."""

from __future__ import annotations

import typing as t

from ..core import ip, verdict
from ..core.finding import CRITICAL, INFO, WARNING, Finding, Place, to_name
from ..core.refused import Refused
from ..daemon import address_pools, json_text
from ..daemon import on_host as daemon_on_host
from ..daemon import plan as daemon_plan
from ..daemon import undo as daemon_undo
from ..daemon.steps import LIVE_RESTORE
from ..engine import version as engine_version
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
    "ipv4_only_rules": WARNING,
    "daemon_json_invalid": CRITICAL,
    "daemon_json_pending": WARNING,
    "settings_taken_out": WARNING,
    "settings_unknown": WARNING,
    "network_without_ipv6": WARNING,
    "accept_ra_danger": WARNING,
    "no_ip6_tables": WARNING,
    "ipv6_dropped": WARNING,
    "ipv6nat": WARNING,
    "not_durable": WARNING,
    "way_back_failed": CRITICAL,
    "gateway_with_length": WARNING,
    "forbidden_prefix": WARNING,
    "vanity_prefix": INFO,
    "ipv4_first": INFO,
    **dict.fromkeys(engine_kind.KINDS, WARNING),
}
# No other program gives a network this name.
OUR_NETWORK = "dms-ipv6"
# What clients get depends on these, so it is reported if they are unknown.
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
            *_exposed(host, found),
            *_opened(host, wanted),
            *_one_family(host),
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
    reverted = found.record.get("reverted") or {}
    if reverted.get("gave_up"):
        left = "; ".join(reverted.get("left", ()))
        yield _finding(
            "way_back_failed",
            f"a change of {reverted.get('date')} could not be taken back, and the host has given up:"
            f" {' '.join(reverted.get('failed', ()))} Left to do: {left}",
            "See to the cause, then run dms.ipv6.host_transaction with state=reverted and"
            f" transaction={reverted.get('transaction')}, or dms.ipv6.undo",
        )


def _exposed(host: published.Host, found: Found) -> Iterator[Finding]:
    """Ports at which clients are not what they seem, or get no answer although something serves them."""
    for container in host.containers:
        for exposure in published.exposures(container, host):
            if exposure.family == state_firewall.IPV6 and not found.paths:
                continue
            if exposure.verdict == verdict.MASKED:
                place = _place(container.name, exposure, "appear as", exposure.by or "a gateway")
                yield _at("masked", place, _remedy(exposure, found, to_name([container.name])))
            elif exposure.verdict == verdict.TIMEOUT and exposure.cause != "host_firewall":
                remedy = _remedy(exposure, found, "Run dms.ipv6.enable, or refuse IPv6 with dms.ipv6.prevent")
                yield _at("hangs", _place(container.name, exposure, "get no answer and time out"), remedy)


def _place(container: str, exposure: published.Exposure, what: str, seen_as: str = "") -> Place:
    port, clients = exposure.port, f"{exposure.family.replace('ip', 'IP')} clients"
    name = f"{port.container_port}/{port.protocol}"
    return Place(container, name, clients, what, seen_as, published.CAUSES[exposure.cause])


def _at(name: str, place: Place, remedy: str) -> Finding:
    return _finding(name, str(place), remedy)._replace(place=place)


def _remedy(exposure: published.Exposure, found: Found, usual: str) -> str:
    """What helps where dms.ipv6.enable would not."""
    if daemon_on_host.is_set_not_to_forward(found) and exposure.family == state_firewall.IPV6:
        return daemon_on_host.REMEDY_FORWARDING
    with_iptables = exposure.family == state_firewall.IPV4 or not engine_version.has(
        found.daemon.version, "ip6tables_by_default"
    )
    if with_iptables and daemon_plan.effective("iptables", found.daemon) is False:
        return "Switch iptables on again (a key of daemon.json, or an option of dockerd), and restart Docker"
    return usual


def _opened(host: published.Host, wanted: Wanted) -> Iterator[Finding]:
    """Ports that the host's firewall closes and that enabling IPv6 opens."""
    all_ids = [container.id for container in host.containers]
    places: dict[tuple[str, str], list[newly_open.Opened]] = {}
    for opened_port in newly_open.opened(host, wanted.containers or all_ids):
        if not newly_open.allowed(opened_port, wanted.allow_exposure):
            places.setdefault((opened_port.container, opened_port.ipv4), []).append(opened_port)
    for (name, ipv4), ports in places.items():
        closers = dict.fromkeys(newly_open.name(host.firewall, opened_port.by) for opened_port in ports)
        beside = f"{ipv4} keeps IPv4 clients out" if ipv4 else "IPv4 clients pass it already"
        yield _finding(
            "newly_exposed",
            f"container {name}: enabling IPv6 opens {', '.join(place.port for place in ports)} to all clients, which"
            f" {' and '.join(closers)} closes today for IPv6 clients ({beside})",
            f"Name what may be open in dms_ipv6_allow_exposure ({ports[0]}), or publish the port on an"
            " address of the host that only those reach who may",
        )


def _one_family(host: published.Host) -> Iterator[Finding]:
    """Rules of the administrator's own that keep clients out of containers over IPv4 alone."""
    chain = "chain DOCKER-USER of ip6tables (ufw-docker: /etc/ufw/after6.rules)"
    remedy = f"Put the same rules into {chain}, or publish the ports on IPv4 only"
    if not engine_version.has(host.version, "docker_user_ipv6"):
        remedy = (
            "Upgrade Docker Engine to 23.0 or later, which has that chain for IPv6, or publish the ports on IPv4 only"
        )
    if not host.ip6tables:
        return
    found = newly_open.rules_of_one_family(host, ())
    for rule in found:
        yield _at("ipv4_only_rules", newly_open.only_ipv4(*rule), remedy)
    banned = newly_open.banned_over_ipv4(host) if any(container.has_ipv6 for container in host.containers) else ""
    if banned and not found:
        yield _finding("ipv4_only_rules", banned, remedy)


def _file(found: Found) -> Iterator[Finding]:
    """The configuration file against the daemon that runs."""
    try:
        settings = json_text.load(found.raw, found.path)
    except Refused as reason:
        evidence = f"{reason.where}: {reason.problem}"
        yield _finding("daemon_json_invalid", evidence, "Correct the file before the daemon is restarted")
        return
    gone = daemon_undo.taken_out(found.record.get("undo"), settings)
    if gone:
        remedy = f"{daemon_on_host.PUT_THERE}. Then run dms.ipv6.enable"
        yield _finding("settings_taken_out", daemon_on_host.taken_out(gone, found.path), remedy)
    borrowed = () if found.borrowed is False else (LIVE_RESTORE,)
    pending = daemon_plan.foreign_pending(settings, (*borrowed, *gone), found.daemon)
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
            f"{found.path} is newer than the running daemon, so it is unknown whether it has {', '.join(unknown)}",
            "Restart Docker when it suits you",
        )
    yield from _other_networks(found, settings)


def _other_networks(found: Found, settings: Settings) -> Iterator[Finding]:
    """Settings of the default bridge that the administrator may expect to work for other networks."""
    keys = [key for key in ("ipv6", "fixed-cidr-v6") if settings.get(key) or found.daemon.observed.get(key)]
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
    if found.ipv6nat:
        beside = " beside Docker's own ip6tables" if host.ip6tables else ", and Docker's own ip6tables is not used"
        evidence = f"container {found.ipv6nat} translates IPv6 for networks with ULAs{beside}"
        yield _finding("ipv6nat", evidence, engine_kind.REMEDY_IPV6NAT)
    if found.no_ipv6:
        yield _finding("ipv6_dropped", f"{found.no_ipv6}: IPv6 clients get no answer at all", engine_kind.REMEDY_IPV6)
    if found.no_ip6tables and host.backend == state_daemon.IPTABLES:
        evidence = f"{found.no_ip6tables}: {engine_kind.without_ip6tables(host.version)}"
        yield _finding("no_ip6_tables", evidence, engine_kind.REMEDY_IP6TABLES)
    elif found.no_raw and host.backend == state_daemon.IPTABLES:
        evidence = f"{found.no_raw}: {engine_kind.without_raw(host.version)}"
        yield _finding("no_ip6_tables", evidence, engine_kind.REMEDY_RAW)


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
    ours = name == OUR_NETWORK or any(
        network_steps.LABEL in network.labels for network in found.networks if network.name == name
    )
    return bool(container.endpoint(name)) and not ours and container.id not in moved


def _networks(found: Found) -> Iterator[Finding]:
    """Networks with addresses that are not theirs to use."""
    for network in found.networks:
        if network.odd_gateway:
            evidence = f"the engine reports the gateway of network {network.name} as {network.odd_gateway}"
            yield _finding("gateway_with_length", f"{evidence}, {address_pools.UNREADABLE}", address_pools.REMEDY)
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
