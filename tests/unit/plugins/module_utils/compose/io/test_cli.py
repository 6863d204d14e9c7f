# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose as a program, for which a shell script stands in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import cli
from ansible_collections.dms.ipv6.plugins.module_utils.compose.steps import Recreate
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.programs import program

# Says where it is and how it was called.
SCRIPT = """\
PATH=/usr/bin:/bin
case "$*" in *version) echo "Docker Compose version v2.40.3"; exit 0 ;; esac
echo "$PWD $*" > "$(dirname "$0")/asked"
case "$*" in *broken*) printf 'no such\\n  image\\n' >&2; exit 3 ;; esac
"""


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def step(folder: Path, file: str = "", services: tuple[str, ...] = ("mail", "web")) -> Recreate:
    return Recreate(str(folder), file, "shop", services)


@pytest.mark.parametrize(
    ("name", "first", "file", "named"),
    [("docker", "compose ", "", ""), ("docker-compose", "", "/srv/mail.yml", "-f /srv/mail.yml ")],
)
def test_recreate(programs: Path, tmp_path: Path, name: str, first: str, file: str, named: str) -> None:
    """In the project's folder, and only what is named: neither its dependencies nor an image is made."""
    program(programs, name, SCRIPT)
    cli.recreate(step(tmp_path, file))
    asked = (programs / "asked").read_text().strip()
    assert asked == f"{tmp_path} {first}-p shop {named}up -d --no-deps --no-build -- mail web"


def test_recreate_with_the_variables_that_it_was_made_with(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker-compose", SCRIPT)
    cli.recreate(replace(step(tmp_path), env_files=("/srv/a.env", "/srv/b.env")))
    asked = (programs / "asked").read_text().split(" -p shop ")[1]
    assert asked.startswith("--env-file /srv/a.env --env-file /srv/b.env up -d")


def test_in_its_own_words(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker-compose", SCRIPT)
    with pytest.raises(Refused) as reason:
        cli.recreate(step(tmp_path, services=("broken",)))
    assert str(reason.value) == f"{tmp_path}: Compose cannot re-create broken: no such image."


def test_no_compose(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker", "echo \"docker: 'compose' is not a docker command.\" >&2\nexit 1\n")
    with pytest.raises(Refused, match="there is no Compose on this host to re-create mail, web"):
        cli.recreate(step(tmp_path))


def test_folder_that_is_gone(programs: Path, tmp_path: Path) -> None:
    program(programs, "docker-compose", SCRIPT)
    with pytest.raises(Refused, match=r"Compose cannot re-create mail, web: .*No such file or directory"):
        cli.recreate(step(tmp_path / "gone"))
