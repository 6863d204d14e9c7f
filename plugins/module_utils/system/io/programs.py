# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the host, in its own language and UTC whatever the user has, and found where root looks."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

from ...core.refused import Refused

# How long a question may take, and a change, in seconds.
QUESTION, CHANGE = 10, 60

Done = subprocess.CompletedProcess[bytes]


# Root's own folders: a caller's PATH may begin with those of others. It comes last because a program may be elsewhere.
FOLDERS = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


def searched() -> str:
    """Where programs are looked for; without entries of PATH that are not absolute."""
    found = f"{FOLDERS}:{os.environ.get('PATH', '')}".split(":")
    return ":".join(dict.fromkeys(folder for folder in found if folder.startswith("/")))


def where(name: str) -> str:
    """The path of a program, empty if it is not there."""
    return shutil.which(name, path=searched()) or ""


def run(*command: str, stdin: str = "", timeout: int = QUESTION) -> Done | None:
    """What became of a program; None where it is missing or does not end."""
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):  # ValueError: a NUL in a word
        return run_within(command, stdin, timeout)
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
        done = run_within(command, stdin, timeout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
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


def run_within(command: tuple[str, ...], stdin: str, timeout: float) -> Done:
    """Run a program for so many seconds at most, with words in English and times in UTC."""
    environment = {**os.environ, "PATH": searched(), "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.run(
        command,
        input=stdin.encode(errors="surrogateescape"),
        capture_output=True,
        check=False,
        timeout=timeout,
        env=environment,
    )
