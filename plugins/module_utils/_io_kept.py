# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that a host keeps, so that no module has to be sent, and compiled, to read or to change it again."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_pyz
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

PROGRAM = "program.pyz"
MODE = 0o700
# How it ends if it is of another version than the controller.
NOT_THIS_ONE = 3


def place(changing: bool) -> None:
    """Have the program on this host, unless it is there. Where it cannot be written, modules are sent as ever.

    Args:
        changing: whether the host is about to be changed.
    """
    if changing:
        _code("change")  # what is loaded is in it compiled
    with contextlib.suppress(Refused):
        if not _is_there():
            _io_files.write(_path(), None)  # a file that is there would keep its owner and mode
            _io_files.write(_path(), _io_pyz.build(), mode=MODE)


def _is_there() -> bool:
    """Whether the host has a program that does what this module does."""
    found = _io_pyz.found(_path())
    if found is None:
        return False
    needed = _io_pyz.origin(_io_pyz.sources())
    if found[:2] != needed[:2] or not set(needed.parts) <= set(found.parts):
        return False
    return stat.S_IMODE(os.stat(_path()).st_mode) == MODE


def forget() -> None:
    """Take it away. It may be what runs now, so this is the last thing to do."""
    with contextlib.suppress(Refused):
        _io_files.write(_path(), None)


def _path() -> str:
    return os.path.join(_io_files.STATE, PROGRAM)


def _code(what: str) -> t.Any:
    """What does it; as each of them may place the program, neither can be imported before."""
    if what == "change":
        from ansible_collections.dms.ipv6.plugins.module_utils import _io_run_docker_ipv6

        return _io_run_docker_ipv6
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_run_docker_ipv6_info

    return _io_run_docker_ipv6_info


def main(what: str, parts: str, asked: str) -> None:
    """The program that was kept: do what is asked if the controller has these versions of our files.

    Args:
        what: as for ``answer``.
        parts: what stands for the controller's versions of our files, with blanks between (``_parts.part``).
        asked: as for ``answer``.
    """
    found = _io_pyz.found(sys.argv[0])
    if found is None or found.magic != _io_pyz.magic() or not set(found.parts) <= set(parts.split()):
        raise SystemExit(NOT_THIS_ONE)
    answer(what, asked)


def answer(what: str, asked: str) -> None:
    """Do what a module does, and say in one line of JSON what it would return.

    Args:
        what: ``read`` (docker_ipv6_info) or ``change`` (docker_ipv6).
        asked: in JSON, ``params``, the module's options, valid and complete, and ``dry``, whether only to say it.
    """
    code = _code(what)
    try:
        told = code.run(**json.loads(asked))
    except Refused as reason:
        told = {"failed": True, **code.failure(reason)}
    sys.stdout.write(f"{json.dumps(told)}\n")
