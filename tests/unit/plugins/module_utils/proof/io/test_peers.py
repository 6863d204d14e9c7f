# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clients real services see, on an engine in memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import NotFound
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import peers as proof_peers
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel

CLIENT, GATEWAY = "fd5c:1ab0:7::99", "172.17.0.1"
OWN = "2001:2:0:b1::25"
HELD = {"family": "ipv6", "port": 25, "verdict": "not verified", "client": CLIENT, "client_port": 4711, "seen": ""}


PIDS = {"mail": 7, "web": 8, "alone": 9}


def listed(name: str, *ports: tuple[int, int, str], state: str = "running") -> dict[str, t.Any]:
    found = [{"PrivatePort": one, "PublicPort": at, "Type": kind, "IP": "::"} for one, at, kind in ports]
    return {"Id": name, "Names": [f"/{name}"], "State": state, "Ports": found}


class Engine:
    """Three containers, one of which ends while we look."""

    def containers(self) -> list[dict[str, t.Any]]:
        return [
            listed("mail", (10025, 25, "tcp"), (10025, 25, "udp")),
            listed("web", (80, 8080, "tcp")),
            listed("gone", (10025, 25, "tcp")),
            listed("stopped", (10025, 25, "tcp"), state="exited"),
            {**listed("alone"), "NetworkSettings": {"Networks": {"own": {"GlobalIPv6Address": OWN}}}},
        ]

    def networks(self) -> list[dict[str, t.Any]]:
        return []

    def container(self, name: str) -> dict[str, t.Any]:
        if name == "gone":
            raise NotFound("no such container")
        return {"Id": name, "Name": f"/{name}", "State": {"Running": True, "Pid": PIDS[name]}}


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[int, int], list[tuple[str, int]]]:
    """What the kernel says: (process, port inside) -> peers."""
    found: dict[tuple[int, int], list[tuple[str, int]]] = {}
    monkeypatch.setattr(kernel, "peers", lambda pid, port: found.get((pid, port), []))
    monkeypatch.setattr(own_addresses, "read", lambda networks: own_addresses.Places("", "", (GATEWAY,)))
    return found


@pytest.mark.parametrize(
    ("there", "verdict", "seen"),
    [
        ({(7, 10025): [(CLIENT, 4711)]}, "real", CLIENT),
        ({(7, 10025): [(GATEWAY, 50000)]}, "masked", GATEWAY),
        # Neither another port inside nor another container counts.
        ({(7, 25): [(CLIENT, 4711)], (8, 10025): [(CLIENT, 4711)], (8, 80): [(CLIENT, 4711)]}, "not verified", ""),
        ({}, "not verified", ""),
    ],
)
def test_a_connection_that_is_kept_open(peers: t.Any, there: t.Any, verdict: str, seen: str) -> None:
    peers.update(there)
    others: list[dict[str, t.Any]] = [{"family": "ipv6", "verdict": "real", "port": 80}, {"unreachable": True}]
    found = proof_peers.judged(Engine(), [*others, HELD])  # type: ignore[arg-type]
    assert found[:2] == others
    assert (found[2]["verdict"], found[2]["seen"]) == (verdict, seen)


@pytest.mark.parametrize(
    ("host", "there", "verdict"),
    [
        (OWN, {(9, 25): [(CLIENT, 4711)]}, "real"),
        # It is another container's port 25 that the host publishes.
        (OWN, {(7, 10025): [(CLIENT, 4711)]}, "not verified"),
        ("2001:2:0:11::5", {(9, 25): [(CLIENT, 4711)]}, "not verified"),
    ],
)
def test_an_address_of_the_containers_own(peers: t.Any, host: str, there: t.Any, verdict: str) -> None:
    peers.update(there)
    (found,) = proof_peers.judged(Engine(), [{**HELD, "host": host}])  # type: ignore[arg-type]
    assert found["verdict"] == verdict


def test_the_engine_is_not_asked_for_nothing(peers: t.Any) -> None:
    others: list[dict[str, t.Any]] = [{"family": "ipv6", "verdict": "real", "client_port": 0}, {"unreachable": True}]
    assert proof_peers.judged(None, others) == others  # type: ignore[arg-type]
