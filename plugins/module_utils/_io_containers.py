# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of the running engine, asked one by one."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _found,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import NotFound

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker


def inspect_all(docker: Docker, ids: list[str]) -> dict[str, _found.Container]:
    """Those of the containers that are still there, by the id asked for."""
    there = {}
    for one in ids:
        with contextlib.suppress(NotFound):
            there[one] = _found.inspected(docker.container(one))
    return there
