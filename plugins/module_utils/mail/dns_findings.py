# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DNS says about a mail server and IPv6: AAAA of its names, MX, PTR and SPF; and what is wrong about that."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, replace

from ..core import ip
from ..core.finding import CRITICAL, INFO, WARNING, Finding
from ..core.refused import Refused
from . import dns_questions
from . import spf as mail_spf
from .dns_questions import Said

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"
ANY = "any"
RESOLVER, AUTHORITATIVE = "resolver", "authoritative"
CONFIRMED, MISSING, MISMATCH = "confirmed", "missing", "mismatch"
# Receivers look at no more names than this either (RFC 7208, 5.5).
MOST_PTR = 10


@dataclass(frozen=True)
class Wanted:
    """What to look up, and what is expected.

    Attributes:
        names: names that clients connect to.
        resolvers: addresses of resolvers.
        expect: whether the names should have an AAAA record (``present``, ``absent`` or ``any``).
        addresses: the host's own IPv6 addresses; empty if AAAA records are not to be compared with them.
        outbound: the IPv6 address that the host sends mail from, or empty.
        domain: the domain of the mail, or empty.
    """

    names: tuple[str, ...]
    resolvers: tuple[str, ...]
    expect: str = ANY
    addresses: tuple[str, ...] = ()
    outbound: str = ""
    domain: str = ""


