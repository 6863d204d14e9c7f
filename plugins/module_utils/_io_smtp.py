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

from ansible_collections.dms.ipv6.plugins.module_utils import _address, _io_probe, _smtp_relay
from ansible_collections.dms.ipv6.plugins.module_utils._smtp_relay import GREETING, HELLO, RECIPIENT, SENDER

# More than any reply takes.
MOST = 65536


class _Closed(Exception):
    """The server has closed the connection."""


def probe(place: tuple[t.Any, ...], family: str, timeout: float, recipient: str) -> _smtp_relay.Relay:
    """Talk to a server once, and judge.

    Args:
        place: of the mail server, see _io_probe.resolve().
        family: ipv4 or ipv6.
        timeout: seconds for connecting, and again for each answer.
        recipient: in a domain that is not the server's own, see _smtp_relay.recipient().
    """
    with socket.socket(_io_probe.FAMILIES[family], socket.SOCK_STREAM) as handle:
        handle.settimeout(timeout)
        talk = _Talk(handle, timeout)
        try:
            handle.connect(place)
            talk.client = _address.plain(handle.getsockname()[0])
            return talk.until_recipient(recipient)
        except socket.timeout:
            return _smtp_relay.silence(talk.stage, timeout, talk.banner, talk.client)
        except _Closed:
            msg = f"the connection was closed instead of an answer to {talk.stage}"
            return _smtp_relay.Relay(_smtp_relay.UNKNOWN, banner=talk.banner, client=talk.client, msg=msg)
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

    def until_recipient(self, recipient: str) -> _smtp_relay.Relay:
        """Up to RCPT and no further. The null sender must be accepted by everybody (RFC 5321, 4.5.5)."""
        reply = self.read()
        if reply and reply.positive:
            self.banner = f"{reply.code} {reply.text}".strip()
            name = _smtp_relay.literal(self.client)
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
        verdict = _smtp_relay.judge(self.stage, reply, self.banner, self.client)
        if reply:
            self.leave()
        return verdict

    def say(self, stage: str, line: str) -> _smtp_relay.Reply | None:
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

    def read(self) -> _smtp_relay.Reply | None:
        """One reply of one or more lines, within the time limit as a whole: a server may dribble."""
        deadline = time.monotonic() + self.timeout
        lines: list[str] = []
        length = 0
        while not lines or not _smtp_relay.is_last(lines[-1]):
            lines.append(self._line(deadline))
            length += len(lines[-1])
            if length > MOST:
                return None
        return _smtp_relay.parse(lines)

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


def _failed(error: OSError, talk: _Talk) -> _smtp_relay.Relay:
    text = error.strerror or str(error)
    verdict, msg = _smtp_relay.UNKNOWN, f"the connection failed at {talk.stage}: {text}"
    if error.errno in _io_probe.NO_WAY_OUT:
        msg = f"this client cannot try: {text}"
    elif error.errno in _io_probe.REFUSALS:
        verdict, msg = _smtp_relay.REFUSED, f"the connection was refused: {text}"
    elif error.errno == errno.EHOSTUNREACH:
        verdict, msg = _smtp_relay.TIMEOUT, f"no answer: {text}"
    return _smtp_relay.Relay(verdict, banner=talk.banner, client=talk.client, msg=msg)
