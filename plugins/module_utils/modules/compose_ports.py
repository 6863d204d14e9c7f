# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module compose_ports does."""

from __future__ import annotations

import typing as t

from ..change import diff
from ..compose import plan as compose_plan
from ..compose.io import ownership, ports_plan
from ..engine.io.api import SOCKET, Docker
from ..modes.io import live_change

if t.TYPE_CHECKING:
    from ..compose.ports import PortsPlan
    from ..state.docker_objects import Ask
    from ..state.host import Found

SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "services": {"type": "list", "elements": "str", "default": []},
    "recreate": {"type": "bool", "default": False},
    "project_name": {"type": "str", "default": ""},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    wanted = compose_plan.Wanted(params["path"], services=tuple(params["services"]), project=params["project_name"])

    def make(found: Found, _ask: Ask) -> PortsPlan:
        found = ownership.believed(found, Docker(params["docker_socket"]))
        return ports_plan.plan(wanted, found, params["recreate"])

    plan, _found, done = live_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda planned: planned
    )
    diffs = (diff.changed(edit.before, edit.after, edit.path) for edit in plan.edits)
    return {
        **live_change.returned(plan, list(filter(None, diffs)), done.notes),
        "outage": done.outage,
        "project": plan.project,
        "services": list(plan.services),
        "compose_will_recreate": [] if params["recreate"] else list(plan.waiting),
    }
