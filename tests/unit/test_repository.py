# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards over the repository itself. Each is a function on text, and each is shown to find what it is there for."""

from __future__ import annotations

import ast
import re
import subprocess
import typing as t
from pathlib import Path

import ansible_collections.dms.ipv6.plugins as found_plugins
import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.modules import options as modules_options

TOP = Path(__file__).resolve().parents[2]
PLUGINS = TOP / "plugins"
MODULES = PLUGINS / "modules"
MODULE_UTILS = PLUGINS / "module_utils"
PLUGIN_UTILS = PLUGINS / "plugin_utils"

# What import-linter does not see.
OPENERS = ("open", "__import__")
LONGEST_FUNCTION = 40


def some(paths: t.Iterable[Path], folder: Path) -> list[Path]:
    """The files to check. A folder that is not there yet skips the test; one without such files fails it."""
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not there yet")
    found = sorted(paths)
    assert found, f"nothing to check in {folder}"
    return found


def tracked() -> list[Path]:
    """Every file that is in the repository or would be added to it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout.split("\0")
    return [TOP / name for name in names if name and (TOP / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def is_python(path: Path) -> bool:
    return path.suffix == ".py" or (not path.suffix and "python" in text_of(path).split("\n", 1)[0])


def problems(paths: t.Iterable[Path], guard: t.Callable[[str], list[str]]) -> list[str]:
    return [f"{path.relative_to(TOP)}: {problem}" for path in paths for problem in guard(text_of(path))]


# --- this run tests the checkout


def test_the_unit_tests_run_on_the_checkout() -> None:
    used = Path(next(iter(found_plugins.__path__))).resolve()
    assert used == PLUGINS, f"tested is {used}: use make unit, or tools/run --checkout pytest"


# --- pure files stay pure: what they import is import-linter's business (pyproject.toml)


def openers(text: str) -> list[str]:
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return [f"calls {one.func.id}" for one in calls if isinstance(one.func, ast.Name) and one.func.id in OPENERS]


def is_pure(path: Path) -> bool:
    """Whether a file only decides; what touches the machine lies in a folder ``io``, or is what a module runs."""
    return not {"io", "modules"} & {*path.relative_to(PLUGINS).parts[:-1]}


@pytest.mark.parametrize("folder", [MODULE_UTILS, PLUGIN_UTILS], ids=lambda folder: folder.name)
def test_pure_files_open_nothing(folder: Path) -> None:
    assert problems(some(filter(is_pure, folder.rglob("*.py")), folder), openers) == []


def test_guard_finds_openers() -> None:
    assert openers("def f():\n    open('x')") and openers("__import__('x')")
    assert not openers("import json\njson.loads('x')")


# --- an old Python is not taken for a host that is fine

OURS = "ansible_collections.dms.ipv6.plugins.module_utils"


def hard_to_read(text: str) -> list[str]:
    """What a Python before 3.9 stumbles over, or loads, before it comes to the line that says which one is needed."""
    tree = ast.parse(text)
    annotated = (ast.AnnAssign, ast.arg, ast.FunctionDef)
    faults = [
        f"line {one.lineno}: an annotation" for one in ast.walk(tree) if isinstance(one, annotated) and annotation(one)
    ]
    modules = [one.module for one in tree.body if isinstance(one, ast.ImportFrom)]
    first = [] if modules[:1] == [f"{OURS}.modules.python_guard"] else ["imports python_guard not first"]
    return faults + first


def annotation(node: ast.AST) -> object:
    return getattr(node, "annotation", None) or getattr(node, "returns", None)


def test_every_module_can_say_that_python_is_too_old() -> None:
    assert problems(some(MODULES.glob("*.py"), MODULES), hard_to_read) == []


@pytest.mark.parametrize(
    "text",
    [
        "from __future__ import annotations",
        f"from {OURS}.rollback.io import executor\nfrom {OURS}.modules.python_guard import NEEDED",
        f"from {OURS}.modules.python_guard import NEEDED\ndef main() -> None: pass",
        f"from {OURS}.modules.python_guard import NEEDED\nX: int = 1",
    ],
)
def test_guard_finds_what_an_old_python_cannot_read(text: str) -> None:
    assert hard_to_read(text)


# --- check mode, and the ends of a module


def attributes(text: str, names: t.Collection[str]) -> list[str]:
    return [node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute) and node.attr in names]


def module_words(text: str) -> list[str]:
    return [f"uses {name}" for name in attributes(text, ["check_mode", "exit_json", "fail_json"])]


def test_only_one_file_knows_check_mode_and_how_a_module_ends() -> None:
    files = (
        path for path in PLUGINS.rglob("*.py") if path.name != "run_module.py" and path.parent != PLUGINS / "action"
    )
    assert problems(some(files, PLUGINS), module_words) == []


@pytest.mark.parametrize("text", ["module.fail_json()", "self.module.exit_json()", "if module.check_mode: pass"])
def test_guard_finds_module_words(text: str) -> None:
    assert module_words(text)


# --- the role


def test_the_role_hands_on_every_option_of_a_host() -> None:
    """What is shown before a change is what the change works out for itself."""
    names = yaml.safe_load(text_of(TOP / "roles" / "dms_ipv6" / "vars" / "main.yml"))["__dms_ipv6_option_names"]
    # `select` is what dms_ipv6_containers is if it is a word.
    assert {*names, "select"} == {*modules_options.CHANGING} & {*modules_options.READING} - {"docker_socket"}


# --- Molecule scenarios


def keys(value: object) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield str(key)
            yield from keys(below)
    elif isinstance(value, list):
        for below in value:
            yield from keys(below)


def scenario_faults(files: dict[str, str]) -> list[str]:
    """Molecule itself only warns of a missing verify.yml, and a verify.yml that asserts nothing is green as well."""
    faults = [f"has no {name}" for name in ("converge.yml", "verify.yml") if name not in files]
    asserting = {"ansible.builtin.assert", "failed_when", "fail_msg"}
    if "verify.yml" in files and not asserting & set(keys(yaml.safe_load(files["verify.yml"]))):
        faults.append("asserts nothing in verify.yml")
    return faults


def test_each_scenario_verifies() -> None:
    for path in some(TOP.glob("molecule/*/molecule.yml"), TOP / "molecule"):
        files = {file.name: text_of(file) for file in path.parent.glob("*.yml")}
        assert scenario_faults(files) == [], path.parent


def test_guard_finds_scenarios_without_proof() -> None:
    good = "- hosts: all\n  tasks:\n    - block:\n        - ansible.builtin.assert: {that: true}\n"
    assert not scenario_faults({"converge.yml": "", "verify.yml": good})
    assert scenario_faults({"converge.yml": ""})
    assert scenario_faults({"verify.yml": good})
    assert scenario_faults({"converge.yml": "", "verify.yml": good.replace("assert", "debug")})
    assert scenario_faults({"converge.yml": "", "verify.yml": "# failed_when"})


# --- role defaults and argument_specs


def default_faults(defaults: str, specs: str) -> list[str]:
    values = yaml.safe_load(defaults) or {}
    entries = yaml.safe_load(specs)["argument_specs"].values()
    options = {name: option for entry in entries for name, option in (entry.get("options") or {}).items()}
    faults = [f"{name} is in one file only" for name in sorted(values.keys() ^ options.keys())]
    for name in sorted(values.keys() & options.keys()):
        if values[name] != options[name].get("default"):
            faults.append(f"{name} has the default {values[name]!r}, and {options[name].get('default')!r} in the specs")
    return faults


def test_defaults_and_specs_agree() -> None:
    for path in some(TOP.glob("roles/*/defaults/main.yml"), TOP / "roles"):
        specs = path.parent.parent / "meta" / "argument_specs.yml"
        assert default_faults(text_of(path), text_of(specs)) == [], path


def test_the_playbooks_make_the_batches_that_the_role_documents() -> None:
    """A play cannot read the role's defaults for its ``serial``, so they stand in the playbook once more."""
    serial = str(yaml.safe_load(text_of(TOP / "playbooks" / "roll_out.yml"))[2]["vars"]["__dms_ipv6_batches"])
    defaults = yaml.safe_load(text_of(TOP / "roles" / "dms_ipv6" / "defaults" / "main.yml"))
    found = re.search(r"dms_ipv6_serial \| default\((.*?)\)", serial)
    assert found and ast.literal_eval(found.group(1)) == defaults["dms_ipv6_serial"]


