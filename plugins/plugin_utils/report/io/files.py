# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report: read from the collection, written for the operator."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from ..page import Parts

# It lists which hosts relay for strangers, and why.
FILE, FOLDER = 0o600, 0o700
OURS = Path(__file__).resolve().parents[1]


def parts() -> Parts:
    """The template and what belongs to it."""
    return Parts(*((OURS / name).read_text(encoding="utf-8") for name in ("report.html.j2", "report.css", "report.js")))


def obstacle(folder: Path) -> str:
    """Why nothing can be written there, as far as that shows without writing; empty if nothing is in the way."""
    nearest = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
    if not nearest.is_dir():
        return f"{nearest} is not a directory"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} cannot be written to"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the files, each as a whole or not at all, for their owner alone. OSError says why not."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    for name, content in files.items():
        _write(folder / name, content)


def _write(path: Path, content: str) -> None:
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w", encoding="utf-8") as file:
            file.write(content)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
