# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interpreters that run our programs in tests."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from pathlib import Path

import pytest

# Those that our modules refuse.
TOO_OLD = pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8"])
PYTHONS = pytest.mark.parametrize("number", [0, 1], ids=["this Python", "Python 3.9"])


def named(version: str) -> str:
    """An interpreter of this machine, also one that a version manager keeps; empty if there is none."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [
        shutil.which(f"python{version}") or "",
        *glob.glob(str(kept / f"{version}.*" / "bin" / f"python{version}")),
    ]
    return next((path for path in found if path and "/shims/" not in path), "")


def pythons() -> list[str]:
    """The interpreter that runs this, and the oldest that a managed host may have."""
    return [sys.executable, named("3.9")]


def interpreter(number: int) -> str:
    found = pythons()[number]
    if not found:
        pytest.skip("there is no Python 3.9 on this machine")
    return found


def too_old(version: str) -> str:
    """One of them, which a managed host may have."""
    found = named(version)
    if not found:
        pytest.skip(f"there is no Python {version} on this machine")
    return found
