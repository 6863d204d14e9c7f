# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``prevent`` as facts for the role: looks up what a plan asks for, and changes nothing."""

from __future__ import annotations

import os
import typing as t

from ...core import verdict
from ...core.refused import Refused
from ...exposure import published
from ...exposure.io import bridge_rules
from ...network import on_host as network_on_host
from ...system.io import packages
from .. import effects, prevent
from . import read_host

if t.TYPE_CHECKING:
    from ...compose.plan import Wanted as WantedProject
    from ...engine.io.api import Docker
    from ...state.host import Found
    from ..facts import Prevent


def plan(wanted: prevent.Wanted, found: Found, docker: Docker) -> Prevent:
    """The plan.

    Args:
        wanted: the role's variables.
        found: what was read, its containers looked into.
        docker: the engine.

    Raises:
        Refused: anything that must not or cannot be done.
    """
    return _in_files(wanted, found, docker) if wanted.compose else _host_wide(wanted, found, docker)


def _host_wide(wanted: prevent.Wanted, found: Found, docker: Docker) -> Prevent:
    planned = prevent.plan(wanted, found, read_host.ask(docker), bridge_rules.foreign_chains())
    steps = planned.daemon_plan.sentences()
    return {
        "changed": bool(steps),
        "steps": steps,
        "effects": _effects(planned, found) if steps else {},
        "subnets": [],
        "expect": verdict.REFUSED,
        "config": planned.config,
        "compose": [],
        "waiting": [],
        "prove_on": [planned.network] if planned.network else [],
        "address": "",
        "families": list(planned.families),
        "ports": [list(port) for port in planned.ports],
        "packages": packages.missing() if steps else [],
        "warnings": [*planned.daemon_plan.warnings, *planned.warnings],
    }


def _effects(planned: prevent.PreventPlan, found: Found) -> dict[str, t.Any]:
    """What people notice of the plan, and what IPv6 clients get then."""
    now = published.host(found)
    after = now._replace(userland_proxy=False)
    pairs = ((container, container, after) for container in found.containers)
    noticed = effects.of((planned.daemon_plan,), found)
    return {**noticed, "later": [], "expected": effects.expected(now, pairs)}


def _in_files(wanted: prevent.Wanted, found: Found, docker: Docker) -> Prevent:
    """The narrow way: services published on 0.0.0.0 in their Compose files."""
    from ...compose import ports  # only here: it reads YAML

    host = published.host(found)
    prevent.refuse_past_ports(
        [container for container in found.containers if {container.name, container.id} & {*wanted.containers}], host
    )
    projects, found = _projects(wanted, found, docker)
    facts = [_project(project, found, wanted.consent) for project in projects]
    steps, warnings, containers, waiting = (
        [text for project in facts for text in project[name]] for name in ("steps", "warnings", "containers", "waiting")
    )
    network = prevent.quiet_network(containers, found)
    return {
        "changed": bool(steps),
        "steps": steps,
        "effects": effects.together(fact["effects"] for fact in facts),
        "subnets": [],
        "expect": verdict.REFUSED,
        "config": {},
        "compose": [fact["options"] for fact in facts],
        "waiting": waiting,
        "prove_on": [network] if network and not waiting else [],
        "address": ports.ADDRESS,
        "families": list(prevent.families(host)),
        "ports": [list(port) for port in prevent.ports(containers, host)],
        "packages": packages.missing(compose=True) if steps else [],
        "warnings": warnings,
    }


def _projects(wanted: prevent.Wanted, found: Found, docker: Docker) -> tuple[tuple[WantedProject, ...], Found]:
    """The projects that are concerned, and what is to be believed of the host."""
    from ...compose import plan as compose_plan
    from ...compose.io import ownership

    like = compose_plan.Wanted("", services=wanted.services)
    try:
        ownership.refuse(wanted.containers, wanted.files, found, docker)
        found = ownership.believed(found, docker)
        targets = compose_plan.targets(
            network_on_host.COMPOSE, like, wanted.files, wanted.containers, found, os.path.isfile
        )
    except Refused as reason:
        where = reason.where if reason.where.startswith("container ") else "dms_ipv6_prevent_compose"
        remedy = "Name its file in dms_ipv6_compose_files, or publish its ports on 0.0.0.0 by hand"
        raise Refused(reason.problem, where, remedy) from None
    return targets.projects, found


def _project(wanted: WantedProject, found: Found, recreate: bool) -> dict[str, t.Any]:
    """The plan for the ports of a project, and the options with which compose_ports plans the same."""
    from ...compose import files as compose_files
    from ...compose import ports
    from ...compose.io import ports_plan
    from ...compose.io import project as compose_project

    options = {"path": wanted.path, "services": list(wanted.services), "project_name": wanted.project}
    if not compose_files.AVAILABLE:
        later = f"publish ports of {wanted.path} on IPv4 only; {packages.to_see_the_diff(wanted.path)}"
        return {"options": options, "steps": [later], "warnings": [], "containers": [], "waiting": [], "effects": {}}
    files = compose_project.read(wanted.path)
    planned = ports.plan(compose_project.named(wanted, files, found), files, found, recreate)
    if recreate and planned.waiting:
        ports_plan.refuse_writers(planned)
    compose_project.refuse_unwritable(files.texts(), planned.texts)
    return {
        "options": options,
        "steps": planned.sentences(),
        "warnings": planned.warnings,
        "containers": planned.containers,
        "waiting": [] if recreate else planned.waiting,
        "effects": effects.of((planned,), found),
    }
