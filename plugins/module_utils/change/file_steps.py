# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step that writes a file, or removes it."""

from __future__ import annotations

from dataclasses import dataclass

from .plan import Step

WANTED = "the settings wanted"
OLD = "as it was"


@dataclass(frozen=True)
class WriteFile(Step):
    """Replace a file atomically; ``content`` None removes it.

    ``old`` is what the plan has read, and what inverse() writes back; without ``invertible`` the plan knows a better
    way back than step by step. ``like`` is the path of a file whose owner and mode a new one gets.
    """

    path: str
    content: bytes | None
    why: str
    old: bytes | None = None
    invertible: bool = False
    like: str = ""

    def inverse(self) -> Step | None:
        """The file as it was."""
        return WriteFile(self.path, self.old, OLD, self.content, True) if self.invertible else None

    @property
    def puts_back(self) -> bool:
        """Whether it takes another one back, by itself."""
        return self.invertible and self.why == OLD

    def __str__(self) -> str:
        return f"{'remove' if self.content is None else 'write'} {self.path}: {self.why}"
