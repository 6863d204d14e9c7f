# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in this process, and reads what it prints."""

from __future__ import annotations

import contextlib
import io
import json
import types
import typing as t

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.utils.display import Display
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import armed as change_armed
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction as rollback_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:  # before ansible-core 2.19

    @contextlib.contextmanager
    def patch_module_args(args: dict[str, t.Any]) -> t.Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode())
            yield


def run(module: types.ModuleType, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """What a module returns; it must say one thing, and nothing besides."""
    out, err = io.StringIO(), io.StringIO()
    # Within pytest, Ansible takes itself for the controller, which prints warnings, each of them once; before
    # ansible-core 2.19 a module returns all that there ever were in its process.
    Display()._warns.clear()
    warnings._global_warnings.clear()
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    with patch_module_args(arguments), streams[0], streams[1], pytest.raises(SystemExit) as end:
        module.main()
    result = t.cast("dict[str, t.Any]", json.loads(out.getvalue()))
    assert all(line.startswith("[WARNING]: ") for line in err.getvalue().splitlines())
    result["warned"] = err.getvalue() + " ".join(result.pop("warnings", []))
    # The options are not a result; since ansible-core 2.21 they are returned only if a setting says so.
    result.pop("invocation", None)
    assert bool(end.value.code) is bool(result.get("failed"))
    return result


def failure(module: types.ModuleType, **options: t.Any) -> str:
    """The message of a module that fails; it has no traceback."""
    result = run(module, **options)
    assert result["failed"] is True
    assert "Traceback" not in json.dumps(result)
    assert "exception" not in result
    return str(result["msg"])


class Arming:
    """A host with at most one armed transaction, on disk as ever."""

    @property
    def armed(self) -> rollback_transaction.Transaction | None:
        return armed_transaction.armed()

    @armed.setter
    def armed(self, transaction: rollback_transaction.Transaction | None) -> None:
        if transaction:
            armed_transaction.write(transaction)
        else:
            system_files.write(change_armed.path(), None)
