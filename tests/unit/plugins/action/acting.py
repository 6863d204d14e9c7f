# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin on a host whose program says one thing, and to which modules that are sent say another."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.plugins.action import normal

SENT = {"changed": True, "by": "module"}


class Host:
    """Where an action plugin acts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, said: str = "", rc: int = 0, environment: str = "") -> None:
        self.done = {"rc": rc, "stdout": said, "stderr": "err"}
        self.environment = environment
        self.asked: list[str] = []
        monkeypatch.setattr(normal.ActionModule, "run", lambda _self, _tmp, _task_vars: SENT)

    def run(self, plugin: t.Any, arguments: dict[str, t.Any], check: bool = False, async_val: int = 0) -> t.Any:
        """What a task returns."""
        action = object.__new__(plugin.ActionModule)
        action._task = types.SimpleNamespace(args=arguments, check_mode=check, async_val=async_val)
        action._low_level_execute_command = self.execute
        action._compute_environment_string = lambda: self.environment
        return action.run()

    def execute(self, command: str) -> dict[str, t.Any]:
        self.asked.append(command)
        return self.done
