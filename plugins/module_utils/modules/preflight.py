# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module preflight does on a host: nothing. Its action plugin looks at variables on the controller."""

from __future__ import annotations

import typing as t

SPEC: dict[str, t.Any] = {
    "scope": {"type": "str", "choices": ["host", "playbook"], "default": "host"},
    "modes": {"type": "list", "elements": "str", "default": []},
    "changes": {"type": "bool", "default": True},
}


def run(_params: dict[str, t.Any], _dry: bool) -> dict[str, t.Any]:
    """Nothing."""
    return {"changed": False}
