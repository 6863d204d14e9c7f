# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirms with the program that an armed host has got anyway; all else is done by the module of the same name."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.dms.ipv6.plugins.plugin_utils._io_asking import AskingModule

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# As _io_transaction places it on the host.
PROGRAM = "/var/lib/dms-ipv6/revert.pyz"
TAKES = {"state", "transaction", "reach"}


def command(arguments: Mapping[str, t.Any]) -> str:
    """The command that confirms; empty if this is for the module, which also says what is wrong with its options."""
    given = [arguments.get("transaction", ""), arguments.get("reach", "")]
    fits = arguments.get("state") == "confirmed" and TAKES.issuperset(arguments)
    if not fits or not given[0] or not all(isinstance(one, str) for one in given):
        return ""
    return shlex.join([PROGRAM, "confirm", *given])


class ActionModule(AskingModule):
    """Ansible's way in, on the controller."""

    def commands(self, task_vars: dict[str, t.Any]) -> Iterator[tuple[str, bytes | None]]:
        """The command that confirms. What would be confirmed (check mode) only the module tells."""
        if not self._task.check_mode and (confirm := command(self._task.args)):
            yield confirm, None
