# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host must remember so that everything can be put back, and the settings that bring it back."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from dataclasses import replace

from ansible_collections.dms.ipv6.plugins.module_utils import _daemon_json, _definition, _network_steps, _transaction
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import LIVE_RESTORE, WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._forwarding import (
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
)
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Steps, inverses

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_json import Settings
    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_plan import DaemonPlan
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan

    Memory = dict[str, t.Any]


GUARDS = (WriteFile, KeepRoute, ForwardingComesOn)


def remember(memory: Memory | None, plan: DaemonPlan) -> Memory:
    """The memory for a plan that is about to be carried out: written before it, so that it survives our own death.

    It holds ``keys`` (top-level key -> what was there before our first change, as a list of one value or none, and what
    we set), the file as it was before our first change, and the hash of what we wrote last: while the file still has
    it, nobody edited since, and the old bytes can be put back one by one.
    """
    raw = plan.raw
    found = _daemon_json.read(_daemon_json.decode(raw or b"", ""), "")
    keys: Memory = dict((memory or {}).get("keys", {}))
    for name in {*found, *plan.settings}:
        before, after = _as_list(found, name), _as_list(plan.settings, name)
        if not _daemon_json.same(before, after):
            # A run that died may have left live-restore written out for a reload: that is nobody else's edit.
            ours = name in keys and (name == LIVE_RESTORE or _daemon_json.same(keys[name]["set"], before))
            keys[name] = {"before": keys[name]["before"] if ours else before, "set": after}
    result: Memory = {"keys": keys, "written": digest(plan.after.encode())}
    if memory is None:
        result["original"] = None if raw is None else base64.b64encode(raw).decode()
    elif "original" in memory and digest(raw) in (memory["written"], digest(_original(memory))):
        result["original"] = memory["original"]
    return result


def remember_moves(memory: Memory | None, plan: Plan) -> Memory:
    """network -> ids of the containers that we put on it, after a plan was carried out."""
    moves = {name: list(ids) for name, ids in (memory or {}).items()}
    # Who was there before us and leaves for a moment, while the network is replaced.
    guests = set()
    for step in plan.steps:
        if isinstance(step, _network_steps.ConnectContainer) and (step.network, step.id) not in guests:
            moves.setdefault(step.network, []).append(step.id)
        elif isinstance(step, _network_steps.DisconnectContainer):
            if step.id in moves.get(step.network, ()):
                moves[step.network].remove(step.id)
            else:
                guests.add((step.network, step.id))
        elif isinstance(step, _network_steps.RemoveNetwork):
            moves.pop(step.name, None)
    return moves


def remember_replaced(memory: Memory | None, plan: Plan, name: str) -> Memory:
    """network -> its definition before our first replacement, and the one that we gave it."""
    replaced = dict(memory or {})
    removed, created = (
        [one.definition for one in plan.steps if isinstance(one, kind) and one.name == name]
        for kind in (_network_steps.RemoveNetwork, _network_steps.CreateNetwork)
    )
    if removed and created:
        before = replaced.get(name, {}).get("before", removed[0])
        replaced[name] = {"before": before, "after": created[0]}
        if _definition.same_network(before, created[0]):
            del replaced[name]
    elif removed:
        replaced.pop(name, None)
    return replaced


def remember_guard(memory: list[t.Any] | None, steps: Steps) -> list[t.Any]:
    """The steps back from what keeps the host's default route, for the time when the last IPv6 network goes."""
    if any(isinstance(step, (RestoreAcceptRa, RestoreForwarding)) for step in steps):
        return []
    guards = tuple(step for step in steps if isinstance(step, GUARDS))
    return [*_transaction.dump_steps(inverses(guards)), *(memory or [])]


def digest(raw: bytes | None) -> str:
    """A hash of a file's bytes; empty for a missing file."""
    return "" if raw is None else hashlib.sha256(raw).hexdigest()


def _as_list(settings: Settings, name: str) -> list[t.Any]:
    return [settings[name]] if name in settings else []


def original(memory: Memory | None, raw: bytes | None) -> tuple[bool, bytes | None]:
    """Whether nobody edited the file since we wrote it, and its bytes before that (None: there was no file)."""
    if not memory or "original" not in memory or memory["written"] != digest(raw):
        return False, None
    return True, _original(memory)


def _original(memory: Memory) -> bytes | None:
    kept = memory["original"]
    return None if kept is None else base64.b64decode(kept)


def wanted(memory: Memory | None, raw: bytes | None, path: str) -> tuple[Settings, list[str]]:
    """Settings to merge and keys to remove so that all is as before our first change."""
    found = _daemon_json.read(_daemon_json.decode(raw or b"", path), path)
    config, absent, _foreign = settings_back(memory, found)
    return config, absent


def exactly(plan: DaemonPlan, memory: Memory | None, raw: bytes | None, path: str) -> DaemonPlan:
    """The plan with the old file at its end, byte for byte, where nobody edited it since; warns of what stays."""
    found = _daemon_json.read(_daemon_json.decode(raw or b"", path), path)
    _config, _absent, foreign = settings_back(memory, found)
    if foreign:
        warning = f"left as they are, for somebody changed them since: {', '.join(foreign)}"
        plan = replace(plan, warnings=(*plan.warnings, warning))
    untouched, old = original(memory, raw)
    if not untouched or not plan.changed:
        return plan
    final = plan.after.encode()
    steps = tuple(
        replace(step, content=old, why="the file as it was")
        if isinstance(step, WriteFile) and step.path == path and step.content == final
        else step
        for step in plan.steps
    )
    return replace(plan, steps=steps, after=(old or b"").decode(errors="replace"))


def settings_back(memory: Memory | None, found: Settings) -> tuple[Settings, list[str], list[str]]:
    """What brings our keys back: settings to merge, keys to remove, and keys left alone, for others changed them."""
    config: Settings = {}
    absent: list[str] = []
    foreign: list[str] = []
    for name, key in sorted((memory or {}).get("keys", {}).items()):
        if not _daemon_json.same(_as_list(found, name), key["set"]):
            foreign.append(name)
        elif key["before"]:
            config[name] = key["before"][0]
        else:
            absent.append(name)
    return config, absent, foreign
