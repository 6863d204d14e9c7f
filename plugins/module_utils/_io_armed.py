# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is armed on this host, as JSON has it, and how that ends. Who only confirms needs nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_program
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

UNIT = "dms-ipv6-revert"
UNITS = "/etc/systemd/system"
PROGRAM = "revert.pyz"


def path() -> str:
    """Where the transaction lies."""
    return os.path.join(_io_files.STATE, "transaction.json")


def read() -> dict[str, t.Any] | None:
    """The armed transaction, None if there is none."""
    raw = _io_files.read(path())
    return None if raw is None else t.cast("dict[str, t.Any]", json.loads(raw))


def is_armed(run: str = "") -> bool:
    """Whether the transaction of this run is armed; any one, if no id is given."""
    said = read()
    return said is not None and run in ("", said["id"])


def stored(run: str = "") -> dict[str, t.Any] | None:
    """The armed transaction of this run, None if there is none and no id is given.

    Raises:
        Refused: the transaction of another run is armed, or that of this run is armed no more.
    """
    said = read()
    if said is None:
        if run:
            raise Refused("the change was not confirmed in time and has been undone", path(), "Run it again")
        return None
    if said["id"] != run:
        left = max(0, round(said["deadline"] - time.monotonic()))
        raise Refused(
            f"another run's change waits to be confirmed, and is undone in {left} s otherwise",
            path(),
            "Wait, or end it with dms.ipv6.host_transaction",
        )
    return said


def link() -> str:
    """What makes systemd start the unit at a boot."""
    return f"{UNITS}/multi-user.target.wants/{UNIT}.service"


def disarm() -> None:
    """End the transaction: removing its file is what counts, the rest is tidying up."""
    _io_files.write(path(), None)
    stop_timer()
    with contextlib.suppress(FileNotFoundError):
        os.remove(link())
    _io_files.write(f"{UNITS}/{UNIT}.service", None)
    _io_files.write(os.path.join(_io_files.STATE, PROGRAM), None)


def stop_timer() -> None:
    """Stop the timer, if there is one."""
    _io_program.systemctl("stop", f"{UNIT}.timer", needed=False)
