# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module on a Python that is too old ends with one line, whatever it is."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible_collections.dms.ipv6.plugins as found_plugins
import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.modules import python_guard
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.pythons import TOO_OLD, too_old

PLUGINS = Path(next(iter(found_plugins.__path__)))
GUARD = PLUGINS / "module_utils" / "modules" / "python_guard.py"


def test_too_old(monkeypatch: pytest.MonkeyPatch, capsys: t.Any) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SystemExit) as end:
        importlib.reload(python_guard)
    said = json.loads(capsys.readouterr().out)
    assert (end.value.code, said["failed"]) == (1, True)
    words = f"dms.ipv6 needs Python 3.9 or later on the host, and {sys.executable} is Python 3.8."
    assert said["msg"] == f"{words} Set ansible_python_interpreter."


@TOO_OLD
def test_a_python_that_is_really_old(version: str, tmp_path: Path) -> None:
    """Each module as a whole, where this machine has such a Python."""
    python, package = too_old(version), tmp_path
    for name in ("ansible_collections", "dms", "ipv6", "plugins", "module_utils", "modules"):
        package /= name
        package.mkdir()
        (package / "__init__.py").touch()
    (package / GUARD.name).write_text(GUARD.read_text())
    for path in (PLUGINS / "modules").glob("*.py"):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([python, str(path)], check=False, capture_output=True, text=True, env=environment)
        assert (done.returncode, done.stderr) == (1, ""), path.name
        assert f"is Python {version}." in json.loads(done.stdout)["msg"]
