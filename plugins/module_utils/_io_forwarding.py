# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings of forwarding and router advertisements: read and set."""

from __future__ import annotations

import contextlib
import socket
import struct
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _forwarding, _io_kernel
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._forwarding import KeepRoute, RestoreAcceptRa, SetSysctl

ALL_ROUTERS = "ff02::2"
ROUTER_SOLICITATION = 133


def forwards() -> bool:
    """Whether the host forwards IPv6."""
    return _io_kernel.sysctl(_forwarding.FORWARDING[0]) == "1"


def _set(name: str, value: str) -> None:
    try:
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(value)
    except OSError as error:
        raise Refused(f"cannot be set to {value}: {error.strerror}", name) from None


def set_sysctl(step: SetSysctl) -> None:
    """Set it now."""
    _set(step.name, step.value)


def keep_route(step: KeepRoute) -> None:
    """accept_ra=2."""
    _set(_forwarding.accept_ra(step.interface), "2")


def restore_accept_ra(step: RestoreAcceptRa) -> None:
    """accept_ra as it was, and ask for an advertisement; left at 2 while the host forwards."""
    if not forwards():
        _set(_forwarding.accept_ra(step.interface), step.value)
    solicit(step.interface)


def switch_forwarding_on(_step: t.Any) -> None:
    """Forwarding on; the kernel gives it to every interface, and to those that come."""
    _set(_forwarding.FORWARDING[0], "1")


def restore_forwarding(_step: t.Any) -> None:
    """Forwarding off, as it was, and ask for advertisements: the routes they gave are lost, or were never kept."""
    for name in _forwarding.FORWARDING:
        _set(name, "0")
    for _index, interface in socket.if_nameindex():
        if interface != "lo":
            solicit(interface)


def solicit(interface: str) -> None:
    """Send a router solicitation (RFC 4861, section 4.1): routers otherwise take minutes to advertise themselves."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as handle:
        handle.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        index = socket.if_nametoindex(interface)
        handle.sendto(struct.pack("!BBHI", ROUTER_SOLICITATION, 0, 0, 0), (ALL_ROUTERS, 0, 0, index))
