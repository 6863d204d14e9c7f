# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/etc/gai.conf: by which tables glibc's getaddrinfo() orders the addresses of a name (RFC 3484, RFC 6724).

From a ULA to a global address the labels of glibc's table differ, so IPv4 comes first. A label of its own for a prefix,
the one that global addresses have, puts IPv6 first from there.

What glibc (nss/getaddrinfo.c, gaiconf_init) makes of the file: a ``#`` begins a comment wherever it stands, words are
separated by white space, what follows the second value is left out, and one line replaces the default table of its kind
as a whole; ``::/0`` alone is added if it is missing. Lines that it does not understand are left out as well, without a
word; a prefix without a length makes it read memory that was never set. We refuse both.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ..change.file_steps import WriteFile
from ..change.plan import Plan
from ..core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

PATH = "/etc/gai.conf"
LABEL, PRECEDENCE, SCOPE, RELOAD = "label", "precedence", "scopev4", "reload"
# isspace() of the C locale: other blanks of Unicode are part of a word.
BLANKS = " \t\v\f\r\n"
LARGEST = 2**31 - 1
# What each of our lines ends with. Each is known by itself, wherever others move it.
TAG = "# dms.ipv6"
HEAD = "# From these prefixes IPv6 is tried first, as from global addresses. One line replaces glibc's whole table. "
REMEDY = "Correct or remove the line. Nothing was changed"
# All of fc00::/7, as glibc has it.
ULA = ipaddress.IPv6Network("fc00::/7")
EVERYTHING = ipaddress.IPv6Network("::/0")
GLOBAL = ipaddress.IPv6Network("2000::/3")
LOCALHOST = ipaddress.IPv6Network("::1"), ipaddress.IPv6Network("::ffff:127.0.0.1")
# How much a prefix comes before global addresses, if asked for: that of known ULAs in draft-ietf-6man-rfc6724-update.
AHEAD = 5


@dataclass(frozen=True)
class Entry:
    """A row of a table; ``line`` is where it stands in the file, from 1, and 0 for a default."""

    prefix: ipaddress.IPv6Network
    value: int
    line: int = 0


Table = tuple[Entry, ...]


# glibc's own, the same in 2.36, 2.41 and 2.43, in the order and words of the gai.conf that it ships: Python 3.13 and
# later write ::ffff:0:0/96 in another way than those before.
ROWS = {
    LABEL: (
        ("::1/128", 0),
        ("::/0", 1),
        ("2002::/16", 2),
        ("::/96", 3),
        ("::ffff:0:0/96", 4),
        ("fec0::/10", 5),
        ("fc00::/7", 6),
        ("2001::/32", 7),
    ),
    PRECEDENCE: (("::1/128", 50), ("::/0", 40), ("2002::/16", 30), ("::/96", 20), ("::ffff:0:0/96", 10)),
}
DEFAULTS: dict[str, Table] = {
    kind: tuple(Entry(ipaddress.IPv6Network(prefix), value) for prefix, value in rows) for kind, rows in ROWS.items()
}
# The row that glibc adds to a table of the file's own.
REST = {LABEL: 1, PRECEDENCE: 40}


@dataclass(frozen=True)
class Tables:
    """What a file says: a table that it says nothing of is empty, and glibc's own is in force."""

    label: Table = ()
    precedence: Table = ()

    def own(self, kind: str) -> Table:
        """The rows that stand in the file."""
        return self.label if kind == LABEL else self.precedence

    def value(self, kind: str, prefix: ipaddress.IPv6Network) -> int:
        """What is in force for a prefix as a whole: its closest row; the first of two for the same prefix."""
        rows = [row for row in self.own(kind) or DEFAULTS[kind] if prefix.subnet_of(row.prefix)]
        return max(rows, key=lambda row: row.prefix.prefixlen).value if rows else REST[kind]


@dataclass(frozen=True)
class Wanted:
    """What the options ask for.

    Attributes:
        prefixes: those from which IPv6 is to be tried first, sorted.
        precedence: whether they are to come before all others as destinations, too.
    """

    prefixes: tuple[ipaddress.IPv6Network, ...]
    precedence: bool = False


@dataclass(frozen=True)
class WriteGaiConf(WriteFile):
    """Write the file; ``lines`` are our lines in it."""

    lines: tuple[str, ...] = ()


def wanted(prefixes: Iterable[str], precedence: bool = False) -> Wanted:
    """The options read.

    Raises:
        Refused: something is not a prefix of addresses that a host may have.
    """
    networks = set()
    for text in prefixes:
        try:
            network = ipaddress.IPv6Network(text)
        except ValueError as error:
            raise Refused(f"{error}", "prefixes", "Give a CIDR such as fd5c:1ab0:7e57::/48") from None
        if not network.subnet_of(ULA) and not network.subnet_of(GLOBAL):
            raise Refused(f"{network} is neither a ULA nor global", "prefixes", "Give the ULA that hosts connect from")
        networks.add(network)
    return Wanted(tuple(sorted(networks)), precedence)


