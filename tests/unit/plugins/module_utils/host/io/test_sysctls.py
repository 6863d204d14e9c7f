# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings of forwarding, with the kernel left out."""

from __future__ import annotations

import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding, ifupdown
from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import (
    FORWARDING,
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
    SetSysctl,
)
from ansible_collections.dms.ipv6.plugins.module_utils.host.ifupdown import KeepInIfupdown, TakeOutOfIfupdown
from ansible_collections.dms.ipv6.plugins.module_utils.host.io import sysctls
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel

ACCEPT = "net/ipv6/conf/wan.7/accept_ra"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was set, and for which interfaces advertisements were requested; forwarding is what was set last."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(kernel, "set_sysctl", lambda name, value: found.append((name, value)))
    monkeypatch.setattr(sysctls, "solicit", lambda name: found.append(("solicit", name)))
    monkeypatch.setattr(kernel, "sysctl", lambda name: dict(found).get(name, "1"))
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "eth0"), (3, "wan.7")])
    return found


def test_set(done: list[tuple[str, str]]) -> None:
    sysctls.set_sysctl(SetSysctl("net/a", "1", "0"))
    sysctls.keep_route(KeepRoute("wan.7", "1"))
    assert done == [("net/a", "1"), (ACCEPT, "2")]


@pytest.mark.parametrize("by_docker", [True, False])
def test_forwarding_comes_on(done: list[tuple[str, str]], by_docker: bool) -> None:
    sysctls.forwarding_comes_on(ForwardingComesOn(by_docker))
    assert done == ([] if by_docker else [(name, "1") for name in FORWARDING])


def test_accept_ra_stays_while_the_host_forwards(done: list[tuple[str, str]]) -> None:
    assert sysctls.forwards()
    sysctls.restore_accept_ra(RestoreAcceptRa("wan.7", "1"))
    assert done == [("solicit", "wan.7")]


def test_forwarding_off_then_accept_ra(done: list[tuple[str, str]]) -> None:
    sysctls.restore_forwarding(RestoreForwarding())
    assert done == [(FORWARDING[0], "0"), (FORWARDING[1], "0"), ("solicit", "eth0"), ("solicit", "wan.7")]
    assert not sysctls.forwards()
    sysctls.restore_accept_ra(RestoreAcceptRa("wan.7", "1"))
    assert done[4:] == [(ACCEPT, "1"), ("solicit", "wan.7")]


def test_what_sets_accept_ra_at_a_boot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("etc/10-a.conf", "etc/99-z.conf", "usr/95-b.conf", "usr/90-dms-ipv6.conf", "etc/99-z.txt", "net/eth0"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff text")
    (tmp_path / "net/a-folder").mkdir()
    monkeypatch.setattr(forwarding, "SYSCTL_FILES", (f"{tmp_path}/etc/*.conf", f"{tmp_path}/usr/*.conf"))
    monkeypatch.setattr(ifupdown, "FILES", (f"{tmp_path}/interfaces", f"{tmp_path}/net/*"))
    found = sysctls.at_boot()
    assert list(found.sysctl) == [f"{tmp_path}/usr/95-b.conf", f"{tmp_path}/etc/99-z.conf"]
    assert found.ifupdown == {f"{tmp_path}/net/eth0": "\udcff text"}


def test_a_file_of_ifupdown(tmp_path: Path) -> None:
    """There and back byte for byte, with its mode; and what was edited in between stays."""
    path = tmp_path / "interfaces"
    before = b"# \xff mine\niface eth0 inet6 dhcp\n"
    path.write_bytes(before)
    path.chmod(0o640)
    step, back = KeepInIfupdown(str(path), "eth0"), TakeOutOfIfupdown(str(path), "eth0")
    for _again in range(2):
        sysctls.keep_in_ifupdown(step)
        assert path.read_bytes().startswith(before) and b"\n    accept_ra 2\n" in path.read_bytes()
    path.write_bytes(path.read_bytes() + b"auto eth1\n")
    for _again in range(2):
        sysctls.take_out_of_ifupdown(back)
        assert path.read_bytes() == before + b"auto eth1\n"
    assert path.stat().st_mode & 0o777 == 0o640
    path.unlink()
    sysctls.keep_in_ifupdown(step)
    assert not path.exists()


def test_setting_that_is_not_there() -> None:
    with pytest.raises(Refused, match="net/ipv6/conf/no-such-interface/accept_ra: cannot be set to 2: "):
        sysctls.keep_route(KeepRoute("no-such-interface", "1"))


class Socket:
    def __init__(self, sent: list[t.Any]) -> None:
        self.sent = sent

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def setsockopt(self, *option: int) -> None:
        self.sent.append(option)

    def sendto(self, packet: bytes, target: tuple[t.Any, ...]) -> None:
        self.sent.append((packet, target))


def test_solicitation(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[t.Any] = []
    monkeypatch.setattr(socket, "socket", lambda *_kind: Socket(sent))
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: 7)
    sysctls.solicit("eth0")
    # RFC 4861, section 4.1: type 133, hop limit 255, to all routers.
    assert sent == [
        (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255),
        (b"\x85\0\0\0\0\0\0\0", ("ff02::2", 0, 0, 7)),
    ]


def test_no_solicitation_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_kind: object) -> t.NoReturn:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refuse)
    sysctls.solicit("eth0")
