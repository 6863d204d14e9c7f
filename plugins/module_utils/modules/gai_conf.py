# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module gai_conf does."""

from __future__ import annotations

import contextlib
import typing as t

from ..change import diff
from ..change.io import lock
from ..change.io import record as change_record
from ..core.refused import Refused
from ..daemon.io import executor as daemon_executor
from ..engine.io.api import SOCKET, Docker
from ..host import address_order, gai_conf
from ..host import undo as host_undo
from ..host.io import resolver
from ..modes.io import live_change
from ..rollback.io import armed_transaction
from ..rollback.io import executor as rollback_executor

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..change.plan import Plan

SPEC: dict[str, t.Any] = {
    "prefixes": {"type": "list", "elements": "str", "aliases": ["prefix"]},
    "precedence": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "path": {"type": "path", "default": gai_conf.PATH},
    "name": {"type": "str", "default": ""},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ("prefixes",))]}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    path, present = params["path"], params["state"] == "present"
    if present and not params["prefixes"]:
        raise Refused("it is empty", "prefixes", "Give the ULA that this host connects from")
    selection = gai_conf.wanted(params["prefixes"] or [], params["precedence"])

    def make(record: Mapping[str, t.Any]) -> Plan:
        return resolver.plan(path, selection, record) if present else resolver.back(path, record)

    before = resolver.order(params["name"])
    plan = _change(params["docker_socket"], params["transaction"], dry, make)
    result = {
        **live_change.returned(plan, diff.of(plan, path)),
        "before": list(before.addresses),
        "source": before.source,
    }
    if dry and plan.changed:
        return result
    after = resolver.order(params["name"])
    result["after"] = list(after.addresses)
    if present:
        effective, effect = address_order.effect(before, after, selection.prefixes, resolver.others(path))
        result.update(effective=effective, effect=effect)
        if not effective:
            result["warnings"] = list(dict.fromkeys([*result["warnings"], effect]))
    return result


def _change(socket: str, run: str, dry: bool, make: Callable[[Mapping[str, t.Any]], Plan]) -> Plan:
    """Plan and carry out. Docker may be stopped: it is queried only where an earlier run died.

    Raises:
        Refused: something that must not or cannot be done.
    """
    if change_record.record().get("unfinished"):
        return live_change.change(socket, run, dry, lambda found, _ask: make(found.record), lambda plan: plan)[0]
    with contextlib.nullcontext() if dry else lock.lock():
        armed_transaction.Journal(run)
        record = change_record.record()
        plan = make(record)
        if plan.changed and not dry:
            journal = armed_transaction.Journal(run, keeps=True)
            executor = rollback_executor.Executor(
                daemon_executor.DaemonExecutor(Docker(socket), "", live_change.PATIENCE)
            )
            rollback_executor.carry_out(plan, executor, journal)
            change_record.keep(gai_conf=host_undo.remember_gai_conf(record.get("gai_conf"), plan) or None)
            journal.done()
    return plan
