# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error type for "no": what is wrong, where, and what to do about it."""

from __future__ import annotations

from . import printable


class Refused(Exception):
    """Raised before anything was changed, or after everything was put back. As text it is one line that can be printed.

    Args:
        problem: what is wrong, as a clause without a full stop.
        where: the file, container, network or option it is about; comes first in the text.
        remedy: what the operator can do, as a sentence without a full stop.
    """

    # Whether a change had begun and everything is as it was before.
    rolled_back = False

    def __init__(self, problem: str, where: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        return printable.message(" ".join(f"{part.rstrip('.')}." for part in (text, self.remedy) if part))


class RolledBack(Refused):
    """The change failed and the old state is back."""

    rolled_back = True
