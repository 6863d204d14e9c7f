# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain's SPF record says about an IPv6 address (RFC 7208).

Macros, ``exists`` and ``ptr`` depend on the message and are not evaluated: where they could change the result, it is
*unknown*. The limit of void lookups (RFC 7208, 4.6.4), which is each receiver's own choice, is not applied.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from . import dns_questions

if t.TYPE_CHECKING:
    LookUp = t.Callable[[str, str], dns_questions.Answer]

PASS, FAIL, SOFTFAIL, NEUTRAL = "pass", "fail", "softfail", "neutral"
NONE, PERMERROR, UNKNOWN = "none", "permerror", "unknown"
QUALIFIERS = {"+": PASS, "-": FAIL, "~": SOFTFAIL, "?": NEUTRAL}
MOST_LOOKUPS = 10
MOST_MX = 10

_MODIFIER = re.compile(r"^([a-z][a-z0-9_.-]*)=(.*)$", re.IGNORECASE)
_LITERAL = re.compile(r"^([+?~-]?)ip([46]):([0-9a-f.:]+)(?:/([0-9]+))?$", re.IGNORECASE)
_MECHANISM = re.compile(r"^([+?~-]?)([a-z0-9]+)(?::(.*?))?(?:/([0-9]+))?(?://([0-9]+))?$", re.IGNORECASE)
# Mechanism -> whether it takes a domain (None: it may) and whether lengths.
_SHAPES: dict[str, tuple[bool | None, bool]] = {
    "all": (False, False),
    "include": (True, False),
    "a": (None, True),
    "mx": (None, True),
    "ptr": (None, False),
    "exists": (True, False),
}


@dataclass(frozen=True)
class Spf:
    """The result.

    Attributes:
        status: one of the words above, RFC 7208's own except for *unknown*.
        record: the domain's record.
        by: the term that decided; empty if none did.
        detail: why it is not known, or what is wrong with the record.
    """

    status: str
    record: str = ""
    by: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Term:
    """One mechanism.

    Attributes:
        domain: the domain it names, empty for the record's own.
        network: of ip6, None otherwise.
        length: how many bits of an IPv6 address count, of a and mx.
    """

    text: str
    status: str
    name: str
    domain: str = ""
    network: ipaddress.IPv6Network | None = None
    length: int = 128


class _Invalid(Exception):
    """RFC 7208's permerror; never leaves this file."""


def check(domain: str, address: str, look_up: LookUp) -> Spf:
    """Whether the SPF record of a domain lets an IPv6 address send its mail."""
    evaluation = _Check(ipaddress.IPv6Address(address), look_up)
    try:
        return evaluation.check(domain)
    except _Invalid as reason:
        return Spf(PERMERROR, evaluation.record, detail=str(reason))


