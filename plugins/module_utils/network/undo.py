# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of networks that we replace, and of the containers that we put on them."""

from __future__ import annotations

import typing as t

from ..change.plan import Plan
from ..state import definitions
from . import steps as network_steps

if t.TYPE_CHECKING:
    Memory = dict[str, t.Any]


def remember_moves(memory: Memory | None, plan: Plan) -> Memory:
    """network -> ids of the containers that we put on it, after a plan was carried out."""
    moves = {name: list(ids) for name, ids in (memory or {}).items()}
    # Containers that were there before us and leave for a moment, while the network is replaced.
    guests = set()
    for step in plan.steps:
        if isinstance(step, network_steps.ConnectContainer) and (step.network, step.id) not in guests:
            moves.setdefault(step.network, []).append(step.id)
        elif isinstance(step, network_steps.DisconnectContainer):
            if step.id in moves.get(step.network, ()):
                moves[step.network].remove(step.id)
            else:
                guests.add((step.network, step.id))
        elif isinstance(step, network_steps.RemoveNetwork):
            moves.pop(step.name, None)
    return moves


def remember_replaced(memory: Memory | None, plan: Plan) -> Memory:
    """network -> its definition before our first replacement, and the one that we gave it; one that we made goes."""
    replaced = dict(memory or {})
    removed, created = (
        {
            step.name: step.definition
            for step in plan.steps
            if isinstance(step, kind) and step.name != network_steps.TRANSIT and not _made_by_us(step.definition)
        }
        for kind in (network_steps.RemoveNetwork, network_steps.CreateNetwork)
    )
    for name, definition in removed.items():
        before = replaced.pop(name, {}).get("before", definition)
        if name in created and not definitions.same_network(before, created[name]):
            replaced[name] = {"before": before, "after": created[name]}
    return replaced


def _made_by_us(definition: str) -> bool:
    labels = definitions.load(definition or "{}").get("Labels", {})
    return bool(labels.get(network_steps.LABEL) == "true")
