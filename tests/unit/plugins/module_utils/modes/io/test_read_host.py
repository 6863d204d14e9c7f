# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a whole host: what is made of the engine's answers, the kernel's and our record's."""

from __future__ import annotations

import ipaddress
import json
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record as change_record
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import loaded
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import dockerd as engine_dockerd
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import SOCKET, NotFound
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.io import bridge_rules, host_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import Uplink
from ansible_collections.dms.ipv6.plugins.module_utils.state.io import containers as state_containers
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel as system_kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import sock_diag
from ansible_collections.dms.ipv6.plugins.module_utils.system.io.kernel import Address, Route
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts

LOOKED_INTO = {"gone": "bridge", "stopped": "bridge", "web": "web", "host": "host", "by": "container:web-id"}
FIREWALL = state_firewall.HostFirewall("ufw")
RECORDED = Path(__file__).parents[4] / "recorded"


class Kernel:
    """What the kernel says, and what is in files."""

    def __init__(self) -> None:
        self.dockerd: engine_dockerd.Dockerd | Refused = engine_dockerd.Dockerd(7, "docker.service", 1000.0)
        # By the clock as it goes now.
        self.started = 1000.0
        self.ticks: int | None = 5000
        self.pids: dict[str, list[int]] = {}
        self.command = ["dockerd"]
        self.files: dict[str, bytes] = {}
        self.changed: float | None = None
        self.record: dict[str, t.Any] = {}
        self.translates: bool | None = None
        self.routes: list[Route] = []
        self.addresses: list[Address] = []
        self.program = "/usr/sbin/dockerd"

    def behind(self, path: str) -> engine_dockerd.Dockerd:
        assert path == SOCKET
        if isinstance(self.dockerd, Refused):
            raise self.dockerd
        return self.dockerd

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    found = Kernel()
    for name, answer in (
        ("process_started", lambda pid: found.started),
        ("has_child", lambda pid, name: pid == 7 and bool(found.pids.get(name))),
        ("command_line", lambda pid: found.command),
        ("docker_translates_ipv6", lambda: found.translates),
        ("routes", lambda: found.routes),
        ("addresses", lambda: found.addresses),
        ("sysctl", lambda name: "1" if "eth0" in name else None),
        ("machine_id", lambda: "0123"),
        ("program", lambda pid: found.program),
        ("start_ticks", lambda pid: found.ticks),
        ("boot_id", lambda: "boot"),
    ):
        monkeypatch.setattr(system_kernel, name, answer)
    monkeypatch.setattr(engine_dockerd, "behind", found.behind)
    monkeypatch.setattr(engine_dockerd, "refuse_elsewhere", lambda pid, path: None)
    monkeypatch.setattr(host_firewall, "read", lambda dockerd: FIREWALL._replace(incoming=str(dockerd)))
    monkeypatch.setattr(host_firewall, "fault", lambda: "no ip6tables")
    monkeypatch.setattr(host_firewall, "no_ipv6", lambda: "no IPv6")
    monkeypatch.setattr(host_firewall, "no_raw", lambda: "no raw")
    monkeypatch.setattr(system_files, "read", found.read)
    monkeypatch.setattr(system_files, "changed_at", lambda path: found.changed)
    monkeypatch.setattr(change_record, "record", lambda: found.record)
    return found


CONFIG = "/etc/docker/daemon.json"


# A row of /proc/net/tcp: local port and state.
TCP = "   0: 00000000:{} 00000000:0000 {} 0:0 00:0 0 0 0 1 1 0 100 0 0 10 0\n"


class Docker:
    """An engine's answers."""

    path = SOCKET

    def __init__(self, **info: t.Any) -> None:
        self._info = {"ServerVersion": "26.1.5+dfsg1", **info}
        self.running: list[dict[str, t.Any]] = []

    def info(self) -> dict[str, t.Any]:
        return self._info

    def networks(self) -> list[dict[str, t.Any]]:
        return [{"Name": "bridge", "Id": "b" * 64, "Driver": "bridge"}]

    def containers(self) -> list[dict[str, t.Any]]:
        return self.running


