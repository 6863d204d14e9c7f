# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A YAML text as values with their places. Changes are spliced into the text; what is not changed stays as it is.

ruamel.yaml only says what stands where. Its writer is not used: it rewrites lines that do not change.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, replace

from ..core.refused import Refused

try:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
except ImportError:  # pragma: no cover - the role installs it before it edits
    YAML = None
    YAMLError = Exception

AVAILABLE = YAML is not None
REMEDY = "Correct the file; it was not changed"
REMEDY_SHARED = "Write it without anchor or tag, end the last line, or use edit: override"
BOM = "\ufeff"
# Deeper than any Compose file; Python's own limit would end in a traceback.
DEEPEST = 100
MAPPING, LIST, SCALAR, ALIAS = "mapping", "list", "scalar", "alias"
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
# Numbers, dates and the booleans of YAML 1.1: what one version of YAML or another does not read as a string.
NO_STRING = re.compile(
    r"[-+]?\.?[0-9][0-9_.,:]*(?:e[-+]?[0-9]+)?|[-+]?0(?:x[0-9a-f_]+|o[0-7]+|b[01_]+)|[-+]?\.(?:inf|nan)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|y|n|yes|no|on|off",
    re.IGNORECASE,
)
# What every version reads as a string without quotes, unless it is one of the above: a name, or a CIDR.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
CIDR = re.compile(r"[0-9A-Fa-f][0-9A-Fa-f:.]*/[0-9]+")
# Of a block scalar: the blank lines below it are its own only if it says so.
KEEPS_BLANKS = re.compile(r"[^\n]*[|>][0-9]*\+")
TRAILING = re.compile(r"(?<=\S)[ \t]+(?=#|\r?$)", re.MULTILINE)
DASH = re.compile(r"^[ \t]*-(?=\s)", re.MULTILINE)
COLON = re.compile(r"[ \t]*:")
BLANK_LINE = re.compile(r"^[ \t]*\r?\n", re.MULTILINE)


@dataclass(frozen=True)
class Raw:
    """A plain scalar that is not a string, boolean or null: its text."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Tagged:
    """A value with a tag, such as Compose's ``!reset``."""

    tag: str
    value: t.Any


@dataclass(frozen=True, eq=False)
class Node:
    """A value with its place in the text.

    Attributes:
        kind: MAPPING, LIST, SCALAR or ALIAS.
        start: where it begins, its anchor and tag included.
        end: behind its last character; comments and blank lines below it are not part of it.
        data: the value, aliases and merge keys resolved.
        flow: whether it is written in brackets.
        named: whether it carries an anchor or a tag.
        plain: whether it is a scalar without quotes.
        pairs: of a mapping.
        items: of a list.
    """

    kind: str
    start: int
    end: int
    data: t.Any
    flow: bool = False
    named: bool = False
    plain: bool = False
    pairs: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()
    target: Node | None = None

    @property
    def merges(self) -> bool:
        """Whether this is the merge key ``<<``."""
        return self.plain and self.data == "<<"


@dataclass(frozen=True)
class Document:
    """A text that is one YAML mapping, or holds nothing; then ``root`` is None."""

    text: str
    where: str
    root: Node | None

    @property
    def data(self) -> dict[str, t.Any]:
        """What the text says."""
        return t.cast("dict[str, t.Any]", self.root.data) if self.root else {}

    def fail(self, at: int, problem: str, remedy: str = REMEDY) -> t.NoReturn:
        """Raise Refused with the line and column (both from 1) of a position."""
        line = self.text.count("\n", 0, at) + 1
        words = " ".join(problem.split())  # what is quoted from the file may have several lines
        raise Refused(f"line {line}, column {_column(self.text, at) + 1}: {words}", self.where, remedy)

    def holds(self, path: tuple[str | int, ...]) -> bool:
        """Whether there is a value at the end of the path."""
        return self._place(path)[1]

    def fail_at(self, path: tuple[str | int, ...], problem: str, remedy: str = REMEDY) -> t.NoReturn:
        """Raise Refused with the place of the key (or item) at the end of the path, or of the last one there is."""
        self.fail(self._place(path)[0], problem, remedy)

    def _place(self, path: tuple[str | int, ...]) -> tuple[int, bool]:
        node = self.root
        at = node.start if node else 0
        for step in path:
            found = _step(node, step) if node else None
            if found is None:
                return at, False
            at, node = found
        return at, True


