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
from .. import effects
from .. import nat as modes_nat
from . import read_host

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...compose.plan import Wanted as WantedProject
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
    no_network = bool((projects or targets.alone) and not containers)
    attach = network_on_host.COMPOSE if no_network else wanted.attach
    host_wanted = wanted._replace(containers=containers, attach=attach)
    host = modes_nat.nat(host_wanted, found, read_host.ask(docker), json_text.load(found.raw, found.path))
    joining = _joining(host.network_plan, facts, attach, found)
    now = published.host(found)
    shut = refuse_opened(joining, now, wanted)
    own = "" if no_network else "bridge" if attach == network_on_host.DEFAULT_BRIDGE else wanted.network
    subnets = [*([] if no_network else [_subnet(host, found)]), *(one["subnet"] for one in facts if one["subnet"])]
    gai_conf, selection = _selection(wanted, subnets, found, seldom)
    answers = seldom.given_up(own, found, docker) if "ndp" in found.record else []
    after = (host.network_plan, host.table_plan, *(plan for _call, plan in answers), selection)
    steps = [*host.daemon_plan.sentences(), *(step for one in facts for step in one["steps"]), *sentences(after)]
    warnings = [*(one.warnings for one in (host.daemon_plan, *after)), *(one["warnings"] for one in facts)]
    return {
        "changed": bool(steps),
        "steps": steps,
        "effects": _effects((host.daemon_plan,), after, facts, found, joining) if steps else {},
        "config": host.config,
        "subnets": list(dict.fromkeys(subnets)),
        "network": own,
        "containers": list(containers),
        "compose": [one["options"] for one in facts],
        "gai_conf": gai_conf,
        "prove_on": [*dict.fromkeys(filter(None, (own, *(one["network"] for one in facts), *targets.alone.values())))],
        "ports": _ports(seeing(wanted, compose, found, {one.path for one in projects}, joining), now, shut),
        "firewall": {"state": "absent"} if host.table_plan.changed else {},
        "ndp": [call for call, _plan in answers],
        "packages": packages.missing(compose=bool(projects)) if steps else [],
        "warnings": [*(text for some in warnings for text in some), *minded(found, wanted, steps, shut, joining)],
    }


def unreachable() -> facts.Nat:
    """Nothing to do on a host that no IPv6 client can reach."""
    nothing: facts.Nat = {
        "changed": False, "steps": [], "config": {}, "subnets": [], "network": "", "containers": [], "compose": [],
        "gai_conf": {}, "prove_on": [], "ports": [], "firewall": {}, "ndp": [], "packages": [],
        "warnings": [UNREACHABLE], "effects": {},
    }  # fmt: skip
    return nothing


class _Targets(t.NamedTuple):
    """Who gets IPv6, and by which way.

    Attributes:
        projects: Compose projects, each with its plan in ``facts``.
        containers: those that get a network of ours.
        alone: those that have real clients already and stay as they are, with the network by which they have them.
        found: what is to be believed of the host.
    """

    projects: tuple[WantedProject, ...]
    facts: list[dict[str, t.Any]]
    containers: tuple[str, ...]
    alone: dict[str, str]
    found: Found


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
        return _with_projects(wanted, compose, found, docker, plain)
    except Refused:
        if plain == real:
            raise
        return _with_projects(wanted, compose, found, docker, real)


def _with_projects(
    wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker, alone: dict[str, str]
) -> _Targets:
    rest = wanted._replace(containers=tuple(name for name in wanted.containers if name not in alone))
    projects, containers, found = _targets(rest, compose, found, docker)
    return _Targets(projects, [_project(one, found, docker) for one in projects], containers, alone, found)


def _ports(
    serving: Iterable[docker_objects.Container], now: published.Host, shut: Mapping[str, tuple[str, int]]
) -> list[list[t.Any]]:
    """The ports to be proved."""
    return [list(one) for one in published.served(serving, now) if one not in shut.values()]


def _effects(
    before: Iterable[Plan],
    after: Iterable[Plan],
    projects: Collection[Mapping[str, t.Any]],
    found: Found,
    joining: Collection[str],
) -> dict[str, t.Any]:
    """What people notice of the plans, those of Compose projects in between, and what IPv6 clients get then."""
    now = published.host(found)
    parts = [effects.of(before, found), *(one["effects"] for one in projects), effects.of(after, found)]
    return {
        **effects.together(parts),
        "later": [{"path": one["options"]["path"], "services": one["later"]} for one in projects],
        "expected": effects.expected(now, newly_open.pairs(now, joining)),
    }


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


def _targets(
    wanted: Wanted, options: ComposeOptions, found: Found, docker: Docker
) -> tuple[tuple[WantedProject, ...], tuple[str, ...], Found]:
    """The Compose projects concerned, the containers that are not their business, and what is to be believed."""
    if wanted.attach not in (network_on_host.AUTO, network_on_host.COMPOSE):
        if options.files:
            raise Refused(f"Compose files are not edited with {wanted.attach}", "attach", "Use compose, or auto")
        return (), wanted.containers, found
    named = [one for one in found.everyone if {one.name, one.id} & {*wanted.containers}]
    if wanted.attach == network_on_host.AUTO and not options.files and not any(map(_is_composed, named)):
        return (), wanted.containers, found
    from ...compose import plan as compose_plan  # only here
    from ...compose.io import ownership

    like = compose_plan.Wanted(
        "", options.shape, wanted.network, wanted.subnet, wanted.prefix_length, wanted.fleet_prefix, options.services,
        options.edit,
    )  # fmt: skip
    ownership.refuse(wanted.containers, options.files, found, docker)
    found = ownership.believed(found, docker)
    targets = compose_plan.targets(wanted.attach, like, options.files, wanted.containers, found, os.path.isfile)
    return targets.projects, targets.containers, found


def _project(wanted: WantedProject, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for a Compose project, and the options with which compose_network plans the same."""
    from ...compose import files as compose_files
    from ...compose import plan as compose_plan
    from ...compose.io import project

    options = {
        "path": wanted.path,
        "shape": wanted.shape,
        "network": wanted.network,
        "services": list(wanted.services),
        "edit": wanted.edit,
        "project_name": wanted.project,
    }
    if not compose_files.AVAILABLE:
        later = (
            f"add IPv6 to {wanted.path} and to its running containers; the run installs {packages.COMPOSE} first, and"
            " with it check mode shows the diff"
        )
        made = [container.id for container in found.containers if wanted.path in _compose_paths(container.labels)]
        return {
            "options": options, "steps": [later], "warnings": [], "subnet": "", "network": "", "joining": made,
            "effects": {}, "later": None,
        }  # fmt: skip
    files = project.read(wanted.path)
    plan = compose_plan.plan(project.named(wanted, files, found), files, found, read_host.ask(docker))
    project.refuse_unwritable(files.texts(), plan.edit.texts)
    return {
        "options": options,
        "steps": plan.plan.sentences(),
        "warnings": plan.plan.warnings,
        "subnet": plan.subnet,
        "network": plan.network if plan.lives else "",
        "joining": moved(plan.plan),
        "effects": effects.of((plan.plan,), found),
        "later": compose_plan.recreated(plan, wanted.shape, None),
    }


def _is_composed(container: docker_objects.Container) -> bool:
    return docker_objects.COMPOSE_PROJECT in container.labels


def _compose_paths(labels: Mapping[str, str]) -> list[str]:
    """The files that Compose made a container from."""
    folder, files = labels.get(docker_objects.COMPOSE_FOLDER, ""), labels.get(docker_objects.COMPOSE_FILES, "")
    return [os.path.join(folder, one) for one in files.split(",")]