def summary(name: str, state: str, *networks: str) -> dict[str, t.Any]:
    ports = [{"IP": "::", "PrivatePort": 80, "PublicPort": 80, "Type": "tcp"}]
    settings: dict[str, t.Any] = {"Networks": {one: {} for one in networks}}
    return {"Id": name, "Names": [f"/{name}"], "State": state, "Ports": ports, "NetworkSettings": settings}


def read(docker: Docker, path: str | None = None) -> t.Any:
    return read_host.read(docker, path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "path", "expected"),
    [
        (["dockerd"], None, CONFIG),
        (["dockerd", "--config-file=/etc/x.json"], None, "/etc/x.json"),
        (["dockerd", "--config-file=/etc/x.json"], "/etc/y.json", "/etc/y.json"),
    ],
)
def test_which_file(kernel: Kernel, command: list[str], path: str | None, expected: str) -> None:
    kernel.command = command
    kernel.files = {expected: b"{}"}
    found = read(Docker(), path)
    assert (found.path, found.raw) == (expected, b"{}")


START = {"pid": 7, "boot": "boot", "ticks": 5000}
KEPT = {"daemon": {**START, "settings": {"mtu": 1}}}
# As earlier versions wrote it.
OLD_FORM = {"daemon": {"pid": 7, "started": 1000.4, "settings": {"mtu": 1}}}
STARTING = {"daemon": {"pid": 6, "boot": "boot", "ticks": 3, "settings": {"mtu": 4}}}
BEFORE = {**STARTING, "starting": {"boot": "boot", "ticks": 4999, "settings": {"mtu": 3}}}
AFTER = {**STARTING, "starting": {"boot": "boot", "ticks": 5000, "settings": {"mtu": 3}}}
OTHER_BOOT = {"starting": {"boot": "other", "ticks": 4999, "settings": {"mtu": 3}}}
OLD_BEFORE = {"starting": {"since": 999.0, "settings": {"mtu": 3}}}
OLD_AFTER = {"starting": {"since": 1000.5, "settings": {"mtu": 3}}}


def kept(**others: t.Any) -> dict[str, t.Any]:
    return {"daemon": {**KEPT["daemon"], **others}}


@pytest.mark.parametrize(
    ("raw", "changed", "record", "expected"),
    [
        (b'{"mtu": 2}', 900.0, {}, {"mtu": 2}),
        (b'{"mtu": 2}', 999.9, {}, {"mtu": 2}),
        (b'{"mtu": 2}', 999.99, {}, None),
        (b'{"mtu": 2}', 1001.0, {}, None),
        (b'{"mtu": 2}', 1001.0, KEPT, {"mtu": 1}),
        (b'{"mtu": 2}', 900.0, KEPT, {"mtu": 1}),
        *((b'{"mtu": 2}', 900.0, kept(**one), {"mtu": 2}) for one in ({"pid": 8}, {"ticks": 5001}, {"boot": "x"})),
        (b'{"mtu": 2}', 1001.0, kept(ticks=1), None),
        (b'{"mtu": 2}', 1001.0, OLD_FORM, {"mtu": 1}),
        (b'{"mtu": 2}', 900.0, {"daemon": {**OLD_FORM["daemon"], "pid": 8}}, {"mtu": 2}),
        (b'{"mtu": 2}', 1001.0, {"daemon": {**OLD_FORM["daemon"], "started": 500.0}}, None),
        (None, None, {}, None),
        (None, None, KEPT, {"mtu": 1}),
        # The folder is older than the daemon, or not.
        (None, 900.0, {}, {}),
        (None, 1001.0, {}, None),
        (b"", 900.0, {}, {}),
        (b"{", 900.0, {}, None),
        (b'{"mtu": 2}', 1001.0, BEFORE, {"mtu": 3}),
        (None, None, BEFORE, {"mtu": 3}),
        (b'{"mtu": 2}', 900.0, BEFORE, {"mtu": 2}),
        (b'{"mtu": 2}', 1001.0, {**BEFORE, **KEPT}, {"mtu": 1}),
        (b'{"mtu": 2}', 1001.0, AFTER, None),
        (b'{"mtu": 2}', 1001.0, OTHER_BOOT, None),
        (b'{"mtu": 2}', 1001.0, {**AFTER, **KEPT}, {"mtu": 1}),
        (b'{"mtu": 2}', 1001.0, OLD_BEFORE, {"mtu": 3}),
        (b'{"mtu": 2}', 1001.0, OLD_AFTER, None),
        (b'{"mtu": 2}', 1001.0, {"starting": {}}, None),
    ],
)
def test_what_the_daemon_has_loaded(
    kernel: Kernel, raw: bytes | None, changed: t.Any, record: t.Any, expected: t.Any
) -> None:
    kernel.files = {} if raw is None else {CONFIG: raw}
    kernel.changed = changed
    kernel.record = record
    assert read(Docker()).daemon.loaded == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, False),
        (KEPT, False),
        (BEFORE, False),
        (AFTER, True),
        (OTHER_BOOT, True),
        (OLD_BEFORE, False),
        (OLD_AFTER, True),
    ],
)
def test_a_run_that_died_before_the_restart(kernel: Kernel, record: dict[str, t.Any], expected: bool) -> None:
    kernel.record = record
    assert read(Docker()).daemon.unfinished is expected


