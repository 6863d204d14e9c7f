# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one page of HTML that needs nothing else and takes no text from hosts for markup."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from dataclasses import dataclass

import jinja2

from . import fleet as report_fleet
from . import groups
from .text import shortened, when

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Json = Mapping[str, t.Any]

# Colour is never alone: each state has a sign, and its words beside it.
MARKS = {
    report_fleet.FAILED: "\u2715",
    report_fleet.ROLLED_BACK: "\u21b6",
    report_fleet.UNREACHABLE: "\u2298",
    report_fleet.MASKED: "!",
    report_fleet.FIXED: "\u2192",
    report_fleet.NOT_VERIFIED: "?",
    report_fleet.NOT_REACHED: "\u2026",
    report_fleet.REFUSED: "\u2212",
    report_fleet.REAL: "\u2713",
}
# A host is not real or masked: its clients are.
WORDS = {report_fleet.MASKED: "hidden clients", report_fleet.REFUSED: "IPv6 refused", report_fleet.REAL: "real clients"}
# Up to so many hosts are opened, and have no overview and no search.
FEW = 3
# From this many hosts on the overview is a map of small cells, each with the letters alone.
DENSE = 60


@dataclass(frozen=True)
class Parts:
    """The files of the page, as text."""

    template: str
    style: str
    script: str


@dataclass(frozen=True)
class Limits:
    """How much of a host is shown; report.json has all of it."""

    rows: int
    findings: int
    text: int


# The first that makes a page small enough is taken; the last is for fleets that have very much to say.
LARGEST = 3_000_000
LIMITS = (Limits(60, 30, 1200), Limits(8, 4, 220), Limits(3, 2, 100), Limits(0, 0, 60))


def page(report: Json, parts: Parts) -> str:
    """The page, not larger than LARGEST if that can be: 1,000 hosts are to be looked at on a phone as well."""
    for limit in LIMITS[:-1]:
        whole = _up_to(LARGEST, _pieces(report, parts, limit))
        if whole is not None:
            return whole
    return "".join(_pieces(report, parts, LIMITS[-1]))


def _up_to(most: int, pieces: Iterator[str]) -> str | None:
    """The text of all pieces; None, as soon as it is longer than so many bytes. A large fleet takes long to write."""
    taken, size = [], 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece.encode())
        if size > most:
            return None
    return "".join(taken)


def _pieces(report: Json, parts: Parts, limit: Limits) -> Iterator[str]:
    """Style and script are ours and bound by their hashes: the browser runs nothing else."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["cut"] = lambda value: shortened(str(value), limit.text)
    environment.filters["changes"] = changes
    environment.filters["time"] = when
    environment.filters["grouped"] = groups.grouped
    environment.filters["state"] = lambda state: WORDS.get(state, state)
    return environment.from_string(parts.template).generate(
        report=report,
        marks=MARKS,
        limit=limit,
        dense=len(report["hosts"]) > DENSE,
        few=len(report["hosts"]) <= FEW,
        lasted=lasted(report),
        style=parts.style,
        script=parts.script,
        style_hash=_hash(parts.style),
        script_hash=_hash(parts.script),
    )


def lasted(report: Json) -> str:
    """When the run was: a date, and the time of its end."""
    begun, ended = when(report["started"]), when(report["finished"])
    day = begun.partition(" ")[0]
    return f"{begun.removesuffix(' UTC')} to {ended.removeprefix(day).strip()}" if begun != ended else begun


def changes(port: Json, family: str) -> list[Json]:
    """What a client gets at a port: once if it stayed the same, else before and after. None stands for "not looked"."""
    before = port["before"].get(family)
    if port["after"] is None:
        return [before, {"verdict": "?", "by": "", "cause": "not looked at since"}]
    after = port["after"].get(family)
    return [after] if before == after else [before, after]


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
