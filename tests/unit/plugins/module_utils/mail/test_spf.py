# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an SPF record says about an IPv6 address."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.mail import spf
from ansible_collections.dms.ipv6.plugins.module_utils.mail.dns_questions import Answer
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.dns_world import FAILING, NO, NONE, SILENT, has
from hypothesis import given
from hypothesis import strategies as st

DOMAIN, OWN = "example.com", "fd00:1::25"


def txt(record: str) -> Answer:
    return has(record)


# Other domains' records, and addresses.
AROUND: dict[str, Answer] = {
    "example.com AAAA": has("fd00:1::80"),
    "example.com MX": has("mail.example.com", "backup.example.com"),
    "mail.example.com AAAA": has(OWN),
    "backup.example.com AAAA": NO,
    "web.example.com AAAA": has("fd00:1::80", "fd00:1::81"),
    "near.example.com AAAA": has("fd00:1::ffff"),
    "six.example.com TXT": txt("v=spf1 ip6:fd00:1::/64 -all"),
    "four.example.com TXT": txt("v=spf1 ip4:198.18.0.0/15 -all"),
    "soft.example.com TXT": txt("v=spf1 ~all"),
    "macro.example.com TXT": txt("v=spf1 exists:%{i}.example.com -all"),
    "broken.example.com TXT": txt("v=spf1 ip6:nonsense -all"),
    "self.example.com TXT": txt("v=spf1 include:self.example.com -all"),
    "dead.example.com TXT": SILENT,
    "dead.example.com AAAA": FAILING,
    "dead.example.com MX": FAILING,
    "many.example.com MX": has(*(f"m{number}.example.com" for number in range(11))),
    "null.example.com MX": has("."),
    **{f"i{number}.example.com TXT": txt(f"v=spf1 include:i{number + 1}.example.com -all") for number in range(20)},
}


def checked(record: str | Answer, **more: Answer) -> spf.Spf:
    table: dict[str, Answer] = {**AROUND, **more}
    table["example.com TXT"] = txt(record) if isinstance(record, str) else record
    return spf.check(DOMAIN, OWN, lambda name, kind: table.get(f"{name} {kind}", NONE))


