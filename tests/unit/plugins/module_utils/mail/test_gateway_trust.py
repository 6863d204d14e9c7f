# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about mail servers, from what real ones printed. Each id has cases that raise it and cases that must not."""

from __future__ import annotations

import ast
import ipaddress
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import published
from ansible_collections.dms.ipv6.plugins.module_utils.mail import gateway_trust
from ansible_collections.dms.ipv6.plugins.module_utils.mail import programs as mail_programs
from ansible_collections.dms.ipv6.plugins.module_utils.mail.gateway_trust import (
    ENABLE,
    findings,
    publishes_mail,
    relays_for_mynetworks,
)
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import network
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.mail_containers import (
    NEW,
    OLD,
    RECORDED,
    container,
    facts,
    recorded,
    situation,
)

MASKED = situation()
NOT_MASKED = situation(masked=())
MOVED = situation(OLD, NEW, masked=())
# Dual-stack with ip6tables off: the IPv6 gateway masks.
MASKED_BY_SIX = situation(OLD, NEW)
DUAL = (network("dms-ipv6", ["172.18.0.0/16", "fd50:2e0:cde4:cb4d::/64"]),)
AMONG_OTHERS = situation(OLD, NEW, masked=(), networks=DUAL, others=["web"])
ALL_PORTS = situation(ports=(25, 143, 465, 587))
MAILBOXES = situation(ports=(143, 993))


@dataclass(frozen=True)
class Case:
    """A recording with some of its text replaced, in a situation; an empty severity: the id must not be raised."""

    id: str
    severity: str
    recording: str
    at: gateway_trust.Situation = MASKED
    changes: tuple[tuple[str, str], ...] = ()
    evidence: str = ""
    complete: bool = True
    why: str = field(default="as recorded")

    def findings(self) -> list[t.Any]:
        text = recorded(self.recording)
        for old, new in self.changes:
            assert old in text, f"{old!r} is not in {self.recording}.txt"
            text = text.replace(old, new)
        return [
            one for one in findings(self.at, facts(text, self.at, self.complete), self.complete) if one.id == self.id
        ]


def trusting(new: str) -> tuple[tuple[str, str], ...]:
    return (("[fe80::]/64 172.16.0.0/12", new),)


DENIED = "smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination"
RELAY = "[::1]/128 [fe80::]/64 172.16.0.0/12"
HASH = "127.0.0.0/8 hash:/etc/postfix/network_table"
ALL, ONLY_4, ONLY_6 = "inet_protocols = all", "inet_protocols = ipv4", "inet_protocols = ipv6"
LISTEN = "listen = *, ::"
ETH0 = "eth0    inet 172.17.0.2/16 "
BASE = "127.0.0.0/8 [::1]/128 [fe80::]/64"
STALE = "DMS worked out at its start that Postfix trusts"

