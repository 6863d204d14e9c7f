# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ndp_proxy does."""

from __future__ import annotations

import typing as t

from ..change import diff as change_diff
from ..engine.io.api import SOCKET
from ..modes.io import live_change
from ..routed import ndp_proxy
from ..routed.io import ndp

if t.TYPE_CHECKING:
    from ..state.docker_objects import Ask
    from ..state.host import Found

SPEC: dict[str, t.Any] = {
    "prefix": {"type": "str"},
    "interface": {"type": "str", "default": ""},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "backend": {"type": "str", "choices": ["auto", "kernel", "networkd", "ndppd"], "default": "auto"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ("prefix",))]}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    wanted = ndp_proxy.Wanted(
        params["prefix"] or "", params["interface"], tuple(params["addresses"]), params["backend"], params["state"]
    )

    def make(found: Found, ask: Ask) -> ndp_proxy.NdpPlan:
        planned = ndp.plan(wanted, found, ask)
        if not dry:
            ndp_proxy.refuse_missing(planned)
        return planned

    plan, _found, _outage = live_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda planned: planned
    )
    diff = change_diff.of(plan, f"neighbours answered for on {plan.interface}")
    return {**live_change.returned(plan, diff), "backend": plan.backend, "interface": plan.interface}
