# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else comes of giving containers IPv6: what opens, leaks or moves, and what needs a consent."""

from __future__ import annotations

import ipaddress
import typing as t

from ...core import ip
from ...exposure import newly_open, newly_routed, published
from ...network import members as network_members
from ...proof.io import own_addresses
from ...state import docker_objects, engine_kind
from . import read_host

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...engine.io.api import Docker
    from ...state.host import Found
    from ..nat import Wanted

SMTP = 25
ONLY_IPV6 = (
    "iptables is off: IPv4 clients stay masked, because docker-proxy serves them, and only IPv6 is made real and proved"
)
NO_WAY_OUT = "this host has no IPv6 default route: what containers open over IPv6 leads nowhere, and may wait for long"


def refuse_opened(joining: Collection[str], now: published.Host, wanted: Wanted) -> dict[str, tuple[str, int]]:
    """Raise Refused for ports that the host's firewall closes, and that are open once these containers have IPv6.

    Returns:
        those that it closes once they have it, see newly_open.shut().
    """
    newly_open.refuse(newly_open.opened(now, joining), wanted.allow_exposure, now.firewall)
    return newly_open.shut(now, joining)


def refuse_members(joins: Mapping[str, Iterable[str]], found: Found, wanted: Wanted, docker: Docker) -> None:
    """Raise Refused for a container that would leak or lose its way once a network of it has IPv6, see members."""
    if found.record.get("unfinished"):
        return  # what an earlier run left behind is put back first, whatever that is
    ask = read_host.ask(docker)
    joining = [
        network_members.joins(container, network, found, ask.links)
        for network, ids in joins.items()
        for container in map(ask.look, dict.fromkeys(ids))
        if container
    ]
    network_members.refuse(joining, found, wanted.containers, wanted.allow_leak)


def minded(
    found: Found,
    wanted: Wanted,
    steps: Collection[str],
    shut: Collection[str] = (),
    joining: Collection[str] = (),
    prove_on: Collection[str] = (),
) -> list[str]:
    """What else comes of steps that give containers IPv6; Refused where it needs a consent that is not there."""
    if not steps:
        return []
    engine_kind.refuse_beside_ipv6nat(found.ipv6nat)
    newly_routed.refuse(found, wanted.allow_forwarding)
    return [
        *newly_open.warnings(shut),
        *newly_open.unequal(published.host(found), joining),
        *_unproven(prove_on, found),
        *newly_routed.warnings(found),
        *([] if found.uplinks else [NO_WAY_OUT]),
        *([] if len(published.host(found).translated) > 1 else [ONLY_IPV6]),
        *_mail_without_name(found, joining),
    ]


def _unproven(networks: Iterable[str], found: Found) -> Iterator[str]:
    host = published.host(found)._replace(ip6tables=True)
    for family, chain in published.closed_to_responder(networks, host).items():
        yield (
            f"{chain} may close the way to the proof's responder over {family.replace('ip', 'IP')} (port"
            f" {published.RESPONDER_PORT} inside): only services are probed there"
        )


def _mail_without_name(found: Found, joining: Collection[str]) -> Iterator[str]:
    """What other mail servers make of an outgoing address that never had a PTR record."""
    names = [container.name for container in found.containers if container.id in joining and _takes_mail(container)]
    if not names:
        return
    outbound = own_addresses.read(found.networks).outbound
    if outbound and ipaddress.IPv6Address(outbound) not in ip.UNIQUE_LOCAL and own_addresses.has_no_name(outbound):
        yield (
            f"mail from container {', '.join(names)} goes out over IPv6 from then on, from {outbound}, which has no PTR"
            " record: other servers may reject it. Have your provider set one, or let Postfix send over IPv4"
            " (smtp_address_preference = ipv4)"
        )


def _takes_mail(container: docker_objects.Container) -> bool:
    return any(port.protocol == "tcp" and SMTP in (port.container_port, port.host_port) for port in container.ports)


def families(networks: Iterable[str], found: Found) -> list[str]:
    """Over which a responder on these networks is reached, if Docker's rules let it."""
    host = published.host(found)._replace(ip6tables=True)
    closed = published.closed_to_responder(networks, host)
    return [family for family in host.translated if family not in closed]


def probed(
    containers: Iterable[docker_objects.Container], host: published.Host, shut: Collection[tuple[str, int]]
) -> list[list[t.Any]]:
    """Family and host port at which clients are to be seen as they are."""
    served = published.served(containers, host)
    return [list(port) for port in served if port not in shut and port[0] in host.translated]