def _step(node: Node, step: str | int) -> tuple[int, Node] | None:
    """Place and value of a key or an item, looked for through aliases and merge keys."""
    node = node.target or node
    if isinstance(step, int):
        return (node.items[step].start, node.items[step]) if step < len(node.items) else None
    for key, value in node.pairs:
        if not key.merges and key.data == step:
            return key.start, value
    for key, value in node.pairs:
        for source in (value, *value.items) if key.merges else ():
            found = _step(source, step)
            if found:
                return found
    return None


def read(text: str, where: str) -> Document:
    """Read a text that must be one YAML mapping, or nothing but comments.

    Raises:
        Refused: not YAML, several documents, not a mapping, a key that stands twice; with line and column.
    """
    if YAML is None:
        raise Refused("it cannot be read without ruamel.yaml", where, "Install the package python3-ruamel.yaml")
    nothing = Document(text, where, None)
    lone = re.search(r"\r(?!\n)", text)
    if lone:
        nothing.fail(lone.start(), "a carriage return without a line feed")
    try:
        # Docker takes tabs before a comment or a line end, ruamel.yaml does not; places stay the same.
        spaced = TRAILING.sub(lambda found: " " * len(found.group()), text)
        events = list(YAML(typ="safe", pure=True).parse(spaced))
    except (YAMLError, ValueError, OverflowError) as error:
        nothing.fail(*_fault(text, error))
    starts = [event.start_mark.index for event in events if type(event).__name__ == "DocumentStartEvent"]
    if len(starts) > 1:
        nothing.fail(starts[1], "a second YAML document begins; a Compose file is one")
    # Without the starts and ends of stream and document the events of one value are left.
    root = _Builder(nothing, events[2:-2]).node() if starts else None
    if root and root.kind == SCALAR and root.start == root.end:
        root = None
    if root and not isinstance(root.data, dict):
        nothing.fail(root.start, "the file must be a mapping, such as `services:` with the services below it")
    return Document(text, where, root)


def _fault(text: str, error: t.Any) -> tuple[int, str]:
    """Where and what is wrong, of an error of ruamel.yaml."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark:
        words = [error.problem or "not YAML", *([f"({error.context})"] if error.context else [])]
        return mark.index, " ".join(" ".join(words).split())
    place = getattr(error, "position", None)
    if isinstance(place, int):
        return place, f"the character U+{ord(text[place]):04X}, which YAML does not allow"
    return 0, f"not YAML ({' '.join(str(error).split())})"


class _Builder:
    """Nodes from the events of a parser."""

    def __init__(self, document: Document, events: list[t.Any]) -> None:
        self.document = document
        self.events = events
        self.at = 0
        self.anchors: dict[str, Node | None] = {}
        self.depth = 0

    def next(self) -> t.Any:
        self.at += 1
        return self.events[self.at - 1]

    def node(self) -> Node:
        """The value that begins with the next event."""
        event = self.next()
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self.alias(event)
        self.depth += 1
        if self.depth > DEEPEST:
            self.document.fail(event.start_mark.index, f"more than {DEEPEST} values inside each other")
        if event.anchor:
            self.anchors[event.anchor] = None  # until it is complete: an alias inside it would have no end
        if kind == "ScalarEvent":
            node = self.scalar(event)
        else:
            node = self.mapping(event) if kind == "MappingStartEvent" else self.sequence(event)
        self.depth -= 1
        data = Tagged(str(event.tag), node.data) if event.tag else node.data
        node = replace(node, data=data, named=bool(event.anchor or event.tag))
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: t.Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        target = self.anchors.get(event.anchor)
        if target is None:
            problem = "stands inside its own anchor" if event.anchor in self.anchors else "has no anchor above it"
            self.document.fail(start, f"the alias *{event.anchor} {problem}")
        return Node(ALIAS, start, end, target.data, target=target)

    def scalar(self, event: t.Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        text = self.document.text[start:end]
        if event.style in ("|", ">") and not KEEPS_BLANKS.match(text):
            end = start + len(text.rstrip())
        if start == end:  # nothing is there, and the parser says where the next thing begins
            start = end = len(self.document.text[:start].rstrip())
        plain = event.style is None
        return Node(SCALAR, start, end, plain_value(event.value) if plain else event.value, plain=plain)

    def sequence(self, event: t.Any) -> Node:
        items: list[Node] = []
        while type(self.events[self.at]).__name__ != "SequenceEndEvent":
            items.append(self.node())
        closing = self.next().end_mark.index
        end = closing if event.flow_style else items[-1].end
        data = [item.data for item in items]
        return Node(LIST, event.start_mark.index, end, data, bool(event.flow_style), items=tuple(items))

    def mapping(self, event: t.Any) -> Node:
        pairs: list[tuple[Node, Node]] = []
        known: set[tuple[t.Any, bool]] = set()
        while type(self.events[self.at]).__name__ != "MappingEndEvent":
            written = getattr(self.events[self.at], "value", None)
            key = self.node()
            if key.kind == SCALAR and not key.named:
                key = replace(key, data=written)  # Compose takes no other keys than strings
            if not isinstance(key.data, str):
                self.document.fail(key.start, "a key that is not a simple text")
            if (key.data, key.merges) in known:
                self.document.fail(key.start, f"the key `{key.data}` stands here a second time")
            known.add((key.data, key.merges))
            pairs.append((key, self.behind(key, self.node())))
        closing = self.next().end_mark.index
        end = closing if event.flow_style else max(pairs[-1][0].end, pairs[-1][1].end)
        data = self.merged(pairs)
        return Node(MAPPING, event.start_mark.index, end, data, bool(event.flow_style), pairs=tuple(pairs))

    def behind(self, key: Node, value: Node) -> Node:
        """The value of a key; one that is not written stands behind the colon, or behind the key if there is none."""
        if value.start != value.end:
            return value
        colon = COLON.match(self.document.text, key.end)
        at = colon.end() if colon else key.end
        return replace(value, start=at, end=at)

    def merged(self, pairs: list[tuple[Node, Node]]) -> dict[t.Any, t.Any]:
        """A mapping's own keys, and those that its merge key brings in."""
        data: dict[t.Any, t.Any] = {}
        for key, value in pairs:
            for source in (value.data if isinstance(value.data, list) else [value.data]) if key.merges else ():
                if not isinstance(source, dict):
                    self.document.fail(value.start, "the merge key << takes a mapping or a list of mappings")
                data = {**source, **data}
        return {**data, **{key.data: value.data for key, value in pairs if not key.merges}}


