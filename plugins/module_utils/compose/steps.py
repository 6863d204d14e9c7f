# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only Compose itself can do for a project."""

from __future__ import annotations

from dataclasses import dataclass

from ..change.plan import Step


@dataclass(frozen=True)
class Recreate(Step):
    """Let Compose re-create the containers of some services, by the files as they are then.

    Attributes:
        folder: of the project.
        file: its Compose file, where that has no name by which Compose finds it; empty otherwise.
        project: its name.
        env_files: with its variables, where Compose was given them by name (``--env-file``).
    """

    folder: str
    file: str
    project: str
    services: tuple[str, ...]
    env_files: tuple[str, ...] = ()

    @property
    def closes_ports(self) -> bool:
        """The old containers stop before the new ones run."""
        return True

    def __str__(self) -> str:
        return f"let Compose re-create {', '.join(self.services)} of project {self.project}"
