# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found on a host around neighbour proxying, as values. Reads what `ip -json` prints, asks no neighbour."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field

from ..core import ip

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Json = dict[str, t.Any]

FOREVER = 0xFFFFFFFF  # a lifetime that does not end, as iproute2 and RFC 4861 write it
GLOBAL = ("gua", "benchmarking")
# The kernel keeps an entry while it asks, and for a while after no neighbour answered.
UNANSWERED = ("INCOMPLETE", "FAILED", "NONE", "NOARP")


@dataclass(frozen=True)
class Address:
    """An address of the host; ``valid`` are the seconds that it has left, None for ever."""

    value: ipaddress.IPv6Interface
    interface: str
    valid: int | None = None


@dataclass(frozen=True)
class Route:
    """A route of the main table.

    Attributes:
        gateway: empty for what is on the link itself.
        kind: ``unicast``, ``unreachable``, …
        expires: seconds, None for never.
    """

    network: ipaddress.IPv6Network
    interface: str
    gateway: str = ""
    kind: str = "unicast"
    metric: int = 1024
    expires: int | None = None


@dataclass(frozen=True)
class Neighbour:
    """An entry of the neighbour table; ``mac`` is empty if no neighbour answered."""

    address: ipaddress.IPv6Address
    interface: str
    mac: str
    router: bool = False


@dataclass(frozen=True)
class Managed:
    """How systemd-networkd manages an interface: its .network file first, then the drop-ins, each with its text."""

    files: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The .network file's name, after which its drop-in directories are called."""
        return self.files[0][0].rpartition("/")[2]


@dataclass(frozen=True)
class Facts:
    """Everything that a plan for neighbour proxying needs to know.

    Attributes:
        proxied: the kernel's own proxy entries, as (interface, address).
        proxy_ndp: interface -> net.ipv6.conf.*.proxy_ndp, and ``forwarding`` the same, with ``all``.
        no_ip_forward: where it says that Docker must not switch forwarding on; empty if it may.
        bridges: the bridges of Docker's networks; addresses on them are the gateways of containers.
        containers: IPv6 addresses of containers.
        managed: interface -> how systemd-networkd manages it.
        units: our unit -> its content, and ``drop_ins`` path -> our content for systemd-networkd.
        running: our units that are enabled and active.
        ndppd: the program, empty if it is missing.
        ndppd_conf: the administrator's file, None if there is none.
        record: what an earlier run wrote down, see routed_undo.remember_ndp().
    """

    interfaces: tuple[str, ...]
    addresses: tuple[Address, ...] = ()
    routes: tuple[Route, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    proxied: tuple[tuple[str, ipaddress.IPv6Address], ...] = ()
    proxy_ndp: Mapping[str, str] = field(default_factory=dict)
    forwarding: Mapping[str, str] = field(default_factory=dict)
    no_ip_forward: str = ""
    bridges: tuple[str, ...] = ()
    containers: tuple[ipaddress.IPv6Address, ...] = ()
    managed: Mapping[str, Managed] = field(default_factory=dict)
    units: Mapping[str, bytes] = field(default_factory=dict)
    drop_ins: Mapping[str, bytes] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    ndppd: str = ""
    ndppd_conf: bytes | None = None
    record: Mapping[str, t.Any] = field(default_factory=dict)

    def on_link(self, interface: str) -> list[ipaddress.IPv6Network]:
        """The global prefixes whose addresses are an interface's neighbours, the longest first."""
        found = {
            route.network
            for route in self.routes
            if route.interface == interface
            and not route.gateway
            and route.kind == "unicast"
            and is_global(route.network)
        }
        return sorted(found, key=lambda network: (-network.prefixlen, network))

    def lifetime(self, network: ipaddress.IPv6Network, interface: str) -> int | None:
        """The seconds for which an on-link prefix stays valid unless it is renewed, None for ever.

        Addresses of the prefix tell, temporary ones and those of a lease (/128) less than the others; without any, its
        routes.
        """
        mine = [
            address for address in self.addresses if address.interface == interface and address.value.network == network
        ]
        lifetimes = [address.valid for address in mine]
        if not lifetimes:
            lifetimes = [
                route.expires for route in self.routes if (route.network, route.interface) == (network, interface)
            ]
        known = [lifetime for lifetime in lifetimes if lifetime is not None]
        return max(known) if known and len(known) == len(lifetimes) else None

    def routers(self) -> list[ipaddress.IPv6Address]:
        """The routers that are known: next hops, and neighbours that say so."""
        hops = [ipaddress.IPv6Address(route.gateway) for route in self.routes if route.gateway]
        return [*hops, *(neighbour.address for neighbour in self.neighbours if neighbour.router)]


def is_global(network: ipaddress.IPv6Network) -> bool:
    """Whether it is a global unicast prefix of more than one address."""
    return network.prefixlen < network.max_prefixlen and ip.classify(network).kind in GLOBAL


def addresses(rows: list[Json]) -> tuple[Address, ...]:
    """`ip -6 -json address show`."""
    found = []
    for row in rows:
        for entry in row.get("addr_info") or ():
            if "local" in entry:
                value = ipaddress.IPv6Interface(f"{entry['local']}/{entry['prefixlen']}")
                found.append(Address(value, row["ifname"], _seconds(entry.get("valid_life_time"))))
    return tuple(found)


def interfaces(rows: list[Json]) -> tuple[str, ...]:
    """The interfaces of `ip -6 -json address show`: all that have IPv6."""
    return tuple(row["ifname"] for row in rows if "ifname" in row)


def routes(rows: list[Json]) -> tuple[Route, ...]:
    """`ip -6 -json route show`; one route for each next hop."""
    found = []
    for row in rows:
        text = "::/0" if row["dst"] == "default" else row["dst"]
        network = ipaddress.IPv6Network(text)
        for hop in row.get("nexthops") or (row,):
            found.append(
                Route(
                    network,
                    hop.get("dev", ""),
                    hop.get("gateway", ""),
                    row.get("type", "unicast"),
                    int(row.get("metric", 0)),
                    _seconds(row.get("expires")),
                )
            )
    return tuple(found)


def neighbours(rows: list[Json]) -> tuple[Neighbour, ...]:
    """`ip -6 -json neighbour show`."""
    found = []
    for row in rows:
        silent = set(row.get("state") or ()) & set(UNANSWERED)
        mac = "" if silent else row.get("lladdr", "")
        found.append(Neighbour(ipaddress.IPv6Address(row["dst"]), row.get("dev", ""), mac, "router" in row))
    return tuple(found)


def proxied(rows: list[Json]) -> tuple[tuple[str, ipaddress.IPv6Address], ...]:
    """`ip -6 -json neighbour show proxy`."""
    return tuple((row.get("dev", ""), ipaddress.IPv6Address(row["dst"])) for row in rows)


def _seconds(value: t.Any) -> int | None:
    return None if value is None or int(value) >= FOREVER else int(value)
