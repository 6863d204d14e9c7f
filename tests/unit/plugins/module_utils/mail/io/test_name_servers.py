# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions sent to scripted servers on the loopback interface; tests/integration/test_mail_dns.py has real ones."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
import threading
import typing as t

import dns.exception
import dns.flags
import dns.message
import dns.resolver
import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.mail.dns_questions import Question
from ansible_collections.dms.ipv6.plugins.module_utils.mail.io import name_servers

HERE, MAIL = "127.0.0.1", "mail.example.test"
Answering = t.Callable[[dns.message.Message], bytes]


class Server:
    """A name server over UDP that gives the answers of a test, and over TCP on the same port if wanted."""

    def __init__(self, answering: Answering, tcp: Answering | None = None) -> None:
        self.answering, self.tcp = answering, tcp
        self.asked: list[dns.message.Message] = []

    def __enter__(self) -> Server:
        self.stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.stream.bind((HERE, 0))
        self.port = self.stream.getsockname()[1]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HERE, self.port))
        self.threads = [threading.Thread(target=self._serve, daemon=True)]
        if self.tcp:
            self.stream.listen()
            self.threads.append(threading.Thread(target=self._serve_stream, daemon=True))
        for one in self.threads:
            one.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        for one in (self.socket, self.stream):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                text, peer = self.socket.recvfrom(4096)
                if not text:  # shut down
                    return
                self.asked.append(dns.message.from_wire(text))
                answer = self.answering(self.asked[-1])
                if answer:
                    self.socket.sendto(answer, peer)

    def _serve_stream(self) -> None:
        assert self.tcp
        with contextlib.suppress(OSError):
            connection, _peer = self.stream.accept()
            with connection:
                length = int.from_bytes(connection.recv(2), "big")
                answer = self.tcp(dns.message.from_wire(connection.recv(length)))
                connection.sendall(len(answer).to_bytes(2, "big") + answer)


def answering(*answer: str, rcode: str = "NOERROR", authority: t.Sequence[str] = (), flags: str = "QR RA") -> Answering:
    """An answer with these records."""

    def respond(question: dns.message.Message) -> bytes:
        text = f"id {question.id}\nopcode QUERY\nrcode {rcode}\nflags {flags}\n;QUESTION\n{question.question[0]}\n"
        text += "\n".join([";ANSWER", *answer, ";AUTHORITY", *authority, ";ADDITIONAL", ""])
        return bytes(dns.message.from_text(text).to_wire())

    return respond


def client(server: Server, timeout: float = 5) -> name_servers.Client:
    return name_servers.Client(server.port, server.port, timeout)


AAAA = f"{MAIL}. 60 IN AAAA fd00::1"
CNAME = f"{MAIL}. 600 IN CNAME a.test."
SOA = "example.test. 60 IN SOA ns. h. 1 2 3 4 5"
NS = "example.test. 60 IN NS ns.example.test."
OWN = "QR AA"
SPF = "v=spf1 ip6:fd00::1 -all"

