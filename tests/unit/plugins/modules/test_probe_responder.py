# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""probe_responder, with the engine left out."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses, peers, responder
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import probe_responder
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

SEEN = {"family": "ipv6", "verdict": "real", "client": "fd00::5", "seen": "fd00::5", "msg": "m"}


OWN = ("198.18.7.2", "10.0.0.1", "fd00::2")
BOTH = ("198.18.7.2", "fd00::2")
DIGEST = "sha256:" + "0a" * 32


class Engine:
    def __init__(self) -> None:
        self.started: list[tuple[t.Any, ...]] = []
        self.runs = False

    def start(self, docker: Docker, wanted: responder.Wanted) -> int:
        self.started.append((docker.path, *wanted))
        self.runs = True
        return wanted.port or 24871

    def stop(self, docker: Docker) -> bool:
        before, self.runs = self.runs, False
        return before


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Engine:
    found = Engine()
    places = own_addresses.Places("198.18.7.2", "fd00::2", ("198.18.7.2", "fd00::2", "10.0.0.1"), OWN)
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(responder, "start", found.start)
    monkeypatch.setattr(responder, "stop", found.stop)
    monkeypatch.setattr(responder, "free_port", lambda: 24872)
    monkeypatch.setattr(own_addresses, "read", lambda networks: places)
    monkeypatch.setattr(Docker, "networks", lambda self: [])
    record.keep(daemon={})  # a host that this collection has changed
    return found


PLACES: dict[str, t.Any] = {
    "addresses": {"ipv6": "fd00::2", "ipv4": "198.18.7.2"},
    "host_addresses": ["198.18.7.2", "fd00::2", "10.0.0.1"],
    "host_networks": [],
}


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, ("/var/run/docker.sock", "dms-ipv6", "traefik/whoami:v1.11.0", 0, 80, BOTH, "", 600)),
        (
            {
                "network": "n",
                "image": "/x.tar",
                "port": 8080,
                "container_port": 81,
                "address": "192.0.0.8",
                "ipv6_address": "",
                "remove_after": 7,
                "docker_socket": "/run/x.sock",
            },
            ("/run/x.sock", "n", "/x.tar", 8080, 81, ("192.0.0.8",), "", 7),
        ),
    ],
)
def test_present(engine: Engine, options: dict[str, t.Any], arguments: tuple[t.Any, ...]) -> None:
    check = run(probe_responder, check=True, state="present", **options)
    assert engine.started == []
    # What the tasks after it need.
    assert check["port"] == (options.get("port") or 24872)
    assert set(check["ports"]) == {"ipv4", "ipv6"}
    real = run(probe_responder, state="present", **options)
    assert engine.started == [arguments]
    assert real["port"] == (options.get("port") or 24871)
    for result in (check, real):
        assert {name: result[name] for name in ("changed", *PLACES)} == {"changed": True, **PLACES}


def test_address_of_its_own(engine: Engine) -> None:
    """There it is reached at the port inside; over IPv4 as ever."""
    own = "2001:2:0:b1::7"
    real = run(probe_responder, state="present", ipv6_address=own, container_port=81)
    assert engine.started[0][6] == own
    assert real["ports"] == {"ipv4": 24871, "ipv6": 81}
    assert real["addresses"] == {**PLACES["addresses"], "ipv6": own}
    assert run(probe_responder, state="present")["ports"] == {"ipv4": 24871, "ipv6": 24871}


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ([], "not verified"),
        ([SEEN], "passed"),
        ([SEEN, {"unreachable": True, "msg": "no route"}], "passed"),
        ([SEEN, {"family": "ipv4", "verdict": "masked"}], "failed"),
        ([{"family": "ipv4", "verdict": "real"}], "not verified"),
    ],
)
def test_absent(engine: Engine, probes: list[dict[str, t.Any]], expected: str) -> None:
    engine.runs = True
    check = run(probe_responder, check=True, state="absent", probes=probes)
    assert (check["result"], engine.runs, record.record()) == (expected, True, {"daemon": {}})
    real = run(probe_responder, state="absent", probes=probes)
    assert (real["result"], real["changed"], engine.runs) == (expected, True, False)
    assert record.record().get("proof", {}).get("result") == (expected if probes else None)
    assert run(probe_responder, state="absent")["changed"] is False


