# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings with the same cause as one: all ports and containers together, and one thing to do."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.modes import report

from .text import text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# As modes.findings writes them: a place, then what clients get there, then why.
PLACE = re.compile(r"container (?P<container>\S+), port (?P<port>[^:\s]+): (?P<rest>.+)", re.DOTALL)
WHO = re.compile(r"(?P<clients>IPv[46] clients) appear as (?P<by>\S+), because (?P<why>.+)", re.DOTALL)
CONTAINER = re.compile(r"Add \S+ to dms_ipv6_containers, then run dms\.ipv6\.enable")


class Group(t.NamedTuple):
    """Findings with one cause, as one."""

    id: str
    severity: str
    evidence: str
    remedy: str


def grouped(findings: Iterable[Mapping[str, t.Any]]) -> list[Group]:
    """The findings by cause, the worst first."""
    groups: dict[tuple[str, ...], list[tuple[str, str, str, str]]] = {}
    for finding in findings:
        name, severity, evidence, remedy = (
            text(finding.get(part)) for part in ("id", "severity", "evidence", "remedy")
        )
        place = PLACE.fullmatch(evidence)
        who = WHO.fullmatch(place["rest"]) if place else None
        container, port = (place["container"], place["port"].removesuffix("/tcp")) if place else ("", "")
        cause = f"{who['clients']} {who['why']}" if who else place["rest"] if place else evidence
        key = (severity, name, cause, "" if CONTAINER.fullmatch(remedy) else remedy)
        groups.setdefault(key, []).append((container, port, who["by"] if who else "", evidence))
    listed = [_group(key, some) for key, some in groups.items()]
    return sorted(listed, key=lambda group: (_severity(group.severity), group.id, group.evidence))


def _severity(word: str) -> int:
    return report.SEVERITIES.index(word) if word in report.SEVERITIES else len(report.SEVERITIES)


def _group(key: tuple[str, ...], some: list[tuple[str, str, str, str]]) -> Group:
    severity, name, cause, remedy = key
    if not some[0][0]:
        return Group(name, severity, some[0][3], remedy)
    places: dict[str, list[str]] = {}
    for container, port, _by, _evidence in some:
        places.setdefault(container, []).append(port)
    by = " / ".join(dict.fromkeys(by for _container, _port, by, _evidence in some if by))
    where = " and ".join(f"{container} {', '.join(dict.fromkeys(ports))}" for container, ports in places.items())
    clients, _clients, why = cause.partition(" clients ")
    sentence = f"{where}: {clients} clients appear as {by}, because {why}" if by else f"{where}: {cause}"
    names = ", ".join(places)
    return Group(name, severity, sentence, remedy or f"Add {names} to dms_ipv6_containers, then run dms.ipv6.enable")
