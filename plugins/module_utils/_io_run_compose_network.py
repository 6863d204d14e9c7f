# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module compose_network does."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _compose,
    _compose_plan,
    _compose_undo,
    _diff,
    _io_change,
    _io_compose,
    _io_compose_trust,
)
from ansible_collections.dms.ipv6.plugins.module_utils._file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._found import Ask
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found

SPEC: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "shape": {"type": "str", "choices": ["default", "named", "external"], "default": "default"},
    "network": {"type": "str", "default": "dms-ipv6"},
    "services": {"type": "list", "elements": "str", "default": []},
    "subnet": {"type": "str", "default": "auto"},
    "prefix_length": {"type": "int", "default": 64},
    "fleet_prefix": {"type": "str", "default": ""},
    "edit": {"type": "str", "choices": ["file", "override"], "default": "file"},
    "project_name": {"type": "str", "default": ""},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def present(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Have the network in the file and on the containers; what the module returns."""
    if dry and not _compose.AVAILABLE:  # the role installs it, but not in check mode
        later = f"have IPv6 in {params['path']} and for what runs of it"
        why = f"{later}: what that takes cannot be told before ruamel.yaml is installed"
        return {"changed": True, "diff": {}, "steps": [later], "rolled_back": False, "warnings": [why]}
    wanted = _compose_plan.Wanted(
        path=params["path"],
        shape=params["shape"],
        network=params["network"],
        subnet=params["subnet"],
        prefix_length=params["prefix_length"],
        fleet_prefix=params["fleet_prefix"],
        services=tuple(params["services"]),
        edit=params["edit"],
        project=params["project_name"],
    )

    def make(found: Found, ask: Ask) -> _compose_plan.ComposePlan:
        found = _io_compose_trust.believed(found, Docker(params["docker_socket"]))
        files = _io_compose.read(wanted.path)
        made = _compose_plan.plan(_io_compose.named(wanted, files, found), files, found, ask)
        if made.edit.changed:
            _io_compose.validate(files.texts(), made.edit.texts)
        return made

    plan, _found, done = _io_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda made: made.plan
    )
    diffs = [_diff.changed(plan.edit.before, plan.edit.after, plan.edit.path)]
    diffs += [_diff.of(plan.plan, f"network {plan.network}")] if plan.lives else []
    return {
        **_io_change.told(plan.plan, list(filter(None, diffs)), done.notes),
        "outage": done.outage,
        "project": plan.project,
        "network": plan.network,
        "subnet": plan.subnet,
        "file": plan.edit.path,
        "compose_will_recreate": _compose_plan.recreated(plan, wanted.shape, _io_compose.hashes(plan.edit.texts)),
    }


def absent(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Bring the files of a project back; what the module returns."""
    path = params["path"]

    def make(found: Found, _ask: Ask) -> Plan:
        ours = {one: raw for one, raw in found.edited.items() if one in (path, _io_compose.beside(path))}
        return _compose_undo.files_back(found.record.get("files"), ours)

    plan, _found, done = _io_change.change(params["docker_socket"], params["transaction"], dry, make, lambda made: made)
    diffs = [_shown(step) for step in plan.steps if isinstance(step, WriteFile)]
    return {**_io_change.told(plan, diffs, done.notes), "outage": done.outage}


def _shown(step: WriteFile) -> dict[str, str]:
    before, after = ((raw or b"").decode(errors="replace") for raw in (step.old, step.content))
    return _diff.changed(before, after, step.path)


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    return {"present": present, "absent": absent}[params["state"]](params, dry)
