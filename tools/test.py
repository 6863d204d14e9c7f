#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests as a table of steps: test.py [GROUP|GROUP:STEP]...

Groups are lint, unit, browser, docs, checklist, sanity, integration, molecule and mutants.

The checks of the working tree only compute, and run one after another. What has a lab waits half of its time, and goes
by clocks, so several of its steps run at a time, the longest first, and the checks get what they leave of the machine.
Mutants run scenarios, too, so a scenario's lab is locked while it is in use. Each step's output goes to
build/test/<step>.log. The summary's CPU seconds are those of a step's own processes, without the lab's hosts.

With DMS_IPV6_ENGINES, a folder of bundles, scenarios that run per engine and integration tests run once more with each:
their steps are called <step>@<engine>.

A step in which Ansible calls anything deprecated is red, so that the version which drops it comes as no surprise.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from lab import engines  # noqa: E402
from lab.base import LabError  # noqa: E402
from tests.mutants import ALL as MUTANTS  # noqa: E402

LOGS = TOP / "build" / "test"
TAIL = 60
# How many steps of a lane run at a time, and with what they are started.
LANES = {"tree": 1, "lab": 3}
BEFORE = {"tree": ("nice", "-n", "10"), "lab": ()}
# Lines that say what went wrong, whatever the program; those of failures that a scenario wants come before.
TELLING = re.compile(r"(fatal|failed): \[|^(FAILED|ERROR|E  |SURVIVED|FAIL) |: WARNING: |\[DEPRECATION WARNING\]")
TOLD, WIDTH = 12, 700
PRINTING = threading.Lock()
# What people read: pages, and the documentation of options.
DOCUMENTATION = (
    "README.md",
    "CONTRIBUTING.md",
    "docs",
    "roles/dms_ipv6/README.md",
    "roles/dms_ipv6/meta",
    "plugins/modules",
    "plugins/doc_fragments",
    "plugins/filter",
    "plugins/callback",
)
CODE = ("plugins", "roles", "playbooks", "lab", "tools", "benchmarks")
# Outages, fault points and agreements are printed by tests that pass; -rP alone would not name those that fail.
TELL = "-raP"


@dataclass(frozen=True)
class Step:
    group: str
    name: str
    command: list[str]
    lane: str = "tree"
    # Whether the program counts its tests ("12 passed, 1 failed"); otherwise the step is one test.
    counts: bool = False

    @property
    def title(self) -> str:
        return self.group if self.group == self.name else f"{self.group}:{self.name}"


@dataclass(frozen=True)
class Result:
    step: Step
    code: int
    seconds: float
    cpu: float
    passed: int
    failed: int
    skipped: int
    log: Path
    tail: tuple[str, ...] = ()


def lint_steps() -> list[Step]:
    plugins = "build/checkout/ansible_collections/dms/ipv6/plugins"
    typed = [folder for folder in (plugins, "benchmarks", "lab", "tools", "tests") if any((TOP / folder).rglob("*.py"))]
    workflows = [str(path.relative_to(TOP)) for path in sorted(TOP.glob(".github/workflows/*.yml"))]
    commands = {
        "ruff": ["ruff", "check", "."],
        "format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy", *typed],
        "imports": ["env", "PYTHONPATH=plugins", "lint-imports", "--no-cache"],
        "yamllint": ["yamllint", "--strict", "."],
        # It runs syntax checks without an inventory, where an unknown group is not a mistake.
        "ansible-lint": ["env", "-u", "ANSIBLE_HOST_PATTERN_MISMATCH", "ansible-lint"],
        # What docs/contributing/style.md says of words; the phrases are in pyproject.toml.
        "words": ["codespell", "--dictionary", "-", "--dictionary", ".config/words.txt", *DOCUMENTATION],
        # In code, messages and docstrings stand in quotes, which are left out in pages.
        "words-in-code": ["codespell", "--dictionary", ".config/words.txt", "--ignore-regex", "`[^`]*`", *CODE],
        "changelog": ["antsibull-changelog", "lint"],
        # The schemas come with it: no network is needed.
        "workflows": ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows],
        "dependabot": ["check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"],
    }
    return [Step("lint", name, ["tools/run", "--checkout", *command]) for name, command in commands.items()]


