# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change at a time on a host."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
import typing as t

from ...core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# Not the /run/dms-ipv6.lock of earlier versions: any user could open that one, and hold it.
LOCK = "/run/dms-ipv6-change.lock"
# How long a run waits for another one, and the way back for a run, in seconds: Compose may take a quarter of an hour.
WAIT, WAY_BACK = 60.0, 1800.0
BETWEEN_TRIES = 0.1


@contextlib.contextmanager
def lock(wait: float = WAIT) -> Iterator[None]:
    """One change at a time on a host: a second run waits here for the first. Released by the kernel if we die.

    Args:
        wait: how long, in seconds.

    Raises:
        Refused: another run is at work for longer than that; its process is named.
    """
    try:
        handle = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"the lock cannot be opened: {error.strerror}", LOCK) from None
    try:
        _keep_to_ourselves(handle)
        _take(handle, wait)
        yield
    finally:
        os.close(handle)


def _keep_to_ourselves(handle: int) -> None:
    """Let no other user open the lock: a process that may open it may hold it."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        raise Refused("it is not a file of root's", LOCK, "Remove it")
    os.fchmod(handle, 0o600)


def _take(handle: int, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                raise Refused(f"the lock cannot be taken: {error.strerror}", LOCK) from None
        if time.monotonic() >= deadline:
            problem = f"another change of this host is at work for longer than {wait:g} s: {_holder(handle)}"
            raise Refused(problem, LOCK, "Wait until it has ended, and run this again")
        time.sleep(BETWEEN_TRIES)


def _holder(handle: int) -> str:
    """The process that has the lock, as /proc/locks tells."""
    inode = os.fstat(handle).st_ino
    with contextlib.suppress(OSError), open("/proc/locks", encoding="ascii", errors="replace") as file:
        for line in file:
            found = re.match(r"\d+: FLOCK .* (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) ", line)
            if found and int(found[2]) == inode and int(found[1]):
                return f"process {found[1]}{_command(found[1])}"
    return "a process that is not seen from here"


def _command(pid: str) -> str:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
        words = "".join(character if character.isprintable() else " " for character in file.read(4096)).split()
        return f" ({' '.join(words)[:200]})" if words else ""
    return ""
