# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp_relay_probe, with the connection left out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.mail import relay
from ansible_collections.dms.ipv6.plugins.module_utils.mail.io import relay_test
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import probe as proof_probe
from ansible_collections.dms.ipv6.plugins.modules import smtp_relay_probe
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

DENIED = relay.Relay("denied", 454, "4.7.1 no", "220 mail", "fd00::5", "the server does not relay: 454 4.7.1 no")
TO = "victim@dms-ipv6.invalid"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[t.Any, ...]]:
    calls: list[tuple[t.Any, ...]] = []

    def probe(*arguments: t.Any) -> relay.Relay:
        calls.append(arguments)
        return DENIED

    monkeypatch.setattr(relay_test, "probe", probe)
    monkeypatch.setattr(proof_probe, "is_own", lambda place, family: False)
    return calls


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, (("fd00::1", 25), "ipv6", 15, TO)),
        (
            {"port": 2525, "family": "ipv4", "timeout": 9, "recipient": "x@relay.test", "check": True},
            (("fd00::1", 2525), "ipv4", 9, "x@relay.test"),
        ),
    ],
)
def test_probe(
    asked: list[t.Any],
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, t.Any],
    arguments: tuple[t.Any, ...],
) -> None:
    """In check mode as well, because it changes nothing."""
    monkeypatch.setattr(proof_probe, "resolve", lambda host, port, family: (host, port))
    result = run(smtp_relay_probe, host="fd00::1", **options)
    assert asked == [arguments]
    shown = ("changed", "family", "host", "relay", "code", "text", "banner", "client", "msg")
    assert {name: result[name] for name in shown} == {
        "changed": False,
        "family": arguments[1],
        "host": "fd00::1",
        "relay": "denied",
        "code": 454,
        "text": "4.7.1 no",
        "banner": "220 mail",
        "client": "fd00::5",
        "msg": "the server does not relay: 454 4.7.1 no",
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "missing required arguments: host"),
        ({"host": "fd00::1", "port": 0}, "port: 0 is not between 1 and 65535."),
        ({"host": "fd00::1", "port": 65536}, "port: 65536 is not between 1 and 65535."),
        ({"host": "fd00::1", "timeout": 0}, "timeout: it is at least one second."),
        ({"host": "fd00::1", "family": "ipv5"}, "value of family must be one of: ipv4, ipv6"),
        ({"host": "::1"}, "host: ::1 is special: the loopback address"),
        ({"host": "169.254.169.254", "family": "ipv4"}, "host: 169.254.169.254 is link-local"),
        ({"host": "2001:db8::1"}, "host: 2001:db8::1 is reserved for documentation"),
        ({"host": "fd00::1", "recipient": "victim@gmail.com"}, "recipient: gmail.com may be a real domain."),
        ({"host": "fd00::1", "recipient": "a\r\nDATA"}, "is not a plain mail address"),
    ],
)
def test_failures_are_one_message(options: dict[str, t.Any], words: str) -> None:
    assert words in failure(smtp_relay_probe, **options)


def test_the_probe_host_itself_is_not_asked(asked: list[t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_probe, "is_own", lambda place, family: True)
    result = run(smtp_relay_probe, host="fd00::1")
    assert (asked, result["relay"]) == ([], "unknown")
    assert result["msg"].startswith("fd00::1 is this host itself")
