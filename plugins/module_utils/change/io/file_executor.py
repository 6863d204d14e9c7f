# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out the steps that write files, and never over what was written there since by others."""

from __future__ import annotations

import contextlib
import hashlib
import typing as t

from ...core.refused import Refused
from ...system.io import files as system_files

if t.TYPE_CHECKING:
    from ..file_steps import WriteFile


class FileExecutor:
    """Writes files.

    Attributes:
        contents: path -> what a file has that is not put back by itself (the daemon's): as read, then as written here.
        ours: hashes of what a run that is over wrote into the daemon's file.
        going_back: whether steps are carried out that take others back.
        notes: what became of edits of others, in sentences.
    """

    def __init__(self) -> None:
        self.contents: dict[str, bytes | None] = {}
        self.ours: set[str] = set()
        self.going_back = False
        self.notes: list[str] = []

    def write(self, step: WriteFile) -> None:
        """Write a file, or put it back.

        Raises:
            Refused: something else stands there by now, or it cannot be written.
        """
        if step.puts_back:
            self._put_back(step)
        elif step.invertible:
            system_files.write(step.path, step.content, expected=(step.old, step.content), like=step.like)
        else:
            self._write_daemons(step)

    def _put_back(self, step: WriteFile) -> None:
        """An edit of others is worth more than our way back, and what follows does not need this file."""
        try:
            found: t.Any = system_files.read(step.path)
        except Refused:
            found = ...
        if found == step.old:
            system_files.write(step.path, step.content, expected=(step.old, step.content))
        elif found != step.content:
            self.notes.append(f"{step.path} is left as it is, because it was edited since.")

    def _write_daemons(self, step: WriteFile) -> None:
        """On the way back the daemon needs its old file, whatever stands there; that is kept beside it then."""
        if self.going_back:
            with contextlib.suppress(Refused):  # no space for a copy
                self._keep(step)
            system_files.write(step.path, step.content)
        else:
            known = step.path in self.contents
            system_files.write(
                step.path, step.content, expected=(self.contents[step.path], step.content) if known else ()
            )
        self.contents[step.path] = step.content

    def _keep(self, step: WriteFile) -> None:
        """Keep what is not known to be ours."""
        try:
            found = system_files.read(step.path)
        except Refused:
            kept = system_files.aside(step.path)
        else:
            known = found in (None, step.content, self.contents.get(step.path))
            if found is None or known or hashlib.sha256(found).hexdigest() in self.ours:
                return
            kept = system_files.backup(step.path, found)
        self.notes.append(f"What stood in {step.path} by then is kept as {kept}.")
