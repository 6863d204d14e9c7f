# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test` itself: what fails is red, and said by name in the summary, which may be all that is kept of a run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import test as command

STEPS = {step.title: step for step in command.all_steps() if "pytest" in step.command}
FAILS = 'def test_good():\n    print("a figure")\n\n\ndef test_bad():\n    assert 1 == 2\n'


def test_the_steps_that_run_pytest_are_found() -> None:
    assert [*STEPS] == ["unit", "browser", "integration:shared_lab", "integration:own_lab"]


@pytest.mark.parametrize("title", STEPS)
def test_a_test_that_fails_is_named(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "test_some.py"
    file.write_text(FAILS, encoding="utf-8")
    for name in ("TOP", "LOGS"):
        monkeypatch.setattr(command, name, tmp_path)
    options = [one for one in STEPS[title].command if one.startswith(("-r", "-q"))]
    run = [sys.executable, "-m", "pytest", *options, file.name]
    result = command.run(command.Step("some", "some", run, counts=True), show=False)
    assert (result.passed, result.failed, result.code) == (1, 1, 1)
    assert result.told[-1].startswith("FAILED test_some.py::test_bad"), result.told
