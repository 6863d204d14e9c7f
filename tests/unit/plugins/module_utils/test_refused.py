# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error type for "no"."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused


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
