# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of daemon.json before we change it, and the settings that bring it back."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..change import file_bytes
from ..change.file_steps import WriteFile
from . import json_text
from .steps import LIVE_RESTORE

if t.TYPE_CHECKING:
    from .json_text import Settings
    from .plan import DaemonPlan

    Memory = dict[str, t.Any]


def remember(memory: Memory | None, plan: DaemonPlan) -> Memory:
    """The memory for a plan that is about to be carried out: written before it, so that it survives our own death.

    It holds ``keys`` (top-level key -> what was there before our first change, as a list of one value or none, and what
    we set), the file as it was before our first change, and the hash of what we wrote last: while the file still has
    it, it was not edited since, and the old bytes can be put back one by one.
    """
    raw = plan.raw
    found = json_text.load(raw, "")
    keys: Memory = dict((memory or {}).get("keys", {}))
    for name in {*found, *plan.settings}:
        before, after = _as_list(found, name), _as_list(plan.settings, name)
        if not json_text.same(before, after):
            # A run that died may have left live-restore written out for a reload: that edit is ours.
            ours = name in keys and (name == LIVE_RESTORE or json_text.same(keys[name]["set"], before))
            keys[name] = {"before": keys[name]["before"] if ours else before, "set": after}
    result: Memory = {"keys": keys, "written": file_bytes.digest(plan.after.encode())}
    if memory is None:
        result["original"] = file_bytes.encoded(raw)
    elif "original" in memory and file_bytes.digest(raw) in (memory["written"], file_bytes.digest(_original(memory))):
        result["original"] = memory["original"]
    return result


def _as_list(settings: Settings, name: str) -> list[t.Any]:
    return [settings[name]] if name in settings else []


def taken_out(memory: Memory | None, found: Settings) -> list[str]:
    """The keys that we set and that are gone from the file since: another program writes it too."""
    keys = (memory or {}).get("keys", {})
    return sorted(name for name, key in keys.items() if key["set"] and name not in found and name != LIVE_RESTORE)


def original(memory: Memory | None, raw: bytes | None) -> tuple[bool, bytes | None]:
    """Whether the file was not edited since we wrote it, and its bytes before that (None: there was no file)."""
    if not memory or "original" not in memory or memory["written"] != file_bytes.digest(raw):
        return False, None
    return True, _original(memory)


def _original(memory: Memory) -> bytes | None:
    return file_bytes.decoded(memory["original"])


def wanted(memory: Memory | None, raw: bytes | None, path: str) -> tuple[Settings, list[str]]:
    """Settings to merge and keys to remove so that all is as before our first change."""
    found = json_text.load(raw, path)
    config, absent, _foreign = settings_back(memory, found)
    return config, absent


def exactly(plan: DaemonPlan, memory: Memory | None, raw: bytes | None, path: str) -> DaemonPlan:
    """The plan with the old file at its end, byte for byte, where it was not edited since; warns of what stays."""
    found = json_text.load(raw, path)
    _config, _absent, foreign = settings_back(memory, found)
    if foreign:
        warning = f"left as they are, because they were changed since: {', '.join(foreign)}"
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
    """What brings our keys back: settings to merge, keys to remove, and keys that others changed, left alone."""
    config: Settings = {}
    absent: list[str] = []
    foreign: list[str] = []
    for name, key in sorted((memory or {}).get("keys", {}).items()):
        if not json_text.same(_as_list(found, name), key["set"]):
            foreign.append(name)
        elif key["before"]:
            config[name] = key["before"][0]
        else:
            absent.append(name)
    return config, absent, foreign
