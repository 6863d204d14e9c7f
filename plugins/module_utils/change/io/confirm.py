# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirms a change: by the module host_transaction, or by the program that an armed host has got."""

from __future__ import annotations

import socket

from ...core.refused import Refused
from . import armed, lock

REACH_TIMEOUT = 10.0


def confirm(run: str, target: str) -> None:
    """End the armed transaction of a run, so that its change stays.

    Args:
        run: its id.
        target: HOST:PORT that this host must be able to connect to over TCP, empty for none.

    Raises:
        Refused: it is not armed any more, or another one is, or the target cannot be reached.
    """
    armed.stored(run)  # refuses if it is not ours
    if target:
        reach(target)  # which may take long, so the lock is free while it runs
    with lock.lock():
        armed.stored(run)
        armed.disarm()
        armed.forget()


def reach(target: str) -> None:
    """Connect to HOST:PORT over TCP, or raise Refused."""
    try:
        socket.create_connection(target_of(target), timeout=REACH_TIMEOUT).close()
    except (OSError, ValueError) as error:  # ValueError: no name that DNS could have
        raise Refused(f"cannot be reached from this host ({error}), so the change is not confirmed", target) from None


def target_of(text: str) -> tuple[str, int]:
    """Read HOST:PORT, where an IPv6 address may stand in brackets.

    Raises:
        Refused: it is something else.
    """
    host, _colon, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535 and host):
        raise Refused("it is not HOST:PORT with a port from 1 to 65535", f"reach: {text}")
    return host.strip("[]"), int(port)
