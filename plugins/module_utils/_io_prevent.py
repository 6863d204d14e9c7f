# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``prevent`` as facts for the role: looks up what a plan asks for, and changes nothing."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _exposure,
    _io_found,
    _io_packages,
    _io_rules,
    _networks_of_host,
    _prevent,
    _verdict,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._compose_plan import Wanted as WantedProject
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found


def plan(wanted: _prevent.Wanted, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan.

    Args:
        wanted: the role's variables.
        found: what was read, its containers looked into.
        docker: the engine.

    Raises:
        Refused: anything that must not or cannot be done.
    """
    facts = _in_files(wanted, found, docker) if wanted.compose else _host_wide(wanted, found, docker)
    return {"changed": bool(facts["steps"]), "subnets": [], "expect": _verdict.REFUSED, **facts}


def _host_wide(wanted: _prevent.Wanted, found: Found, docker: Docker) -> dict[str, t.Any]:
    made = _prevent.plan(wanted, found, _io_found.ask(docker), _io_rules.foreign_chains())
    steps = made.daemon_plan.sentences()
    return {
        "steps": steps,
        "config": made.config,
        "compose": [],
        "waiting": [],
        "prove_on": [made.network] if made.network else [],
        "address": "",
        "families": list(made.families),
        "ports": [list(one) for one in made.ports],
        "packages": _io_packages.missing() if steps else [],
        "warnings": [*made.daemon_plan.warnings, *made.warnings],
    }


def _in_files(wanted: _prevent.Wanted, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The narrow way: services published on 0.0.0.0 in their Compose files."""
    from ansible_collections.dms.ipv6.plugins.module_utils import _compose_ports  # only here: it reads YAML

    host = _exposure.host(found)
    _prevent.refuse_past_ports([one for one in found.containers if {one.name, one.id} & {*wanted.containers}], host)
    projects, found = _projects(wanted, found, docker)
    facts = [_project(one, found, wanted.consent) for one in projects]
    steps, warnings, containers, waiting = (
        [one for project in facts for one in project[name]] for name in ("steps", "warnings", "containers", "waiting")
    )
    network = _prevent.quiet_network(containers, found)
    return {
        "steps": steps,
        "config": {},
        "compose": [one["options"] for one in facts],
        "waiting": waiting,
        "prove_on": [network] if network and not waiting else [],
        "address": _compose_ports.ADDRESS,
        "families": list(_prevent.families(host)),
        "ports": [list(one) for one in _prevent.ports(containers, host)],
        "packages": _io_packages.missing(compose=True) if steps else [],
        "warnings": warnings,
    }


def _projects(wanted: _prevent.Wanted, found: Found, docker: Docker) -> tuple[tuple[WantedProject, ...], Found]:
    """The projects that are concerned, and what is to be believed of the host."""
    from ansible_collections.dms.ipv6.plugins.module_utils import _compose_plan, _io_compose_trust

    like = _compose_plan.Wanted("", services=wanted.services)
    try:
        _io_compose_trust.refuse(wanted.containers, wanted.files, found, docker)
        found = _io_compose_trust.believed(found, docker)
        targets = _compose_plan.targets(
            _networks_of_host.COMPOSE, like, wanted.files, wanted.containers, found, os.path.isfile
        )
    except Refused as reason:
        where = reason.where if reason.where.startswith("container ") else "dms_ipv6_prevent_compose"
        remedy = "Name its file in dms_ipv6_compose_files, or publish its ports on 0.0.0.0 by hand"
        raise Refused(reason.problem, where, remedy) from None
    return targets.projects, found


def _project(wanted: WantedProject, found: Found, recreate: bool) -> dict[str, t.Any]:
    """The plan for the ports of a project, and the options with which compose_ports plans the same."""
    from ansible_collections.dms.ipv6.plugins.module_utils import (
        _compose,
        _compose_ports,
        _io_compose,
        _io_compose_ports,
    )

    options = {"path": wanted.path, "services": list(wanted.services), "project_name": wanted.project}
    if not _compose.AVAILABLE:
        later = f"publish ports of {wanted.path} on IPv4 only; in detail once {_io_packages.COMPOSE} is there"
        return {"options": options, "steps": [later], "warnings": [], "containers": [], "waiting": []}
    files = _io_compose.read(wanted.path)
    made = _compose_ports.plan(_io_compose.named(wanted, files, found), files, found, recreate)
    if recreate and made.waiting:
        _io_compose_ports.refuse_writers(made)
    _io_compose.refuse_unwritable(files.texts(), made.texts)
    return {
        "options": options,
        "steps": made.sentences(),
        "warnings": made.warnings,
        "containers": made.containers,
        "waiting": [] if recreate else made.waiting,
    }
