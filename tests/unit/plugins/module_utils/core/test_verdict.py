# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe proves."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict as core_verdict
from hypothesis import given
from hypothesis import strategies as st

HOST = ["198.18.7.2", "172.17.0.1", "fd5c:1ab0:7::2", "fd5c:1ab0:7e57:1::1"]
CLIENT6, CLIENT4 = "fd5c:1ab0:7::99", "198.18.7.99"


def whoami(address: str) -> str:
    """An answer of traefik/whoami."""
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHostname: 0f1d\nIP: 127.0.0.1\nIP: ::1\n"
        f"RemoteAddr: {address}\nGET / HTTP/1.1\nHost: x\nX-Forwarded-For: fd00::bad\n"
    )


@pytest.mark.parametrize(
    ("client", "seen", "verdict", "shown"),
    [
        (CLIENT6, f"[{CLIENT6}]:41234", "real", CLIENT6),
        ("FD5C:1AB0:7:0:0:0:0:99", f"[{CLIENT6}]:41234", "real", CLIENT6),
        (f"{CLIENT6}%eth0", f"[{CLIENT6}]:41234", "real", CLIENT6),
        (CLIENT4, f"{CLIENT4}:41234", "real", CLIENT4),
        (CLIENT4, f"[::ffff:{CLIENT4}]:41234", "real", CLIENT4),
        (f"::ffff:{CLIENT4}", CLIENT4, "real", CLIENT4),
        (CLIENT6, "172.17.0.1:41234", "masked", "172.17.0.1"),
        (CLIENT6, "[::ffff:172.17.0.1]:41234", "masked", "172.17.0.1"),
        (CLIENT6, "[fd5c:1ab0:7e57:1::1]:41234", "masked", "fd5c:1ab0:7e57:1::1"),
        (CLIENT6, "[fd5c:1ab0:7::2]:41234", "masked", "fd5c:1ab0:7::2"),
        (CLIENT6, "[fd5c:1ab0:7::98]:41234", "not verified", "fd5c:1ab0:7::98"),
        ("192.168.178.20", "84.150.1.2:41234", "not verified", "84.150.1.2"),
        ("100.64.0.7", "84.150.1.2:41234", "not verified", "84.150.1.2"),
        ("10.0.2.15", "192.168.1.20:41234", "not verified", "192.168.1.20"),  # a virtual machine on a laptop
        ("192.168.178.20", "172.17.0.1:41234", "masked", "172.17.0.1"),
        ("192.168.178.20", "198.18.7.2:41234", "masked", "198.18.7.2"),
        ("192.168.178.20", "172.17.0.9:41234", "unexpected", "172.17.0.9"),  # a proxy in a container
        ("fdaa::7", "[fd5c:1ab0:7e57:1::9]:1", "unexpected", "fd5c:1ab0:7e57:1::9"),
        ("192.168.178.20", "[2001:2::7]:1", "unexpected", "2001:2::7"),
        ("84.150.1.2", "84.150.1.3:1", "unexpected", "84.150.1.3"),
        (CLIENT6, "10.9.9.9:1", "unexpected", "10.9.9.9"),
        (CLIENT6, "nonsense", "unexpected", ""),
        ("198.18.7.2", "198.18.7.2:41234", "not verified", "198.18.7.2"),
        ("fd5c:1ab0:7::2", "[fd5c:1ab0:7e57:1::1]:41234", "not verified", "fd5c:1ab0:7e57:1::1"),
        ("fd5c:1ab0:7::2", "[fd5c:1ab0:7::2]:41234", "not verified", "fd5c:1ab0:7::2"),
    ],
)
def test_judge(client: str, seen: str, verdict: str, shown: str) -> None:
    found = core_verdict.judge(client, whoami(seen), HOST, ["172.17.0.0/16", "fd5c:1ab0:7e57:1::/64"])
    assert (found.verdict, found.seen) == (verdict, shown)
    assert found.client in found.msg or verdict == "not verified" or not shown


HELD = {"family": "ipv6", "port": 25, "verdict": "not verified", "client": CLIENT6, "client_port": 4711, "seen": ""}
HELD4 = {**HELD, "client": CLIENT4}
GATEWAY4, GATEWAY6 = "172.17.0.1", "fd5c:1ab0:7e57:1::1"