def test_the_files_of_the_execution_environment_are_there() -> None:
    named = yaml.safe_load(text_of(TOP / "meta" / "execution-environment.yml"))["dependencies"]
    assert named.keys() == {"python", "system"}
    assert all((TOP / name).is_file() and Path(name).parts[0] == "meta" for name in named.values())


def test_guard_finds_other_defaults() -> None:
    specs = "argument_specs: {main: {options: {a: {default: 1}, b: {type: str}}}}"
    assert not default_faults("{a: 1, b: null}", specs)
    assert default_faults("{a: 2, b: null}", specs)
    assert default_faults("{a: 1}", specs)
    assert default_faults("{a: 1, b: null, c: 1}", specs)


# --- short functions


def long_functions(text: str) -> list[str]:
    functions = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    lengths = [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions]
    return [f"{name} has {length} lines" for name, length in lengths if length > LONGEST_FUNCTION]


def test_functions_are_short() -> None:
    ours = (path for path in tracked() if path.relative_to(TOP).parts[0] in ("plugins", "lab", "tools"))
    assert problems(some(filter(is_python, ours), TOP / "tools"), long_functions) == []


def test_guard_finds_long_functions() -> None:
    assert not long_functions("def f():\n" + "    x = 1\n" * (LONGEST_FUNCTION - 1))
    assert long_functions("def f():\n" + "    x = 1\n" * LONGEST_FUNCTION)
    assert long_functions("class A:\n    async def f(self):\n" + "        x = 1\n" * LONGEST_FUNCTION)