RECORDS = [
    # the address itself
    ("v=spf1 ip6:fd00:1::25 -all", "pass", "ip6:fd00:1::25"),
    ("v=spf1 IP6:FD00:1:0::25 -ALL", "pass", "IP6:FD00:1:0::25"),
    ("V=SPF1 ip6:fd00:1::25 -all", "pass", "ip6:fd00:1::25"),
    ("v=spf1 ip6:fd00:1::/64 -all", "pass", "ip6:fd00:1::/64"),
    ("v=spf1 ip6:fd00:1::26/64 -all", "pass", "ip6:fd00:1::26/64"),
    ("v=spf1 ip6:::/0 -all", "pass", "ip6:::/0"),
    ("v=spf1 -ip6:fd00:1::/64 +all", "fail", "-ip6:fd00:1::/64"),
    ("v=spf1 ip6:fd00:1::24 -all", "fail", "-all"),
    ("v=spf1 ip6:fd00:2::/32 ~all", "softfail", "~all"),
    ("v=spf1 ip4:198.18.0.0/15 ?all", "neutral", "?all"),
    ("v=spf1 ip4:0.0.0.0/0 -all", "fail", "-all"),
    ("v=spf1 +all", "pass", "+all"),
    ("v=spf1", "neutral", ""),
    ("v=spf1   ip6:fd00:1::25   -all  ", "pass", "ip6:fd00:1::25"),
    # a and mx
    ("v=spf1 mx -all", "pass", "mx"),
    ("v=spf1 a -all", "fail", "-all"),
    ("v=spf1 a:mail.example.com -all", "pass", "a:mail.example.com"),
    ("v=spf1 A:Mail.Example.COM. -all", "pass", "A:Mail.Example.COM."),
    ("v=spf1 a:web.example.com -all", "fail", "-all"),
    ("v=spf1 a//64 -all", "pass", "a//64"),
    ("v=spf1 a/24 -all", "fail", "-all"),
    ("v=spf1 a/24//64 -all", "pass", "a/24//64"),
    ("v=spf1 a:near.example.com//112 -all", "pass", "a:near.example.com//112"),
    ("v=spf1 a:near.example.com//113 -all", "fail", "-all"),
    ("v=spf1 a:none.example.com//0 -all", "fail", "-all"),
    ("v=spf1 mx:none.example.com -all", "fail", "-all"),
    ("v=spf1 mx:null.example.com -all", "fail", "-all"),
    ("v=spf1 mx/24//120 -all", "pass", "mx/24//120"),
    # include and redirect
    ("v=spf1 include:six.example.com -all", "pass", "include:six.example.com"),
    ("v=spf1 include:four.example.com include:six.example.com -all", "pass", "include:six.example.com"),
    ("v=spf1 include:soft.example.com -all", "fail", "-all"),
    ("v=spf1 ~include:six.example.com -all", "softfail", "~include:six.example.com"),
    ("v=spf1 redirect=six.example.com", "pass", "redirect=six.example.com ip6:fd00:1::/64"),
    ("v=spf1 redirect=four.example.com", "fail", "redirect=four.example.com -all"),
    ("v=spf1 redirect=six.example.com -all", "fail", "-all"),
    ("v=spf1 -all redirect=none.example.com", "fail", "-all"),
    ("v=spf1 exp=why.example.com x-new=%{d} -all", "fail", "-all"),
    # not known: the first that is true decides
    ("v=spf1 exists:%{i}._spf.%{d} -all", "unknown", "exists:%{i}._spf.%{d}"),
    ("v=spf1 ptr -all", "unknown", "ptr"),
    ("v=spf1 a:%{d}.example.com -all", "unknown", "a:%{d}.example.com"),
    ("v=spf1 include:%{d}.example.com -all", "unknown", "include:%{d}.example.com"),
    ("v=spf1 redirect=%{d}.example.com", "unknown", "redirect=%{d}.example.com"),
    ("v=spf1 include:macro.example.com -all", "unknown", "include:macro.example.com"),
    ("v=spf1 a:dead.example.com -all", "unknown", "a:dead.example.com"),
    ("v=spf1 mx:dead.example.com -all", "unknown", "mx:dead.example.com"),
    ("v=spf1 include:dead.example.com -all", "unknown", "include:dead.example.com"),
    ("v=spf1 ip6:fd00:1::25 ptr -all", "pass", "ip6:fd00:1::25"),
    ("v=spf1 ptr ip6:fd00:1::25 -all", "pass", "ip6:fd00:1::25"),
    ("v=spf1 -ptr ip6:fd00:1::25 -all", "unknown", "-ptr"),
    ("v=spf1 -exists:%{i} -all", "fail", "-all"),
]


@pytest.mark.parametrize(("record", "status", "by"), RECORDS, ids=[record for record, _status, _by in RECORDS])
def test_records(record: str, status: str, by: str) -> None:
    found = checked(record)
    assert (found.status, found.by) == (status, by)
    assert found.record == record or status == "unknown"