@pytest.mark.parametrize(
    ("probe", "peers", "verdict", "seen"),
    [
        (HELD, [(CLIENT6, 4711)], "real", CLIENT6),
        (HELD, [(GATEWAY4, 50000), (CLIENT6, 4711), (CLIENT6, 1)], "real", CLIENT6),
        (HELD4, [(f"::ffff:{CLIENT4}", 4711)], "real", CLIENT4),
        (HELD, [(GATEWAY4, 50000)], "masked", GATEWAY4),
        (HELD, [(f"::ffff:{GATEWAY4}", 50000)], "masked", GATEWAY4),
        (HELD, [(GATEWAY6, 50000), ("fd00::9", 1)], "masked", GATEWAY6),
        # An older connection of the same client proves nothing about this one.
        (HELD, [(CLIENT6, 4710), (GATEWAY4, 50000)], "masked", GATEWAY4),
        (HELD, [(CLIENT6, 4710)], "not verified", ""),
        (HELD, [("fd00::9", 4711)], "not verified", ""),
        (HELD, [], "not verified", ""),
        ({**HELD, "client": HOST[2]}, [(HOST[2], 4711)], "not verified", HOST[2]),
    ],
)
def test_of_a_real_service(probe: dict[str, t.Any], peers: list[tuple[str, int]], verdict: str, seen: str) -> None:
    found = core_verdict.of_service(probe, peers, HOST)
    assert (found["verdict"], found["seen"]) == (verdict, seen)
    assert {name: found[name] for name in ("family", "port", "client")} == {
        name: probe[name] for name in ("family", "port", "client")
    }
    if not seen:
        assert found["msg"] == f"the service has no connection from {CLIENT6}, nor from its Docker host"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "HTTP/1.1 404 Not Found\r\n\r\n",
        "220 mail.example.org ESMTP\r\n",
        "RemoteAddr:\n",
        "X-RemoteAddr: 1.2.3.4\n",
        "\0" * 500,
    ],
)
def test_answers_without_an_address(answer: str) -> None:
    found = core_verdict.judge(CLIENT6, answer, HOST)
    assert (found.verdict, found.client, found.seen) == ("unexpected", CLIENT6, "")
    assert found.msg == "the answer names no client address, so it is not the responder's"
    assert len(found.answer) <= 120
    assert found.answer.isprintable()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (whoami("[fd00::5]:1"), "fd00::5"),
        ("RemoteAddr: fd00::5", "fd00::5"),
        ("RemoteAddr:\tfd00::5\r\n", "fd00::5"),
        ("RemoteAddr: 198.18.1.3:4\nRemoteAddr: 10.0.0.1:4\n", "198.18.1.3"),
        ("remoteaddr: fd00::5", None),
        ("RemoteAddr: secret", None),
        ("RemoteAddr: fd00::5\x1b]0;owned", None),
        ("", None),
    ],
)
def test_remote_address(answer: str, expected: str | None) -> None:
    assert core_verdict.remote_address(answer) == expected


def probes(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"family": family, "verdict": verdict} for family, verdict in pairs]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], "not verified"),
        (probes(("ipv6", "real")), "passed"),
        (probes(("ipv6", "real"), ("ipv4", "real")), "passed"),
        (probes(("ipv6", "real"), ("ipv4", "not verified")), "passed"),
        (probes(("ipv6", "real"), ("ipv6", "not verified")), "passed"),
        (probes(("ipv4", "real")), "not verified"),
        (probes(("ipv4", "real"), ("ipv6", "not verified")), "not verified"),
        (probes(("ipv6", "not verified")), "not verified"),
        (probes(("ipv6", "masked")), "failed"),
        (probes(("ipv6", "real"), ("ipv4", "masked")), "failed"),
        (probes(("ipv6", "real"), ("ipv6", "timeout")), "failed"),
        (probes(("ipv6", "refused")), "failed"),
        (probes(("ipv6", "unexpected")), "failed"),
        (probes(("ipv6", "Real")), "failed"),
        ([{"unreachable": True, "msg": "no route"}], "not verified"),
        ([{"family": "ipv6", "verdict": "real"}, {"unreachable": True}], "passed"),
        ([{"verdict": "real"}], "not verified"),
    ],
)
def test_proven(results: list[dict[str, t.Any]], expected: str) -> None:
    assert core_verdict.proven(results) == expected
    assert bool(core_verdict.faults(results)) is (expected == "failed")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], "not verified"),
        (probes(("ipv6", "refused"), ("ipv4", "real")), "passed"),
        (probes(("ipv6", "refused"), ("ipv6", "not verified"), ("ipv4", "real")), "passed"),
        # A port that no program serves refuses IPv6 as well.
        (probes(("ipv6", "refused")), "not verified"),
        (probes(("ipv6", "refused"), ("ipv4", "refused")), "failed"),
        (probes(("ipv6", "refused"), ("ipv4", "timeout")), "failed"),
        (probes(("ipv6", "refused"), ("ipv4", "masked")), "failed"),
        (probes(("ipv6", "refused"), ("ipv4", "not verified")), "not verified"),
        (probes(("ipv4", "real")), "not verified"),
        (probes(("ipv6", "not verified"), ("ipv4", "real")), "not verified"),
        (probes(("ipv6", "timeout"), ("ipv4", "real")), "failed"),
        (probes(("ipv6", "real"), ("ipv4", "real")), "failed"),
        (probes(("ipv6", "masked"), ("ipv4", "real")), "failed"),
        (probes(("ipv6", "unexpected"), ("ipv4", "real")), "failed"),
        (probes(("ipv6", "refused"), ("ipv6", "timeout"), ("ipv4", "real")), "failed"),
        (probes(("ipv6", "refused"), ("ipv4", "real"), ("ipv4", "unexpected")), "failed"),
        ([*probes(("ipv6", "refused"), ("ipv4", "real")), {"unreachable": True}], "passed"),
    ],
)
def test_proven_that_ipv6_is_refused(results: list[dict[str, t.Any]], expected: str) -> None:
    assert core_verdict.proven(results, "refused") == expected
    assert bool(core_verdict.faults(results, "refused")) is (expected == "failed")


