# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to the Engine API, through the Docker SDK for Python (4.1 or later) of the target's distribution."""

from __future__ import annotations

import contextlib
import typing as t

from ...core.refused import Refused

try:
    import docker
    from docker.errors import APIError, DockerException
except ImportError:
    docker = None

if t.TYPE_CHECKING:
    from collections.abc import Iterator

AVAILABLE = docker is not None


def client(path: str) -> t.Any:
    """A low-level SDK client for a socket, at the API version of the engine.

    Raises:
        Refused: the SDK is missing, or the engine does not answer.
    """
    if docker is None:
        raise Refused(
            "the Docker SDK for Python is missing on this host",
            remedy="Install the package python3-docker; the role dms.ipv6.dms_ipv6 does",
        )
    with refusing("connect to the Docker Engine"):
        return docker.APIClient(base_url=f"unix://{path}", version="auto")


@contextlib.contextmanager
def refusing(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into Refused, with the engine's own words."""
    try:
        yield
    except APIError as error:
        raise Refused(f"cannot {doing}: {error.explanation or error}") from None
    except DockerException as error:
        raise Refused(f"cannot {doing}: {error}") from None
