# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a container's labels show that Compose made it, and who else can write to the files that they name.

A container has the labels of its image unless it is made with others. So the maker of an image chooses them.
"""

from __future__ import annotations

import posixpath
import typing as t

from ..state import docker_objects

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "com.docker.compose."
# Compose sets these on a container, and never on an image that it builds.
ON_CONTAINERS = (docker_objects.COMPOSE_FOLDER, docker_objects.COMPOSE_FILES, docker_objects.COMPOSE_HASH)
ON_IMAGES = (docker_objects.COMPOSE_PROJECT, docker_objects.COMPOSE_SERVICE)
IMAGE_GONE = "its image is gone, so its labels may be of the image"


def doubt(labels: Mapping[str, str], of_image: Mapping[str, str] | None) -> str:
    """Why labels do not show that Compose made a container; empty if they do, or if there are none.

    Args:
        labels: of the container.
        of_image: None if the image is not there any more.
    """
    given = [label for label in (*ON_CONTAINERS, *ON_IMAGES) if label in labels]
    if not given:
        return ""
    if of_image is None:
        return IMAGE_GONE
    same = [name for name in given if of_image.get(name) == labels[name]]
    built_by_compose = {*same} <= {*ON_IMAGES} and {*ON_CONTAINERS} <= labels.keys()
    return "" if not same or built_by_compose else f"its label {same[0]} comes from its image"


def without(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that Compose has no part in."""
    return {name: value for name, value in labels.items() if not name.startswith(PREFIX)}


def inside(paths: Iterable[str], folders: Iterable[str]) -> str:
    """The first folder in which one of the paths is, or nothing. Both are absolute."""
    known = [posixpath.normpath(path) for path in paths]
    for folder in filter(None, folders):
        below = posixpath.normpath(folder).rstrip("/") + "/"
        if any(f"{path}/".startswith(below) for path in known):
            return folder
    return ""