def test_faults_in_the_words_of_the_verdict() -> None:
    results: list[dict[str, t.Any]] = [
        {"family": "ipv6", "port": 25, "verdict": "timeout", "msg": "no answer within 5 s"},
        {"family": "ipv6", "host": "2001:2::25", "port": 25, "verdict": "timeout", "msg": "no answer within 5 s"},
        {"family": "ipv4", "verdict": "refused", "msg": "the connection was refused: Connection refused"},
        {"family": "ipv6", "port": 26, "verdict": "refused", "msg": "not this one"},
        {"verdict": "masked", "msg": "of no family"},
    ]
    assert core_verdict.faults(results, "refused") == [
        "IPv6, port 25: no answer within 5 s",
        "IPv6, port 25 of 2001:2::25: no answer within 5 s",
        "IPv4: the connection was refused: Connection refused",
        "of no family",
    ]


VERDICTS = st.sampled_from(["real", "masked", "refused", "timeout", "unexpected", "not verified"])


@given(results=st.lists(st.tuples(st.sampled_from(["ipv4", "ipv6"]), VERDICTS), max_size=6))
def test_passed_needs_ipv6_seen_and_nothing_wrong(results: list[tuple[str, str]]) -> None:
    passed = core_verdict.proven(probes(*results)) == "passed"
    assert passed == (
        ("ipv6", "real") in results and {verdict for _family, verdict in results} <= {"real", "not verified"}
    )


def test_proof() -> None:
    results: list[dict[str, t.Any]] = [
        {"family": "ipv6", "verdict": "real", "client": "fd00::5", "seen": "fd00::5", "msg": "m", "port": 25},
        {"msg": "lost", "changed": False},
    ]
    now = datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    proof = {
        "result": "passed",
        "expect": "real",
        "date": "2026-02-03T04:05:06Z",
        "probes": [
            {
                "family": "ipv6",
                "host": "",
                "port": "25",
                "verdict": "real",
                "client": "fd00::5",
                "seen": "fd00::5",
                "msg": "m",
            },
            {"family": "", "host": "", "port": "", "verdict": "", "client": "", "seen": "", "msg": "lost"},
        ],
    }
    assert core_verdict.proof(results, now) == proof
    assert core_verdict.proof(results, now, "refused") == {**proof, "result": "failed", "expect": "refused"}


WHOLE = {
    "family": "ipv6",
    "host": "mail",
    "port": 25,
    "verdict": "real",
    "client": "fd00::5",
    "seen": "fd00::5",
    "msg": "m",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "great"},
        {"verdict": {"real": 1}},
        {"verdict": None},
        {"family": "ipv5"},
        {"family": ["ipv6"]},
        {"port": "x"},
        {"port": 0},
        {"port": 65536},
        {"port": None},
        {"port": "9" * 5000},
        {"client": "nobody"},
        {"seen": "x" * 100_000},
        {"seen": ["fd00::5"]},
        {"client_port": "x"},
        {"client_port": -1},
        {"client_port": True},
    ],
)
def test_an_answer_that_makes_no_sense(wrong: dict[str, t.Any]) -> None:
    (found,) = core_verdict.checked([{**WHOLE, "item": ["far", {}], **wrong}])
    words = "probe host far gave an answer that makes no sense"
    assert found == {"probe_host": "far", "verdict": "not verified", "msg": words}


def test_a_connection_without_a_port_makes_no_sense() -> None:
    for missing in ("port", "family", "client"):
        held = {key: value for key, value in {**WHOLE, "client_port": 4711}.items() if key != missing}
        (found,) = core_verdict.checked([held])
        assert found["msg"] == "probe host (unknown) gave an answer that makes no sense"


def test_answers_that_make_sense() -> None:
    noise = {"msg": "a\x1b[31m" + "b" * 1000, "ansible_facts": {"a": 1}}
    held = {**WHOLE, "client_port": 4711}
    found = core_verdict.checked(
        [WHOLE, {**WHOLE, **noise}, held, {"skipped": True}, {"unreachable": True, "msg": "m"}]
    )
    assert found == [WHOLE, {**WHOLE, "msg": "a?[31m" + "b" * 294}, held, {}, {"msg": "m"}]
    for one in (1, None, "x", ["verdict"]):
        assert core_verdict.checked([one])[0]["verdict"] == "not verified"
