# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reading modules report as wrong."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable

INFO, WARNING, CRITICAL = "info", "warning", "critical"


class Place(t.NamedTuple):
    """A published port.

    Attributes:
        container: its name.
        port: of the container, as ``80/tcp``.
        clients: of which family, as ``IPv6 clients``.
        what: happens to these clients, as ``appear as``.
        seen_as: the gateway that they appear as; empty if they do not.
        because: why, as a clause; empty if that is said already.
    """

    container: str
    port: str
    clients: str
    what: str
    seen_as: str = ""
    because: str = ""

    def __str__(self) -> str:
        said = sentence(self.clients, self.what, self.seen_as, self.because)
        return f"container {self.container}, port {self.port}: {said}"


def sentence(clients: str, what: str, seen_as: str, because: str) -> str:
    """What clients get at one place or several."""
    return f"{clients} {' '.join(filter(None, (what, seen_as)))}{f', because {because}' if because else ''}"


class Finding(t.NamedTuple):
    """Something an operator should know; ids are stable.

    Attributes:
        evidence: what was seen, and where, as a clause without a full stop.
        remedy: what to do about it, as a sentence without a full stop.
        place: of a finding about one published port, so that those with one cause can be shown as one.
    """

    id: str
    severity: str
    evidence: str
    remedy: str
    place: Place | None = None

    def result(self) -> dict[str, t.Any]:
        """As a module returns it."""
        found = self._asdict()
        place = found.pop("place")
        return {**found, "place": place._asdict()} if place else found


def to_name(containers: Iterable[str]) -> str:
    """The usual remedy: containers to be named by the user."""
    return f"Add {', '.join(containers)} to dms_ipv6_containers, then run dms.ipv6.enable"
