# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay test's conversation with a mail server. It always ends before DATA, so no mail is ever sent."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
import typing as t

from ...core import ip
from ...proof.io import probe as proof_probe
from .. import relay
from ..relay import GREETING, HELLO, RECIPIENT, SENDER

# More than any reply takes.
MOST = 65536


class _Closed(Exception):
    """The server has closed the connection."""


def probe(place: tuple[t.Any, ...], family: str, timeout: float, recipient: str) -> relay.Relay:
    """Talk to a server once, and judge.

    Args:
        place: of the mail server, see proof_probe.resolve().
        family: ipv4 or ipv6.
        timeout: seconds for connecting, and again for each answer.
        recipient: in a domain that is not the server's own, see relay.recipient().
    """
    with socket.socket(proof_probe.FAMILIES[family], socket.SOCK_STREAM) as handle:
        handle.settimeout(timeout)
        talk = _Talk(handle, timeout)
        try:
            handle.connect(place)
            talk.client = ip.plain(handle.getsockname()[0])
            return talk.until_recipient(recipient)
        except socket.timeout:
            return relay.silence(talk.stage, timeout, talk.banner, talk.client)
        except _Closed:
            msg = f"the connection was closed instead of an answer to {talk.stage}"
            return relay.Relay(relay.UNKNOWN, banner=talk.banner, client=talk.client, msg=msg)
        except OSError as error:
            return _failed(error, talk)


class _Talk:
    """One connection: what was said so far."""

    def __init__(self, handle: socket.socket, timeout: float) -> None:
        self.handle = handle
        self.timeout = timeout
        self.stage = GREETING
        self.banner = ""
        self.client = ""
        self.rest = b""

    def until_recipient(self, recipient: str) -> relay.Relay:
        """Up to RCPT and no further. The null sender must be accepted by all servers (RFC 5321, 4.5.5)."""
        reply = self.read()
        if reply and reply.positive:
            self.banner = f"{reply.code} {reply.text}".strip()
            name = relay.literal(self.client)
            for stage, line in (
                (HELLO, f"EHLO {name}"),
                (SENDER, "MAIL FROM:<>"),
                (RECIPIENT, f"RCPT TO:<{recipient}>"),
            ):
                reply = self.say(stage, line)
                if stage == HELLO and reply and not reply.positive:
                    reply = self.say(stage, f"HELO {name}")
                if not reply or not reply.positive:
                    break
        verdict = relay.judge(self.stage, reply, self.banner, self.client)
        if reply:
            self.leave()
        return verdict

    def say(self, stage: str, line: str) -> relay.Reply | None:
        """Send a line, and read the reply."""
        self.stage = stage
        self.handle.settimeout(self.timeout)
        self.handle.sendall(f"{line}\r\n".encode("ascii"))
        return self.read()

    def leave(self) -> None:
        """Take the recipient back and close; the verdict is there already, so a slow server is not waited for."""
        self.timeout = min(self.timeout, 2)
        with contextlib.suppress(OSError, _Closed):
            for line in ("RSET", "QUIT"):
                self.say(line, line)

    def read(self) -> relay.Reply | None:
        """One reply of one or more lines, within the time limit as a whole: a server may dribble."""
        deadline = time.monotonic() + self.timeout
        lines: list[str] = []
        length = 0
        while not lines or not relay.is_last(lines[-1]):
            lines.append(self._line(deadline))
            length += len(lines[-1])
            if length > MOST:
                return None
        return relay.parse(lines)

    def _line(self, deadline: float) -> str:
        while b"\n" not in self.rest and len(self.rest) <= MOST:
            left = deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout
            self.handle.settimeout(left)
            part = self.handle.recv(4096)
            if not part:
                raise _Closed
            self.rest += part
        line, _end, self.rest = self.rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")


def _failed(error: OSError, talk: _Talk) -> relay.Relay:
    text = error.strerror or str(error)
    verdict, msg = relay.UNKNOWN, f"the connection failed at {talk.stage}: {text}"
    if error.errno in proof_probe.NO_WAY_OUT:
        msg = f"this client cannot try: {text}"
    elif error.errno in proof_probe.REFUSALS:
        verdict, msg = relay.REFUSED, f"the connection was refused: {text}"
    elif error.errno == errno.EHOSTUNREACH:
        verdict, msg = relay.TIMEOUT, f"no answer: {text}"
    return relay.Relay(verdict, banner=talk.banner, client=talk.client, msg=msg)
