# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_ports, on files of its own, with a Compose and an engine in memory."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import diff
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record as change_record
from ansible_collections.dms.ipv6.plugins.module_utils.compose import steps as compose_steps
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import cli, project
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import compose_network, compose_ports
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

TEXT = "# Mail.\nservices:\n  mail:\n    ports:\n      - '8080:80'   # keep\n  web: {ports: [8081:80]}\n"
AFTER = TEXT.replace("'8080:80'", "'0.0.0.0:8080:80'")
BOTH = AFTER.replace("[8081:80]", '["0.0.0.0:8081:80"]')
PORT4 = docker_objects.Port(80, "tcp", "0.0.0.0", 8080)


def hash_of(text: str, service: str) -> str:
    """What Compose would make of a service: the entry's own line."""
    return next((line.strip() for line in text.splitlines() if ("8080" in line) == (service == "mail")), "")


class Lab:
    """A host on which the project shop runs, made from the file as it is at first."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path = str(folder / "compose.yaml")
        self.over = str(folder / "compose.override.yaml")
        Path(self.path).write_text(TEXT)
        self.ups: list[compose_steps.Recreate] = []
        self.failing = False
        self.there = True
        self.environment = ""
        self.made = {name: self.container(name) for name in ("mail", "web")}

    @property
    def text(self) -> str:
        return Path(self.path).read_text()

    def hashes(self, texts: list[tuple[str, str]], _env_files: tuple[str, ...] = ()) -> dict[str, str] | None:
        said = "".join(text for _path, text in texts) + self.environment
        return {name: hash_of(said, name) + self.environment for name in ("mail", "web")} if self.there else None

    def container(self, service: str) -> docker_objects.Container:
        made = self.hashes([(self.path, self.text)]) or {}
        six = () if "0.0.0.0" in made[service] else (PORT4._replace(host_ip="::"),)
        labels = {docker_objects.COMPOSE_HASH: made[service]}
        return hosts.of_compose(service, path=self.path, ports=(PORT4, *six), labels=labels)

    def recreate(self, step: compose_steps.Recreate) -> None:
        self.ups.append(step)
        if self.failing and len(self.ups) == 1:
            raise Refused("Compose cannot re-create mail: no such image", step.folder)
        self.made.update({name: self.container(name) for name in step.services})

    def read(self, docker: Docker, path: str | None = None, any_engine: bool = False) -> t.Any:
        assert docker.path in ("/var/run/docker.sock", "/run/other.sock")
        record = change_record.record()
        edited = {one: system_files.read(one) for one in record.get("files", ())}
        containers = tuple(self.made.values())
        return hosts.host(containers=containers, members={})._replace(record=record, edited=edited)

    @property
    def state(self) -> t.Any:
        return self.text, dict(self.made), change_record.record(), list(self.ups)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    found = Lab(tmp_path / "shop")
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(Docker, "get", hosts.answers())
    monkeypatch.setattr(project, "hashes", found.hashes)
    monkeypatch.setattr(project, "validate", lambda *_texts: None)
    monkeypatch.setattr(cli, "recreate", found.recreate)
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    return found


def said(lab: Lab, **options: t.Any) -> dict[str, t.Any]:
    return run(compose_ports, path=lab.path, **options)


@pytest.mark.parametrize(
    ("options", "text", "services"),
    [
        ({"services": ["mail"]}, AFTER, ["mail"]),
        ({}, BOTH, ["mail", "web"]),
        ({"services": ["mail"], "project_name": "shop", "docker_socket": "/run/other.sock"}, AFTER, ["mail"]),
    ],
)
def test_file(lab: Lab, options: dict[str, t.Any], text: str, services: list[str]) -> None:
    """Check mode says the same and does nothing; a second run finds nothing to do."""
    before = lab.state
    check = said(lab, check=True, **options)
    assert lab.state == before
    real = said(lab, **options)
    assert {name: check[name] for name in real if name != "warned"} == {n: real[n] for n in real if n != "warned"}
    assert (real["changed"], real["rolled_back"], real["project"], real["services"]) == (True, False, "shop", services)
    assert real["compose_will_recreate"] == services
    assert real["steps"] == [f"write {lab.path}: ports published on IPv4 only"]
    assert real["diff"] == [diff.changed(TEXT, text, lab.path)]
    assert "are refused only once the next `docker compose up -d`" in real["warned"]
    assert (lab.text, lab.ups) == (text, [])
    again = said(lab, **options)
    assert (again["changed"], again["steps"], again["diff"]) == (False, [], [])
    assert again["compose_will_recreate"] == services


@pytest.mark.parametrize("earlier", [True, False])
def test_recreate(lab: Lab, earlier: bool) -> None:
    """At once, or after an earlier run that only wrote the file: by our record it was not edited in between."""
    if earlier:
        said(lab, services=["mail"])
    before = lab.state
    check = said(lab, check=True, services=["mail"], recreate=True)
    assert lab.state == before
    real = said(lab, services=["mail"], recreate=True)
    up = "let Compose re-create mail of project shop"
    assert check["steps"] == real["steps"]
    assert real["steps"] == ([up] if earlier else [f"write {lab.path}: ports published on IPv4 only", up])
    assert (real["compose_will_recreate"], real["warned"]) == ([], "")
    assert lab.ups == [compose_steps.Recreate(str(Path(lab.path).parent), "", "shop", ("mail",))]
    assert lab.made["mail"].ports == (PORT4,)
    again = said(lab, services=["mail"], recreate=True)
    assert (again["changed"], len(lab.ups)) == (False, 1)


def test_override_file(lab: Lab) -> None:
    Path(lab.over).write_text("services:\n  mail:\n    ports: ['25:25']\n")
    real = said(lab, services=["mail"])
    assert real["steps"] == [f"write {one}: ports published on IPv4 only" for one in (lab.path, lab.over)]
    assert "'0.0.0.0:25:25'" in Path(lab.over).read_text()
    assert len(real["diff"]) == 2


def test_a_failure_puts_the_old_state_back(lab: Lab) -> None:
    lab.failing = True
    result = run(compose_ports, path=lab.path, services=["mail"], recreate=True)
    assert (result["failed"], result["rolled_back"]) == (True, True)
    assert "Compose cannot re-create mail: no such image. The old state is back." in result["msg"]
    assert (lab.text, len(lab.ups), len(lab.made["mail"].ports)) == (TEXT, 2, 2)
    assert not change_record.record().get("files")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lab: setattr(lab, "environment", "another"), "mail would come back as something else, beside the port"),
        (lambda lab: setattr(lab, "there", False), "Compose does not work on this host, so it cannot re-create"),
        (
            lambda lab: Path(lab.path).write_text(TEXT.replace("8080:80'", "8080:80/tcp'")),
            "mail would come back as something else, beside the ports: it was made from another file. Run `docker",
        ),
    ],
)  # fmt: skip
def test_refused_to_recreate(lab: Lab, change: t.Callable[[Lab], None], words: str) -> None:
    """The file alone does not matter: the next `up` is its user's."""
    change(lab)
    before = lab.state
    assert words in failure(compose_ports, path=lab.path, services=["mail"], recreate=True)
    assert lab.state == before
    assert said(lab, services=["mail"])["changed"]


