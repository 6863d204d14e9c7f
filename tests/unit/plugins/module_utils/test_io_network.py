# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a network plan, with the Docker SDK's client left out."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_daemon,
    _io_files,
    _io_network,
    _io_sdk,
    _io_steps,
    _io_transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import NotFound
from ansible_collections.dms.ipv6.plugins.module_utils._network import (
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    RemoveNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from docker.errors import APIError

CREATE = CreateNetwork("dms-ipv6", True, (("172.18.0.0/16", "172.18.0.1"), ("fd12::/64", "")))
CONNECT = ConnectContainer("mail", "mail-id", "dms-ipv6", ("mx",), True)
DISCONNECT = DisconnectContainer("mail", "mail-id", "dms-ipv6", ("mx",), True)
REMOVE = RemoveNetwork("old", CreateNetwork("old", False, (), True, (("a", "b"),), ()))


class Engine:
    """Networks and the container mail; writes down what it is asked, and fails at the calls named."""

    def __init__(self) -> None:
        self.path = "/run/x.sock"
        self.names = ["bridge", "old"]
        self.on = ["bridge"]
        self.calls: list[tuple[t.Any, ...]] = []
        self.failing: list[str] = []

    def networks(self) -> list[dict[str, t.Any]]:
        return [{"Name": one} for one in self.names]

    def container(self, name: str) -> dict[str, t.Any]:
        if name != "mail-id":
            raise NotFound("there is no such container")
        return {"Id": name, "Name": "/mail", "NetworkSettings": {"Networks": {one: {} for one in self.on}}}

    def call(self, name: str, *arguments: t.Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.failing:
            raise APIError("500 Server Error", explanation=f"{name} went wrong")

    def create_network(self, name: str, **options: t.Any) -> dict[str, str]:
        assert options.pop("check_duplicate") is True
        self.call("create", name, options)
        self.names.append(name)
        return {"Id": "new-id"}

    def inspect_network(self, name: str) -> dict[str, t.Any]:
        return {"Id": "0123456789abcdef", "Name": name, "Driver": "bridge"}

    def remove_network(self, name: str) -> None:
        self.call("remove", name)
        self.names.remove(name)

    def connect_container_to_network(self, container: str, network: str, aliases: list[str]) -> None:
        self.call("connect", container, network, aliases)
        self.on.append(network)

    def disconnect_container_from_network(self, container: str, network: str) -> None:
        self.call("disconnect", container, network)
        self.on.remove(network)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Engine:
    found = Engine()

    @contextlib.contextmanager
    def warmed(bridge: str) -> t.Iterator[None]:
        found.calls.append(("warm", bridge))
        yield
        found.calls.append(("cold", bridge))

    monkeypatch.setattr(_io_files, "STATE", str(tmp_path))
    monkeypatch.setattr(_io_sdk, "client", lambda path: found)
    monkeypatch.setattr(_io_network, "warmed", warmed)
    return found


def carry_out(engine: Engine, *steps: Step) -> None:
    hands = _io_steps.Hands(_io_daemon.DaemonHands(engine, "docker.service", 0.0))  # type: ignore[arg-type]
    _io_steps.carry_out(Plan("", "", steps), hands, _io_transaction.Journal())


def made(name: str, config: t.Any, **more: t.Any) -> tuple[t.Any, ...]:
    options = {
        "driver": "bridge",
        "enable_ipv6": True,
        "internal": False,
        "options": {},
        "labels": {"dms.ipv6.managed": "true"},
        "ipam": {"Driver": "default", "Config": config},
    }
    return ("create", name, {**options, **more})


MADE = made("dms-ipv6", [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}, {"Subnet": "fd12::/64"}])
WARM, COLD = ("warm", "br-0123456789ab"), ("cold", "br-0123456789ab")


def test_steps(engine: Engine) -> None:
    carry_out(engine, REMOVE, CREATE, CONNECT)
    assert engine.calls == [
        ("remove", "old"),
        MADE,
        WARM,
        ("connect", "mail-id", "dms-ipv6", ["mx"]),
        COLD,
    ]
    assert (engine.names, engine.on) == (["bridge", "dms-ipv6"], ["bridge", "dms-ipv6"])


def test_our_port_leaves_a_bridge_before_its_network_goes(engine: Engine) -> None:
    carry_out(engine, CREATE, RemoveNetwork("dms-ipv6"))
    assert engine.calls == [MADE, WARM, COLD, ("remove", "dms-ipv6")]


@pytest.mark.parametrize(
    ("names", "on", "steps"),
    [
        (["bridge"], ["bridge"], [RemoveNetwork("old")]),
        (["bridge", "old"], ["bridge"], [CreateNetwork("old", True, ())]),
        (["bridge"], ["bridge", "dms-ipv6"], [CONNECT]),
        (["bridge"], ["bridge"], [DISCONNECT]),
        (["bridge"], ["bridge"], [DisconnectContainer("web", "gone", "dms-ipv6")]),
    ],
)
def test_what_is_so_already_is_not_done_again(
    engine: Engine, names: list[str], on: list[str], steps: list[Step]
) -> None:
    engine.names, engine.on = names, on
    carry_out(engine, *steps)
    assert engine.calls == []


def test_container_that_is_gone_cannot_be_connected(engine: Engine) -> None:
    with pytest.raises(Refused, match="there is no such container"):
        carry_out(engine, ConnectContainer("web", "gone", "dms-ipv6", (), True))


OLD = made("old", [], enable_ipv6=False, internal=True, options={"a": "b"}, labels={})


@pytest.mark.parametrize(
    ("failing", "steps", "undone", "words"),
    [
        (["create"], [CREATE, CONNECT], [MADE], "cannot create network dms-ipv6 with 172.18.0.0/16, fd12::/64: create"),
        (["connect"], [CREATE, CONNECT], [("remove", "dms-ipv6")], "connect went wrong. The old state is back."),
        (
            ["connect", "remove"],
            [CREATE, CONNECT],
            [("remove", "dms-ipv6")],
            "Not everything could be put back: cannot remove network dms-ipv6: remove went wrong.",
        ),
        (
            ["connect"],
            [REMOVE, CREATE, CONNECT],
            [("remove", "dms-ipv6"), OLD],
            "connect went wrong. The old state is back.",
        ),
        (["remove"], [REMOVE], [("remove", "old")], "remove went wrong. The old state is back."),
        (
            ["remove"],
            [CONNECT, RemoveNetwork("old")],
            [("disconnect", "mail-id", "dms-ipv6")],
            "remove went wrong. The old state is back.",
        ),
    ],
)
def test_failure_is_taken_back(engine: Engine, failing: list[str], steps: t.Any, undone: t.Any, words: str) -> None:
    engine.failing = failing
    with pytest.raises(Refused) as reason:
        carry_out(engine, *steps)
    assert words in str(reason.value)
    assert isinstance(reason.value, _io_steps.RolledBack) is ("old state is back" in str(reason.value))
    real = [one for one in engine.calls if one[0] not in ("warm", "cold")]
    assert real[len(real) - len(undone) :] == undone
    if isinstance(reason.value, _io_steps.RolledBack):
        assert (sorted(engine.names), engine.on) == (["bridge", "old"], ["bridge"])


def test_bridge_is_left_alone_without_iproute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def ip(*words: str) -> bool:
        asked.append(words)
        return False

    monkeypatch.setattr(_io_network, "_ip", ip)
    with _io_network.warmed("br-x"):
        assert asked[0][:2] == ("link", "add")
    assert asked[-1][:2] == ("link", "del")


def test_missing_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_io_sdk, "docker", None)
    with pytest.raises(
        Refused, match=r"the Docker SDK for Python is missing on this host\. Install the package python3-docker"
    ):
        _io_sdk.client("/run/x.sock")


def test_sdk_without_an_engine(tmp_path: t.Any) -> None:
    with pytest.raises(Refused, match="cannot connect to the Docker Engine"):
        _io_sdk.client(str(tmp_path / "docker.sock"))
