# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe, against real servers on the loopback interface."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import probe

LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}
Answer = t.Callable[[socket.socket, tuple[t.Any, ...]], None]


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as handle:
        handle.bind(("::1", 0))
        return True
    return False


FAMILIES = ["ipv4", pytest.param("ipv6", marks=pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here"))]
EACH_FAMILY = pytest.mark.parametrize("family", FAMILIES)


@contextlib.contextmanager
def serving(family: str, answer: Answer) -> t.Iterator[int]:
    """A server for one connection; its port."""
    with socket.socket(probe.FAMILIES[family], socket.SOCK_STREAM) as listener:
        listener.bind((LOOPBACK[family], 0))
        listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, peer = listener.accept()
                with connection:
                    answer(connection, peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def saying(text: str) -> Answer:
    def answer(connection: socket.socket, peer: tuple[t.Any, ...]) -> None:
        connection.recv(4096)
        connection.sendall(text.replace("PEER", f"[{peer[0]}]:{peer[1]}").encode())

    return answer


def silent(connection: socket.socket, peer: tuple[t.Any, ...]) -> None:
    """Accept, and never say a word."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


def resetting(connection: socket.socket, peer: tuple[t.Any, ...]) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


HEAD = "HTTP/1.0 200 OK\r\n\r\n"


@EACH_FAMILY
@pytest.mark.parametrize(
    ("answer", "hosts", "verdict", "seen"),
    [
        (saying(f"{HEAD}Hostname: x\nRemoteAddr: PEER\n"), ["198.18.7.2"], "real", "itself"),
        (saying(f"{HEAD}RemoteAddr: PEER\n"), [], "real", "itself"),
        (saying(f"{HEAD}RemoteAddr: 172.17.0.1:4\n"), ["172.17.0.1"], "masked", "172.17.0.1"),
        (saying(f"{HEAD}RemoteAddr: 172.17.0.1:4\n"), [], "unexpected", "172.17.0.1"),
        (saying(f"{HEAD}RemoteAddr: PEER\n"), ["127.0.0.1", "::1"], "not verified", "itself"),
        (saying("220 mail.example.org ESMTP\r\n"), [], "unexpected", ""),
        (saying(""), [], "unexpected", ""),
        (saying("\0" * 200_000), [], "unexpected", ""),
    ],
)
def test_answers(family: str, answer: Answer, hosts: list[str], verdict: str, seen: str) -> None:
    own = LOOPBACK[family]
    with serving(family, answer) as port:
        found = probe.probe((own, port), family, 5, hosts)
    assert (found.verdict, found.client, found.seen) == (verdict, own, own if seen == "itself" else seen)


@EACH_FAMILY
def test_silence_is_a_timeout(family: str) -> None:
    with serving(family, silent) as port:
        found = probe.probe((LOOPBACK[family], port), family, 0.2, [])
    assert (found.verdict, found.client) == ("timeout", LOOPBACK[family])
    assert found.msg == "no answer within 0.2 s"


@EACH_FAMILY
def test_a_connection_is_kept_after_the_probe_has_ended(family: str) -> None:
    """Its other end sees the same client, hears nothing from it, and sees the end of it when the time is over."""
    seen: dict[str, t.Any] = {}

    def look(connection: socket.socket, peer: tuple[t.Any, ...]) -> None:
        connection.settimeout(0.5)
        with contextlib.suppress(socket.timeout):
            seen["said"] = connection.recv(10)
        connection.settimeout(10)
        seen.update(peer=peer, end=connection.recv(10))

    with serving(family, look) as port:
        found = probe.hold((LOOPBACK[family], port), family, 5, 1)
    assert (found.verdict, found.client, found.seen) == ("not verified", LOOPBACK[family], "")
    assert found.msg == "connected; the host can say within 1 s which client the service sees"
    assert seen == {"peer": seen["peer"], "end": b""}
    assert seen["peer"][:2] == (found.client, found.client_port)


@EACH_FAMILY
def test_nothing_to_keep(family: str) -> None:
    with socket.socket(probe.FAMILIES[family], socket.SOCK_STREAM) as taken:
        taken.bind((LOOPBACK[family], 0))
        found = probe.hold((LOOPBACK[family], taken.getsockname()[1]), family, 5, 1)
    assert (found.verdict, found.client_port) == ("refused", 0)


def test_no_connection_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(socket.socket):
        def connect(self, address: t.Any) -> None:
            raise socket.timeout

    monkeypatch.setattr(socket, "socket", Lost)
    found = probe.hold(("127.0.0.1", 80), "ipv4", 5, 1)
    assert (found.verdict, found.client, found.msg) == ("timeout", "", "no connection within 5 s")


def waiting(connection: socket.socket, peer: tuple[t.Any, ...]) -> None:
    """Say what a mail server does, and wait for more."""
    connection.sendall(b"* OK ready\r\n")
    silent(connection, peer)


@EACH_FAMILY
def test_who_said_something_has_answered(family: str) -> None:
    with serving(family, waiting) as port:
        found = probe.probe((LOOPBACK[family], port), family, 0.3, [])
    assert (found.verdict, found.client, found.seen) == ("unexpected", LOOPBACK[family], "")
    # What a stranger said stays on the probe host.
    assert ("* OK ready" in found.msg, found.answer) == (False, "* OK ready??")


@EACH_FAMILY
def test_closed_port_is_refused(family: str) -> None:
    with socket.socket(probe.FAMILIES[family], socket.SOCK_STREAM) as taken:
        taken.bind((LOOPBACK[family], 0))
        found = probe.probe((LOOPBACK[family], taken.getsockname()[1]), family, 5, [])
    assert (found.verdict, found.seen) == ("refused", "")


def test_reset_connection_is_unexpected() -> None:
    with serving("ipv4", resetting) as port:
        found = probe.probe(("127.0.0.1", port), "ipv4", 5, [])
    assert found.verdict == "unexpected"


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (errno.ENETUNREACH, "not verified"),
        (errno.EADDRNOTAVAIL, "not verified"),
        (errno.EAFNOSUPPORT, "not verified"),
        (errno.ECONNREFUSED, "refused"),
        (errno.EACCES, "refused"),
        (errno.EPERM, "refused"),
        (errno.EHOSTUNREACH, "timeout"),
        (errno.ECONNRESET, "unexpected"),
        (errno.EPIPE, "unexpected"),
    ],
)
def test_errors_of_the_connection(monkeypatch: pytest.MonkeyPatch, number: int, verdict: str) -> None:
    class Failing(socket.socket):
        def connect(self, address: t.Any) -> None:
            raise OSError(number, "said by the kernel")

    monkeypatch.setattr(socket, "socket", Failing)
    found = probe.probe(("127.0.0.1", 80), "ipv4", 1, [])
    assert (found.verdict, found.client, found.seen) == (verdict, "", "")
    assert found.msg.endswith("said by the kernel")


@pytest.mark.parametrize(
    ("host", "family", "words"),
    [
        ("2001:db8::1", "ipv6", "host: 2001:db8::1 is reserved for documentation"),
        ("3fff::1", "ipv6", "host: 3fff::1 is reserved for documentation"),
        ("127.0.0.1", "ipv6", "host: '127.0.0.1' has no ipv6 address"),
        ("::1", "ipv4", "host: '::1' has no ipv4 address"),
        ("127.0.0.1", "ipv4", "host: 127.0.0.1 is a loopback address"),
        ("127.1", "ipv4", "host: 127.0.0.1 is a loopback address"),
        ("localhost", "ipv4", "host: 127.0.0.1 is a loopback address"),
        ("0.0.0.0", "ipv4", "host: 0.0.0.0 is not a host's address"),
        ("169.254.169.254", "ipv4", "host: 169.254.169.254 is link-local"),
        ("224.0.0.1", "ipv4", "host: 224.0.0.1 is multicast"),
        ("255.255.255.255", "ipv4", "host: 255.255.255.255 is not a host's address"),
        ("::1", "ipv6", "host: ::1 is special: the loopback address"),
        ("::", "ipv6", "host: :: is special: the unspecified address"),
        ("::ffff:127.0.0.1", "ipv6", "host: ::ffff:127.0.0.1 is special: IPv4-mapped"),
        ("::127.0.0.1", "ipv6", "host: ::127.0.0.1 is special: IPv4-compatible"),
        ("fe80::1%lo", "ipv6", "host: fe80::1 is link-local"),
        ("ff02::1", "ipv6", "host: ff02::1 is multicast"),
        ("a..b", "ipv4", "host: 'a..b' has no ipv4 address"),
        ("no such name", "ipv4", "host: 'no such name' has no ipv4 address"),
    ],
)
def test_refused_targets(host: str, family: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        probe.resolve(host, 80, family)
    assert str(reason.value).startswith(words)


def dribbling(connection: socket.socket, peer: tuple[t.Any, ...]) -> None:
    """Say a little, again and again, for longer than a client should listen."""
    with contextlib.suppress(OSError):
        for _time in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)


def test_one_deadline_for_all_of_it() -> None:
    """A server that always says something before a single read is given up must not keep the probe."""
    with serving("ipv4", dribbling) as port:
        before = time.monotonic()
        found = probe.probe(("127.0.0.1", port), "ipv4", 0.3, [])
        assert time.monotonic() - before < 2
    assert found.verdict == "unexpected"


@pytest.mark.parametrize(("address", "expected"), [("127.0.0.1", True), ("198.51.100.7", False)])
def test_an_address_of_this_machine(address: str, expected: bool) -> None:
    assert probe.is_own((address, 80), "ipv4") is expected
