# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README and guides: they read well on GitHub and on Galaxy, their links lead somewhere, their commands can be run."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import re
import shlex
import typing as t
from pathlib import Path

import docutils.core
import pytest
import yaml
from ansible.cli.playbook import PlaybookCLI
from ansible.parsing.splitter import parse_kv

from tools import variables

from . import test_examples as examples

TOP = Path(__file__).resolve().parents[2]
GUIDES = TOP / "docs" / "docsite" / "rst"
README = (TOP / "README.md").read_text(encoding="utf-8")
GALAXY = yaml.safe_load((TOP / "galaxy.yml").read_text(encoding="utf-8"))
INDEX = yaml.safe_load((TOP / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
LISTED = [name for section in INDEX for name in section["toctree"]]
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GUIDES.glob("*.rst"))}
LARGEST_README = 7000
# Guides by which a user does something.
TASKS = (
    *("start", "audit", "changes", "docker_mailserver", "reverse_proxy", "mailcow", "managed_files"),
    *("set_up_by_hand", "probe_hosts", "enable", "routed", "prevent", "gai_conf"),
)


# --- links


def links(text: str) -> list[str]:
    """The targets of links and pictures, of Markdown or reStructuredText."""
    patterns = (r"\]\(([^)\s]+)\)", r"^\[[^]]+\]: (\S+)$", r"<(https?://[^>\s]+)>", r"^\.\. image:: (\S+)$")
    return [found for one in patterns for found in re.findall(one, text, re.MULTILINE)]


def broken(link: str) -> str:
    """What is wrong with a link of a page that is also read where the repository is not."""
    if not link.startswith("https://"):
        return "is relative, and Galaxy and other sites show this page without the repository"
    raw = GALAXY["repository"].replace("https://github.com/", "https://raw.githubusercontent.com/")
    path = re.match(rf"{GALAXY['repository']}/(?:blob|tree)/main/(.+)|{raw}/main/(.+)", link.partition("#")[0])
    if path and not (TOP / (path[1] or path[2])).exists():
        return "leads to a file that is not in the repository"
    return ""


@pytest.mark.parametrize("name", ["README", *TEXTS])
def test_links_lead_somewhere(name: str) -> None:
    text = README if name == "README" else TEXTS[name]
    assert {link: broken(link) for link in links(text) if broken(link)} == {}


def test_guard_finds_broken_links() -> None:
    text = "[a](docs/x.md) [b]\n\n[b]: https://example.com/x\n\n.. image:: y.svg\n\n`c <https://example.com/z>`__"
    assert links(text) == ["docs/x.md", "https://example.com/x", "https://example.com/z", "y.svg"]
    assert broken("docs/x.md") and broken("y.svg") and broken("http://example.com")
    assert broken(f"{GALAXY['repository']}/blob/main/docs/gone.md#x")
    assert not broken(f"{GALAXY['repository']}/blob/main/README.md#x")


# --- README


def test_readme_is_short() -> None:
    assert len(README.encode()) <= LARGEST_README


def test_make_targets_in_pages_exist() -> None:
    targets = {*re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)}
    for name, text in {"README": README, **TEXTS}.items():
        assert {*re.findall(r"`make ([a-z-]+)", text)} <= targets, name


# --- the index


def title(text: str) -> str:
    found = re.search(r"^(.+)\n=+$", text, re.MULTILINE)
    assert found
    return found[1]


