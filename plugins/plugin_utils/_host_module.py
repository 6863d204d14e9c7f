# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's ordinary way to run a module, for a host that may be in other hands: it decides its own result only.

Ansible takes ``add_host`` and connection variables out of a result. It lets facts through, which become variables
above the inventory's, and prints what a host says as it comes, with whatever a terminal obeys.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action.normal import ActionModule as Ordinary
from ansible_collections.dms.ipv6.plugins.plugin_utils import _answer

if t.TYPE_CHECKING:
    Json = dict[str, t.Any]

REMEDY = "Facts are the host's own words; set these in the inventory, and see who gave the host such facts."


class ActionModule(Ordinary):
    """The action plugin of each of our modules."""

    def run(self, tmp: t.Any = None, task_vars: Json | None = None) -> Json:
        """Run the module, unless the host has named variables of ours: they could name other hosts, or paths here."""
        names = _answer.named_by_facts((task_vars or {}).get("ansible_facts"))
        if names:
            shown = _answer.printed(", ".join(names))
            return {"failed": True, "changed": False, "msg": f"facts of this host set {shown}. {REMEDY}"}
        return t.cast("Json", super().run(tmp, task_vars))

    def _execute_module(self, module_name: str | None = None, *arguments: t.Any, **named: t.Any) -> Json:
        self._asked = str(module_name or self._task.action).rpartition(".")[2]
        return t.cast("Json", super()._execute_module(module_name, *arguments, **named))

    def _parse_returned_data(self, res: Json, *more: t.Any) -> t.Any:
        told: Json = {"stdout": _answer.cleaned(res.get("stdout") or "", self._asked)}
        told["stderr"] = _answer.printed(res.get("stderr") or "")
        told.update({f"{name}_lines": told[name].splitlines() for name in ("stdout", "stderr")})
        return super()._parse_returned_data({**res, **told}, *more)
