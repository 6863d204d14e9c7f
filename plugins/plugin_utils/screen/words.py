# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, tables and ports in words, of what hosts said."""

from __future__ import annotations

import re
import textwrap
import typing as t

from ..report.text import mapping, mappings, text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Json = Mapping[str, t.Any]

WIDTH = 110
MOST = 8


class Port(t.NamedTuple):
    """A published port of a container, and what a client gets there."""

    container: str
    host_port: int
    port: int
    protocol: str
    verdict: str
    by: str = ""
    cause: str = ""

    @property
    def place(self) -> tuple[str, int, int, str]:
        """The port, whatever a client gets there."""
        return self[:4]

    @property
    def name(self) -> str:
        """What a client connects to: ``25``, or ``53/udp``."""
        number = str(self.host_port or self.port)
        return number if self.protocol == "tcp" else f"{number}/{self.protocol}"


def ports(host: Json, family: str = "ipv6") -> list[Port]:
    """The published ports of a host, as docker_ipv6_info returns them."""
    return [
        port(entry, text(container.get("name"), 200))
        for container in mappings(host.get("containers"))
        for entry in mappings(container.get("exposure"))
        if entry.get("family") == family
    ]


def expected(host: Json) -> list[Port]:
    """The ports at which IPv6 clients get something else once the plan is carried out."""
    effects = mapping(mapping(host.get("plan")).get("effects"))
    return [port(entry, text(entry.get("container"), 200)) for entry in mappings(effects.get("expected"))]


def port(entry: Json, container: str) -> Port:
    """One of them."""
    numbers = [value if isinstance(value, int) else 0 for value in (entry.get("host_port"), entry.get("port"))]
    words = (text(entry.get(name), 100) for name in ("protocol", "verdict", "by", "cause"))
    return Port(container, numbers[0], numbers[1], *words)


def names(some: Iterable[str], most: int = MOST) -> str:
    """A list with "and"; of a long one only the beginning."""
    found = list(dict.fromkeys(some))
    if len(found) > most:
        found = [*found[: most - 1], f"{len(found) - most + 1} more"]
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1] if found else ""]))


def numbers(some: Iterable[Port]) -> str:
    """The ports alone, in order: ``25, 465, 993``."""
    ordered = sorted(some, key=lambda item: (item.host_port, item.protocol))
    return ", ".join(dict.fromkeys(item.name for item in ordered))


def places(some: Iterable[Port]) -> str:
    """Containers with their ports: ``mailserver 25, 465 and web 80``."""
    found: dict[str, list[Port]] = {}
    for item in some:
        found.setdefault(item.container, []).append(item)
    return names(f"{container} {numbers(ports)}" for container, ports in found.items())


def table(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """Rows in columns that are as wide as what is in them."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [(indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths))).rstrip() for row in rows]


def wrapped(paragraphs: Iterable[str], indent: str = "") -> Iterator[str]:
    """Paragraphs in lines that fit on a screen. Paths and commands are not broken: they are to be copied."""
    for paragraph in paragraphs:
        yield from textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent + "    ",
            break_on_hyphens=False,
            break_long_words=False,
        )


def sentence(clause: str) -> str:
    """A clause of a module as a sentence."""
    clause = clause.strip()
    return clause if not clause or clause[-1] in ".!?" else f"{clause}."


def clause(sentence: str) -> str:
    """A sentence that goes on after a colon; what begins with a name or an abbreviation stays as it is."""
    return (
        sentence[:1].lower() + sentence[1:]
        if sentence[1:2].islower() and not sentence.startswith("Docker")
        else sentence
    )


def number(host: str) -> list[t.Any]:
    """A key that sorts host2 before host10."""
    return [int(part) if part.isdigit() and part.isascii() else part for part in re.split("([0-9]+)", host)]
