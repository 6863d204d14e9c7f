# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others made safe to print: names, labels, files and programs may hold what a terminal obeys."""

from __future__ import annotations

import typing as t
import unicodedata

# Invisible, turns text round (U+202A..U+202E, U+2066..U+2069), breaks the line, or cannot be written as UTF-8.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
BREAKS = "\n\t"
# Of one message. What a program said comes in few lines of it.
LONGEST = 4000
# Their lines are shown as lines.
IN_LINES = ("diff", "exception", "formatted_traceback", "module_stdout", "module_stderr", "stdout", "stderr")


def visible(text: str, keep: str = "") -> str:
    """The text with an escape for each character that cannot be seen, except those in ``keep``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character in keep or unicodedata.category(character) not in HIDDEN else f"\\u{ord(character):04x}"
        for character in text
    )


def message(text: str) -> str:
    """One line of a bounded length, each character of which can be seen."""
    # Cut first as well: megabytes are not to cost time.
    shown = visible(text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def result(value: t.Any, keep: str = "") -> t.Any:
    """What a module returns, with all text in it visible; names of keys too."""
    if isinstance(value, str):
        return visible(value, keep)
    if isinstance(value, dict):
        return {
            visible(name) if isinstance(name, str) else name: result(part, BREAKS if name in IN_LINES else keep)
            for name, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [result(part, keep) for part in value]
    return value
