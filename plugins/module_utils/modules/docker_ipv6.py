# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_ipv6 does: reads a host, carries out all that its mode takes, and reads it again."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..change.io import armed, lock
from ..core.refused import Refused, RolledBack
from ..modes import calls as modes_calls
from ..rollback.io import executor as rollback_executor
from ..rollback.io import revert
from . import docker_daemon_config, docker_ipv6_full_info, docker_ipv6_network
from .options import CHANGING, NOT_ASKED, READING

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..modes.calls import Call

SPEC = CHANGING
# How long services may take to listen again, and between two looks at them, in seconds.
PATIENCE = 30.0
BETWEEN_LOOKS = 0.5
LISTS = ("steps", "warnings", "compose_will_recreate")


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Read, plan, and carry out unless ``dry``; what the module returns."""
    warnings = _settled_before(dry)
    host = _read(params)
    calls = modes_calls.calls(params, host["plan"]) if host["plan"]["changed"] else []
    if calls and params["confirm_within"]:
        revert.refuse_unable()
    if dry or not calls:
        return _result(host, [_run(call, params, "", dry=True) for call in calls], warnings)
    transaction = _arm(params["confirm_within"])
    try:
        done = [_run(call, params, transaction, dry=False) for call in calls]
        host, waited = _settled(params, host["plan"].get("ports", []))
    except Exception as reason:
        raise _taken_back(transaction, rollback_executor.said(reason)) from None
    except BaseException as reason:
        _taken_back(transaction, repr(reason))
        raise
    if not transaction:
        with lock.lock():
            armed.forget()
    return {
        **_result(host, [*done, {"changed": False, "outage": waited}], warnings),
        **({"transaction": transaction} if transaction else {}),
    }


def _settled_before(dry: bool) -> list[str]:
    """Take back what is overdue, before the host is read; warnings."""
    if not revert.unsettled():
        return []
    with contextlib.nullcontext() if dry else lock.lock():
        return revert.settle("", dry)


def _read(params: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return docker_ipv6_full_info.read(
        {**{name: params[name] for name in READING if name not in NOT_ASKED}, **NOT_ASKED}
    )


def _settled(params: Mapping[str, t.Any], ports: list[t.Any]) -> tuple[dict[str, t.Any], float]:
    """The host once the services listen again that did before, as a proof connects to them; seconds waited for them.

    A container that was stopped and started, or re-created by Compose, runs before its service answers. What does not
    come back in time is left to the proof; there has to be time left to confirm, too.
    """
    within, begun, waited = params["confirm_within"], time.monotonic(), 0.0
    late = begun + (min(PATIENCE, within / 2) if within else PATIENCE)
    while True:
        host = _as_wanted(_read(params))
        if all(port in host["plan"].get("ports", []) for port in ports) or time.monotonic() > late:
            return host, waited
        time.sleep(BETWEEN_LOOKS)
        waited = time.monotonic() - begun


def _as_wanted(host: dict[str, t.Any]) -> dict[str, t.Any]:
    """The host, refused if anything is left to change."""
    if host["plan"]["changed"]:
        raise Refused(f"still to change: {'; '.join(host['plan']['steps'])}")
    return host


def _arm(within: int) -> str:
    """Arm a transaction, if there is to be one; its id."""
    if not within:
        return ""
    try:
        with lock.lock():
            return revert.arm(within)
    except Refused as reason:
        raise Refused(f"{reason} Nothing was changed") from None


def _run(call: Call, params: Mapping[str, t.Any], transaction: str, dry: bool) -> dict[str, t.Any]:
    """What a module returns."""
    code = code_of(call.module)
    always = {"transaction": transaction, "docker_socket": params["docker_socket"]}
    defaults = {name: option.get("default") for name, option in code.SPEC.items()}
    return t.cast("dict[str, t.Any]", code.run({**defaults, **call.options, **always}, dry))


def code_of(module: str) -> t.Any:
    """The code of a module; what few changes take is imported by them alone."""
    often = {
        "docker_daemon_config": docker_daemon_config,
        "docker_ipv6_network": docker_ipv6_network,
    }
    if module in often:
        return often[module]
    from . import compose_network, compose_ports, gai_conf, ndp_proxy, routed_firewall

    return {
        "compose_network": compose_network,
        "compose_ports": compose_ports,
        "gai_conf": gai_conf,
        "ndp_proxy": ndp_proxy,
        "routed_firewall": routed_firewall,
    }[module]


def _taken_back(transaction: str, reason: str) -> Refused:
    """Take back at once all that was done; what to say then."""
    if not transaction:
        return Refused(reason)
    with lock.lock(lock.WAY_BACK):
        # It is not armed if its time was over: then the host did it.
        still_armed = armed.is_armed(transaction)
        outcome = revert.revert(reason) if still_armed else revert.Outcome([], [])
    if not outcome.failed:
        return RolledBack(" ".join([reason, "Everything is as it was before this run.", *outcome.notes]))
    if not outcome.gave_up:
        revert.start_now()
    return Refused(f"{reason} Not everything could be put back: {outcome.text()}")


def _result(host: dict[str, t.Any], done: list[dict[str, t.Any]], warnings: list[str]) -> dict[str, t.Any]:
    """How the host is, and what the modules have returned."""
    result: dict[str, t.Any] = {name: [text for part in done for text in part.get(name, [])] for name in LISTS}
    result["warnings"] = [*warnings, *result["warnings"]]
    diffs = [part.get("diff") or [] for part in done]
    result["diff"] = [part for diff in diffs for part in (diff if isinstance(diff, list) else [diff])]
    for name in ("restarted", "reloaded"):
        result[name] = any(part.get(name) for part in done)
    result["outage"] = round(sum(part.get("outage", 0.0) for part in done), 2)
    result["effect"] = " ".join(part["effect"] for part in done if "effect" in part)
    return {**host, **result, "changed": any(part["changed"] for part in done), "rolled_back": False}