def test_the_index_on_github_is_that_of_the_site() -> None:
    page = (TOP / "docs" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [section["title"] for section in INDEX]
    guides = re.findall(r"^- \[(.+)\]\(docsite/rst/(\w+)\.rst\)$", page, re.MULTILINE)
    assert guides == [(title(TEXTS[name]), name) for name in LISTED]


def test_links_between_guides_have_their_titles() -> None:
    place = re.compile(r"`([^`<]+?) <https://github\.com/dms-ipv6/dms\.ipv6/blob/main/docs/docsite/rst/(\w+)\.rst>`__")
    for name, text in TEXTS.items():
        for words, guide in place.findall(text):
            assert words == title(TEXTS[guide]), name


# --- plain reStructuredText, as GitHub reads it


def complaints(text: str) -> list[str]:
    """What docutils says by itself, without Sphinx, and with raw HTML switched off as GitHub has it."""
    said = io.StringIO()
    settings = {"report_level": 2, "halt_level": 5, "warning_stream": said}
    docutils.core.publish_string(
        text,
        writer="null",
        settings_overrides={**settings, "raw_enabled": False, "file_insertion_enabled": False},
    )
    return said.getvalue().splitlines()


@pytest.mark.parametrize("name", TEXTS)
def test_guide_is_plain(name: str) -> None:
    assert complaints(TEXTS[name]) == []


@pytest.mark.parametrize(
    "text", [":ref:`x`", ":ansplugin:`x#module`", ".. raw:: html\n\n   <p/>", ".. toctree::\n\n   x", "`a`_"]
)
def test_guard_finds_what_github_does_not_know(text: str) -> None:
    assert complaints(text)


@pytest.mark.parametrize("name", TASKS)
def test_guide_ends_in_success(name: str) -> None:
    assert "What success looks like\n" in TEXTS[name].replace("4. What success", "What success")


# --- outputs

OUTPUT = re.compile(r"^(?:\.\. output of: (.+)|<!-- output of: (.+) -->)\n(.*)$", re.MULTILINE)


@pytest.mark.parametrize("name", ["README", *TEXTS])
def test_outputs_are_of_commands_of_the_page(name: str) -> None:
    text = README if name == "README" else TEXTS[name]
    known = {one.partition("#")[0].strip() for one in re.findall(r"^ *\$ (.+)$", text, re.MULTILINE)}
    for rst, markdown, next_line in OUTPUT.findall(text):
        assert re.match(r"\.\. code-block:: (text|diff)$|```text$", next_line), next_line
        assert rst in known or (markdown and any(markdown in one for one in known)), rst or markdown


# --- commands


class Command(t.NamedTuple):
    """A call of ansible-playbook, and the inventory of its page."""

    arguments: str
    inventory: str


def inventory_of(text: str) -> str:
    """The first inventory of a page; that of the guide Start for one that shows none."""
    read = examples.of_markdown if text == README else examples.of_rst
    found = [one.text for one in read("", text) if one.text.startswith("# inventory")]
    return found[-1] if found else inventory_of(TEXTS["start"])


def commands_of(text: str) -> set[Command]:
    calls = re.findall(r"^ *\$ (?:\w+=\S+ )?ansible-playbook (.+)$", text, re.MULTILINE)
    return {Command(one.partition("    #")[0].strip(), inventory_of(text)) for one in calls}


COMMANDS = sorted({one for text in (README, *TEXTS.values()) for one in commands_of(text)})


def given(arguments: list[str]) -> dict[str, t.Any]:
    """The variables that a command sets."""
    found: dict[str, t.Any] = {}
    for name, value in zip(arguments, arguments[1:]):
        if name == "-e":
            found.update(json.loads(value) if value.startswith("{") else parse_kv(value))
    return found


def list_hosts(arguments: list[str], answers: t.Any) -> None:
    """Answer with the exit code of `ansible-playbook --list-hosts`, and what it prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = PlaybookCLI(["ansible-playbook", *arguments, "--list-hosts"]).run()
        except (Exception, SystemExit) as error:
            code = str(error) or 1
    answers.send((code, said.getvalue()))


def run(command: Command, folder: Path) -> tuple[t.Any, str]:
    words = shlex.split(command.arguments)
    file = folder / words[words.index("-i") + 1]
    file.write_text(command.inventory, encoding="utf-8")
    words[words.index("-i") + 1] = str(file)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=list_hosts, args=(words, there))
    process.start()
    there.close()
    answer: tuple[t.Any, str] = here.recv()
    process.join()
    return answer


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 20
    assert {"dms.ipv6.audit", "dms.ipv6.undo"} <= {word for one in COMMANDS for word in shlex.split(one.arguments)}


@pytest.mark.parametrize("command", COMMANDS, ids=[one.arguments for one in COMMANDS])
def test_command_can_be_run(command: Command, tmp_path: Path) -> None:
    """Its playbook is there, its options are, the page's inventory has hosts for it, and its variables are known."""
    code, said = run(command, tmp_path)
    assert code == 0, said
    assert re.search(r"hosts \(([1-9]\d*)\)", said), said
    assert "WARNING" not in said
    found = given(shlex.split(command.arguments))
    assert (
        examples.invalid({name: one for name, one in found.items() if name not in examples.OF_PLAYBOOKS}, examples.ROLE)
        == []
    )


@pytest.mark.parametrize(
    "words", ["dms.ipv6.enabel", "dms.ipv6.enable --chekc", "dms.ipv6.enable -e dms_ipv6_hosts=gone"]
)
def test_guard_finds_commands_that_cannot_be_run(words: str, tmp_path: Path) -> None:
    code, said = run(Command(f"-i inventory.yml {words}", inventory_of("")), tmp_path)
    assert code != 0 or not re.search(r"hosts \(([1-9]\d*)\)", said)


# --- variables


def test_the_guide_has_every_variable_and_no_other() -> None:
    assert TEXTS["variables"] == variables.page(variables.SPECS.read_text(encoding="utf-8")), "run tools/variables.py"


def test_each_variable_has_a_group() -> None:
    text = variables.SPECS.read_text(encoding="utf-8")
    groups = variables.grouped(text)
    assert [*groups] == [*variables.GROUPS]
    assert sorted(name for names in groups.values() for name in names) == sorted(examples.ROLE)
    defaults = (TOP / "roles/dms_ipv6/defaults/main.yml").read_text(encoding="utf-8")
    assert re.findall(r"^(dms_ipv6_\w+):", defaults, re.MULTILINE) == [
        one for names in groups.values() for one in names
    ]


def test_a_variable_above_the_first_group_is_found() -> None:
    with pytest.raises(ValueError, match="dms_ipv6_x stands above the first group"):
        variables.grouped("      dms_ipv6_x:\n      # == A\n      dms_ipv6_y:\n")


def test_ansible_doc_does_not_say_everything_twice() -> None:
    main, verify = (examples.SPECS["argument_specs"][one]["options"] for one in ("main", "verify"))
    assert {*verify} < {*main}
    assert [name for name in verify if verify[name]["description"] == main[name]["description"]] == []
    kinds = ("type", "elements", "choices", "default")
    assert all(verify[name].get(one) == main[name].get(one) for name in verify for one in kinds)


def test_playbook_variables_are_listed() -> None:
    assert {name for name in examples.OF_PLAYBOOKS if not name.endswith("_")} <= {*examples.ROLE}


# --- galaxy.yml


def test_galaxy_takes_the_tags() -> None:
    tags = GALAXY["tags"]
    assert len(tags) <= 20 and len({*tags}) == len(tags)
    assert [tag for tag in tags if not re.fullmatch(r"[a-z][a-z0-9]*", tag)] == []
