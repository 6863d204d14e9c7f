# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that takes everything back which this collection did on a host, by what it wrote down."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _compose_undo,
    _daemon_of_host,
    _daemon_plan,
    _daemon_undo,
    _found,
    _host_undo,
    _network,
    _network_steps,
    _networks_of_host,
    _routed_firewall,
)

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found


@dataclass(frozen=True)
class AbsentPlan:
    """The parts of the plan that takes everything back which this collection did on a host."""

    files: Plan
    gai_conf: tuple[Plan, ...]
    networks: tuple[tuple[_network.WantedNetwork, Plan], ...]
    daemon_plan: _daemon_plan.DaemonPlan
    table_plan: Plan

    def sentences(self) -> list[str]:
        """Every step as the operator reads it."""
        plans = (self.files, *self.gai_conf, *(plan for _wanted, plan in self.networks), self.table_plan)
        return [*(one for plan in plans for one in plan.sentences()), *self.daemon_plan.sentences()]


def absent(
    found: Found,
    containers: Mapping[str, Mapping[str, _found.Container]],
    ask: _found.Ask,
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
        ours = network.labels.get(_network_steps.LABEL) == "true"
        if ours or containers.get(network.name) or network.name in found.record.get("replaced", {}):
            ours_on_it = containers.get(network.name, {})
            made = _made_by_compose(network, found, ours_on_it) if ours else []
            if made:
                names = ", ".join(made)
                warnings.append(f"network {network.name} stays until Compose has re-created {names}: undo again then")
            state = _network.ABSENT if ours and not made else _network.RELEASED
            wanted = _network.WantedNetwork(network.name, None, state=state)
            plans.append((wanted, _networks_of_host.plan_network(wanted, found, ours_on_it, ask)))
    files = _compose_undo.files_back(found.record.get("files"), found.edited)
    files = replace(files, warnings=(*files.warnings, *warnings))
    memory = found.record.get("gai_conf", {})
    gai_conf = tuple(_host_undo.gai_conf_back(memory, path, found.edited.get(path)) for path in sorted(memory))
    table_plan = _routed_firewall.plan(None, found.table)
    daemon_plan = plan_restored(found, _daemon_plan.AUTO, consent)
    return AbsentPlan(files, gai_conf, tuple(plans), daemon_plan, table_plan)


def _made_by_compose(network: _found.Network, found: Found, ours: Mapping[str, _found.Container]) -> list[str]:
    """Containers on a network of ours that Compose itself put there, by a file that named it."""
    there = [one for one in found.everyone if one.endpoint(network.name) and one.id not in ours]
    return sorted(one.name for one in there if _found.COMPOSE_PROJECT in one.labels)


def plan_restored(found: Found, apply: str, consent: bool) -> _daemon_plan.DaemonPlan:
    """The daemon's part of taking everything back: what was there before our first change, by the record."""
    memory = found.record.get("undo")
    config, gone = _daemon_undo.wanted(memory, found.raw, found.path)
    plan = _daemon_of_host.plan_daemon(_daemon_plan.Wanted(config, tuple(gone), apply, consent, whole=True), found)
    return _daemon_undo.exactly(plan, memory, found.raw, found.path)
