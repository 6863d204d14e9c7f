# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a running container, through the Engine API: what it prints, within limits of time and size."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import time
import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .api import Docker

STDOUT = 1
# A frame's head: its stream, three unused bytes, the length of what follows.
# https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
HEAD = struct.Struct(">BxxxL")


@dataclass(frozen=True)
class Answer:
    """What a command printed on its standard output.

    Attributes:
        complete: False if it took too long or printed too much; ``text`` is then how far it came. A command that the
            engine could not start (no such program, no such container any more) has said all it has to say.
    """

    text: str
    complete: bool


def run(
    docker: Docker, container: str, command: Iterable[str], seconds: float, most: int, as_root: bool = False
) -> Answer:
    """Run a command as the container's own user and wait for its end. Nothing that a container says raises an error.

    The engine cannot end a command that runs in a container, so one that is given up on runs until it ends by itself.

    Args:
        docker: the engine.
        container: its id.
        command: the program and its arguments.
        seconds: for everything.
        most: bytes.
        as_root: run it as uid 0 instead.
    """
    deadline = time.monotonic() + seconds
    wanted = {"AttachStdout": True, "Tty": False, "Cmd": list(command), **({"User": "0"} if as_root else {})}
    try:
        with _asking(docker.path, f"/containers/{container}/exec", wanted, deadline) as (handle, response):
            created, complete = _read(handle, response, deadline, most)
        if response.status != http.client.CREATED or not complete:
            return Answer("", complete)
        resource = f"/exec/{json.loads(created)['Id']}/start"
        with _asking(docker.path, resource, {"Detach": False, "Tty": False}, deadline) as (handle, response):
            said, complete = _read(handle, response, deadline, most)
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return Answer("", False)
    if response.status != http.client.OK:
        return Answer("", complete)
    return Answer(stdout(said).decode(errors="replace"), complete)


@contextlib.contextmanager
def _asking(
    path: str, resource: str, body: t.Any, deadline: float
) -> Iterator[tuple[socket.socket, http.client.HTTPResponse]]:
    """A POST whose answer is still to be read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as handle:
        _patience(handle, deadline)
        handle.connect(path)
        content = json.dumps(body).encode()
        head = f"POST {resource} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        handle.sendall(f"{head}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content)
        with http.client.HTTPResponse(handle, method="POST") as response:
            response.begin()
            yield handle, response


def _read(handle: socket.socket, response: http.client.HTTPResponse, deadline: float, most: int) -> tuple[bytes, bool]:
    """An answer, and whether it is all of it."""
    parts: list[bytes] = []
    left = most
    while left > 0:
        try:
            _patience(handle, deadline)
            part = response.read1(min(left, 65536))
        except OSError:
            return b"".join(parts), False
        if not part:
            return b"".join(parts), True
        parts.append(part)
        left -= len(part)
    return b"".join(parts), False


def _patience(handle: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    handle.settimeout(left)


def stdout(stream: bytes) -> bytes:
    """The standard output within the engine's frames; the last frame may have been cut."""
    parts, place = [], 0
    while place + HEAD.size <= len(stream):
        kind, length = HEAD.unpack_from(stream, place)
        place += HEAD.size
        if kind == STDOUT:
            parts.append(stream[place : place + length])
        place += length
    return b"".join(parts)
