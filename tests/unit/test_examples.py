# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every YAML example of modules, filters, README and guides is parsed, and its arguments are checked as a run would.

A value that is a template is taken for one of the right type.
"""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task

TOP = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.dms.ipv6.plugins"
MINE = re.compile(r"(?<!ansible_collections\.)\bdms\.ipv6\.([a-z]\w*)")
SPECS = yaml.safe_load((TOP / "roles/dms_ipv6/meta/argument_specs.yml").read_text(encoding="utf-8"))
ROLE = SPECS["argument_specs"]["main"]["options"]
# Variables of the playbooks alone, such as dms_ipv6_hosts.
OF_PLAYBOOKS = {
    name
    for path in TOP.glob("playbooks/*.yml")
    for name in re.findall(r"\bdms_ipv6_\w+", path.read_text(encoding="utf-8"))
}
# Not the collection's things: the repository and the table of nftables, of which texts speak as well.
OTHER_NAMES = {"git", "nft"}
STAND_INS = {"list": [], "dict": {}, "int": 1, "bool": True, "float": 1.0}


class Example(t.NamedTuple):
    """One block of YAML, and where it stands."""

    where: str
    text: str


# --- where the examples are


def of_plugin(where: str, text: str) -> list[Example]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            return [Example(where, ast.literal_eval(node.value))]
    return []


def of_markdown(where: str, text: str) -> list[Example]:
    found = re.finditer(r"^```ya?ml[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Example(f"{where}:{text[: one.start()].count(chr(10)) + 1}", one[1]) for one in found]


def of_rst(where: str, text: str) -> list[Example]:
    found = re.finditer(r"^\.\. code-block:: yaml\n\n((?:(?:    .*)?\n)+)", text, re.MULTILINE)
    return [Example(f"{where}:{text[: one.start()].count(chr(10)) + 1}", textwrap.dedent(one[1])) for one in found]


SOURCES: dict[str, t.Callable[[str, str], list[Example]]] = {
    "plugins/modules/*.py": of_plugin,
    "plugins/filter/*.py": of_plugin,
    "*.md": of_markdown,
    "docs/*.md": of_markdown,
    "roles/*/README.md": of_markdown,
    "docs/docsite/rst/*.rst": of_rst,
}


def texts() -> t.Iterator[tuple[str, str, t.Callable[[str, str], list[Example]]]]:
    for pattern, read in SOURCES.items():
        for path in sorted(TOP.glob(pattern)):
            yield str(path.relative_to(TOP)), path.read_text(encoding="utf-8"), read


EXAMPLES = [example for where, text, read in texts() for example in read(where, text)]


# --- what is wrong with one


def stand_in(value: t.Any, option: t.Mapping[str, t.Any]) -> t.Any:
    if not (isinstance(value, str) and "{{" in value):
        return value
    return STAND_INS.get(option.get("type", "str"), (option.get("choices") or [value])[0])


def invalid(arguments: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any], **rules: t.Any) -> list[str]:
    """What Ansible itself says of arguments."""
    filled = {name: stand_in(value, spec.get(name, {})) for name, value in arguments.items()}
    return list(ArgumentSpecValidator(dict(spec), **rules).validate(filled).error_messages)


class Checked(Exception):
    """A module is stopped where its arguments would have been checked."""


def of_module(name: str, arguments: t.Mapping[str, t.Any]) -> list[str]:
    """The module's own main() says by which rules."""
    rules: dict[str, t.Any] = {}

    def stop(spec: t.Any, _run: t.Any, **given: t.Any) -> t.NoReturn:
        rules.update(given, argument_spec=spec)
        raise Checked

    module = importlib.import_module(f"{COLLECTION}.modules.{name}")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Checked):
        patch.setattr(module, "run_module", stop)
        module.main()
    names = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
    return invalid(arguments, rules["argument_spec"], **{one: rules[one] for one in names if one in rules})


