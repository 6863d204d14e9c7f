# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a host with a program that it has kept or that is sent; elsewhere the module of the same name is sent."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils._options import READING
from ansible_collections.dms.ipv6.plugins.plugin_utils import _io_sent
from ansible_collections.dms.ipv6.plugins.plugin_utils._io_asking import AskingModule, asked, kept

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class ActionModule(AskingModule):
    """Ansible's way in, on the controller."""

    def commands(self, task_vars: dict[str, t.Any]) -> Iterator[tuple[str, bytes | None]]:
        """The commands that read, the quickest first."""
        # What the kept program keeps is itself, so it is never asked to write anything.
        if only_read := asked(READING, self._task.args, dry=True):
            yield kept("read", only_read), None
            keep = asked(READING, self._task.args, dry=self._task.check_mode)
            if command := _io_sent.command(self, task_vars, keep):
                yield command, _io_sent.ARCHIVE