HOUR = 3600.0


@pytest.mark.parametrize("step", [2.0, -2.0, HOUR, -HOUR])
def test_a_clock_that_was_set_since_the_start(kernel: Kernel, step: float) -> None:
    """What was written after the start never passes for loaded, whenever it was written, and our record is believed."""
    kernel.files = {CONFIG: b'{"mtu": 2}'}
    kernel.started = 1000.0 + step
    for after in (0.0, 0.5, 60.0):
        for at in (1000.0 + after, 1000.0 + step + after):  # before the clock was set, and after that
            kernel.changed = at
            assert read(Docker()).daemon.loaded is None
    kernel.record = KEPT
    assert read(Docker()).daemon.loaded == {"mtu": 1}
    kernel.record, kernel.changed = {}, 1000.0 - 2 * HOUR
    assert read(Docker()).daemon.loaded == {"mtu": 2}


def test_a_start_of_which_systemd_knows_nothing(kernel: Kernel) -> None:
    kernel.files, kernel.changed = {CONFIG: b'{"mtu": 2}'}, 10.0
    kernel.dockerd = engine_dockerd.Dockerd(7)
    assert (read(Docker()).daemon.loaded, read(Docker()).daemon.unit) == (None, "")
    kernel.record = KEPT
    assert read(Docker()).daemon.loaded == {"mtu": 1}


@pytest.mark.parametrize(
    ("translates", "proxies", "running", "expected"),
    [
        (True, [9], [summary("mail", "running")], {"ip6tables": True, "userland-proxy": True}),
        (False, [], [summary("mail", "running")], {"ip6tables": False, "userland-proxy": False}),
        (None, [9], [], {}),
        (True, [], [summary("mail", "exited")], {"ip6tables": True}),
    ],
)
def test_effects_are_seen_where_nothing_better_is_known(
    kernel: Kernel, translates: bool | None, proxies: list[int], running: t.Any, expected: dict[str, bool]
) -> None:
    kernel.translates = translates
    kernel.pids["docker-proxy"] = proxies
    docker = Docker()
    docker.running = running
    assert read(docker).daemon.hints == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [({}, {}), ({"files": {}}, {}), ({"files": {"/a": {}, "/b": {}}}, {"/a": b"x", "/b": None})],
)
def test_files_that_earlier_runs_edited(kernel: Kernel, record: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    kernel.files, kernel.record = {"/a": b"x", "/c": b"z"}, record
    assert read(Docker()).edited == expected


def test_ports_are_those_of_tcp(kernel: Kernel) -> None:
    docker = Docker()
    found = summary("mail", "running", "bridge")
    for ip, port, kind in (("0.0.0.0", 80, "tcp"), ("::", 25, "tcp"), ("::", 53, "udp")):
        found["Ports"].append({"IP": ip, "PrivatePort": port, "PublicPort": port, "Type": kind})
    docker.running = [found]
    assert [one.ports for one in read(docker).daemon.containers] == [(25, 80)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({CONFIG: b'{"mtu": 1}'}, {**START, "settings": {"mtu": 1}}),
        ({}, {**START, "settings": {}}),
        ({CONFIG: b"{"}, None),
    ],
)
def test_what_a_daemon_that_was_just_started_has_read(kernel: Kernel, files: dict[str, bytes], expected: t.Any) -> None:
    kernel.files = files
    assert loaded.read_by_daemon(SOCKET) == expected


