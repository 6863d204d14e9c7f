# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes a host with the program that it has kept; where there is none, the module of the same name is sent."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils._options import CHANGING
from ansible_collections.dms.ipv6.plugins.plugin_utils._io_asking import (
    KEPT,
    NO_PROGRAM,
    NOT_THIS_ONE,
    AskingModule,
    asked,
    kept,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    Result = dict[str, t.Any]


class ActionModule(AskingModule):
    """Ansible's way in, on the controller."""

    def commands(self, task_vars: dict[str, t.Any]) -> Iterator[tuple[str, bytes | None]]:
        """The command that changes, or says what would change."""
        if change := asked(CHANGING, self._task.args, dry=self._task.check_mode):
            yield kept("change", change), None

    def without(self, done: Result) -> Result | None:
        """Only a program that has not begun may be followed by a module: the change may be armed already."""
        if done["rc"] in (NOT_THIS_ONE, *NO_PROGRAM):
            return None
        last = done["stderr"].strip().rpartition("\n")[2]
        said = {f"module_{name}": done[name] for name in ("stdout", "stderr")}
        return {"failed": True, "msg": f"{KEPT} ended without an answer ({done['rc']}) {last}".rstrip(), **said}
