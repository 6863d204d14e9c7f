# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings of forwarding and router advertisements: read and set."""

from __future__ import annotations

import contextlib
import glob
import os
import socket
import struct
import typing as t

from ...state.host import AtBoot
from ...system.io import files as system_files
from ...system.io import kernel
from .. import forwarding, ifupdown

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..forwarding import ForwardingComesOn, KeepRoute, RestoreAcceptRa, SetSysctl
    from ..ifupdown import KeepInIfupdown, TakeOutOfIfupdown

ALL_ROUTERS = "ff02::2"
ROUTER_SOLICITATION = 133


def forwards() -> bool:
    """Whether the host forwards IPv6."""
    return kernel.sysctl(forwarding.FORWARDING[0]) == "1"


def set_sysctl(step: SetSysctl) -> None:
    """Set it now."""
    kernel.set_sysctl(step.name, step.value)


def keep_route(step: KeepRoute) -> None:
    """accept_ra=2."""
    kernel.set_sysctl(forwarding.accept_ra(step.interface), "2")


def forwarding_comes_on(step: ForwardingComesOn) -> None:
    """Forwarding on, where dockerd does not switch it on by itself."""
    for name in () if step.by_docker else forwarding.FORWARDING:
        kernel.set_sysctl(name, "1")


def at_boot() -> AtBoot:
    """What sets accept_ra at a boot, beside our own file."""
    own = os.path.basename(forwarding.SYSCTL_FILE)
    later = [path for path in _paths(forwarding.SYSCTL_FILES) if os.path.basename(path) > own]
    return AtBoot(_texts(sorted(later, key=os.path.basename)), _texts(_paths(ifupdown.FILES)))


def forwarding_off() -> list[str]:
    """Where the host's own settings switch IPv6 forwarding off, as path and line."""
    return forwarding.switched_off_by(_texts(_paths((*forwarding.SYSCTL_FILES, forwarding.SYSCTL_CONF))))


def _paths(patterns: Iterable[str]) -> list[str]:
    return [path for pattern in patterns for path in sorted(glob.glob(pattern)) if os.path.isfile(path)]


def _texts(paths: Iterable[str]) -> dict[str, str]:
    return {path: (system_files.read(path) or b"").decode(errors="surrogateescape") for path in paths}


def keep_in_ifupdown(step: KeepInIfupdown) -> None:
    """accept_ra 2 in a file of ifupdown."""
    _edit(step.path, lambda text: ifupdown.kept(text, step.interface))


def take_out_of_ifupdown(step: TakeOutOfIfupdown) -> None:
    """The file without that."""
    _edit(step.path, lambda text: ifupdown.taken_out(text, step.interface))


def _edit(path: str, edit: Callable[[str], str]) -> None:
    raw = system_files.read(path)
    text = (raw or b"").decode(errors="surrogateescape")
    if raw is not None and edit(text) != text:
        system_files.write(path, edit(text).encode(errors="surrogateescape"), expected=(raw,))


def restore_accept_ra(step: RestoreAcceptRa) -> None:
    """accept_ra as it was, and ask for an advertisement; left at 2 while the host forwards."""
    if not forwards():
        kernel.set_sysctl(forwarding.accept_ra(step.interface), step.value)
    solicit(step.interface)


def restore_forwarding(_step: t.Any) -> None:
    """Forwarding off, as it was, and ask for advertisements: the routes they gave are lost, or were never kept."""
    for name in forwarding.FORWARDING:
        kernel.set_sysctl(name, "0")
    for _index, interface in socket.if_nameindex():
        if interface != "lo":
            solicit(interface)


def solicit(interface: str) -> None:
    """Send a router solicitation (RFC 4861, section 4.1): routers otherwise take minutes to advertise themselves."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as handle:
        handle.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        index = socket.if_nametoindex(interface)
        handle.sendto(struct.pack("!BBHI", ROUTER_SOLICITATION, 0, 0, 0), (ALL_ROUTERS, 0, 0, index))
