# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin on a host whose programs say one thing, and to which modules that are sent say another."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.plugins.action import normal

SENT = {"changed": True, "by": "module"}


class Host:
    """Where an action plugin acts.

    Attributes:
        asked: the commands that were run on it.
        got: what each of them got through standard input.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, said: str = "", rc: int = 0, environment: str = "") -> None:
        self.done = {"rc": rc, "stdout": said, "stderr": "err"}
        self.environment = environment
        self.pipelining = False
        self.answers_sent = {"rc": 0, "stdout": "", "stderr": ""}
        self.asked: list[str] = []
        self.got: list[bytes | None] = []
        monkeypatch.setattr(normal.ActionModule, "run", lambda _self, _tmp, _task_vars: SENT)

    def run(
        self,
        plugin: t.Any,
        arguments: dict[str, t.Any],
        check: bool = False,
        variables: dict[str, t.Any] | None = None,
        **task: t.Any,
    ) -> t.Any:
        """What a task returns."""
        action = object.__new__(plugin.ActionModule)
        action._task = types.SimpleNamespace(
            **{"args": arguments, "check_mode": check, "async_val": 0, "delegate_to": None, **task}
        )
        action._low_level_execute_command = self.execute
        action._compute_environment_string = lambda: self.environment
        action._is_pipelining_enabled = lambda style: self.pipelining and style == "new"
        action._templar = types.SimpleNamespace(template=lambda text: text.replace("{{ python }}", "/opt/python"))
        action._discovered_interpreter_key = None
        action._discovery_warnings = ["mind"]
        return action.run(None, variables)

    def execute(self, command: str, in_data: bytes | None = None) -> dict[str, t.Any]:
        self.asked.append(command)
        self.got.append(in_data)
        return self.done if in_data is None else self.answers_sent
