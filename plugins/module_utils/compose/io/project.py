# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Compose project's files, and what Compose itself says of them. Nothing is written here, not even for a moment."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import typing as t
from dataclasses import replace

from ...core.refused import Refused
from ...state import docker_objects
from ...system.io import files as system_files
from .. import files as compose_files
from .. import plan as compose_plan
from . import cli

if t.TYPE_CHECKING:
    from ...state.docker_objects import Ask
    from ...state.host import Found
    from ..plan import Texts

TIMEOUT = 120


def read(path: str, given: tuple[str, ...] = ()) -> compose_plan.Files:
    """The project's files.

    Args:
        path: of the one that is edited.
        given: all of them, where Compose was given several by name.

    Raises:
        Refused: no absolute path, no such file, or it cannot be read.
    """
    if given:
        raws = tuple((path, _read(path)) for path in given)
        if path not in given:
            raise Refused("it is not among the files of its project", path, f"Give one of {', '.join(given)}")
        return compose_plan.Files(path, dict(raws)[path], given=raws)
    raw, over = _read(path), beside(path)
    return compose_plan.Files(path, raw, over, system_files.read(over) if over else None)


def _read(path: str) -> bytes:
    if not os.path.isabs(path):
        raise Refused("it is not an absolute path", path, "Give the whole path of the project's Compose file")
    raw = system_files.read(path)
    if raw is None:
        raise Refused("there is no such file on this host", path, "Give the path of the project's Compose file")
    return raw


def beside(path: str) -> str:
    """Path of the override file of a Compose file, see compose_plan.beside()."""
    folder = os.path.dirname(path)
    return compose_plan.beside(path, os.listdir(folder) if os.path.isdir(folder) else ())


def refuse_unwritable(before: Texts, after: Texts) -> None:
    """Refused, before anything is done, where a file that changes would not be written: others decide on its folder."""
    old = dict(before)
    for path, text in after:
        if old.get(path) != text:
            system_files.refuse_shared(path)


def validate(before: Texts, after: Texts, env_files: tuple[str, ...] = ()) -> None:
    """Let Compose judge files that are not written yet, if it is on this host.

    Args:
        before: the project's files as they are.
        after: the same as they will be.
        env_files: with its variables, if not ``.env``.

    Raises:
        Refused: in Compose's own words; or a file would not be written.
    """
    refuse_unwritable(before, after)
    program = cli.find(TIMEOUT)
    said = _config(program, after, env_files, "--quiet") if program else None
    if said is None or said[0] == 0:
        return
    path = after[-1][0]
    if _config(program, before, env_files, "--quiet")[0] == 0:
        raise Refused(f"Compose would not take the change: {said[1]}", path, "Use edit: override, or edit it by hand")
    # The file is not at fault if it requires a variable that only the caller of `up` sets.
    said = _config(program, after, env_files, "--quiet", "--no-interpolate")
    if said[0]:
        raise Refused(f"Compose does not take it as it is: {said[1]}", path, "Correct it; it was not changed")


def plan(wanted: compose_plan.Wanted, found: Found, ask: Ask) -> compose_plan.ComposePlan:
    """The plan for a project, its values worked out by Compose where its files do not say them.

    Raises:
        NotEdited: the network cannot be had in the file.
        Refused: anything else that must not or cannot be done.
    """
    files = read(wanted.path, wanted.files)
    worked_out = None
    if compose_plan.needs_compose(files, wanted.key):
        worked_out = of_compose(files.texts(), compose_plan.env_files(wanted.path, found))
    return compose_plan.plan(named(wanted, files, found), files, found, ask, worked_out)


def of_compose(texts: Texts, env_files: tuple[str, ...]) -> compose_files.Project | None:
    """What Compose makes of files, its variables and other files included; None if it cannot say it."""
    return _of_compose(tuple(texts), env_files)


@functools.lru_cache(maxsize=32)
def _of_compose(texts: tuple[tuple[str, str], ...], env_files: tuple[str, ...]) -> compose_files.Project | None:
    program = cli.find(TIMEOUT)
    code, said = _config(program, list(texts), env_files) if program else (1, "")
    if code == 0:
        with contextlib.suppress(Refused):
            return compose_files.project([("what Compose says", said)])
    return None


def hashes(texts: Texts, env_files: tuple[str, ...] = ()) -> dict[str, str] | None:
    """service -> the hash by which Compose decides whether to re-create it; None if Compose does not say it."""
    program = cli.find(TIMEOUT)
    code, said = _config(program, texts, env_files, "--hash", "*") if program else (1, "")
    rows = [line.split() for line in said.splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 2} if code == 0 else None


def named(wanted: compose_plan.Wanted, files: compose_plan.Files, found: Found) -> compose_plan.Wanted:
    """The same with the project's name, as Compose makes it if no container shows it.

    Raises:
        Refused: it is not known.
    """
    folder = os.path.dirname(wanted.path)
    if wanted.project or any(
        container.labels.get(docker_objects.COMPOSE_FOLDER) == folder for container in found.all_containers
    ):
        return wanted
    texts = files.texts()
    says = compose_files.project(texts).name
    program = cli.find(TIMEOUT)
    code, said = _config(program, texts, (), "--format", "json") if program else (1, "")
    if code == 0:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return replace(wanted, project=str(json.loads(said)["name"]))
    old = bool(program) and cli.is_old(program, TIMEOUT)
    env = (system_files.read(os.path.join(folder, ".env")) or b"").decode(errors="replace")
    return replace(wanted, project=compose_plan.named_by_itself(wanted.path, says, env, old))


def _config(program: tuple[str, ...], texts: Texts, env_files: tuple[str, ...], *options: str) -> tuple[int, str]:
    """Exit code of ``config`` on texts, and what it printed: its answer, or its complaint.

    They are given as files in memory, because Compose looks for relative paths and .env in the project's own folder.
    """
    folder = os.path.dirname(texts[0][0])
    with contextlib.ExitStack() as stack:
        named: list[str] = []
        for path, text in texts:
            handle = os.memfd_create(os.path.basename(path))
            stack.callback(os.close, handle)
            os.write(handle, text.encode())
            named += ["-f", f"/proc/{os.getpid()}/fd/{handle}"]
        variables = cli.with_variables(env_files)
        command = (*program, "--project-directory", folder, *variables, *named, "config", *options)
        code, said = cli.run(command, TIMEOUT)
    for path, name in zip((path for path, _text in texts), named[1::2]):
        said = said.replace(name, path)
    return code, said
