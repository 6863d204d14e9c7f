# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases followed, resolvers tried in turn, every server of a zone queried."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.mail import dns_questions
from ansible_collections.dms.ipv6.plugins.module_utils.mail.dns_questions import Answer, Question
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.dns_world import (
    FAILING,
    NO,
    NO_ROUTE,
    NONE,
    NS1,
    NS1_SIX,
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
from hypothesis import given
from hypothesis import strategies as st

MAIL = "mail.example.com"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mail.example.com", MAIL),
        ("Mail.Example.COM.", MAIL),
        (" mail.example.com ", MAIL),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("1.example", "1.example"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert dns_questions.fqdn(text, "names") == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a valid name"),
        (".", "is not a valid name"),
        ("mail", "is not fully qualified"),
        ("mail..example.com", "is not a valid name"),
        ("-mail.example.com", "is not a valid name"),
        ("mail example.com", "is not a valid name"),
        ("mail.example.com:25", "is not a valid name"),
        ("https://mail.example.com", "is not a valid name"),
        ("*.example.com", "is not a valid name"),
        ("mail\n.example.com", "is not a valid name"),
        (f"{'a' * 64}.example.com", "is not a valid name"),
        ("a." * 130 + "com", "is not a valid name"),
        ("192.168.1.1", "is an address, not a name"),
        ("fd00::1", "is an address, not a name"),
    ],
)
def test_what_is_no_name(text: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        dns_questions.fqdn(text, "names")
    assert str(reason.value).startswith("names: ")
    assert words in str(reason.value)


@pytest.mark.parametrize(("text", "name"), [("Mail.Example.", "mail.example"), (".", "."), ("com", "com")])
def test_plain_name(text: str, name: str) -> None:
    assert dns_questions.plain_name(text) == name


# --- aliases


@pytest.mark.parametrize(
    ("table", "outcome", "records", "chain"),
    [
        ({f"{MAIL} AAAA": has("fd00::1")}, "answer", ("fd00::1",), ()),
        ({f"{MAIL} AAAA": has("fd00::1", chain=("a.test",))}, "answer", ("fd00::1",), ("a.test",)),
        ({f"{MAIL} AAAA": alias("a.test"), "a.test AAAA": has("fd00::1")}, "answer", ("fd00::1",), ("a.test",)),
        (
            {f"{MAIL} AAAA": alias("a.test", "b.test"), "b.test AAAA": alias("c.test"), "c.test AAAA": NO},
            "no_data",
            (),
            ("a.test", "b.test", "c.test"),
        ),
        ({f"{MAIL} AAAA": alias("a.test"), "a.test AAAA": SILENT}, "timeout", (), ("a.test",)),
        ({f"{MAIL} AAAA": alias("a.test"), "a.test AAAA": NONE}, "no_such_name", (), ("a.test",)),
    ],
)
def test_aliases_are_followed(
    table: dict[str, Answer], outcome: str, records: tuple[str, ...], chain: tuple[str, ...]
) -> None:
    found = dns_questions.resolve(World({R1: table}).ask, [Question(R1, MAIL, "AAAA")])[0]
    assert (found.outcome, found.records, found.chain) == (outcome, records, chain)


def test_an_alias_of_itself_is_no_denial() -> None:
    asked = World({R1: {f"{MAIL} AAAA": alias("a.test"), "a.test AAAA": alias(MAIL)}})
    found = dns_questions.resolve(asked.ask, [Question(R1, MAIL, "AAAA")])[0]
    assert found.outcome == "loop"
    assert "more than 8 aliases" in found.detail
    assert len(asked.asked) == 9


# --- resolvers in turn


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (NO, has("fd00::1"), "no_data"),
        (NONE, has("fd00::1"), "no_such_name"),
        (SILENT, has("fd00::1"), "answer"),
        (REFUSING, NO, "no_data"),
        (FAILING, SILENT, "timeout"),
        (NO_ROUTE, REFUSING, "refused"),
    ],
)
def test_the_next_resolver_is_queried_where_one_does_not_know(first: Answer, second: Answer, outcome: str) -> None:
    both = World({R1: {"*": first}, R2: {"*": second}})
    assert dns_questions.look_up(both.ask, [R1, R2], [(MAIL, "AAAA")])[0].outcome == outcome


