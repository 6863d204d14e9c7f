# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay test, against scripted mail servers on the loopback interface."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.mail import relay as mail_relay
from ansible_collections.dms.ipv6.plugins.module_utils.mail.io import relay_test
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import probe as proof_probe

LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}
TO = "victim@dms-ipv6.invalid"
BANNER = "220 mail.example.test ESMTP"
DENIAL = f"454 4.7.1 <{TO}>: Relay access denied"
if t.TYPE_CHECKING:
    # What a server answers, by the command's first word; "" is its greeting. None: nothing at all.
    Script = dict[str, t.Any]
POSTFIX: Script = {
    "": BANNER,
    "EHLO": "250-mail.example.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 CHUNKING",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": DENIAL,
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as handle:
        handle.bind(("::1", 0))
        return True
    return False


FAMILIES = ["ipv4", pytest.param("ipv6", marks=pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here"))]


class MailServer:
    """A mail server for one connection that answers by a script, and remembers what it heard."""

    def __init__(self, script: Script, family: str = "ipv4", pause: float = 0) -> None:
        self.script, self.family, self.pause = script, family, pause
        self.heard: list[str] = []

    def __enter__(self) -> MailServer:
        self.listener = socket.socket(proof_probe.FAMILIES[self.family], socket.SOCK_STREAM)
        self.listener.bind((LOOPBACK[self.family], 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self.listener.close()
        self.thread.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _peer = self.listener.accept()
            with connection, connection.makefile("rb") as lines:
                self._say(connection, "")
                for line in lines:
                    self.heard.append(line.decode().rstrip("\r\n"))
                    self._say(connection, self.heard[-1].split()[0].upper())

    def _say(self, connection: socket.socket, command: str) -> None:
        text = self.script.get(command, "502 5.5.2 Error: command not recognized")
        if text is None:
            return
        if text == "close":
            connection.shutdown(socket.SHUT_RDWR)
            return
        for one in f"{text}\r\n" if self.pause else [f"{text}\r\n"]:
            connection.sendall(one.encode("latin-1"))
            time.sleep(self.pause)


def probe(server: MailServer, timeout: float = 5) -> mail_relay.Relay:
    return relay_test.probe((LOOPBACK[server.family], server.port), server.family, timeout, TO)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_server_that_does_not_relay(family: str) -> None:
    with MailServer(POSTFIX, family) as server:
        found = probe(server)
    own = LOOPBACK[family]
    assert found == mail_relay.Relay(
        "denied",
        454,
        f"4.7.1 <{TO}>: Relay access denied",
        BANNER,
        own,
        f"the server does not relay: {DENIAL}",
    )
    literal = f"[IPv6:{own}]" if family == "ipv6" else f"[{own}]"
    assert server.heard == [f"EHLO {literal}", "MAIL FROM:<>", f"RCPT TO:<{TO}>", "RSET", "QUIT"]


@pytest.mark.parametrize(
    ("changes", "relay", "code"),
    [
        ({"RCPT": "250 2.1.5 Ok"}, "accepted", 250),
        ({"RCPT": "554 5.7.1 denied"}, "denied", 554),
        ({"RCPT": "250-2.1.5 Ok\r\n250 really"}, "accepted", 250),
        ({"RCPT": "550-no\r\n550 never"}, "denied", 550),
        ({"RCPT": "354 go on"}, "unknown", 354),
        ({"RCPT": "nonsense"}, "unknown", 0),
        ({"RCPT": "close"}, "unknown", 0),
        ({"RCPT": None}, "timeout", 0),
        ({"": None}, "timeout", 0),
        ({"": "close"}, "unknown", 0),
        ({"": "554 5.7.1 go away"}, "unknown", 554),
        ({"": "220-wait a moment\r\n220 mail.example.test ESMTP"}, "denied", 454),
        ({"": "SSH-2.0-OpenSSH_9.2"}, "unknown", 0),
        ({"EHLO": "502 no", "HELO": "250 mail"}, "denied", 454),
        ({"EHLO": "550 no", "HELO": "550 no"}, "unknown", 550),
        ({"EHLO": None}, "timeout", 0),
        ({"MAIL": "550 5.7.1 blocked"}, "unknown", 550),
        ({"MAIL": None}, "timeout", 0),
        ({"RSET": None, "QUIT": None}, "denied", 454),
        ({"RSET": "close"}, "denied", 454),
        ({"": "220 \xff\xfe\0 ESMTP"}, "denied", 454),
        ({"": "220-" + "x" * 200_000}, "unknown", 0),
        ({"": "220-x\r\n" * 20_000 + "220 x"}, "unknown", 0),
    ],
)
def test_scripts(changes: Script, relay: str, code: int) -> None:
    with MailServer({**POSTFIX, **changes}) as server:
        found = probe(server, 0.5 if None in changes.values() else 10)
    assert (found.relay, found.code) == (relay, code)
    assert found.client == LOOPBACK["ipv4"]
    assert found.msg


def test_it_never_sends_data() -> None:
    for answer in ("250 Ok", "354 go on", "550 no", "nonsense", None, "close"):
        with MailServer({**POSTFIX, "RCPT": answer}) as server:
            probe(server, 5 if answer else 0.3)
        assert not [line for line in server.heard if line.upper().startswith(("DATA", "BDAT"))]
        assert server.heard[2:3] == [f"RCPT TO:<{TO}>"] or not answer


def test_nothing_is_sent_to_what_does_not_speak_smtp() -> None:
    with MailServer({"": "HTTP/1.1 400 Bad Request"}) as server:
        assert probe(server).msg == "what it says for the greeting is not SMTP"
    assert server.heard == []


def test_a_banned_client_gets_no_greeting() -> None:
    with MailServer({**POSTFIX, "": None}) as server:
        found = probe(server, 0.3)
    assert (found.relay, found.banner) == ("timeout", "")
    assert found.msg == ("it accepted the connection and sent no greeting within 0.3 s, as for a client that is banned")


def test_a_server_that_dribbles_is_silent() -> None:
    """Each byte comes in time, the greeting as a whole does not."""
    with MailServer({**POSTFIX, "": BANNER + "x" * 100}, pause=0.05) as server:
        begin = time.monotonic()
        assert probe(server, 0.4).relay == "timeout"
    assert time.monotonic() - begin < 5


def test_a_closed_port_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        found = relay_test.probe(("127.0.0.1", taken.getsockname()[1]), "ipv4", 5, TO)
    assert (found.relay, found.client, found.msg) == (
        "refused",
        "",
        "the connection was refused: Connection refused",
    )


@pytest.mark.parametrize(
    ("number", "relay", "words"),
    [
        (errno.ENETUNREACH, "unknown", "this client cannot try"),
        (errno.EADDRNOTAVAIL, "unknown", "this client cannot try"),
        (errno.EAFNOSUPPORT, "unknown", "this client cannot try"),
        (errno.ECONNREFUSED, "refused", "the connection was refused"),
        (errno.EACCES, "refused", "the connection was refused"),
        (errno.EHOSTUNREACH, "timeout", "no answer"),
        (errno.ECONNRESET, "unknown", "the connection failed at the greeting"),
    ],
)
def test_errors_of_the_connection(monkeypatch: pytest.MonkeyPatch, number: int, relay: str, words: str) -> None:
    class Failing(socket.socket):
        def connect(self, address: t.Any) -> None:
            raise OSError(number, "said by the kernel")

    monkeypatch.setattr(socket, "socket", Failing)
    found = relay_test.probe(("127.0.0.1", 25), "ipv4", 1, TO)
    assert (found.relay, found.client, found.msg) == (relay, "", f"{words}: said by the kernel")
