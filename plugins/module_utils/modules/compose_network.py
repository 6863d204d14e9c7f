# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module compose_network does."""

from __future__ import annotations

import typing as t

from ..change import diff
from ..change.file_steps import WriteFile
from ..compose import files as compose_files
from ..compose import plan as compose_plan
from ..compose import undo as compose_undo
from ..compose.io import ownership, project
from ..core.refused import Refused
from ..engine.io.api import SOCKET, Docker
from ..modes.io import live_change

if t.TYPE_CHECKING:
    from ..change.plan import Plan
    from ..state.docker_objects import Ask
    from ..state.host import Found

SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "shape": {"type": "str", "choices": ["default", "named", "external"], "default": "default"},
    "network": {"type": "str", "default": "dms-ipv6"},
    "services": {"type": "list", "elements": "str", "default": []},
    "subnet": {"type": "str", "default": "auto"},
    "prefix_length": {"type": "int", "default": 64},
    "fleet_prefix": {"type": "str", "default": ""},
    "files": {"type": "list", "elements": "path", "default": []},
    "edit": {"type": "str", "choices": ["file", "override"], "default": "file"},
    "project_name": {"type": "str", "default": ""},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def present(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Have the network in the file and on the containers; what the module returns."""
    if dry and not compose_files.AVAILABLE:  # the role installs it, but not in check mode
        later = f"have IPv6 in {params['path']} and for what runs of it"
        why = f"{later}: what that takes is unknown before ruamel.yaml is installed"
        return {"changed": True, "diff": {}, "steps": [later], "rolled_back": False, "warnings": [why]}
    wanted = compose_plan.Wanted(
        path=params["path"],
        shape=params["shape"],
        network=params["network"],
        subnet=params["subnet"],
        prefix_length=params["prefix_length"],
        fleet_prefix=params["fleet_prefix"],
        services=tuple(params["services"]),
        edit=params["edit"],
        project=params["project_name"],
        files=tuple(params["files"]),
    )

    def make(found: Found, ask: Ask) -> compose_plan.ComposePlan:
        found = ownership.believed(found, Docker(params["docker_socket"]))
        planned = project.plan(wanted, found, ask)
        if planned.edit.changed:
            project.validate(planned.before, planned.edit.texts, compose_plan.env_files(wanted.path, found))
        return planned

    plan, found, done = live_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda planned: planned.plan
    )
    diffs = [diff.changed(plan.edit.before, plan.edit.after, plan.edit.path)]
    diffs += [diff.of(plan.plan, f"network {plan.network}")] if plan.lives else []
    return {
        **live_change.returned(plan.plan, list(filter(None, diffs)), done.notes),
        "outage": done.outage,
        "project": plan.project,
        "network": plan.network,
        "subnet": plan.subnet,
        "file": plan.edit.path,
        "compose_will_recreate": compose_plan.recreated(plan, wanted.joined_shape, _hashes(plan, wanted, found)),
    }


def _hashes(plan: compose_plan.ComposePlan, wanted: compose_plan.Wanted, found: Found) -> dict[str, str] | None:
    """By which Compose decides whether to re-create a service; None where it is unknown with which variables."""
    try:
        return project.hashes(plan.edit.texts, compose_plan.env_files(wanted.path, found))
    except Refused:
        return None


def absent(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Bring the files of a project back; what the module returns."""
    path = params["path"]

    def make(found: Found, _ask: Ask) -> Plan:
        ours = {file: raw for file, raw in found.edited.items() if file in (path, project.beside(path))}
        return compose_undo.files_back(found.record.get("files"), ours)

    plan, _found, done = live_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda planned: planned
    )
    diffs = [_shown(step) for step in plan.steps if isinstance(step, WriteFile)]
    return {**live_change.returned(plan, diffs, done.notes), "outage": done.outage}


def _shown(step: WriteFile) -> dict[str, str]:
    before, after = ((raw or b"").decode(errors="replace") for raw in (step.old, step.content))
    return diff.changed(before, after, step.path)


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    return {"present": present, "absent": absent}[params["state"]](params, dry)