def test_a_daemon_that_is_gone_has_read_nothing(kernel: Kernel) -> None:
    kernel.ticks = None
    assert loaded.read_by_daemon(SOCKET) is None
    kernel.dockerd = Refused("it does not answer")
    assert loaded.read_by_daemon(SOCKET) is None


def test_containers_that_are_still_there() -> None:
    class Engine:
        def container(self, name: str) -> dict[str, t.Any]:
            if name == "gone":
                raise NotFound("there is no such container")
            return {"Id": name, "Name": f"/name-{name}"}

    found = state_containers.inspect_all(Engine(), ["1", "gone", "2"])  # type: ignore[arg-type]
    assert {key: one.name for key, one in found.items()} == {"1": "name-1", "2": "name-2"}


def test_many_containers_are_inspected_at_a_time() -> None:
    """One question for each of 500, and dockerd never waits for the answer to one before it gets the next."""
    together = threading.Barrier(4, timeout=20)
    asked: list[str] = []

    class Engine:
        def container(self, name: str) -> dict[str, t.Any]:
            asked.append(name)
            together.wait()  # until three others are inspected as well
            return {"Id": name, "Name": f"/name-{name}"}

    ids = [str(number) for number in range(500)]
    found = state_containers.inspect_all(Engine(), ids)  # type: ignore[arg-type]
    assert [*found] == ids
    assert sorted(asked) == sorted(ids)


def test_an_engine_that_stops_answering_is_queried_no_further() -> None:
    asked: list[str] = []

    class Engine:
        def container(self, name: str) -> dict[str, t.Any]:
            asked.append(name)
            raise Refused("dockerd does not answer")

    with pytest.raises(Refused, match="dockerd does not answer"):
        state_containers.inspect_all(Engine(), [str(number) for number in range(500)])  # type: ignore[arg-type]
    assert len(asked) <= state_containers.AT_A_TIME


