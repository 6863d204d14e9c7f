# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host must remember so that everything can be put back, and the settings that bring it back."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from dataclasses import replace

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_json,
    _definition,
    _gai_conf,
    _network_steps,
    _routed_firewall,
    _transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import LIVE_RESTORE, WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._forwarding import (
    SYSCTL_FILE,
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
    SetSysctl,
)
from ansible_collections.dms.ipv6.plugins.module_utils._gai_conf import WriteGaiConf
from ansible_collections.dms.ipv6.plugins.module_utils._ifupdown import KeepInIfupdown
from ansible_collections.dms.ipv6.plugins.module_utils._ndp_steps import PROXY_NDP, PlaceDropIn, PlaceUnit
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Steps, inverses

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_json import Settings
    from ansible_collections.dms.ipv6.plugins.module_utils._daemon_plan import DaemonPlan
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Step

    Memory = dict[str, t.Any]

# Files that nobody had before us.
OUR_FILES = (SYSCTL_FILE, _routed_firewall.FILE, _routed_firewall.UNIT_FILE)


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
        result["original"] = _encoded(raw)
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


def remember_replaced(memory: Memory | None, plan: Plan) -> Memory:
    """network -> its definition before our first replacement, and the one that we gave it; one that we made goes."""
    replaced = dict(memory or {})
    removed, created = (
        {
            one.name: one.definition
            for one in plan.steps
            if isinstance(one, kind) and one.name != _network_steps.TRANSIT and not _made_by_us(one.definition)
        }
        for kind in (_network_steps.RemoveNetwork, _network_steps.CreateNetwork)
    )
    for name, definition in removed.items():
        before = replaced.pop(name, {}).get("before", definition)
        if name in created and not _definition.same_network(before, created[name]):
            replaced[name] = {"before": before, "after": created[name]}
    return replaced


def _made_by_us(definition: str) -> bool:
    labels = _definition.load(definition or "{}").get("Labels", {})
    return bool(labels.get(_network_steps.LABEL) == "true")


def remember_files(memory: Memory | None, plan: Plan) -> Memory:
    """path of a Compose file -> its bytes before our first edit (None: no file), and the hash of what we wrote last."""
    files = dict(memory or {})
    for step in plan.steps:
        if isinstance(step, WriteFile) and not isinstance(step, WriteGaiConf) and step.path not in OUR_FILES:
            entry = files.pop(step.path, None)
            ours = entry and entry["written"] == digest(step.old)
            original = entry["original"] if ours else _encoded(step.old)
            if original != _encoded(step.content):
                files[step.path] = {"original": original, "written": digest(step.content)}
    return files


def files_back(memory: Memory | None, there: Mapping[str, bytes | None]) -> Plan:
    """The plan that brings Compose files back, byte for byte; one that somebody edited since is left alone.

    Args:
        memory: of remember_files().
        there: the bytes of those that are to come back.
    """
    known = {path: entry for path, entry in sorted((memory or {}).items()) if path in there}
    ours = {path: entry for path, entry in known.items() if entry["written"] == digest(there[path])}
    warnings = [f"{path} is left as it is, for somebody edited it since" for path in known if path not in ours]
    steps = tuple(
        WriteFile(path, _decoded(entry["original"]), "the file as it was", there[path], True)
        for path, entry in ours.items()
    )
    return Plan("", "", steps, tuple(warnings))


def remember_gai_conf(memory: Memory | None, plan: Plan) -> Memory:
    """path of a gai.conf -> our lines in it, the hash of what we wrote last, and its bytes before our first edit.

    The latter are left out once somebody edited it: then our lines alone go.
    """
    files = dict(memory or {})
    for step in plan.steps:
        if isinstance(step, WriteGaiConf):
            entry = files.pop(step.path, None)
            if step.lines:
                files[step.path] = {"lines": list(step.lines), "written": digest(step.content)}
                if entry is None:
                    files[step.path]["original"] = _encoded(step.old)
                elif "original" in entry and entry["written"] == digest(step.old):
                    files[step.path]["original"] = entry["original"]
    return files


def gai_conf_back(memory: Memory | None, path: str, raw: bytes | None) -> Plan:
    """The plan that takes our lines out of a gai.conf: byte for byte as it was if nobody edited it since.

    Args:
        memory: of remember_gai_conf().
        path: of the file.
        raw: its bytes, None for no file.
    """
    entry = (memory or {}).get(path, {})
    warnings: list[str] = []
    text = _gai_conf.decode(raw)
    if "original" in entry and entry["written"] == digest(raw):
        content, why = _decoded(entry["original"]), "the file as it was"
    else:
        known = entry.get("lines", ())
        content, why = _gai_conf.encode(_gai_conf.without(text, known)) or None, "without our lines"
        # Only where there was no file does none stay; and one that is gone is no business of ours.
        if content is None and raw is not None and entry.get("original", "") is not None:
            content = b""
        if _gai_conf.tagged(text, known):
            warnings.append(f"{path}: lines of ours that somebody edited since stay as they are")
        warnings += filter(None, [_gai_conf.left_alone(text, path, known)])
    before, after = _gai_conf.shown(text), _gai_conf.shown(_gai_conf.decode(content))
    steps = (WriteGaiConf(path, content, why, raw, True),) if content != raw else ()
    return Plan(before, after, steps, tuple(warnings))


def remember_guard(memory: list[t.Any] | None, steps: Steps) -> list[t.Any]:
    """The steps back from what keeps the host's default route, for the time when the last IPv6 network goes."""
    if any(isinstance(step, (RestoreAcceptRa, RestoreForwarding)) for step in steps):
        return []
    guards = tuple(step for step in steps if _guards(step))
    return [*_transaction.dump_steps(inverses(guards)), *(memory or [])]


def _guards(step: Step) -> bool:
    if isinstance(step, WriteFile):
        return step.path == SYSCTL_FILE
    return isinstance(step, (KeepRoute, KeepInIfupdown, ForwardingComesOn))


def remember_ndp(memory: Memory | None, steps: Steps) -> Memory | None:
    """What we answer for on the link: prefix -> interface and backend, and proxy_ndp of interfaces before us."""
    prefixes, before = dict((memory or {}).get("prefixes", {})), dict((memory or {}).get(PROXY_NDP, {}))
    for step in steps:
        if isinstance(step, (PlaceUnit, PlaceDropIn)):
            prefixes.pop(step.prefix, None)
            if step.content is not None:
                prefixes[step.prefix] = {"interface": step.interface, "backend": step.backend}
        elif isinstance(step, SetSysctl) and step.name.endswith(f"/{PROXY_NDP}"):
            interface = step.name.split("/")[-2]
            before.setdefault(interface, step.old)
            if step.value == before[interface]:
                del before[interface]
    return {"prefixes": prefixes, PROXY_NDP: before} if prefixes or before else None


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
    return _decoded(memory["original"])


def _encoded(raw: bytes | None) -> str | None:
    """Bytes of a file as JSON takes them; None for no file."""
    return None if raw is None else base64.b64encode(raw).decode()


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


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
