# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test` itself: what fails is red, and said by name in the summary, which may be all that is kept of a run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests import mutants
from tools import test as command

STEPS = {step.title: step for step in command.all_steps() if "pytest" in step.command}
# What each of them has pytest tell, with the steps that do.
TELLING: dict[tuple[str, ...], list[str]] = {}
for title, step in STEPS.items():
    TELLING.setdefault(tuple(one for one in step.command if one.startswith(("-r", "-q"))), []).append(title)
OLD = """
from ansible.utils.display import Display


def old(value):
    Display().deprecated("this is old", version="9.9.9", collection_name="ansible.builtin")
    return value


class FilterModule:
    def filters(self):
        return {"old": old}
"""
FAILS = 'def test_good():\n    print("a figure")\n\n\ndef test_bad():\n    assert 1 == 2\n'


def test_the_steps_that_run_pytest_are_found() -> None:
    assert [*STEPS] == ["unit", "browser", "integration:shared_lab", "integration:own_lab"]


@pytest.mark.parametrize("options", TELLING, ids=[", ".join(titles) for titles in TELLING.values()])
def test_a_test_that_fails_is_named(options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "test_some.py"
    file.write_text(FAILS, encoding="utf-8")
    for name in ("TOP", "LOGS"):
        monkeypatch.setattr(command, name, tmp_path)
    run = [sys.executable, "-m", "pytest", *options, file.name]
    result = command.run(command.Step("some", "some", run, counts=True), show=False)
    assert (result.passed, result.failed, result.code) == (1, 1, 1)
    assert result.tail[-1].startswith("FAILED test_some.py::test_bad"), result.tail


@pytest.mark.parametrize("place", ["2>&1", ">/dev/null 2>&1"], ids=["in its output", "seen by a test alone"])
def test_what_ansible_calls_deprecated_is_a_failure(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible itself says it, of a play that uses a filter which is on its way out."""
    folder = tmp_path / "filter_plugins"
    folder.mkdir()
    (folder / "old.py").write_text(OLD, encoding="utf-8")
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"debug": {"msg": "{{ 1 | old }}"}}]}]
    (tmp_path / "play.yml").write_text(json.dumps(play), encoding="utf-8")
    for name in ("TOP", "LOGS"):
        monkeypatch.setattr(command, name, tmp_path)
    run = ["sh", "-c", f"ansible-playbook -i localhost, -c local play.yml {place}"]
    result = command.run(command.Step("some", "some", run), show=False)
    assert (result.passed, result.failed, result.code) == (0, 1, 1)
    assert "this is old" in result.tail[-1], result.tail


def test_what_only_computes_gets_what_labs_leave_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TOP", "LOGS"):
        monkeypatch.setattr(command, name, tmp_path)
    steps = [command.Step("some", lane, ["nice"], lane=lane) for lane in command.LANES]
    found = {step.lane: command.run(step, show=False) for step in steps}
    assert {lane: result.code for lane, result in found.items()} == {"tree": 0, "lab": 0}
    own = os.nice(0)
    assert int(found["lab"].log.read_text(encoding="utf-8")) == own
    assert int(found["tree"].log.read_text(encoding="utf-8")) == min(19, own + 10)


def test_a_step_that_takes_long_does_not_come_last() -> None:
    names = [step.name for step in command.all_steps() if step.group == "molecule"]
    assert sorted(names, key=command.longest_first) == names
    assert names.index("engines") < names.index("default")


def test_every_mutant_breaks_a_line_that_is_there() -> None:
    for mutant in mutants.ALL:
        text = (command.TOP / mutant.file).read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1, mutant.name
