# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour proxying on a host whose kernel and systemd are in memory; its programs and sockets by themselves."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import struct
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import step_json
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndp_proxy
from ansible_collections.dms.ipv6.plugins.module_utils.routed.io import ndp
from ansible_collections.dms.ipv6.plugins.module_utils.routed.ndp_steps import PlaceDropIn, PlaceUnit
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts, programs, proxying_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.proxying_host import Machine

PREFIX = "2001:2:0:1:d1::/80"
FIXED = ("2001:2:0:1:d1::80",)
UNIT = "dms-ipv6-ndp-2001:2:0:1:d1::-80.service"
NOT_FOUND = "2001:2:0:1::9"
real_answers = ndp.answers


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return proxying_host.install(monkeypatch, tmp_path)


def wanted(backend: str = "auto", addresses: tuple[str, ...] = FIXED) -> ndp_proxy.Wanted:
    return ndp_proxy.Wanted(PREFIX, addresses=addresses, backend=backend)


def test_facts(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine.manage()
    monkeypatch.setattr(shutil, "which", lambda name, path: f"/opt/{name}")
    (tmp_path / "ndppd.conf").write_bytes(b"proxy eth0 {}")
    (tmp_path / "network" / "10-up.network.d").mkdir()
    (tmp_path / "network" / "10-up.network.d" / "a.conf").write_text("[Network]\nIPv6ProxyNDP=no\n")
    (tmp_path / "system" / UNIT).write_bytes(b"[Unit]\n")
    endpoint = hosts.endpoint("part")._replace(ipv6="2001:2:0:1:d1::80")
    stopped = hosts.container("web", endpoint, running=False)
    found = ndp.facts(hosts.host(stopped=(stopped,), record={"ndp": {"prefixes": {}}}))
    assert found.interfaces == ("eth0",)
    assert (found.proxy_ndp, found.forwarding) == ({"eth0": "0"}, {"all": "1", "eth0": "1"})
    assert found.containers == (ipaddress.IPv6Address("2001:2:0:1:d1::80"),)
    assert [path.rpartition("/")[2] for path, _text in found.managed["eth0"].files] == ["10-up.network", "a.conf"]
    assert (found.units, found.running) == ({UNIT: b"[Unit]\n"}, ())
    assert (found.ndppd, found.ndppd_conf) == ("/opt/ndppd", b"proxy eth0 {}")
    assert (found.bridges, found.no_ip_forward, found.record) == (("docker0",), "", {"prefixes": {}})
    assert (len(found.addresses), len(found.routes), len(found.neighbours)) == (1, 2, 1)


@pytest.mark.parametrize(
    ("state", "active", "managed"),
    [
        ("ADMIN_STATE=configured\nNETWORK_FILE={0}/10-up.network\n", True, True),
        ("ADMIN_STATE=configuring\nNETWORK_FILE={0}/10-up.network\n", True, True),
        ("ADMIN_STATE=configured\nNETWORK_FILE={0}/10-up.network\n", False, False),  # it was stopped since
        ("ADMIN_STATE=unmanaged\nNETWORK_FILE={0}/10-up.network\n", True, False),
        ("ADMIN_STATE=unmanaged\n", True, False),
        ("", True, False),
    ],
)
def test_managed(machine: Machine, state: str, active: bool, managed: bool) -> None:
    machine.manage()
    (machine.links / "4").write_text(state.format(machine.networks))
    if not active:
        del machine.active[ndp.NETWORKD]
    assert bool(ndp.facts(hosts.host()).managed) is managed


@pytest.mark.parametrize(
    ("content", "off"),
    [(b"{}", False), (b'{"ip-forward": true}', False), (b'{"ip-forward": false}', True)],
)
def test_ip_forward(machine: Machine, content: bytes, off: bool) -> None:
    assert ndp.facts(hosts.host(raw=content)).no_ip_forward == (PATH if off else "")
    settings = {"ip-forward": not off}
    daemon = Daemon(content, settings)
    assert ndp.facts(hosts.host(daemon)).no_ip_forward == (PATH if off else "")


def carry_out(steps: t.Iterable[t.Any]) -> None:
    for step in steps:
        if isinstance(step, PlaceUnit):
            ndp.place_unit(step)
        elif isinstance(step, PlaceDropIn):
            ndp.place_drop_in(step)


@pytest.mark.parametrize("backend", ["kernel", "networkd", "ndppd"])
@pytest.mark.parametrize("times", [1, 2])
def test_there_and_back(machine: Machine, monkeypatch: pytest.MonkeyPatch, backend: str, times: int) -> None:
    """Each step may be carried out again; back is the very state before."""
    monkeypatch.setattr(shutil, "which", lambda name, path: f"/usr/sbin/{name}")
    machine.manage()
    before = machine.state
    plan = ndp.plan(wanted(backend), hosts.host(), hosts.ask())
    assert plan.backend == backend
    carry_out(plan.steps * times)
    per_address = {("eth0", ipaddress.IPv6Address(FIXED[0]))} if backend != "ndppd" else set()
    assert machine.entries == per_address
    machine.sysctls["net/ipv6/conf/eth0/proxy_ndp"] = "1"
    record = {"ndp": {"prefixes": {PREFIX: {"interface": "eth0", "backend": backend}}}}
    assert ndp.plan(wanted(backend), hosts.host(record=record), hosts.ask()).steps == ()
    machine.sysctls["net/ipv6/conf/eth0/proxy_ndp"] = "0"
    carry_out(plan.back(len(plan.steps)) * times)
    assert machine.state == before


def test_a_unit_that_changes_is_stopped_first(machine: Machine) -> None:
    """Its own last words take the entries away that only it knows."""
    carry_out(ndp.plan(wanted(), hosts.host(), hosts.ask()).steps)
    machine.calls.clear()
    other = wanted(addresses=("2001:2:0:1:d1::81",))
    carry_out(ndp.plan(other, hosts.host(), hosts.ask()).steps)
    assert machine.calls == [f"stop {UNIT}", "daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]
    assert machine.entries == {("eth0", ipaddress.IPv6Address("2001:2:0:1:d1::81"))}


def test_back_from_a_unit_that_was_never_placed(machine: Machine) -> None:
    (step,) = ndp.plan(wanted("kernel"), hosts.host(), hosts.ask()).steps[1:]
    back = step.inverse()
    assert isinstance(back, PlaceUnit)
    ndp.place_unit(back)
    assert machine.calls == ["daemon-reload", f"reset-failed {UNIT}"]


def test_a_unit_that_does_not_keep_running(machine: Machine) -> None:
    machine.dying = True
    with pytest.raises(Refused, match=f"^{UNIT}: it does not keep running: ndppd: .error. Failed to bind to interface"):
        carry_out(ndp.plan(wanted(), hosts.host(), hosts.ask()).steps)


def test_networkd_that_does_not_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.manage()
    machine.deaf = True
    monkeypatch.setattr(ndp, "PATIENCE", 0.0)
    with pytest.raises(Refused, match=f"it does not answer for {FIXED[0]}"):
        carry_out(ndp.plan(wanted(), hosts.host(), hosts.ask()).steps)


def test_a_folder_of_another_program_stays(machine: Machine) -> None:
    machine.manage()
    plan = ndp.plan(wanted(), hosts.host(), hosts.ask())
    carry_out(plan.steps)
    (other,) = machine.networks.glob("*.d")
    (other / "mine.conf").write_text("[Network]\n")
    carry_out(plan.back(2))
    assert [one.name for one in other.iterdir()] == ["mine.conf"]
    assert machine.entries == set()


def test_what_a_run_that_died_left_is_taken_back_first(machine: Machine) -> None:
    step = PlaceUnit(UNIT, None, b"[Unit]\n", PREFIX, "eth0", "kernel")
    found = hosts.host(record={"unfinished": step_json.dump_steps((step,))})
    plan = ndp.plan(wanted(), found, hosts.ask())
    assert (plan.steps, len(plan.warnings)) == ((step,), 1)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Option \"-json\" is unknown' >&2; exit 255", 'ip -6 -json -batch - failed: Option "-json" is unknown'),
        ("echo hello", "ip: it prints no JSON"),
        ("echo []", "ip: it prints no JSON"),
        (None, "ip -6 -json -batch - failed: .*No such file"),
    ],
)
def test_ip_that_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, words: str) -> None:
    monkeypatch.setattr(system_programs, "searched", lambda: str(tmp_path))
    if script:
        programs.program(tmp_path, "ip", f"PATH=/usr/bin:/bin\n{script}\n")
    with pytest.raises(Refused, match=words):
        ndp.facts(hosts.host())