READ = [
    ("AAAA", False, answering(AAAA), "answer", ("fd00::1",), ()),
    ("AAAA", True, answering(AAAA, flags=OWN), "answer", ("fd00::1",), ()),
    ("AAAA", True, answering(AAAA), "answer", ("fd00::1",), ()),
    ("AAAA", False, answering(authority=[SOA]), "no_data", (), ()),
    ("AAAA", False, answering(), "no_data", (), ()),
    ("AAAA", True, answering(authority=[SOA], flags=OWN), "no_data", (), ()),
    ("AAAA", True, answering(flags=OWN), "no_data", (), ()),
    ("AAAA", True, answering(), "no_authority", (), ()),
    ("AAAA", True, answering(rcode="NXDOMAIN"), "no_authority", (), ()),
    ("AAAA", True, answering(authority=[NS]), "no_authority", (), ()),
    ("AAAA", False, answering(authority=[NS]), "no_authority", (), ()),
    ("AAAA", False, answering(authority=[NS, SOA]), "no_data", (), ()),
    ("AAAA", False, answering(authority=[NS], flags=OWN), "no_data", (), ()),
    ("AAAA", False, answering(rcode="NXDOMAIN"), "no_such_name", (), ()),
    ("AAAA", True, answering(rcode="NXDOMAIN", flags=OWN), "no_such_name", (), ()),
    ("AAAA", False, answering(rcode="REFUSED"), "refused", (), ()),
    ("AAAA", False, answering(rcode="SERVFAIL"), "failed", (), ()),
    ("AAAA", False, answering(AAAA, rcode="SERVFAIL"), "failed", (), ()),
    ("AAAA", False, answering(rcode="NOTIMP"), "failed", (), ()),
    ("AAAA", False, answering(f"{MAIL}. 60 IN A 10.0.0.1"), "no_data", (), ()),
    ("AAAA", False, answering("other.test. 60 IN AAAA fd00::1"), "no_data", (), ()),
    ("AAAA", False, answering(CNAME, "a.test. 60 IN AAAA fd00::1"), "answer", ("fd00::1",), ("a.test",)),
    ("AAAA", False, answering(CNAME, authority=[SOA]), "alias", (), ("a.test",)),
    ("AAAA", False, answering(CNAME, "a.test. 60 IN CNAME b.test."), "alias", (), ("a.test", "b.test")),
    ("AAAA", False, answering(CNAME, rcode="NXDOMAIN"), "no_such_name", (), ("a.test",)),
    ("AAAA", True, answering(CNAME, rcode="NXDOMAIN", flags=OWN), "alias", (), ("a.test",)),
    ("AAAA", True, answering(CNAME), "no_authority", (), ("a.test",)),
    ("AAAA", False, answering(CNAME, f"a.test. 60 IN CNAME {MAIL}."), "alias", (), (*("a.test", MAIL) * 4, "a.test")),
    (
        "A",
        False,
        answering(f"{MAIL}. 60 IN A 10.0.0.2", f"{MAIL}. 60 IN A 10.0.0.1"),
        "answer",
        ("10.0.0.1", "10.0.0.2"),
        (),
    ),
    ("MX", False, answering(f"{MAIL}. 60 IN MX 0 ."), "answer", (".",), ()),
    (
        "NS",
        False,
        answering(f"{MAIL}. 60 IN NS NS2.test.", f"{MAIL}. 60 IN NS ns1.test."),
        "answer",
        ("ns1.test", "ns2.test"),
        (),
    ),
    ("PTR", False, answering(f"{MAIL}. 60 IN PTR Mail.Test."), "answer", ("mail.test",), ()),
    ("TXT", False, answering(f'{MAIL}. 60 IN TXT "v=spf1 ip6:fd0" "0::1 -all"'), "answer", (SPF,), ()),
    ("TXT", False, answering(f'{MAIL}. 60 IN TXT "\\255"'), "answer", ("\ufffd",), ()),
]


@pytest.mark.parametrize(
    ("kind", "authoritative", "answer", "outcome", "records", "chain"), READ, ids=[str(one) for one in range(len(READ))]
)
def test_read(
    kind: str, authoritative: bool, answer: Answering, outcome: str, records: tuple[str, ...], chain: tuple[str, ...]
) -> None:
    with Server(answer) as server:
        found = client(server).ask([Question(HERE, MAIL, kind, authoritative)])[0]
    assert (found.outcome, found.records, found.chain) == (outcome, records, chain)
    assert found.ttl == (60 if records else 0)
    assert bool(server.asked[0].flags & dns.flags.RD) is not authoritative


@pytest.mark.parametrize("order", [(10, 20, 30), (30, 20, 10), (20, 30, 10)])
def test_mx_by_preference(order: tuple[int, ...]) -> None:
    """Not in the order of their names either; a server shuffles them, so none is queried here."""
    question = dns.message.make_query(MAIL, "MX")
    text = f"id {question.id}\nflags QR\n;QUESTION\n{question.question[0]}\n;ANSWER\n"
    text += "".join(f"{MAIL}. 60 IN MX {number} mx{60 - number}.test.\n" for number in order)
    found = name_servers.read(dns.message.from_text(text), Question(HERE, MAIL, "MX"))
    assert found.records == ("mx50.test", "mx40.test", "mx30.test")


def test_the_time_to_live_is_that_of_the_address() -> None:
    with Server(answering(CNAME, "a.test. 60 IN AAAA fd00::1")) as server:
        assert client(server).ask([Question(HERE, MAIL, "AAAA")])[0].ttl == 60