@dataclass(frozen=True)
class Name:
    """What is known of a name's AAAA records.

    Attributes:
        mx: whether the domain's mail is delivered to it.
        status: whether there is any: ``present``, ``absent`` or ``unknown``.
        asked: whose word that is.
        said: what each server said.
        made_up: addresses that resolvers made up from IPv4 addresses (DNS64), by the resolver's address.
    """

    name: str
    mx: bool
    status: str
    asked: str
    said: tuple[Said, ...]
    made_up: tuple[tuple[str, str], ...] = ()

    def holders(self) -> tuple[Said, ...]:
        """The servers that have a record."""
        return tuple(reply for reply in self.said if self.real(reply))

    def real(self, said: Said) -> list[str]:
        """The addresses that a server gave and did not make up."""
        return [
            record for record in said.answer.records if said.authoritative or (said.address, record) not in self.made_up
        ]

    def own_table(self, said: Said) -> bool:
        """Whether a resolver has it from nowhere but a table of its own: /etc/hosts, or the host's name.

        Out of its cache a record would have some time left to live.
        """
        all_spoke = self.asked == AUTHORITATIVE and not _missed([reply for reply in self.said if reply.authoritative])
        return all_spoke and not said.authoritative and not said.answer.ttl

    @property
    def published(self) -> tuple[Said, ...]:
        """The servers whose records come from the name's own zone, as far as is known."""
        return tuple(holder for holder in self.holders() if not self.own_table(holder))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that a server has for it."""
        return tuple(dict.fromkeys(address for said in self.said for address in self.real(said)))

    @property
    def ttl(self) -> int:
        """How long clients may still use the answers of just now, in seconds."""
        return max((holder.answer.ttl for holder in self.holders()), default=0)

    @property
    def chain(self) -> tuple[str, ...]:
        """The names that aliases led to."""
        return max((reply.answer.chain for reply in self.said), key=len, default=())


@dataclass(frozen=True)
class Mx:
    """Where a domain's mail is delivered to: *implicit* is the domain itself for want of an MX (RFC 5321, 5.1)."""

    status: str
    targets: tuple[str, ...] = ()
    implicit: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Ptr:
    """The names of the outbound address, and whether one of them names the address in turn."""

    status: str
    names: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that was looked up; None where it was not wanted."""

    names: tuple[Name, ...]
    mx: Mx | None = None
    ptr: Ptr | None = None
    spf: mail_spf.Spf | None = None


# --- what is wanted


def outbound_address(text: str) -> str:
    """Read the outbound address.

    Raises:
        Refused: not an IPv6 address, or reserved for documentation.
    """
    found = ipv6_addresses([text], "outbound")[0]
    if ip.is_documentation(found):
        raise Refused(
            f"{found} is reserved for documentation (RFC 3849, RFC 9637)",
            "outbound",
            "Give the address that the host sends mail from",
        )
    return found


def ipv6_addresses(texts: Iterable[str], where: str) -> tuple[str, ...]:
    """Read IPv6 addresses, of which a prefix length or zone is not looked at."""
    found = []
    for text in texts:
        try:
            found.append(str(ipaddress.IPv6Address(text.strip().split("/")[0].split("%")[0])))
        except ValueError:
            raise Refused(f"'{text}' is not an IPv6 address", where) from None
    return tuple(found)


def resolver_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """Read the addresses of resolvers; a zone stays, because a link-local one needs it."""
    found = []
    for text in texts:
        try:
            ipaddress.ip_address(text.strip().split("%")[0])
        except ValueError:
            raise Refused(
                f"'{text}' is not an address", "resolvers", "Give addresses, as 192.168.1.1 or fd00::53"
            ) from None
        found.append(text.strip())
    return tuple(found)


# --- looking up


def examine(wanted: Wanted, ask: dns_questions.Ask) -> Report:
    """Look everything up."""
    mx = _mx(wanted, ask) if wanted.domain else None
    targets = mx.targets if mx else ()
    names = dict.fromkeys((*wanted.names, *targets))
    return Report(
        tuple(_name(name, name in targets, wanted.resolvers, ask) for name in names),
        mx,
        _ptr(wanted, ask) if wanted.outbound else None,
        _spf_of(wanted, ask) if wanted.outbound and wanted.domain else None,
    )


def _mx(wanted: Wanted, ask: dns_questions.Ask) -> Mx:
    answer = dns_questions.look_up(ask, wanted.resolvers, [(wanted.domain, "MX")])[0]
    if answer.outcome == dns_questions.ANSWER:
        # A single dot says that the domain takes no mail (RFC 7505).
        targets = tuple(dict.fromkeys(record for record in answer.records if record != "."))
        return Mx(PRESENT if targets else ABSENT, targets, detail="" if targets else "the domain takes no mail")
    if answer.outcome == dns_questions.NODATA:
        return Mx(ABSENT, (wanted.domain,), implicit=True)
    if answer.outcome == dns_questions.NXDOMAIN:
        return Mx(ABSENT, detail="there is no such domain")
    return Mx(UNKNOWN, detail=_words(answer))


def _name(name: str, mx: bool, resolvers: Sequence[str], ask: dns_questions.Ask) -> Name:
    """Ask every resolver, and every authoritative server if any resolver answers."""
    answers = dns_questions.resolve(ask, [dns_questions.Question(resolver, name, "AAAA") for resolver in resolvers])
    said = [Said("", address, name, answer) for address, answer in zip(resolvers, answers)]
    silent = (dns_questions.TIMEOUT, dns_questions.UNREACHABLE)
    awake = [reply.address for reply in said if reply.answer.outcome not in silent]
    own = dns_questions.authoritative(ask, awake, name, "AAAA") if awake else []
    made_up = tuple(
        (reply.address, address)
        for reply in said
        for address in sorted(dns_questions.made_up(ask, [reply.address], reply.answer.records))
    )
    return judge(name, mx, (*said, *own), made_up)


def judge(name: str, mx: bool, said: tuple[Said, ...], made_up: tuple[tuple[str, str], ...] = ()) -> Name:
    """Whether a name has AAAA records, by what the servers said.

    One that has any is enough for *present*. *Absent* takes a clear word from every server that counts: all
    authoritative servers, or all resolvers where no authoritative server can be reached.
    """
    own = [reply for reply in said if reply.authoritative]
    others = [reply for reply in said if not reply.authoritative]
    reached = any(_clear(reply) for reply in own)
    found = Name(name, mx, UNKNOWN, AUTHORITATIVE if reached else RESOLVER, said, made_up)
    if found.holders():
        return replace(found, status=PRESENT)
    deny = _all_deny(own) if reached else all(other.answer.outcome in dns_questions.GONE for other in others)
    return replace(found, status=ABSENT if deny else UNKNOWN)


def _clear(said: Said) -> bool:
    return said.answer.outcome in (*dns_questions.SETTLED, dns_questions.ALIAS)


def _all_deny(said: Sequence[Said]) -> bool:
    """Whether every authoritative server said that there is none, or led on to servers that did."""
    return not _missed(said) and any(reply.answer.outcome in dns_questions.GONE for reply in said)


def _missed(said: Sequence[Said]) -> list[Said]:
    """Whose word is missing.

    An address that this host has no route to does not count if the same server answered at another one: most hosts
    without IPv6 would never get a clear word otherwise.
    """
    heard = {(reply.server, reply.name) for reply in said if _clear(reply)}
    unheard = [reply for reply in said if not _clear(reply)]
    no_route = dns_questions.UNREACHABLE
    return [reply for reply in unheard if reply.answer.outcome != no_route or (reply.server, reply.name) not in heard]


def _ptr(wanted: Wanted, ask: dns_questions.Ask) -> Ptr:
    """Forward-confirmed reverse DNS: the address's names, and whether one of them has the address."""
    pointer = ipaddress.IPv6Address(wanted.outbound).reverse_pointer
    answer = dns_questions.look_up(ask, wanted.resolvers, [(pointer, "PTR")])[0]
    if answer.outcome in dns_questions.GONE:
        return Ptr(MISSING)
    if answer.outcome != dns_questions.ANSWER:
        return Ptr(UNKNOWN, detail=f"PTR of {wanted.outbound}: {_words(answer)}")
    names = answer.records[:MOST_PTR]
    forward = dns_questions.look_up(ask, wanted.resolvers, [(name, "AAAA") for name in names])
    if any(wanted.outbound in answer.records for answer in forward):
        return Ptr(CONFIRMED, names)
    unsure = [f"AAAA of {name}: {_words(reply)}" for name, reply in zip(names, forward) if not _is_settled(reply)]
    return Ptr(UNKNOWN, names, "; ".join(unsure)) if unsure else Ptr(MISMATCH, names)


