# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error type for "no"."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("wrong",), "wrong."),
        (("wrong", "file"), "file: wrong."),
        (("wrong", "file", "Do this"), "file: wrong. Do this."),
        (("wrong", "", "Do this"), "wrong. Do this."),
        (("wrong.", "", "Do this."), "wrong. Do this."),
        (("wrong.", "file"), "file: wrong."),
        (("wrong.",), "wrong."),
    ],
)
def test_text(arguments: tuple[str, ...], text: str) -> None:
    reason = Refused(*arguments)
    assert str(reason) == text
    assert reason.args == (text,)
    assert (reason.problem, reason.where, reason.remedy) == (*arguments, "", "")[:3]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        ("label \x1b]0;owned\x07 \x9b31m", "label \\u001b]0;owned\\u0007 \\u009b31m."),
        ("a\u202eb\u2066c\u200bd\ud800", "a\\u202eb\\u2066c\\u200bd\\ud800."),
        ("one\ntwo\r\nthree\u2028four", "one\\u000atwo\\u000d\\u000athree\\u2028four."),
        ("Ünï 漢 {{ x }}", "Ünï 漢 {{ x }}."),
    ],
)
def test_what_others_wrote_can_be_printed(problem: str, text: str) -> None:
    assert str(Refused(problem)) == text
    assert str(Refused("wrong", problem, problem)) == f"{text[:-1]}: wrong. {text}"


def test_it_has_an_end() -> None:
    assert len(str(Refused("x" * 10_000_000, "file", "Do this"))) == 4000
