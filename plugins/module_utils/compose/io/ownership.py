# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks up whose labels a container has, and who can write to a project's files. Nothing is changed."""

from __future__ import annotations

import os
import pwd
import stat
import typing as t
from urllib.parse import quote

from ...core.refused import Refused
from ...engine.io.api import NotFound
from .. import labels
from .. import plan as compose_plan

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...engine.io.api import Docker
    from ...state.docker_objects import Container
    from ...state.host import Found

REMEDY = "Name the file in dms_ipv6_compose_files if that is right, or use attach: network"
ENV = ".env"


def image_labels(docker: Docker, image: str) -> Mapping[str, str] | None:
    """Labels of an image, None if it is not there any more."""
    try:
        return (docker.get(f"/images/{quote(image, safe=':')}/json").get("Config") or {}).get("Labels") or {}
    except NotFound:
        return None


def believed(found: Found, docker: Docker) -> Found:
    """The same without labels of Compose that an image brought in."""
    images: dict[str, Mapping[str, str] | None] = {}

    def checked(container: Container) -> Container:
        if any(name.startswith(labels.PREFIX) for name in container.labels):
            if container.image not in images:
                images[container.image] = image_labels(docker, container.image)
            if labels.doubt(container.labels, images[container.image]):
                return container._replace(labels=labels.without(container.labels))
        return container

    return found._replace(containers=tuple(map(checked, found.containers)), stopped=tuple(map(checked, found.stopped)))


def refuse(names: Collection[str], files: Collection[str], found: Found, docker: Docker) -> None:
    """Raise Refused for a container whose labels choose a file, and it or its image's maker chose the labels or text.

    Args:
        names: of containers, or ids.
        files: that the operator named; these are edited whatever labels say.
        found: what was read from the host.
        docker: the engine.
    """
    for container in found.all_containers:
        paths = [path for path in compose_plan.given_files(container.labels) if os.path.isfile(path)]
        if not {container.name, container.id} & {*names} or not paths or {*paths} & {*files}:
            continue
        path = paths[0]
        doubt = labels.doubt(container.labels, image_labels(docker, container.image))
        if doubt:
            raise Refused(f"{doubt}, so {path} may not be its Compose file", f"container {container.name}", REMEDY)
        folder = os.path.dirname(path)
        beside = (*paths, *(os.path.join(folder, override) for override in (*compose_plan.OVERRIDES, ENV)))
        paths = [path for part in beside for path in (part, os.path.realpath(part))]
        place = labels.inside(paths, _own_folders(container, docker))
        if place:
            problem = f"it can write to {place} itself, where its Compose file {path} is"
            raise Refused(problem, f"container {container.name}", REMEDY)


def _own_folders(container: Container, docker: Docker) -> Iterator[str]:
    """Where a container, or any other, can write on the host."""
    for mount in docker.container(container.id).get("Mounts") or ():
        if mount.get("RW"):
            yield from _with_target(mount.get("Source") or "")
            if mount.get("Type") == "volume":
                yield from _with_target(_device(mount, docker))
    yield from _with_target(docker.info().get("DockerRootDir") or "/var/lib/docker")


def _device(mount: dict[str, t.Any], docker: Docker) -> str:
    """The folder that a volume of the driver local was made for, empty for none."""
    try:
        options = docker.get(f"/volumes/{quote(mount.get('Name') or '', safe='')}").get("Options") or {}
    except NotFound:
        return ""
    device = str(options.get("device") or "")
    return device if device.startswith("/") else ""


def _with_target(path: str) -> tuple[str, ...]:
    return (path, os.path.realpath(path)) if path else ()


def writer(paths: Iterable[str]) -> tuple[str, str]:
    """Which user besides root can change what stands at some paths, and where; two empty texts if none can."""
    for path in paths:
        for place in _on_the_way(path):
            try:
                info = os.lstat(place)
            except FileNotFoundError:
                continue
            if info.st_uid:
                return _name(info.st_uid), place
            # In a folder such as /tmp no user can rename another user's files.
            shared = stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX and place != os.path.dirname(path)
            if not stat.S_ISLNK(info.st_mode) and info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not shared:
                return "more than root", place
    return "", ""


def _on_the_way(path: str) -> Iterator[str]:
    """A path and all folders above it, as it is named and as it is without links."""
    for place in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        yield place
        while place != os.path.dirname(place):
            place = os.path.dirname(place)  # noqa: PLW2901
            yield place


def _name(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"uid {uid}"
