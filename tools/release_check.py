#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the command of every row of docs/contributing/checklist.md; with --quick without what `make test` runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
TAIL = 30
# Steps of tools/test.py, or too long to be one.
ELSEWHERE = (
    "make ",
    "antsibull-changelog",
    "env -u ANSIBLE_HOST_PATTERN_MISMATCH ansible-lint",
    "pytest",
    "python tools/docs",
)


def rows(page: str) -> list[tuple[str, str]]:
    """What is required, and the command that shows it; a row without one is a mistake.

    Raises:
        ValueError: a row has no command, or there is no row.
    """
    found = []
    for line in page.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 3 or cells[0] == "asked for" or set(cells[0]) == {"-"}:
            continue
        command = re.fullmatch(r"`(.+)`", cells[2])
        if not command:
            raise ValueError(f"no command: {cells[0]}")
        found.append((cells[0], command[1]))
    if not found:
        raise ValueError("there is no row")
    return found


def shown(row: str, command: str) -> bool:
    start = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command], cwd=TOP, check=False, text=True, errors="replace", capture_output=True
    )
    ok = done.returncode == 0
    print(f"{'ok  ' if ok else 'FAIL'}  {row}  ({time.monotonic() - start:.1f} s)", flush=True)
    if not ok:
        lines = (done.stdout + done.stderr).splitlines()[-TAIL:]
        print("\n".join([f"    $ {command}", *(f"    | {line}" for line in lines)]), flush=True)
    return ok


def main() -> int:
    wanted = rows((TOP / "docs" / "contributing" / "checklist.md").read_text(encoding="utf-8"))
    if "--quick" in sys.argv[1:]:
        wanted = [(row, command) for row, command in wanted if not command.startswith(ELSEWHERE)]
    results = [shown(row, command) for row, command in wanted]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