def decode(raw: bytes | None) -> str:
    """The text of a file, whatever its comments are encoded in; encode() gives the same bytes."""
    return (raw or b"").decode(errors="surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of decode()."""
    return text.encode(errors="surrogateescape")


def lines(text: str) -> list[str]:
    """The lines with their ends; nothing but a line feed ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def ours(line: str, known: Collection[str]) -> bool:
    """Whether a line is ours and was not edited; with nothing known, as after a lost record, its tag decides."""
    stripped = line.strip(BLANKS)
    return stripped.endswith(TAG) and (not known or stripped in known)


def tagged(text: str, known: Collection[str]) -> bool:
    """Whether any of our lines were edited."""
    return any(line.strip(BLANKS).endswith(TAG) and not ours(line, known) for line in lines(text))


def read(text: str, path: str) -> Tables:
    """The tables of a file.

    Raises:
        Refused: a line that glibc would leave out, or read in a way that cannot be meant.
    """
    found: dict[str, list[Entry]] = {LABEL: [], PRECEDENCE: []}
    for number, line in enumerate(lines(text), 1):
        words = [word for word in re.split(f"[{BLANKS}]+", line.split("#", 1)[0]) if word]
        try:
            row = _row(words[0], [*words[1:3], "", ""][:2]) if words else None
        except ValueError as error:
            raise Refused(f"`{_shown(line)}`: {error}", f"{path}:{number}", REMEDY) from None
        if row:
            found[words[0]].append(Entry(*row, number))
    return Tables(tuple(found[LABEL]), tuple(found[PRECEDENCE]))


def _shown(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line.strip(BLANKS))[:80]


def _row(word: str, values: list[str]) -> tuple[ipaddress.IPv6Network, int] | None:
    """The row of a line, None for one of another table; ValueError for what is not understood."""
    if word == RELOAD:
        if values[0] not in ("yes", "no"):
            raise ValueError(f"{RELOAD} is yes or no, and anything else means no to glibc")
        return None
    if word not in (LABEL, PRECEDENCE, SCOPE):
        raise ValueError(f"there is no such word as {_shown(word)}; there are {LABEL}, {PRECEDENCE}, {SCOPE}, {RELOAD}")
    if not values[1]:
        raise ValueError(f"{word} takes a prefix and a number")
    if not _number(values[1], LARGEST):
        raise ValueError(f"{_shown(values[1])} is not a whole number from 0 to {LARGEST}")
    if word == SCOPE:
        _refuse_no_scope(values[0])
        return None
    return _prefix(values[0]), int(values[1])


def _number(text: str, largest: int) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,19}", text)) and int(text) <= largest


def _prefix(text: str) -> ipaddress.IPv6Network:
    address, slash, length = text.partition("/")
    try:
        value = ipaddress.IPv6Address(address)
    except ValueError:
        raise ValueError(f"{_shown(address)} is not an IPv6 address") from None
    if "%" in address:
        raise ValueError(f"{address} names an interface")
    if not slash:
        raise ValueError(f"{address} has no prefix length, without which glibc reads memory that was never set")
    if not _number(length, 128):
        raise ValueError(f"{_shown(length)} is not a prefix length from 0 to 128")
    return ipaddress.IPv6Network((value, int(length)), strict=False)


def _refuse_no_scope(text: str) -> None:
    """ValueError unless it is a prefix of IPv4 addresses, plain or mapped into IPv6."""
    address, slash, length = text.partition("/")
    if re.fullmatch(r"[0-9.]+", address):
        ipaddress.IPv4Address(address)
        if not slash or not _number(length, 32):
            raise ValueError(f"{text} has no prefix length from 0 to 32")
        return
    mapped = _prefix(text)
    if mapped.prefixlen < 96 or ipaddress.IPv6Address(address).ipv4_mapped is None:
        raise ValueError(f"{text} is not a prefix of IPv4 addresses (::ffff:0:0/96 or longer)")


def others(text: str, path: str, known: Collection[str] = ()) -> Tables:
    """The tables as they are without our lines for prefixes.

    glibc's own table, once we wrote it, stays part of them: lines that you added since then count on the rest.
    """
    theirs, mine = (_part(text, path, known, own) for own in (False, True))
    whole = {kind: any(row.prefix == EVERYTHING for row in mine.own(kind)) for kind in (LABEL, PRECEDENCE)}
    rows = [(*theirs.own(kind), *(DEFAULTS[kind] if whole[kind] else ())) for kind in (LABEL, PRECEDENCE)]
    return Tables(*rows)


def _part(text: str, path: str, known: Collection[str], own: bool) -> Tables:
    """The tables of our own lines, or of the others; each has its number in the file."""
    return read("".join(line if ours(line, known) is own else "\n" for line in lines(text)), path)


def plan(path: str, raw: bytes | None, selection: Wanted, known: Collection[str] = ()) -> Plan:
    """The plan that has the file say what is asked for, and nothing more.

    Args:
        path: of the file.
        raw: its bytes, None for no file.
        selection: the options.
        known: our lines that an earlier run wrote.

    Raises:
        Refused: a line is not understood, or one of others says the contrary.
    """
    text = decode(raw)
    read(text, path)
    own = _lines(others(text, path, known), selection, path)
    after = _edited(text, own, known)
    warnings = tuple(_warnings(read(after, path), path))
    if after == text:
        return Plan(shown(text), shown(text), (), warnings)
    content = None if raw is None and not after else encode(after)
    step = WriteGaiConf(path, content, _why(selection, own), raw, True, lines=tuple(own))
    return Plan(shown(text), shown(after), (step,), warnings)


def shown(text: str) -> str:
    """A file as a diff shows it."""
    return encode(text).decode(errors="replace")


def _why(selection: Wanted, own: list[str]) -> str:
    if not own:
        return "without lines that are no longer needed"
    return f"new processes try IPv6 first from {', '.join(map(str, selection.prefixes))}"


def _lines(base: Tables, selection: Wanted, path: str) -> list[str]:
    """Our lines, given the tables without them; none where these say the same already."""
    rank = base.value(LABEL, GLOBAL)
    rows = _rows(LABEL, base, selection, rank, lambda value: value == rank, path)
    if selection.precedence:
        least = base.value(PRECEDENCE, GLOBAL)
        rows += _rows(PRECEDENCE, base, selection, min(least + AHEAD, LARGEST), lambda value: value > least, path)
    return [HEAD + TAG, *rows] if rows else []


def _rows(kind: str, base: Tables, selection: Wanted, value: int, good: Callable[[int], bool], path: str) -> list[str]:
    """The rows of one table that are missing, with the whole of glibc's unless others have one of their own.

    Args:
        kind: of the table.
        base: the tables without our lines.
        selection: the options; a global prefix needs no row.
        value: for the prefixes.
        good: whether another value does as well.
        path: of the file, for messages.
    """
    theirs = [row for row in base.own(kind) if row.line]
    missing = []
    for prefix in (candidate for candidate in selection.prefixes if candidate.subnet_of(ULA)):
        for their in theirs:
            if their.prefix.subnet_of(prefix) and not good(their.value):
                raise Refused(
                    f"`{kind} {their.prefix} {their.value}` is the contrary of `{kind} {prefix} {value}`, which is"
                    " wanted",
                    f"{path}:{their.line}",
                    "Remove the line, or do without the prefix. Nothing was changed",
                )
        if not good(base.value(kind, prefix)):
            missing.append(Entry(prefix, value))
    if not missing:
        return []
    # There must not be two rows for one prefix.
    named = {row.prefix for row in (*missing, *theirs)}
    whole = ROWS[kind] if not theirs or len(theirs) < len(base.own(kind)) else ()
    rows = [entry for entry in whole if ipaddress.IPv6Network(entry[0]) not in named]
    rows += [(str(entry.prefix), entry.value) for entry in missing]
    return [f"{kind} {prefix:<24} {number:<2} {TAG}" for prefix, number in rows]


def _edited(text: str, own: list[str], known: Collection[str]) -> str:
    """The text with these lines in place of our old ones, or at its end."""
    present = lines(text)
    if [line.strip(BLANKS) for line in present if ours(line, known)] == own:
        return text
    end = "\r\n" if present and present[0].endswith("\r\n") else "\n"
    at = next((number for number, line in enumerate(present) if ours(line, known)), len(present))
    head, tail = present[:at], [line for line in present[at:] if not ours(line, known)]
    if own and head and not head[-1].endswith("\n"):
        head[-1] += end
    return "".join([*head, *(line + end for line in own), *tail])


def without(text: str, known: Collection[str] = ()) -> str:
    """The text without our lines."""
    return _edited(text, [], known)


def left_alone(text: str, path: str, known: Collection[str]) -> str:
    """What becomes of lines of others that count on the table that goes with ours; empty if there are none."""
    try:
        base = others(text, path, known)
    except Refused:  # nothing that we would have to understand
        return ""
    for kind in (LABEL, PRECEDENCE):
        theirs = [row.line for row in base.own(kind) if row.line]
        if theirs and len(theirs) < len(base.own(kind)):
            return f"{path}:{theirs[0]}: the {kind} line there stays, and replaces glibc's whole table from now on"
    return ""


def _warnings(tables: Tables, path: str) -> t.Iterator[str]:
    six, four = (tables.value(PRECEDENCE, address) for address in LOCALHOST)
    if six <= four:
        where = f"{path}:{tables.precedence[0].line}"
        yield (
            f"{where}: the precedence lines there replace glibc's whole table, and with them localhost is 127.0.0.1"
            " before ::1"
        )