def _is_settled(answer: dns_questions.Answer) -> bool:
    return answer.outcome in dns_questions.SETTLED


def _spf_of(wanted: Wanted, ask: dns_questions.Ask) -> mail_spf.Spf:
    def look_up(name: str, kind: str) -> dns_questions.Answer:
        return dns_questions.look_up(ask, wanted.resolvers, [(name, kind)])[0]

    return mail_spf.check(wanted.domain, wanted.outbound, look_up)


def _words(answer: dns_questions.Answer) -> str:
    return answer.detail or answer.outcome.replace("_", " ")


# --- what is wrong


def findings(report: Report, wanted: Wanted) -> list[Finding]:
    """What is wrong, by what was expected."""
    found = [finding for name in report.names for finding in _of_name(name, wanted)]
    if report.mx and report.mx.status == UNKNOWN:
        evidence = f"MX of {wanted.domain} is not known, so not whether its mail servers have AAAA records"
        found.append(_unknown(f"{evidence}: {report.mx.detail}", wanted))
    if report.ptr:
        found += _of_ptr(report.ptr, wanted)
    if report.spf:
        found += _of_spf(report.spf, wanted)
    return found


def _of_name(name: Name, wanted: Wanted) -> list[Finding]:
    found = []
    if name.status == PRESENT and wanted.expect == ABSENT:
        found.append(_present(name))
    if name.status != UNKNOWN and not name.published and wanted.expect == PRESENT:
        remedy = "Give it an AAAA record with the address that clients reach the host by, on every authoritative server"
        found.append(Finding("aaaa_missing", WARNING, f"{name.name} has no AAAA record", remedy))
    if name.status == UNKNOWN:
        found.append(_unknown(f"{name.name}: it is unknown whether it has an AAAA record: {_unclear(name)}", wanted))
    addresses = dict.fromkeys(address for reply in name.published for address in name.real(reply))
    wrong = [address for address in addresses if address not in wanted.addresses]
    if wanted.addresses and wrong:
        found.append(_wrong_host(name, wrong, wanted))
    return [*found, *([_dns64(name)] if name.made_up else [])]


def _present(name: Name) -> Finding:
    lasts = f"clients may use it for up to {name.ttl} s more"
    if name.asked == RESOLVER or any(holder.authoritative for holder in name.holders()):
        evidence = f"{_held(name)}; once it is taken out, {lasts}"
        return Finding("aaaa_present", WARNING, evidence, "Take it out on every authoritative server")
    if name.published:
        evidence = f"{_held(name)}; no authoritative server that answers has it any more; {lasts}"
        return Finding("aaaa_present", WARNING, evidence, f"Wait {name.ttl} s and look again")
    evidence = (
        f"{_held(name)}, by a table of its own; no authoritative server has it, so clients elsewhere do not see it"
    )
    return Finding(
        "aaaa_present", INFO, evidence, "Nothing for clients; to be sure, give another resolver in `resolvers`"
    )