# --- versions are compared in one place


def is_version(node: ast.AST) -> bool:
    if not isinstance(node, ast.Tuple) or len(node.elts) < 2:
        return False
    return all(isinstance(one, ast.Constant) and isinstance(one.value, int) for one in node.elts)


def compares_version(node: ast.Compare) -> bool:
    membership = all(isinstance(one, (ast.In, ast.NotIn)) for one in node.ops)
    return not membership and any(is_version(one) for one in (node.left, *node.comparators))


def version_comparisons(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("LooseVersion", "StrictVersion", "parse_version"):
                found.append(f"line {node.lineno}: {name}")
        if isinstance(node, ast.Compare) and compares_version(node):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def test_versions_are_compared_in_one_file() -> None:
    files = (path for path in PLUGINS.rglob("*.py") if path != MODULE_UTILS / "engine" / "version.py")
    assert problems(some(files, PLUGINS), version_comparisons) == []


@pytest.mark.parametrize(
    "text", ["v >= (27, 0)", "(20, 10, 1) < v", "v == (28, 0)", "LooseVersion('1')", "version.parse_version(x) > y"]
)
def test_guard_finds_version_comparisons(text: str) -> None:
    assert version_comparisons(text)


@pytest.mark.parametrize("text", ["v in (4, 6)", "v = (27, 0)", "v >= 27", "(a, b) == (1, c)"])
def test_guard_lets_other_comparisons_pass(text: str) -> None:
    assert not version_comparisons(text)


# --- nothing of one developer's machine, nothing half done

MACHINE_PATH = re.compile(r"(?<![\w.~$})-])/(?:home|root|work)/")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")


def leftovers(text: str) -> list[str]:
    return [
        f"line {number}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line) or UNFINISHED.search(line)
    ]


def test_no_leftovers() -> None:
    assert problems(some(tracked(), TOP), leftovers) == []


@pytest.mark.parametrize("text", ["x = '/" + "home/me'", "/" + "root/x", "cd /" + "work/main", "# TO" + "DO: later"])
def test_guard_finds_leftovers(text: str) -> None:
    assert leftovers(text)


@pytest.mark.parametrize("text", ["https://example.org/home/x", "$TOP/work/x", "{tmp}/root/x", "a METHO" + "DO"])
def test_guard_lets_other_text_pass(text: str) -> None:
    assert not leftovers(text)


# --- each option of each module is used by a test


def option_names(options: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for name, option in options.items():
        yield name
        yield from option_names(option.get("suboptions") or {})


def documented(text: str) -> list[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["DOCUMENTATION"]:
            return list(option_names(yaml.safe_load(ast.literal_eval(node.value)).get("options") or {}))
    return []


def untested_options(module: str, text: str, tests: t.Iterable[str]) -> list[str]:
    """Options that no test names which also names the module: such words as `name` stand everywhere."""
    about = "\n".join(test for test in tests if module in test)
    return [name for name in documented(text) if not re.search(rf"\b{re.escape(name)}\b", about)]


def test_each_option_is_tested() -> None:
    folders = ("molecule", "tests")
    tests = [
        text_of(path) for path in tracked() if path.relative_to(TOP).parts[0] in folders and path != Path(__file__)
    ]
    for path in some(MODULES.glob("*.py"), MODULES):
        assert untested_options(path.stem, text_of(path), tests) == [], path


def test_guard_finds_untested_options() -> None:
    module = 'DOCUMENTATION = r"""\noptions:\n  a:\n    suboptions:\n      b: {type: str}\n"""\n'
    assert untested_options("thing", module, ["thing: {a: 1}"]) == ["b"]
    assert untested_options("thing", module, ["thing: {}", "other: {a: {b: 1}}"]) == ["a", "b"]
    assert not untested_options("thing", module, ["thing: {a: {b: 1}}"])
