# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own addresses: where clients reach it, and all that a masked client may appear as."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_kernel

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.dms.ipv6.plugins.module_utils import _found

ULA = ipaddress.IPv6Network("fc00::/7")


class Places(t.NamedTuple):
    """Where a client reaches this host, and what the host's own addresses are.

    Attributes:
        ipv4: address to connect to over IPv4, empty if there is none.
        ipv6: the same over IPv6; never a link-local one.
        all: every address of the host, gateways of Docker's networks included.
    """

    ipv4: str
    ipv6: str
    all: tuple[str, ...]

    @property
    def reached_at(self) -> dict[str, str]:
        """family -> where clients reach this host; a family that it does not have is missing."""
        return {family: value for family, value in (("ipv6", self.ipv6), ("ipv4", self.ipv4)) if value}


def read(networks: Iterable[_found.Network]) -> Places:
    """Where this host is reached, as far as the host itself can tell."""
    bridges = {one.bridge for one in networks} | {"lo", "docker0", "docker_gwbridge"}
    six = [one for one in _io_kernel.addresses() if one.interface not in bridges and not one.value.ip.is_link_local]
    uplinks = [one.interface for one in _io_kernel.routes() if one.network.prefixlen == 0]
    # An address of the uplink first, and a global one before a ULA.
    six.sort(key=lambda one: (one.interface not in uplinks, one.value.ip in ULA))
    four = {name: value for name, value in _io_kernel.ipv4_addresses().items() if name not in bridges}
    default = _io_kernel.ipv4_default_interface() or ""
    everything = [str(one.value.ip) for one in _io_kernel.addresses()] + _io_kernel.local_ipv4()
    return Places(
        ipv4=four.get(default) or next(iter(four.values()), ""),
        ipv6=str(six[0].value.ip) if six else "",
        all=tuple(dict.fromkeys(everything)),
    )
