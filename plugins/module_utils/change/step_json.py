# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as JSON takes them. What reads them back knows every kind of step, see rollback.transaction."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from .plan import Steps


def dump_steps(steps: Steps) -> list[t.Any]:
    """Steps as JSON takes them."""
    return [_dump(step) for step in steps]


def _dump(value: t.Any) -> t.Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return [_dump(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _dump(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    return value
