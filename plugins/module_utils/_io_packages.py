# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python packages the writing modules would miss on the target. Asked of the import system, not tried."""

from __future__ import annotations

from importlib.util import find_spec

NEEDED = ("docker", "jsonschema")


def missing() -> list[str]:
    """Names of NEEDED that this interpreter cannot import."""
    return [name for name in NEEDED if find_spec(name) is None]
