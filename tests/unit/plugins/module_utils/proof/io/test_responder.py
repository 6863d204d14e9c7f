# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the responder is ready; scenarios start and remove it on real engines."""

from __future__ import annotations

import errno
import ipaddress
import random
import socket
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import sdk
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import NotFound
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import responder
from ansible_collections.dms.ipv6.plugins.module_utils.routed.io import nft
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs

PLACE = {"IPAddress": "172.21.0.2", "GlobalIPv6Address": "fd00::2"}
BOTH = ("172.21.0.2", "fd00::2")
SILENT = "the responder does not answer on port 80"
NETWORKS: list[dict[str, t.Any]] = [
    {"Id": "1" * 64, "Name": "dms-ipv6", "Driver": "bridge", "EnableIPv6": True},
    {"Id": "2" * 64, "Name": "other", "Driver": "bridge", "EnableIPv6": True},
]


class Engine:
    def __init__(self, running: bool = True) -> None:
        self.running = running

    def networks(self) -> list[dict[str, t.Any]]:
        return NETWORKS

    def container(self, name: str) -> dict[str, t.Any]:
        place = {"Networks": {"dms-ipv6": PLACE}}
        return {"Id": name, "Name": f"/{name}", "State": {"Running": self.running}, "NetworkSettings": place}


@pytest.mark.parametrize(
    ("tentative", "answering", "words"),
    [
        (None, BOTH, ""),
        # No container is on that bridge: its address stays tentative for ever.
        ("br-222222222222", BOTH, ""),
        ("br-111111111111", BOTH, SILENT),
        (None, (), SILENT),
        # The host still takes another container for the neighbour with that address.
        (None, BOTH[:1], SILENT),
        (None, BOTH[1:], SILENT),
    ],
)
def test_ready(monkeypatch: pytest.MonkeyPatch, tentative: str | None, answering: tuple[str, ...], words: str) -> None:
    value = ipaddress.IPv6Interface("fd00::1/64")
    addresses = [kernel.Address(value, f"br-{one * 12}", f"br-{one * 12}" == tentative) for one in "12"]
    monkeypatch.setattr(kernel, "addresses", lambda: addresses)
    monkeypatch.setattr(responder, "is_answering", lambda address, port: address in answering and port == 80)
    monkeypatch.setattr(responder, "START_TIMEOUT", 0.3)
    if not words:
        responder.await_answer(Engine(), "id", "dms-ipv6", 80)  # type: ignore[arg-type]
        return
    with pytest.raises(Refused, match=words):
        responder.await_answer(Engine(), "id", "dms-ipv6", 80)  # type: ignore[arg-type]


def test_one_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="the responder ended at once"):
        responder.await_answer(Engine(running=False), "id", "dms-ipv6", 80)  # type: ignore[arg-type]


ID = "9" * 64
OURS = {"dms.ipv6.responder": "1"}
WANTED = responder.Wanted("dms-ipv6", "dms-lab/whoami", 8080, 80, ("198.18.7.2", "fd00::2"), seconds=7)


class Whole:
    """An engine with its SDK client, and the host's systemd and packet filter."""

    path = "/run/x.sock"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.there: list[dict[str, t.Any]] = []
        self.images = {"dms-lab/whoami:latest"}
        self.pulled: list[tuple[str, str]] = []
        self.created: dict[str, t.Any] = {}
        self.log: list[str] = []
        self.units: list[str] = []
        self.systemd = 0
        self.answers = True
        self.busy = 0
        monkeypatch.setattr(sdk, "client", lambda path: self)
        monkeypatch.setattr(system_programs, "run", self.run)
        monkeypatch.setattr(system_programs, "systemctl", lambda *words, needed: self.log.append(" ".join(words)))
        monkeypatch.setattr(responder, "await_answer", self.await_answer)
        monkeypatch.setattr(nft, "admit", lambda *what: self.log.append(f"admit {what}"))
        monkeypatch.setattr(nft, "admit_nobody", lambda: self.log.append("admit nobody"))

    def add(self, name: str, labels: dict[str, str] | None = None, key: str = ID) -> None:
        self.there.append({"Id": key, "Names": [f"/{name}"], "Labels": labels})

    def containers(self) -> list[dict[str, t.Any]]:
        return self.there

    def networks(self) -> list[dict[str, t.Any]]:
        return NETWORKS

    def container(self, key: str) -> dict[str, t.Any]:
        if not any(one["Id"] == key for one in self.there):
            raise NotFound("there is no such container")
        return {"Id": key}

    def delete(self, resource: str) -> None:
        key = resource.split("/")[2].partition("?")[0]
        if self.busy:
            self.busy -= 1
            raise Refused("DELETE: 409 removal of container is already in progress")
        self.container(key)
        self.there = [one for one in self.there if one["Id"] != key]
        self.log.append(f"removed {key[:3]}")

    def get(self, resource: str) -> dict[str, t.Any]:
        if resource[len("/images/") : -len("/json")] not in self.images:
            raise NotFound("no such image")
        return {}

    def pull(self, name: str, tag: str) -> str:
        self.pulled.append((name, tag))
        self.images.add(f"{name}@{tag}" if ":" in tag else f"{name}:{tag}")
        return ""

    def create_host_config(self, **options: t.Any) -> dict[str, t.Any]:
        return options

    def create_endpoint_config(self, **options: t.Any) -> t.Any:
        return options

    def create_networking_config(self, networks: t.Any) -> t.Any:
        return networks

    def create_container(self, image: str, **options: t.Any) -> dict[str, str]:
        self.created = {"image": image, **options}
        self.add(options["name"], options["labels"])
        self.log.append("created")
        return {"Id": ID}

    def start(self, key: str) -> None:
        self.log.append("started")

    def run(self, *command: str, timeout: int) -> t.Any:
        self.units.append(" ".join(command))
        self.log.append("timer")
        return subprocess.CompletedProcess(command, self.systemd, b"", b"no systemd here")

    def await_answer(self, *_arguments: t.Any) -> None:
        if not self.answers:
            raise Refused(SILENT)


