# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings with the same cause as one: all ports and containers together, and one thing to do."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core.finding import sentence, to_name
from ansible_collections.dms.ipv6.plugins.module_utils.modes import report

from .text import mapping, text

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Group(t.NamedTuple):
    """Findings with one cause, as one."""

    id: str
    severity: str
    evidence: str
    remedy: str


class _Cause(t.NamedTuple):
    """What findings have in common; ``remedy`` is empty for the usual one, which names the container."""

    severity: str
    id: str
    clients: str
    what: str
    because: str
    remedy: str


def grouped(findings: Iterable[Mapping[str, t.Any]]) -> list[Group]:
    """The findings by cause, the worst first."""
    alone: list[Group] = []
    groups: dict[_Cause, list[Mapping[str, t.Any]]] = {}
    for finding in findings:
        place = mapping(finding.get("place"))
        found = Group(*(text(finding.get(part)) for part in Group._fields))
        if not place:
            alone.append(found)
            continue
        remedy = "" if found.remedy == to_name([text(place.get("container"))]) else found.remedy
        clients, what, because = (text(place.get(part)) for part in ("clients", "what", "because"))
        groups.setdefault(_Cause(found.severity, found.id, clients, what, because, remedy), []).append(place)
    listed = [*alone, *(_group(cause, places) for cause, places in groups.items())]
    return sorted(dict.fromkeys(listed), key=lambda group: (_severity(group.severity), group.id, group.evidence))


def _severity(word: str) -> int:
    return report.SEVERITIES.index(word) if word in report.SEVERITIES else len(report.SEVERITIES)


def _group(cause: _Cause, places: Iterable[Mapping[str, t.Any]]) -> Group:
    ports: dict[str, list[str]] = {}
    seen_as: list[str] = []
    for place in sorted(places, key=lambda place: text(place.get("container"))):
        ports.setdefault(text(place.get("container")), []).append(text(place.get("port")).removesuffix("/tcp"))
        seen_as.append(text(place.get("seen_as")))
    where = " and ".join(f"{container} {', '.join(dict.fromkeys(names))}" for container, names in ports.items())
    gateways = " / ".join(dict.fromkeys(seen_as))
    evidence = f"{where}: {sentence(cause.clients, cause.what, gateways, cause.because)}"
    return Group(cause.id, cause.severity, evidence, cause.remedy or to_name(ports))
