# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets IPv6 with mode ``nat``, and by which way: a Compose file, a network that is replaced, or our own."""

from __future__ import annotations

import os
import typing as t

from ...compose.choice import Chosen
from ...core.refused import Refused
from ...network import on_host as network_on_host
from ...network import steps as network_steps
from ...state import docker_objects
from ...system.io import packages
from .. import chosen, effects
from .. import nat as modes_nat
from . import read_host

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ...change.plan import Plan
    from ...compose.plan import ComposePlan
    from ...compose.plan import Wanted as WantedProject
    from ...compose.ways import Live
    from ...engine.io.api import Docker
    from ...state.host import Found
    from ..nat import Wanted


class ComposeOptions(t.NamedTuple):
    """What the role says of Compose projects, see compose_plan.Wanted."""

    files: tuple[str, ...] = ()
    shape: str = "default"
    services: tuple[str, ...] = ()
    edit: str = "file"


class Targets(t.NamedTuple):
    """Who gets IPv6, and by which way.

    Attributes:
        projects: Compose projects whose files are edited.
        facts: the plan of each, and of each network that is replaced and no file edited.
        containers: those that get our network.
        alone: those that have real clients already and stay as they are, with the network by which they have them.
        found: what is to be believed of the host.
        notes: what the containers' owner has to know.
    """

    projects: tuple[WantedProject, ...]
    facts: list[dict[str, t.Any]]
    containers: tuple[str, ...]
    alone: dict[str, str]
    found: Found
    notes: tuple[str, ...]

    @property
    def no_network(self) -> bool:
        """Whether no container needs our network."""
        return bool((self.facts or self.alone) and not self.containers)

    @property
    def warnings(self) -> list[str]:
        """What has to be known of all ways."""
        return [*self.notes, *(text for project in self.facts for text in project["warnings"])]


def planned(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker) -> Targets:
    """The targets. What is real already is left alone, except a Compose project that can be planned as usual.

    A file that is not understood does not matter where nothing has to be written into it.
    """
    auto = wanted.attach == network_on_host.AUTO
    masked = wanted.select == chosen.MASKED and wanted.attach != network_on_host.DEFAULT_BRIDGE
    real = modes_nat.already_real(wanted.containers, wanted.network, found) if auto or masked else {}
    if masked:
        ours = {container.name for container in found.containers if chosen.changed_by_us(container, found)}
        alone = {name: network for name, network in real.items() if name not in ours}
        return _with_projects(wanted, compose, found, docker, alone, real)
    composed = {container.name for container in found.containers if _is_composed(container)} | {
        container.id for container in found.containers if _is_composed(container)
    }
    plain = {name: network for name, network in real.items() if name not in composed}
    try:
        return _with_projects(wanted, compose, found, docker, plain, real)
    except Refused as reason:
        if plain == real:
            raise
        try:
            return _with_projects(wanted, compose, found, docker, real, real)
        except Refused:
            raise reason from None


def attempt(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker) -> Targets | Refused:
    """The targets, or why they are refused: findings are about a host for which no plan can be made as well."""
    try:
        return planned(wanted, compose, found, docker)
    except Refused as reason:
        return reason


def _with_projects(
    wanted: Wanted,
    compose: ComposeOptions,
    found: Found,
    docker: Docker,
    alone: dict[str, str],
    real: dict[str, str],
) -> Targets:
    rest = wanted._replace(containers=tuple(name for name in wanted.containers if name not in alone))
    ways, found = _targets(rest, compose, found, docker, real)
    facts = [_project(project, plan, found, docker) for project, plan in ways.projects]
    facts += [_live(live, wanted, found, docker) for live in ways.live]
    return Targets(tuple(project for project, _plan in ways.projects), facts, ways.rest, alone, found, ways.notes)