def test_running_containers_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended in between stays as it was listed, and shared networks are kept apart."""
    listed = [hosts.container(name, network_mode=mode, pid=0) for name, mode in LOOKED_INTO.items()]
    bindings = {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}

    class Engine:
        def container(self, name: str) -> dict[str, t.Any]:
            if name == "gone-id":
                raise NotFound(name)
            # One that waits for its next start has no process.
            state = {"Running": True, "Pid": 0} if name == "stopped-id" else {"Running": True, "Pid": 7}
            return {"Id": name, "Name": f"/{name}", "State": state, "HostConfig": bindings}

    monkeypatch.setattr(system_kernel, "listeners", lambda pid, own=False: {"ipv4": [("own" if own else "all", pid)]})
    found = read_host.looked_into(Engine(), hosts.host(containers=tuple(listed)))  # type: ignore[arg-type]
    assert found.containers[:2] == tuple(listed[:2])
    heard = {one.name: one.listeners for one in found.containers[2:]}
    assert heard == {"web": {"ipv4": [("all", 7)]}, "host": {"ipv4": [("own", 7)]}, "by": {"ipv4": [("own", 7)]}}
    for before, after in zip(listed[2:], found.containers[2:]):
        asked = (docker_objects.Port(80, "tcp", "", 8080),)
        assert after == before._replace(pid=7, bindings=asked, listeners=after.listeners)


def test_what_is_looked_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in its own place: a container's inspect, its connections in /proc, the rules of the firewall."""

    class Engine:
        def container(self, name: str) -> dict[str, t.Any]:
            return {"Id": "1", "Name": f"/name-{name}", "State": {"Running": True, "Pid": 7}}

    def lines(path: str) -> list[list[str]]:
        text = TCP.format("0050", "0A") + TCP.format("0019", "01")
        return [line.split() for line in text.splitlines()] if path == "/proc/7/net/tcp" else []

    def said(*command: str) -> str:
        return "-A DOCKER-USER -i br-1 -j DROP" if command[0] == "iptables" else ""

    def no_diagnostics(_pid: int) -> t.NoReturn:
        raise OSError

    monkeypatch.setattr(sock_diag, "listening", no_diagnostics)
    monkeypatch.setattr(system_kernel, "lines_of", lines)
    monkeypatch.setattr(bridge_rules, "FILES", ())
    monkeypatch.setattr(system_programs, "said", said)
    ask = read_host.ask(Engine())  # type: ignore[arg-type]
    assert (ask.inspect("mail").name, ask.inspect("mail").pid) == ("name-mail", 7)
    assert ask.listeners(7) == {"ipv4": [("0.0.0.0", 80)], "ipv6": []}
    assert (ask.sessions(7), ask.sessions(8)) == ([25], [])
    assert (ask.rules("br-1"), ask.rules("br-2")) == (("iptables chain DOCKER-USER",), ())


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False), (None, False)])
def test_forwarding_and_what_keeps_the_route(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool
) -> None:
    kernel.files = {forwarding.SYSCTL_FILE: b"x"}
    kernel.record = {"moves": {"n": ["1"]}}
    monkeypatch.setattr(system_kernel, "sysctl", lambda name: value if name == forwarding.FORWARDING[0] else None)
    found = read(Docker())
    assert (found.forwards, found.sysctl_file, found.record) == (expected, b"x", kernel.record)


def test_the_daemon(kernel: Kernel) -> None:
    docker = Docker(LiveRestoreEnabled=True, ExperimentalBuild=True, Swarm={"LocalNodeState": "active"})
    docker.running = [
        summary("mail", "running", "bridge", "web"),
        summary("old", "exited", "web"),
        summary("going", "removing", "web"),
        summary("frozen", "paused", "bridge"),
        summary("worker", "restarting", "bridge"),
    ]
    kernel.record = {"borrowed": [True]}
    found = read(docker)
    assert (str(found.daemon.version), found.daemon.pid, found.daemon.unit) == ("26.1.5", 7, "docker.service")
    assert found.daemon.observed == {"live-restore": True, "experimental": True}
    assert found.daemon.swarm is True
    assert list(map(str, found.daemon.containers)) == ["mail", "frozen (paused)", "worker (restarting)"]
    assert [one.name for one in found.containers] == ["mail", "frozen", "worker"]
    assert [one.name for one in found.stopped] == ["old", "going"]
    assert [one.name for one in found.all_containers] == ["mail", "frozen", "worker", "old", "going"]
    assert found.members == {"bridge": ("frozen", "mail", "worker"), "web": ("mail", "old")}
    assert (found.borrowed, found.machine_id) == ([True], "0123")


@pytest.mark.parametrize("swarm", [None, {}, {"LocalNodeState": "inactive"}, {"LocalNodeState": ""}])
def test_no_swarm(kernel: Kernel, swarm: t.Any) -> None:
    assert read(Docker(Swarm=swarm)).daemon.swarm is False
    assert read(Docker(Swarm=swarm)).borrowed is False


def route(text: str, interface: str = "eth0", learned: bool = False) -> Route:
    return Route(ipaddress.IPv6Network(text), interface, learned)