@pytest.mark.skipif(os.geteuid() != 0, reason="folders of others")
@pytest.mark.parametrize("name", [".", "compose.yaml", ".env", "docker-compose.override.yaml"])
def test_refused_to_recreate_what_others_can_edit(lab: Lab, name: str) -> None:
    """Between the look at the hash and `up` they could: root would start what they wrote. The way back runs it too."""
    folder = Path(lab.path).parent
    if name in (".env", "docker-compose.override.yaml"):
        (folder / name).write_text("services: {}\n" if name != ".env" else "")
    os.chown(folder / name, 65534, 65534)
    before = lab.state
    for check in (True, False):
        words = failure(compose_ports, check=check, path=lab.path, services=["mail"], recreate=True)
        assert f"the user nobody can write to {folder / name if name != '.' else folder}, and root would" in words
        command = "`docker compose -p shop up -d mail`"
        assert words.endswith(f"Run {command} in {folder} yourself, and this without allow_container_restart.")
    assert lab.state == before
    assert said(lab, services=["mail"])["changed"]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("include: [/srv/user/compose.yaml]\n", "include"),
        ("  db:\n    extends: {file: /srv/user/compose.yaml, service: db}\n", "extends"),
    ],
)
def test_refused_to_recreate_from_files_that_are_not_looked_into(lab: Lab, more: str, key: str) -> None:
    Path(lab.path).write_text(TEXT + more)
    words = failure(compose_ports, path=lab.path, services=["mail"], recreate=True)
    assert f"it brings in other files by `{key}`" in words
    assert lab.ups == []


def test_labels_of_an_image(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container to which its image gave the project's labels is not of the project: it is not re-created."""
    evil = lab.made["mail"]._replace(id="evil-id", name="evil", image="evil")
    monkeypatch.setattr(Docker, "get", hosts.answers(images={"evil": evil.labels}))
    lab.made = {"mail": evil}
    result = said(lab, services=["mail"], recreate=True, project_name="shop")
    assert result["steps"] == [f"write {lab.path}: ports published on IPv4 only"]
    assert lab.ups == []


def test_refused_after_another_edit(lab: Lab) -> None:
    said(lab, services=["mail"])
    Path(lab.path).write_text(AFTER.replace("8080:80'", "8080:80/tcp'"))
    assert "something else" in failure(compose_ports, path=lab.path, services=["mail"], recreate=True)


def test_compose_that_does_not_take_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_texts: object) -> t.NoReturn:
        raise Refused("Compose would not take the change: bad", lab.path, "Use edit: override, or edit it by hand")

    monkeypatch.setattr(project, "validate", refuse)
    words = f"{lab.path}: Compose would not take the change: bad. Edit it by hand."
    assert failure(compose_ports, path=lab.path) == words
    assert lab.text == TEXT
    # What is written already is not judged again.
    Path(lab.path).write_text(BOTH)
    assert said(lab)["changed"] is False


def test_undo_brings_the_file_back(lab: Lab) -> None:
    said(lab, services=["mail"])
    back = run(compose_network, path=lab.path, state="absent")
    assert (back["changed"], lab.text) == (True, TEXT)
    assert not change_record.record().get("files")


def test_part_of_a_transaction(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Armed by the run: the host itself would put the file back, and then the container."""
    Path(system_files.STATE).mkdir()
    armed = transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60)
    armed_transaction.write(armed)
    said(lab, services=["mail"], recreate=True, transaction="run")
    held = armed_transaction.armed()
    assert held
    assert [str(step) for step in held.steps_back()] == [
        f"write {lab.path}: as it was",
        "let Compose re-create mail of project shop",
    ]
    assert "waits to be confirmed" in failure(compose_ports, path=lab.path, transaction="other")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "missing required arguments: path"),
        ({"path": "/no/such.yaml"}, "/no/such.yaml: there is no such file on this host"),
    ],
)
def test_failures_are_one_message(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(compose_ports, **options)


def test_file_that_is_malformed(lab: Lab) -> None:
    Path(lab.path).write_text("services: [\n")
    assert f"{lab.path}: line 2, column 1" in failure(compose_ports, path=lab.path)


def test_result_is_json(lab: Lab) -> None:
    assert json.dumps(said(lab))
