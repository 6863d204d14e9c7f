# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a plan for networks and files while the daemon runs, and writes down what undo will have to know."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.module_utils.common.warnings import warn

from ...change import journal as change_journal
from ...change.io import armed, lock, record
from ...change.journal import Made
from ...compose import undo as compose_undo
from ...core.refused import Refused
from ...engine import version as engine_version
from ...engine.io.api import Docker
from ...host import undo as host_undo
from ...network import undo as network_undo
from ...rollback import transaction
from ...rollback.io import armed_transaction, revert
from ...rollback.io import executor as rollback_executor
from ...routed import undo as routed_undo
from ...system.io import files as system_files
from . import read_host

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ...change.plan import Plan
    from ...state.docker_objects import Ask
    from ...state.host import Found

    Planned = t.TypeVar("Planned")

# How long the engine may be away on the way back, in seconds: systemd starts it again if it died.
PATIENCE = 60


class Done(t.NamedTuple):
    """What there is to say of a plan that was carried out.

    Attributes:
        outage: for how many seconds at most published ports were closed.
        notes: what containers did by themselves while it ran.
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
        The plan, the host as it was, and what there is to say of carrying it out.

    Raises:
        RolledBack: a step failed, and the old state is back.
        Refused: anything else that must not or cannot be done.
    """
    docker, done = Docker(socket), Done()
    with contextlib.nullcontext() if dry else lock.lock():
        for text in revert.settle(run, dry):
            warn(text)
        if not dry:
            _take_back()
        found = read_host.read(docker)
        engine_version.refuse_too_old(found.daemon.version)
        planned = plan(found, read_host.ask(docker))
        if part(planned).changed and not dry:
            done = _carry_out(part(planned), found, run, docker)
    return planned, found, done


def returned(plan: Plan, diff: t.Any, notes: tuple[str, ...] = ()) -> dict[str, t.Any]:
    """What every module that changes something returns."""
    return {
        "changed": plan.changed,
        "diff": diff,
        "steps": plan.sentences(),
        "rolled_back": False,
        "warnings": [*plan.warnings, *notes],
    }


def _carry_out(plan: Plan, found: Found, run: str, docker: Docker) -> Done:
    made_with = Made(docker.path, found.daemon.unit, found.path, PATIENCE)
    journal, executor = (
        armed_transaction.Journal(run, keeps=True, made_with=made_with),
        rollback_executor.made_with(made_with),
    )

    def remember() -> None:
        record.keep(
            moves=network_undo.remember_moves(found.record.get("moves"), plan),
            replaced=network_undo.remember_replaced(found.record.get("replaced"), plan) or None,
            guard=host_undo.remember_guard(found.record.get("guard"), plan.steps),
            files=compose_undo.remember_files(found.record.get("files"), plan) or None,
            gai_conf=host_undo.remember_gai_conf(found.record.get("gai_conf"), plan) or None,
            ndp=routed_undo.remember_ndp(found.record.get("ndp"), plan.steps),
        )

    outage = rollback_executor.carry_out(plan, executor, journal, after=remember)
    return Done(outage, (*executor.networks.notes, *executor.daemon.notes))


def _take_back() -> None:
    """Put back what an earlier run left behind that died in the middle."""
    where, older = armed.unfinished(), record.record().get("unfinished")
    story = armed.left_behind()
    slots = story.slots if story.end else [change_journal.Slot(left=[*reversed(older)])] if older else []
    for slot in slots:
        back = armed_transaction.Back(
            where if story.end else "", story.end, 0, transaction.load_steps(slot.left, where)
        )
        failed = rollback_executor.take_back(back, rollback_executor.made_with(slot.made))
        if failed:
            raise Refused(f"an earlier run died, and what it began cannot be put back: {' '.join(failed)}")
    system_files.write(where, None)
    if older:
        record.keep(unfinished=None)