class _Check:
    """One evaluation: it counts its lookups over all records included."""

    def __init__(self, address: ipaddress.IPv6Address, look_up: LookUp) -> None:
        self.address = address
        self.look_up = look_up
        self.lookups = 0
        self.record = ""

    def check(self, domain: str) -> Spf:
        answer = self.look_up(domain, "TXT")
        if answer.outcome not in dns_questions.SETTLED:
            return Spf(UNKNOWN, detail=f"TXT of {domain}: {answer.detail or answer.outcome}")
        records = _records(answer)
        if len(records) > 1:
            raise _Invalid(f"{domain} has {len(records)} SPF records, of which one is allowed (RFC 7208, 4.5)")
        if not records:
            return Spf(NONE, detail=f"{domain} has no SPF record")
        self.record = self.record or records[0]
        terms, redirect = parse(records[0])
        unsure: list[Term] = []
        for term in terms:
            matches = self._matches(term, domain)
            if matches is None:
                unsure.append(term)
            elif matches:
                return _decided(Spf(term.status, records[0], term.text), unsure)
        if redirect:
            return _decided(self._redirected(redirect, records[0]), unsure)
        return _decided(Spf(NEUTRAL, records[0]), unsure)

    def _redirected(self, redirect: str, record: str) -> Spf:
        self._spend()
        if "%" in redirect:
            return Spf(UNKNOWN, record, f"redirect={redirect}", "macros are not evaluated")
        further = self.check(redirect)
        if further.status == NONE:
            raise _Invalid(f"redirect={redirect}: {further.detail}")
        return Spf(further.status, record, f"redirect={redirect} {further.by}".rstrip(), further.detail)

    def _matches(self, term: Term, domain: str) -> bool | None:
        """Whether a mechanism matches; None if that is unknown."""
        if term.name in ("all", "ip4", "ip6"):
            return term.name == "all" or (term.network is not None and self.address in term.network)
        self._spend()
        target = term.domain or domain
        if "%" in target or term.name in ("ptr", "exists"):
            return None
        if term.name == "include":
            return self._includes(target)
        if term.name == "mx":
            return self._mx(target, term.length)
        return self._holds([target], term.length)

    def _includes(self, target: str) -> bool | None:
        further = self.check(target)
        if further.status == NONE:
            raise _Invalid(f"include:{target}: {further.detail}")
        return None if further.status == UNKNOWN else further.status == PASS

    def _mx(self, target: str, length: int) -> bool | None:
        answer = self.look_up(target, "MX")
        if answer.outcome not in dns_questions.SETTLED:
            return None
        if len(answer.records) > MOST_MX:
            raise _Invalid(f"mx:{target}: more than {MOST_MX} names (RFC 7208, 4.6.4)")
        return self._holds([name for name in answer.records if name != "."], length)

    def _holds(self, names: list[str], length: int) -> bool | None:
        answers = [self.look_up(name, "AAAA") for name in names]
        networks = [
            ipaddress.IPv6Network((record, length), strict=False) for each in answers for record in each.records
        ]
        if any(self.address in network for network in networks):
            return True
        return False if all(answer.outcome in dns_questions.SETTLED for answer in answers) else None

    def _spend(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Invalid(f"it takes more than {MOST_LOOKUPS} DNS lookups (RFC 7208, 4.6.4)")


def _decided(found: Spf, unsure: list[Term]) -> Spf:
    """The result, unless a term before it that may match would have given another."""
    for term in unsure:
        if term.status != found.status:
            return Spf(UNKNOWN, found.record, term.text, f"it is unknown whether {term.text} matches")
    return found


def _records(answer: dns_questions.Answer) -> list[str]:
    return [text for text in answer.records if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def parse(record: str) -> tuple[list[Term], str]:
    """The mechanisms of a record in order, and the domain of its ``redirect``.

    Raises:
        _Invalid: the record is wrong anywhere, which makes all of it void (RFC 7208, 4.6).
    """
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for text in record.split()[1:]:
        modifier = _MODIFIER.match(text)
        if not modifier:
            terms.append(_term(text))
            continue
        name = modifier.group(1).lower()
        if name in ("redirect", "exp"):
            if name in modifiers:
                raise _Invalid(f"{name} stands twice")
            modifiers[name] = _domain(modifier.group(2), text)
    return terms, modifiers.get("redirect", "")


def _term(text: str) -> Term:
    literal = _LITERAL.match(text)
    if literal:
        return _literal(text, literal)
    found = _MECHANISM.match(text)
    if not found or found.group(2).lower() not in _SHAPES:
        raise _Invalid(f"'{text}' is not a mechanism")
    qualifier, name, domain, length4, length6 = found.groups()
    takes_domain, takes_lengths = _SHAPES[name.lower()]
    missing = takes_domain is True and domain is None
    surplus = (takes_domain is False and domain is not None) or (not takes_lengths and (length4 or length6))
    if missing or surplus or int(length4 or 0) > 32 or int(length6 or 0) > 128:
        raise _Invalid(f"'{text}' is malformed")
    target = "" if domain is None else _domain(domain, text)
    return Term(
        text, QUALIFIERS[qualifier or "+"], name.lower(), target, length=128 if length6 is None else int(length6)
    )


def _literal(text: str, found: re.Match[str]) -> Term:
    qualifier, family, address, length = found.groups()
    cidr = address if length is None else f"{address}/{length}"
    status = QUALIFIERS[qualifier or "+"]
    try:
        if family == "6":
            return Term(text, status, "ip6", network=ipaddress.IPv6Network(cidr, strict=False))
        ipaddress.IPv4Network(cidr, strict=False)
    except ValueError:
        raise _Invalid(f"'{text}' is malformed") from None
    return Term(text, status, "ip4")


def _domain(text: str, term: str) -> str:
    """A domain that a term names; one with macros is left alone."""
    bare = text.rstrip(".")
    if "%" in bare:
        return bare
    labels = bare.split(".")
    if len(labels) < 2 or not all(labels) or "/" in bare:
        raise _Invalid(f"'{term}' names no domain")
    return bare.lower()
