# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers as tables, for tests of what is made of their answers."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.mail import dns_questions
from ansible_collections.dms.ipv6.plugins.module_utils.mail.dns_questions import Answer, Question

NO, NONE = Answer(dns_questions.NODATA), Answer(dns_questions.NXDOMAIN)
SILENT = Answer(dns_questions.TIMEOUT, detail="no answer within 5 s")
REFUSING = Answer(dns_questions.REFUSED, detail="it refuses to answer (REFUSED)")
FAILING = Answer(dns_questions.FAILED, detail="it fails (SERVFAIL)")
NO_ROUTE = Answer(dns_questions.UNREACHABLE, detail="cannot be asked: Network is unreachable")
R1, R2 = "192.168.0.53", "192.168.0.54"
NS1, NS2, NS1_SIX = "10.1.0.1", "10.1.0.2", "fd00:53::1"
if t.TYPE_CHECKING:
    Table = dict[str, Answer]


def has(*records: str, ttl: int = 600, chain: tuple[str, ...] = ()) -> Answer:
    """There are these records."""
    return Answer(dns_questions.ANSWER, records, ttl, chain)


def alias(*chain: str) -> Answer:
    """The name is another one's alias, and the rest is left to the client."""
    return Answer(dns_questions.ALIAS, chain=chain)


class World:
    """Servers by address, each a table "name TYPE" -> answer; "*" is what it answers otherwise."""

    def __init__(self, servers: dict[str, Table]) -> None:
        self.servers = servers
        self.asked: list[Question] = []

    def ask(self, questions: t.Sequence[Question]) -> list[Answer]:
        self.asked += questions
        return [self._answer(one) for one in questions]

    def _answer(self, question: Question) -> Answer:
        table = self.servers.get(question.server, {"*": SILENT})
        return table.get(f"{question.name} {question.kind}") or table.get("*") or NONE


# The zone example.com with two name servers, of which the first has an address of each family.
DELEGATION: Table = {
    "example.com NS": has("ns1.example.com", "ns2.example.com"),
    "mail.example.com NS": NO,
    "ns1.example.com A": has(NS1),
    "ns1.example.com AAAA": has(NS1_SIX),
    "ns2.example.com A": has(NS2),
    "ns2.example.com AAAA": NO,
}


def world(
    resolver: Table | None = None,
    ns1: Table | None = None,
    ns2: Table | None = None,
    six: Table | None = None,
    **more: Table,
) -> World:
    """One resolver and the two servers of example.com, which has no AAAA record unless a test gives one."""
    return World(
        {
            R1: {**DELEGATION, "*": NO, **(resolver or {})},
            NS1: {"*": NO, **(ns1 or {})},
            NS1_SIX: {"*": NO, **(ns1 if six is None and ns1 else six or {})},
            NS2: {"*": NO, **(ns2 or {})},
            **{address.replace("_", "."): table for address, table in more.items()},
        }
    )
