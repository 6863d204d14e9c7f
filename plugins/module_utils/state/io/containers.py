# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of the running engine, asked one by one."""

from __future__ import annotations

import contextlib
import typing as t

from ...engine.io.api import NotFound
from .. import docker_objects

if t.TYPE_CHECKING:
    from ...engine.io.api import Docker


def inspect_all(docker: Docker, ids: list[str]) -> dict[str, docker_objects.Container]:
    """Those of the containers that are still there, by the id asked for."""
    there = {}
    for one in ids:
        with contextlib.suppress(NotFound):
            there[one] = docker_objects.inspected(docker.container(one))
    return there
