# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ndppd.conf(5): what an administrator's own ndppd answers for. Read, never written."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ..core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/etc/ndppd.conf"
REMEDY = "Correct it; it was not changed, and ndppd itself would not do what it says"
# Blanks and comments; then what means something. A comment that is not closed swallows the rest, as in ndppd itself.
_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\f\v]+|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<mark>[\n{}=])|(?P<word>[^\s{}=]+)", re.S
)
_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


@dataclass(frozen=True)
class Rule:
    """A prefix that ndppd answers for on an interface, and the line that says so."""

    interface: str
    prefix: ipaddress.IPv6Network
    line: int


@dataclass(frozen=True)
class _Entry:
    """``key value { entries }``; the value and the block may be missing. Several may stand in a line."""

    key: str
    value: str
    line: int
    entries: tuple[_Entry, ...]


class _Words:
    """The words and marks of a text, each with its line."""

    def __init__(self, text: str) -> None:
        self.found: list[tuple[str, int]] = []
        line = 1
        for token in _TOKEN.finditer(text):
            if token.lastgroup != "blank":
                self.found.append((token.group(), line))
            line += token.group().count("\n")
        self.found.append(("", line))
        self.place = 0

    @property
    def next(self) -> str:
        return self.found[self.place][0]

    @property
    def line(self) -> int:
        return self.found[self.place][1]

    def take(self) -> str:
        self.place += 1
        return self.found[self.place - 1][0]


def rules(text: str, path: str = PATH) -> tuple[Rule, ...]:
    """Every rule of a file.

    Raises:
        Refused: the file is not understood; the place is named.
    """
    words = _Words(text)
    entries = tuple(_block(words, path, False))
    found: list[Rule] = []
    for proxy in entries:
        if proxy.key == "proxy":
            if not proxy.value:
                raise Refused("proxy names no interface", f"{path}:{proxy.line}", REMEDY)
            found += [
                Rule(proxy.value, _prefix(entry, path), entry.line) for entry in proxy.entries if entry.key == "rule"
            ]
    return tuple(found)


def _block(words: _Words, path: str, inner: bool) -> Iterator[_Entry]:
    while True:
        while words.next == "\n":
            words.take()
        if words.next == ("}" if inner else ""):
            return
        if not words.next:
            raise Refused("the file ends within braces", f"{path}:{words.line}", REMEDY)
        yield _entry(words, path)


def _entry(words: _Words, path: str) -> _Entry:
    line, key = words.line, words.take()
    if not _KEY.match(key):
        raise Refused(f"'{key}' is not a word of ndppd.conf", f"{path}:{line}", REMEDY)
    if words.next == "=":
        words.take()
    value = ""
    if words.next not in ("\n", "{", "}", "=", ""):
        value = words.take()
    if value[:1] in ("'", '"'):
        raise Refused(f"the value of {key} is quoted, which ndppd misreads", f"{path}:{line}", REMEDY)
    entries: tuple[_Entry, ...] = ()
    if words.next == "{":
        words.take()
        entries = tuple(_block(words, path, True))
        words.take()
    return _Entry(key, value, line, entries)


def _prefix(rule: _Entry, path: str) -> ipaddress.IPv6Network:
    try:
        return ipaddress.IPv6Network(rule.value, strict=False)
    except ValueError:
        raise Refused(f"'{rule.value}' is not an IPv6 prefix", f"{path}:{rule.line}", REMEDY) from None