class Link:
    """A raw socket on a link with one neighbour; it hears others' advertisements as well."""

    def __init__(self, *arguments: t.Any) -> None:
        assert arguments == (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        self.options: dict[tuple[int, int], t.Any] = {}
        self.sent: list[tuple[bytes, t.Any]] = []
        self.heard = [advertisement("2001:2:0:1::f", b"\x02" * 6)]
        self.hops: int | None = 255
        self.down = False

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *arguments: t.Any) -> None:
        return None

    def setsockopt(self, level: int, name: int, value: t.Any) -> None:
        self.options[level, name] = value

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= ndp.ANSWER

    def sendto(self, message: bytes, place: t.Any) -> None:
        if self.down:
            raise OSError("Network is unreachable")
        self.sent.append((message, place))
        target = str(ipaddress.IPv6Address(message[8:24]))
        if target != NOT_FOUND:
            self.heard.append(advertisement(target, b"\x02\x42\xc6\x12\x03\x0c"))

    def recvmsg(self, size: int, more: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, t.Any]:
        if not self.heard:
            time.sleep(0.05)
            raise socket.timeout
        wanted = self.options.get((socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT)) == 1 and self.hops is not None
        said = [(socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, struct.pack("i", self.hops))] if wanted else []
        return self.heard.pop(0)[:size], said, 0, ("fe80::1", 0, 0, 4)


