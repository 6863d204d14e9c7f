# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others made safe to print: names, labels, files and programs may hold what a terminal obeys."""

from __future__ import annotations

import functools
import typing as t
import unicodedata

# Invisible, turns text round (U+202A..U+202E, U+2066..U+2069), breaks the line, or cannot be written as UTF-8.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
BREAKS = "\n\t"
WRITTEN_DOWN = 0x3000
# Of one message. What a program said comes in few lines of it.
LONGEST = 4000
# Their lines are shown as lines.
IN_LINES = ("diff", "exception", "formatted_traceback", "module_stdout", "module_stderr", "stdout", "stderr")


class _Escapes(dict[int, t.Union[int, str]]):
    """A table of str.translate() that is written as characters are met; those in ``keep`` stay as they are.

    A host may send each character that there is, so only those of most of the world's letters are written down.
    """

    def __init__(self, keep: str) -> None:
        super().__init__((ord(character), ord(character)) for character in keep)

    def __missing__(self, code: int) -> int | str:
        hidden = unicodedata.category(chr(code)) in HIDDEN
        shown: int | str = f"\\u{code:04x}" if hidden else code
        if code < WRITTEN_DOWN:
            self[code] = shown
        return shown


_escapes = functools.lru_cache(maxsize=None)(_Escapes)


def visible(text: str, keep: str = "") -> str:
    """The text with an escape for each character that cannot be seen, except those in ``keep``."""
    return text if text.isascii() and text.isprintable() else text.translate(_escapes(keep))


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