CASES = [
    # --- who comes over IPv6 where only the IPv4 subnet is trusted
    Case(
        "trusts_ipv4_subnet_only",
        "warning",
        "moved",
        AMONG_OTHERS,
        evidence="container mail: Postfix relays for 172.18.0.0/16 of network dms-ipv6 (mynetworks), and not its IPv6"
        " subnet fd50:2e0:cde4:cb4d::/64, from which its containers come first",
    ),
    Case(
        "trusts_ipv4_subnet_only", "", "moved", situation(OLD, NEW, masked=(), networks=DUAL), why="it is alone there"
    ),
    Case(
        "trusts_ipv4_subnet_only",
        "",
        "moved",
        AMONG_OTHERS,
        trusting("[fe80::]/64 172.16.0.0/12 [fd50:2e0:cde4:cb4d::]/64"),
        why="both are trusted",
    ),
    Case("trusts_ipv4_subnet_only", "", "moved", AMONG_OTHERS, trusting("[fe80::]/64"), why="no client is trusted"),
    Case(
        "trusts_ipv4_subnet_only",
        "",
        "moved",
        AMONG_OTHERS,
        trusting("!172.18.0.9/32 172.16.0.0/12"),
        why="the network is not trusted as a whole",
    ),
    # --- open relay
    Case(
        "open_relay",
        "critical",
        "relay",
        evidence="open relay confirmed: container mail, port 25: IPv6 clients "
        "appear as 172.17.0.1, from which Postfix sends mail to any address (mynetworks: 172.16.0.0/12, by "
        "PERMIT_DOCKER=network)",
    ),
    Case("open_relay", "critical", "relay", situation(family="ipv4"), why="IPv4 clients are masked: iptables is off"),
    Case(
        "open_relay",
        "critical",
        "programs",
        ALL_PORTS,
        evidence="open relay confirmed: container mail, port 25: ",
        why="submission and smtps ask for a login",
    ),
    Case(
        "open_relay",
        "critical",
        "relay",
        changes=(("PERMIT_DOCKER=network", "PERMIT_DOCKER="),),
        evidence="(mynetworks: 172.16.0.0/12)",
        why="by the user's own settings",
    ),
    Case(
        "open_relay",
        "critical",
        "relay",
        MASKED_BY_SIX,
        trusting("[fd50:2e0:cde4:cb4d::]/64"),
        evidence="IPv6 clients appear as fd50:2e0:cde4:cb4d::1",
        why="the IPv6 gateway masks and is trusted",
    ),
    Case(
        "open_relay",
        "critical",
        "relay",
        changes=((DENIED, "smtpd_relay_restrictions ="),),
        why="recipient restrictions decide",
    ),
    Case("open_relay", "critical", "relay", changes=trusting("!172.17.0.2 172.17.0.1"), why="one address, no network"),
    Case("open_relay", "critical", "relay", changes=trusting("hash:/x 172.17.0.0/16"), why="a table beside it"),
    Case("open_relay", "critical", "relay", changes=(("\nsmtp       inet", "\n25 inet"),), why="a number for a name"),
    Case(
        "open_relay",
        "warning",
        "moved",
        MOVED,
        evidence="open relay latent: container mail, port 25: no client is "
        "known to be masked now as 172.17.0.1, 172.18.0.1, from which Postfix sends mail to any address (mynetworks: "
        "172.16.0.0/12, by PERMIT_DOCKER=network)",
    ),
    Case("open_relay", "warning", "relay", NOT_MASKED, why="the port is not masked"),
    Case("open_relay", "warning", "relay", MASKED_BY_SIX, why="another gateway masks than the one that is trusted"),
    Case("open_relay", "warning", "programs", situation(ports=(25, 143), masked=(143,)), why="IMAP alone is masked"),
    Case("open_relay", "", "banned", why="PERMIT_DOCKER=none: mynetworks is empty"),
    Case("open_relay", "", "relay", changes=trusting("172.31.0.0/16 192.168.0.0/16"), why="other networks"),
    Case("open_relay", "", "relay", changes=trusting("!172.17.0.1 172.16.0.0/12"), why="the gateway is excepted"),
    Case("open_relay", "", "relay", MAILBOXES, why="no SMTP port is published"),
    Case("open_relay", "", "programs", situation(ports=(465, 587)), why="only ports that ask for a login"),
    Case(
        "open_relay",
        "",
        "relay",
        changes=(
            ("smtpd_relay_restrictions = permit_mynetworks ", "smtpd_relay_restrictions = reject_unauth_destination "),
        ),
        why="mynetworks comes too late",
    ),
    Case("open_relay", "", "relay", changes=(("\nsmtp       inet", "\n127.0.0.1:25 inet"),), why="loopback only"),
    Case("open_relay", "", "nothing", why="no Postfix"),
    Case("open_relay", "", "silent", why="Postfix did not answer"),
    # --- mynetworks with tables
    Case(
        "mynetworks_not_evaluated",
        "info",
        "relay",
        changes=((f"127.0.0.0/8 {RELAY}", HASH),),
        evidence="container mail: mynetworks of Postfix has hash:/etc/postfix/network_table, which only",
    ),
    Case("mynetworks_not_evaluated", "info", "relay", NOT_MASKED, trusting("172.17.0.0/16 /etc/nets")),
    Case("mynetworks_not_evaluated", "", "relay"),
    Case("mynetworks_not_evaluated", "", "relay", changes=trusting("172.17.0.0/16 /etc/nets"), why="it is open anyhow"),
    Case("mynetworks_not_evaluated", "", "relay", MAILBOXES, ((RELAY, HASH),), why="no SMTP port is published"),
    # --- Fail2Ban
    Case(
        "gateway_banned",
        "critical",
        "banned",
        evidence="container mail: Fail2Ban bans its gateway 172.17.0.1 (jail postfix): all IPv6 clients are shut out",
    ),
    Case("gateway_banned", "critical", "banned_by_status", why="an old fail2ban-client"),
    Case("gateway_banned", "critical", "banned", changes=(("['172.17.0.1']", "['172.17.0.0/16']"),), why="a network"),
    Case(
        "gateway_banned",
        "critical",
        "banned",
        MASKED_BY_SIX,
        (("['172.17.0.1']", "['fd50:2e0:cde4:cb4d::1']"),),
        why="the IPv6 gateway",
    ),
    Case(
        "gateway_banned",
        "warning",
        "banned",
        MOVED,
        evidence="what comes under its address is shut out",
        why="no client is masked any more",
    ),
    Case("gateway_banned", "", "banned", changes=(("['172.17.0.1']", "['172.17.0.11', '2001:2::7']"),), why="others"),
    Case("gateway_banned", "", "banned", changes=(("['172.17.0.1']", "[]"),), why="no bans"),
    Case("gateway_banned", "", "relay", why="Fail2Ban does not run"),
    # --- the log
    Case(
        "gateway_in_log",
        "warning",
        "relay",
        evidence="container mail: 3 lines of its log name the gateway 172.17.0.1"
        " as the client, from Nov 25 18:42:04 to Nov 25 18:42:04; its mail was rejected 0 times",
    ),
    Case(
        "gateway_in_log",
        "warning",
        "programs",
        ALL_PORTS,
        evidence="15 lines of its log name the gateway 172.17.0.1 "
        "as the client, from 2026-11-25T18:57:28.130685+00:00 to 2026-11-25T18:57:37.298219+00:00; its mail was "
        "rejected 1 times",
        why="postscreen and Dovecot too, and other dates",
    ),
    Case("gateway_in_log", "info", "moved", MOVED, evidence="3 lines of its log name the gateway 172.17.0.1"),
    Case("gateway_in_log", "info", "relay", MASKED_BY_SIX, why="another gateway masks now"),
    Case("gateway_in_log", "", "nothing"),
    Case("gateway_in_log", "", "relay", changes=(("unknown[172.17.0.1]", "unknown[172.17.0.11]"),), why="a neighbour"),
    Case("gateway_in_log", "", "relay", complete=False, why="the log is not complete"),
    # --- SPF
    Case(
        "spf_rejected_gateway",
        "critical",
        "spf",
        evidence="container mail: SPF rejected mail 2 times, because it came"
        " from its gateway 172.17.0.1, from Nov 25 18:55:46 to Nov 25 18:55:46",
    ),
    Case("spf_rejected_gateway", "info", "spf", MOVED, why="no client is masked any more"),
    Case("spf_rejected_gateway", "", "banned", why="rejected for relaying, not for SPF"),
    Case(
        "spf_rejected_gateway",
        "",
        "spf",
        changes=(("RCPT from unknown[172.17.0.1]", "RCPT from unknown[::9]"),),
        why="the rejected client is another one",
    ),
    # --- others that trust the gateway
    *(
        case
        for id_, meaning, setting, cut in (
            (
                "rspamd_trusts_gateway",
                "Rspamd skips SPF and other checks for",
                "local_addrs",
                (('"172.16.0.0/12"', '"172.30.0.0/16"'), (" 172.16.0.0/12 192", " 192")),
            ),
            (
                "opendkim_trusts_gateway",
                "OpenDKIM signs mail that comes from",
                "InternalHosts",
                (("localhost\n172.16.0.0/12", "localhost\n# 172.16.0.0/12"),),
            ),
            (
                "opendmarc_trusts_gateway",
                "OpenDMARC checks no mail from",
                "IgnoreHosts",
                (("localhost\n172.16.0.0/12", "localhost\n172.17.0.2"),),
            ),
            (
                "dovecot_trusts_gateway",
                "Dovecot believes any client address named by",
                "login_trusted_networks",
                (("login_trusted_networks = 172.16.0.0/12", "login_trusted_networks = "),),
            ),
        )
        for case in (
            Case(id_, "warning", "programs", ALL_PORTS, evidence=f"{meaning} 172.17.0.1 ({setting}: 172.16.0.0/12)"),
            Case(id_, "info", "programs", MOVED, why="no client is masked any more"),
            Case(id_, "", "programs", ALL_PORTS, cut, why="the gateway is not in the list"),
            Case(id_, "", "relay", why="it does not run"),
        )
    ),
    Case(
        "rspamd_trusts_gateway",
        "warning",
        "programs",
        ALL_PORTS,
        (('"172.16.0.0/12",\n    "fd', '"fd'), (" 172.16.0.0/12 192", " 192")),
        "Rspamd's controller needs no password from 172.17.0.1 (secure_ip: 172.16.0",
    ),
    Case(
        "rspamd_trusts_gateway",
        "warning",
        "programs",
        MASKED_BY_SIX,
        (('        "172.16.0.0/12",\n    ]', "    ]"),),
        "fd50:2e0:cde4:cb4d::1 (local_addrs: 172.16.0.0/12, fd00::/8)",
        why="fd00::/8 is in Rspamd's own list",
    ),
    Case(
        "dovecot_trusts_gateway",
        "warning",
        "programs",
        ALL_PORTS,
        (
            ("haproxy_trusted_networks = ", "haproxy_trusted_networks = 172.17.0.0/24"),
            ("login_trusted_networks = 172.16.0.0/12", "login_trusted_networks ="),
        ),
        "(haproxy_trusted_networks: 172.17.0.0/24)",
    ),
    # --- protocols
    Case(
        "inet_protocols_conflict",
        "warning",
        "moved",
        MOVED,
        ((ALL, ONLY_4),),
        "Postfix listens on IPv4 only (inet_protocols = ipv4), so IPv6 clients are refused",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "relay",
        situation(wanted=["mail"]),
        ((ALL, ONLY_4),),
        why="it is to have IPv6",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "relay",
        situation(wanted=["mail-id"]),
        ((ALL, ONLY_4),),
        why="it is to have IPv6, by its id",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "programs",
        situation(OLD, NEW),
        ((ALL, ONLY_4), ("POSTFIX_INET_PROTOCOLS=all", "POSTFIX_INET_PROTOCOLS=ipv4")),
        "= ipv4, POSTFIX_INET_PROTOCOLS=ipv4)",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "silent",
        MOVED,
        (("POSTFIX_INET_PROTOCOLS=", "POSTFIX_INET_PROTOCOLS=ipv4"),),
        "Postfix listens on IPv4 only (POSTFIX_INET_PROTOCOLS=ipv4)",
        why="only the environment is known",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "relay",
        changes=((ALL, ONLY_6),),
        evidence="Postfix listens on IPv6 only (inet_protocols = ipv6), so IPv4 clients are refused",
    ),
    Case("inet_protocols_conflict", "warning", "moved", MOVED, ((ALL, ONLY_6),), why="IPv4 clients are refused"),
    Case(
        "inet_protocols_conflict",
        "warning",
        "programs",
        situation(NEW, ports=(143,)),
        ((LISTEN, "listen = *"),),
        "Dovecot listens on IPv4 only (listen = *), so IPv6 clients are refused",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "programs",
        situation(ports=(993,)),
        ((LISTEN, "listen = [::]"),),
        "Dovecot listens on IPv6 only (listen = [::]), so IPv4 clients are refused",
    ),
    Case(
        "inet_protocols_conflict",
        "warning",
        "programs",
        situation(NEW, ports=(143,)),
        ((LISTEN, "listen = 0.0.0.0"),),
        why="an address",
    ),
    Case("inet_protocols_conflict", "", "moved", MOVED, why="both families"),
    Case("inet_protocols_conflict", "", "moved", MOVED, ((ALL, "inet_protocols = ipv4, ipv6"),), why="both, by name"),
    Case("inet_protocols_conflict", "", "relay", changes=((ALL, ONLY_4),), why="IPv4 only, as the container itself"),
    Case("inet_protocols_conflict", "", "programs", situation(NEW, ports=(143,)), ((ALL, ONLY_4),), why="no SMTP port"),
    Case("inet_protocols_conflict", "", "programs", situation(NEW), ((LISTEN, "listen = *"),), why="no mailbox port"),
    Case("inet_protocols_conflict", "", "programs", situation(NEW, ports=(143,)), why="both families, Dovecot"),
    Case("inet_protocols_conflict", "", "nothing", MOVED),
    # --- DMS's own sums
    Case(
        "stale_until_recreated",
        "warning",
        "stale",
        MOVED,
        evidence=f"{STALE} 172.17.0.0/16; re-created, it would be "
        "172.17.0.0/16, 172.18.0.0/16 (PERMIT_DOCKER=connected-networks)",
    ),
    Case(
        "stale_until_recreated",
        "warning",
        "stale",
        situation(NEW),
        ((ETH0, "lo inet 127.0.0.1/8 "),),
        "would be 172.18.0.0/16 (",
        why="the old network is gone",
    ),
    Case(
        "stale_until_recreated",
        "warning",
        "stale",
        MOVED,
        (("=connected-networks", "=host"), ("[fe80::]/64 172.17.0.0/16", "[fe80::]/64 172.20.0.0/16")),
        f"{STALE} 172.20.0.0/16; re-created, it would be 172.17.0.0/16 (PERMIT_DOCKER=host)",
    ),
    Case(
        "stale_until_recreated",
        "warning",
        "stale",
        MOVED,
        (("=connected-networks", "=container"), ("[fe80::]/64 172.17.0.0/16", "[fe80::]/64 172.17.0.9/32")),
        f"{STALE} 172.17.0.9/32; re-created, it would be 172.17.0.2/32 ",
    ),
    Case(
        "stale_until_recreated",
        "warning",
        "stale",
        MOVED,
        (
            ("=connected-networks", "=container"),
            ("[fe80::]/64 172.17.0.0/16", "[fe80::]/64 172.17.0.2/32"),
            ("NETWORK_INTERFACE=", "NETWORK_INTERFACE=eth1"),
        ),
        "would be 172.18.0.2/32 ",
        why="another interface",
    ),
    Case("stale_until_recreated", "warning", "stale", MOVED, ((f"{BASE} 172.17.0.0/16", ""),), f"{STALE} no network; "),
    Case("stale_until_recreated", "", "relay", why="PERMIT_DOCKER=network is the same everywhere"),
    Case("stale_until_recreated", "", "moved", MOVED, why="PERMIT_DOCKER=network is the same everywhere"),
    Case(
        "stale_until_recreated",
        "",
        "stale",
        MOVED,
        (("[fe80::]/64 172.17.0.0/16", "[fe80::]/64 172.18.0.0/16 172.17.0.0/16 172.17.0.0/16"),),
        why="it is what DMS would say",
    ),
    Case("stale_until_recreated", "", "stale", MOVED, (("=connected-networks", "=none"),), why="PERMIT_DOCKER=none"),
    Case(
        "stale_until_recreated",
        "",
        "stale",
        MOVED,
        (("#dms-ipv6 patched\n", "#dms-ipv6 patched\n/tmp/docker-mailserver/postfix-main.cf\n"),),
        why="the user sets mynetworks",
    ),
    Case(
        "stale_until_recreated",
        "",
        "silent",
        MOVED,
        (("PERMIT_DOCKER=", "PERMIT_DOCKER=connected-networks"),),
        why="Postfix did not answer",
    ),
    Case("stale_until_recreated", "", "nothing"),
    # --- no answer
    Case("not_examined", "info", "silent", evidence="container mail: postconf did not answer in time, so not all"),
    Case(
        "not_examined",
        "info",
        "relay",
        complete=False,
        evidence="container mail: its shell said too much, or did not answer in time, so not all could be seen",
    ),
    Case("not_examined", "", "relay"),
    Case("not_examined", "", "nothing"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{one.id}-{one.severity}-{one.recording}" for one in CASES])
def test_each_case(case: Case) -> None:
    found = case.findings()
    assert bool(found) is bool(case.severity), case.why
    for one in found:
        assert one.severity == case.severity, case.why
        assert one.remedy and not one.remedy.endswith(".")
        assert not one.evidence.endswith(".")
    assert case.evidence in " | ".join(one.evidence for one in found)


def ids_in_the_source() -> set[str]:
    """What the source gives Finding() and TrustList() for an id."""
    tree = ast.parse(Path(gateway_trust.__file__).read_text())
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    first = [one.args[0] for one in calls if getattr(one.func, "id", "") in ("Finding", "TrustList")]
    return {str(one.value) for one in first if isinstance(one, ast.Constant)}


def test_each_id_is_raised_by_a_case_and_not_raised_by_another() -> None:
    ids = ids_in_the_source()
    assert {one.id for one in CASES if one.severity} == ids
    assert {one.id for one in CASES if not one.severity} == ids


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.txt")), ids=lambda path: path.stem)
def test_each_recording_is_used_and_understood(path: Path) -> None:
    assert path.stem in {one.recording for one in CASES}
    assert path.read_text().startswith(f"\n{mail_programs.MARK} environment\n")


def test_all_that_a_mail_server_hears_of_itself() -> None:
    """Everything at once, in the order of their weight in the source."""
    found = findings(ALL_PORTS, facts(recorded("programs"), ALL_PORTS))
    assert [(one.id, one.severity) for one in found] == [
        ("open_relay", "critical"),
        ("gateway_in_log", "warning"),
        ("rspamd_trusts_gateway", "warning"),
        ("rspamd_trusts_gateway", "warning"),
        ("opendkim_trusts_gateway", "warning"),
        ("opendmarc_trusts_gateway", "warning"),
        ("dovecot_trusts_gateway", "warning"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        trusting("\x1b[31mhash:/x"),
        trusting(" ".join(f"hash:/{number}" for number in range(10_000))),
        ((ALL, "inet_protocols = ipv4 \x1b]0;owned\x07"),),
        ((ALL, f"inet_protocols = {'ipv4 ' * 10_000}"),),
        (("#dms-ipv6 patched", "#dms-ipv6 silent \x1b[2Jx\n\n#dms-ipv6 patched"),),
    ],
)
def test_evidence_is_fit_for_a_terminal(changes: tuple[tuple[str, str], ...]) -> None:
    ((old, new),) = changes
    found = findings(MOVED, facts(recorded("relay").replace(old, new), MOVED))
    assert len(found) > 1
    for one in found:
        assert one.evidence.isprintable() and len(one.evidence) < 600


def test_remedies() -> None:
    """Where clients are masked, enabling comes first; where none are, it is not advised."""
    for name, at in (("banned", MASKED), ("spf", MASKED), ("programs", ALL_PORTS), ("relay", MASKED)):
        assert all(one.remedy.startswith(ENABLE) for one in findings(at, facts(recorded(name), at)))
        moved = findings(MOVED, facts(recorded(name), MOVED))
        assert moved and not any(ENABLE in one.remedy for one in moved)
    (ban,) = [one for one in findings(MASKED, facts(recorded("banned"), MASKED)) if one.id == "gateway_banned"]
    assert "then run `docker exec mail fail2ban-client unban 172.17.0.1`; do not put it into ignoreip" in ban.remedy


# --- what a container's place is


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        *(
            (docker_objects.Port(number, "tcp", "::", 40000), True)
            for number in (25, 110, 143, 465, 587, 993, 995, 4190)
        ),
        *((docker_objects.Port(40000, "tcp", "0.0.0.0", number), True) for number in (25, 993)),
        (docker_objects.Port(80, "tcp", "::", 80), False),
        (docker_objects.Port(25, "udp", "::", 25), False),
        (docker_objects.Port(2525, "tcp", "::", 1025), False),
    ],
)
def test_which_containers_are_looked_into(port: docker_objects.Port, expected: bool) -> None:
    found = docker_objects.Container(
        "1", "mail", True, "bridge", (OLD,), (docker_objects.Port(80, "tcp", "::", 8080), port)
    )
    assert publishes_mail(found) is expected


