# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a network plan, with the Docker SDK's client left out."""

from __future__ import annotations

import contextlib
import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _io_docker, _io_network, _io_sdk
from ansible_collections.dms.ipv6.plugins.module_utils._network import ConnectContainer, CreateNetwork, RemoveNetwork
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from docker.errors import APIError

CREATE = CreateNetwork("dms-ipv6", ipaddress.IPv6Network("fd12::/64"))
CONNECT = ConnectContainer("mail", "mail-id", "dms-ipv6", ("mx",), True)
REMOVE = RemoveNetwork("old", "old-id")


class Client:
    """Writes down what it is asked; fails at the calls named."""

    def __init__(self) -> None:
        self.calls: list[tuple[t.Any, ...]] = []
        self.failing: list[str] = []

    def call(self, name: str, *arguments: t.Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.failing:
            raise APIError("500 Server Error", explanation=f"{name} went wrong")

    def create_network(self, name: str, **options: t.Any) -> dict[str, str]:
        self.call(
            "create", name, options["driver"], options["enable_ipv6"], options["ipam"]["Config"], options["labels"]
        )
        return {"Id": "new-id"}

    def inspect_network(self, name: str) -> dict[str, t.Any]:
        return {"Id": "0123456789abcdef", "Name": name, "Driver": "bridge"}

    def remove_network(self, name: str) -> None:
        self.call("remove", name)

    def connect_container_to_network(self, container: str, network: str, aliases: list[str]) -> None:
        self.call("connect", container, network, aliases)

    def disconnect_container_from_network(self, container: str, network: str) -> None:
        self.call("disconnect", container, network)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    found = Client()

    @contextlib.contextmanager
    def warmed(bridge: str) -> t.Iterator[None]:
        found.calls.append(("warm", bridge))
        yield
        found.calls.append(("cold", bridge))

    monkeypatch.setattr(_io_sdk, "client", lambda path: found)
    monkeypatch.setattr(_io_network, "warmed", warmed)
    return found


def carry_out(*steps: Step) -> None:
    _io_network.carry_out(Plan("", "", steps), _io_docker.Docker("/run/x.sock"))


MADE = ("create", "dms-ipv6", "bridge", True, [{"Subnet": "fd12::/64"}], {"dms.ipv6.managed": "true"})


def test_steps(client: Client) -> None:
    carry_out(REMOVE, CREATE, CONNECT)
    assert client.calls == [
        ("remove", "old-id"),
        MADE,
        ("warm", "br-0123456789ab"),
        ("connect", "mail-id", "dms-ipv6", ["mx"]),
        ("cold", "br-0123456789ab"),
    ]


@pytest.mark.parametrize(
    ("failing", "steps", "undone", "words"),
    [
        (
            ["create"],
            [CREATE, CONNECT],
            [],
            "cannot create network dms-ipv6 with fd12::/64: create went wrong. Nothing was changed.",
        ),
        (
            ["connect"],
            [CREATE, CONNECT],
            [("remove", "new-id")],
            "connect went wrong. What was done before has been taken back.",
        ),
        (
            ["connect", "remove"],
            [CREATE, CONNECT],
            [("remove", "new-id")],
            "Not everything could be taken back: cannot remove network dms-ipv6: remove went wrong.",
        ),
        (
            ["remove"],
            [CONNECT, REMOVE],
            [("disconnect", "mail-id", "dms-ipv6")],
            "What was done before has been taken back.",
        ),
    ],
)
def test_failure_is_taken_back(client: Client, failing: list[str], steps: t.Any, undone: t.Any, words: str) -> None:
    client.failing = failing
    with pytest.raises(Refused) as reason:
        carry_out(*steps)
    assert words in str(reason.value)
    real = [one for one in client.calls if one[0] not in ("warm", "cold")]
    assert real[len(real) - len(undone) :] == undone
    assert ("disconnect" in {one[0] for one in real}) is (steps[0] == CONNECT)


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
