# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host, in its own language whatever the user's is, and found where only root looks."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

# How long a question may take, and a change, in seconds.
QUESTION, CHANGE = 10, 60

Done = subprocess.CompletedProcess[bytes]


def searched() -> str:
    """Where programs are looked for: that of users often lacks what only root runs."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def where(name: str) -> str:
    """The path of a program, empty if it is not there."""
    return shutil.which(name, path=searched()) or ""


def run(*command: str, stdin: str = "", timeout: int = QUESTION) -> Done | None:
    """What became of a program; None where it is missing or does not end."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return _run(command, stdin, timeout)
    return None


def said(*command: str) -> str:
    """What a program prints; nothing where it fails."""
    done = run(*command)
    return done.stdout.decode(errors="replace") if done is not None and done.returncode == 0 else ""


def must(*command: str, stdin: str = "", timeout: int = CHANGE) -> str:
    """What a program prints.

    Raises:
        Refused: it fails, with its own words.
    """
    try:
        done = _run(command, stdin, timeout)
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused(f"{' '.join(command)} failed: {error}") from None
    if done.returncode:
        raise Refused(f"{' '.join(command)} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


def systemctl(*arguments: str, needed: bool = True) -> None:
    """Run systemctl; Refused if it fails although it is needed."""
    if needed:
        must("systemctl", *arguments)
    else:
        run("systemctl", *arguments, timeout=CHANGE)


def _run(command: tuple[str, ...], stdin: str, timeout: float) -> Done:
    environment = {**os.environ, "PATH": searched(), "LC_ALL": "C"}
    return subprocess.run(
        command, input=stdin.encode(), capture_output=True, check=False, timeout=timeout, env=environment
    )
