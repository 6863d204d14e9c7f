# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that reads a host without having been there: it comes through standard input and leaves no file.

A module that reads has the host compile Ansible's side of a module first, which reading itself does not need.
"""

from __future__ import annotations

import io
import shlex
import typing as t
import zipfile

from ansible import constants
from ansible.executor.interpreter_discovery import discover_interpreter
from ansible_collections.dms.ipv6.plugins.module_utils import _parts
from ansible_collections.dms.ipv6.plugins.plugin_utils._io_asking import SOURCES

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

# With an older Python the module says what is wrong.
START = f"""\
import os, sys
if sys.version_info < (3, 9):
    sys.exit(3)
number = os.memfd_create("dms-ipv6")
with open(number, "wb", closefd=False) as file:
    file.write(sys.stdin.buffer.read())
sys.path = ["/proc/self/fd/%d" % number] + [one for one in sys.path if one]
from {_parts.PACKAGE} import _io_import
_io_import.compile_once()
from {_parts.PACKAGE}._io_kept import answer
answer(*sys.argv[1:])
"""
AUTOMATIC = ("", "auto", "auto_silent", "auto_legacy", "auto_legacy_silent")
DISCOVERED = "discovered_interpreter_python"


def _archive() -> bytes:
    """All our modules: the host makes of them the program that it keeps."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        _parts.put(archive, {f"{_parts.PACKAGE}.{name[:-3]}": source for name, source in SOURCES.items()})
    return file.getvalue()


# Once for all hosts, as what it is made of.
ARCHIVE = _archive()


def command(action: ActionBase, variables: dict[str, t.Any], asked: str) -> str:
    """The command that takes ``ARCHIVE`` and reads what is asked for; empty where only a module can be sent.

    Args:
        action: of the task.
        variables: of the task.
        asked: in JSON, ``params``, the module's options, valid and complete, and ``dry``, whether only to say it.
    """
    if action._task.delegate_to or not action._is_pipelining_enabled("new"):
        return ""
    return f"{_interpreter(action, variables)} {shlex.join(['-c', START, 'read', asked])}"


def _interpreter(action: ActionBase, variables: dict[str, t.Any]) -> str:
    """The Python of the host, which is found and remembered as Ansible does it for a module."""
    named = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
    named = str(action._templar.template(named) or "").strip()
    if named not in AUTOMATIC:
        return named
    facts = variables["ansible_facts"]
    if DISCOVERED not in facts:
        facts[DISCOVERED] = discover_interpreter(action, "python", named or "auto", variables)
        action._discovered_interpreter_key, action._discovered_interpreter = DISCOVERED, facts[DISCOVERED]
    return str(facts[DISCOVERED])
