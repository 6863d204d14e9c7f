# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings files of systemd-networkd (systemd.network(5)), read as far as neighbour proxying goes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# What systemd takes for a boolean (parse_boolean).
FALSE = ("0", "no", "n", "false", "f", "off")
# Where settings files and their drop-ins are looked for.
FOLDERS = ("/usr/lib/systemd/network", "/usr/local/lib/systemd/network", "/run/systemd/network", "/etc/systemd/network")
PROXY, ADDRESS = "IPv6ProxyNDP", "IPv6ProxyNDPAddress"


@dataclass(frozen=True)
class Setting:
    """One assignment, and the line it begins in."""

    section: str
    name: str
    value: str
    line: int


def settings(text: str) -> Iterator[Setting]:
    """The assignments of a file. Lines that are none are skipped: systemd-networkd logs and ignores them as well."""
    section = ""
    for number, line in _joined(text):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            name, _equals, value = line.partition("=")
            yield Setting(section, name.strip(), value.strip(), number)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined with what follows (systemd.syntax(7))."""
    held, begin = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith(("#", ";")):
            continue  # also in the middle of a line that is continued
        begin = begin if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if held or line:
            yield begin, (held + line).strip()
        held = ""
    if held:
        yield begin, held.strip()


def switched_off(text: str) -> int | None:
    """The line in which a file says that nothing is to be proxied; None if it does not."""
    said = [setting for setting in settings(text) if setting.section == "Network" and setting.name == PROXY]
    return next((setting.line for setting in said if setting.value.lower() in FALSE), None)


def addresses(text: str) -> tuple[str, ...]:
    """The addresses that a file has proxied; an empty assignment forgets those before it."""
    found: list[str] = []
    for setting in settings(text):
        if setting.section == "Network" and setting.name == ADDRESS:
            found = [*found, *setting.value.split()] if setting.value else []
    return tuple(found)
