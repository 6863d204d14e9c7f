# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that takes everything back which this collection did on a host, by what it wrote down."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..compose import undo as compose_undo
from ..daemon import on_host as daemon_on_host
from ..daemon import plan as daemon_planning
from ..daemon import undo as daemon_undo
from ..host import undo as host_undo
from ..network import on_host as network_on_host
from ..network import plan as network_plan
from ..network import steps as network_steps
from ..routed import firewall as routed_firewall
from ..state import docker_objects

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..change.plan import Plan
    from ..state.host import Found


@dataclass(frozen=True)
class AbsentPlan:
    """The parts of the plan that takes everything back which this collection did on a host."""

    files: Plan
    gai_conf: tuple[Plan, ...]
    networks: tuple[tuple[network_plan.WantedNetwork, Plan], ...]
    daemon_plan: daemon_planning.DaemonPlan
    table_plan: Plan

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        return [sentence for plan in self.plans() for sentence in plan.sentences()]

    def plans(self) -> tuple[Plan, ...]:
        """The parts, in the order in which they are carried out."""
        return (
            self.files, *self.gai_conf, *(plan for _wanted, plan in self.networks), self.table_plan, self.daemon_plan
        )  # fmt: skip


def absent(
    found: Found,
    containers: Mapping[str, Mapping[str, docker_objects.Container]],
    ask: docker_objects.Ask,
    consent: bool,
) -> AbsentPlan:
    """The plan for mode ``absent``: networks of our making go, containers leave others, old files come back.

    Args:
        found: what was read.
        containers: network -> the containers that we put on it, by id.
        ask: looks up those that are moved.
        consent: containers may be stopped.
    """
    plans, warnings = [], []
    for network in found.networks:
        ours = network.labels.get(network_steps.LABEL) == "true"
        if ours or containers.get(network.name) or network.name in found.record.get("replaced", {}):
            ours_on_it = containers.get(network.name, {})
            composed = _made_by_compose(network, found, ours_on_it) if ours else []
            if composed:
                names = ", ".join(composed)
                warnings.append(f"network {network.name} stays until Compose has re-created {names}: undo again then")
            state = network_plan.ABSENT if ours and not composed else network_plan.RELEASED
            wanted = network_plan.WantedNetwork(network.name, None, state=state)
            plans.append((wanted, network_on_host.plan_network(wanted, found, ours_on_it, ask)))
    files = compose_undo.files_back(found.record.get("files"), found.edited)
    files = replace(files, warnings=(*files.warnings, *warnings))
    memory = found.record.get("gai_conf", {})
    gai_conf = tuple(host_undo.gai_conf_back(memory, path, found.edited.get(path)) for path in sorted(memory))
    table_plan = routed_firewall.plan(None, found.table)
    daemon_plan = plan_restored(found, daemon_planning.AUTO, consent)
    return AbsentPlan(files, gai_conf, tuple(plans), daemon_plan, table_plan)


def _made_by_compose(
    network: docker_objects.Network, found: Found, ours: Mapping[str, docker_objects.Container]
) -> list[str]:
    """Containers on our network that Compose itself put there, by a file that named it."""
    staying = [
        container for container in found.all_containers if container.endpoint(network.name) and container.id not in ours
    ]
    return sorted(container.name for container in staying if docker_objects.COMPOSE_PROJECT in container.labels)


def plan_restored(found: Found, apply: str, consent: bool) -> daemon_planning.DaemonPlan:
    """The daemon's part of taking everything back: what was there before our first change, by the record."""
    memory = found.record.get("undo")
    config, gone = daemon_undo.wanted(memory, found.raw, found.path)
    plan = daemon_on_host.plan_daemon(daemon_planning.Wanted(config, tuple(gone), apply, consent, whole=True), found)
    return daemon_undo.exactly(plan, memory, found.raw, found.path)
