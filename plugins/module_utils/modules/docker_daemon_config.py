# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_daemon_config does."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ..change import diff
from ..change import journal as change_journal
from ..change.io import lock, record
from ..core.refused import Refused
from ..daemon import on_host as daemon_on_host
from ..daemon import plan as daemon_plan
from ..daemon import restart_checks, schema
from ..daemon.io import executor as daemon_executor
from ..daemon.io import loaded as daemon_loaded
from ..daemon.io import surroundings
from ..engine import version as engine_version
from ..engine.io.api import SOCKET, Docker
from ..modes import absent
from ..modes.io import read_host
from ..rollback.io import armed_transaction, revert
from ..rollback.io import executor as rollback_executor
from ..state import host as state_host

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


def make_plan(params: dict[str, t.Any], found: state_host.Found) -> daemon_plan.DaemonPlan:
    """The plan, refused if a restart would do harm or dockerd would not take the file."""
    apply, consents = params["apply"], params["allow_container_restart"]
    if params["state"] == "restored":
        plan = absent.plan_restored(found, apply, consents)
    else:
        wanted = daemon_plan.Wanted(params["config"], tuple(params["absent"]), apply, consents)
        plan = daemon_on_host.plan_daemon(wanted, found)
    if plan.changed and params["confirm_within"] and not params["transaction"]:
        revert.refuse_unable()
    if plan.restarts:
        consent = restart_checks.Consent(
            params["allow_container_restart"], params["allow_engine_upgrade"], params["allow_forward_drop"]
        )
        daemon_on_host.refuse_restart(plan, found, surroundings.read(found), consent)
        left_out = daemon_executor.left_out(Docker(params["docker_socket"]), found.daemon.containers)
        plan = replace(plan, warnings=(*plan.warnings, *left_out))
    if plan.changed and engine_version.has(found.daemon.version, "validate"):
        daemon_executor.validate(found.daemon.pid, plan.after, found.path)
    return plan


def carry_out(plan: daemon_plan.DaemonPlan, found: state_host.Found, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Carry a plan out; what that adds to the result."""
    if not plan.changed:
        # An earlier run died right before it wrote this down.
        loaded = daemon_loaded.read_by(found.daemon.pid, found.daemon.loaded)
        record.keep(borrowed=None, starting=None, daemon=loaded)
        return {}
    if not schema.available():
        raise Refused(
            "the Python package jsonschema is missing on this host",
            remedy="Install python3-jsonschema; the role dms.ipv6.dms_ipv6 does",
        )
    transaction = params["transaction"]
    arms = bool(params["confirm_within"] and not transaction)
    if arms:
        transaction = revert.arm(params["confirm_within"])
    docker, unit, timeout = Docker(params["docker_socket"]), found.daemon.unit, params["health_timeout"]
    daemon = daemon_executor.DaemonExecutor(docker, unit, timeout, surroundings.next_version(found))
    recorder = daemon_executor.Recorder(found, plan, params["state"] == "restored", params["docker_socket"])

    def before() -> None:
        daemon.backup_file = recorder.before()

    try:
        journal = armed_transaction.Journal(
            transaction, made_with=change_journal.Made(docker.path, unit, found.path, timeout)
        )
        executor = rollback_executor.Executor(daemon)
        executor.files.contents[found.path] = found.raw
        outage = rollback_executor.carry_out(plan, executor, journal, before, recorder.after, recorder.back)
    except BaseException:
        if arms:
            revert.after_failure(transaction)
        raise
    result: dict[str, t.Any] = {"outage": outage, "warnings": [*plan.warnings, *daemon.notes]}
    result.update({"backup_file": daemon.backup_file} if daemon.backup_file else {})
    return {**result, "transaction": transaction} if transaction else result


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Read, plan, and carry out unless ``dry``; what the module returns."""
    with contextlib.nullcontext() if dry else lock.lock():
        warnings = revert.settle(params["transaction"], dry)
        found = read_host.read(Docker(params["docker_socket"]), params["path"])
        plan = make_plan(params, found)
        unfinished = found.borrowed is not False or "starting" in found.record
        added = carry_out(plan, found, params) if not dry and (plan.changed or unfinished) else {}
    return {
        "changed": plan.changed,
        "diff": diff.of(plan, found.path),
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