def plain_value(text: str) -> t.Any:
    """The value of a scalar without quotes."""
    if text in WORDS:
        return WORDS[text]
    return Raw(text) if NO_STRING.fullmatch(text) else text


def difference(first: t.Any, other: t.Any, seen: set[tuple[int, int]] | None = None) -> tuple[t.Any, ...] | None:
    """The path to the first difference of two values, or None. The order of keys does not count.

    Values that aliases share are compared once, however often they occur.
    """
    seen = set() if seen is None else seen
    if type(first) is not type(other):
        return ()
    if first is other or (id(first), id(other)) in seen:
        return None
    seen.add((id(first), id(other)))
    if isinstance(first, dict):
        if first.keys() != other.keys():
            return (min(first.keys() ^ other.keys(), key=str),)
        parts = [(key, first[key], other[key]) for key in first]
    elif isinstance(first, list):
        if len(first) != len(other):
            return (min(len(first), len(other)),)
        parts = list(zip(range(len(first)), first, other))
    elif isinstance(first, Tagged):
        return difference(first.value, other.value, seen) if first.tag == other.tag else ()
    else:
        return None if first == other else ()
    for key, left, right in parts:
        below = difference(left, right, seen)
        if below is not None:
            return (key, *below)
    return None


def same(left: t.Any, other: t.Any) -> bool:
    """Whether two values are equal, types included."""
    return difference(left, other) is None


@dataclass(frozen=True)
class Style:
    """How a text is indented: a mapping and a list below their key."""

    step: int = 2
    dash: int = 2


def style(document: Document) -> Style:
    """How the text is indented: at its first mapping, and at its first list, below a key."""
    mappings, lists = [], []
    for key, value in _blocks(document.root) if document.root else ():
        if value.kind == MAPPING:
            mappings.append(_column(document.text, value.pairs[0][0].start) - _column(document.text, key.start))
        else:
            lists.append(_dash(document.text, value) - _column(document.text, key.start))
    step = next((indent for indent in mappings if indent > 0), Style.step)
    return Style(step, next((indent for indent in lists if indent >= 0), step))


