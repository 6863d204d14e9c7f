# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirms a change: by the module host_transaction, or by the program that an armed host has got."""

from __future__ import annotations

import json
import socket
import sys
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_transaction
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

REACH_TIMEOUT = 10.0


def confirm(run: str, target: str) -> None:
    """End the armed transaction of a run, so that its change stays.

    Args:
        run: its id.
        target: HOST:PORT that this host must be able to connect to over TCP, empty for none.

    Raises:
        Refused: it is not armed any more, or another one is, or the target cannot be reached.
    """
    with _io_files.lock():
        _io_transaction.stored(run)  # refuses if it is not ours
        if target:
            reach(target)
        _io_transaction.disarm()


def reach(target: str) -> None:
    """Connect to HOST:PORT over TCP, or raise Refused."""
    host, _colon, port = target.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_TIMEOUT).close()
    except (OSError, ValueError) as error:
        raise Refused(f"cannot be reached from this host ({error}), so the change is not confirmed", target) from None


def main(run: str, target: str) -> None:
    """The program: confirm, and say in one line of JSON what the module would return."""
    told: dict[str, t.Any] = {"changed": True}
    try:
        confirm(run, target)
    except Refused as reason:
        told = {"failed": True, "msg": str(reason)}
    sys.stdout.write(f"{json.dumps(told)}\n")
