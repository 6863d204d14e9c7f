# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_daemon_config does."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_of_host,
    _daemon_plan,
    _daemon_schema,
    _diff,
    _engine,
    _io_daemon,
    _io_found,
    _io_loaded,
    _io_lock,
    _io_preflight,
    _io_record,
    _io_revert,
    _io_steps,
    _io_transaction,
    _journal,
    _restart_guards,
    _restored,
    _state_host,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "config": {"type": "dict", "default": {}},
    "absent": {"type": "list", "elements": "str", "default": []},
    "path": {"type": "path"},
    "apply": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "allow_container_restart": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "restored"], "default": "present"},
    "allow_engine_upgrade": {"type": "bool", "default": False},
    "allow_forward_drop": {"type": "bool", "default": False},
    "confirm_within": {"type": "int", "default": 0},
    "transaction": {"type": "str", "default": ""},
    "health_timeout": {"type": "int", "default": 120},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def make_plan(params: dict[str, t.Any], found: _state_host.Found) -> _daemon_plan.DaemonPlan:
    """The plan, refused if a restart would do harm or dockerd would not take the file."""
    apply, consents = params["apply"], params["allow_container_restart"]
    if params["state"] == "restored":
        plan = _restored.plan_restored(found, apply, consents)
    else:
        wanted = _daemon_plan.Wanted(params["config"], tuple(params["absent"]), apply, consents)
        plan = _daemon_of_host.plan_daemon(wanted, found)
    if plan.restarts:
        consent = _restart_guards.Consent(
            params["allow_container_restart"], params["allow_engine_upgrade"], params["allow_forward_drop"]
        )
        _daemon_of_host.refuse_restart(plan, found, _io_preflight.read(found), consent)
        left_out = _io_daemon.left_out(Docker(params["docker_socket"]), found.daemon.containers)
        plan = replace(plan, warnings=(*plan.warnings, *left_out))
    if plan.changed and _engine.has(found.daemon.version, "validate"):
        _io_daemon.validate(found.daemon.pid, plan.after, found.path)
    return plan


def carry_out(plan: _daemon_plan.DaemonPlan, found: _state_host.Found, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Carry a plan out; what that adds to the result."""
    if not plan.changed:
        # An earlier run died right before it wrote this down.
        loaded = _io_loaded.read_by(found.daemon.pid, found.daemon.loaded)
        _io_record.keep(borrowed=None, starting=None, daemon=loaded)
        return {}
    if not _daemon_schema.available():
        raise Refused(
            "the Python package jsonschema is missing on this host",
            remedy="Install python3-jsonschema; the role dms.ipv6.dms_ipv6 does",
        )
    transaction = params["transaction"]
    arms = bool(params["confirm_within"] and not transaction)
    if arms:
        transaction = _io_revert.arm(params["confirm_within"])
    docker, unit, timeout = Docker(params["docker_socket"]), found.daemon.unit, params["health_timeout"]
    daemon = _io_daemon.DaemonHands(docker, unit, timeout, _io_preflight.next_version(found))
    recorder = _io_daemon.Recorder(found, plan, params["state"] == "restored", params["docker_socket"])

    def before() -> None:
        daemon.backup_file = recorder.before()

    try:
        journal = _io_transaction.Journal(transaction, made=_journal.Made(docker.path, unit, found.path, timeout))
        hands = _io_steps.Hands(daemon)
        hands.files.there[found.path] = found.raw
        outage = _io_steps.carry_out(plan, hands, journal, before, recorder.after, recorder.back)
    except BaseException:
        if arms:
            _io_revert.after_failure(transaction)
        raise
    result: dict[str, t.Any] = {"outage": outage, "warnings": [*plan.warnings, *daemon.notes]}
    result.update({"backup_file": daemon.backup_file} if daemon.backup_file else {})
    return {**result, "transaction": transaction} if transaction else result


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Read, plan, and carry out unless ``dry``; what the module returns."""
    with contextlib.nullcontext() if dry else _io_lock.lock():
        warnings = _io_revert.settle(params["transaction"], dry)
        found = _io_found.read(Docker(params["docker_socket"]), params["path"])
        plan = make_plan(params, found)
        unfinished = found.borrowed is not False or "starting" in found.record
        added = carry_out(plan, found, params) if not dry and (plan.changed or unfinished) else {}
    return {
        "changed": plan.changed,
        "diff": _diff.of(plan, found.path),
        "path": found.path,
        "steps": plan.sentences(),
        "restarted": plan.restarts,
        "reloaded": plan.reloads,
        "outage": 0.0,
        "pending": list(plan.pending),
        "unknown": list(plan.unknown),
        "rolled_back": False,
        **added,
        "warnings": [*warnings, *added.get("warnings", plan.warnings)],
    }
