# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module gai_conf does."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _address_order,
    _compose_undo,
    _diff,
    _gai_conf,
    _host_undo,
    _io_change,
    _io_daemon,
    _io_gai_conf,
    _io_lock,
    _io_record,
    _io_steps,
    _io_transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan

SPEC: dict[str, t.Any] = {
    "prefixes": {"type": "list", "elements": "str", "aliases": ["prefix"]},
    "precedence": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "path": {"type": "path", "default": _gai_conf.PATH},
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
    asked = _gai_conf.wanted(params["prefixes"] or [], params["precedence"])

    def make(record: Mapping[str, t.Any]) -> Plan:
        return _io_gai_conf.plan(path, asked, record) if present else _io_gai_conf.back(path, record)

    before = _io_gai_conf.order(params["name"])
    plan = _change(params["docker_socket"], params["transaction"], dry, make)
    result = {
        **_io_change.told(plan, _diff.of(plan, path)),
        "before": list(before.addresses),
        "source": before.source,
    }
    if dry and plan.changed:
        return result
    after = _io_gai_conf.order(params["name"])
    result["after"] = list(after.addresses)
    if present:
        effective, effect = _address_order.effect(before, after, asked.prefixes, _io_gai_conf.others(path))
        result.update(effective=effective, effect=effect)
        if not effective:
            result["warnings"] = list(dict.fromkeys([*result["warnings"], effect]))
    return result


def _change(socket: str, run: str, dry: bool, make: Callable[[Mapping[str, t.Any]], Plan]) -> Plan:
    """Plan and carry out. Docker may be stopped: it is asked only where an earlier run died.

    Raises:
        Refused: something that must not or cannot be done.
    """
    if _io_record.record().get("unfinished"):
        return _io_change.change(socket, run, dry, lambda found, _ask: make(found.record), lambda made: made)[0]
    with contextlib.nullcontext() if dry else _io_lock.lock():
        _io_transaction.Journal(run)
        record = _io_record.record()
        plan = make(record)
        if plan.changed and not dry:
            journal = _io_transaction.Journal(run, keeps=True)
            hands = _io_steps.Hands(_io_daemon.DaemonHands(Docker(socket), "", _io_change.PATIENCE))
            _io_steps.carry_out(plan, hands, journal)
            _io_record.keep(
                files=_compose_undo.remember_files(record.get("files"), plan) or None,
                gai_conf=_host_undo.remember_gai_conf(record.get("gai_conf"), plan) or None,
            )
            journal.done()
    return plan
