# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our action plugins have in common: what a host answers decides the result of its own task, and nothing else.

Ansible takes ``add_host`` and connection variables out of what a module returns. It lets facts through, which become
variables above the inventory's.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from . import answer

Result = dict[str, t.Any]

REMEDY = "Facts are the host's own words; set these in the inventory, and see what gave the host such facts."


class OwnResult(ActionBase):
    """Runs a module in Ansible's ordinary way. It is the action plugin of those modules that the role runs."""

    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        """What the module returns, of which only what is this task's own."""
        super().run(tmp, task_vars)
        return self.refused(task_vars) or self.on_host(self._task.action, dict(self._task.args), task_vars)

    def refused(self, task_vars: Result | None) -> Result | None:
        """A failure if facts of the host name our variables: they could name other hosts, or paths here."""
        names = answer.named_by_facts((task_vars or {}).get("ansible_facts"))
        if not names:
            return None
        shown = answer.printed(", ".join(names))
        return {"failed": True, "changed": False, "msg": f"facts of this host set {shown}. {REMEDY}"}

    def on_host(self, module: str, options: Result, task_vars: Result | None) -> Result:
        """What a module returns, cleaned."""
        return self.cleaned(module, self.executed(module, options, task_vars))

    def executed(self, module: str, options: Result, task_vars: Result | None) -> Result:
        """What a module returns, as the host says it."""
        wraps = bool(self._task.async_val)
        done = self._execute_module(module_name=module, module_args=options, task_vars=task_vars, wrap_async=wraps)
        return t.cast("Result", done)

    def cleaned(self, module: str, done: Result) -> Result:
        """What a module returned, of which only what is this task's own."""
        return answer.cleaned(done, module.rpartition(".")[2])
