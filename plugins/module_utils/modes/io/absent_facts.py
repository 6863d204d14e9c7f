# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``absent`` as facts for the role, see nat_facts."""

from __future__ import annotations

import typing as t

from ...change import file_steps
from ...routed import ndp_proxy
from ...routed.io import ndp
from ...state.io import containers
from ...system.io import packages
from .. import absent, effects, prevent
from . import nat_facts, read_host

if t.TYPE_CHECKING:
    from ...change.plan import Plan
    from ...engine.io.api import Docker
    from ...state.host import Found
    from .. import facts


def plan(found: Found, docker: Docker, consent: bool) -> facts.Absent:
    """The plan for mode ``absent``."""
    moved = {name: containers.inspect_all(docker, ids) for name, ids in found.record.get("moves", {}).items()}
    planned = absent.absent(found, moved, read_host.ask(docker), consent)
    answers = ndp.planned([{"state": ndp_proxy.ABSENT}] if "ndp" in found.record else [], found, read_host.ask(docker))
    steps = [*nat_facts.sentences(plan for _call, plan in answers), *planned.sentences()]
    warnings = dict.fromkeys(text for _wanted, plan in planned.networks for text in plan.warnings)
    return {
        "changed": bool(steps),
        "steps": steps,
        "effects": effects.of((*(plan for _call, plan in answers), *planned.plans()), found),
        "files": _written(planned.files),
        "gai_conf": {"paths": [path for plan in planned.gai_conf for path in _written(plan)]},
        "ndp": [call for call, _plan in answers],
        "networks": [{"name": wanted.name, "state": wanted.state} for wanted, _plan in planned.networks],
        "firewall": {"state": "absent"} if planned.table_plan.changed else {},
        "packages": packages.missing() if steps else [],
        "warnings": [
            *planned.files.warnings,
            *(text for plan in planned.gai_conf for text in plan.warnings),
            *warnings,
            *planned.daemon_plan.warnings,
            *prevent.undone(found, planned.daemon_plan),
        ],
    }


def _written(plan: Plan) -> list[str]:
    """The files that a plan writes."""
    return [step.path for step in plan.steps if isinstance(step, file_steps.WriteFile)]
