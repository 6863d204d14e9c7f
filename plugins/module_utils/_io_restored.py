# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``absent`` as facts for the role, see _io_host_plan."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _file_steps,
    _io_containers,
    _io_found,
    _io_host_plan,
    _io_ndp_proxy,
    _io_packages,
    _ndp_proxy,
    _prevent,
    _restored,
)

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found


def plan(found: Found, docker: Docker, consent: bool) -> dict[str, t.Any]:
    """The plan for mode ``absent``."""
    moved = {name: _io_containers.inspect_all(docker, ids) for name, ids in found.record.get("moves", {}).items()}
    made = _restored.absent(found, moved, _io_found.ask(docker), consent)
    answers = _io_ndp_proxy.planned(
        [{"state": _ndp_proxy.ABSENT}] if "ndp" in found.record else [], found, _io_found.ask(docker)
    )
    steps = [*_io_host_plan.sentences(one for _call, one in answers), *made.sentences()]
    warnings = dict.fromkeys(text for _wanted, one in made.networks for text in one.warnings)
    return {
        "changed": bool(steps),
        "steps": steps,
        "files": _written(made.files),
        "gai_conf": {"paths": [path for one in made.gai_conf for path in _written(one)]},
        "ndp": [call for call, _plan in answers],
        "networks": [{"name": wanted.name, "state": wanted.state} for wanted, _plan in made.networks],
        "firewall": {"state": "absent"} if made.table_plan.changed else {},
        "packages": _io_packages.missing() if steps else [],
        "warnings": [
            *made.files.warnings,
            *(text for one in made.gai_conf for text in one.warnings),
            *warnings,
            *made.daemon_plan.warnings,
            *_prevent.undone(found, made.daemon_plan),
        ],
    }


def _written(plan: Plan) -> list[str]:
    """The files that a plan writes."""
    return [step.path for step in plan.steps if isinstance(step, _file_steps.WriteFile)]