def of_task(task: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    keywords = {*Task.fattributes, *Block.fattributes, "block", "rescue", "always"}
    actions = [name for name in task if name not in keywords and not name.startswith("with_")]
    if not {"block", *actions} & {*task}:
        yield "a task does nothing"
    for action in actions:
        if "." not in action:
            yield f"{action} is not a keyword, and not a module by its whole name"
        if action.startswith("dms.ipv6."):
            yield from of_module(action.rpartition(".")[2], task[action] or {})


def of_list(entries: list[t.Any]) -> t.Iterator[str]:
    for entry in entries:
        if not isinstance(entry, dict):
            yield f"{entry!r} is neither a play nor a task"
        elif "hosts" in entry:
            known = {*Play.fattributes, "hosts"}
            yield from (f"{name} is not a keyword of a play" for name in entry if name not in known)
            for section in ("pre_tasks", "tasks", "post_tasks", "handlers"):
                yield from of_list(entry.get(section) or [])
        elif "ansible.builtin.import_playbook" not in entry:
            yield from of_task(entry)
            for section in ("block", "rescue", "always"):
                yield from of_list(entry.get(section) or [])


def variables(value: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """The role's variables, wherever they are set."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, dict):
        yield {name: one for name, one in value.items() if str(name).startswith("dms_ipv6_")}
    for one in below:
        yield from variables(one)


def faults(text: str) -> list[str]:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [str(error)]
    if not isinstance(value, (list, dict)):
        return ["it says nothing"]
    found = list(of_list(value)) if isinstance(value, list) else []
    for given in variables(value):
        found += invalid({name: one for name, one in given.items() if name in ROLE or name not in OF_PLAYBOOKS}, ROLE)
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=[one.where for one in EXAMPLES])
def test_example_is_right(example: Example) -> None:
    assert faults(example.text) == []


def test_there_are_examples_of_each_kind() -> None:
    plugins = {path.stem for kind in ("modules", "filter") for path in TOP.glob(f"plugins/{kind}/*.py")}
    assert {Path(one.where).stem for one in EXAMPLES if one.where.startswith("plugins/")} == plugins
    assert {"README", "enable", "prevent"} <= {Path(one.where.split(":")[0]).stem for one in EXAMPLES}


# --- names of our own things


def unknown_names(text: str) -> list[str]:
    patterns = ("plugins/*/*.py", "playbooks/*.yml", "roles/*")
    known = {path.stem for pattern in patterns for path in TOP.glob(pattern)} | OTHER_NAMES
    return sorted({name for name in MINE.findall(text) if name not in known})


def test_names_in_texts_exist() -> None:
    found = {where: unknown_names(text) for where, text, read in texts()}
    assert {where: names for where, names in found.items() if names} == {}


# --- each of these must be found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- dms.ipv6.gai_conf: {prefix: [x]", "expected"),
        ("- dms.ipv6.gai_conf:\n    prefixs: [x]", "prefixs"),
        ("- dms.ipv6.gai_conf:\n    state: gone", "gone"),
        ("- dms.ipv6.remote_ip_probe: {}", "required"),
        ("- gai_conf: {}", "whole name"),
        ("- name: Nothing", "does nothing"),
        ("- hosts: all\n  task: []", "task is not a keyword"),
        ("- hosts: all\n  tasks:\n    - block:\n        - dms.ipv6.gai_conf: {wrong: 1}", "wrong"),
        ("dms_ipv6_modes: nat", "dms_ipv6_modes"),
        ("dms_ipv6_mode: nut", "nut"),
        ("all: {vars: {dms_ipv6_probe_port: many}}", "convert"),
        ("- hosts: all\n  roles: [{role: r, vars: {dms_ipv6_x: 1}}]", "dms_ipv6_x"),
        ("", "nothing"),
    ],
)
def test_guard_finds_wrong_examples(text: str, words: str) -> None:
    assert words in " ".join(faults(text))


@pytest.mark.parametrize(
    "text", ["dms_ipv6_hosts: mine", 'dms_ipv6_probe_port: "{{ port }}"', "services: {mail: {image: x}}"]
)
def test_guard_lets_right_examples_pass(text: str) -> None:
    assert faults(text) == []


def test_guard_finds_examples_and_names() -> None:
    assert of_markdown("x", "a\n```yaml\nb: 1\n```\nc\n") == [("x:2", "b: 1\n")]
    assert of_rst("x", "a\n\n.. code-block:: yaml\n\n    b: 1\n\n    c: 1\n\nd\n") == [("x:3", "b: 1\n\nc: 1\n\n")]
    assert unknown_names("dms.ipv6.enable dms.ipv6.enabel dms.ipv6.ula") == ["enabel"]
