# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a plan for networks and files while the daemon runs, and writes down what undo will have to know."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.module_utils.common.warnings import warn
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _compose_undo,
    _engine,
    _host_undo,
    _io_armed,
    _io_files,
    _io_found,
    _io_lock,
    _io_record,
    _io_revert,
    _io_steps,
    _io_transaction,
    _journal,
    _ndp_undo,
    _network_undo,
    _transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.module_utils._journal import Made
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.dms.ipv6.plugins.module_utils._found import Ask
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found

    Planned = t.TypeVar("Planned")

# How long the engine may be away on the way back, in seconds: systemd starts it again if it died.
PATIENCE = 60


class Done(t.NamedTuple):
    """What there is to tell of a plan that was carried out.

    Attributes:
        outage: for how many seconds at most published ports were closed.
        notes: what containers did by themselves meanwhile.
    """

    outage: float = 0.0
    notes: tuple[str, ...] = ()


def change(
    socket: str, run: str, dry: bool, plan: Callable[[Found, Ask], Planned], part: Callable[[Planned], Plan]
) -> tuple[Planned, Found, Done]:
    """Read the host, plan, and carry out unless ``dry``, under the host's lock.

    Args:
        socket: of the engine.
        run: id of the run's transaction, empty for none.
        dry: plan only.
        plan: makes the plan.
        part: the steps of what it returns.

    Returns:
        The plan, the host as it was, and what there is to tell of carrying it out.

    Raises:
        RolledBack: a step failed, and the old state is back.
        Refused: anything else that must not or cannot be done.
    """
    docker, done = Docker(socket), Done()
    with contextlib.nullcontext() if dry else _io_lock.lock():
        for text in _io_revert.settle(run, dry):
            warn(text)
        if not dry:
            _take_back()
        found = _io_found.read(docker)
        _engine.refuse_too_old(found.daemon.version)
        planned = plan(found, _io_found.ask(docker))
        if part(planned).changed and not dry:
            done = _carry_out(part(planned), found, run, docker)
    return planned, found, done


def told(plan: Plan, diff: t.Any, notes: tuple[str, ...] = ()) -> dict[str, t.Any]:
    """What every module that changes something returns."""
    return {
        "changed": plan.changed,
        "diff": diff,
        "steps": plan.sentences(),
        "rolled_back": False,
        "warnings": [*plan.warnings, *notes],
    }


def _carry_out(plan: Plan, found: Found, run: str, docker: Docker) -> Done:
    made = Made(docker.path, found.daemon.unit, found.path, PATIENCE)
    journal, hands = _io_transaction.Journal(run, keeps=True, made=made), _io_steps.made_with(made)

    def remember() -> None:
        _io_record.keep(
            moves=_network_undo.remember_moves(found.record.get("moves"), plan),
            replaced=_network_undo.remember_replaced(found.record.get("replaced"), plan) or None,
            guard=_host_undo.remember_guard(found.record.get("guard"), plan.steps),
            files=_compose_undo.remember_files(found.record.get("files"), plan) or None,
            gai_conf=_host_undo.remember_gai_conf(found.record.get("gai_conf"), plan) or None,
            ndp=_ndp_undo.remember_ndp(found.record.get("ndp"), plan.steps),
        )

    outage = _io_steps.carry_out(plan, hands, journal, after=remember)
    return Done(outage, (*hands.networks.notes, *hands.daemon.notes))


def _take_back() -> None:
    """Put back what an earlier run left behind that died in the middle."""
    where, older = _io_armed.unfinished(), _io_record.record().get("unfinished")
    story = _io_armed.left_behind()
    slots = story.slots if story.end else [_journal.Slot(left=[*reversed(older)])] if older else []
    for slot in slots:
        back = _io_transaction.Back(where if story.end else "", story.end, 0, _transaction.load_steps(slot.left, where))
        failed = _io_steps.take_back(back, _io_steps.made_with(slot.made))
        if failed:
            raise Refused(f"an earlier run died, and what it began cannot be put back: {' '.join(failed)}")
    _io_files.write(where, None)
    if older:
        _io_record.keep(unfinished=None)