@pytest.mark.parametrize(("probes", "expected"), [([], "not verified"), ([SEEN], "passed")])
def test_a_probe_host_that_is_gone_is_kept_with_the_proof(
    engine: Engine, probes: list[dict[str, t.Any]], expected: str
) -> None:
    words = "probe host far is out of reach, or cannot run a module"
    real = run(probe_responder, state="absent", probes=probes, silent=["far"])
    assert (real["result"], real["faults"]) == (expected, [])
    assert (real["probes"][-1]["probe_host"], real["probes"][-1]["msg"]) == ("far", words)
    assert record.record()["proof"]["probes"] == real["probes"]
    assert ["probe_host" in one for one in real["probes"]] == [False] * len(probes) + [True]


def test_metrics_of_the_proof(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "dms_ipv6.prom"
    run(probe_responder, check=True, state="absent", probes=[SEEN], metrics=str(file))
    run(probe_responder, state="absent", probes=[], metrics=str(file))
    assert not file.exists()
    run(probe_responder, state="absent", probes=[SEEN], metrics=str(file))
    assert 'dms_ipv6_proof_result{expect="real",result="passed"} 1\n' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    words = "metrics: give the absolute path of a file whose name ends in .prom"
    assert failure(probe_responder, state="absent", probes=[SEEN], metrics=f"{file}.txt").startswith(words)


REFUSED = {"family": "ipv6", "port": 25, "verdict": "refused", "client": "", "seen": "", "msg": "refused"}
IN4 = {"family": "ipv4", "verdict": "real", "msg": "m"}


@pytest.mark.parametrize(
    ("expect", "probes", "expected", "faults"),
    [
        ("refused", [REFUSED, IN4], "passed", []),
        ("refused", [REFUSED], "not verified", []),
        ("refused", [SEEN, IN4], "failed", ["IPv6: m"]),
        (
            "refused",
            [{**REFUSED, "verdict": "timeout", "msg": "no answer"}, IN4],
            "failed",
            ["IPv6, port 25: no answer"],
        ),
        ("real", [REFUSED, IN4], "failed", ["IPv6, port 25: refused"]),
        ("real", [SEEN, IN4], "passed", []),
    ],
)
def test_expect(engine: Engine, expect: str, probes: list[dict[str, t.Any]], expected: str, faults: list[str]) -> None:
    result = run(probe_responder, state="absent", probes=probes, expect=expect)
    assert (result["result"], result["faults"], result["expect"]) == (expected, faults, expect)
    kept = record.record()["proof"]
    assert (kept["result"], kept["expect"], "faults" in kept) == (expected, expect, False)


def test_a_proof_stays_where_nothing_was_probed(engine: Engine) -> None:
    run(probe_responder, state="absent", probes=[SEEN])
    run(probe_responder, state="absent")
    assert record.record()["proof"]["result"] == "passed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "missing required arguments: state"),
        ({"state": "on"}, "value of state must be one of: ready, present, absent"),
        ({"state": "absent", "expect": "masked"}, "value of expect must be one of: real, refused"),
    ],
)
def test_wrong_options(engine: Engine, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(probe_responder, **options)


@pytest.mark.parametrize(
    ("addresses", "places"),
    [
        ({}, BOTH),
        ({"ipv6": "fd00::2"}, BOTH),
        ({"ipv4": "10.0.0.1"}, ("10.0.0.1", "fd00::2")),
        # Translated on the way: it is unknown here to which of its own addresses.
        ({"ipv4": "9.9.9.9"}, OWN),
        ({"ipv4": "mail.example.com", "ipv6": "[FD00::2]"}, OWN),
    ],
)
def test_published_only_where_it_is_probed(engine: Engine, addresses: dict[str, str], places: tuple[str, ...]) -> None:
    result = run(probe_responder, state="present", addresses=addresses)
    assert engine.started[0][5] == places
    assert set(result["addresses"]) == {"ipv4", "ipv6"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metrics": "/tmp/proof.txt"}, "metrics: give the absolute path of a file whose name ends in .prom"),
        ({"metrics": "/no/such/folder/x.prom"}, "metrics: there is no folder /no/such/folder on this host"),
        ({"image": "traefik/whoami:"}, "image: 'traefik/whoami:' is not a name of an image"),
        ({"port": 65536}, "port: 65536 is not between 0 and 65535"),
        ({"container_port": 0}, "container_port: 0 is not between 1 and 65535"),
        ({"remove_after": 0}, "remove_after: 0 is not between 1 and 3600 seconds"),
        ({"remove_after": 3601}, "remove_after: 3601 is not between 1 and 3600 seconds"),
        ({"addresses": {"ipv5": "x"}}, "addresses: ipv5: the families are ipv4 and ipv6"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_refused_before_anything_is_started(engine: Engine, options: dict[str, t.Any], words: str, check: bool) -> None:
    assert failure(probe_responder, check=check, state="present", **options).startswith(words)
    assert engine.started == []


NONSENSE: list[t.Any] = [
    {"verdict": "not verified", "client_port": 4711},
    {"verdict": "not verified", "client_port": 4711, "port": "x", "family": "ipv6", "client": "fd00::5"},
    {"verdict": {}},
    {"verdict": "real", "msg": "x" * 1_000_000, "seen": "\x1b[31m"},
    "garbage",
    17,
]


@pytest.mark.parametrize("probe", NONSENSE)
def test_removed_in_every_case(engine: Engine, probe: t.Any) -> None:
    engine.runs = True
    result = run(probe_responder, state="absent", probes=[probe])
    assert (engine.runs, result["changed"], result["result"]) == (False, True, "not verified")
    assert "gave an answer that makes no sense" in result["probes"][0]["msg"]


@pytest.mark.parametrize("broken", ["judged", "keep"])
def test_removed_before_anything_can_fail(engine: Engine, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def refuse(*_arguments: object, **_options: object) -> t.NoReturn:
        raise Refused("no space left on device")

    monkeypatch.setattr(peers if broken == "judged" else record, broken, refuse)
    engine.runs = True
    assert failure(probe_responder, state="absent", probes=[SEEN]) == "no space left on device."
    assert not engine.runs


def test_in_check_mode_one_after_the_other(engine: Engine) -> None:
    """Nothing is changed, and each task has what it needs of the one before."""
    there = run(probe_responder, check=True, state="present")
    probes = [
        {"family": family, "host": there["addresses"][family], "port": there["ports"][family], "verdict": "refused"}
        for family in there["addresses"]
    ]
    gone = run(probe_responder, check=True, state="absent", probes=probes)
    assert (gone["changed"], engine.started, record.record()) == (False, [], {"daemon": {}})


def test_a_host_that_was_never_changed_keeps_nothing(engine: Engine, tmp_path: t.Any) -> None:
    (tmp_path / "record.json").unlink()
    run(probe_responder, state="present")
    assert run(probe_responder, state="absent", probes=[SEEN])["result"] == "passed"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", [True, False])
def test_ready(engine: Engine, monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    """It starts nothing, and says what a proof would not do with."""
    asked: list[tuple[t.Any, ...]] = []

    def ready(_docker: Docker, *given: t.Any) -> bool:
        asked.append(given)
        return True

    monkeypatch.setattr(responder, "ready", ready)
    assert run(probe_responder, check=check, state="ready", image="x/y", port=8080)["changed"] is True
    assert (asked, engine.started) == ([("x/y", 8080, check)], [])
    assert failure(probe_responder, state="ready", metrics="/x/y").startswith("metrics: give the absolute path")
    assert failure(probe_responder, state="ready", image="Upper").startswith("image: 'Upper' is not a name")


@pytest.mark.parametrize("state", ["present", "absent"])
def test_failures_are_one_message(engine: Engine, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    def refuse(*_arguments: object) -> t.NoReturn:
        raise Refused("cannot pull the image: no route", "docker", "Give an archive")

    monkeypatch.setattr(responder, "start", refuse)
    monkeypatch.setattr(responder, "stop", refuse)
    assert failure(probe_responder, state=state) == "docker: cannot pull the image: no route. Give an archive."
