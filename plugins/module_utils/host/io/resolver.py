# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gai.conf of the target, and what new processes make of it."""

from __future__ import annotations

import contextlib
import os
import socket
import typing as t

from ...change.io import record as change_record
from ...change.plan import Plan
from ...state import host as state_host
from ...system.io import files as system_files
from ...system.io import programs as system_programs
from .. import address_order, gai_conf
from .. import undo as host_undo

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ...state.host import Order
    from ..gai_conf import Tables, Wanted

# Any port: nothing is sent.
PORT = 9


def known(record: Mapping[str, t.Any], path: str) -> Collection[str]:
    """The lines that earlier runs wrote into a file."""
    lines: list[str] = record.get("gai_conf", {}).get(path, {}).get("lines", [])
    return lines


def plan(path: str, selection: Wanted, record: Mapping[str, t.Any]) -> Plan:
    """The plan for a file; none, with a warning, where no program reads it.

    Raises:
        Refused: it is not understood, or says the contrary.
    """
    if not glibc():
        return Plan("", "", (), (address_order.NOT_GLIBC,))
    return gai_conf.plan(path, system_files.read(path), selection, known(record, path))


def back(path: str, record: Mapping[str, t.Any]) -> Plan:
    """The plan that takes our lines out."""
    return host_undo.gai_conf_back(record.get("gai_conf"), path, system_files.read(path))


def others(path: str) -> Tables:
    """The tables as they are without our lines for prefixes."""
    return gai_conf.others(gai_conf.decode(system_files.read(path)), path, known(change_record.record(), path))


def glibc() -> bool:
    """Whether the C library is glibc; musl has no such variable."""
    with contextlib.suppress(ValueError, OSError):
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    return False


def order(name: str = "") -> Order:
    """In which order a new process tries the addresses of a name; without one only what the host connects from."""
    if not glibc():
        return state_host.Order(False, name)
    addresses = ahosts(name) if name else ()
    seen = state_host.Order(True, name, addresses)
    target = seen.six or ("" if name else str(gai_conf.GLOBAL.network_address))
    return state_host.Order(True, name, addresses, source(target) if target else "")


def ahosts(name: str) -> tuple[str, ...]:
    """The addresses of a name, each once, in the order of getaddrinfo() in a process of its own; none if it fails.

    glibc reads gai.conf once in each process, so this one would not show it.
    """
    rows = [line.split() for line in system_programs.said("getent", "ahosts", name).splitlines()]
    return tuple(dict.fromkeys(row[0].partition("%")[0] for row in rows if row))


def source(address: str) -> str:
    """From which address the host connects to another, as glibc finds out: the kernel says it, and nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as handle:
        handle.connect((address, PORT))
        return str(handle.getsockname()[0]).partition("%")[0]
    return ""
