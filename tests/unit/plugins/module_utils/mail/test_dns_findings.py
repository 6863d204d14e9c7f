# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DNS says about a mail server: each status, and each finding with what raises it and what must not."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.finding import Finding
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.mail import dns_findings
from ansible_collections.dms.ipv6.plugins.module_utils.mail.dns_findings import Wanted
from ansible_collections.dms.ipv6.plugins.module_utils.mail.dns_questions import Answer
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.dns_world import (
    FAILING,
    NO,
    NO_ROUTE,
    NONE,
    NS2,
    R1,
    R2,
    REFUSING,
    SILENT,
    World,
    alias,
    has,
    world,
)

MAIL, OWN, OTHER = "mail.example.com", "fd00:1::25", "fd00:1::99"
HAS, HAS_OTHER = {f"{MAIL} AAAA": has(OWN)}, {f"{MAIL} AAAA": has(OTHER, ttl=90)}
POINTER = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa PTR"
LAME = Answer("no_authority", detail="it answers without authority")
GARBLED = Answer("invalid", detail="not understood: x")
MADE_UP = "64:ff9b::c612:19"


def wanted(**options: t.Any) -> Wanted:
    return Wanted(**{"names": (MAIL,), "resolvers": (R1,), **options})


def looked_up(asked: World, **options: t.Any) -> dns_findings.Report:
    return dns_findings.examine(wanted(**options), asked.ask)


def everywhere(answer: Answer) -> World:
    table = {f"{MAIL} AAAA": answer}
    return world(table, table, table)


# --- present, absent, unknown

STATUSES = [
    # all say the same
    (everywhere(NO), "absent", "authoritative"),
    (everywhere(NONE), "absent", "authoritative"),
    (everywhere(has(OWN)), "present", "authoritative"),
    # one server is enough for present
    (world(ns1=HAS), "present", "authoritative"),
    (world(ns2=HAS), "present", "authoritative"),
    (world(six=HAS), "present", "authoritative"),
    (world(HAS), "present", "authoritative"),
    # authoritative servers that say nothing are not a denial
    (world(ns2={"*": SILENT}), "unknown", "authoritative"),
    (world(ns2={"*": REFUSING}), "unknown", "authoritative"),
    (world(ns2={"*": FAILING}), "unknown", "authoritative"),
    (world(ns2={"*": LAME}), "unknown", "authoritative"),
    (world(ns2={"*": GARBLED}), "unknown", "authoritative"),
    (world(ns2={"*": NO_ROUTE}), "unknown", "authoritative"),
    (world(six={"*": SILENT}), "unknown", "authoritative"),
    (world({"ns2.example.com A": SILENT}), "unknown", "authoritative"),
    (world(ns1={"*": SILENT}, ns2=HAS), "present", "authoritative"),
    # no route to one address of a server that answered at the other
    (world(six={"*": NO_ROUTE}), "absent", "authoritative"),
    # none of them can be reached: what the resolvers say counts
    (world(ns1={"*": SILENT}, ns2={"*": SILENT}), "absent", "resolver"),
    (world(HAS, ns1={"*": SILENT}, ns2={"*": SILENT}), "present", "resolver"),
    (world({"example.com NS": REFUSING}), "absent", "resolver"),
    (world({"example.com NS": NO, "com NS": REFUSING}), "absent", "resolver"),
    (world({f"{MAIL} AAAA": NONE, "example.com NS": REFUSING}), "absent", "resolver"),
    # resolvers that say nothing are not a denial either
    (world({"*": SILENT}), "unknown", "resolver"),
    (world({f"{MAIL} AAAA": REFUSING, "example.com NS": REFUSING}), "unknown", "resolver"),
    (world({f"{MAIL} AAAA": FAILING, "example.com NS": REFUSING}), "unknown", "resolver"),
    (world({f"{MAIL} AAAA": LAME, "example.com NS": REFUSING}), "unknown", "resolver"),
    (world({f"{MAIL} AAAA": NO_ROUTE}), "unknown", "resolver"),
    # authoritative servers settle what a resolver does not know
    (world({f"{MAIL} AAAA": FAILING}), "absent", "authoritative"),
    # aliases
    (everywhere(alias(MAIL)), "unknown", "authoritative"),
    (world({f"{MAIL} AAAA": has(OWN, chain=("a.test",))}), "present", "authoritative"),
]


