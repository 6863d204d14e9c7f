# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Compose project's files, and Compose itself, for which a shell script stands in."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import project
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.programs import COMPOSE, compose, program

PATH, OVER = "/srv/shop/compose.yaml", "/srv/shop/compose.override.yaml"
EACH = pytest.mark.parametrize("command", [("docker", "compose"), ("docker-compose",)])
WITHOUT_PLUGIN = "echo \"docker: 'compose' is not a docker command.\" >&2\nexit 1\n"
OPEN = "/proc/self/fd"


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder in which programs are found."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


@pytest.fixture(autouse=True)
def nothing_stays_open() -> t.Iterator[None]:
    before = os.listdir(OPEN)
    yield
    assert os.listdir(OPEN) == before


def texts(*parts: str) -> list[tuple[str, str]]:
    return list(zip((PATH, OVER), parts))


# --- what Compose says


@EACH
@pytest.mark.parametrize("parts", [("a",), ("a", "b"), ("ä: 'x'\n\n# end", "")])
def test_files_that_compose_takes(programs: Path, command: tuple[str, ...], parts: tuple[str, ...]) -> None:
    """They are given whole, in their order, and for the project's folder."""
    asked = compose(programs, *command)
    project.validate(texts("BAD"), texts(*parts))
    given = "".join(f"[{one}]" for one in parts)
    assert "\n".join(asked()) == f"/srv/shop {given} config --quiet"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            ("a",),
            ("BAD",),
            f"{PATH}: Compose would not take the change: {PATH}: BAD is here. Use edit: override, or edit it by hand.",
        ),
        (
            ("a",),
            ("a", "BAD"),
            f"{OVER}: Compose would not take the change: {OVER}: BAD is here. Use edit: override, or edit it by hand.",
        ),
        (
            ("a", "b"),
            ("BAD", "b"),
            f"{OVER}: Compose would not take the change: {PATH}: BAD is here. Use edit: override, or edit it by hand.",
        ),
        (
            ("BAD",),
            ("BAD", "b"),
            f"{OVER}: Compose does not take it as it is: {PATH}: BAD is here. Correct it; it was not changed.",
        ),
        (
            ("a",),
            ("NEEDED",),
            f"{PATH}: Compose would not take the change: required variable NEEDED is missing. Use edit: override",
        ),
        (("NEEDED",), ("NEEDED", "BAD"), f"{OVER}: Compose does not take it as it is: {OVER}: BAD is here."),
    ],
)
def test_files_that_compose_does_not_take(programs: Path, before: t.Any, after: t.Any, words: str) -> None:
    """In its own words on one line, with the files as the user knows them."""
    compose(programs, "docker", "compose")
    with pytest.raises(Refused) as reason:
        project.validate(texts(*before), texts(*after))
    assert words in str(reason.value)
    assert "/proc/" not in str(reason.value)


def test_variable_that_only_the_user_has(programs: Path) -> None:
    """It was missing before as well; the rest of the file is looked at without it."""
    asked = compose(programs, "docker", "compose")
    project.validate(texts("NEEDED"), texts("NEEDED more"))
    assert asked() == [
        "/srv/shop [NEEDED more] config --quiet",
        "/srv/shop [NEEDED] config --quiet",
        "/srv/shop [NEEDED more] config --quiet --no-interpolate",
    ]


def test_hashes(programs: Path) -> None:
    asked = compose(programs, "docker", "compose")
    one, other = (project.hashes(texts(text, "b")) for text in ("a", "c"))
    assert one and other
    assert one.keys() == {"mail", "web"}
    assert (one["mail"] == other["mail"], one["web"], other["web"]) == (False, "same", "same")
    assert asked() == ["/srv/shop [a][b] config --hash *", "/srv/shop [c][b] config --hash *"]


ECHO = """\
case "$*" in
    *version) echo "Docker Compose version v2.40.3" ;;
    *"--env-file /srv/prod.env -f"*) echo "web 1" ;;
    *) echo "web 0" ;;
esac
"""


def test_variables_from_other_files(programs: Path) -> None:
    """Given before the files, as Compose wants it; without, it would take others, or none."""
    program(programs, "docker", ECHO)
    assert [project.hashes(texts("a"), files) for files in ((), ("/srv/prod.env",))] == [{"web": "0"}, {"web": "1"}]


JSON = """\
case "$*" in
    *"config --format json") if [ -n "$bad" ]; then exit 15; fi; echo '{"name": "said", "x": "y"}'; exit 0 ;;
esac
if [ -n "$bad" ]; then
"""
NEW = COMPOSE.replace('if [ -n "$bad" ]; then\n', JSON)
OLD = COMPOSE.replace("Docker Compose version v2.40.3", "docker-compose version 1.29.2, build unknown")