def test_only_what_is_open_goes_to_the_next_resolver() -> None:
    both = World({R1: {"a.test A": has("10.0.0.1"), "*": SILENT}, R2: {"*": NO}})
    found = dns_questions.look_up(both.ask, [R1, R2], [("a.test", "A"), ("b.test", "A")])
    assert [one.outcome for one in found] == ["answer", "no_data"]
    assert both.asked == [Question(R1, "a.test", "A"), Question(R1, "b.test", "A"), Question(R2, "b.test", "A")]


def test_without_resolvers_nothing_is_known() -> None:
    assert dns_questions.look_up(World({}).ask, [], [(MAIL, "A")])[0].outcome == "unreachable"


# --- every server of a zone


def said(found: list[dns_questions.Said]) -> list[tuple[str, str, str, str]]:
    assert all(one.authoritative for one in found)
    return [(one.server, one.address, one.name, one.answer.outcome) for one in found]


def test_every_address_of_every_server_is_queried() -> None:
    asked = world(ns2={f"{MAIL} AAAA": has("fd00::1")})
    assert said(dns_questions.authoritative(asked.ask, [R1], MAIL, "AAAA")) == [
        ("ns1.example.com", NS1, MAIL, "no_data"),
        ("ns1.example.com", NS1_SIX, MAIL, "no_data"),
        ("ns2.example.com", NS2, MAIL, "answer"),
    ]
    assert {one.authoritative for one in asked.asked if one.server != R1} == {True}
    assert {one.authoritative for one in asked.asked if one.server == R1} == {False}


def test_the_zone_may_begin_at_the_name_itself() -> None:
    own = {"mail.example.com NS": has("ns2.example.com")}
    found = dns_questions.authoritative(world(resolver=own).ask, [R1], MAIL, "AAAA")
    assert said(found) == [("ns2.example.com", NS2, MAIL, "no_data")]


def test_an_alias_is_followed_into_the_zone_of_its_target() -> None:
    there = {
        "mail.other.test NS": NONE,
        "other.test NS": has("ns.other.test"),
        "ns.other.test A": has("10.9.0.1"),
        "mail.example.com NS": has("ns.other.test", chain=("mail.other.test",)),
    }
    leads_on = {f"{MAIL} AAAA": alias("mail.other.test")}
    asked = world(there, leads_on, leads_on, **{"10_9_0_1": {"mail.other.test AAAA": has("fd00::9")}})
    found = said(dns_questions.authoritative(asked.ask, [R1], MAIL, "AAAA"))
    assert found[-1] == ("ns.other.test", "10.9.0.1", "mail.other.test", "answer")
    assert [one[3] for one in found] == ["alias", "alias", "alias", "answer"]


def test_aliases_in_a_circle_come_to_an_end() -> None:
    leads_on = {f"{MAIL} AAAA": alias("a.example.com"), "a.example.com AAAA": alias(MAIL)}
    found = dns_questions.authoritative(world(ns1=leads_on, ns2=leads_on).ask, [R1], MAIL, "AAAA")
    assert {one.answer.outcome for one in found} == {"alias"}


def test_a_chain_of_aliases_without_end_is_a_loop() -> None:
    leads_on = {f"a{number}.example.com AAAA": alias(f"a{number + 1}.example.com") for number in range(30)}
    found = dns_questions.authoritative(world(ns1=leads_on, ns2=leads_on).ask, [R1], "a0.example.com", "AAAA")
    assert found[-1].answer.outcome == "loop"


@pytest.mark.parametrize(
    ("resolver", "outcome"),
    [
        ({"example.com NS": REFUSING}, "refused"),
        ({"example.com NS": SILENT}, "timeout"),
        ({"mail.example.com NS": FAILING}, "failed"),
        ({"example.com NS": NO, "com NS": NO}, "failed"),
        ({"example.com NS": NO, "com NS": REFUSING}, "refused"),
        ({"ns1.example.com A": NO, "ns1.example.com AAAA": NONE, "ns2.example.com A": NONE}, "failed"),
    ],
)
def test_servers_that_cannot_be_found(resolver: dict[str, Answer], outcome: str) -> None:
    found = said(dns_questions.authoritative(world(resolver=resolver).ask, [R1], MAIL, "AAAA"))
    assert found == [("the servers of mail.example.com", "", MAIL, outcome)]