@pytest.mark.parametrize(("asked", "status", "by"), STATUSES, ids=[str(number) for number in range(len(STATUSES))])
def test_status(asked: World, status: str, by: str) -> None:
    name = looked_up(asked).names[0]
    assert (name.name, name.status, name.asked, name.mx) == (MAIL, status, by, False)
    assert bool(name.addresses) is (status == "present")


@pytest.mark.parametrize(
    ("second", "ns", "status"),
    [
        ({"*": NO}, SILENT, "absent"),
        ({"*": SILENT}, SILENT, "unknown"),
        ({"*": REFUSING}, SILENT, "unknown"),
        (HAS, SILENT, "present"),
        ({"*": SILENT}, NO, "absent"),
    ],
)
def test_all_resolvers_are_queried(second: dict[str, Answer], ns: Answer, status: str) -> None:
    """Where they are all there is, each has to deny; otherwise the authoritative servers' word is enough."""
    asked = world(ns1={"*": ns}, ns2={"*": ns}, **{R2.replace(".", "_"): second})
    assert looked_up(asked, resolvers=(R1, R2)).names[0].status == status


def test_a_resolver_that_is_dead_is_not_queried_for_servers() -> None:
    asked = world(ns2=HAS, **{R2.replace(".", "_"): {"*": SILENT}})
    assert looked_up(asked, resolvers=(R2, R1)).names[0].status == "present"
    assert [one.kind for one in asked.asked if one.server == R2] == ["AAAA"]


def test_addresses_and_the_longest_time_to_live() -> None:
    name = looked_up(world({f"{MAIL} AAAA": has(OWN, ttl=17)}, ns2=HAS_OTHER)).names[0]
    assert (name.addresses, name.ttl) == ((OWN, OTHER), 90)


def test_the_target_of_an_alias_is_queried_at_its_own_servers() -> None:
    leads_on = {f"{MAIL} AAAA": alias("mx.other.test")}
    there = {"mx.other.test NS": has("ns.other.test"), "ns.other.test A": has("10.9.0.1"), "ns.other.test AAAA": NO}
    for found, status in ((has(OWN), "present"), (NO, "absent"), (SILENT, "unknown")):
        asked = world({**there, **leads_on}, leads_on, leads_on, **{"10_9_0_1": {"mx.other.test AAAA": found}})
        name = looked_up(asked).names[0]
        assert (name.status, name.asked, name.chain) == (status, "authoritative", ("mx.other.test",))


# --- MX


@pytest.mark.parametrize(
    ("answer", "status", "targets", "implicit"),
    [
        (has("mx1.example.com", "mx2.example.com"), "present", ("mx1.example.com", "mx2.example.com"), False),
        (has(MAIL), "present", (MAIL,), False),
        (has("."), "absent", (), False),
        (NO, "absent", ("example.com",), True),
        (NONE, "absent", (), False),
        (SILENT, "unknown", (), False),
        (REFUSING, "unknown", (), False),
    ],
)
def test_mx(answer: Answer, status: str, targets: tuple[str, ...], implicit: bool) -> None:
    report = looked_up(world({"example.com MX": answer}), domain="example.com")
    assert report.mx
    assert (report.mx.status, report.mx.targets, report.mx.implicit) == (status, targets, implicit)
    assert [(one.name, one.mx) for one in report.names] == [
        (MAIL, MAIL in targets),
        *((one, True) for one in targets if one != MAIL),
    ]


def test_nothing_is_queried_that_is_not_wanted() -> None:
    report = looked_up(world())
    assert (report.mx, report.ptr, report.spf) == (None, None, None)
    assert looked_up(world(), names=(), outbound=OWN).spf is None


# --- PTR


@pytest.mark.parametrize(
    ("pointer", "forward", "status"),
    [
        (has(MAIL), has(OWN), "confirmed"),
        (has("a.test", MAIL), has(OTHER, OWN), "confirmed"),
        (has(MAIL), has(OTHER), "mismatch"),
        (has(MAIL), NO, "mismatch"),
        (has(MAIL), NONE, "mismatch"),
        (has(MAIL), SILENT, "unknown"),
        (NO, has(OWN), "missing"),
        (NONE, has(OWN), "missing"),
        (SILENT, has(OWN), "unknown"),
        (REFUSING, has(OWN), "unknown"),
        (has(*(f"n{number}.test" for number in range(10)), MAIL), has(OWN), "mismatch"),
    ],
)
def test_ptr(pointer: Answer, forward: Answer, status: str) -> None:
    report = looked_up(world({POINTER: pointer, f"{MAIL} AAAA": forward}), names=(), outbound=OWN)
    assert report.ptr
    assert report.ptr.status == status
    assert bool(report.ptr.detail) is (status == "unknown")


