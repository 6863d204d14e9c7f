# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to name servers: aliases followed, resolvers tried in turn, every server of a zone asked.

Nothing is sent from here. The caller gives ``ask``, which takes any number of questions and returns their answers in
the same order.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, replace

from ..core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Ask = t.Callable[["Sequence[Question]"], "Sequence[Answer]"]

ANSWER, NODATA, NXDOMAIN = "answer", "no_data", "no_such_name"
# The name is another name's alias, and this server leaves it to the client to go on there.
ALIAS = "alias"
REFUSED, FAILED, TIMEOUT, UNREACHABLE, INVALID = "refused", "failed", "timeout", "unreachable", "invalid"
# An answer that proves nothing: a referral, or one without authority where authority was asked for (RFC 2308, 2.2).
NO_AUTHORITY = "no_authority"
LOOP = "loop"
# Only these two say that there is no such record.
GONE = (NODATA, NXDOMAIN)
SETTLED = (ANSWER, *GONE)
MOST_ALIASES = 8

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True)
class Question:
    """What to ask a server; with ``authoritative`` it must answer by itself, without asking others."""

    server: str
    name: str
    kind: str
    authoritative: bool = False


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        outcome: one of the words above.
        records: what was found: addresses, names, or texts. MX targets are in order of preference.
        ttl: of these records, in seconds.
        chain: the names that aliases led to, the last one being where the records are.
        detail: what went wrong, in words.
    """

    outcome: str
    records: tuple[str, ...] = ()
    ttl: int = 0
    chain: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Said:
    """What one server answered about one name.

    Attributes:
        server: name of an authoritative server; empty for a resolver.
        address: where it was asked; empty if it could not be.
        name: what it was asked about.
    """

    server: str
    address: str
    name: str
    answer: Answer
    authoritative: bool = False

    def __str__(self) -> str:
        """Who that was."""
        if not self.authoritative:
            return f"resolver {self.address}"
        return f"{self.server} ({self.address})" if self.address else self.server


def plain_name(text: str) -> str:
    """One spelling for a name: lower case, without the dot at its end. The root stays a dot."""
    return text.lower().rstrip(".") or "."


def fqdn(text: str, where: str) -> str:
    """Read a fully qualified name.

    Raises:
        Refused: not a name, an address, or only one label.
    """
    bare = text.strip().rstrip(".")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        pass
    else:
        raise Refused(f"{bare} is an address, not a name", where, "Give a name such as mail.example.com")
    try:
        name = bare.encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        raise Refused(f"'{text}' is not a valid name", where, "Give a name such as mail.example.com")
    if len(labels) < 2:
        raise Refused(f"'{text}' is not fully qualified", where, "Give the whole name, such as mail.example.com")
    return name


def resolve(ask: Ask, questions: Sequence[Question]) -> list[Answer]:
    """Ask, and ask the same server again for the target of an alias that it did not follow by itself."""
    answers = list(ask(questions))
    for _hop in range(MOST_ALIASES):
        leads_on = [number for number, answer in enumerate(answers) if answer.outcome == ALIAS]
        if not leads_on:
            break
        further = ask([replace(questions[number], name=answers[number].chain[-1]) for number in leads_on])
        for number, answer in zip(leads_on, further):
            answers[number] = replace(answer, chain=(*answers[number].chain, *answer.chain))
    too_long = f"more than {MOST_ALIASES} aliases, one after another"
    return [replace(answer, outcome=LOOP, detail=too_long) if answer.outcome == ALIAS else answer for answer in answers]


def look_up(ask: Ask, resolvers: Sequence[str], wanted: Sequence[tuple[str, str]]) -> list[Answer]:
    """Ask for each name and type the first resolver that knows whether it is there."""
    answers = [Answer(UNREACHABLE, detail="there is no resolver to ask")] * len(wanted)
    left = list(range(len(wanted)))
    for resolver in resolvers:
        found = resolve(ask, [Question(resolver, *wanted[number]) for number in left])
        for number, answer in zip(left, found):
            answers[number] = answer
        left = [number for number in left if answers[number].outcome not in SETTLED]
        if not left:
            break
    return answers


def authoritative(ask: Ask, resolvers: Sequence[str], name: str, kind: str) -> list[Said]:
    """What every authoritative server says about a name, at each of its addresses.

    Where the name is an alias, the servers of the target's zone are asked as well, because the alias's own servers need
    not know it.
    """
    said: list[Said] = []
    left, done = [name], [name]
    while left and len(done) <= MOST_ALIASES:
        here = _ask_zone(ask, resolvers, left.pop(0), kind)
        said += here
        targets = dict.fromkeys(reply.answer.chain[-1] for reply in here if reply.answer.outcome == ALIAS)
        further = [target for target in targets if target not in done]
        left += further
        done += further
    return [*said, *(Said(f"the servers of {name}", "", name, Answer(LOOP), authoritative=True) for name in left)]


def _ask_zone(ask: Ask, resolvers: Sequence[str], name: str, kind: str) -> list[Said]:
    servers = _name_servers(ask, resolvers, name)
    if servers.outcome != ANSWER:
        return [Said(f"the servers of {name}", "", name, servers, authoritative=True)]
    kinds = ("A", "AAAA")
    found = look_up(ask, resolvers, [(server, kind) for server in servers.records for kind in kinds])
    places: list[tuple[str, str]] = []
    said: list[Said] = []
    for number, server in enumerate(servers.records):
        both = found[2 * number : 2 * number + 2]
        places += [(server, address) for answer in both for address in answer.records]
        # A server that has no address at all answers no client, so no client gets a record from it.
        said += [Said(server, "", name, answer, authoritative=True) for answer in both if answer.outcome not in SETTLED]
    if not places and not said:
        nowhere = Answer(FAILED, detail="they have no address")
        return [Said(f"the servers of {name}", "", name, nowhere, authoritative=True)]
    return [*_ask_places(ask, resolvers, places, Question("", name, kind, authoritative=True)), *said]


def _ask_places(
    ask: Ask, resolvers: Sequence[str], places: Sequence[tuple[str, str]], question: Question
) -> list[Said]:
    """Ask each server at each address; at one that a resolver made up (DNS64) only if it has no other way to be asked.

    A made-up address leads to the server's IPv4 address, if the host's provider translates, and otherwise nowhere.
    """
    invented = made_up(ask, resolvers, [address for _server, address in places])

    def at(some: list[tuple[str, str]]) -> list[Said]:
        answers = ask([replace(question, server=address) for _server, address in some])
        return [Said(*place, question.name, answer, authoritative=True) for place, answer in zip(some, answers)]

    said = at([place for place in places if place[1] not in invented])
    reached = {reply.server for reply in said if reply.answer.outcome != UNREACHABLE}
    return said + at([place for place in places if place[1] in invented and place[0] not in reached])


def _name_servers(ask: Ask, resolvers: Sequence[str], name: str) -> Answer:
    """The name servers of the zone that a name is in, or why they are not known."""
    for candidate in _upwards(name):
        answer = look_up(ask, resolvers, [(candidate, "NS")])[0]
        if answer.chain:  # an alias stands inside a zone, never at its top (RFC 1034, 3.6.2)
            continue
        if answer.outcome not in GONE:
            return answer
    return Answer(FAILED, detail="there is no zone that it is in")


def _upwards(name: str) -> Iterator[str]:
    labels = name.split(".")
    return (".".join(labels[number:]) for number in range(len(labels)))


# --- DNS64

WELL_KNOWN = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052, 2.1
# A name that has these two IPv4 addresses and no AAAA: a resolver that answers one has made it up (RFC 7050, 8.2).
IPV4ONLY = "ipv4only.arpa"
_IPV4ONLY = (ipaddress.IPv4Address("192.0.0.170"), ipaddress.IPv4Address("192.0.0.171"))
# Where the octets of the IPv4 address stand, by the prefix's length (RFC 6052, 2.2).
_OCTETS = {
    96: (12, 13, 14, 15),
    64: (9, 10, 11, 12),
    56: (7, 9, 10, 11),
    48: (6, 7, 9, 10),
    40: (5, 6, 7, 9),
    32: (4, 5, 6, 7),
}


def dns64_prefixes(answer: Answer) -> tuple[ipaddress.IPv6Network, ...]:
    """The prefixes that a resolver makes addresses up from, by its AAAA answer for IPV4ONLY."""
    found = [WELL_KNOWN]
    for text in answer.records:
        address = ipaddress.IPv6Address(text)
        for length, octets in _OCTETS.items():
            inside = ipaddress.IPv4Address(bytes(address.packed[number] for number in octets))
            if inside in _IPV4ONLY:
                found.append(ipaddress.IPv6Network((address, length), strict=False))
    return tuple(dict.fromkeys(found))


def made_up(ask: Ask, resolvers: Sequence[str], addresses: Sequence[str]) -> set[str]:
    """Which of these addresses the resolvers have made up from IPv4 addresses; asked only if there is any of IPv6."""
    six = [address for address in addresses if ":" in address]
    if not six:
        return set()
    prefixes = dns64_prefixes(look_up(ask, resolvers, [(IPV4ONLY, "AAAA")])[0])
    return {address for address in six if any(ipaddress.IPv6Address(address) in prefix for prefix in prefixes)}
