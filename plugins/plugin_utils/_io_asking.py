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
from ansible.vars.clean import remove_internal_keys
from ansible_collections.dms.ipv6.plugins.module_utils._parts import part

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
SOURCES = {file.name: file.read_bytes() for file in sorted(FILES.glob("_*.py"))}
PARTS = " ".join(part(name, source) for name, source in SOURCES.items())


def asked(spec: Mapping[str, t.Any], arguments: Mapping[str, t.Any], dry: bool) -> str:
    """What a program is asked to do, in JSON.

    Args:
        spec: of the module that does it else.
        arguments: of the task.
        dry: whether only to say it.

    Returns:
        It is empty if this is for the module, which also says what is wrong with its options.
    """
    checked = ArgumentSpecValidator(spec).validate(dict(arguments))
    try:
        given, complete = json.dumps(arguments), json.dumps({"params": checked.validated_parameters, "dry": dry})
    except TypeError:
        return ""
    if checked.error_messages or any(one in given for one in EXPANDED):
        return ""
    return complete


def kept(what: str, asked: str) -> str:
    """The command that has the kept program ``read`` or ``change``."""
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

    def commands(self, task_vars: dict[str, t.Any]) -> Iterator[tuple[str, bytes | None]]:
        """The commands that may do what the task is to do, and what each gets through standard input.

        One is run where those before it gave no answer; where none did, or none is given, the module is sent.
        """
        raise NotImplementedError

    def without(self, done: Result) -> Result | None:
        """What comes of a program that ended without an answer; None if it can be begun anew."""
        return None

    def run(self, tmp: None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Ask programs, which take a fraction of a module's time; send the module where that is not possible."""
        for command, data in () if self._task.async_val else self.commands(task_vars or {}):
            done = self._low_level_execute_command(
                f"{self._compute_environment_string()} {command}".lstrip(), in_data=data
            )
            told = answer(done["stdout"]) or self.without(done)
            if told is not None:
                # As Ansible does with what a module returns: a host must not add hosts, set facts or log in elsewhere.
                remove_internal_keys(told)
                told = {name: value for name, value in told.items() if not name.startswith("ansible_")}
                return {**told, **self._discovered(), "invocation": {"module_args": dict(self._task.args)}}
        return t.cast("Result", super().run(tmp, task_vars))

    def _discovered(self) -> Result:
        """What Ansible is to remember of the host."""
        if not self._discovered_interpreter_key:
            return {}
        return {
            "ansible_facts": {self._discovered_interpreter_key: self._discovered_interpreter},
            "warnings": getattr(self, "_discovery_warnings", []),  # up to ansible-core 2.18
        }