def address(text: str, interface: str = "eth0") -> Address:
    return Address(ipaddress.IPv6Interface(text), interface, False)


def test_what_is_taken(kernel: Kernel) -> None:
    kernel.routes = [
        route("::/0"),
        route("fd12::/64"),
        route("fe80::/64"),
        route("ff00::/8"),
        route("fd13::/48", "wg0"),
    ]
    kernel.addresses = [address("::1/128", "lo"), address("fd12::5/64"), address("fe80::5/64")]
    assert [(label, str(one)) for label, one in read(Docker()).taken] == [
        ("route on eth0", "fd12::/64"),
        ("route on wg0", "fd13::/48"),
        ("address on eth0", "fd12::5/128"),
    ]
    kernel.routes = [route("::/0")._replace(router=ipaddress.IPv6Address(one)) for one in ("fe80::1", "fd12::1")]
    assert read(Docker()).taken[0] == ("router on eth0", ipaddress.IPv6Network("fd12::1/128"))


GLOBAL, FAR = ipaddress.IPv6Network("2001:2:0:11::/64"), ipaddress.IPv6Address("fe80::1")
DEFAULT = route("::/0")._replace(router=FAR)


@pytest.mark.parametrize(
    ("routes", "addresses", "expected"),
    [
        ([], [address("2001:2:0:11::5/64")], ()),
        ([DEFAULT], [], (Uplink("eth0", (), (FAR,)),)),
        ([DEFAULT], [address("2001:2:0:11::5/64")], (Uplink("eth0", ((GLOBAL, True),), (FAR,)),)),
        (
            [DEFAULT],
            [address("2001:2:0:11::5/64")._replace(permanent=False)],
            (Uplink("eth0", ((GLOBAL, False),), (FAR,)),),
        ),
        # an address beside its prefix, as of DHCPv6 or some providers
        (
            [DEFAULT, route("2001:2:0:11::/64")],
            [address("2001:2:0:11::5/128")],
            (Uplink("eth0", ((GLOBAL, True),), (FAR,)),),
        ),
        # led away by a router, of another kind, on another interface
        (
            [DEFAULT, route("2001:2:0:11::/64")._replace(router=FAR)],
            [
                address("2001:2:0:11::5/128"),
                address("fd12::5/64"),
                address("fe80::5/64"),
                address("2001:2::5/64", "wg0"),
            ],
            (Uplink("eth0", (), (FAR,)),),
        ),
        (
            [DEFAULT, DEFAULT._replace(interface="eth1")],
            [address("2001:2:0:11::5/64", "eth1")],
            (Uplink("eth0", (), (FAR,)), Uplink("eth1", ((GLOBAL, True),), (FAR,))),
        ),
    ],
)
def test_uplinks(kernel: Kernel, routes: list[Route], addresses: list[Address], expected: t.Any) -> None:
    kernel.routes, kernel.addresses = routes, addresses
    assert read(Docker()).uplinks == expected


@pytest.mark.parametrize(
    ("routes", "learned", "accept_ra"),
    [
        ([route("::/0", "eth0", True), route("::/0", "eth0", True)], ("eth0",), {"eth0": "1"}),
        ([route("::/0", "eth1")], (), {"eth1": None}),
        ([route("fd12::/64", "eth0", True)], (), {}),
        ([], (), {}),
    ],
)
def test_default_routes(kernel: Kernel, routes: list[Route], learned: t.Any, accept_ra: t.Any) -> None:
    kernel.routes = routes
    found = read(Docker())
    assert (found.ra_default, found.accept_ra) == (learned, accept_ra)


def recorded(name: str) -> Docker:
    """An engine that answers as a real one did."""
    said = json.loads((RECORDED / f"{name}.json").read_text())
    docker = Docker(**said["info"])
    docker.running = said["containers"]
    docker.networks = lambda: said["networks"]  # type: ignore[method-assign]
    return docker


