# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients get at each port of a host, what is wrong, and what to write into the inventory, as plain text."""

from __future__ import annotations

import typing as t

from ..report.groups import Group, grouped
from ..report.text import mapping, mappings, text, yaml_name
from . import words

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .words import Json, Port

HEAD = ("container", "port", "IPv6 client", "IPv4 client")
BAD = {"never": (), "warning": ("warning", "critical"), "critical": ("critical",)}


def host(name: str, read: Json, named: Sequence[str] = ()) -> list[str]:
    """A host: its ports in a table, findings with one cause in one paragraph, and what to set.

    Args:
        name: of the host.
        read: as docker_ipv6_info returned it.
        named: dms_ipv6_containers as it is.
    """
    version = text(mapping(read.get("engine")).get("version"), 60)
    found = grouped(mappings(read.get("findings")))
    return [
        f"{name}{f' (Docker {version})' if version else ''}",
        *_ports(read),
        *(line for group in found for line in _group(group)),
        *([] if found else ["  Nothing is wrong."]),
        *_to_set(name, read, named),
    ]


def dns(name: str, read: Json) -> list[str]:
    """What DNS says of a host's names."""
    found = grouped(mappings(read.get("findings")))
    return [f"{name}: {text(read.get('summary'))}", *(line for group in found for line in _group(group))]


def _ports(read: Json) -> list[str]:
    six = {port.place: port for port in words.ports(read)}
    four = {port.place: port for port in words.ports(read, "ipv4")}
    rows = [
        (place[0], f"{place[1]}:{place[2]}/{place[3]}", _got(six.get(place)), _got(four.get(place)))
        for place in sorted({*six, *four})
    ]
    return words.table([HEAD, *rows], "  ") if rows else ["  No port is published."]


def _got(port: Port | None) -> str:
    if port is None:
        return "not published"
    return f"{port.verdict} as {port.by}" if port.by else port.verdict


def _group(group: Group) -> list[str]:
    head = f"{group.severity.upper()} {group.id}: {group.evidence}"
    return [*words.wrapped([head], "  "), *words.wrapped([f"do: {words.clause(group.remedy)}"], "      ")]


def masked(read: Json) -> list[str]:
    """The containers whose IPv6 clients are hidden and can be seen: those with an address of their own."""
    return list(dict.fromkeys(port.container for port in words.ports(read) if port.verdict == "masked"))


def _to_set(name: str, read: Json, named: Sequence[str]) -> list[str]:
    """YAML to copy."""
    hidden = masked(read)
    if not hidden:
        return []
    names = ", ".join(yaml_name(name) for name in dict.fromkeys([*named, *hidden]))
    return [
        f"  To fix it, write into host_vars/{name}.yml and run dms.ipv6.enable:",
        f"dms_ipv6_containers: [{names}]",
    ]


def bad(findings: Sequence[Json], fail_on: str) -> str:
    """Why an audit fails; empty if it does not."""
    ids = [text(finding.get("id"), 60) for finding in findings if finding.get("severity") in BAD.get(fail_on, ())]
    if not ids:
        return ""
    which = "critical " if fail_on == "critical" else ""
    count = f"{len(ids)} {which}finding{'' if len(ids) == 1 else 's'}"
    return f"{count}: {', '.join(sorted(set(ids)))} (this fails because dms_ipv6_fail_on is {fail_on})"