def test_a_server_whose_address_is_not_known_is_reported() -> None:
    found = said(dns_questions.authoritative(world({"ns2.example.com A": SILENT}).ask, [R1], MAIL, "AAAA"))
    assert found[-1] == ("ns2.example.com", "", MAIL, "timeout")


@pytest.mark.parametrize(
    ("own", "asked_at"),
    [
        (NO, [NS2]),
        (SILENT, [NS2]),
        (NO_ROUTE, [NS2, "64:ff9b::a01:2"]),
    ],
)
def test_an_address_made_up_for_a_server_is_the_last_resort(own: Answer, asked_at: list[str]) -> None:
    """A resolver with DNS64 makes up an IPv6 address for each server that has none."""
    made = {"mail.example.com NS": has("ns2.example.com"), "ns2.example.com AAAA": has("64:ff9b::a01:2")}
    asked = world(made, ns2={"*": own}, **{"64:ff9b::a01:2": {"*": NO}})
    found = dns_questions.authoritative(asked.ask, [R1], MAIL, "AAAA")
    assert [one.address for one in found] == asked_at
    assert Question(R1, dns_questions.IPV4ONLY, "AAAA") in asked.asked


def test_who_said_it() -> None:
    asked = world({"ns2.example.com A": SILENT})
    found = [str(one) for one in dns_questions.authoritative(asked.ask, [R1], MAIL, "AAAA")]
    assert found == [f"ns1.example.com ({NS1})", f"ns1.example.com ({NS1_SIX})", "ns2.example.com"]
    assert str(dns_questions.Said("", R1, MAIL, NO)) == f"resolver {R1}"


# --- DNS64

EXAMPLES = [  # RFC 6052, 2.4, with 192.0.0.170 for 192.0.2.33
    ("2001:db8:c000:aa::", "2001:db8::/32"),
    ("2001:db8:1c0:0:aa::", "2001:db8:100::/40"),
    ("2001:db8:122:c000:0:aa00::", "2001:db8:122::/48"),
    ("2001:db8:122:3c0:0:aa::", "2001:db8:122:300::/56"),
    ("2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344::/64"),
    ("2001:db8:122:344::192.0.0.170", "2001:db8:122:344::/96"),
    ("64:ff9b::192.0.0.171", "64:ff9b::/96"),
]


@pytest.mark.parametrize(("address", "prefix"), EXAMPLES)
def test_dns64_prefixes(address: str, prefix: str) -> None:
    found = dns_questions.dns64_prefixes(has(address))
    assert found == tuple(dict.fromkeys([dns_questions.WELL_KNOWN, ipaddress.IPv6Network(prefix)]))


@pytest.mark.parametrize("answer", [NO, NONE, SILENT, has("2001:db8::1"), has("2001:db8:122:344::192.0.2.33")])
def test_without_dns64_there_is_the_well_known_prefix_only(answer: Answer) -> None:
    assert dns_questions.dns64_prefixes(answer) == (dns_questions.WELL_KNOWN,)


@given(st.integers(0, 2**128 - 1), st.sampled_from([32, 40, 48, 56, 64, 96]))
def test_any_prefix_is_found(bits: int, length: int) -> None:
    """Put together as RFC 6052, 2.2 says: prefix, address around the octet that is zero, suffix zero."""
    prefix = ipaddress.IPv6Network((bits >> (128 - length) << (128 - length), length))
    octets = bytearray(prefix.network_address.packed[: length // 8])
    octets += ipaddress.IPv4Address("192.0.0.170").packed
    if length < 96:
        octets.insert(8, 0)
    made = ipaddress.IPv6Address(bytes(octets).ljust(16, b"\0"))
    assert prefix in dns_questions.dns64_prefixes(has(str(made)))
