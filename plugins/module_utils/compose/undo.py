# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of Compose files that we edit, and the plan that brings them back."""

from __future__ import annotations

import typing as t

from ..change import file_bytes
from ..change.file_steps import WriteFile
from ..change.plan import Plan
from ..host.forwarding import SYSCTL_FILE
from ..host.gai_conf import WriteGaiConf
from ..routed import firewall as routed_firewall

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Memory = dict[str, t.Any]


# Files that did not exist before us.
OUR_FILES = (SYSCTL_FILE, routed_firewall.FILE, routed_firewall.UNIT_FILE)


def remember_files(memory: Memory | None, plan: Plan) -> Memory:
    """path of a Compose file -> its bytes before our first edit (None: no file), and the hash of what we wrote last."""
    files = dict(memory or {})
    for step in plan.steps:
        if isinstance(step, WriteFile) and not isinstance(step, WriteGaiConf) and step.path not in OUR_FILES:
            entry = files.pop(step.path, None)
            ours = entry and entry["written"] == file_bytes.digest(step.old)
            original = entry["original"] if ours else file_bytes.encoded(step.old)
            if original != file_bytes.encoded(step.content):
                files[step.path] = {"original": original, "written": file_bytes.digest(step.content)}
    return files


def files_back(memory: Memory | None, present: Mapping[str, bytes | None]) -> Plan:
    """The plan that brings Compose files back, byte for byte; one that was edited since is left alone.

    Args:
        memory: of remember_files().
        present: the bytes of those that are to come back.
    """
    known = {path: entry for path, entry in sorted((memory or {}).items()) if path in present}
    ours = {path: entry for path, entry in known.items() if entry["written"] == file_bytes.digest(present[path])}
    warnings = [f"{path} is left as it is, because it was edited since" for path in known if path not in ours]
    steps = tuple(
        WriteFile(path, file_bytes.decoded(entry["original"]), "the file as it was", present[path], True)
        for path, entry in ours.items()
    )
    return Plan("", "", steps, tuple(warnings))