STOPPED = "stop dms-ipv6-responder-*.timer"


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Whole:
    return Whole(monkeypatch)


def start(whole: Whole, wanted: responder.Wanted = WANTED) -> int:
    return responder.start(whole, wanted)  # type: ignore[arg-type]


def stop(whole: Whole) -> bool:
    return responder.stop(whole)  # type: ignore[arg-type]


def test_a_network_that_is_not_there_yet(whole: Whole) -> None:
    """As where a host is verified before it was enabled."""
    with pytest.raises(Refused) as reason:
        start(whole, WANTED._replace(network="nosuch"))
    said = "network nosuch: there is no such network, so nothing to prove. Run dms.ipv6.enable first."
    assert (str(reason.value), whole.created, whole.pulled) == (said, {}, [])


def test_it_has_no_right_that_it_does_not_need(whole: Whole) -> None:
    assert start(whole) == 8080
    config = whole.created["host_config"]
    assert config["port_bindings"] == {80: [("198.18.7.2", 8080), ("fd00::2", 8080)]}
    assert (config["cap_drop"], config["security_opt"], config["read_only"]) == (["ALL"], ["no-new-privileges"], True)
    assert (config["mem_limit"], config["pids_limit"], config["auto_remove"]) == ("64m", 64, True)
    assert config["restart_policy"] == {"Name": "no"}
    assert (whole.created["user"], whole.created["labels"]) == ("65534:65534", OURS)


def test_it_is_never_there_without_an_end(whole: Whole) -> None:
    start(whole, WANTED._replace(ipv6_address="2600::7"))
    assert whole.log == [STOPPED, "created", "timer", "started", "admit ('2600::7', 80, 7)"]
    assert "--on-active=7" in whole.units[0] and whole.units[0].endswith(f"/run/x.sock {ID}")
    whole.log.clear()
    assert stop(whole) is True
    assert whole.log == ["removed 999", STOPPED, "admit nobody"]
    assert stop(whole) is False


def test_without_a_timer_nothing_is_started(whole: Whole) -> None:
    whole.systemd = 1
    with pytest.raises(Refused, match="the timer that removes the responder: no systemd here"):
        start(whole)
    assert whole.there == []
    assert "started" not in whole.log


def test_one_that_does_not_answer_is_removed(whole: Whole) -> None:
    whole.answers = False
    with pytest.raises(Refused, match=SILENT):
        start(whole)
    assert whole.there == []


def test_one_that_ended_by_itself_leaves_no_timer(whole: Whole) -> None:
    """The engine has removed it before we look."""
    start(whole)
    whole.there.clear()
    whole.log.clear()
    assert stop(whole) is False
    assert whole.log == [STOPPED]


def test_one_of_an_earlier_run_is_replaced(whole: Whole) -> None:
    whole.add("dms-ipv6-responder", OURS, "7" * 64)
    start(whole)
    assert [one["Id"] for one in whole.there] == [ID]


@pytest.mark.parametrize("labels", [None, {}, {"other": "1"}])
def test_a_container_that_is_not_ours_is_left_alone(whole: Whole, labels: dict[str, str] | None) -> None:
    whole.add("dms-ipv6-responder", labels, "7" * 64)
    assert stop(whole) is False
    with pytest.raises(Refused) as reason:
        start(whole)
    assert "Rename it, or remove it: docker rm -f dms-ipv6-responder" in str(reason.value)
    assert [one["Id"] for one in whole.there] == ["7" * 64]


def test_one_that_is_being_removed_is_waited_for(whole: Whole) -> None:
    whole.add("dms-ipv6-responder", OURS)
    whole.busy = 2
    assert stop(whole) is True
    assert whole.there == []


def test_one_that_cannot_be_removed(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responder, "REMOVE_TIMEOUT", 0.3)
    whole.add("dms-ipv6-responder", OURS)
    whole.busy = 1000
    with pytest.raises(Refused, match="cannot remove the container dms-ipv6-responder: DELETE: 409"):
        stop(whole)


DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("image", "pulled", "used"),
    [
        ("dms-lab/whoami", [], "dms-lab/whoami:latest"),
        ("dms-lab/whoami:latest", [], "dms-lab/whoami:latest"),
        ("dms-lab/whoami:2", [("dms-lab/whoami", "2")], "dms-lab/whoami:2"),
        ("registry.corp:5000/whoami", [("registry.corp:5000/whoami", "latest")], "registry.corp:5000/whoami:latest"),
        (f"r:5000/whoami:1@{DIGEST}", [("r:5000/whoami", DIGEST)], f"r:5000/whoami@{DIGEST}"),
    ],
)
def test_images(whole: Whole, image: str, pulled: list[tuple[str, str]], used: str) -> None:
    start(whole, WANTED._replace(image=image))
    assert (whole.pulled, whole.created["image"]) == (pulled, used)


def ready(whole: Whole, image: str = "dms-lab/whoami", port: int = 0, dry: bool = False) -> bool:
    return responder.ready(whole, image, port, dry)  # type: ignore[arg-type]


@pytest.mark.parametrize("dry", [True, False])
def test_what_is_there_before_a_change(whole: Whole, tmp_path: Path, dry: bool) -> None:
    archive = tmp_path / "whoami.tar"
    archive.touch()
    assert not ready(whole, dry=dry) and not ready(whole, str(archive), dry=dry)
    assert (whole.pulled, whole.log) == ([], [])
    assert ready(whole, "dms-lab/whoami:2", dry=dry)
    assert (whole.pulled, whole.log) == ([] if dry else [("dms-lab/whoami", "2")], [])


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("/no/such.tar", "/no/such.tar: there is no such archive on this host."),
        (DIGEST, "there is no such image on this host."),
        ("Upper", "image: 'Upper' is not a name of an image."),
    ],
)
def test_what_cannot_be_had_after_a_change(whole: Whole, image: str, words: str, dry: bool) -> None:
    with pytest.raises(Refused) as refused:
        ready(whole, image, dry=dry)
    assert words in str(refused.value) and str(refused.value).endswith("Nothing was changed.")


@pytest.mark.parametrize(("ours", "fails"), [(False, True), (True, False)])
def test_a_port_that_another_has(whole: Whole, ours: bool, fails: bool) -> None:
    """One that a run left behind is removed before the next is started."""
    if ours:
        whole.add("dms-ipv6-responder", {responder.OURS: "1"})
    with socket.socket() as taken:
        taken.bind(("", 0))
        number = taken.getsockname()[1]
        if fails:
            with pytest.raises(Refused, match=f"port: port {number} is in use on this host. Give another dms_ipv6"):
                ready(whole, port=number)
        else:
            assert ready(whole, port=number) is False


def test_an_image_that_cannot_be_pulled(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "pull", lambda name, tag: '{"error": "manifest unknown"}')
    with pytest.raises(Refused, match=r"manifest unknown.*Nothing was changed"):
        ready(whole, "x:1")


def test_an_image_that_is_not_there_after_all(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "pull", lambda name, tag: '{"error": "manifest unknown"}')
    with pytest.raises(Refused, match="manifest unknown"):
        start(whole, WANTED._replace(image="x:1"))
    with pytest.raises(Refused, match="there is no such image on this host"):
        start(whole, WANTED._replace(image=DIGEST))


@pytest.mark.parametrize("status", [204, 404, 409])
def test_what_the_timer_runs(tmp_path: Path, status: int) -> None:
    """By the interpreter alone, over the engine's socket."""
    path, asked = str(tmp_path / "docker.sock"), []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            connection, _peer = listener.accept()
            with connection:
                asked.append(connection.recv(4096).split(b"\r\n")[0].decode())
                connection.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        command = [sys.executable, "-I", "-c", responder.REMOVES, path, ID]
        assert subprocess.run(command, check=False, timeout=20).returncode == 0
        thread.join(5)
    assert asked == [f"DELETE /containers/{ID}?force=1&v=1 HTTP/1.1"]


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_free_port_where_ipv6_is_off(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    class Old(socket.socket):
        def __init__(self, family: int, kind: int) -> None:
            if family == socket.AF_INET6 and number == errno.EAFNOSUPPORT:
                raise OSError(number, "no IPv6")
            super().__init__(socket.AF_INET, kind)
            self.six = family == socket.AF_INET6

        def setsockopt(self, *_arguments: t.Any) -> None:
            """There is no such option."""

        def bind(self, place: t.Any) -> None:
            if self.six:
                raise OSError(number, "no IPv6")
            super().bind(place)

    monkeypatch.setattr(socket, "socket", Old)
    assert responder.free_port() in range(20000, 32768)


def test_a_port_that_is_taken_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        monkeypatch.setattr(random, "sample", lambda ports, count: [number])
        with pytest.raises(Refused, match="no free port"):
            responder.free_port()
