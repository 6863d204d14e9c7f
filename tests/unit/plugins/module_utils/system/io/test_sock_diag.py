# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening sockets by the kernel's socket diagnostics: real sockets, and answers byte by byte."""

from __future__ import annotations

import errno
import os
import socket
import struct
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel, sock_diag
from ansible_collections.dms.ipv6.plugins.module_utils.system.io.sock_diag import Listener


@pytest.fixture
def ports() -> t.Iterator[dict[str, int]]:
    """Of a socket of each family that listens on the loopback address."""
    places = {"ipv4": (socket.AF_INET, "127.0.0.1"), "ipv6": (socket.AF_INET6, "::1")}
    handles = {name: socket.create_server((address, 0), family=family) for name, (family, address) in places.items()}
    yield {name: handle.getsockname()[1] for name, handle in handles.items()}
    for handle in handles.values():
        handle.close()


@pytest.mark.parametrize("diagnostics", [True, False])
def test_real_sockets(ports: dict[str, int], diagnostics: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc is read where the kernel has no socket diagnostics."""

    def without(_pid: int) -> t.NoReturn:
        raise OSError(errno.ENOENT, "no such module")

    if not diagnostics:
        monkeypatch.setattr(sock_diag, "listening", without)
    for own in (False, True):
        found = kernel.listeners(os.getpid(), own)
        assert ("127.0.0.1", ports["ipv4"]) in found["ipv4"]
        assert ("::1", ports["ipv6"]) in found["ipv6"]


def test_a_process_that_is_gone() -> None:
    with pytest.raises(FileNotFoundError):
        sock_diag.listening(2**22 + 1)
    assert kernel.listeners(2**22 + 1) == {"ipv4": [], "ipv6": []}


def message(kind: int, body: bytes) -> bytes:
    whole = struct.pack("=IHHII", 16 + len(body), kind, 2, 0, 0) + body
    return whole + bytes(-len(whole) % 4)


def answer(family: int, address: str, port: int, inode: int, more: bytes = b"") -> bytes:
    """inet_diag_msg of include/uapi/linux/inet_diag.h, with attributes that the kernel may add."""
    raw = socket.inet_pton(family, address).ljust(16, b"\0")
    ends = struct.pack(">HH", port, 0) + raw + bytes(16) + struct.pack("=I8x", 0)
    return message(
        20, struct.pack("=BBBB", family, 10, 0, 0) + ends + struct.pack("=IIIII", 0, 0, 128, 0, inode) + more
    )


FOUR = answer(socket.AF_INET, "127.0.0.11", 43351, 7) + answer(socket.AF_INET, "0.0.0.0", 25, 8, b"\5\0\10\0\0")


def test_an_answer() -> None:
    expected = [Listener("ipv4", "127.0.0.11", 43351, 7), Listener("ipv4", "0.0.0.0", 25, 8)]
    assert sock_diag.read("ipv4", FOUR) == (expected, False)
    assert sock_diag.read("ipv4", FOUR + message(3, bytes(4))) == (expected, True)
    six = answer(socket.AF_INET6, "fd5c:1ab0:7::2", 80, 9) + message(3, bytes(4))
    assert sock_diag.read("ipv6", six) == ([Listener("ipv6", "fd5c:1ab0:7::2", 80, 9)], True)


@pytest.mark.parametrize("data", [FOUR[:60], message(20, bytes(8)), message(20, bytes(80))[:90]])
def test_an_answer_that_is_cut_off(data: bytes) -> None:
    """An OSError like any other, after which /proc is read: never a container that seems to listen on nothing."""
    with pytest.raises(OSError, match="sock_diag"):
        sock_diag.read("ipv4", data)


def test_a_kernel_that_cannot_say_it() -> None:
    with pytest.raises(OSError, match="sock_diag") as reason:
        sock_diag.read("ipv4", message(2, struct.pack("=i", -errno.ENOENT)))
    assert reason.value.errno == errno.ENOENT
