# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own addresses: where clients reach it, and all that a masked client may appear as."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import typing as t

from ...system.io import kernel

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...state import docker_objects

ULA = ipaddress.IPv6Network("fc00::/7")
# The first global address, and any port: nothing is sent.
FAR_AWAY = ("2000::", 9)


class Places(t.NamedTuple):
    """Where a client reaches this host, and what the host's own addresses are.

    Attributes:
        ipv4: address to connect to over IPv4, empty if there is none.
        ipv6: the same over IPv6; never a link-local, temporary, deprecated or tentative one.
        all: every address of the host, gateways of Docker's networks included.
        own: those at which clients may reach it, of both families; none of Docker's.
        networks: subnets of Docker's networks.
        outbound: the IPv6 address from which it connects to others, empty if it has no way there.
    """

    ipv4: str
    ipv6: str
    all: tuple[str, ...]
    own: tuple[str, ...] = ()
    outbound: str = ""
    networks: tuple[str, ...] = ()

    @property
    def reached_at(self) -> dict[str, str]:
        """family -> where clients reach this host; a family that it does not have is missing."""
        return {family: value for family, value in (("ipv6", self.ipv6), ("ipv4", self.ipv4)) if value}

    def published_at(self, reached: Mapping[str, str]) -> tuple[str, ...]:
        """Where a port is published that others reach at these addresses, by family.

        An address that is not the host's own is translated on the way; to which is unknown here.
        """
        found = []
        for family, separator in (("ipv4", "."), ("ipv6", ":")):
            at = reached.get(family, "")
            own = [address for address in self.own if separator in address]
            found += [at] if at in self.all else own if at else []
        return tuple(dict.fromkeys(found))


def read(networks: Iterable[docker_objects.Network]) -> Places:
    """Where this host is reached, as far as the host itself can tell."""
    networks = tuple(networks)
    bridges = {network.bridge for network in networks} | {"lo", "docker0", "docker_gwbridge"}
    addresses = kernel.addresses()
    six = [
        address
        for address in addresses
        if address.interface not in bridges
        and not (address.value.ip.is_link_local or address.tentative or address.passing)
    ]
    uplinks = [route.interface for route in kernel.routes() if route.network.prefixlen == 0]
    outbound = source()
    # An address of the uplink first, a global one before a ULA, and then the one that the host itself uses.
    six.sort(
        key=lambda address: (
            address.interface not in uplinks,
            address.value.ip in ULA,
            str(address.value.ip) != outbound,
        )
    )
    four = {name: value for name, value in kernel.ipv4_addresses().items() if name not in bridges}
    default = kernel.ipv4_default_interface() or ""
    everything = [str(address.value.ip) for address in addresses] + kernel.local_ipv4()
    return Places(
        ipv4=four.get(default) or next(iter(four.values()), ""),
        ipv6=str(six[0].value.ip) if six else "",
        all=tuple(dict.fromkeys(everything)),
        own=(*four.values(), *(str(address.value.ip) for address in six)),
        outbound=outbound,
        networks=tuple(str(subnet) for network in networks for subnet in network.subnets),
    )


def has_no_name(address: str) -> bool:
    """Whether the host's resolver says that an address has no name (PTR record); one that is silent says nothing."""
    try:
        socket.getnameinfo((address, 0), socket.NI_NAMEREQD)
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
    return False


def source() -> str:
    """The IPv6 address from which this host connects to others: the kernel says it, and nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as handle:
        handle.connect(FAR_AWAY)
        return str(handle.getsockname()[0]).partition("%")[0]
    return ""
