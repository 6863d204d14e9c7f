# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``routed`` as facts for the role, see nat_facts."""

from __future__ import annotations

import typing as t

from ...core.refused import Refused
from ...daemon import json_text
from ...exposure import newly_open, published
from ...routed.io import ndp
from ...state import firewall as state_firewall
from ...system.io import packages
from .. import effects, routed
from . import consequences, nat_facts, nat_targets, read_host

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...change.plan import Plan
    from ...engine.io.api import Docker
    from ...routed import nft_table
    from ...state import docker_objects
    from ...state.host import Found
    from .. import facts
    from ..nat import Wanted
    from .nat_targets import ComposeOptions


def plan(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker) -> facts.Routed:
    """The plan for mode ``routed``.

    Raises:
        Refused: anything that must not or cannot be done.
    """
    _refuse_other_modes(wanted, compose)
    planned = routed.plan(wanted, found, read_host.ask(docker), json_text.load(found.raw, found.path))
    now = published.host(found)
    joining = nat_targets.moved(planned.host.network_plan)
    consequences.refuse_opened(joining, now, wanted)
    consequences.refuse_members({wanted.network: joining}, found, wanted, docker)
    answers = ndp.planned(ndp.calls(wanted.network, planned.ndp, found), found, read_host.ask(docker))
    links = [plan for _call, plan in answers]
    steps = [*planned.sentences(), *nat_facts.sentences(links)]
    warnings = [*planned.host.daemon_plan.warnings, *planned.host.network_plan.warnings, *planned.warnings]
    programs = [*packages.missing_programs(), *(name for plan in links for name in plan.packages)] if steps else []
    seeing = [*nat_facts.seeing(wanted, compose, found, (), ())]
    served = [port for port in published.served(seeing, now) if port[0] in now.translated]
    return {
        "changed": bool(steps),
        "steps": steps,
        "effects": _effects(planned, links, now, found) if steps else {},
        "config": planned.host.config,
        "subnets": [planned.table.subnet],
        "network": wanted.network,
        "containers": list(wanted.containers),
        "addresses": planned.addresses,
        "firewall": _firewall(planned.table),
        "ndp": [call for call, _plan in answers],
        "responder": planned.responder,
        "prove_on": [wanted.network],
        "families": list(now.translated),
        "ports": [*_own_ports(planned, seeing), *(list(port) for port in served if port[0] == state_firewall.IPV4)],
        "packages": [*packages.missing(), *programs] if steps else [],
        "warnings": [*warnings, *consequences.minded(found, wanted, steps), *nat_facts.warnings(links)],
    }


def _refuse_other_modes(wanted: Wanted, compose: ComposeOptions) -> None:
    """Raise Refused for options that mode routed does not have."""
    if compose != nat_targets.ComposeOptions():
        problem = "Compose files are not edited in mode routed"
        raise Refused(problem, "compose_files", "Remove the variables about Compose, and name the network in the file")
    if wanted.gai_conf:
        problem = "it has no effect in mode routed, because containers have public addresses, which need no label"
        raise Refused(problem, "gai_conf", "Remove dms_ipv6_gai_conf from this host")


def _effects(planned: routed.RoutedPlan, links: Iterable[Plan], now: published.Host, found: Found) -> dict[str, t.Any]:
    """What people notice of the plan, and what IPv6 clients get at the host's own addresses then."""
    host = planned.host
    joining = nat_targets.moved(host.network_plan)
    return {
        **effects.of((host.daemon_plan, planned.table_plan, host.network_plan, *links), found),
        "later": [],
        "expected": effects.expected(now, newly_open.pairs(now, joining)),
    }


def _firewall(table: nft_table.Table) -> dict[str, t.Any]:
    """The options with which routed_firewall makes a table."""
    return {"state": "present", **table._asdict(), "ports": [port._asdict() for port in table.ports]}


def _own_ports(plan: routed.RoutedPlan, seeing: Iterable[docker_objects.Container]) -> Iterator[list[t.Any]]:
    """Family, port and address of the TCP ports at which containers answer at addresses of their own."""
    named = {plan.addresses[container.name]: container for container in seeing if container.name in plan.addresses}
    for port in plan.table.ports:
        if port.protocol == "tcp" and port.address in named and published.heard(named[port.address], port.port):
            yield [state_firewall.IPV6, port.port, port.address]
