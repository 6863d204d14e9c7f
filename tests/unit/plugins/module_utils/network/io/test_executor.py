# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a network plan, with the Engine API left out."""

from __future__ import annotations

import contextlib
import typing as t
from urllib.parse import unquote

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, Step
from ansible_collections.dms.ipv6.plugins.module_utils.core import refused
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import sdk
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import NotFound
from ansible_collections.dms.ipv6.plugins.module_utils.network.io import executor as network_executor
from ansible_collections.dms.ipv6.plugins.module_utils.network.steps import (
    CheckAttached,
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepId,
    KeepRunning,
    RemoveNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions
from ansible_collections.dms.ipv6.plugins.module_utils.state.daemon import RunningContainer
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel

ID = "0123456789abcdef"
BODY: dict[str, t.Any] = {
    "Name": "dms-ipv6",
    "Driver": "bridge",
    "EnableIPv6": True,
    "Labels": {"dms.ipv6.managed": "true"},
    "IPAM": {
        "Driver": "default",
        "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}, {"Subnet": "fd12::/64"}],
    },
}
OLD_BODY: dict[str, t.Any] = {
    "Name": "old",
    "Driver": "bridge",
    "EnableIPv6": False,
    "Internal": True,
    "Options": {"a": "b"},
    "IPAM": {"Driver": "default", "Options": {}, "Config": []},
}
SETTINGS: dict[str, t.Any] = {"Aliases": ["mx"], "IPAMConfig": {"IPv4Address": "172.18.0.9"}, "GwPriority": 7}
CREATE = CreateNetwork("dms-ipv6", definitions.dump(BODY))
CONNECT = ConnectContainer("mail", "mail-id", "dms-ipv6", definitions.dump(SETTINGS), True)
DISCONNECT = DisconnectContainer("mail", "mail-id", "dms-ipv6", definitions.dump(SETTINGS), True)
REMOVE = RemoveNetwork("old", definitions.dump(OLD_BODY))


class Engine:
    """Networks and the container mail; writes down what it is to change, and fails at the calls named."""

    def __init__(self) -> None:
        self.path = "/run/x.sock"
        self.found = {name: {"Id": ID, "Driver": "bridge", "Name": name} for name in ("bridge", "old")}
        self.on: dict[str, dict[str, t.Any]] = {"bridge": {}}
        self.running = True
        self.calls: list[tuple[t.Any, ...]] = []
        self.failing: list[str] = []
        self.status, self.started_at = "", "1"

    def info(self) -> dict[str, t.Any]:
        return {}

    def networks(self) -> list[dict[str, t.Any]]:
        return list(self.found.values())

    def container(self, name: str) -> dict[str, t.Any]:
        if name != "mail-id":
            raise NotFound("there is no such container", f"container {name}")
        return {
            "Id": name,
            "Name": "/mail",
            "State": {
                "Running": self.running,
                "Status": self.status or ("running" if self.running else "exited"),
                "StartedAt": self.started_at,
                "ExitCode": 0,
            },
            "NetworkSettings": {"Networks": self.on},
        }

    def post(self, resource: str, body: t.Any = None) -> None:
        self.calls.append(("POST", resource, body))
        self.refuse_failing(resource)
        _root, kind, name, *verb = map(unquote, resource.split("/"))
        if resource == "/networks/create":
            self.found[body["Name"]] = {"Id": ID, **body}
        elif kind == "networks" and name not in self.found:
            raise NotFound(f"POST {resource}: 404 network {name} not found", self.path)
        elif verb == ["connect"]:
            self.on[name] = body["EndpointConfig"]
        elif verb == ["disconnect"]:
            del self.on[name]

    def delete(self, resource: str) -> None:
        self.calls.append(("DELETE", resource))
        self.refuse_failing(resource)
        del self.found[unquote(resource.split("/")[2])]

    def refuse_failing(self, resource: str) -> None:
        if any(one in f"{self.calls[-1][0]} {resource}" for one in self.failing):
            raise Refused(f"{resource} went wrong", self.path)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Engine:
    found = Engine()

    @contextlib.contextmanager
    def warmed(bridge: str) -> t.Iterator[None]:
        found.calls.append(("warm", bridge))
        yield
        found.calls.append(("cold", bridge))

    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(network_executor, "warmed", warmed)
    return found


def executor(engine: Engine) -> rollback_executor.Executor:
    return rollback_executor.Executor(daemon_executor.DaemonExecutor(engine, "docker.service", 0.0))  # type: ignore[arg-type]


def carry_out(engine: Engine, *steps: Step) -> None:
    rollback_executor.carry_out(Plan("", "", steps), executor(engine), armed_transaction.Journal())


def made(body: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return ("POST", "/networks/create", {**body, "CheckDuplicate": True})


MADE = made(BODY)
JOINED = ("POST", "/networks/dms-ipv6/connect", {"Container": "mail-id", "EndpointConfig": SETTINGS})
LEFT = ("POST", "/networks/dms-ipv6/disconnect", {"Container": "mail-id"})
WARM, COLD = ("warm", "br-0123456789ab"), ("cold", "br-0123456789ab")


def test_steps(engine: Engine) -> None:
    carry_out(engine, REMOVE, CREATE, CONNECT)
    assert engine.calls == [("DELETE", "/networks/old"), MADE, WARM, JOINED, COLD]
    assert (list(engine.found), list(engine.on)) == (["bridge", "dms-ipv6"], ["bridge", "dms-ipv6"])


def test_our_port_leaves_a_bridge_before_its_network_goes(engine: Engine) -> None:
    carry_out(engine, CREATE, RemoveNetwork("dms-ipv6"))
    assert engine.calls == [MADE, WARM, COLD, ("DELETE", "/networks/dms-ipv6")]


def test_only_a_bridge_is_warmed(engine: Engine) -> None:
    carry_out(engine, CreateNetwork("other", definitions.dump({**BODY, "Name": "other", "Driver": "macvlan"})))
    assert [one[0] for one in engine.calls] == ["POST"]


def test_an_id_is_kept_once(engine: Engine) -> None:
    """It has no bridge, so nothing is warmed."""
    step = KeepId("old", "0" * 64, ("mail",))
    for _twice in range(2):
        carry_out(engine, step)
    assert engine.calls == [("POST", "/networks/create", definitions.load(step.definition))]


def test_names_are_quoted(engine: Engine) -> None:
    """A network's name may hold whatever its user likes."""
    body = {**BODY, "Name": "a/b c?"}
    create = CreateNetwork("a/b c?", definitions.dump(body))
    connect = ConnectContainer("mail", "mail-id", "a/b c?", "{}", True)
    carry_out(engine, create, connect, connect.inverse(), RemoveNetwork("a/b c?"))
    asked = [one[1] for one in engine.calls if one[0] not in ("warm", "cold")]
    place = "/networks/a%2Fb%20c%3F"
    assert asked == ["/networks/create", f"{place}/connect", f"{place}/disconnect", place]


@pytest.mark.parametrize(
    ("names", "on", "steps"),
    [
        (["bridge"], ["bridge"], [RemoveNetwork("old")]),
        (["bridge", "old"], ["bridge"], [CreateNetwork("old", definitions.dump(OLD_BODY))]),
        (["bridge"], ["bridge", "dms-ipv6"], [CONNECT]),
        (["bridge"], ["bridge"], [DISCONNECT]),
        (["bridge"], ["bridge"], [DisconnectContainer("web", "gone", "dms-ipv6")]),
        (["bridge"], ["bridge"], [ConnectContainer("web", "gone", "dms-ipv6", "{}", True)]),
        (["bridge"], ["bridge"], [KeepRunning((RunningContainer("mail-id", "mail"),))]),
        (["bridge"], ["bridge"], [CheckAttached((), "dms-ipv6")]),
    ],
)
def test_what_is_so_already_is_not_done_again(
    engine: Engine, names: list[str], on: list[str], steps: list[Step]
) -> None:
    engine.found = {name: one for name, one in engine.found.items() if name in names}
    engine.on = {name: {} for name in on}
    carry_out(engine, *steps)
    assert engine.calls == []


def test_network_that_is_missing_is_no_container_that_is_gone(engine: Engine) -> None:
    """The network was removed: the container must not be left without it."""
    words = r"cannot connect mail to network dms-ipv6 .*: POST /networks/dms-ipv6/connect: 404 network dms-ipv6 not"
    with pytest.raises(Refused, match=words) as reason:
        executor(engine).do(CONNECT)
    assert not isinstance(reason.value, NotFound)
    engine.on["dms-ipv6"] = {}
    with pytest.raises(Refused, match="cannot disconnect mail from network dms-ipv6: "):
        executor(engine).do(DISCONNECT)


REMOVED = ("DELETE", "/networks/dms-ipv6")


@pytest.mark.parametrize(
    ("failing", "steps", "undone", "words"),
    [
        (
            ["create"],
            [CREATE, CONNECT],
            [MADE],
            "cannot create network dms-ipv6 with 172.18.0.0/16, fd12::/64: /networks/create went wrong",
        ),
        (["/connect"], [CREATE, CONNECT], [REMOVED], "connect went wrong. The old state is back."),
        (
            ["/connect", "DELETE"],
            [CREATE, CONNECT],
            [REMOVED],
            "Not everything could be put back: /run/x.sock: cannot remove network dms-ipv6: /networks/dms-ipv6 went",
        ),
        (
            ["/connect"],
            [REMOVE, CREATE, CONNECT],
            [REMOVED, made(OLD_BODY)],
            "connect went wrong. The old state is back.",
        ),
        (["DELETE"], [REMOVE], [("DELETE", "/networks/old")], "went wrong. The old state is back."),
        (["DELETE"], [CONNECT, RemoveNetwork("old")], [LEFT], "went wrong. The old state is back."),
    ],
)
def test_failure_is_taken_back(engine: Engine, failing: list[str], steps: t.Any, undone: t.Any, words: str) -> None:
    engine.failing = failing
    if CREATE not in steps:
        engine.found["dms-ipv6"] = {"Id": ID, **BODY}
    there = sorted(engine.found)
    with pytest.raises(Refused) as reason:
        carry_out(engine, *steps)
    assert words in str(reason.value)
    assert isinstance(reason.value, refused.RolledBack) is ("old state is back" in str(reason.value))
    real = [one for one in engine.calls if one[0] not in ("warm", "cold")]
    assert real[len(real) - len(undone) :] == undone
    if isinstance(reason.value, refused.RolledBack):
        assert (sorted(engine.found), list(engine.on)) == (there, ["bridge"])


# --- whether all containers are attached as before

PLACE = CONNECT
ASLEEP = ConnectContainer("mail", "mail-id", "dms-ipv6", CONNECT.settings, False)
GONE = ConnectContainer("web", "gone", "dms-ipv6", "{}", True)


@pytest.mark.parametrize(
    ("on", "running", "places", "words"),
    [
        ({"dms-ipv6": SETTINGS}, True, [PLACE], ""),
        ({"dms-ipv6": {**SETTINGS, "IPAddress": "172.18.0.9", "NetworkID": "x"}}, True, [PLACE], ""),
        ({"dms-ipv6": SETTINGS}, False, [ASLEEP], ""),
        # A container that was not running before may have been started in between.
        ({"dms-ipv6": SETTINGS}, True, [ASLEEP], ""),
        ({"dms-ipv6": SETTINGS}, True, [GONE, PLACE, GONE], ""),
        # It ended, or waits for its next start, by itself: the engine may note less of its place then.
        ({"dms-ipv6": SETTINGS}, False, [PLACE], ""),
        ({"dms-ipv6": {}}, False, [PLACE], ""),
        ({"bridge": SETTINGS}, False, [PLACE], "container mail: its place is empty"),
        ({"dms-ipv6": {}}, True, [PLACE], f"container mail: its place is {{}}, and was {PLACE.settings}"),
        ({"bridge": SETTINGS}, True, [PLACE], f"container mail: its place is empty, and was {PLACE.settings}"),
        ({"bridge": SETTINGS}, False, [ASLEEP], "container mail: its place is empty"),
        ({"dms-ipv6": {**SETTINGS, "Aliases": ["mx", "x"]}}, True, [GONE, PLACE], '"Aliases":["mx","x"]'),
        ({"dms-ipv6": {**SETTINGS, "GwPriority": 0}}, True, [PLACE], f"and was {PLACE.settings}"),
    ],
)
def test_check(engine: Engine, on: t.Any, running: bool, places: list[ConnectContainer], words: str) -> None:
    engine.on, engine.running = {"bridge": {}, **on}, running
    step = CheckAttached(tuple(places), "dms-ipv6")
    if words:
        with pytest.raises(Refused) as reason:
            executor(engine).do(step)
        assert words in str(reason.value)
    else:
        executor(engine).do(step)
    assert engine.calls == []


@pytest.mark.parametrize(
    ("status", "notes"),
    [
        ("running", []),
        ("paused", []),
        ("exited", ["container mail does not run any more (exited)"]),
        ("restarting", ["container mail does not run any more (restarting)"]),
        ("removing", ["container mail is gone"]),
        ("dead", ["container mail is gone"]),
    ],
)
def test_what_a_container_does_by_itself_fails_no_check(engine: Engine, status: str, notes: list[str]) -> None:
    engine.status, engine.on = status, {"bridge": {}, "dms-ipv6": SETTINGS}
    used = executor(engine)
    used.do(CheckAttached((PLACE,), "dms-ipv6"))
    assert used.networks.notes == notes


def test_what_ends_with_dockerd_is_a_loss(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started again on the way back, because dockerd takes containers with it where live-restore is off."""
    engine.on = {"bridge": {}, "dms-ipv6": SETTINGS}
    starts = iter([{"pid": 7}, {"pid": 7}, {"pid": 8}])
    monkeypatch.setattr(network_executor.NetworkExecutor, "_daemon", lambda self: next(starts))
    used = executor(engine)
    used.do(CheckAttached((PLACE,), "dms-ipv6"))
    engine.status = "exited"
    used.do(CheckAttached((PLACE,), "dms-ipv6"))
    assert used.networks.notes == ["container mail does not run any more (exited)"]
    with pytest.raises(Refused, match="it ended with dockerd, which was started again in between"):
        used.do(CheckAttached((PLACE,), "dms-ipv6"))


def test_settings_that_changed_because_it_was_started_again(engine: Engine) -> None:
    engine.found["dms-ipv6"] = {"Id": ID, **BODY}
    used = executor(engine)
    used.do(CONNECT)
    engine.on["dms-ipv6"] = {}
    with pytest.raises(Refused, match="its place is"):
        used.do(CheckAttached((PLACE,), "dms-ipv6"))
    engine.started_at = "2"
    used.do(CheckAttached((PLACE,), "dms-ipv6"))


# --- containers that end, restart or go while they are moved


@pytest.fixture
def on_both(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(network_executor, "BETWEEN_MOVES", 0.0)
    engine.found["dms-ipv6"] = {"Id": ID, **BODY}
    return engine


def test_connecting_one_that_waits_for_its_next_start(on_both: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """28.5.2 notes the network, and says that there is no sandbox."""
    post, on_both.status = on_both.post, "restarting"

    def no_sandbox(resource: str, body: t.Any = None) -> None:
        post(resource, body)
        raise Refused("network sandbox for container mail-id not found")

    monkeypatch.setattr(on_both, "post", no_sandbox)
    executor(on_both).do(CONNECT)
    assert (list(on_both.on), len(on_both.calls)) == (["bridge", "dms-ipv6"], 1)


@pytest.mark.parametrize("runs_again", [True, False])
def test_disconnecting_one_that_restarts(on_both: Engine, monkeypatch: pytest.MonkeyPatch, runs_again: bool) -> None:
    """No engine takes it off a network before it runs again: that is waited for, but not without end."""
    monkeypatch.setattr(network_executor, "SETTLES", 20.0 if runs_again else 0.1)
    on_both.on["dms-ipv6"], on_both.status = SETTINGS, "restarting"
    post, states = on_both.post, iter(["restarting"] * 3)

    def not_connected(resource: str, body: t.Any = None) -> None:
        on_both.status = next(states, "running") if runs_again else "restarting"
        if on_both.status == "restarting":
            raise Refused("container mail-id is not connected to network dms-ipv6")
        post(resource, body)

    monkeypatch.setattr(on_both, "post", not_connected)
    if runs_again:
        executor(on_both).do(DISCONNECT)
        assert list(on_both.on) == ["bridge"]
    else:
        with pytest.raises(Refused, match="cannot disconnect mail from network dms-ipv6: container mail-id is not"):
            executor(on_both).do(DISCONNECT)


@pytest.mark.parametrize("status", ["removing", "dead"])
@pytest.mark.parametrize("step", [CONNECT, DISCONNECT])
def test_moving_one_that_goes(on_both: Engine, monkeypatch: pytest.MonkeyPatch, step: t.Any, status: str) -> None:
    """409: container is marked for removal and cannot be connected or disconnected."""
    if step is DISCONNECT:
        on_both.on["dms-ipv6"] = SETTINGS

    def marked(resource: str, body: t.Any = None) -> None:
        on_both.status = status
        raise Refused(f"POST {resource}: 409 container mail-id is marked for removal")

    monkeypatch.setattr(on_both, "post", marked)
    executor(on_both).do(step)
    executor(on_both).do(step)


def test_check_that_fails_is_taken_back(engine: Engine) -> None:
    other = CheckAttached((ConnectContainer("mail", "mail-id", "dms-ipv6", '{"Aliases":["smtp"]}', True),), "dms-ipv6")
    with pytest.raises(refused.RolledBack, match=r"container mail: its place is .* The old state is back\."):
        carry_out(engine, CREATE, CONNECT, other)
    assert [one[:2] for one in engine.calls if one[0] not in ("warm", "cold")][-2:] == [LEFT[:2], REMOVED]


def test_what_ran_is_started_on_the_way_back(engine: Engine) -> None:
    """At its very end, when all containers have a network again."""
    engine.failing = ["/connect"]
    with pytest.raises(refused.RolledBack):
        carry_out(engine, KeepRunning((RunningContainer("mail-id", "mail"),)), CREATE, CONNECT)
    assert engine.calls[-1] == ("POST", "/containers/mail-id/start", None)


# --- the bridge


def test_bridge_is_left_alone_without_iproute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def ip(*words: str) -> bool:
        asked.append(words)
        return False

    monkeypatch.setattr(network_executor, "ip_command", ip)
    with network_executor.warmed("br-x"):
        assert asked[0][:2] == ("link", "add")
    assert asked[-1][:2] == ("link", "del")


def test_no_duplicate_address_detection_while_no_other_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    knobs = {f"net/ipv6/conf/br-x/{name}": "1" for name in ("dad_transmits", "router_solicitation_delay")}
    seen: list[list[str]] = []

    def usable(_bridge: str) -> bool:
        seen.append([*knobs.values()])
        return True

    monkeypatch.setattr(network_executor, "ip_command", lambda *_words: True)
    monkeypatch.setattr(network_executor, "is_usable", usable)
    monkeypatch.setattr(kernel, "sysctl", knobs.get)
    monkeypatch.setattr(kernel, "set_sysctl", knobs.__setitem__)
    with network_executor.warmed("br-x"):
        assert (seen, [*knobs.values()]) == ([["0", "0"]], ["1", "1"])


def test_missing_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "docker", None)
    with pytest.raises(
        Refused, match=r"the Docker SDK for Python is missing on this host\. Install the package python3-docker"
    ):
        sdk.client("/run/x.sock")


def test_sdk_without_an_engine(tmp_path: t.Any) -> None:
    with pytest.raises(Refused, match="cannot connect to the Docker Engine"):
        sdk.client(str(tmp_path / "docker.sock"))