def advertisement(target: str, mac: bytes) -> bytes:
    head = struct.pack("!BBHI", 136, 0, 0, 0x60000000)
    return head + ipaddress.IPv6Address(target).packed + (b"\x02\x01" + mac if mac else b"")


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Link:
    found = Link(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    monkeypatch.setattr(socket, "socket", lambda *arguments: found)
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: 4)
    monkeypatch.setattr(ndp, "mac_of", lambda name: b"\x02\x42\xc6\x12\x03\x0a")
    monkeypatch.setattr(ndp, "ANSWER", 0.2)
    return found


def test_answers(link: Link) -> None:
    asked = tuple(map(ipaddress.IPv6Address, ("2001:2:0:1::aabb:cc05", NOT_FOUND)))
    assert real_answers("eth0", asked) == {asked[0]: "02:42:c6:12:03:0c"}
    message, place = link.sent[0]
    assert place == ("ff02::1:ffbb:cc05", 0, 0, 4)
    assert message == bytes.fromhex("87000000 00000000 20010002000000010000 0000aabbcc05 0101 0242c612030a")
    assert link.options[socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS] == 255
    assert link.options[socket.SOL_SOCKET, socket.SO_BINDTODEVICE] == b"eth0"
    words = struct.unpack("=8I", link.options[socket.IPPROTO_ICMPV6, 1])
    assert [one for one in range(256) if not words[one >> 5] >> (one & 31) & 1] == [136]


def test_a_link_that_is_down_has_no_neighbours(link: Link) -> None:
    link.down = True
    assert real_answers("eth0", (ipaddress.IPv6Address("2001:2:0:1::5"),)) == {}


def test_no_address_means_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    assert real_answers("eth0", ()) == {}


def test_an_answer_without_an_address(link: Link) -> None:
    link.heard = [advertisement("2001:2:0:1::9", b"")]
    asked = ipaddress.IPv6Address(NOT_FOUND)
    assert real_answers("eth0", (asked,)) == {asked: "another machine"}


@pytest.mark.parametrize("hops", [254, 64, 0, None])
def test_an_answer_from_off_the_link_is_none(link: Link, hops: int | None) -> None:
    link.hops = hops
    assert real_answers("eth0", (ipaddress.IPv6Address("2001:2:0:1::5"),)) == {}


WHOLE = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + ipaddress.IPv6Address(NOT_FOUND).packed


@pytest.mark.parametrize(
    "message",
    [
        *(WHOLE[:length] for length in (0, 1, 7, 8, 9, 23)),
        WHOLE + b"\x02",
        WHOLE + b"\x02\x00" + bytes(6),
        WHOLE + b"\x02\x02" + bytes(6),
        WHOLE + b"\x02\x01" + bytes(6) + b"\x0e\x00",
        b"\x87" + WHOLE[1:],
        b"\x88\x01" + WHOLE[2:],
    ],
)
def test_an_answer_that_is_cut_short_or_malformed_is_none(link: Link, message: bytes) -> None:
    link.heard = [message]
    assert real_answers("eth0", (ipaddress.IPv6Address(NOT_FOUND),)) == {}


def test_hardware_address() -> None:
    name = sorted(os.listdir("/sys/class/net"))[0]
    assert len(ndp.mac_of(name)) <= 6