def test_silence_is_a_timeout() -> None:
    with Server(lambda _question: b"") as server:
        found = client(server, 0.4).ask([Question(HERE, MAIL, "AAAA")])[0]
    assert (found.outcome, found.detail) == ("timeout", "no answer within 0.4 s")
    assert len(server.asked) == 2


def test_a_lost_datagram_is_sent_again() -> None:
    right = answering(AAAA)
    with Server(lambda question: right(question) if len(server.asked) > 1 else b"") as server:
        assert client(server, 4).ask([Question(HERE, MAIL, "AAAA")])[0].outcome == "answer"


def test_a_server_that_never_answers_is_given_up() -> None:
    with Server(lambda _question: b"") as server:
        asking = client(server, 0.2)
        for number in range(4):
            found = asking.ask([Question(HERE, f"n{number}.test", "AAAA")])[0]
            assert found.outcome == "timeout"
    assert "is not asked again" in found.detail
    assert len(server.asked) == 4


def test_a_server_that_answered_once_is_not_given_up() -> None:
    right = answering(AAAA)
    with Server(lambda question: right(question) if MAIL in str(question) else b"") as server:
        asking = client(server)
        asking.ask([Question(HERE, MAIL, "AAAA")])
        asking.timeout = 0.2
        for number in range(3):
            asking.ask([Question(HERE, f"n{number}.test", "AAAA")])
    assert len(server.asked) == 7


def test_the_same_question_is_sent_once() -> None:
    with Server(answering(AAAA)) as server:
        asking = client(server)
        found = asking.ask([Question(HERE, MAIL, "AAAA")] * 3) + asking.ask([Question(HERE, MAIL, "AAAA")])
    assert {one.outcome for one in found} == {"answer"}
    assert len(server.asked) == 1


def test_answers_come_in_the_order_of_the_questions() -> None:
    def respond(question: dns.message.Message) -> bytes:
        name = str(question.question[0].name)
        return answering(f"{name} 60 IN A 10.0.0.{name[1 : name.index('.')]}")(question)

    with Server(respond) as server:
        found = client(server).ask([Question(HERE, f"n{number}.test", "A") for number in range(30)])
    assert [one.records for one in found] == [(f"10.0.0.{number}",) for number in range(30)]


def test_the_ports_are_kept_apart() -> None:
    with Server(answering(AAAA)) as resolver, Server(answering(flags=OWN)) as own:
        asking = name_servers.Client(resolver.port, own.port, 5)
        found = asking.ask([Question(HERE, MAIL, "AAAA"), Question(HERE, MAIL, "AAAA", authoritative=True)])
    assert [one.outcome for one in found] == ["answer", "no_data"]


def test_a_long_answer_comes_over_tcp() -> None:
    with Server(answering(flags="QR TC"), answering(AAAA)) as server:
        assert client(server).ask([Question(HERE, MAIL, "AAAA")])[0].records == ("fd00::1",)


def test_a_long_answer_that_does_not_come_is_no_denial() -> None:
    with Server(answering(flags="QR TC")) as server:
        server.stream.close()
        assert client(server).ask([Question(HERE, MAIL, "AAAA")])[0].outcome == "failed"
    with Server(answering(flags="QR TC"), lambda _question: b"") as server:
        assert client(server).ask([Question(HERE, MAIL, "AAAA")])[0].outcome == "invalid"


@pytest.mark.parametrize("rcode", ["FORMERR", "NOTIMP"])
def test_a_server_without_edns_is_queried_without(rcode: str) -> None:
    def respond(question: dns.message.Message) -> bytes:
        return (answering(rcode=rcode) if question.edns >= 0 else answering(AAAA))(question)

    with Server(respond) as server:
        assert client(server).ask([Question(HERE, MAIL, "AAAA")])[0].outcome == "answer"
    assert [one.edns for one in server.asked] == [0, -1]


@pytest.mark.parametrize("answer", [b"", b"x", b"\0" * 11, b"\xff" * 600])
def test_garbage_is_no_denial(answer: bytes) -> None:
    with Server(lambda question: question.id.to_bytes(2, "big") + answer) as server:
        found = client(server, 0.4).ask([Question(HERE, MAIL, "AAAA")])[0]
    assert found.outcome in ("invalid", "timeout", "failed")


