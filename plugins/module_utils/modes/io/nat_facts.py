# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``nat`` as facts for the role: looks up what a plan asks for, and changes nothing.

A host that is as wanted is read every night, so what few hosts need is not imported here, see Seldom.
"""

from __future__ import annotations

import typing as t

from ...change.plan import Plan
from ...core.refused import Refused
from ...daemon import json_text
from ...exposure import newly_open, published
from ...network import on_host as network_on_host
from ...state import docker_objects
from ...system.io import packages
from .. import chosen, effects
from .. import nat as modes_nat
from . import consequences, nat_targets, read_host

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...engine.io.api import Docker
    from ...state.host import Found
    from .. import facts
    from ..nat import Wanted


UNREACHABLE = (
    "no IPv6 client can reach this host: it has no IPv6 address but link-local ones. Nothing is changed until it has"
)


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

    gai_conf: t.Callable[[Collection[str], bool, Mapping[str, t.Any]], Plan] = not_brought
    given_up: t.Callable[[str, Found, Docker], list[tuple[dict[str, t.Any], t.Any]]] = not_brought


def nat(
    wanted: Wanted, compose: nat_targets.ComposeOptions, targets: nat_targets.Targets, docker: Docker, seldom: Seldom
) -> facts.Nat:
    """The plan for mode ``nat``.

    Raises:
        Refused: anything that must not or cannot be done.
        NotBrought: something in ``seldom`` is needed and not there.
    """
    containers, found = targets.containers, targets.found
    no_network = targets.no_network or (wanted.select != chosen.NAMED and not containers)
    attach = network_on_host.COMPOSE if no_network else wanted.attach
    own = {network_on_host.COMPOSE: "", network_on_host.DEFAULT_BRIDGE: "bridge"}.get(attach, wanted.network)
    host = modes_nat.nat(
        wanted._replace(containers=containers, attach=attach),
        found,
        read_host.ask(docker),
        json_text.load(found.raw, found.path),
    )
    joining = _joining(host.network_plan, targets.facts, attach, found)
    shut = consequences.refuse_opened(joining, published.host(found), wanted)
    moved = nat_targets.moved(host.network_plan)
    joins = {**_of_bridge(attach, found), wanted.network: moved, **_of_projects(targets.facts)}
    consequences.refuse_members(joins, found, wanted, docker)
    subnets = [
        *([_subnet(host, found)] if own else []),
        *(project["subnet"] for project in targets.facts if project["subnet"]),
    ]
    gai_conf, selection = _selection(wanted, subnets, found, seldom)
    answers = seldom.given_up(own, found, docker) if "ndp" in found.record else []
    planned = _Planned(targets, host, own, subnets, joining, shut, gai_conf, selection, answers)
    return planned.facts(wanted, compose)


class _Planned(t.NamedTuple):
    """All parts of the plan.

    Attributes:
        targets: who gets IPv6, and by which way.
        host: settings of the daemon, and our network.
        own: name of that network, empty for none.
        subnets: the IPv6 subnets of all networks.
        joining: ids of the containers that get IPv6.
        shut: ports that the host's firewall closes then, see newly_open.shut().
        gai_conf: options for gai_conf.
        selection: the plan for it.
        answers: calls of ndp_proxy, each with its plan.
    """

    targets: nat_targets.Targets
    host: modes_nat.HostPlan
    own: str
    subnets: list[str]
    joining: set[str]
    shut: dict[str, tuple[str, int]]
    gai_conf: dict[str, t.Any]
    selection: Plan
    answers: list[tuple[dict[str, t.Any], t.Any]]

    @property
    def after(self) -> tuple[Plan, ...]:
        """The plans that are carried out after the daemon's and those of projects."""
        answers = (plan for _call, plan in self.answers)
        return self.host.network_plan, self.host.table_plan, *answers, self.selection

    @property
    def steps(self) -> list[str]:
        """The steps, as sentences."""
        projects = (step for project in self.targets.facts for step in project["steps"])
        return [*self.host.daemon_plan.sentences(), *projects, *sentences(self.after)]

    @property
    def prove_on(self) -> list[str]:
        """The networks on which a proof is due."""
        projects = (project["network"] for project in self.targets.facts)
        return [*dict.fromkeys(filter(None, (self.own, *projects, *self.targets.alone.values())))]

    @property
    def warnings(self) -> list[str]:
        """What the operator should know of the plans."""
        return [*self.targets.warnings, *warnings((self.host.daemon_plan, *self.after))]

    @property
    def effects(self) -> dict[str, t.Any]:
        """What people notice of the plan, and what IPv6 clients get then."""
        found, projects, now = self.targets.found, self.targets.facts, published.host(self.targets.found)
        daemon = effects.of((self.host.daemon_plan,), found)
        parts = [daemon, *(project["effects"] for project in projects), effects.of(self.after, found)]
        edited = [project for project in projects if "path" in project["options"]]
        return {
            **effects.together(parts),
            "later": [{"path": project["options"]["path"], "services": project["later"]} for project in edited],
            "expected": effects.expected(now, newly_open.pairs(now, self.joining)),
        }

    def facts(self, wanted: Wanted, compose: nat_targets.ComposeOptions) -> facts.Nat:
        """What the role, and the modules that carry it out, get.

        Raises:
            Refused: what comes of it needs a consent that is not there.
        """
        targets, found, steps, prove_on = self.targets, self.targets.found, self.steps, self.prove_on
        served_by = seeing(wanted, compose, found, {project.path for project in targets.projects}, self.joining)
        options = [project["options"] for project in targets.facts]
        consents = consequences.minded(found, wanted, steps, self.shut, self.joining, prove_on)
        return {
            "changed": bool(steps),
            "steps": steps,
            "effects": self.effects if steps else {},
            "config": self.host.config,
            "subnets": list(dict.fromkeys(self.subnets)),
            "network": self.own,
            "containers": list(targets.containers),
            "compose": [option for option in options if "path" in option],
            "networks": [option for option in options if "path" not in option],
            "gai_conf": self.gai_conf,
            "prove_on": prove_on,
            "families": consequences.families(prove_on, found),
            "ports": consequences.probed(served_by, published.host(found), self.shut.values()),
            "firewall": {"state": "absent"} if self.host.table_plan.changed else {},
            "ndp": [call for call, _plan in self.answers],
            "packages": packages.missing(compose=bool(targets.projects)) if steps else [],
            "warnings": [*self.warnings, *consents],
        }


