# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""remote_ip_probe, with the connection left out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import probe as proof_probe
from ansible_collections.dms.ipv6.plugins.modules import remote_ip_probe
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

REAL = verdict.Verdict("real", "fd00::5", "fd00::5", "the server saw this client, fd00::5")

PLACE = ("fd00::1", 8080)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[t.Any, ...]]:
    calls: list[tuple[t.Any, ...]] = []

    def probe(*arguments: t.Any) -> verdict.Verdict:
        calls.append(arguments)
        return REAL

    monkeypatch.setattr(proof_probe, "resolve", lambda host, port, family: PLACE)
    monkeypatch.setattr(proof_probe, "probe", probe)
    monkeypatch.setattr(proof_probe, "hold", lambda *arguments: probe("hold", *arguments))
    return calls


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, (PLACE, "ipv6", 5, [], [])),
        (
            {
                "family": "ipv4",
                "timeout": 9,
                "host_addresses": ["fd00::1"],
                "host_networks": ["fd00::/64"],
                "check": True,
            },
            (PLACE, "ipv4", 9, ["fd00::1"], ["fd00::/64"]),
        ),
    ],
)
def test_probe(asked: list[t.Any], options: dict[str, t.Any], arguments: tuple[t.Any, ...]) -> None:
    """In check mode as well, because it changes nothing."""
    result = run(remote_ip_probe, host="fd00::1", port=8080, **options)
    assert asked == [arguments]
    assert {
        name: result[name] for name in ("changed", "family", "host", "port", "verdict", "client", "seen", "msg")
    } == {
        "changed": False,
        "family": arguments[1],
        "host": "fd00::1",
        "port": 8080,
        "verdict": "real",
        "client": "fd00::5",
        "seen": "fd00::5",
        "msg": "the server saw this client, fd00::5",
    }


@pytest.mark.parametrize(("own", "client"), [(False, "fd00::5"), (True, "")])
def test_port_0_asks_for_a_way_only(
    asked: list[t.Any], monkeypatch: pytest.MonkeyPatch, own: bool, client: str
) -> None:
    """Who is to probe itself has none."""
    way = REAL._replace(verdict="not verified", seen="")
    monkeypatch.setattr(proof_probe, "is_own", lambda place, family: own)
    monkeypatch.setattr(proof_probe, "way", lambda place, family: way)
    result = run(remote_ip_probe, host="fd00::1", port=0)
    assert (result["verdict"], result["client"], asked) == ("not verified", client, [])


def test_hold(asked: list[t.Any]) -> None:
    result = run(remote_ip_probe, host="fd00::1", port=25, hold=30, timeout=9)
    assert asked == [("hold", PLACE, "ipv6", 9, 30)]
    assert (result["changed"], result["client_port"]) == (False, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "fd00::1"}, "missing required arguments: port"),
        ({"host": "fd00::1", "port": -1}, "port: -1 is not between 0 and 65535."),
        ({"host": "fd00::1", "port": 65536}, "port: 65536 is not between 0 and 65535."),
        ({"host": "fd00::1", "port": 25, "family": "ipv5"}, "value of family must be one of: ipv4, ipv6"),
        ({"host": "fd00::1", "port": 25, "hold": -1}, "hold: -1 is not between 0 and 300 seconds."),
        ({"host": "fd00::1", "port": 25, "hold": 301}, "hold: 301 is not between 0 and 300 seconds."),
        ({"host": "fd00::1", "port": 25, "timeout": 0}, "timeout: 0 is not between 1 and 60 seconds."),
        ({"host": "fd00::1", "port": 25, "timeout": 61}, "timeout: 61 is not between 1 and 60 seconds."),
        ({"host": "::1", "port": 25}, "host: ::1 is special: the loopback address (RFC 4291). Give the address at"),
        ({"host": "169.254.169.254", "port": 80, "family": "ipv4"}, "host: 169.254.169.254 is link-local (RFC 3927)"),
        ({"host": "2001:db8::1", "port": 25, "hold": 1}, "host: 2001:db8::1 is reserved for documentation"),
        ({"host": "2001:db8::1", "port": 25}, "host: 2001:db8::1 is reserved for documentation"),
    ],
)
def test_failures_are_one_message(options: dict[str, t.Any], words: str) -> None:
    assert words in failure(remote_ip_probe, **options)


@pytest.mark.parametrize("hold", [0, 30])
def test_the_probe_host_itself_is_not_connected_to(
    asked: list[t.Any], monkeypatch: pytest.MonkeyPatch, hold: int
) -> None:
    monkeypatch.setattr(proof_probe, "is_own", lambda place, family: True)
    result = run(remote_ip_probe, host="fd00::1", port=25, hold=hold)
    assert (asked, result["verdict"], result["client"]) == ([], "not verified", "fd00::1")
    assert result["msg"] == "fd00::1 is an address of the machine that probes, which proves nothing"