def longest_first(scenario: str) -> int:
    """How much a scenario has to say is about how long it takes."""
    return -sum(path.stat().st_size for path in (TOP / "molecule" / scenario).rglob("*.yml"))


def molecule_steps() -> list[Step]:
    names = sorted((path.parent.name for path in TOP.glob("molecule/*/molecule.yml")), key=longest_first)
    if not names:
        return [Step("molecule", "molecule", ["sh", "-c", "echo no scenario was found; exit 1"], lane="lab")]
    locked = {name: ["tools/run", "flock", f"build/test/{name}.lock", "molecule", "test", "-s", name] for name in names}
    steps = [Step("molecule", name, command, lane="lab") for name, command in locked.items()]
    return steps + with_engines([step for step in steps if runs_per_engine(step.name)])


def runs_per_engine(scenario: str) -> bool:
    """Whether it has a host of each engine."""
    text = (TOP / "molecule" / scenario / "inventory.yml").read_text(encoding="utf-8")
    return {*engines.HOSTS} <= {*re.findall(r"lab_image: (\w+)", text)}


def with_engines(steps: list[Step]) -> list[Step]:
    """The same steps with each engine of the folder DMS_IPV6_ENGINES."""
    try:
        bundles = engines.folder()
    except LabError as error:
        sys.exit(str(error))
    return [
        replace(
            step, name=f"{step.name}@{bundle.title}", command=["env", f"DMS_IPV6_ENGINE={bundle.spec}", *step.command]
        )
        for bundle in bundles
        for step in steps
    ]


def integration_steps() -> list[Step]:
    """Files whose tests share hosts, in two processes with hosts of their own, and files that bring up their own."""
    parts = {"shared_lab": ("not own_lab", "-n", "2", "--dist", "loadfile"), "own_lab": ("own_lab",)}
    command = ["pytest", TELL, "--durations=15", "tests/integration", "-m"]
    steps = [
        # One engine after the other: the hosts have the same names.
        Step("integration", name, ["tools/run", "flock", f"build/test/{name}.lock", *command, *marked], "lab", True)
        for name, marked in parts.items()
    ]
    return steps + with_engines(steps)


def mutant_steps() -> list[Step]:
    names = sorted({mutant.scenario for mutant in MUTANTS}, key=longest_first)
    commands = {name: ["tools/run", "python", "tests/mutants.py", name] for name in names}
    return [Step("mutants", name, command, lane="lab", counts=True) for name, command in commands.items()]


def all_steps() -> list[Step]:
    return [
        *lint_steps(),
        Step("unit", "unit", ["tools/run", "--checkout", "pytest", "-q", "-n", "auto", "tests/unit"], counts=True),
        Step("browser", "browser", ["tools/run", "--checkout", "pytest", "-q", TELL, "tests/browser"], counts=True),
        Step("docs", "docs", ["tools/run", "--checkout", "python", "tools/docs.py"]),
        Step(
            "checklist",
            "checklist",
            ["tools/run", "--checkout", "python", "tools/release_check.py", "--quick"],
            counts=True,
        ),
        Step("sanity", "sanity", ["tools/run", "tools/sanity"], counts=True),
        *integration_steps(),
        *molecule_steps(),
        *mutant_steps(),
    ]


def select(steps: list[Step], wanted: list[str]) -> list[Step]:
    unknown = set(wanted) - {step.group for step in steps} - {step.title for step in steps}
    if unknown:
        sys.exit(f"no such test: {', '.join(sorted(unknown))}; there are: {', '.join(step.title for step in steps)}")
    return [step for step in steps if not wanted or step.group in wanted or step.title in wanted]


def counted(text: str, code: int, counts: bool) -> tuple[int, int, int]:
    """Passed, failed and skipped, by the last line that tells. A red step has a failure, a green one a test."""
    if not counts:
        return (0, 1, 0) if code else (1, 0, 0)
    telling = [line for line in text.splitlines() if re.search(r"\b\d+ (passed|failed|errors?)\b", line)]
    found = dict.fromkeys(("passed", "failed", "error", "skipped"), 0)
    for number, word in re.findall(r"\b(\d+) (passed|failed|error|skipped)", telling[-1] if telling else ""):
        found[word] = int(number)
    failed = found["failed"] + found["error"]
    if (code and not failed) or not (found["passed"] or failed):
        failed += 1
    return found["passed"], failed, found["skipped"]


