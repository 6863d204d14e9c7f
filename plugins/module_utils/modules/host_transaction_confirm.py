# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module host_transaction_confirm does."""

from __future__ import annotations

import typing as t

from ..change.io import armed, confirm

SPEC: dict[str, t.Any] = {
    "transaction": {"type": "str", "required": True},
    "reach": {"type": "str", "default": ""},
}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Confirm; what the module returns."""
    if dry:
        return {"changed": armed.is_armed(params["transaction"])}
    confirm.confirm(params["transaction"], params["reach"])
    return {"changed": True}