WRONG = [
    ("v=spf1 ip6:nonsense -all", "'ip6:nonsense' is not a mechanism"),
    ("v=spf1 ip6:fd00:::1 -all", "'ip6:fd00:::1' is malformed"),
    ("v=spf1 ip6:fd00::/129 -all", "'ip6:fd00::/129' is malformed"),
    ("v=spf1 ip6:198.18.0.1 -all", "'ip6:198.18.0.1' is malformed"),
    ("v=spf1 ip4:fd00::1 -all", "'ip4:fd00::1' is malformed"),
    ("v=spf1 ip4:198.18.0.0/33 -all", "'ip4:198.18.0.0/33' is malformed"),
    ("v=spf1 ip4:198.18.0.0/255.254.0.0 -all", "is not a mechanism"),
    ("v=spf1 ip6 -all", "'ip6' is not a mechanism"),
    ("v=spf1 ip6:fd00:1::25 nonsense", "'nonsense' is not a mechanism"),
    ("v=spf1 ip6:fd00:1::25 -all:example.com", "'-all:example.com' is malformed"),
    ("v=spf1 ip6:fd00:1::25 all/24", "'all/24' is malformed"),
    ("v=spf1 ip6:fd00:1::25 include", "'include' is malformed"),
    ("v=spf1 include:six.example.com/64", "'include:six.example.com/64' is malformed"),
    ("v=spf1 ip6:fd00:1::25 include:", "'include:' names no domain"),
    ("v=spf1 ip6:fd00:1::25 include:localhost", "'include:localhost' names no domain"),
    ("v=spf1 ip6:fd00:1::25 a:", "'a:' names no domain"),
    ("v=spf1 ip6:fd00:1::25 a:/24", "'a:/24' names no domain"),
    ("v=spf1 ip6:fd00:1::25 a:x/y.example.com", "'a:x/y.example.com' names no domain"),
    ("v=spf1 ip6:fd00:1::25 a:x..example.com", "names no domain"),
    ("v=spf1 ip6:fd00:1::25 a/33", "'a/33' is malformed"),
    ("v=spf1 ip6:fd00:1::25 a//129", "'a//129' is malformed"),
    ("v=spf1 redirect=a.example.com redirect=b.example.com", "redirect stands twice"),
    ("v=spf1 redirect=none.example.com", "none.example.com has no SPF record"),
    ("v=spf1 include:none.example.com -all", "include:none.example.com: none.example.com has no SPF record"),
    ("v=spf1 include:broken.example.com -all", "'ip6:nonsense' is not a mechanism"),
    ("v=spf1 include:self.example.com -all", "more than 10 DNS lookups"),
    ("v=spf1 include:i0.example.com -all", "more than 10 DNS lookups"),
    ("v=spf1 mx:many.example.com -all", "mx:many.example.com: more than 10 names"),
    ("v=spf1 " + "a:web.example.com " * 11 + "ip6:fd00:1::25 -all", "more than 10 DNS lookups"),
    ("v=spf1 " + "ptr " * 11 + "ip6:fd00:1::25 -all", "more than 10 DNS lookups"),
]


@pytest.mark.parametrize(("record", "words"), WRONG, ids=[record[:60] for record, _words in WRONG])
def test_one_fault_anywhere_voids_a_record(record: str, words: str) -> None:
    found = checked(record)
    assert found.status == "permerror"
    assert words in found.detail
    assert found.record == record


def test_ten_lookups_are_allowed() -> None:
    assert checked("v=spf1 " + "a:web.example.com " * 9 + "mx -all").status == "pass"
    assert checked("v=spf1 " + "include:soft.example.com " * 10 + "ip6:fd00:1::25 -all").status == "pass"


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (NO, "none", "example.com has no SPF record"),
        (NONE, "none", "example.com has no SPF record"),
        (has("google-site-verification=x"), "none", "example.com has no SPF record"),
        (has("v=spf10 +all", "spf2.0/pra +all", "v=spf1+all"), "none", "example.com has no SPF record"),
        (has("x", "v=spf1 mx -all"), "pass", ""),
        (has("v=spf1 -all", "v=spf1 +all"), "permerror", "example.com has 2 SPF records"),
        (SILENT, "unknown", "TXT of example.com: no answer within 5 s"),
        (FAILING, "unknown", "TXT of example.com: it fails (SERVFAIL)"),
    ],
)
def test_which_record_counts(answer: Answer, status: str, words: str) -> None:
    found = checked(answer)
    assert (found.status, words in found.detail) == (status, True)


WORDS = ["-all", "+all", "a", "mx", "ptr", "a//64", "ip6:fd00:1::/48", "ip4:10.0.0.0/8", "include:six.example.com"]
WORDS += ["exists:%{i}", "include:dead.example.com", "redirect=soft.example.com", "~a:web.example.com", "x=y", "-", ":"]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=12)), max_size=14))
def test_any_record_has_a_result(words: list[str]) -> None:
    found = checked(" ".join(["v=spf1", *words]))
    assert found.status in (*spf.QUALIFIERS.values(), "permerror", "unknown", "none")


@given(st.integers(0, 2**128 - 1), st.integers(0, 128))
def test_ip6_is_what_ipaddress_says(bits: int, length: int) -> None:
    """A prefix of the address itself always covers it, and one that differs in its last bit never does."""
    network = ipaddress.IPv6Network((bits, length), strict=False)

    def result(cidr: t.Any) -> str:
        table = {"example.com TXT": txt(f"v=spf1 ip6:{cidr} -all")}
        address = str(ipaddress.IPv6Address(bits))
        return spf.check(DOMAIN, address, lambda name, kind: table.get(f"{name} {kind}", NONE)).status

    assert result(network) == "pass"
    if length:
        other = int(network.network_address) ^ (1 << (128 - length))
        assert result(ipaddress.IPv6Network((other, length))) == "fail"
