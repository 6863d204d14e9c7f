# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Engine API, served by a small HTTP server on a unix socket."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
import typing as t
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _io_docker
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

ANSWERS: dict[str, tuple[int, bytes]] = {
    "GET /info": (200, b'{"ServerVersion": "26.1.5+dfsg1", "LiveRestoreEnabled": false}'),
    "GET /networks": (200, b'[{"Name": "bridge"}]'),
    "GET /containers/json?all=1": (200, b'[{"Id": "1"}]'),
    "GET /containers/mail/json": (200, b'{"Id": "1", "Name": "/mail"}'),
    "GET /containers/a%2Fb%3Fc/json": (200, b'{"Id": "2"}'),
    "GET /containers/gone/json": (404, b'{"message": "No such container: gone"}'),
    "GET /broken": (500, b'{"message": "server error: disk is full"}'),
    "GET /text": (500, b"upstream died\n"),
    "GET /list": (500, b'["x"]'),
    "GET /redirect": (301, b""),
    "POST /containers/mail/start": (204, b""),
    "POST /containers/runs/start": (304, b""),
    "POST /containers/gone/start": (404, b'{"message": "No such container: gone"}'),
    "POST /containers/bad/start": (500, b'{"message": "port is already allocated"}'),
}


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        status, body = ANSWERS[f"{self.command} {self.path}"]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def address_string(self) -> str:
        return "unix"


@pytest.fixture
def docker(tmp_path: Path) -> t.Iterator[Docker]:
    path = str(tmp_path / "docker.sock")
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Docker(path, timeout=5)
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def saying(path: Path, said: bytes, close: bool = True) -> t.Iterator[Docker]:
    """An engine that sends the same to everybody, whatever was asked."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection = listener.accept()[0]
            connection.recv(4096)
            connection.sendall(said)
            if close:
                connection.close()
            else:
                done.wait(10)
                connection.close()

        done = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Docker(str(path), timeout=0.3)
        done.set()
        thread.join()


def test_each_method(docker: Docker) -> None:
    assert docker.info() == {"ServerVersion": "26.1.5+dfsg1", "LiveRestoreEnabled": False}
    assert docker.networks() == [{"Name": "bridge"}]
    assert docker.containers() == [{"Id": "1"}]
    assert docker.container("mail")["Name"] == "/mail"
    assert docker.container("a/b?c") == {"Id": "2"}


@pytest.mark.parametrize("name", ["mail", "runs"])
def test_post(docker: Docker, name: str) -> None:
    docker.post(f"/containers/{name}/start")


@pytest.mark.parametrize(
    ("method", "resource", "words"),
    [
        ("get", "/containers/gone/json", "GET /containers/gone/json: 404 No such container: gone."),
        ("get", "/broken", "GET /broken: 500 server error: disk is full."),
        ("get", "/text", "GET /text: 500 upstream died"),
        ("get", "/list", 'GET /list: 500 ["x"]'),
        ("get", "/redirect", "GET /redirect: 301"),
        ("post", "/containers/gone/start", "POST /containers/gone/start: 404 No such container: gone."),
        ("post", "/containers/bad/start", "500 port is already allocated"),
    ],
)
def test_other_answers_are_refused(docker: Docker, method: str, resource: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        getattr(docker, method)(resource)
    assert str(reason.value).startswith(f"{docker.path}: ")
    assert words in str(reason.value)


def test_missing_socket(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no Docker socket\. Install and start Docker on this host"):
        Docker(str(tmp_path / "docker.sock")).info()


def test_socket_that_nobody_serves(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_over:
        left_over.bind(str(path))
    with pytest.raises(Refused, match=r"dockerd does not answer \(.*refused.*journalctl -u docker"):
        Docker(str(path)).info()


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: object) -> t.NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_io_docker._UnixConnection, "connect", denied)
    with pytest.raises(Refused, match=r"no permission to use the Docker socket\. Run as root"):
        Docker(str(tmp_path)).info()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0\1\2",
        b"220 mail.example.org ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 2",
    ],
)
def test_garbage_is_no_answer(tmp_path: Path, said: bytes) -> None:
    with saying(tmp_path / "docker.sock", said) as docker, pytest.raises(Refused, match="dockerd does not answer"):
        docker.info()


def test_silence_ends(tmp_path: Path) -> None:
    with saying(tmp_path / "docker.sock", b"", close=False) as docker, pytest.raises(Refused, match="timed out"):
        docker.info()


def test_chunked_answers_are_read(tmp_path: Path) -> None:
    body = json.dumps({"ServerVersion": "28.5.2"}).encode()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    with saying(tmp_path / "docker.sock", said) as docker:
        assert docker.info() == {"ServerVersion": "28.5.2"}
