# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json as text and as settings. Edits are spliced into the user's own text: what is not changed stays as it is.

A file that is not fully understood is refused with line and column; it is never written.
"""

from __future__ import annotations

import codecs
import json
import re
import typing as t
from json.decoder import scanstring  # type: ignore[attr-defined]

from ..core.refused import Refused

Settings = dict[str, t.Any]
DEFAULT_INDENT = "  "
BLANKS = " \t\r\n"
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# Deeper than any setting of Docker's; Python's own limit would end in a traceback.
DEEPEST = 100
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class Member(t.NamedTuple):
    """One ``"key": value`` of an object: where it begins, and its value."""

    key: str
    start: int
    value: Node


class Node(t.NamedTuple):
    """A JSON value with its place in the text; ``members`` only for objects."""

    start: int
    end: int
    value: t.Any
    members: tuple[Member, ...] = ()

    def member(self, key: str) -> Member | None:
        """The member of that name, or None."""
        return next((member for member in self.members if member.key == key), None)


class _Reader:
    """A strict JSON reader that keeps positions and refuses what dockerd would refuse, and duplicate keys as well."""

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self.depth = 0

    def fail(self, at: int, problem: str, remedy: str = "Correct the file; it was not changed") -> t.NoReturn:
        """Raise Refused with the line and column (both from 1) of a position."""
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        raise Refused(f"line {line}, column {column}: {problem}", self.where, remedy)

    def skip(self, at: int) -> int:
        """The next position that is not white space; comments are refused, because dockerd takes none."""
        while at < len(self.text) and self.text[at] in BLANKS:
            at += 1
        if self.text[at : at + 2] in ("//", "/*") or self.text[at : at + 1] == "#":
            self.fail(at, "a comment, which JSON does not have")
        return at

    def document(self) -> Node:
        """The one object that the file must be."""
        start = self.skip(0)
        node = self.read(start)
        after = self.skip(node.end)
        if after < len(self.text):
            self.fail(after, "text after the end of the settings: one file holds one object")
        if not isinstance(node.value, dict):
            self.fail(start, "the settings are not an object: the file must begin with {")
        return node

    def read(self, at: int) -> Node:
        """The value at a position."""
        lead = self.text[at : at + 1]
        if not lead:
            self.fail(at, "the text ends in the middle")
        if lead == '"':
            return self.read_string(at)
        if lead not in "{[":
            return self.read_scalar(at)
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(at, f"more than {DEEPEST} objects and lists inside each other")
        node = self.read_object(at) if lead == "{" else self.read_array(at)
        self.depth -= 1
        return node

    def read_string(self, at: int) -> Node:
        try:
            value, end = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            self.fail(error.pos, f"not a valid string ({error.msg})")
        return Node(at, end, value)

    def read_scalar(self, at: int) -> Node:
        for word, value in WORDS.items():
            if self.text.startswith(word, at) and not self.text[at + len(word) : at + len(word) + 1].isalnum():
                return Node(at, at + len(word), value)
        number = NUMBER.match(self.text, at)
        if number and not self.text[number.end() : number.end() + 1].isalnum():
            return Node(at, number.end(), _number(number.group()))
        found = re.match(r"[\w'.+-]+|.", self.text[at:], re.DOTALL)
        self.fail(at, f'{found.group() if found else ""!r} is not a JSON value (true, false, a number, a "string", …)')

    def read_array(self, at: int) -> Node:
        values: list[t.Any] = []
        here = self.skip(at + 1)
        while self.text[here : here + 1] != "]":
            node = self.read(here)
            values.append(node.value)
            here = self.after_item(node.end, "]")
        return Node(at, here + 1, values)

    def read_object(self, at: int) -> Node:
        members: list[Member] = []
        values: Settings = {}
        here = self.skip(at + 1)
        while self.text[here : here + 1] != "}":
            if self.text[here : here + 1] != '"':
                self.fail(
                    here,
                    'a "key" in double quotes is missing here'
                    if here < len(self.text)
                    else "the text ends in the middle",
                )
            key = self.read_string(here)
            if key.value in values:
                self.fail(here, f'the key "{key.value}" stands here a second time; Docker would keep only this one')
            colon = self.skip(key.end)
            if self.text[colon : colon + 1] != ":":
                self.fail(colon, f'a colon is missing after "{key.value}"')
            node = self.read(self.skip(colon + 1))
            members.append(Member(key.value, here, node))
            values[key.value] = node.value
            here = self.after_item(node.end, "}")
        return Node(at, here + 1, values, tuple(members))

    def after_item(self, at: int, closing: str) -> int:
        """The position of the closing bracket or of the next item."""
        here = self.skip(at)
        lead = self.text[here : here + 1]
        if lead == closing:
            return here
        if lead != ",":
            self.fail(here, f"a comma or {closing} is missing here" if lead else "the text ends in the middle")
        following = self.skip(here + 1)
        if self.text[following : following + 1] == closing:
            self.fail(here, f"a comma before {closing}, which JSON does not allow")
        return following


def _number(text: str) -> t.Any:
    """The value of a number; one that is too long for Python (4300 digits) stays text: no setting has it."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def decode(raw: bytes, where: str) -> str:
    """The text of a file: UTF-8, a byte order mark dropped (dockerd before 23.0 refuses one).

    Raises:
        Refused: bytes that are not UTF-8, with their line and column.
    """
    raw = raw[len(codecs.BOM_UTF8) :] if raw.startswith(codecs.BOM_UTF8) else raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise Refused(
            f"line {line}, column {column}: byte 0x{raw[error.start]:02x} is not UTF-8",
            where,
            "Correct the file; it was not changed",
        ) from None