def _blocks(node: Node) -> t.Iterator[tuple[Node, Node]]:
    """Keys with the mapping or list below them, from the top of the text to its end; nothing in brackets."""
    for key, value in node.pairs:
        if not value.flow and (value.pairs or value.items):
            yield key, value
            yield from _blocks(value)
    for item in node.items:
        yield from _blocks(item)


def _column(text: str, at: int) -> int:
    """How many characters stand before a position on its line."""
    start = text.rfind("\n", 0, at) + 1
    return at - start - text.startswith(BOM, start, at)


def _dash(text: str, node: Node) -> int:
    """The column of the dashes of a list."""
    found = None if text.startswith("-", node.start) else DASH.search(text, node.start)
    return _column(text, found.end() - 1 if found else node.start)


def sync(document: Document, want: dict[str, t.Any], like: Style | None = None, newline: str = "") -> str:
    """The text with additions and replacements so that it says ``want``; every other character as it was.

    The result is read again and compared, so a mistake here can never reach a file.

    Args:
        document: the text.
        want: its data with the change; nothing of it may be left out.
        like: the indentation of what is added, if not the text's own.
        newline: of what is added, if not the text's own.

    Raises:
        Refused: what is to change is shared through an anchor or carries a tag.
    """
    splicer = _Splicer(document, like or style(document), newline or ("\r\n" if "\r\n" in document.text else "\n"))
    result = splicer.run(want)
    try:
        written = read(result, document.where).data
    except Refused as error:
        raise Refused(f"the change does not fit into it ({error.problem})", document.where, REMEDY_SHARED) from None
    path = difference(written, want)
    if path is not None:
        problem = f"`{'.'.join(map(str, path))}` would change as well: through an anchor, or at the end of the file"
        document.fail_at(path, problem, REMEDY_SHARED)
    return result


