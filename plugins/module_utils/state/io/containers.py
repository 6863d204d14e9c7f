# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of the running engine, several asked about at a time."""

from __future__ import annotations

import collections
import contextlib
import threading
import typing as t

from ...engine.io.api import NotFound
from .. import docker_objects

if t.TYPE_CHECKING:
    from ...engine.io.api import Docker

# No list of the engine's says what inspecting a container says, and it takes dockerd some milliseconds each. It works
# on several at a time; with more than these it only waits for its own locks.
AT_A_TIME = 8


def inspect_all(docker: Docker, ids: list[str]) -> dict[str, docker_objects.Container]:
    """Those of the containers that are still there, by the id asked for and in that order.

    Raises:
        Refused: the engine does not answer.
    """
    left, there = collections.deque(ids), dict[str, docker_objects.Container]()
    faults: list[Exception] = []

    def ask() -> None:
        # What another one took last is not there any more.
        with contextlib.suppress(IndexError):
            while not faults:
                one = left.popleft()
                try:
                    there[one] = docker_objects.inspected(docker.container(one))
                except NotFound:
                    continue
                except Exception as fault:
                    faults.append(fault)

    # The first is worth no thread, and this one asks as well.
    helpers = [threading.Thread(target=ask) for _one in ids[1:AT_A_TIME]]
    for helper in helpers:
        helper.start()
    ask()
    for helper in helpers:
        helper.join()
    if faults:
        raise faults[0]
    return {one: there[one] for one in ids if one in there}
