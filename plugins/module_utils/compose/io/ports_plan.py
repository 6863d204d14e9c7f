# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for the ports of a Compose project, judged by Compose itself. Nothing is written here."""

from __future__ import annotations

import os
import typing as t

from ...change.file_steps import WriteFile
from ...core.refused import Refused
from .. import plan as compose_plan
from .. import ports
from .. import undo as compose_undo
from . import ownership, project

if t.TYPE_CHECKING:
    from ...state.host import Found
    from ..plan import Texts, Wanted
    from ..ports import PortsPlan


def plan(wanted: Wanted, found: Found, recreate: bool) -> PortsPlan:
    """The plan for a project.

    Raises:
        Refused: it must not or cannot be done.
    """
    files = project.read(wanted.path)
    plan = ports.plan(project.named(wanted, files, found), files, found, recreate)
    if any(edit.before != edit.after for edit in plan.edits):
        try:
            project.validate(files.texts(), plan.texts, plan.env_files)
        except Refused as reason:
            raise Refused(reason.problem, reason.where, "Edit it by hand") from None
    if recreate and plan.waiting:
        refuse_writers(plan)
        _refuse_unlike(plan, (files.texts(), _as_it_was(files.texts(), found)))
    return plan


def refuse_writers(plan: PortsPlan) -> None:
    """Raise Refused if root is not the only one to decide what Compose would run as root, until it does."""
    path = plan.edits[0].path
    folder, name = os.path.split(path)
    named = "" if name in compose_plan.BY_ITSELF else f" -f {name}"
    variables = "".join(f" --env-file {file}" for file in plan.env_files)
    command = f"docker compose -p {plan.project}{variables}{named} up -d {' '.join(plan.waiting)}"
    remedy = f"Run `{command}` in {folder} yourself, and this without allow_container_restart"
    more = [os.path.join(folder, name) for name in (*compose_plan.OVERRIDES, ".env")] + [*plan.env_files]
    who, place = ownership.writer([*(edit.path for edit in plan.edits), *more])
    if who:
        raise Refused(f"{who} can write to {place}, and root would let Compose run what stands there", path, remedy)
    key = ports.elsewhere(plan.texts)
    if key:
        raise Refused(f"it brings in other files by `{key}`, which this does not look into", path, remedy)


def _as_it_was(texts: Texts, found: Found) -> Texts:
    """The files before our own edits: containers that are not re-created yet were made from them."""
    present = {path: found.edited.get(path) for path, _text in texts}
    old = {
        step.path: step.content or b""
        for step in compose_undo.files_back(found.record.get("files"), present).steps
        if isinstance(step, WriteFile)
    }
    return [(path, compose_plan.decode(old[path], path) if path in old else text) for path, text in texts]


def _refuse_unlike(plan: PortsPlan, states: tuple[Texts, ...]) -> None:
    """Raise Refused if Compose would change more than the ports of a container."""
    hashes = [project.hashes(texts, plan.env_files) for texts in states]
    path = plan.edits[0].path
    if hashes[0] is None:
        names = ", ".join(plan.waiting)
        raise Refused(f"Compose does not work on this host, so it cannot re-create {names}", path, "Install it")
    unlike = ports.unlike(plan, hashes)
    if unlike:
        problem = (
            f"{', '.join(unlike)} would come back as something else, beside the ports: it was made from another file"
        )
        raise Refused(problem, path, "Run `docker compose up -d` first, or let it re-create the container later")