def nothing(reason: str) -> facts.Nat:
    """Nothing to do on a host, because no IPv6 client can reach it for example."""
    plan: facts.Nat = {
        "changed": False, "steps": [], "config": {}, "subnets": [], "network": "", "containers": [], "compose": [],
        "networks": [],
        "gai_conf": {}, "prove_on": [], "families": [],
        "ports": [], "firewall": {}, "ndp": [], "packages": [],
        "warnings": [reason], "effects": {},
    }  # fmt: skip
    return plan


def _joining(network: Plan, projects: Iterable[Mapping[str, t.Any]], attach: str, found: Found) -> set[str]:
    """Ids of the containers that get IPv6."""
    joining = {*nat_targets.moved(network), *(key for project in projects for key in project["joining"])}
    if attach == network_on_host.DEFAULT_BRIDGE:
        joining |= {container.id for container in found.containers if container.endpoint("bridge")}
    return joining


def _of_projects(projects: Iterable[Mapping[str, t.Any]]) -> dict[str, list[str]]:
    """network -> ids of the containers that get it by way of a Compose file, where it is there without an `up`."""
    return {project["network"]: project["joining"] for project in projects if project["network"]}


def _of_bridge(attach: str, found: Found) -> dict[str, list[str]]:
    """The same for the default bridge, if that has no IPv6 yet."""
    with_ipv6 = {network.name for network in found.networks if network.ipv6}
    if attach != network_on_host.DEFAULT_BRIDGE or "bridge" in with_ipv6:
        return {}
    return {"bridge": [container.id for container in found.all_containers if container.endpoint("bridge")]}


def sentences(plans: Iterable[Plan]) -> list[str]:
    return [sentence for plan in plans for sentence in plan.sentences()]


def warnings(plans: Iterable[Plan]) -> list[str]:
    return [text for plan in plans for text in plan.warnings]


def seeing(
    wanted: Wanted,
    compose: nat_targets.ComposeOptions,
    found: Found,
    projects: Collection[str],
    joining: Collection[str],
) -> Iterator[docker_objects.Container]:
    """The containers wanted, by name or by their Compose file, except those that wait for Compose."""
    for container in found.containers:
        files = {*docker_objects.compose_paths(container.labels)}
        waits = files & {*projects} and container.id not in joining and not container.has_ipv6
        if not waits and ({container.name, container.id} & {*wanted.containers} or files & {*compose.files}):
            yield container


def _selection(wanted: Wanted, subnets: Iterable[str], found: Found, seldom: Seldom) -> tuple[dict[str, t.Any], Plan]:
    """Options for gai_conf, none if it is not wanted, and its part of the plan."""
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
