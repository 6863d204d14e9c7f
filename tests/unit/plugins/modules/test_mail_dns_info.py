# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mail_dns_info, with name servers that are tables."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.mail.io import name_servers
from ansible_collections.dms.ipv6.plugins.modules import mail_dns_info
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.dns_world import (
    NO_ROUTE,
    NS1,
    NS1_SIX,
    NS2,
    R1,
    World,
    has,
    world,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

MAIL, OWN = "mail.example.com", "fd00:1::25"
POINTER = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa PTR"
TABLE = {
    "example.com MX": has(MAIL),
    "example.com TXT": has("v=spf1 mx -all"),
    POINTER: has(MAIL),
    f"{MAIL} AAAA": has(OWN, ttl=30),
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[t.Any, ...]]:
    """How clients were made, each with the world below."""
    calls: list[tuple[t.Any, ...]] = []

    def client(*arguments: t.Any) -> World:
        calls.append(arguments)
        return world(TABLE, ns2={f"{MAIL} AAAA": has(OWN)}, six={"*": NO_ROUTE})

    monkeypatch.setattr(name_servers, "Client", client)
    monkeypatch.setattr(name_servers, "system_resolvers", lambda: (R1,))
    return calls


def test_everything(made: list[t.Any]) -> None:
    """In check mode as well, because it changes nothing."""
    result = run(
        mail_dns_info,
        check=True,
        names=["Mail.Example.com."],
        domain="example.com",
        outbound=OWN,
        addresses=["fd00:1::99/64"],
        expect="absent",
        resolvers=[R1],
        port=5353,
        authoritative_port=5354,
        timeout=2,
    )
    assert made == [(5353, 5354, 2)]
    assert result["changed"] is False
    assert result["mx"] == {"status": "present", "targets": [MAIL], "implicit": False, "detail": ""}
    assert result["ptr"] == {"status": "confirmed", "names": [MAIL], "detail": ""}
    assert result["spf"] == {"status": "pass", "record": "v=spf1 mx -all", "by": "mx", "detail": ""}
    assert [one["id"] for one in result["findings"]] == ["aaaa_present", "aaaa_wrong_host"]
    assert set(result["findings"][0]) == {"id", "severity", "evidence", "remedy"}
    assert result["summary"] == f"{MAIL}: AAAA present (authoritative); PTR confirmed; SPF pass; 2 findings"


def server(name: str, address: str, outcome: str, ttl: int = 0, detail: str = "") -> dict[str, t.Any]:
    return {
        "server": name,
        "address": address,
        "kind": "authoritative" if name else "resolver",
        "name": MAIL,
        "outcome": outcome,
        "addresses": [OWN] if ttl else [],
        "ttl": ttl,
        "detail": detail,
    }


def test_what_is_said_of_a_name(made: list[t.Any]) -> None:
    result = run(mail_dns_info, names=[MAIL, f"{MAIL}."])
    assert made == [(53, 53, 5)]
    assert result["names"] == [
        {
            "name": MAIL,
            "mx": False,
            "status": "present",
            "asked": "authoritative",
            "addresses": [OWN],
            "ttl": 600,
            "chain": [],
            "made_up": [],
            "servers": [
                server("", R1, "answer", 30),
                server("ns1.example.com", NS1, "no_data"),
                server("ns1.example.com", NS1_SIX, "unreachable", 0, NO_ROUTE.detail),
                server("ns2.example.com", NS2, "answer", 600),
            ],
        }
    ]
    assert not {"mx", "ptr", "spf"} & set(result)


def test_without_names_or_domain(made: list[t.Any]) -> None:
    result = run(mail_dns_info, outbound=OWN)
    assert (result["names"], result["ptr"]["status"]) == ([], "confirmed")
    assert not {"mx", "spf"} & set(result)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "one of the following is required: names, domain, outbound"),
        ({"names": ["mail"]}, "names: 'mail' is not fully qualified."),
        ({"names": ["fd00::1"]}, "names: fd00::1 is an address, not a name."),
        ({"domain": "example..com"}, "domain: 'example..com' is not a valid name."),
        ({"outbound": "2001:db8::1"}, "outbound: 2001:db8::1 is reserved for documentation"),
        ({"names": [MAIL], "addresses": ["10.0.0.1"]}, "addresses: '10.0.0.1' is not an IPv6 address."),
        ({"names": [MAIL], "resolvers": ["dns.test"]}, "resolvers: 'dns.test' is not an address."),
        ({"names": [MAIL], "port": 0}, "port: 0 is not between 1 and 65535."),
        ({"names": [MAIL], "authoritative_port": 65536}, "authoritative_port: 65536 is not between 1 and 65535."),
        ({"names": [MAIL], "timeout": 0}, "timeout: it is at least one second."),
        ({"names": [MAIL], "expect": "maybe"}, "value of expect must be one of: any, absent, present"),
    ],
)
def test_failures_are_one_message(made: list[t.Any], options: dict[str, t.Any], words: str) -> None:
    assert words in failure(mail_dns_info, **options)
    assert made == []


def test_without_dnspython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_servers, "AVAILABLE", False)
    assert failure(mail_dns_info, names=[MAIL]) == (
        "the Python package dnspython (2.0 or later) is missing on this host. Install the package python3-dnspython."
    )