def _targets(
    wanted: Wanted, options: ComposeOptions, found: Found, docker: Docker, real: Mapping[str, str]
) -> tuple[Chosen, Found]:
    """The Compose projects concerned, the containers that are not their business, and what is to be believed."""
    if wanted.attach not in (network_on_host.AUTO, network_on_host.COMPOSE):
        if options.files:
            raise Refused(f"Compose files are not edited with {wanted.attach}", "attach", "Use compose, or auto")
        return Chosen(rest=wanted.containers), found
    named = [container for container in found.all_containers if {container.name, container.id} & {*wanted.containers}]
    if wanted.attach == network_on_host.AUTO and not options.files and not any(map(_is_composed, named)):
        return Chosen(rest=wanted.containers), found
    from ...compose import plan as compose_plan  # only here
    from ...compose.io import found_ways, ownership

    like = compose_plan.Wanted(
        "", options.shape, wanted.network, wanted.subnet, wanted.prefix_length, wanted.fleet_prefix, options.services,
        options.edit,
    )  # fmt: skip
    ownership.refuse(wanted.containers, options.files, found, docker)
    found = ownership.believed(found, docker)
    if wanted.attach == network_on_host.AUTO and options.shape == compose_plan.DEFAULT and not options.services:
        around = found_ways.Around(like, options.files, real, found, docker, read_host.ask(docker))
        return found_ways.choose(wanted.containers, around), found
    targets = compose_plan.targets(wanted.attach, like, options.files, wanted.containers, found, os.path.isfile)
    return Chosen(tuple((project, None) for project in targets.projects), rest=targets.containers), found


def _project(wanted: WantedProject, plan: ComposePlan | None, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for a Compose project, and the options with which compose_network plans the same."""
    from ...compose import files as compose_files
    from ...compose import plan as compose_plan
    from ...compose import ways
    from ...compose.io import project

    options = {
        "path": wanted.path,
        "shape": wanted.shape,
        "network": wanted.network,
        "services": list(wanted.services),
        "edit": wanted.edit,
        "project_name": wanted.project,
        **({"files": list(wanted.files)} if wanted.files else {}),
    }
    if not compose_files.AVAILABLE:
        return _without_parser(wanted, options, found)
    plan = plan or project.plan(wanted, found, read_host.ask(docker))
    project.refuse_unwritable(plan.before, plan.edit.texts)
    return {
        "options": options,
        "steps": plan.plan.sentences(),
        "warnings": [*plan.plan.warnings, *ways.shared(plan.plan, {wanted.project}, found)],
        "subnet": plan.subnet,
        "network": plan.network if plan.lives else "",
        "joining": moved(plan.plan),
        "effects": effects.of((plan.plan,), found),
        "later": compose_plan.recreated(plan, wanted.shape, None),
    }


def _without_parser(wanted: WantedProject, options: dict[str, t.Any], found: Found) -> dict[str, t.Any]:
    """What can be said of a project whose file cannot be read yet."""
    later = f"add IPv6 to {wanted.path} and to its running containers; {packages.to_see_the_diff(wanted.path)}"
    joining = [
        container.id for container in found.containers if wanted.path in docker_objects.compose_paths(container.labels)
    ]
    return {
        "options": options, "steps": [later], "warnings": [], "subnet": "", "network": "", "joining": joining,
        "effects": {}, "later": None,
    }  # fmt: skip


def _live(live: Live, wanted: Wanted, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for a network that is replaced and no file edited, and the options of docker_ipv6_network for it."""
    from ...compose import ways

    ask = read_host.ask(docker)
    live_wanted = wanted._replace(network=live.network, subnet=live.subnet, containers=live.containers)
    network = network_on_host.wanted_network(live_wanted.network_options, found.machine_id)
    plan = network_on_host.plan_network(network, found, {name: ask.inspect(name) for name in live.containers}, ask)
    projects = {
        container.labels.get(docker_objects.COMPOSE_PROJECT, "")
        for container in found.all_containers
        if {container.name, container.id} & {*live.containers}
    }
    return {
        "options": {"name": live.network, "containers": list(live.containers), "subnet": live.subnet},
        "steps": plan.sentences(),
        "warnings": [*plan.warnings, *ways.shared(plan, projects, found)],
        "subnet": str(network_on_host.subnet_after(network, found)),
        "network": live.network,
        "joining": moved(plan),
        "effects": effects.of((plan,), found),
        "later": None,
    }


def _is_composed(container: docker_objects.Container) -> bool:
    return docker_objects.COMPOSE_PROJECT in container.labels


def moved(plan: Plan) -> list[str]:
    """Ids of the containers that a plan brings onto a network."""
    return [step.id for step in plan.steps if isinstance(step, network_steps.ConnectContainer)]
