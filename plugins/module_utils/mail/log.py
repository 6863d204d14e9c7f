# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server's log: how often, and from when to when, an address appears in it as the client."""

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass

from ..core import ip

if t.TYPE_CHECKING:
    from collections.abc import Collection

# Both of syslog's dates: `Nov 25 18:00:01` and `2026-11-25T18:00:01.123456+00:00`.
DATED = re.compile(
    r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) \S+ ([^:]+): (.*)"
)
# Postfix names the client first, as `name[address]`; what the client says of itself (HELO, sender) comes later in the
# line. The capitals are postscreen's (`ALLOWLISTED [172.17.0.1]:45262`). A server that Postfix talks to comes behind
# `relay=` or `to `. In two parts, because one pattern for both takes time with the square of the line's length.
POSTFIX = re.compile(r"([^\[\]]*)\[([0-9A-Fa-f.:]+)\]")
BEFORE = re.compile(r"(?:from|warning:|for|[A-Z]{3}) \Z")
# Dovecot names it behind the user, so the last one counts.
DOVECOT = re.compile(r".*\brip=([0-9A-Fa-f.:]+)")
REJECTED = re.compile(r"NOQUEUE: reject: [^:\[]*(?:\[[^\[\]]{0,80}\])?(?::\d{1,5})?: [45]\d\d (\d\.\d{1,3}\.\d{1,3})?")
# Postfix cuts its lines at 2000 characters; a longer one is an attempt to keep us busy.
LONGEST = 4096
# RFC 7372: SPF said no, and SPF could not be decided.
SPF = (".7.23", ".7.24")


@dataclass(frozen=True)
class Seen:
    """A client in the log.

    Attributes:
        lines: that name it as the client.
        rejected: mail that Postfix did not take from it.
        spf: how much of that for SPF.
        first: date of the first line, as it stands there.
        last: of the last one.
    """

    lines: int
    rejected: int
    spf: int
    first: str
    last: str


def clients(log: str, wanted: Collection[str]) -> dict[str, Seen]:
    """Those of some addresses that the log names as clients."""
    found: dict[str, Seen] = {}
    plain = functools.lru_cache(ip.plain)
    for line in log.splitlines():
        dated = DATED.match(line[:LONGEST])
        if dated is None:
            continue
        date, program, text = dated.groups()
        named = _by_dovecot(text) if program.startswith("dovecot") else _by_postfix(text)
        address = plain(named) if named else ""
        if address in wanted:
            refusal = REJECTED.search(text)
            spf = refusal is not None and (refusal.group(1) or "").endswith(SPF)
            old = found.get(address, Seen(0, 0, 0, date, date))
            rejected = old.rejected + (refusal is not None)
            found[address] = Seen(old.lines + 1, rejected, old.spf + spf, old.first, date)
    return found


def _by_dovecot(text: str) -> str:
    found = DOVECOT.match(text)
    return found.group(1) if found else ""


def _by_postfix(text: str) -> str:
    """The address in the line's first brackets, if the word before them is a client's name."""
    found = POSTFIX.match(text)
    if found is None:
        return ""
    head, address = found.groups()
    name = head.split()[-1] if head and not head[-1].isspace() else ""
    return address if "client=" in name or BEFORE.search(head[: len(head) - len(name)]) else ""
