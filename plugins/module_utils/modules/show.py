# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module show does on a host: nothing, because its action plugin does all of it on the controller."""

from __future__ import annotations

import typing as t

from ..core.refused import Refused

WHAT = ["plan", "own_plan", "batch", "audit", "dns", "ready", "relay", "proof", "outcome"]
SPEC: dict[str, t.Any] = {"what": {"type": "str", "choices": WHAT, "required": True}}


def run(_params: dict[str, t.Any], _dry: bool) -> dict[str, t.Any]:
    """Only reached where the collection's action plugins are not.

    Raises:
        Refused: always.
    """
    raise Refused("it runs on the controller only", "dms.ipv6.show", "Use it in a playbook")