def addresses(*texts: str) -> frozenset[t.Any]:
    return frozenset(map(ipaddress.ip_address, texts))


def test_gateways_come_from_the_container_and_from_its_networks() -> None:
    network = docker_objects.Network(
        "n", "dms-ipv6", "bridge", True, False, (), ("172.18.0.254", "fd00::1/64"), "b", {}, {}
    )
    other = docker_objects.Network("o", "other", "bridge", False, False, (), ("10.0.0.1",), "b", {}, {})
    at = gateway_trust.situation(container(OLD, NEW), (network, other), (), ())
    assert set(at.gateways) == addresses("172.17.0.1", "172.18.0.1", "fd50:2e0:cde4:cb4d::1", "172.18.0.254", "fd00::1")
    assert len(at.gateways) == 5


def test_which_gateways_mask() -> None:
    assert MASKED.masking == addresses("172.17.0.1")
    assert MASKED_BY_SIX.masking == addresses("fd50:2e0:cde4:cb4d::1")
    assert situation(OLD, NEW, family="ipv4").masking == addresses("172.17.0.1", "172.18.0.1")
    assert not MOVED.masked and not MOVED.hides(MOVED.gateways)
    assert MASKED.hides(MASKED.gateways)


def test_udp_is_no_mail() -> None:
    udp = docker_objects.Port(25, "udp", "::", 25)
    masked = [published.Exposure(udp, "ipv6", "masked")]
    assert not gateway_trust.situation(container(), (), masked, ()).masked


