# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and steps as values. A step prints the sentence the operator reads; a plan says what will change."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

UNFINISHED = "an earlier run died while it replaced a network: everything is put back first, then planned again"


@dataclass(frozen=True)
class Step:
    """One thing to carry out. Subclasses are frozen, ``str()`` is what the operator reads, and all can be repeated."""

    @property
    def closes_ports(self) -> bool:
        """Whether clients may find published ports closed while it is carried out."""
        return False

    def inverse(self) -> Step | None:
        """The step that takes this one back, even if it was never carried out; None if nothing has to be."""
        return None


Steps = tuple[Step, ...]


def inverses(steps: Steps) -> Steps:
    """The way back from steps, the last one first."""
    return tuple(back for back in (step.inverse() for step in reversed(steps)) if back)


@dataclass(frozen=True)
class Plan:
    """What is, what will be, and how to get there.

    Attributes:
        before: what is found, in words a diff can show.
        after: what will be.
        steps: in the order they are carried out; empty when there is nothing to do.
        warnings: what the operator should know although it stops nothing.
    """

    before: str
    after: str
    steps: Steps = ()
    warnings: tuple[str, ...] = ()

    # Whether what a step adds to the way back is its own inverse, before those of the earlier ones.
    stepwise: t.ClassVar[bool] = True

    @property
    def changed(self) -> bool:
        """Whether carrying it out changes anything."""
        return bool(self.steps)

    def back(self, done: int) -> Steps:
        """The steps that bring the old state back once the first ``done`` steps may have happened."""
        return inverses(self.steps[:done])

    def ways_back(self) -> t.Iterator[tuple[Steps, bool]]:
        """For each step what has to be held before it: steps back, and whether they come before those held already."""
        held: Steps = ()
        for number, step in enumerate(self.steps, 1):
            if self.stepwise:
                yield inverses((step,)), True
            else:
                back = self.back(number)
                yield ((), True) if back == held else (back, False)
                held = back

    def sentences(self) -> list[str]:
        """The steps as the operator reads them."""
        return [str(step) for step in self.steps]