# --- findings: id, severity, what raises it, what must not

SPF = "example.com TXT"
MX = {"example.com MX": has(MAIL)}
ABSENT = {"expect": "absent"}
MAIL_OUT = {"names": (), "outbound": OWN, "domain": "example.com"}
MADE = {f"{MAIL} AAAA": has(MADE_UP)}
OWN_PREFIX = {f"{MAIL} AAAA": has("fd64::c612:19"), "ipv4only.arpa AAAA": has("fd64::c000:aa", "fd64::c000:ab")}
RIGHT = {**MX, POINTER: has(MAIL), **HAS, SPF: has("v=spf1 mx -all")}


def right(**changes: Answer) -> World:
    """Everything about the outbound address as it should be, except some answers."""
    keys = {"pointer": POINTER, "spf": SPF, "mx": "example.com MX", "mail": f"{MAIL} AAAA"}
    table = {**RIGHT, **{keys[name]: answer for name, answer in changes.items()}}
    mail = {f"{MAIL} AAAA": table[f"{MAIL} AAAA"]}
    return world(table, mail, mail)


if t.TYPE_CHECKING:
    Case = tuple[World, dict[str, t.Any]]
FINDINGS: list[tuple[str, str, Case, Case]] = [
    ("aaaa_present", "warning", (world(ns2=HAS), ABSENT), (world(), ABSENT)),
    ("aaaa_present", "warning", (world(HAS), ABSENT), (world(HAS), {"expect": "any"})),
    ("aaaa_present", "warning", (world(MX, ns2=HAS), {**ABSENT, **MAIL_OUT}), (world(MX), {**ABSENT, **MAIL_OUT})),
    ("aaaa_present", "warning", (everywhere(has(OWN)), ABSENT), (world(MADE), ABSENT)),
    ("aaaa_present", "info", (world({f"{MAIL} AAAA": has(OWN, ttl=0)}), ABSENT), (world(), ABSENT)),
    ("aaaa_missing", "warning", (world(), {"expect": "present"}), (world(ns2=HAS), {"expect": "present"})),
    ("aaaa_missing", "warning", (everywhere(NONE), {"expect": "present"}), (world(), ABSENT)),
    (
        "aaaa_missing",
        "warning",
        (world({f"{MAIL} AAAA": has(OWN, ttl=0)}), {"expect": "present"}),
        (world(ns2={f"{MAIL} AAAA": has(OWN, ttl=0)}), {"expect": "present"}),
    ),
    ("aaaa_unknown", "warning", (world({"*": SILENT}), ABSENT), (everywhere(NONE), ABSENT)),
    ("aaaa_unknown", "info", (world(ns1={"*": REFUSING}), {}), (world(), {})),
    ("aaaa_unknown", "warning", (right(mx=SILENT), {**MAIL_OUT, "expect": "present"}), (right(), MAIL_OUT)),
    (
        "aaaa_wrong_host",
        "warning",
        (world(ns2=HAS_OTHER), {"addresses": (OWN,)}),
        (world(ns2=HAS), {"addresses": (OTHER, OWN)}),
    ),
    ("aaaa_wrong_host", "warning", (world(HAS_OTHER), {"addresses": (OWN,)}), (world(HAS_OTHER), {})),
    (
        "aaaa_wrong_host",
        "warning",
        (world({f"{MAIL} AAAA": has("fe80::1", ttl=1)}), {"addresses": (OWN,)}),
        (world({f"{MAIL} AAAA": has("fe80::1", ttl=0)}, ns2=HAS), {"addresses": (OWN,)}),
    ),
    ("dns64", "info", (world(MADE), {}), (world(HAS), {})),
    ("dns64", "info", (world(OWN_PREFIX), {}), (world({f"{MAIL} AAAA": has("fd64::c612:19")}), {})),
    ("dns64", "warning", (world({**MADE, "example.com NS": SILENT}), {}), (world(ns1=MADE), {})),
    ("ptr_missing", "warning", (right(pointer=NONE), MAIL_OUT), (right(), MAIL_OUT)),
    ("ptr_missing", "warning", (right(pointer=NO), MAIL_OUT), (right(pointer=SILENT), MAIL_OUT)),
    ("ptr_mismatch", "warning", (right(mail=has(OTHER)), MAIL_OUT), (right(mail=has(OTHER, OWN)), MAIL_OUT)),
    ("ptr_mismatch", "warning", (right(mail=NO), MAIL_OUT), (right(mail=SILENT), MAIL_OUT)),
    ("ptr_unknown", "info", (right(pointer=REFUSING), MAIL_OUT), (right(pointer=NONE), MAIL_OUT)),
    ("spf_misses_ipv6", "critical", (right(spf=has("v=spf1 ip4:10.0.0.1 -all")), MAIL_OUT), (right(), MAIL_OUT)),
    (
        "spf_misses_ipv6",
        "warning",
        (right(spf=has("v=spf1 ip4:10.0.0.1 ~all")), MAIL_OUT),
        (right(spf=has(f"v=spf1 ip6:{OWN} -all")), MAIL_OUT),
    ),
    ("spf_misses_ipv6", "warning", (right(spf=has("v=spf1 nonsense")), MAIL_OUT), (right(spf=NONE), MAIL_OUT)),
    ("spf_unknown", "info", (right(spf=has("v=spf1 exists:%{i}.x.test -all")), MAIL_OUT), (right(), MAIL_OUT)),
    ("spf_unknown", "info", (right(spf=SILENT), MAIL_OUT), (right(spf=NO), MAIL_OUT)),
]


