# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, Step


@dataclass(frozen=True)
class Say(Step):
    text: str

    def __str__(self) -> str:
        return f"say {self.text}"


def test_plan_is_empty_without_steps() -> None:
    assert not Plan("a", "b").changed
    assert Plan("a", "b").sentences() == []


def test_plan_tells_its_steps_in_order() -> None:
    plan = Plan("a", "b", (Say("x"), Say("y")))
    assert plan.changed
    assert plan.sentences() == ["say x", "say y"]
