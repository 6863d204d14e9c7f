# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of files as the record keeps them: encoded for JSON, and as a hash."""

from __future__ import annotations

import base64
import hashlib
import typing as t

if t.TYPE_CHECKING:
    Memory = dict[str, t.Any]


def digest(raw: bytes | None) -> str:
    """A hash of a file's bytes; empty for a missing file."""
    return "" if raw is None else hashlib.sha256(raw).hexdigest()


def encoded(raw: bytes | None) -> str | None:
    """Bytes of a file as JSON takes them; None for no file."""
    return None if raw is None else base64.b64encode(raw).decode()


def decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