def deprecations(output: str, log: Path) -> tuple[str, ...]:
    """What Ansible called deprecated, each once: in a step's output, or in the log of all Ansible's programs in it."""
    text = output + (log.read_text(errors="replace") if log.exists() else "")
    return tuple(dict.fromkeys(re.findall(r"\[DEPRECATION WARNING\].*", text)))


def tell(text: str) -> None:
    with PRINTING:
        print(text, flush=True)


def run(step: Step, show: bool) -> Result:
    log = LOGS / f"{step.title.replace(':', '-')}.log"
    # What a test's own Ansible says is seen by that test alone; here all of them write it down.
    ansibles = log.with_suffix(".ansible.log")
    ansibles.unlink(missing_ok=True)
    tell(f"....  {step.title}")
    start = time.monotonic()
    lines: list[str] = []
    with (
        log.open("w") as file,
        subprocess.Popen(
            [*BEFORE[step.lane], *step.command],
            cwd=TOP,
            env={**os.environ, "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOG_PATH": str(ansibles)},
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            file.write(line)
            file.flush()
            if show:
                tell(line.rstrip("\n"))
        _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode, seconds = os.waitstatus_to_exitcode(status), time.monotonic() - start
    deprecated = deprecations("".join(lines), ansibles)
    code = process.returncode or int(bool(deprecated))
    telling = tuple(line.rstrip()[:WIDTH] for line in [*lines, *deprecated] if TELLING.search(line))[-TOLD:]
    numbers = counted("".join(lines), code, step.counts)
    result = Result(step, code, seconds, usage.ru_utime + usage.ru_stime, *numbers, log, telling)
    tell(f"{'FAIL' if result.failed else 'ok  '}  {step.title}  {seconds:.1f} s")
    if result.failed and not show:
        tell("".join(f"    | {line}" for line in lines[-TAIL:]) + f"    all of it: {log.relative_to(TOP)}")
    for line in deprecated:
        tell(f"    {line}")
    return result


def summary(results: list[Result]) -> int:
    """Prints the table, and says whether all is well: a run without a test is not."""
    width = max((len(result.step.title) for result in results), default=4)
    print(f"\n{'step':{width}}  {'passed':>6}  {'failed':>6}  {'skipped':>7}  {'seconds':>7}  {'CPU s':>7}")
    for result in results:
        numbers = f"{result.passed:>6}  {result.failed:>6}  {result.skipped:>7}  {result.seconds:>7.1f}"
        numbers += f"  {result.cpu:>7.1f}"
        print(f"{result.step.title:{width}}  {numbers}{'  <-- ' + str(result.log) if result.failed else ''}")
    for result in results:
        if result.failed:
            print(f"\n{result.step.title} failed:", *result.tail, sep="\n    ")
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    print(f"\n{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def run_lane(name: str, steps: list[Step], show: bool) -> list[Result]:
    with ThreadPoolExecutor(max_workers=LANES[name]) as pool:
        return list(pool.map(lambda step: run(step, show), steps))


def main() -> int:
    os.chdir(TOP)
    LOGS.mkdir(parents=True, exist_ok=True)
    steps = select(all_steps(), sys.argv[1:])
    lanes = {lane: [step for step in steps if step.lane == lane] for lane in dict.fromkeys(step.lane for step in steps)}
    if lanes.keys() - {"tree"} and subprocess.run(["tools/install_collection"], check=False).returncode:
        tell("the collection cannot be built and installed")
        return 1
    with ThreadPoolExecutor(max_workers=len(lanes)) as pool:
        done = list(pool.map(lambda lane: run_lane(lane[0], lane[1], len(steps) == 1), lanes.items()))
    return summary([result for lane in done for result in lane])


if __name__ == "__main__":
    sys.exit(main())
