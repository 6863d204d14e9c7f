# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of gai.conf and of the host's default route, and how both come back."""

from __future__ import annotations

import typing as t

from ..change import file_bytes, step_json
from ..change.file_steps import WriteFile
from ..change.plan import Plan, Steps, inverses
from . import gai_conf
from .forwarding import SYSCTL_FILE, ForwardingComesOn, KeepRoute, RestoreAcceptRa, RestoreForwarding
from .gai_conf import WriteGaiConf
from .ifupdown import KeepInIfupdown

if t.TYPE_CHECKING:
    from ..change.plan import Step

    Memory = dict[str, t.Any]


def remember_gai_conf(memory: Memory | None, plan: Plan) -> Memory:
    """path of a gai.conf -> our lines in it, the hash of what we wrote last, and its bytes before our first edit.

    The latter are left out once it was edited: then our lines alone go.
    """
    files = dict(memory or {})
    for step in plan.steps:
        if isinstance(step, WriteGaiConf):
            entry = files.pop(step.path, None)
            if step.lines:
                files[step.path] = {"lines": list(step.lines), "written": file_bytes.digest(step.content)}
                if entry is None:
                    files[step.path]["original"] = file_bytes.encoded(step.old)
                elif "original" in entry and entry["written"] == file_bytes.digest(step.old):
                    files[step.path]["original"] = entry["original"]
    return files


def gai_conf_back(memory: Memory | None, path: str, raw: bytes | None) -> Plan:
    """The plan that takes our lines out of a gai.conf: byte for byte as it was if it was not edited since.

    Args:
        memory: of remember_gai_conf().
        path: of the file.
        raw: its bytes, None for no file.
    """
    entry = (memory or {}).get(path, {})
    warnings: list[str] = []
    text = gai_conf.decode(raw)
    if "original" in entry and entry["written"] == file_bytes.digest(raw):
        content, why = file_bytes.decoded(entry["original"]), "the file as it was"
    else:
        known = entry.get("lines", ())
        content, why = gai_conf.encode(gai_conf.without(text, known)) or None, "without our lines"
        # No file stays only if there was none before us; one that is gone is left alone.
        if content is None and raw is not None and entry.get("original", "") is not None:
            content = b""
        if gai_conf.tagged(text, known):
            warnings.append(f"{path}: our lines that were edited since stay as they are")
        warnings += filter(None, [gai_conf.left_alone(text, path, known)])
    before, after = gai_conf.shown(text), gai_conf.shown(gai_conf.decode(content))
    steps = (WriteGaiConf(path, content, why, raw, True),) if content != raw else ()
    return Plan(before, after, steps, tuple(warnings))


def remember_guard(memory: list[t.Any] | None, steps: Steps) -> list[t.Any]:
    """The steps back from what keeps the host's default route, for the time when the last IPv6 network goes."""
    if any(isinstance(step, (RestoreAcceptRa, RestoreForwarding)) for step in steps):
        return []
    guards = tuple(step for step in steps if _guards(step))
    return [*step_json.dump_steps(inverses(guards)), *(memory or [])]


def _guards(step: Step) -> bool:
    if isinstance(step, WriteFile):
        return step.path == SYSCTL_FILE
    return isinstance(step, (KeepRoute, KeepInIfupdown, ForwardingComesOn))