def found(case: Case) -> list[Finding]:
    asked, options = case
    return dns_findings.findings(looked_up(asked, **options), wanted(**options))


@pytest.mark.parametrize(("name", "severity", "bad", "good"), FINDINGS, ids=[one[0] for one in FINDINGS])
def test_findings(name: str, severity: str, bad: Case, good: Case) -> None:
    raised = [one for one in found(bad) if one.id == name]
    assert [one.severity for one in raised] == [severity]
    assert raised[0].evidence
    assert raised[0].remedy
    assert not raised[0].evidence.endswith(".")
    assert [one for one in found(good) if one.id == name] == []


def test_every_finding_is_in_the_table() -> None:
    with open(dns_findings.__file__, encoding="utf-8") as file:
        text = file.read()
    ids = set(re.findall(r'Finding\(\s*"(\w+)"', text))
    assert {one[0] for one in FINDINGS} == ids


def test_all_right_is_no_finding() -> None:
    assert found((right(), {**MAIL_OUT, "expect": "present", "addresses": (OWN,)})) == []
    assert found((world(), ABSENT)) == []


# --- what the operator reads


def evidence(asked: World, **options: t.Any) -> str:
    return found((asked, options))[0].evidence


def test_the_server_that_still_has_it_is_named_with_its_time_to_live() -> None:
    assert evidence(world(ns2=HAS), expect="absent") == (
        f"{MAIL} has an AAAA record: {OWN} at ns2.example.com ({NS2}); "
        "once it is taken out, clients may use it for up to 600 s more"
    )


def test_what_only_a_resolver_remembers_runs_out() -> None:
    asked = world({f"{MAIL} AAAA": has(OWN, ttl=42)})
    finding = found((asked, ABSENT))[0]
    assert finding.evidence == (
        f"{MAIL} has an AAAA record: {OWN} at resolver {R1}; "
        "no authoritative server that answers has it any more; clients may use it for up to 42 s more"
    )
    assert finding.remedy == "Wait 42 s and look again"


def test_what_a_resolver_has_in_a_table_of_its_own_is_no_record() -> None:
    table = {f"{MAIL} AAAA": has(OWN, ttl=0)}
    assert evidence(world(table), expect="absent") == (
        f"{MAIL} has an AAAA record: {OWN} at resolver {R1}, by a table of its own; "
        "no authoritative server has it, so clients elsewhere do not see it"
    )
    for known in (
        world(table, ns2=table),
        world(table, ns2={"*": SILENT}),
        world({**table, "example.com NS": REFUSING}),
    ):
        severities = [(one.severity, "by a table of its own" in one.evidence) for one in found((known, ABSENT))]
        assert severities == [("warning", False)]