@pytest.mark.parametrize(
    ("name", "environment", "pid"),
    [
        ("plain", (), 7),
        ("swarm", ("swarm",), 7),
        ("podman", ("podman",), 0),
        ("docker_desktop", ("docker_desktop",), 0),
        ("rootless", ("rootless",), 0),
        ("snap", ("snap",), 7),
    ],
)
def test_engines_of_other_kinds(kernel: Kernel, name: str, environment: t.Any, pid: int) -> None:
    """The dockerd of this host is not taken for the one that answers."""
    kernel.files = {CONFIG: b'{"ip6tables": false}'}
    docker = recorded(name)
    found = read_host.read(docker, any_engine=True)  # type: ignore[arg-type]
    assert (found.environment, found.daemon.pid, found.firewall.incoming) == (environment, pid, str(pid))
    assert (found.no_ip6tables, found.no_ipv6) == ("no ip6tables", "no IPv6")
    assert [one.name for one in found.networks]
    assert (found.path, found.raw) == ((CONFIG, b'{"ip6tables": false}') if pid else ("", None))
    assert pid or not found.daemon.hints
    if environment in ((), ("swarm",)):
        assert read(docker).environment == environment
    else:
        with pytest.raises(Refused, match="Nothing was changed"):
            read(docker)


def test_a_snap_whose_data_were_moved(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a file system of its own, and is named before that is looked at."""

    def elsewhere(pid: int, path: str) -> None:
        raise Refused("it has a file system of its own")

    monkeypatch.setattr(engine_dockerd, "refuse_elsewhere", elsewhere)
    kernel.program = "/var/lib/snapd/snap/docker/2904/bin/dockerd"
    found = read_host.read(Docker(), any_engine=True)  # type: ignore[arg-type]
    assert (found.environment, found.daemon.pid) == (("snap",), 7)
    kernel.program = "/usr/sbin/dockerd"
    with pytest.raises(Refused, match="a file system of its own"):
        read(Docker())


@pytest.mark.parametrize(
    ("info", "no_raw", "direct"),
    [
        ({"ServerVersion": "26.1.5"}, "", None),
        ({"ServerVersion": "28.5.2"}, "no raw", None),
        ({"ServerVersion": "28.5.2", "Warnings": ["WARNING: No swap limit support"]}, "no raw", None),
        ({"ServerVersion": "28.5.2", "Warnings": ["WARNING: DOCKER_INSECURE_NO_IPTABLES_RAW is set"]}, "", True),
    ],
)
def test_table_raw(kernel: Kernel, info: dict[str, t.Any], no_raw: str, direct: bool | None) -> None:
    """An engine that is set to do without leaves containers' own addresses open."""
    found = read(Docker(**info))
    assert (found.no_raw, found.daemon.observed.get("allow-direct-routing")) == (no_raw, direct)


@pytest.mark.parametrize(
    ("name", "more", "mode", "translates", "expected"),
    [
        ("ipv6nat-mailcow", {}, "host", True, "ipv6nat-mailcow"),
        ("six", {"Image": "robbertkl/ipv6nat:latest"}, "host", True, "six"),
        ("six", {"Command": "/docker-ipv6nat.sh --retry"}, "host", None, "six"),
        ("ipv6nat", {}, "bridge", True, ""),
        ("ipv6nat", {}, "host", False, ""),
        ("web", {}, "host", True, ""),
    ],
)
def test_who_translates_in_dockers_place(
    kernel: Kernel, name: str, more: dict[str, t.Any], mode: str, translates: bool | None, expected: str
) -> None:
    """Its chain DOCKER is not a sign of Docker's own ip6tables."""
    kernel.translates, kernel.record, kernel.changed = translates, {}, 2e12
    docker = Docker()
    docker.running = [{**summary(name, "running"), **more, "HostConfig": {"NetworkMode": mode}}]
    found = read(docker)
    assert found.ipv6nat == expected
    assert "ip6tables" not in found.daemon.hints or not expected
