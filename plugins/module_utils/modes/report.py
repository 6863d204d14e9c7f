# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read from a host as lines that a person can read: what clients get at each port, and what is wrong."""

from __future__ import annotations

import typing as t

from ..core import verdict
from ..core.finding import CRITICAL
from ..engine import version as engine_version

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Json = Mapping[str, t.Any]


# The worst first.
SEVERITIES = ("critical", "warning", "info")
PORTS = ("container", "port", "IPv6 client", "IPv4 client")


def lines(containers: Iterable[Json], findings: Iterable[Json]) -> list[str]:
    """A table of published ports, and below it each finding with its evidence and what to do.

    Args:
        containers: as docker_ipv6_info returns them.
        findings: likewise.
    """
    rows = [row for container in containers for row in _rows(container)]
    return [*(_table([PORTS, *rows]) if rows else ["no port is published"]), *finding_lines(findings)]


def finding_lines(findings: Iterable[Json]) -> list[str]:
    """Each finding with its evidence and what to do, the worst first."""
    return [line for finding in sorted(findings, key=_order) for line in _finding(finding)] or ["nothing is wrong"]


def _rows(container: Json) -> list[tuple[str, ...]]:
    """A row for each host port, whatever families it is published in."""
    ports: dict[tuple[int, int, str], dict[str, str]] = {}
    for exposure in container["exposure"]:
        words = f"{exposure['verdict']} as {exposure['by']}" if exposure.get("by") else str(exposure["verdict"])
        ports.setdefault((exposure["host_port"], exposure["port"], exposure["protocol"]), {})[exposure["family"]] = (
            words
        )
    return [
        (
            container["name"],
            f"{host}:{inner}/{protocol}",
            got.get("ipv6", "not published"),
            got.get("ipv4", "not published"),
        )
        for (host, inner, protocol), got in sorted(ports.items())
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _order(finding: Json) -> tuple[int, str, str]:
    return SEVERITIES.index(finding["severity"]), finding["id"], finding["evidence"]


def _finding(finding: Json) -> list[str]:
    head = f"{finding['severity'].upper()} {finding['id']}: {finding['evidence']}"
    remedy = f"do: {finding['remedy']}"
    return [head, f"    {remedy}"]


def summary(
    version: engine_version.Version,
    plan: Mapping[str, t.Any] | None,
    found: list[Mapping[str, t.Any]],
    proof: Mapping[str, t.Any] | None,
) -> str:
    """A host in one sentence."""
    critical = sum(1 for finding in found if finding["severity"] == CRITICAL)
    word = "finding" if len(found) == 1 else "findings"
    parts = [f"Docker {version}", f"{len(found)} {word} ({critical} critical)" if found else "no findings"]
    if plan is not None:
        steps = len(plan["steps"])
        parts.append(f"{steps} {'step' if steps == 1 else 'steps'} to carry out" if steps else "nothing to change")
    if plan is not None and plan.get("addresses"):
        parts.append("IPv6 clients reach " + ", ".join(f"{name} at {to}" for name, to in plan["addresses"].items()))
    what = "last proof that IPv6 is refused" if proof and proof.get("expect") == verdict.REFUSED else "last proof"
    parts.append(f"{what}: {proof['result']} on {proof['date']}" if proof else "never verified from another host")
    return "; ".join(parts)
