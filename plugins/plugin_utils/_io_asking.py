# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a program of ours on the host do what a module would do; the module is sent where there is none that can."""

from __future__ import annotations

import json
import shlex
import typing as t
from pathlib import Path

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action.normal import ActionModule as Module
from ansible_collections.dms.ipv6.plugins.module_utils._parts import part

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Result = dict[str, t.Any]

# As _io_kept places it on the host, and how that ends if it is of another version.
KEPT = "/var/lib/dms-ipv6/program.pyz"
NOT_THIS_ONE = 3
# A shell's: it is no program, or there is none.
NO_PROGRAM = (126, 127)
# A host expands these in paths, each by itself.
EXPANDED = "~$"
FILES = Path(__file__).parents[1] / "module_utils"
# Once for all hosts: the linear strategy loads action plugins before it forks.
PARTS = " ".join(part(file.name, file.read_bytes()) for file in sorted(FILES.glob("_*.py")))


def kept(what: str, spec: Mapping[str, t.Any], arguments: Mapping[str, t.Any], dry: bool) -> str:
    """The command that has the kept program do something.

    Args:
        what: ``read`` or ``change``.
        spec: of the module that does it else.
        arguments: of the task.
        dry: whether only to say it.

    Returns:
        It is empty if this is for the module, which also says what is wrong with its options.
    """
    checked = ArgumentSpecValidator(spec).validate(dict(arguments))
    try:
        given, asked = json.dumps(arguments), json.dumps({"params": checked.validated_parameters, "dry": dry})
    except TypeError:
        return ""
    if checked.error_messages or any(one in given for one in EXPANDED):
        return ""
    return shlex.join([KEPT, what, PARTS, asked])


def answer(said: str) -> Result | None:
    """What a program answers, None if it could not be run. A login shell may have something to say as well."""
    for line in reversed(said.splitlines()):
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and told.keys() & {"changed", "failed"}:
            return told
    return None


class AskingModule(Module):
    """Ansible's way in, on the controller, for a module that a program can stand in for."""

    def command(self) -> str:
        """The command that does what the task is to do; empty if the module is needed."""
        raise NotImplementedError

    def without(self, done: Result) -> Result | None:
        """What comes of a program that ended without an answer; None if the module can begin anew."""
        return None

    def run(self, tmp: None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Ask the program, which takes a fraction of a module's time; send the module where that is not possible."""
        command, told = "" if self._task.async_val else self.command(), None
        if command:
            done = self._low_level_execute_command(f"{self._compute_environment_string()} {command}".lstrip())
            told = answer(done["stdout"]) or self.without(done)
        if told is None:
            return t.cast("Result", super().run(tmp, task_vars))
        return {**told, "invocation": {"module_args": dict(self._task.args)}}
