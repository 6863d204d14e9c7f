# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection writes down about a host."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _journal
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused


def record() -> dict[str, t.Any]:
    """What earlier runs wrote down about this host; empty if there is nothing, or nothing that can be read."""
    try:
        found = json.loads(_io_files.read(os.path.join(_io_files.STATE, "record.json")) or b"{}")
    except (ValueError, Refused):
        return {}
    if not isinstance(found, dict):
        return {}
    # That of a newer version stays, so that nothing is written over it.
    return {name: entry for name, entry in found.items() if (name, entry) != ("format", _journal.FORMAT)}


def keep(**entries: t.Any) -> None:
    """Write entries into the record; the others stay. An entry that is None is removed."""
    replace_record({**record(), **entries})


def replace_record(entries: dict[str, t.Any]) -> None:
    """Write the whole record, without entries that are None.

    Raises:
        Refused: it cannot be written, or a newer version of this collection wrote the one that is there.
    """
    _journal.refuse_newer(record(), os.path.join(_io_files.STATE, "record.json"))
    merged = {"format": _journal.FORMAT, **{key: value for key, value in entries.items() if value is not None}}
    _io_files.write(
        os.path.join(_io_files.STATE, "record.json"),
        json.dumps(merged, indent=2, sort_keys=True).encode() + b"\n",
        mode=0o600,
    )