@pytest.mark.parametrize(
    ("script", "folder", "text", "env", "name"),
    [
        # Compose itself is queried.
        (NEW, "_mail", "services: {}", "COMPOSE_PROJECT_NAME=env", "said"),
        # It does not take the file, or is not there: by its rule.
        (NEW, "_mail", "services: {} # BAD", "", "mail"),
        (None, "-_Mail.Server_1", "services: {}", "", "mailserver_1"),
        (None, "mail", "name: shop\nservices: {}", "", "shop"),
        (None, "mail", "name: shop\nservices: {}", "A=b\nCOMPOSE_PROJECT_NAME = 'env'\n", "env"),
        (None, "mail", "services: {}", 'export COMPOSE_PROJECT_NAME="env"  # a\n', "env"),
        (None, "mail", "services: {}", "COMPOSE_PROJECT_NAME=one\nCOMPOSE_PROJECT_NAME=two # a\n", "two"),
        (None, "mail", "services: {}", "#COMPOSE_PROJECT_NAME=one\nXCOMPOSE_PROJECT_NAME=two\n", "mail"),
        (None, "mail", "services: {}", "COMPOSE_PROJECT_NAME=\n", "mail"),
        # Compose 1 cannot be queried for it, and leaves what stands at the front.
        (OLD, "_Mail", "services: {}", "", "_mail"),
        (OLD, "mail", "services: {}", "COMPOSE_PROJECT_NAME=E", "e"),
        (OLD, "...", "services: {}", "", "default"),
    ],
)  # fmt: skip
def test_name(programs: Path, tmp_path: Path, script: str | None, folder: str, text: str, env: str, name: str) -> None:
    if script:
        compose(programs, "docker-compose", script=script)
    wanted = compose_plan.Wanted(str(tmp_path / folder / "compose.yaml"))
    (tmp_path / folder).mkdir()
    Path(wanted.path).write_text(text)
    (tmp_path / folder / ".env").write_text(env)
    files = project.read(wanted.path)
    assert project.named(wanted, files, hosts.host(containers=())).project == name
    # Containers tell, and so may the caller.
    of_it = hosts.of_compose("mail", path=wanted.path, project="theirs")
    found = hosts.host(containers=(of_it,))
    assert compose_plan.project_name(project.named(wanted, files, found), "", found) == "theirs"
    given = dataclasses.replace(wanted, project="given")
    assert project.named(given, files, found) == given


@pytest.mark.parametrize(
    ("folder", "text", "env", "words"),
    [
        ("mail", "name: ${A}\nservices: {}", "", "the project's name is a variable"),
        ("mail", "services: {}", "COMPOSE_PROJECT_NAME=$A", "the project's name is a variable"),
        ("__", "services: {}", "", "Compose finds no name for the project in that of its folder"),
    ],
)
def test_no_name(tmp_path: Path, folder: str, text: str, env: str, words: str) -> None:
    path = tmp_path / folder / "compose.yaml"
    path.parent.mkdir()
    path.write_text(text)
    (tmp_path / folder / ".env").write_text(env)
    with pytest.raises(Refused, match=words):
        project.named(compose_plan.Wanted(str(path)), project.read(str(path)), hosts.host(containers=()))


@EACH
@pytest.mark.parametrize("script", ["exit 1\n", "echo none of your business\n", WITHOUT_PLUGIN])
def test_host_without_compose(programs: Path, command: tuple[str, ...], script: str) -> None:
    """No program judges or knows: docker may be there without the plugin, or be another program of that name."""
    program(programs, command[0], script)
    project.validate(texts("a"), texts("BAD"))
    assert project.hashes(texts("a")) is None


def test_host_without_any_program() -> None:
    project.validate(texts("a"), texts("BAD"))
    assert project.hashes(texts("a")) is None


@pytest.mark.parametrize(("script", "used"), [(COMPOSE, "plugin"), (WITHOUT_PLUGIN, "program")])
def test_which_compose(programs: Path, script: str, used: str) -> None:
    """The plugin, if both are there."""
    compose(programs, "docker", "compose", script=script)
    old = COMPOSE.replace("same", "old").replace("v2.40.3", "1.29.2").replace("Docker Compose", "docker-compose")
    compose(programs, "docker-compose", script=old)
    found = project.hashes(texts("a"))
    assert found and found["web"] == {"plugin": "same", "program": "old"}[used]


def test_files_that_have_no_hashes(programs: Path) -> None:
    compose(programs, "docker", "compose")
    assert project.hashes(texts("BAD")) is None


def test_compose_that_hangs(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compose(programs, "docker", "compose", script=COMPOSE.replace('if [ "$1" = v', 'exec sleep 5\nif [ "$1" = v'))
    monkeypatch.setattr(project, "TIMEOUT", 0.2)
    assert project.hashes(texts("a")) is None


# --- files


@pytest.mark.parametrize(
    ("name", "beside", "expected"),
    [
        ("compose.yaml", {}, ("compose.override.yaml", None)),
        ("compose.yaml", {"compose.override.yml": b"\xff", "x": b""}, ("compose.override.yml", b"\xff")),
        ("compose.yaml", {"compose.override.yaml": b""}, ("compose.override.yaml", b"")),
        ("prod.yaml", {"compose.override.yaml": b"x"}, ("", None)),
    ],
)
def test_read(tmp_path: Path, name: str, beside: dict[str, bytes], expected: t.Any) -> None:
    for one, raw in {name: b"a\r\n", **beside}.items():
        (tmp_path / one).write_bytes(raw)
    path = str(tmp_path / name)
    over = str(tmp_path / expected[0]) if expected[0] else ""
    assert project.read(path) == compose_plan.Files(path, b"a\r\n", over, expected[1])
    assert project.beside(path) == over


@pytest.mark.parametrize("name", ["compose.yaml", "no/such/folder/compose.yaml"])
def test_read_of_no_file(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    with pytest.raises(Refused) as reason:
        project.read(path)
    words = "there is no such file on this host. Give the path of the project's Compose file."
    assert str(reason.value) == f"{path}: {words}"


@pytest.mark.parametrize("name", ["compose.yaml", "compose.override.yaml"])
def test_read_of_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "compose.yaml").write_bytes(b"") if name != "compose.yaml" else None
    (tmp_path / name).mkdir()
    with pytest.raises(Refused, match=rf"{name}: cannot be read: it is a directory"):
        project.read(str(tmp_path / "compose.yaml"))


def test_override_file_of_a_folder_that_is_gone(tmp_path: Path) -> None:
    path = str(tmp_path / "gone" / "compose.yaml")
    assert project.beside(path) == str(tmp_path / "gone" / "compose.override.yaml")