def test_an_answer_to_another_question_is_no_answer() -> None:
    """dnspython before 2.7 lets an error pass for an answer to any question."""
    for name, kind in (("other.test", "AAAA"), (MAIL, "A")):
        other = dns.message.make_query(name, kind)

        def respond(question: dns.message.Message, other: dns.message.Message = other) -> bytes:
            other.id = question.id
            return answering(rcode="NXDOMAIN")(other)

        with Server(respond) as server:
            assert client(server, 0.4).ask([Question(HERE, MAIL, "AAAA")])[0].outcome in ("invalid", "timeout")
        assert (
            name_servers.read(dns.message.from_wire(respond(other)), Question(HERE, MAIL, "AAAA")).outcome == "invalid"
        )


def test_a_garbled_answer_is_an_outcome_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a server sends: no traceback."""
    question = dns.message.make_query(MAIL, "AAAA", use_edns=0)
    whole = answering(CNAME, "a.test. 60 IN AAAA fd00::1", f"{MAIL}. 60 IN MX 10 b.test.", authority=[SOA, NS])(
        question
    )
    chance = random.Random(64)

    def garbled(*_rest: object, **_more: object) -> tuple[dns.message.Message, bool]:
        wire = bytearray(whole)
        for _number in range(chance.randint(1, 6)):
            wire[chance.randrange(len(wire))] = chance.randrange(256)
        return dns.message.from_wire(bytes(wire)), False

    monkeypatch.setattr(name_servers, "udp_with_fallback", garbled)
    outcomes = {name_servers.Client().ask([Question(HERE, MAIL, "AAAA")])[0].outcome for _number in range(3000)}
    assert outcomes >= {"answer", "alias", "invalid", "failed"}


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", ".test"])
def test_a_name_that_is_none_is_not_understood(name: str) -> None:
    with Server(answering()) as server:
        assert client(server).ask([Question(HERE, name, "AAAA")])[0].outcome == "invalid"
    assert not server.asked


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (errno.ENETUNREACH, "unreachable"),
        (errno.EADDRNOTAVAIL, "unreachable"),
        (errno.EAFNOSUPPORT, "unreachable"),
        (errno.EPERM, "failed"),
        (errno.EHOSTUNREACH, "failed"),
    ],
)
def test_errors_of_the_socket(monkeypatch: pytest.MonkeyPatch, number: int, outcome: str) -> None:
    def failing(*_rest: object, **_more: object) -> None:
        raise OSError(number, "said by the kernel")

    monkeypatch.setattr(name_servers, "udp_with_fallback", failing)
    found = name_servers.Client().ask([Question(HERE, MAIL, "AAAA")])[0]
    assert (found.outcome, found.detail) == (outcome, "cannot be asked: said by the kernel")


def test_what_dnspython_2_3_says_to_a_garbled_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian bookworm's: not one of its own exceptions."""

    def failing(*_rest: object, **_more: object) -> None:
        raise ValueError("15 is not a valid Opcode")

    monkeypatch.setattr(name_servers, "udp_with_fallback", failing)
    found = name_servers.Client().ask([Question(HERE, MAIL, "AAAA")])[0]
    assert (found.outcome, found.detail) == ("invalid", "not understood: 15 is not a valid Opcode")


def test_without_dnspython(monkeypatch: pytest.MonkeyPatch) -> None:
    name_servers.available()
    monkeypatch.setattr(name_servers, "AVAILABLE", False)
    with pytest.raises(Refused) as reason:
        name_servers.available()
    assert str(reason.value) == (
        "the Python package dnspython (2.0 or later) is missing on this host. Install the package python3-dnspython."
    )


def test_the_hosts_own_resolvers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Configured:
        nameservers: t.ClassVar[list[str]] = ["10.0.0.53", "fd00::53"]

    class Unconfigured:
        def __init__(self) -> None:
            raise dns.exception.DNSException

    monkeypatch.setattr(dns.resolver, "Resolver", Configured)
    assert name_servers.system_resolvers() == ("10.0.0.53", "fd00::53")
    for one in (Unconfigured, type("Empty", (), {"nameservers": []})):
        monkeypatch.setattr(dns.resolver, "Resolver", one)
        with pytest.raises(Refused) as reason:
            name_servers.system_resolvers()
        assert str(reason.value) == "/etc/resolv.conf: this host has no resolver. Name some in `resolvers`."
