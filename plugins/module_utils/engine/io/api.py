# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Engine API over its unix socket, with the standard library alone: so it works on any host, and fast."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import typing as t
from urllib.parse import quote

from ...core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET = "/var/run/docker.sock"
# How long an answer may take, in seconds. A daemon that restores hundreds of containers answers late.
TIMEOUT = 60.0
DONE = (http.client.OK, http.client.CREATED, http.client.NO_CONTENT, http.client.NOT_MODIFIED)


class NotFound(Refused):
    """The engine answered 404."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Docker:
    """The Engine API of one socket; every call opens a connection of its own.

    Raises:
        Refused: no socket, no permission, no answer, or an answer other than 200, from every method.
    """

    def __init__(self, path: str = SOCKET, timeout: float = TIMEOUT) -> None:
        self.path = path
        self.timeout = timeout

    def get(self, resource: str) -> t.Any:
        """The decoded JSON of a GET."""
        try:
            return json.loads(self._ask("GET", resource, (http.client.OK,)))
        except (ValueError, RecursionError):
            raise Refused(f"the answer to GET {resource} is not JSON", self.path, "Is this Docker's socket?") from None

    def post(self, resource: str, body: t.Any = None) -> None:
        """A POST, with a body that is sent as JSON or without one."""
        self._ask("POST", resource, DONE, None if body is None else json.dumps(body))

    def delete(self, resource: str) -> None:
        """A DELETE."""
        self._ask("DELETE", resource, DONE)

    def _ask(self, method: str, resource: str, expected: tuple[int, ...], body: str | None = None) -> bytes:
        connection = _UnixConnection(self.path, self.timeout)
        try:
            connection.request(method, resource, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            answer = response.read()
        except FileNotFoundError:
            raise Refused("there is no Docker socket", self.path, "Install and start Docker on this host") from None
        except PermissionError:
            raise Refused("no permission to use the Docker socket", self.path, "Run as root (become: true)") from None
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"dockerd does not answer ({error})", self.path, "Look at `journalctl -u docker`") from None
        finally:
            connection.close()
        if response.status not in expected:
            kind = NotFound if response.status == http.client.NOT_FOUND else Refused
            raise kind(f"{method} {resource}: {response.status} {_message(answer)}", self.path)
        return answer

    def info(self) -> dict[str, t.Any]:
        """GET /info."""
        return t.cast(dict[str, t.Any], self.get("/info"))

    def networks(self) -> list[dict[str, t.Any]]:
        """GET /networks: every network, in the form of an inspect."""
        return t.cast(list[dict[str, t.Any]], self.get("/networks"))

    def containers(self) -> list[dict[str, t.Any]]:
        """GET /containers/json?all=1: every container, running or not."""
        return t.cast(list[dict[str, t.Any]], self.get("/containers/json?all=1"))

    def events(self, kind: str, event: str, until: int) -> list[dict[str, t.Any]]:
        """GET /events: those of the daemon that runs, up to a time in seconds since 1970."""
        filters = quote(json.dumps({"type": [kind], "event": [event]}), safe="")
        said = self._ask("GET", f"/events?since=1&until={until}&filters={filters}", (http.client.OK,))
        return [json.loads(line) for line in said.splitlines() if line.strip()]

    def container(self, name: str) -> dict[str, t.Any]:
        """GET /containers/NAME/json, by name or id."""
        try:
            return t.cast(dict[str, t.Any], self.get(f"/containers/{quote(name, safe='')}/json"))
        except NotFound:
            raise NotFound("there is no such container", f"container {name}", "See `docker ps -a`") from None


@contextlib.contextmanager
def refusing(doing: object) -> Iterator[None]:
    """Say what was being done where the engine refuses."""
    try:
        yield
    except Refused as reason:
        raise Refused(f"cannot {doing}: {reason.problem}", reason.where, reason.remedy) from None


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")
