# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a Docker host: one of our modules, on an engine that breaks its word once.

faulty_socket.py MODULE AT FAULT, with the module's options on standard input. Requests go through a socket of our own
to the engine's. The one that changes something and has the number AT, from 1, ends with the status FAULT; or, for
``lost`` and ``done``, without an answer, before or after the engine has it. Prints the module's result, with how many
there were.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import importlib
import io
import json
import os
import socket
import socketserver
import sys
import tempfile
import threading

from ansible.module_utils.testing import patch_module_args

ENGINE = "/var/run/docker.sock"
MODULE, AT, FAULT = sys.argv[1], int(sys.argv[2]), sys.argv[3]
CHANGES: list[str] = []


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ENGINE)


class Handler(http.server.BaseHTTPRequestHandler):
    def handle_request(self) -> None:
        CHANGES.extend([self.path] if self.command != "GET" else [])
        fault = FAULT if self.command != "GET" and len(CHANGES) == AT else ""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault.isdigit():
            self.answer(int(fault), json.dumps({"message": "no"}).encode())
            return
        if fault != "lost":
            engine = Engine("localhost")
            engine.request(self.command, self.path, body, {"Content-Type": "application/json"} if body else {})
            response = engine.getresponse()
            said = response.read()
            engine.close()
        if fault:
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.answer(response.status, said)

    do_GET = do_POST = do_DELETE = handle_request

    def answer(self, status: int, said: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if said:
            self.wfile.write(said)

    def address_string(self) -> str:
        return "module"

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def run(path: str) -> None:
    """The module, which is to believe that it is dockerd that serves our socket."""
    dockerd = importlib.import_module("ansible_collections.dms.ipv6.plugins.module_utils.engine.io.dockerd")
    behind = dockerd.behind
    dockerd.behind = lambda _path: behind(ENGINE)  # type: ignore[attr-defined]
    options = {**json.load(sys.stdin), "docker_socket": path, "_ansible_remote_tmp": "/tmp"}
    with patch_module_args(options):
        importlib.import_module(f"ansible_collections.dms.ipv6.plugins.modules.{MODULE}").main()


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "docker.sock")
    with Server(path, Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                run(path)
        except SystemExit:
            pass
        server.shutdown()
print(json.dumps({"failed": False, **json.loads(said.getvalue()), "changes": len(CHANGES)}))
