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
from urllib.parse import quote

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import api as engine_api
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker

DESTROYED = '{"type": ["network"], "event": ["destroy"]}'
ANSWERS: dict[str, tuple[int, bytes]] = {
    "GET /info": (200, b'{"ServerVersion": "26.1.5+dfsg1", "LiveRestoreEnabled": false}'),
    "GET /networks": (200, b'[{"Name": "bridge"}]'),
    "GET /containers/json?all=1": (200, b'[{"Id": "1"}]'),
    "GET /containers/mail/json": (200, b'{"Id": "1", "Name": "/mail"}'),
    "GET /containers/a%2Fb%3Fc/json": (200, b'{"Id": "2"}'),
    f"GET /events?since=1&until=9&filters={quote(DESTROYED, safe='')}": (
        200,
        b'{"Actor": {"ID": "1"}}\n{"Actor": {"ID": "2"}}\n',
    ),
    "GET /containers/gone/json": (404, b'{"message": "No such container: gone"}'),
    "GET /broken": (500, b'{"message": "server error: disk is full"}'),
    "GET /text": (500, b"upstream died\n"),
    "GET /list": (500, b'["x"]'),
    "GET /redirect": (301, b""),
    "POST /containers/mail/start": (204, b""),
    "POST /containers/runs/start": (304, b""),
    "POST /containers/gone/start": (404, b'{"message": "No such container: gone"}'),
    "POST /containers/bad/start": (500, b'{"message": "port is already allocated"}'),
    "POST /networks/create": (201, b'{"Id": "1", "Warning": ""}'),
    "POST /networks/full/connect": (403, b'{"message": "no available IPv4 addresses"}'),
    "DELETE /networks/old": (204, b""),
    "DELETE /networks/used": (403, b'{"message": "network used has active endpoints"}'),
    "DELETE /networks/gone": (404, b'{"message": "network gone not found"}'),
}


class Handler(BaseHTTPRequestHandler):
    asked: t.ClassVar[list[tuple[str, str | None, bytes]]] = []

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((f"{self.command} {self.path}", self.headers.get("Content-Type"), sent))
        status, body = ANSWERS[f"{self.command} {self.path}"]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:  # a client that needs none may have gone by now
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def address_string(self) -> str:
        return "unix"


@pytest.fixture
def docker(tmp_path: Path) -> t.Iterator[Docker]:
    path = str(tmp_path / "docker.sock")
    Handler.asked.clear()
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Docker(path, timeout=5)
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def saying(path: Path, said: bytes, close: bool = True) -> t.Iterator[Docker]:
    """An engine that sends the same to all clients, whatever the request."""
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


def test_events(docker: Docker) -> None:
    assert [one["Actor"]["ID"] for one in docker.events("network", "destroy", 9)] == ["1", "2"]


def test_each_method(docker: Docker) -> None:
    assert docker.info() == {"ServerVersion": "26.1.5+dfsg1", "LiveRestoreEnabled": False}
    assert docker.networks() == [{"Name": "bridge"}]
    assert docker.containers() == [{"Id": "1"}]
    assert docker.container("mail")["Name"] == "/mail"
    assert docker.container("a/b?c") == {"Id": "2"}


@pytest.mark.parametrize("name", ["mail", "runs"])
def test_post(docker: Docker, name: str) -> None:
    docker.post(f"/containers/{name}/start")
    assert Handler.asked == [(f"POST /containers/{name}/start", None, b"")]


@pytest.mark.parametrize("body", [{}, {"Name": "old", "IPAM": {"Config": [{"Subnet": "fd12::/64"}]}, "x": "é\n"}])
def test_post_with_a_body(docker: Docker, body: dict[str, t.Any]) -> None:
    docker.post("/networks/create", body)
    ((asked, kind, sent),) = Handler.asked
    assert (asked, kind, json.loads(sent)) == ("POST /networks/create", "application/json", body)


def test_delete(docker: Docker) -> None:
    docker.delete("/networks/old")
    assert Handler.asked == [("DELETE /networks/old", None, b"")]


@pytest.mark.parametrize(
    ("method", "resource", "missing"),
    [
        ("get", "/containers/gone/json", True),
        ("post", "/containers/gone/start", True),
        ("delete", "/networks/gone", True),
        ("get", "/broken", False),
        ("post", "/containers/bad/start", False),
        ("delete", "/networks/used", False),
    ],
)
def test_what_is_missing_is_kept_apart(docker: Docker, method: str, resource: str, missing: bool) -> None:
    with pytest.raises(Refused) as reason:
        getattr(docker, method)(resource)
    assert isinstance(reason.value, engine_api.NotFound) is missing


def test_missing_container_is_named(docker: Docker) -> None:
    with pytest.raises(engine_api.NotFound, match=r"^container gone: there is no such container\. See `docker ps -a`"):
        docker.container("gone")


def test_what_was_being_done_is_said() -> None:
    """With the engine's reason, its place and its remedy; anything else passes through."""
    with pytest.raises(Refused) as reason, engine_api.refusing("create network n"):
        raise Refused("no room", "/run/x.sock", "Make some")
    assert str(reason.value) == "/run/x.sock: cannot create network n: no room. Make some."
    assert not isinstance(reason.value, engine_api.NotFound)
    with pytest.raises(ZeroDivisionError), engine_api.refusing("nothing"):
        raise ZeroDivisionError
    with engine_api.refusing("nothing"):
        pass


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
        ("post", "/networks/full/connect", "POST /networks/full/connect: 403 no available IPv4 addresses."),
        ("delete", "/networks/used", "DELETE /networks/used: 403 network used has active endpoints."),
        ("delete", "/networks/gone", "DELETE /networks/gone: 404 network gone not found."),
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


def test_socket_that_no_program_serves(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_over:
        left_over.bind(str(path))
    with pytest.raises(Refused, match=r"dockerd does not answer \(.*refused.*journalctl -u docker"):
        Docker(str(path)).info()


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: object, path: str) -> t.NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", denied)
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
