# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``nat`` as facts for the role: looks up what a plan asks for, and changes nothing.

A host that is as wanted is read every night, so what few hosts need is not imported here, see Seldom.
"""

from __future__ import annotations

import ipaddress
import os
import typing as t

from ...change.plan import Plan
from ...core import ip
from ...core.refused import Refused
from ...daemon import json_text
from ...exposure import newly_open, newly_routed, published
from ...network import on_host as network_on_host
from ...network import steps as network_steps
from ...proof.io import own_addresses
from ...state import docker_objects
from ...system.io import packages
from .. import nat as modes_nat
from . import read_host

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...compose.io.ways import Chosen
    from ...compose.plan import ComposePlan
    from ...compose.plan import Wanted as WantedProject
    from ...compose.ways import Live
    from ...engine.io.api import Docker
    from ...state.host import Found
    from .. import facts
    from ..nat import Wanted


SMTP = 25
UNREACHABLE = (
    "no IPv6 client can reach this host: it has no IPv6 address but link-local ones. Nothing is changed until it has"
)
NO_WAY_OUT = "this host has no IPv6 default route: what containers open over IPv6 leads nowhere, and may wait for long"


class ComposeOptions(t.NamedTuple):
    """What the role says of Compose projects, see compose_plan.Wanted."""

    files: tuple[str, ...] = ()
    shape: str = "default"
    services: tuple[str, ...] = ()
    edit: str = "file"


class NotBrought(Exception):
    """The host needs what the module that runs does not bring, see modules.docker_ipv6_full_info."""


def not_brought(*_arguments: object) -> t.NoReturn:
    """In place of what a module does not bring.

    Raises:
        NotBrought: always.
    """
    raise NotBrought


class Seldom(t.NamedTuple):
    """What few hosts need, and the module that is sent to all of them does not bring.

    Attributes:
        gai_conf: (prefixes, precedence, record) -> the plan for gai.conf.
        given_up: (network, found, docker) -> calls of ndp_proxy for public subnets that the network has no more, each
            with its plan.
    """

    gai_conf: t.Callable[[Collection[str], bool, dict[str, t.Any]], Plan] = not_brought
    given_up: t.Callable[[str, Found, Docker], list[tuple[dict[str, t.Any], t.Any]]] = not_brought


def nat(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker, seldom: Seldom) -> facts.Nat:
    """The plan for mode ``nat``.

    Raises:
        Refused: anything that must not or cannot be done.
        NotBrought: something in ``seldom`` is needed and not there.
    """
    targets = _planned(wanted, compose, found, docker)
    projects, containers, found, facts = targets.projects, targets.containers, targets.found, targets.facts
    attach = network_on_host.COMPOSE if targets.no_network else wanted.attach
    host_wanted = wanted._replace(containers=containers, attach=attach)
    host = modes_nat.nat(host_wanted, found, read_host.ask(docker), json_text.load(found.raw, found.path))
    joining = _joining(host.network_plan, facts, attach, found)
    now = published.host(found)
    shut = refuse_opened(joining, now, wanted)
    served_by = seeing(wanted, compose, found, {one.path for one in projects}, joining)
    own = "" if targets.no_network else "bridge" if attach == network_on_host.DEFAULT_BRIDGE else wanted.network
    subnets = [*([_subnet(host, found)] if own else []), *(one["subnet"] for one in facts if one["subnet"])]
    gai_conf, selection = _selection(wanted, subnets, found, seldom)
    answers = seldom.given_up(own, found, docker) if "ndp" in found.record else []
    after = (host.network_plan, host.table_plan, *(plan for _call, plan in answers), selection)
    steps = [*host.daemon_plan.sentences(), *(step for one in facts for step in one["steps"]), *sentences(after)]
    told = [*targets.warnings, *(text for one in (host.daemon_plan, *after) for text in one.warnings)]
    return {
        "changed": bool(steps),
        "steps": steps,
        "config": host.config,
        "subnets": list(dict.fromkeys(subnets)),
        "network": own,
        "containers": list(containers),
        "compose": [one["options"] for one in facts if "path" in one["options"]],
        "networks": [one["options"] for one in facts if "path" not in one["options"]],
        "gai_conf": gai_conf,
        "prove_on": [*dict.fromkeys(filter(None, (own, *(one["network"] for one in facts), *targets.alone.values())))],
        "ports": [list(one) for one in published.served(served_by, now) if one not in shut.values()],
        "firewall": {"state": "absent"} if host.table_plan.changed else {},
        "ndp": [call for call, _plan in answers],
        "packages": packages.missing(compose=bool(projects)) if steps else [],
        "warnings": [*told, *minded(found, wanted, steps, shut, joining)],
    }


def unreachable() -> facts.Nat:
    """Nothing to do on a host that no IPv6 client can reach."""
    nothing: facts.Nat = {
        "changed": False, "steps": [], "config": {}, "subnets": [], "network": "", "containers": [], "compose": [],
        "networks": [],
        "gai_conf": {}, "prove_on": [], "ports": [], "firewall": {}, "ndp": [], "packages": [],
        "warnings": [UNREACHABLE],
    }  # fmt: skip
    return nothing


class _Targets(t.NamedTuple):
    """Who gets IPv6, and by which way.

    Attributes:
        projects: Compose projects whose files are edited.
        facts: the plan of each, and of each network that is replaced and no file edited.
        containers: those that get a network of ours.
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
        """Whether a network of ours is needed by nobody."""
        return bool((self.facts or self.alone) and not self.containers)

    @property
    def warnings(self) -> list[str]:
        """What has to be known of all ways."""
        return [*self.notes, *(text for one in self.facts for text in one["warnings"])]


