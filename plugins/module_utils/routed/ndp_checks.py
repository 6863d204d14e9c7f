# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be answered for on a link, and why: each with one line, before anything is changed."""

from __future__ import annotations

import ipaddress
import typing as t

from ..core.refused import Refused
from . import ndppd_conf, networkd

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .neighbours import Facts

    # Which of these addresses a neighbour answers for on an interface, with the answer's link-layer address.
    Ask = Callable[[str, tuple[ipaddress.IPv6Address, ...]], Mapping[ipaddress.IPv6Address, str]]

SHORTEST_SHARE = 64
# A router that hands a delegated prefix on says 5400 s at most (RFC 9096, ND_VALID_LIMIT), and two hours are what a
# host keeps of a prefix whose lifetime is cut unexpectedly (RFC 4862, section 5.5.3). A prefix that is assigned for
# good is advertised for a day (radvd) to a month (RFC 4861, section 6.2.1).
# A router that is about to change its prefix may not announce less (RFC 4862, section 5.5.3), and many never announce
# more, in seconds. The operator judges longer ones, and has given the prefix by hand.
DYNAMIC = 7200
OTHER_PART = "Choose another part of the link's prefix"


def refuse_place(prefix: ipaddress.IPv6Network, interface: str, facts: Facts) -> None:
    """Raise Refused unless a prefix is a part of what an interface has on its link, for good."""
    mine = facts.on_link(interface)
    if not mine:
        raise Refused("it has no global prefix", interface, "An NDP proxy needs an on-link prefix to take a part of")
    around = next((subnet for subnet in mine if prefix.subnet_of(subnet) and prefix != subnet), None)
    if around is None:
        _refuse_outside(prefix, interface, facts, mine)
        return
    if around.prefixlen > SHORTEST_SHARE:
        raise Refused(
            f"its on-link prefix is {around}, less than a /{SHORTEST_SHARE}",
            interface,
            "Its other addresses belong to others: ask the provider for a prefix that is routed to this host",
        )
    lifetime = facts.lifetime(around, interface)
    if lifetime is not None and lifetime <= DYNAMIC:
        raise Refused(
            f"its prefix {around} is dynamic, because it is advertised for {lifetime} s only",
            interface,
            "If it is yours for good, have it advertised for longer, or give the interface an address of it by hand",
        )


def _refuse_outside(
    prefix: ipaddress.IPv6Network, interface: str, facts: Facts, mine: list[ipaddress.IPv6Network]
) -> None:
    covered = [subnet for subnet in mine if subnet.subnet_of(prefix)]
    if covered:
        raise Refused(f"{prefix} is all of {covered[0]}, the prefix of {interface}", "prefix", "Take a part of it")
    for other in facts.interfaces:
        elsewhere = other != interface and other not in facts.bridges
        if elsewhere and any(prefix.subnet_of(subnet) for subnet in facts.on_link(other)):
            raise Refused(f"{prefix} is on the link of {other}, not of {interface}", "prefix", f"Name {other}")
    for route in facts.routes:
        if route.kind != "unicast" and route.network.prefixlen and prefix.subnet_of(route.network):
            raise Refused(
                f"{prefix} needs no NDP proxy, because {route.network} is delegated to this host (route {route.kind})",
                "prefix",
            )
    raise Refused(
        f"{prefix} is in no on-link prefix of {interface} ({', '.join(map(str, mine))})",
        "prefix",
        "If the provider routes it to this host, it needs no NDP proxy; otherwise it is wrong",
    )


def refuse_taken(prefix: ipaddress.IPv6Network, interface: str, facts: Facts) -> None:
    """Raise Refused if an address of a prefix is the host's, a router's or a neighbour's."""
    for own in facts.addresses:
        if own.value.ip in prefix and own.interface not in facts.bridges:
            raise Refused(f"{prefix} covers {own.value.ip}, this host's own on {own.interface}", "prefix", OTHER_PART)
    for router in facts.routers():
        if router in prefix:
            raise Refused(f"{prefix} covers {router}, a router's", "prefix", OTHER_PART)
    for neighbour in facts.neighbours:
        if neighbour.interface == interface and neighbour.mac and neighbour.address in prefix:
            _refuse_neighbour(prefix, neighbour.address, neighbour.mac, interface)


def refuse_answered(
    prefix: ipaddress.IPv6Network, interface: str, addresses: Iterable[ipaddress.IPv6Address], ask: Ask
) -> None:
    """Raise Refused if a neighbour answers for one of these addresses when asked."""
    for address, mac in ask(interface, tuple(addresses)).items():
        _refuse_neighbour(prefix, address, mac, interface)


def _refuse_neighbour(prefix: ipaddress.IPv6Network, address: ipaddress.IPv6Address, mac: str, interface: str) -> None:
    raise Refused(
        f"{prefix} is shared with others: {mac} has {address} on {interface}",
        "prefix",
        f"{OTHER_PART}, or forget it if it is gone: ip -6 neighbour flush to {prefix} dev {interface}",
    )


def refuse_no_forwarding(interface: str, facts: Facts) -> None:
    """Raise Refused if packets for containers would not be forwarded, and dockerd will not change that."""
    if facts.forwarding.get("all") == "1":
        if facts.forwarding.get(interface) == "0":
            raise Refused(
                "it is 0, so nothing that comes in there is forwarded",
                f"net.ipv6.conf.{interface}.forwarding",
                "Set it to 1, or name another interface",
            )
    elif facts.no_ip_forward:
        raise Refused(
            "ip-forward is false and this host does not forward IPv6, so no client would reach the containers",
            facts.no_ip_forward,
            "Remove the key `ip-forward`, or set net.ipv6.conf.all.forwarding to 1",
        )


def refuse_rule(prefix: ipaddress.IPv6Network, interface: str, facts: Facts) -> bool:
    """Raise Refused if the administrator's own ndppd answers for the same; whether it works on the interface."""
    if facts.ndppd_conf is None:
        return False
    rules = ndppd_conf.rules(facts.ndppd_conf.decode(errors="replace"))
    for rule in rules:
        if rule.interface == interface and rule.prefix.overlaps(prefix):
            raise Refused(
                f"it has a rule for {rule.prefix} already, which overlaps {prefix}",
                f"{ndppd_conf.PATH}:{rule.line}",
                "Remove that rule, or take another part of the prefix",
            )
    return any(rule.interface == interface for rule in rules)


def refuse_switched_off(interface: str, facts: Facts) -> None:
    """Raise Refused if the administrator says that systemd-networkd is to proxy nothing."""
    for path, text in facts.managed[interface].files:
        line = networkd.switched_off(text)
        if line is not None:
            raise Refused(
                f"{networkd.PROXY} is off for {interface}", f"{path}:{line}", "Remove that line, or choose a backend"
            )
