# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a mail server relays for a client: what is said to it, and what its answers amount to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from ..core.refused import Refused

ACCEPTED, DENIED, TIMEOUT, REFUSED, UNKNOWN = "accepted", "denied", "timeout", "refused", "unknown"
GREETING, HELLO, SENDER, RECIPIENT = "the greeting", "EHLO", "MAIL FROM", "RCPT TO"
# Of the reserved names (RFC 2606, RFC 6761) `invalid` is the one that never exists anywhere, in no private DNS either:
# resolvers answer "no such name" by themselves (RFC 6761, 6.4), so a server that would let mail for it pass still
# reaches no mail server with it.
DEFAULT_RECIPIENT = "victim@dms-ipv6.invalid"
# `localhost` is left out, because mail to it is delivered on the spot.
RESERVED = ("example", "invalid", "test", "example.com", "example.net", "example.org")
_LOCAL_PART = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]+", re.IGNORECASE)
_REPLY = re.compile(r"([2-5][0-9]{2})(?:([ -])(.*))?")
# Enhanced status codes of the subject "security or policy" (RFC 3463, 3.8), under which relaying is denied.
_POLICY = re.compile(r"(?:^|\s)[45]\.7\.[0-9]+\b|relay", re.IGNORECASE)
_TRUSTED_BY_RANGE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


@dataclass(frozen=True)
class Reply:
    """A server's reply; its lines are joined by blanks."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """Whether it says yes."""
        return 200 <= self.code < 300


@dataclass(frozen=True)
class Relay:
    """The verdict.

    Attributes:
        code: of the reply that decided, 0 if none did.
        text: of that reply.
        banner: what the server greeted with; empty if it did not.
        client: address of the probe's own socket; empty if it was never connected.
        msg: the verdict in a sentence.
    """

    relay: str
    code: int = 0
    text: str = ""
    banner: str = ""
    client: str = ""
    msg: str = ""


def recipient(text: str) -> str:
    """Read the recipient: a plain address in a domain that is reserved, so that no person is ever bothered.

    Raises:
        Refused: anything else.
    """
    local, _at, domain = text.partition("@")
    if not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise Refused(f"'{text}' is not a plain mail address", "recipient", f"Give one such as {DEFAULT_RECIPIENT}")
    if not any(f".{domain.lower()}".endswith(f".{suffix}") for suffix in RESERVED):
        raise Refused(
            f"{domain} may be a real domain",
            "recipient",
            "Take one that is reserved for tests (RFC 2606): .invalid, .test, .example, example.com",
        )
    return text


def parse(lines: list[str]) -> Reply | None:
    """The reply that these lines are; None if they are none (RFC 5321, 4.2)."""
    found = [_REPLY.fullmatch(line) for line in lines]
    codes = {match.group(1) for match in found if match}
    if not all(found) or len(codes) != 1:
        return None
    return Reply(int(codes.pop()), " ".join(_printable(match.group(3) or "") for match in found if match).strip())


def is_last(line: str) -> bool:
    """Whether a reply ends with this line; one that is not a reply's line ends it as well."""
    found = _REPLY.fullmatch(line)
    return not found or found.group(2) != "-"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def literal(client: str) -> str:
    """The name to greet with: the probe's own address (RFC 5321, 4.1.3), which is true and looks nothing up."""
    bare = client.split("%")[0]
    return f"[IPv6:{bare}]" if ":" in bare else f"[{bare}]"


def judge(stage: str, reply: Reply | None, banner: str = "", client: str = "") -> Relay:
    """What a reply amounts to at the stage where the conversation ended.

    Only the answer to RCPT says anything about relaying. A yes to it is *accepted*, and any 4xx or 5xx *denied*: some
    servers deny for now only (``defer_unauth_destination`` of Postfix answers 454).
    """
    if reply is None:
        return Relay(UNKNOWN, banner=banner, client=client, msg=f"what it says for {stage} is not SMTP")
    said = f"{reply.code} {reply.text}".strip()
    found = Relay(UNKNOWN, reply.code, reply.text, banner, client)
    if stage != RECIPIENT:
        return replace(found, msg=f"not tested, because it ended with {stage}: {said}")
    verdict = ACCEPTED if reply.positive else DENIED if reply.code >= 400 else UNKNOWN
    return replace(found, relay=verdict, msg=_sentence(reply, said, client))


def _sentence(reply: Reply, said: str, client: str) -> str:
    if reply.positive:
        doubt = f"; but {client} is in a range that is often trusted" if _often_trusted(client) else ""
        return f"the server would relay for {client or 'this client'}: {said}{doubt}"
    if reply.code < 400:
        return f"neither yes nor no: {said}"
    doubt = "" if _POLICY.search(reply.text) else "; that need not be about relaying"
    return f"the server does not relay: {said}{doubt}"


def _often_trusted(client: str) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return any(address in network for network in _TRUSTED_BY_RANGE)


def silence(stage: str, timeout: float, banner: str, client: str) -> Relay:
    """The verdict on a server that stopped answering."""
    if stage == GREETING and client:
        msg = f"it accepted the connection and sent no greeting within {timeout:g} s, as for a client that is banned"
    else:
        msg = f"no answer to {stage} within {timeout:g} s" if client else f"no connection within {timeout:g} s"
    return Relay(TIMEOUT, banner=banner, client=client, msg=msg)
