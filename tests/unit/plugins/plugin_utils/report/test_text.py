# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host says can be looked at."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import printable
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import text as report_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (None, ""),
        (5, "5"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://example.test\x07link\x1b]8;;\x1b\\", "link"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\x00b\x9bc", "a\\u0000b\\u009bc"),
        ("a\u200bb\ud800c", "a\\u200bb\\ud800c"),
        (" two\nlines\t", "two\nlines"),
        ("<b>{{ x }}</b> & Ünï 漢", "<b>{{ x }}</b> & Ünï 漢"),
    ],
)
def test_text(value: object, expected: str) -> None:
    assert report_text.text(value) == expected


@given(st.text(st.characters(), max_size=300), st.integers(1, 60))
def test_text_is_visible_short_and_can_be_written(value: str, longest: int) -> None:
    shown = report_text.text(value, longest)
    assert len(shown) <= longest
    assert all(unicodedata.category(one) not in printable.HIDDEN or one in "\n\t" for one in shown)
    shown.encode()


def test_text_that_is_cut_says_so() -> None:
    assert report_text.text("x" * 30, 10) == "x" * 9 + "…"
    assert report_text.text("x" * 10, 10) == "x" * 10
    # What is taken out must not hide that more was left off.
    assert report_text.text("\x1b[31m" * 8 + "x" * 40, 10).endswith("…")


@pytest.mark.parametrize("value", [None, "text", 5, {"a": 1}])
def test_what_is_no_list_has_nothing(value: object) -> None:
    assert report_text.texts(value) == ()
    assert report_text.mappings(value) == []
    assert report_text.mapping(value) == (value if isinstance(value, dict) else {})


def test_lists_are_bounded() -> None:
    assert len(report_text.texts(["x"] * 5000)) == len(report_text.mappings([{}] * 5000)) == report_text.MOST
    assert report_text.mappings([{}, "x", {"a": 1}]) == [{}, {"a": 1}]