def read(text: str, where: str) -> Settings:
    """The settings of a text. An empty or blank file has none.

    Raises:
        Refused: not one JSON object, or a key that stands twice, with line and column.
    """
    return t.cast(Settings, _Reader(text, where).document().value) if text.strip(BLANKS) else {}


def load(raw: bytes | None, where: str) -> Settings:
    """The settings of a file's bytes, None for no file; see decode() and read()."""
    return read(decode(raw or b"", where), where)


def same(value: t.Any, other: t.Any) -> bool:
    """Equality as JSON sees it: true is not 1, and the order of keys does not count."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(same, value, other))
    return type(value) is type(other) and bool(value == other)


def merge(settings: Settings, config: Settings, absent: t.Iterable[str] = ()) -> Settings:
    """Settings with ``config`` merged in: objects member by member, everything else (lists too) replaced whole.

    ``absent`` names dotted keys to remove; an object that becomes empty by that stays.
    """
    result = dict(settings)
    for key, value in config.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merge(result[key], value) if nested else value
    for dotted in absent:
        result = _without(result, dotted)
    return result


def _without(settings: Settings, dotted: str) -> Settings:
    if dotted in settings:
        return {key: value for key, value in settings.items() if key != dotted}
    head, _dot, rest = dotted.partition(".")
    if rest and isinstance(settings.get(head), dict):
        return {**settings, head: _without(settings[head], rest)}
    return settings


def edit(text: str, wanted: Settings, where: str = "") -> str:
    """The text whose settings are ``wanted``, with every other character of the user's file as it was.

    Text that already says it comes back unchanged, byte for byte. The result is read again and compared before
    it is returned, so a mistake here can never reach a file.
    """
    if same(read(text, where), wanted):
        return text
    base = text if text.strip(BLANKS) else "{}\n"
    node = _Reader(base, where).document()
    result = _edit_object(base, node, wanted, _indent(base), 1)
    if not same(read(result, where), wanted):
        raise AssertionError(f"editing {where} did not give the settings wanted")
    return result


def _indent(text: str) -> str:
    """One level of the user's own indentation."""
    found = re.search(r"\{[ \t]*\r?\n([ \t]+)\"", text)
    return found.group(1) if found else DEFAULT_INDENT


def _edit_object(text: str, node: Node, wanted: Settings, indent: str, depth: int) -> str:
    """Splice the wanted members into one object of the text, from the last to the first, so positions stay true."""
    newline = "\r\n" if "\r\n" in text else "\n"
    added = [key for key in wanted if node.member(key) is None]
    if added:
        text = _insert(text, node, [(key, wanted[key]) for key in added], indent, depth, newline)
    for index in range(len(node.members) - 1, -1, -1):
        member = node.members[index]
        if member.key not in wanted:
            kept_after = any(member.key in wanted for member in node.members[index + 1 :])
            text = _remove(text, node, index, bool(added) or kept_after)
        elif not same(member.value.value, wanted[member.key]):
            text = _replace(text, member, wanted[member.key], indent, depth, newline)
    return text


def _replace(text: str, member: Member, value: t.Any, indent: str, depth: int, newline: str) -> str:
    node = member.value
    if isinstance(value, dict) and isinstance(node.value, dict) and node.members:
        return _edit_object(text, node, value, indent, depth + 1)
    return text[: node.start] + _dump(value, indent, depth, newline) + text[node.end :]


def _remove(text: str, node: Node, index: int, followed: bool) -> str:
    """Cut a member with its comma: the one behind it, or, for the last that stays, the one before it."""
    member = node.members[index]
    if followed:
        rest = text[member.value.end :]
        comma = rest.index(",")
        return text[: member.start] + rest[comma + 1 :].lstrip(BLANKS)
    start = node.members[index - 1].value.end if index else node.start + 1
    tail = text[member.value.end :]
    return text[:start] + (tail if index else tail.lstrip(BLANKS))


def _insert(text: str, node: Node, items: list[tuple[str, t.Any]], indent: str, depth: int, newline: str) -> str:
    """Add members behind the last one, on lines of their own unless the object stands on one line."""
    one_line = bool(node.members) and "\n" not in text[node.start : node.end]
    gap = " " if one_line else newline + indent * depth
    members = [f"{json.dumps(key, ensure_ascii=False)}: {_dump(value, indent, depth, newline)}" for key, value in items]
    if node.members:
        at = node.members[-1].value.end
        return text[:at] + "".join(f",{gap}{member}" for member in members) + text[at:]
    inside = ",".join(f"{gap}{member}" for member in members)
    return text[: node.start + 1] + inside + newline + indent * (depth - 1) + text[node.end - 1 :]


def _dump(value: t.Any, indent: str, depth: int, newline: str) -> str:
    dumped = json.dumps(value, indent=indent, ensure_ascii=False)
    return dumped.replace("\n", newline + indent * depth)
