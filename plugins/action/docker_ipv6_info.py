# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs docker_ipv6_info, or docker_ipv6_full_info where more is wanted than the small one brings to a host."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.dms.ipv6.plugins.plugin_utils.action.own_result import OwnResult, Result

MOST, ALL = "dms.ipv6.docker_ipv6_info", "dms.ipv6.docker_ipv6_full_info"
BROUGHT = ("audit", "nat")


class ActionModule(OwnResult):
    """Ansible's way in, on the controller."""

    def on_host(self, module: str, options: Result, task_vars: Result | None) -> Result:
        """What the module returns that has all that is needed. A host may say that it needs the large one."""
        if not _needs_all(options):
            done = self.executed(MOST, options, task_vars)
            if done.get("incomplete") is not True:
                return self.cleaned(MOST, done)
        return super().on_host(ALL, options, task_vars)


def _needs_all(options: Result) -> bool:
    """Whether the small one could only say that it brings too little."""
    needs = any(boolean(options.get(name) or False, strict=False) for name in ("mail", "gai_conf"))
    return needs or bool(options.get("names")) or options.get("mode", "audit") not in BROUGHT