def _planned(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker) -> _Targets:
    """The targets. What is real already is left alone, but for a Compose project that can be planned as ever.

    A file that is not understood is no obstacle where nothing has to be written into it.
    """
    auto = wanted.attach == network_on_host.AUTO
    real = modes_nat.already_real(wanted.containers, wanted.network, found) if auto else {}
    composed = {one.name for one in found.containers if _is_composed(one)} | {
        one.id for one in found.containers if _is_composed(one)
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


def _with_projects(
    wanted: Wanted,
    compose: ComposeOptions,
    found: Found,
    docker: Docker,
    alone: dict[str, str],
    real: dict[str, str],
) -> _Targets:
    rest = wanted._replace(containers=tuple(name for name in wanted.containers if name not in alone))
    chosen, found = _targets(rest, compose, found, docker, real)
    facts = [_project(one, plan, found, docker) for one, plan in chosen.projects]
    facts += [_live(one, wanted, found, docker) for one in chosen.live]
    return _Targets(tuple(one for one, _plan in chosen.projects), facts, chosen.rest, alone, found, chosen.notes)


def _joining(network: Plan, projects: Iterable[Mapping[str, t.Any]], attach: str, found: Found) -> set[str]:
    """Ids of the containers that get IPv6."""
    joining = {*moved(network), *(key for project in projects for key in project["joining"])}
    if attach == network_on_host.DEFAULT_BRIDGE:
        joining |= {container.id for container in found.containers if container.endpoint("bridge")}
    return joining


def sentences(plans: Iterable[Plan]) -> list[str]:
    return [sentence for plan in plans for sentence in plan.sentences()]


def refuse_opened(joining: Collection[str], now: published.Host, wanted: Wanted) -> dict[str, tuple[str, int]]:
    """Raise Refused for ports that the host's firewall closes, and that are open once these containers have IPv6.

    Returns:
        those that it closes once they have it, see newly_open.shut().
    """
    newly_open.refuse(newly_open.opened(now, joining), wanted.allow_exposure, now.firewall)
    return newly_open.shut(now, joining)


def minded(
    found: Found, wanted: Wanted, steps: Collection[str], shut: Collection[str] = (), joining: Collection[str] = ()
) -> list[str]:
    """What else comes of steps that give containers IPv6; Refused where it needs a consent that is not there."""
    if not steps:
        return []
    newly_routed.refuse(found, wanted.allow_forwarding)
    return [
        *newly_open.warnings(shut),
        *newly_routed.warnings(found),
        *([] if found.uplinks else [NO_WAY_OUT]),
        *_mail_without_name(found, joining),
    ]


def _mail_without_name(found: Found, joining: Collection[str]) -> Iterator[str]:
    """What other mail servers make of an outgoing address that nobody ever gave a PTR record."""
    names = [one.name for one in found.containers if one.id in joining and _takes_mail(one)]
    if not names:
        return
    outbound = own_addresses.read(found.networks).outbound
    if outbound and ipaddress.IPv6Address(outbound) not in ip.UNIQUE_LOCAL and own_addresses.has_no_name(outbound):
        yield (
            f"mail from container {', '.join(names)} goes out over IPv6 from then on, from {outbound}, which has no PTR"
            " record: other servers may reject it. Have your provider set one, or let Postfix send over IPv4"
            " (smtp_address_preference = ipv4)"
        )


def _takes_mail(container: docker_objects.Container) -> bool:
    return any(port.protocol == "tcp" and SMTP in (port.container_port, port.host_port) for port in container.ports)


def seeing(
    wanted: Wanted, compose: ComposeOptions, found: Found, projects: Collection[str], joining: Collection[str]
) -> Iterator[docker_objects.Container]:
    """The containers asked for, by name or by their Compose file, but for those that wait for Compose."""
    for container in found.containers:
        files = {*_compose_paths(container.labels)}
        waits = files & {*projects} and container.id not in joining and not container.has_ipv6
        if not waits and ({container.name, container.id} & {*wanted.containers} or files & {*compose.files}):
            yield container


def _selection(wanted: Wanted, subnets: Iterable[str], found: Found, seldom: Seldom) -> tuple[dict[str, t.Any], Plan]:
    """Options for gai_conf, none if it is not asked for, and its part of the plan."""
    more = [name for name in ("gai_conf_precedence", "gai_conf_prefixes") if getattr(wanted, name)]
    if more and not wanted.gai_conf:
        raise Refused(f"{' and '.join(more)} without gai_conf", "gai_conf", "Set dms_ipv6_gai_conf, or leave them out")
    if not wanted.gai_conf:
        return {}, Plan("", "")
    prefixes, precedence = [*subnets, *wanted.gai_conf_prefixes], wanted.gai_conf_precedence
    return {"prefixes": prefixes, "precedence": precedence}, seldom.gai_conf(prefixes, precedence, found.record)


def _subnet(host: modes_nat.HostPlan, found: Found) -> str:
    """The IPv6 subnet of our network, or of the default bridge."""
    return host.config.get("fixed-cidr-v6") or str(network_on_host.subnet_after(host.network, found))


def moved(plan: Plan) -> list[str]:
    """Ids of the containers that a plan brings onto a network."""
    return [step.id for step in plan.steps if isinstance(step, network_steps.ConnectContainer)]


def joining(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker) -> Wanted:
    """The same without containers that get IPv6 by way of a Compose file; as given where that is refused."""
    try:
        return wanted._replace(containers=_planned(wanted, compose, found, docker).containers)
    except Refused:
        return wanted


class _Chosen(t.NamedTuple):
    """As compose.io.ways has it, where no container is of Compose."""

    projects: tuple[tuple[WantedProject, ComposePlan | None], ...] = ()
    live: tuple[Live, ...] = ()
    rest: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _targets(
    wanted: Wanted, options: ComposeOptions, found: Found, docker: Docker, real: Mapping[str, str]
) -> tuple[_Chosen | Chosen, Found]:
    """The Compose projects concerned, the containers that are not their business, and what is to be believed."""
    if wanted.attach not in (network_on_host.AUTO, network_on_host.COMPOSE):
        if options.files:
            raise Refused(f"Compose files are not edited with {wanted.attach}", "attach", "Use compose, or auto")
        return _Chosen(rest=wanted.containers), found
    named = [one for one in found.everyone if {one.name, one.id} & {*wanted.containers}]
    if wanted.attach == network_on_host.AUTO and not options.files and not any(map(_is_composed, named)):
        return _Chosen(rest=wanted.containers), found
    from ...compose import plan as compose_plan  # only here
    from ...compose.io import ownership, ways

    like = compose_plan.Wanted(
        "", options.shape, wanted.network, wanted.subnet, wanted.prefix_length, wanted.fleet_prefix, options.services,
        options.edit,
    )  # fmt: skip
    ownership.refuse(wanted.containers, options.files, found, docker)
    found = ownership.believed(found, docker)
    if wanted.attach == network_on_host.AUTO and options.shape == compose_plan.DEFAULT and not options.services:
        around = ways.Around(like, options.files, real, found, docker, read_host.ask(docker))
        return ways.choose(wanted.containers, around), found
    targets = compose_plan.targets(wanted.attach, like, options.files, wanted.containers, found, os.path.isfile)
    return _Chosen(tuple((one, None) for one in targets.projects), rest=targets.containers), found


def _project(wanted: WantedProject, plan: ComposePlan | None, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for a Compose project, and the options with which compose_network plans the same."""
    from ...compose import files as compose_files
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
        later = f"have IPv6 in {wanted.path} and for what runs of it; in detail once {packages.COMPOSE} is there"
        made = [container.id for container in found.containers if wanted.path in _compose_paths(container.labels)]
        return {"options": options, "steps": [later], "warnings": [], "subnet": "", "network": "", "joining": made}
    plan = plan or project.plan(wanted, found, read_host.ask(docker))
    project.refuse_unwritable(plan.before, plan.edit.texts)
    return {
        "options": options,
        "steps": plan.plan.sentences(),
        "warnings": [*plan.plan.warnings, *ways.shared(plan.plan, {wanted.project}, found)],
        "subnet": plan.subnet,
        "network": plan.network if plan.lives else "",
        "joining": moved(plan.plan),
    }


def _live(live: Live, wanted: Wanted, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for a network that is replaced and no file edited, and the options of docker_ipv6_network for it."""
    from ...compose import ways

    ask = read_host.ask(docker)
    asked = wanted._replace(network=live.network, subnet=live.subnet, containers=live.containers)
    network = network_on_host.wanted_network(asked.network_options, found.machine_id)
    plan = network_on_host.plan_network(network, found, {one: ask.inspect(one) for one in live.containers}, ask)
    projects = {
        one.labels.get(docker_objects.COMPOSE_PROJECT, "")
        for one in found.everyone
        if {one.name, one.id} & {*live.containers}
    }
    return {
        "options": {"name": live.network, "containers": list(live.containers), "subnet": live.subnet},
        "steps": plan.sentences(),
        "warnings": [*plan.warnings, *ways.shared(plan, projects, found)],
        "subnet": str(network_on_host.subnet_after(network, found)),
        "network": live.network,
        "joining": moved(plan),
    }


def _is_composed(container: docker_objects.Container) -> bool:
    return docker_objects.COMPOSE_PROJECT in container.labels


def _compose_paths(labels: Mapping[str, str]) -> list[str]:
    """The files that Compose made a container from."""
    folder, files = labels.get(docker_objects.COMPOSE_FOLDER, ""), labels.get(docker_objects.COMPOSE_FILES, "")
    return [os.path.join(folder, one) for one in files.split(",")]
