# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change at a time on a host."""

from __future__ import annotations

import contextlib
import fcntl
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = "/run/dms-ipv6.lock"


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """One change at a time on a host: a second run waits here for the first. Released by the kernel if we die."""
    with open(LOCK, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
