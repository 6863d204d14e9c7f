# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mail server's answers amount to."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.mail import relay as mail_relay
from ansible_collections.dms.ipv6.plugins.module_utils.mail.relay import Reply
from hypothesis import given
from hypothesis import strategies as st

CLIENT = "fd5c:1ab0:7::99"
TO, ADDRESS = mail_relay.RECIPIENT, "<victim@dms-ipv6.invalid>"


@pytest.mark.parametrize(
    "text",
    [
        mail_relay.DEFAULT_RECIPIENT,
        "a.b+c_d-e@example.com",
        "a@x.y.example.org",
        "a@Example.NET",
        "a@relay.test",
        "a@test",
        "a@x.example",
        "A1@X.INVALID",
    ],
)
def test_recipients(text: str) -> None:
    assert mail_relay.recipient(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("victim@gmail.com", "gmail.com may be a real domain"),
        ("victim@example.com.org", "may be a real domain"),
        ("victim@notexample.com", "may be a real domain"),
        ("victim@contest", "may be a real domain"),
        ("victim@localhost", "may be a real domain"),
        ("victim@x.localhost", "may be a real domain"),
        ("victim", "is not a plain mail address"),
        ("@dms-ipv6.invalid", "is not a plain mail address"),
        ("", "is not a plain mail address"),
        ("a@b@x.invalid", "is not a plain mail address"),
        ("a b@x.invalid", "is not a plain mail address"),
        ("a%gmail.com@x.invalid", "is not a plain mail address"),
        ('"a"@x.invalid', "is not a plain mail address"),
        ("<a@x.invalid>", "is not a plain mail address"),
        ("a@x.invalid>\r\nDATA", "is not a plain mail address"),
        ("a@x.invalid\r\nDATA", "is not a plain mail address"),
        ("a@x.invalid\n", "is not a plain mail address"),
        ("a\n@x.invalid", "is not a plain mail address"),
        ("a@x.invalid ", "is not a plain mail address"),
        ("a@[127.0.0.1]", "is not a plain mail address"),
        ("a@.invalid", "is not a plain mail address"),
        ("a@x..invalid", "is not a plain mail address"),
    ],
)
def test_recipients_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        mail_relay.recipient(text)
    assert words in str(reason.value)
    assert str(reason.value).startswith("recipient: ")


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        (["250 Ok"], Reply(250, "Ok")),
        (["250"], Reply(250, "")),
        (["250-mail.example.com", "250-SIZE 1", "250 HELP"], Reply(250, "mail.example.com SIZE 1 HELP")),
        (["220-please wait", "220 mail ESMTP"], Reply(220, "please wait mail ESMTP")),
        (["454 4.7.1 no \x1b[31m\0"], Reply(454, "4.7.1 no ?[31m?")),
        (["250-a", "251 b"], None),
        (["250-a", "b"], None),
        (["SSH-2.0-OpenSSH_9.2"], None),
        (["HTTP/1.1 400 Bad Request"], None),
        (["150 x"], None),
        (["650 x"], None),
        (["2500 x"], None),
        (["25 x"], None),
        ([""], None),
    ],
)
def test_replies(lines: list[str], reply: Reply | None) -> None:
    assert mail_relay.parse(lines) == reply


@pytest.mark.parametrize(
    ("line", "last"), [("250 x", True), ("250", True), ("250-x", False), ("250-", False), ("x", True), ("", True)]
)
def test_last_line(line: str, last: bool) -> None:
    assert mail_relay.is_last(line) is last


@given(st.lists(st.text(), min_size=1))
def test_any_text_is_a_reply_or_none(lines: list[str]) -> None:
    reply = mail_relay.parse(lines)
    assert reply is None or (200 <= reply.code < 600 and reply.text.isprintable())


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (CLIENT, f"[IPv6:{CLIENT}]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
        ("198.18.7.99", "[198.18.7.99]"),
    ],
)
def test_literal(client: str, name: str) -> None:
    assert mail_relay.literal(client) == name


NOT_SURE = "; that need not be about relaying"


@pytest.mark.parametrize(
    ("stage", "reply", "relay", "words"),
    [
        (TO, Reply(250, "2.1.5 Ok"), "accepted", f"the server would relay for {CLIENT}: 250 2.1.5 Ok"),
        (TO, Reply(251, "will forward"), "accepted", f"the server would relay for {CLIENT}: 251 will forward"),
        (
            TO,
            Reply(454, f"4.7.1 {ADDRESS}: Relay access denied"),
            "denied",
            f"the server does not relay: 454 4.7.1 {ADDRESS}: Relay access denied",
        ),
        (TO, Reply(554, "5.7.1 denied"), "denied", "the server does not relay: 554 5.7.1 denied"),
        (TO, Reply(550, "relay not permitted"), "denied", "the server does not relay: 550 relay not permitted"),
        (TO, Reply(550, "5.1.2 not found"), "denied", f"the server does not relay: 550 5.1.2 not found{NOT_SURE}"),
        (TO, Reply(450, "4.3.2 busy"), "denied", f"the server does not relay: 450 4.3.2 busy{NOT_SURE}"),
        (TO, Reply(421, ""), "denied", f"the server does not relay: 421{NOT_SURE}"),
        (TO, Reply(354, "go on"), "unknown", "neither yes nor no: 354 go on"),
        (TO, None, "unknown", "what it says for RCPT TO is not SMTP"),
        (mail_relay.GREETING, Reply(554, "no"), "unknown", "not tested, because it ended with the greeting: 554 no"),
        (mail_relay.GREETING, None, "unknown", "what it says for the greeting is not SMTP"),
        (mail_relay.HELLO, Reply(550, "no"), "unknown", "not tested, because it ended with EHLO: 550 no"),
        (mail_relay.SENDER, Reply(550, "no"), "unknown", "not tested, because it ended with MAIL FROM: 550 no"),
    ],
)
def test_judge(stage: str, reply: Reply | None, relay: str, words: str) -> None:
    found = mail_relay.judge(stage, reply, "220 mail", CLIENT)
    assert (found.relay, found.msg, found.banner, found.client) == (relay, words, "220 mail", CLIENT)
    assert (found.code, found.text) == ((reply.code, reply.text) if reply else (0, ""))


@pytest.mark.parametrize(
    ("client", "doubt"),
    [
        ("172.19.0.5", True),
        ("10.0.0.1", True),
        ("192.168.1.1", True),
        ("172.32.0.1", False),
        ("198.18.5.4", False),
        (CLIENT, False),
        ("", False),
    ],
)
def test_a_client_that_is_trusted_by_its_range_proves_little(client: str, doubt: bool) -> None:
    assert ("often trusted" in mail_relay.judge(TO, Reply(250, "Ok"), "", client).msg) is doubt


@pytest.mark.parametrize(
    ("stage", "client", "words"),
    [
        (mail_relay.GREETING, "", "no connection within 5 s"),
        (mail_relay.GREETING, CLIENT, "it accepted the connection and sent no greeting within 5 s"),
        (TO, CLIENT, "no answer to RCPT TO within 5 s"),
    ],
)
def test_silence(stage: str, client: str, words: str) -> None:
    found = mail_relay.silence(stage, 5, "", client)
    assert (found.relay, found.client, found.code) == ("timeout", client, 0)
    assert found.msg.startswith(words)