def _held(name: Name) -> str:
    """Which server has which address of a name."""
    at = ", ".join(f"{' '.join(name.real(holder))} at {holder}" for holder in name.holders())
    alias = f", an alias of {name.chain[-1]}," if name.chain else ""
    return f"{name.name}{alias} has an AAAA record: {at}"


def _unclear(name: Name) -> str:
    """Who did not give a clear answer, each with the reason."""
    counts = [reply for reply in name.said if reply.authoritative == (name.asked == AUTHORITATIVE)]
    unclear = [count for count in counts if not _clear(count)] or counts
    return "; ".join(f"{reply}: {_words(reply.answer)}" for reply in unclear)


def _unknown(evidence: str, wanted: Wanted) -> Finding:
    remedy = "Look again once these servers answer; until then expect clients that come over IPv6"
    return Finding("aaaa_unknown", INFO if wanted.expect == ANY else WARNING, evidence, remedy)


def _wrong_host(name: Name, wrong: list[str], wanted: Wanted) -> Finding:
    evidence = f"{_held(name)}; this host does not have {', '.join(wrong)}"
    remedy = f"Let it name an address of this host ({', '.join(wanted.addresses)}), or take it out"
    lasts = f"clients may use it for up to {name.ttl} s more"
    return Finding("aaaa_wrong_host", WARNING, f"{evidence}; once it is changed, {lasts}", remedy)


def _dns64(name: Name) -> Finding:
    synthesized = ", ".join(f"{address} by resolver {resolver}" for resolver, address in name.made_up)
    evidence = f"{name.name}: AAAA made up from an IPv4 address (DNS64, RFC 6147): {synthesized}"
    if name.status == UNKNOWN:
        return Finding("dns64", WARNING, evidence, "Give a resolver without DNS64 in `resolvers`")
    return Finding("dns64", INFO, evidence, "Nothing: clients of such a resolver reach the host over IPv4")


def _of_ptr(ptr: Ptr, wanted: Wanted) -> list[Finding]:
    remedy = f"Let the provider of {wanted.outbound} set its PTR to the mail server's name, which needs it as AAAA"
    names = ", ".join(ptr.names)
    if ptr.status == MISSING:
        return [
            Finding("ptr_missing", WARNING, f"{wanted.outbound} has no PTR record: mail is rejected for it", remedy)
        ]
    if ptr.status == MISMATCH:
        evidence = f"{wanted.outbound} is {names} by its PTR record, which does not have it as AAAA in turn"
        return [Finding("ptr_mismatch", WARNING, evidence, remedy)]
    if ptr.status == UNKNOWN:
        return [Finding("ptr_unknown", INFO, ptr.detail, "Look again once the name servers answer")]
    return []


def _of_spf(spf: mail_spf.Spf, wanted: Wanted) -> list[Finding]:
    """A domain without SPF rejects nothing by it, so that has nothing to do with IPv6."""
    if spf.status in (mail_spf.PASS, mail_spf.NONE):
        return []
    if spf.status == UNKNOWN:
        return [Finding("spf_unknown", INFO, f"SPF of {wanted.domain}: {spf.detail}", "Have it checked by a receiver")]
    why = spf.detail or f"{spf.status} by {spf.by or 'the end of the record'}"
    evidence = f"SPF of {wanted.domain} does not cover {wanted.outbound}: {why} in '{spf.record}'"
    severity = CRITICAL if spf.status == mail_spf.FAIL else WARNING
    return [Finding("spf_misses_ipv6", severity, evidence, f"Add ip6:{wanted.outbound} to it")]


def summary(report: Report, found: Sequence[Finding]) -> str:
    """All of it in one sentence."""
    parts = [f"{name.name}: AAAA {name.status} ({name.asked})" for name in report.names]
    parts += [f"PTR {report.ptr.status}"] if report.ptr else []
    parts += [f"SPF {report.spf.status}"] if report.spf else []
    return f"{'; '.join(parts) or 'nothing found'}; {len(found)} finding{'' if len(found) == 1 else 's'}"
