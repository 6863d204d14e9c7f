# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends questions to name servers with dnspython (2.0 or later), and reads their answers without guessing.

dnspython's own resolver is not used: it takes a referral, and an alias that a server does not follow, for "no such
record".
"""

from __future__ import annotations

import contextlib
import errno
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ...core.refused import Refused
from .. import dns_questions
from ..dns_questions import Answer, Question

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver
    from dns.query import udp_with_fallback

    AVAILABLE = True
except ImportError:
    AVAILABLE = False

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    Place = tuple[str, bool]

# The host has no address or route of that family.
NO_WAY_OUT = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# A datagram may be lost: it is sent twice within the time limit.
TRIES = 2
AT_ONCE = 8
# Fits every path without fragments (RFC 9715); what is longer comes over TCP.
PAYLOAD = 1232
# A server that never answers anything is given up after so many questions.
PATIENCE = 2


def available() -> None:
    """Raise Refused if dnspython is missing."""
    if not AVAILABLE:
        raise Refused(
            "the Python package dnspython (2.0 or later) is missing on this host",
            remedy="Install the package python3-dnspython",
        )


def system_resolvers() -> tuple[str, ...]:
    """The resolvers that this host uses."""
    try:
        found = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException:
        found = []
    if not found:
        raise Refused("this host has no resolver", "/etc/resolv.conf", "Name some in `resolvers`")
    return tuple(str(item) for item in found)


class Client:
    """Asks, remembers the answers, and remembers who never answers.

    Args:
        port: of resolvers.
        authoritative_port: of all other servers.
        timeout: seconds for each question over UDP, and again over TCP for a long answer.
    """

    def __init__(self, port: int = 53, authoritative_port: int = 53, timeout: float = 5) -> None:
        self.ports = {False: port, True: authoritative_port}
        self.timeout = timeout
        self.known: dict[Question, Answer] = {}
        self.heard: set[Place] = set()
        self.unanswered: Counter[Place] = Counter()

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers in the order of the questions, of which several are on their way at once."""
        new = list(dict.fromkeys(question for question in questions if question not in self.known))
        if new:
            with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
                self.known.update(zip(new, pool.map(self._ask, new)))
            self._note(new)
        return [self.known[question] for question in questions]

    def _ask(self, question: Question) -> Answer:
        place = (question.server, question.authoritative)
        if place not in self.heard and self.unanswered[place] >= PATIENCE:
            return Answer(dns_questions.TIMEOUT, detail="it has answered nothing so far, and is not asked again")
        try:
            return self._exchange(question)
        except dns.exception.Timeout:
            return Answer(dns_questions.TIMEOUT, detail=f"no answer within {self.timeout:g} s")
        except (dns.exception.DNSException, ValueError) as error:  # dnspython 2.3 raises both for a garbled answer
            return Answer(dns_questions.INVALID, detail=f"not understood: {error or type(error).__name__}")
        except (OSError, EOFError) as error:
            outcome = dns_questions.FAILED
            if isinstance(error, OSError) and error.errno in NO_WAY_OUT:
                outcome = dns_questions.UNREACHABLE
            return Answer(outcome, detail=f"cannot be asked: {getattr(error, 'strerror', None) or error}")

    def _exchange(self, question: Question) -> Answer:
        """Ask once; a server that does not take EDNS is asked again without (RFC 6891, 7)."""
        answer = Answer(dns_questions.FAILED)
        for edns in (0, False):
            message = dns.message.make_query(question.name, question.kind, use_edns=edns, payload=PAYLOAD)
            if question.authoritative:
                message.flags &= ~dns.flags.RD
            response = self._send(message, question)
            if response.rcode() not in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS):
                return read(response, question)
            answer = read(response, question)
        return answer

    def _send(self, message: dns.message.Message, question: Question) -> dns.message.Message:
        port, limit = self.ports[question.authoritative], self.timeout / TRIES
        for _try in range(1, TRIES):
            with contextlib.suppress(dns.exception.Timeout):
                return udp_with_fallback(message, question.server, limit, port, ignore_unexpected=True)[0]
        return udp_with_fallback(message, question.server, limit, port, ignore_unexpected=True)[0]

    def _note(self, questions: Sequence[Question]) -> None:
        """Who has answered anything, and how often the others have not: a slow name does not mean a dead server."""
        for question in questions:
            place = (question.server, question.authoritative)
            if self.known[question].outcome == dns_questions.TIMEOUT:
                self.unanswered[place] += 1
            else:
                self.heard.add(place)


def read(response: dns.message.Message, question: Question) -> Answer:
    """What an answer says. Only what is clearly a "no" becomes one."""
    code = response.rcode()
    if code == dns.rcode.REFUSED:
        return Answer(dns_questions.REFUSED, detail="it refuses to answer (REFUSED)")
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Answer(dns_questions.FAILED, detail=f"it fails ({dns.rcode.to_text(code)})")
    name, kind = dns.name.from_text(question.name), dns.rdatatype.from_text(question.kind)
    if [(question.name, question.rdtype) for question in response.question] != [(name, kind)]:
        return Answer(dns_questions.INVALID, detail="it answers another question")
    owner, chain = _follow(response, name)
    found = response.get_rrset(response.answer, owner, dns.rdataclass.IN, kind)
    if found:
        return Answer(dns_questions.ANSWER, _texts(found, question.kind), found.ttl, chain)
    if question.authoritative and not response.flags & dns.flags.AA:
        return Answer(dns_questions.NO_AUTHORITY, chain=chain, detail="it answers without authority")
    if chain and (question.authoritative or code == dns.rcode.NOERROR):
        return Answer(dns_questions.ALIAS, chain=chain)
    if code == dns.rcode.NXDOMAIN:
        return Answer(dns_questions.NXDOMAIN, chain=chain)
    if _refers(response):
        return Answer(dns_questions.NO_AUTHORITY, detail="it refers to other servers")
    return Answer(dns_questions.NODATA, chain=chain)


def _follow(response: dns.message.Message, name: dns.name.Name) -> tuple[dns.name.Name, tuple[str, ...]]:
    """Where the aliases in an answer lead to, and over which names."""
    aliases = {rrset.name: rrset[0].target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME}
    chain: list[str] = []
    while name in aliases and len(chain) <= dns_questions.MOST_ALIASES:
        name = aliases[name]
        chain.append(_plain(name))
    return name, tuple(chain)


def _refers(response: dns.message.Message) -> bool:
    """A referral has name servers and no SOA (RFC 2308, 2.2)."""
    kinds = {rrset.rdtype for rrset in response.authority}
    authority = bool(response.flags & dns.flags.AA)
    return not authority and dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds


def _texts(found: t.Any, kind: str) -> tuple[str, ...]:
    """The records as text; those of MX by preference, and the parts of a TXT as one (RFC 7208, 3.3)."""
    if kind == "MX":
        return tuple(_plain(record.exchange) for record in sorted(found, key=lambda record: record.preference))
    if kind == "TXT":
        return tuple(b"".join(record.strings).decode("ascii", "replace") for record in found)
    if kind in ("A", "AAAA"):
        return tuple(sorted(str(record.address) for record in found))
    return tuple(sorted(_plain(record.target) for record in found))


def _plain(name: dns.name.Name) -> str:
    return dns_questions.plain_name(name.to_text())
