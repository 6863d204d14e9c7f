# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order a new process on the host tries the addresses of a name, and whether gai.conf has a part in it."""

from __future__ import annotations

import ipaddress
import typing as t

from ..state import host as state_host
from . import gai_conf

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from .gai_conf import Tables

NOT_GLIBC = "no effect: the C library of this host is not glibc (musl, say), and reads no gai.conf"
LATER = "Running processes keep the old order until they are started again"


def effect(
    before: state_host.Order, after: state_host.Order, prefixes: Iterable[ipaddress.IPv6Network], others: Tables
) -> tuple[bool, str]:
    """Whether our lines have an effect, as far as it was seen, and a sentence without a full stop.

    Args:
        before: the order before the file was written.
        after: the order since then.
        prefixes: those that our lines are about.
        others: the tables without our lines.
    """
    if not after.glibc:
        return False, NOT_GLIBC
    unseen = _unseen(after)
    if unseen:
        return False, f"not verified: {unseen}"
    target = after.six or str(gai_conf.GLOBAL.network_address)
    place = after.six or "global IPv6 addresses"
    if not after.source:
        return False, f"no effect: this host has no way to {place}"
    if _label(others, after.source) == _label(others, target):
        return False, f"no effect: from {after.source} to {place} IPv6 comes first without these lines"
    if not any(_within(address, prefixes) for address in (after.source, target)):
        return False, f"no effect: {after.source}, from which this host connects to {place}, is in none of the prefixes"
    if not after.name:
        return False, "not verified: give a name that has addresses of both families"
    if not after.six_first:
        return False, f"no effect: new processes still try {after.four} before {after.six} for {after.name}"
    was = "" if before.six_first else f" They tried {before.four} first before. {LATER}"
    return True, f"new processes try {after.six} before {after.four} for {after.name}.{was}".rstrip(".")


def _unseen(order: state_host.Order) -> str:
    """Why a name shows nothing, empty if it does or if there is none."""
    if not order.name or (order.six and order.four):
        return ""
    if not order.addresses:
        return f"{order.name} cannot be resolved here"
    return f"{order.name} has no {'IPv6' if order.four else 'IPv4'} address"


def _label(tables: Tables, address: str) -> int:
    return tables.value(gai_conf.LABEL, ipaddress.IPv6Network(address))


def _within(address: str, prefixes: Iterable[ipaddress.IPv6Network]) -> bool:
    return any(ipaddress.IPv6Address(address) in prefix for prefix in prefixes)
