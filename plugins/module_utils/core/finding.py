# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reading modules report as wrong."""

from __future__ import annotations

import typing as t

INFO, WARNING, CRITICAL = "info", "warning", "critical"


class Finding(t.NamedTuple):
    """Something an operator should know; ids are stable.

    Attributes:
        evidence: what was seen, and where, as a clause without a full stop.
        remedy: what to do about it, as a sentence without a full stop.
    """

    id: str
    severity: str
    evidence: str
    remedy: str
