# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection writes down about a host."""

from __future__ import annotations

import json
import os
import typing as t

from ...core.refused import Refused
from ...system.io import files as system_files
from .. import journal


def path() -> str:
    """Where it lies."""
    return os.path.join(system_files.STATE, "record.json")


def exists() -> bool:
    """Whether this collection has ever changed the host."""
    return os.path.exists(path())


def record() -> dict[str, t.Any]:
    """What earlier runs wrote down about this host; empty if there is nothing.

    Raises:
        Refused: it cannot be read. Without it this host would seem to be one that was never changed.
    """
    try:
        raw = system_files.read(path())
    except Refused:
        if os.geteuid() == 0:
            raise
        return {}  # it is root's alone, and the run that only looks at a host may be another user's
    try:
        found = json.loads(raw) if raw is not None else {}
        if isinstance(found, dict):
            # A newer version's format stays, so that nothing is written over it.
            return {name: entry for name, entry in found.items() if (name, entry) != ("format", journal.FORMAT)}
        problem = "it is not a JSON object"
    except ValueError as error:
        problem = f"it is not JSON: {error}"
    raise Refused(
        f"what earlier runs wrote down about this host cannot be read: {problem}",
        path(),
        "Correct it; or move it away, and nothing can be undone any more",
    )


def keep(**entries: t.Any) -> None:
    """Write entries into the record; the others stay. An entry that is None is removed.

    Raises:
        Refused: it cannot be written, or what is there cannot be read, and is not written over.
    """
    _write({**record(), **entries})


def replace_record(entries: dict[str, t.Any]) -> None:
    """Write the whole record, without entries that are None, on the way back.

    One that cannot be read does not stop that, and is kept beside it.

    Raises:
        Refused: it cannot be written, or a newer version of this collection wrote the one that exists.
    """
    try:
        known = record()
    except Refused:
        known = {}
        system_files.aside(path())
    journal.refuse_newer(known, path())
    _write(entries)


def _write(entries: dict[str, t.Any]) -> None:
    journal.refuse_newer(entries, path())
    merged = {"format": journal.FORMAT, **{key: value for key, value in entries.items() if value is not None}}
    system_files.write(path(), json.dumps(merged, indent=2, sort_keys=True).encode() + b"\n", mode=0o600)
