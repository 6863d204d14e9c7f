# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a host with the program that it has kept; where there is none, the module of the same name is sent."""

from __future__ import annotations

from ansible_collections.dms.ipv6.plugins.module_utils._options import READING
from ansible_collections.dms.ipv6.plugins.plugin_utils._io_asking import AskingModule, kept


class ActionModule(AskingModule):
    """Ansible's way in, on the controller."""

    def command(self) -> str:
        """The command that reads. What the program keeps is itself, so it is never asked to write anything."""
        return kept("read", READING, self._task.args, dry=True)