class _Splicer:
    """Collects (start, end, replacement) and carries them out together, so that positions stay true."""

    def __init__(self, document: Document, like: Style, newline: str) -> None:
        self.document = document
        self.text = document.text
        self.style = like
        self.newline = newline
        self.splices: list[tuple[int, int, str]] = []

    def run(self, want: dict[str, t.Any]) -> str:
        root = self.document.root
        if root is None:
            self.add(len(self.text), self.spaced(want, 0))
        elif root.pairs:
            self.value(root, root, want, False)
        else:
            self.cut(root)
            self.add(_below(self.text, root.end), self.spaced(want, 0))
        result, done = "", 0
        for start, end, instead in sorted(self.splices, key=lambda splice: splice[:2]):
            result += self.text[done:start] + instead
            done = end
        return result + self.text[done:]

    def spaced(self, value: dict[str, t.Any], column: int) -> list[str]:
        """Lines of top-level keys, with a blank line between them."""
        parts = [self.block({key: below}, column) for key, below in value.items()]
        return [line for index, part in enumerate(parts) for line in ([""] if index else []) + part]

    def add(self, at: int, lines: list[str]) -> None:
        """Add lines where a line begins, or at the end of a text whose last line has no end."""
        if at == len(self.text) and self.text.strip(BOM) and not self.text.endswith("\n"):
            self.splices.append((at, at, "".join(self.newline + line for line in lines)))
        else:
            self.splices.append((at, at, "".join(line + self.newline for line in lines)))

    def cut(self, node: Node) -> None:
        """Take a value away, with the blanks before it."""
        if node.named:
            self.document.fail(node.start, "an anchor or a tag stands where the change has to go", REMEDY_SHARED)
        start = len(self.text[: node.start].rstrip(" \t\r\n")) if node.end > node.start else node.start
        self.splices.append((start, node.end, ""))

    def value(self, key: Node, node: Node, want: t.Any, flow: bool) -> None:
        """Make a value say what is wanted. ``flow``: whether its key stands in brackets."""
        if same(node.data, want):
            return
        if node.pairs and isinstance(want, dict):
            self.mapping(node, want)
        elif node.items and isinstance(want, list):
            self.sequence(node, want)
        elif flow or not isinstance(want, (dict, list)):
            self.inline(key, node, want)
        else:
            self.cut(node)
            offset = self.style.step if isinstance(want, dict) else self.style.dash
            self.add(_next_line(self.text, node.end), self.block(want, _column(self.text, key.start) + offset))

    def inline(self, key: Node, node: Node, want: t.Any) -> None:
        """Put a value on the line of its key."""
        if node.named:
            self.document.fail(node.start, "an anchor or a tag stands where the change has to go", REMEDY_SHARED)
        before = ""
        if node.start == node.end:
            before = " " if ":" in self.text[key.end : node.start] else ": "
        self.splices.append((node.start, node.end, before + self.like(node, want)))

    def like(self, node: Node, want: t.Any) -> str:
        """A value in one line; if it needs quotes, in those of what was there."""
        text = self.flow(want)
        single = not node.plain and self.text.startswith("'", node.start)
        return f"'{want}'" if single and text == f'"{want}"' and "'" not in want else text

    def mapping(self, node: Node, want: dict[str, t.Any]) -> None:
        own = {key.data for key, _value in node.pairs if not key.merges}
        for key, value in node.pairs:
            if not key.merges and key.data in want:
                self.value(key, value, want[key.data], node.flow)
        known = {key: value for key, value in node.data.items() if key not in own}
        new = {key: value for key, value in want.items() if key not in own}
        new = {key: value for key, value in new.items() if key not in known or not same(known[key], value)}
        if not new:
            return
        if node.flow:
            at = max(node.pairs[-1][0].end, node.pairs[-1][1].end)
            self.splices.append((at, at, "".join(f", {_scalar(key)}: {self.flow(new[key])}" for key in new)))
            return
        column = _column(self.text, node.pairs[0][0].start)
        lines = self.block(new, column)
        if node is self.document.root:
            lines = self.spaced(new, column)
            # A block scalar that keeps the blank lines below it would keep this one too.
            keeps = self.text.startswith("\n", node.end - 1)
            if not keeps and (len(node.pairs) == 1 or BLANK_LINE.search(self.text, 0, node.end)):
                lines = ["", *lines]
        self.add(_below(self.text, node.end, column), lines)

    def sequence(self, node: Node, want: list[t.Any]) -> None:
        for item, value in zip(node.items, want):
            self.value(item, item, value, node.flow)
        new = want[len(node.items) :]
        if node.flow:
            at = node.items[-1].end
            self.splices.append((at, at, "".join(f", {self.flow(item)}" for item in new)))
        else:
            column = _dash(self.text, node)
            self.add(_below(self.text, node.end, column), self.block(new, column))

    def block(self, value: t.Any, column: int) -> list[str]:
        """The lines of a mapping or list that is not empty."""
        pad = " " * column
        lines: list[str] = []
        if isinstance(value, dict):
            for key, below in value.items():
                if isinstance(below, (dict, list)) and below:
                    offset = self.style.step if isinstance(below, dict) else self.style.dash
                    lines += [f"{pad}{_scalar(key)}:", *self.block(below, column + offset)]
                else:
                    lines.append(f"{pad}{_scalar(key)}:" + ("" if below is None else f" {_scalar(below)}"))
        else:
            for item in value:
                inner = self.block(item, column + 2) if isinstance(item, dict) and item else [self.flow(item)]
                lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
        return lines

    def flow(self, value: t.Any) -> str:
        """A value in one line."""
        if isinstance(value, dict) and value:
            return "{" + ", ".join(f"{_scalar(key)}: {self.flow(below)}" for key, below in value.items()) + "}"
        if isinstance(value, list) and value:
            return "[" + ", ".join(map(self.flow, value)) + "]"
        text = _scalar(value)
        return f'"{text}"' if CIDR.fullmatch(text) else text  # not all parsers take a colon in brackets as a string


def _scalar(value: t.Any) -> str:
    """A scalar, quoted unless every version of YAML reads it as the same without."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, str):
        bare = (NAME.fullmatch(value) and isinstance(plain_value(value), str)) or CIDR.fullmatch(value)
        return value if bare else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Tagged):
        raise Refused(f"a value with the tag {value.tag} would have to be copied", "", REMEDY_SHARED)
    return "[]" if isinstance(value, list) else "{}"


def _next_line(text: str, at: int) -> int:
    """Where the line after the one of a position begins."""
    return text.find("\n", at) + 1 or len(text)


def _below(text: str, end: int, column: int = 0) -> int:
    """The beginning of the line below a value, and below the comments there that stand deeper than a column.

    Such comments belong to the value above; what is added at that column would take them over.
    """
    at = end if text.startswith("\n", end - 1) else _next_line(text, end)
    look = at
    while look < len(text):
        following = _next_line(text, look)
        line = text[look:following]
        bare = line.lstrip(" ")
        if bare.startswith("#") and len(line) - len(bare) > column:
            at = following
        elif line.strip():
            break
        look = following
    return at
