# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""accept_ra in the files of ifupdown (interfaces(5)), which sets it each time it brings an interface up.

That is later than what a boot takes from sysctl.d, so there it has to stand as well. Of the methods for inet6, ``dhcp``
sets 1 by default, ``auto`` sets 2, and the others set what the file says (ifupdown 0.8.41, inet6.defn).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..change.plan import Step

FILES = ("/etc/network/interfaces", "/etc/network/interfaces.d/*")
# What a method sets by itself.
METHODS = {"dhcp": "1", "auto": "2"}
# ifupdown takes a whole line for a comment, never a part of one.
TAG = "# dms.ipv6:"
ADDED = f"{TAG} Docker has this host forward IPv6; with 1 it would lose the default route of its router"
INSTEAD = f"{TAG} instead of "
_STANZA = re.compile(r"(?:iface|auto|allow-\S+|mapping|source|source-directory|template|no-auto-down|rename)\b")


@dataclass(frozen=True)
class KeepInIfupdown(Step):
    """Have ifupdown set accept_ra=2 for an interface."""

    path: str
    interface: str

    def __str__(self) -> str:
        return f"write {self.path}: accept_ra 2 for {self.interface}, each time ifupdown brings it up"

    def inverse(self) -> Step:
        """The file without what we wrote."""
        return TakeOutOfIfupdown(self.path, self.interface)


@dataclass(frozen=True)
class TakeOutOfIfupdown(Step):
    """Take out of a file what we wrote for an interface; lines of others stay."""

    path: str
    interface: str

    def __str__(self) -> str:
        return f"write {self.path}: accept_ra for {self.interface} as it was"

    def inverse(self) -> Step:
        """What we wrote."""
        return KeepInIfupdown(self.path, self.interface)


def overrules(text: str, interface: str) -> bool:
    """Whether ifupdown, by a file, sets anything but accept_ra=2 for an interface."""
    return kept(text, interface) != text


def kept(text: str, interface: str) -> str:
    """The text with accept_ra 2 wherever it sets another value for an interface."""
    return "".join(line for head, body in _stanzas(text) for line in _kept(head, body, interface))


def taken_out(text: str, interface: str) -> str:
    """The text without what kept() has put into it."""
    return "".join(line for head, body in _stanzas(text) for line in _taken_out(head, body, interface))


def _stanzas(text: str) -> t.Iterator[tuple[str, list[str]]]:
    """Logical lines (a backslash at the end of one continues it), one list for each stanza, and its first line."""
    stanza: list[str] = []
    for line in re.findall(r"(?:[^\n]*\\\n)*[^\n]*\n|(?:[^\n]*\\\n)*[^\n]+", text):
        if _STANZA.match(line.strip()) and stanza:
            yield stanza[0], stanza[1:]
            stanza = []
        stanza.append(line)
    if stanza:
        yield stanza[0], stanza[1:]


def _is_about(head: str, interface: str) -> str:
    """The method if a stanza's first line is about IPv6 on an interface, empty if it is not."""
    words = head.replace("\\\n", " ").split()
    return words[3] if len(words) > 3 and words[:3] == ["iface", interface, "inet6"] else ""


def _kept(head: str, body: list[str], interface: str) -> list[str]:
    method = _is_about(head, interface)
    given = [number for number, line in enumerate(body) if line.split()[:1] == ["accept_ra"]]
    if not method or (not given and METHODS.get(method, "2") == "2"):
        return [head, *body]
    if not given:
        indent = _indent(next((line for line in body if line.strip()), "    x"))
        end = "\n" if head.endswith("\n") else ""
        return [head + ("" if end else "\n"), f"{indent}{ADDED}\n", f"{indent}accept_ra 2{end}", *body]
    for number in reversed(given):
        line = body[number]
        if line.split()[1:2] != ["2"]:
            indent, end = _indent(line), "\n" if line.endswith("\n") else ""
            was = line[len(indent) :].rstrip("\n")
            body[number : number + 1] = [f"{indent}{INSTEAD}{was}\n", f"{indent}accept_ra 2{end}"]
    return [head, *body]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _taken_out(head: str, body: list[str], interface: str) -> list[str]:
    if not _is_about(head, interface):
        return [head, *body]
    lines = [head]
    ours = False
    for line in body:
        bare = line.strip()
        if ours and bare == "accept_ra 2":
            ours = False
            if not line.endswith("\n"):  # the line before it had none either, once
                lines[-1] = lines[-1].rstrip("\n")
            continue
        ours = bare == ADDED or bare.startswith(INSTEAD)
        if bare != ADDED:
            lines.append(line.replace(INSTEAD, "", 1))
    return lines