@pytest.mark.parametrize("verdict", ["real", "refused", "timeout", "unknown"])
def test_what_is_not_masked_is_not_confirmed(verdict: str) -> None:
    found = container()
    at = gateway_trust.situation(found, (), [published.Exposure(found.ports[0], "ipv6", verdict)], ())
    (relay, _log) = findings(at, facts(recorded("relay"), at))
    assert (relay.id, relay.severity) == ("open_relay", "warning")


def test_both_families_may_be_masked() -> None:
    found = container()
    masked = [published.Exposure(found.ports[0], family, "masked") for family in ("ipv6", "ipv4")]
    assert gateway_trust.situation(found, (), masked, ()).hidden == "IPv4 and IPv6 clients"
    assert MASKED.hidden == "IPv6 clients"


@pytest.mark.parametrize(
    ("relay", "recipient", "expected"),
    [
        ("permit_mynetworks permit_sasl_authenticated defer_unauth_destination", "", True),
        ("permit_sasl_authenticated, permit_mynetworks, reject", "reject", True),
        ("permit_sasl_authenticated,reject", "permit_mynetworks", False),
        ("reject_unauth_destination, permit_mynetworks", "", False),
        ("defer, permit_mynetworks", "", False),
        ("", "permit_mynetworks, reject_unauth_destination", True),
        ("", "reject_unauth_destination, permit_mynetworks", False),
        ("", "", False),
        ("check_client_access hash:/x, permit_mynetworks", "", True),
    ],
)
def test_what_mynetworks_is_good_for(relay: str, recipient: str, expected: bool) -> None:
    settings = {"smtpd_relay_restrictions": relay, "smtpd_recipient_restrictions": recipient}
    assert relays_for_mynetworks(settings) is expected
