# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of the prefixes that the host answers for."""

from __future__ import annotations

import typing as t

from ..change.plan import Steps
from ..host.forwarding import SetSysctl
from .ndp_steps import PROXY_NDP, PlaceDropIn, PlaceUnit

if t.TYPE_CHECKING:
    Memory = dict[str, t.Any]


def remember_ndp(memory: Memory | None, steps: Steps) -> Memory | None:
    """What we answer for on the link: prefix -> interface and backend, and proxy_ndp of interfaces before us."""
    prefixes, before = dict((memory or {}).get("prefixes", {})), dict((memory or {}).get(PROXY_NDP, {}))
    for step in steps:
        if isinstance(step, (PlaceUnit, PlaceDropIn)):
            prefixes.pop(step.prefix, None)
            if step.content is not None:
                prefixes[step.prefix] = {"interface": step.interface, "backend": step.backend}
        elif isinstance(step, SetSysctl) and step.name.endswith(f"/{PROXY_NDP}"):
            interface = step.name.split("/")[-2]
            before.setdefault(interface, step.old)
            if step.value == before[interface]:
                del before[interface]
    return {"prefixes": prefixes, PROXY_NDP: before} if prefixes or before else None
