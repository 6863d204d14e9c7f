# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a container, on an engine that gives the answers of a test on a unix socket."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import container_exec
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.container_exec import Answer

CREATED = b'HTTP/1.1 201 Created\r\nContent-Length: 14\r\n\r\n{"Id": "abcd"}'
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
# What an answer ends with: the connection stays open until the test is over.
HANGS = b"HANGS"


def frame(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(content)) + content


@contextlib.contextmanager
def engine(path: Path, *answers: bytes) -> t.Iterator[tuple[Docker, list[bytes]]]:
    """One connection after another gets the next answer, in small pieces; the requests are kept."""
    asked: list[bytes] = []
    over = threading.Event()

    def serve() -> None:
        for answer in answers:
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                asked.append(read_request(connection))
                said = answer.replace(HANGS, b"")
                for place in range(0, len(said), 1000):
                    connection.sendall(said[place : place + 1000])
                if said != answer:
                    over.wait(10)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Docker(str(path)), asked
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def read_request(connection: socket.socket) -> bytes:
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(4096)
    head, _blank, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(4096)
    return head.partition(b"\r\n")[0] + b"\n" + body


def run(path: Path, *answers: bytes, seconds: float = 5, most: int = 100_000) -> Answer:
    with engine(path / "docker.sock", *answers) as (docker, _asked):
        return container_exec.run(docker, "mail-id", ["/bin/sh", "-c", "true"], seconds, most)


def test_what_is_asked(tmp_path: Path) -> None:
    with engine(tmp_path / "docker.sock", CREATED, STREAM + frame(1, b"hello\n")) as (docker, asked):
        assert container_exec.run(docker, "mail-id", ["/bin/sh", "-c", "echo é"], 5, 1000) == Answer("hello\n", True)
    (made, options), (started, how) = (one.decode().split("\n", 1) for one in asked)
    assert (made, started) == ("POST /containers/mail-id/exec HTTP/1.1", "POST /exec/abcd/start HTTP/1.1")
    assert json.loads(options) == {
        "AttachStdout": True,
        "Cmd": ["/bin/sh", "-c", "echo é"],
        "Tty": False,  # and no user: it is the container's own
    }
    assert json.loads(how) == {"Detach": False, "Tty": False}


def test_standard_output_only(tmp_path: Path) -> None:
    said = frame(1, b"a") + frame(2, b"complaint") + frame(1, b"") + frame(1, b"b" * 5000) + frame(0, b"x")
    assert run(tmp_path, CREATED, STREAM + said) == Answer("a" + "b" * 5000, True)


def test_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, CREATED, STREAM) == Answer("", True)


def test_chunked(tmp_path: Path) -> None:
    said = frame(1, b"hello")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(said), said)
    assert run(tmp_path, CREATED, chunked) == Answer("hello", True)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert run(tmp_path, CREATED, STREAM + frame(1, b"a\xff\xc3")) == Answer("a\ufffd\ufffd", True)


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "500 Internal Server Error"])
def test_container_that_is_gone_or_stopped(tmp_path: Path, status: str) -> None:
    """It has nothing to say, and that is not a failure."""
    said = b'{"message": "container mail-id is not running"}'
    answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said
    assert run(tmp_path, answer) == Answer("", True)
    (tmp_path / "docker.sock").unlink()
    assert run(tmp_path, CREATED, answer) == Answer("", True)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ((CREATED, STREAM + frame(1, b"so far") + HANGS), "so far"),
        ((CREATED, STREAM + frame(1, b"so far") + frame(1, b"cut")[:-1] + HANGS), "so farcu"),
        ((CREATED, STREAM + HANGS), ""),
        ((CREATED, HANGS), ""),
        ((CREATED[:-3] + HANGS,), ""),
        ((HANGS,), ""),
    ],
)
def test_no_answer_in_time(tmp_path: Path, answers: tuple[bytes, ...], text: str) -> None:
    begin = time.monotonic()
    assert run(tmp_path, *answers, seconds=0.3) == Answer(text, False)
    assert time.monotonic() - begin < 5


def test_time_is_for_everything(tmp_path: Path) -> None:
    """A command that prints something now and then does not get more of it."""
    path = tmp_path / "docker.sock"
    over = threading.Event()

    def serve() -> None:
        with listener.accept()[0] as connection:
            read_request(connection)
            connection.sendall(CREATED)
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            read_request(connection)
            connection.sendall(STREAM)
            for _turn in range(200):
                if over.wait(0.05):
                    break
                connection.sendall(frame(1, b"."))

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        begin = time.monotonic()
        answer = container_exec.run(Docker(str(path)), "mail-id", ["true"], 0.5, 100_000)
        assert time.monotonic() - begin < 5
        over.set()
        thread.join()
    assert not answer.complete and set(answer.text) == {"."}


def test_too_much(tmp_path: Path) -> None:
    said = frame(1, b"x" * 50_000)
    assert run(tmp_path, CREATED, STREAM + said, most=10_008) == Answer("x" * 10_000, False)


@pytest.mark.parametrize(
    "answers",
    [
        (b"",),
        (b"220 mail.example.org ESMTP\r\n",),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nnull",),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\ngarbage",),
        (CREATED, b""),
        (CREATED, b"\0\1\2"),
    ],
)
def test_garbage_is_no_answer(tmp_path: Path, answers: tuple[bytes, ...]) -> None:
    assert run(tmp_path, *answers) == Answer("", False)


def test_no_socket(tmp_path: Path) -> None:
    assert container_exec.run(Docker(str(tmp_path / "docker.sock")), "mail-id", ["true"], 5, 1000) == Answer("", False)


@pytest.mark.parametrize("end", range(30))
def test_frames_that_are_cut_anywhere(end: int) -> None:
    whole = frame(1, b"abc") + frame(2, b"no") + frame(1, b"defg")
    assert b"abcdefg".startswith(container_exec.stdout(whole[:end]))
    assert container_exec.stdout(whole) == b"abcdefg"


def test_root_is_asked_for(tmp_path: Path) -> None:
    with engine(tmp_path / "docker.sock", CREATED, STREAM) as (docker, asked):
        container_exec.run(docker, "mail-id", ["true"], 5, 1000, as_root=True)
    assert json.loads(asked[0].split(b"\n", 1)[1])["User"] == "0"