def test_an_alias_is_named() -> None:
    chain = has(OWN, chain=("a.test", "b.test"))
    assert evidence(everywhere(chain), expect="absent").startswith(f"{MAIL}, an alias of b.test, has an AAAA record")


def test_who_said_nothing_is_named_and_no_other() -> None:
    text = evidence(world(ns2={"*": SILENT}), expect="absent")
    assert text == (
        f"{MAIL}: it is unknown whether it has an AAAA record: ns2.example.com ({NS2}): no answer within 5 s"
    )
    text = evidence(world({f"{MAIL} AAAA": REFUSING, "example.com NS": REFUSING}))
    assert text.endswith(f"record: resolver {R1}: it refuses to answer (REFUSED)")


def test_the_wrong_host_is_named_with_the_right_one() -> None:
    asked = world(ns1={f"{MAIL} AAAA": has(OWN, OTHER)})
    finding = found((asked, {"addresses": (OWN,)}))[0]
    assert f"this host does not have {OTHER}; once it is changed, clients may use it for up to 600 s more" in (
        finding.evidence
    )
    assert finding.remedy == f"Let it name an address of this host ({OWN}), or take it out"


def test_made_up_addresses_are_kept_apart() -> None:
    asked = world({f"{MAIL} AAAA": has(MADE_UP, OWN)})
    name = looked_up(asked).names[0]
    assert (name.status, name.addresses, name.made_up) == ("present", (OWN,), ((R1, MADE_UP),))
    assert f"made up from an IPv4 address (DNS64, RFC 6147): {MADE_UP} by resolver {R1}" in evidence(asked)


def test_an_authoritative_server_makes_nothing_up() -> None:
    """A server that publishes such an address has it; at the resolver's own address, too."""
    own = {"example.com NS": has("ns1.example.com"), "ns1.example.com A": has(R1), "ns1.example.com AAAA": NO}
    name = looked_up(world({**MADE, **own})).names[0]
    assert [(one.address, one.authoritative) for one in name.said] == [(R1, False), (R1, True)]
    assert (name.status, name.addresses, name.made_up) == ("present", (MADE_UP,), ((R1, MADE_UP),))


def test_spf_evidence() -> None:
    record = "v=spf1 ip4:10.0.0.1 -all"
    finding = next(one for one in found((right(spf=has(record)), MAIL_OUT)) if one.id == "spf_misses_ipv6")
    assert finding.evidence == f"SPF of example.com does not cover {OWN}: fail by -all in '{record}'"
    assert finding.remedy == f"Add ip6:{OWN} to it"


def test_summary() -> None:
    report = looked_up(right(), **{**MAIL_OUT, "names": (MAIL,)})
    assert (
        dns_findings.summary(report, []) == f"{MAIL}: AAAA present (authoritative); PTR confirmed; SPF pass; 0 findings"
    )
    one = Finding("x", "info", "", "")
    assert dns_findings.summary(replace(report, names=(), ptr=None, spf=None), [one]) == "nothing found; 1 finding"


# --- options


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dns_findings.outbound_address("2001:db8::1"), "outbound: 2001:db8::1 is reserved for documentation"),
        (lambda: dns_findings.outbound_address("3fff::1"), "outbound: 3fff::1 is reserved for documentation"),
        (lambda: dns_findings.outbound_address("10.0.0.1"), "outbound: '10.0.0.1' is not an IPv6 address"),
        (
            lambda: dns_findings.ipv6_addresses(["fd00::1", "zebra"], "addresses"),
            "addresses: 'zebra' is not an IPv6 address",
        ),
        (lambda: dns_findings.resolver_addresses(["dns.example.com"]), "resolvers: 'dns.example.com' is not an"),
        (lambda: dns_findings.resolver_addresses([""]), "resolvers: '' is not an address"),
    ],
)
def test_what_is_refused(call: t.Callable[[], object], words: str) -> None:
    with pytest.raises(Refused) as reason:
        call()
    assert str(reason.value).startswith(words)


def test_what_is_read() -> None:
    assert dns_findings.outbound_address("FD00:1:0::25/64") == OWN
    assert dns_findings.ipv6_addresses(["fd00:1::25/64", "fe80::1%eth0"], "addresses") == (OWN, "fe80::1")
    assert dns_findings.resolver_addresses([" 10.0.0.1", "fe80::1%eth0"]) == ("10.0.0.1", "fe80::1%eth0")
