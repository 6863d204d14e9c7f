# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose itself, as a program. Reads no file of a project, so that the host's own way back can carry it along."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t

from ...change import diff
from ...core.refused import Refused
from ...system.io import programs as system_programs

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..steps import Recreate

# The plugin of Compose 2 and later, and the program that 1.29 and Debian's packages are.
PROGRAMS = (("docker", "compose"), ("docker-compose",))
VERSION_TIMEOUT = 120
# A container has ten seconds to stop unless it says otherwise.
UP_TIMEOUT = 900


def find(timeout: float = VERSION_TIMEOUT) -> tuple[str, ...]:
    """The command of Compose, empty if there is none."""
    for program in PROGRAMS:
        code, said = run((*program, "version"), timeout)
        if code == 0 and "compose" in said.lower():
            return program
    return ()


def is_old(program: tuple[str, ...], timeout: float = VERSION_TIMEOUT) -> bool:
    """Whether it is Compose 1."""
    return re.search(r"version v?1\.", run((*program, "version"), timeout)[1]) is not None


def run(command: tuple[str, ...], timeout: float, folder: str | None = None) -> tuple[int, str]:
    """Exit code of a command, and what it printed: its answer, or its complaint in one line."""
    environment = {**os.environ, "PATH": system_programs.searched()}
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=timeout, cwd=folder, env=environment)
    except (OSError, subprocess.SubprocessError) as error:
        return 127, str(error)
    said = (done.stderr if done.returncode else done.stdout).decode(errors="replace").strip()
    # It cites files, .env and env_file of a project, and these may hold secrets.
    return done.returncode, said if done.returncode == 0 else diff.cited(" ".join(said.split()))


def with_variables(env_files: Iterable[str]) -> tuple[str, ...]:
    """The options by which Compose takes its variables from other files than ``.env``."""
    return tuple(word for path in env_files for word in ("--env-file", path))


def recreate(step: Recreate) -> None:
    """Let Compose re-create the containers whose services have changed, and no others.

    Raises:
        Refused: in Compose's own words.
    """
    program = find()
    if not program:
        raise Refused(f"there is no Compose on this host to re-create {', '.join(step.services)}", step.folder)
    named = ("-f", step.file) if step.file else ()
    # Compose notes how it was called in labels of the container, so it is called as its user does: in the folder.
    called = (*program, "-p", step.project, *with_variables(step.env_files), *named)
    command = (*called, "up", "-d", "--no-deps", "--no-build", "--", *step.services)
    code, said = run(command, UP_TIMEOUT, step.folder)
    if code:
        raise Refused(f"Compose cannot re-create {', '.join(step.services)}: {said}", step.folder)
