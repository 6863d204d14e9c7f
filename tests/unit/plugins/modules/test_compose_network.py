# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_network, on files of its own and an engine in memory."""

from __future__ import annotations

import contextlib
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import diff, step_json
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import armed as change_armed
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record as change_record
from ansible_collections.dms.ipv6.plugins.module_utils.compose import files as compose_files
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import project
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.modules import compose_network
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.compose_files import MAIL
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, MACHINE_ID, ULA
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.programs import compose
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

TEXT = MAIL.replace("\n", "\r\n")
OVERRIDE = "compose.override.yaml"


class Engine:
    """A host on which the project shop runs, with one container, of the service mailserver."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        self.folder.mkdir()
        self.path = str(self.folder / "compose.yaml")
        self.write("compose.yaml", TEXT)
        mail = hosts.of_compose("mailserver", path=self.path)
        networks = (BRIDGE, hosts.compose_network())
        self.found = hosts.host(networks=networks, containers=(mail,), members=hosts.members([mail]))
        self.more: dict[str, t.Any] = {}
        self.asked: dict[str, t.Any] = {}
        self.done: list[str] = []
        self.failing = ""
        self.going_back = False

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_bytes(text.encode())
        return str(self.folder / name)

    def stop(self) -> None:
        """Nothing of the project is left."""
        self.found = self.found._replace(networks=(BRIDGE,), containers=(), members={})

    def files(self) -> dict[str, str]:
        return {path.name: path.read_bytes().decode() for path in self.folder.iterdir()}

    def read(self, docker: Docker, path: str | None = None) -> t.Any:
        record = {**change_record.record(), **change_armed.unfinished_steps()}
        edited = {one: system_files.read(one) for one in record.get("files", ())}
        return self.found._replace(**{"record": record, "edited": edited, **self.more})

    def ask(self, docker: Docker) -> t.Any:
        assert docker.path in ("/var/run/docker.sock", "/run/other.sock")
        return hosts.ask(*self.found.all_containers, **self.asked)

    def do(self, step: t.Any) -> None:
        if self.failing and str(step).startswith(self.failing):
            self.failing, self.going_back = "", True
            raise Refused(f"cannot {step}: no space")
        self.done.append(str(step))
        if isinstance(step, WriteFile) and step.path != forwarding.SYSCTL_FILE:
            system_files.write(step.path, step.content)
        # On the way back a step may undo what was never done.
        with contextlib.suppress(*((AssertionError, KeyError) if self.going_back else ())):
            self.found = hosts.carried_out(self.found, [step])

    @property
    def state(self) -> t.Any:
        """Everything that a change may touch."""
        definitions = {one.name: one.definition for one in self.found.networks}
        places = {
            one.name: [(place.network, place.settings) for place in one.endpoints] for one in self.found.all_containers
        }
        return definitions, places, self.files(), change_record.record()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    found = Engine(tmp_path)
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(read_host, "ask", found.ask)
    monkeypatch.setattr(Docker, "get", hosts.answers())
    monkeypatch.setattr(rollback_executor.Executor, "do", lambda self, step: found.do(step))
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return found


def derived(name: str) -> str:
    return str(ip.derive(MACHINE_ID, name))


def said(engine: Engine, **options: t.Any) -> dict[str, t.Any]:
    return run(compose_network, path=engine.path, **options)


NAMED: dict[str, t.Any] = {"shape": "named", "services": ["mailserver"]}
OWN, SIX, EXTERNAL = (derived(name) for name in ("shop_default", "shop_dms-ipv6", "ext6"))


@pytest.mark.parametrize(
    ("options", "network", "subnet", "file"),
    [
        ({}, "shop_default", OWN, "compose.yaml"),
        ({"shape": "default", "subnet": ULA, "edit": "file"}, "shop_default", ULA, "compose.yaml"),
        ({"prefix_length": 80}, "shop_default", str(ip.derive(MACHINE_ID, "shop_default", 80)), "compose.yaml"),
        (
            {"fleet_prefix": "fd12:3456:789a::/48"},
            "shop_default",
            f"fd12:3456:789a:{OWN.split(':')[3]}::/64",
            "compose.yaml",
        ),
        ({"edit": "override"}, "shop_default", OWN, OVERRIDE),
        ({**NAMED, "docker_socket": "/run/other.sock"}, "shop_dms-ipv6", SIX, "compose.yaml"),
        ({**NAMED, "network": "six", "edit": "override"}, "shop_six", derived("shop_six"), OVERRIDE),
        ({"shape": "external", "network": "ext6"}, "ext6", EXTERNAL, "compose.yaml"),
        ({"shape": "external", "network": "ext6", "edit": "override", "subnet": ULA}, "ext6", ULA, OVERRIDE),
        ({"project_name": "other"}, "other_default", derived("other_default"), "compose.yaml"),
    ],
)
@pytest.mark.parametrize("runs", [True, False])
def test_check_then_real_then_again(
    engine: Engine, tmp_path: Path, options: dict[str, t.Any], network: str, subnet: str, file: str, runs: bool
) -> None:
    if not runs:
        engine.stop()
        options = {"project_name": "shop", **options}
    before = engine.state
    check = said(engine, check=True, **options)
    assert (engine.state, engine.done) == (before, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop"]
    real = said(engine, **options)
    assert {**real, "outage": 0} == {**check, "outage": 0}  # which is measured
    assert (real["changed"], real["rolled_back"], real["warned"]) == (True, False, "")
    assert real["steps"] == engine.done
    assert real["steps"][0].startswith(f"write {engine.folder / file}: ")
    assert (real["network"], real["subnet"], real["file"]) == (network, subnet, str(engine.folder / file))
    assert real["project"] == options.get("project_name", "shop")
    changed = {name: text for name, text in engine.files().items() if text != before[2].get(name)}
    assert list(changed) == [file]
    assert subnet in changed[file] or options.get("shape") == "external"
    live = {one.name: [str(subnet) for subnet in one.subnets6] for one in engine.found.networks}
    lives = (runs and network != "other_default") or options.get("shape") == "external"
    assert live.get(network) == ([subnet] if lives else None)
    assert_nothing_left(engine, real, options)


def assert_nothing_left(engine: Engine, real: dict[str, t.Any], options: dict[str, t.Any]) -> None:
    """A second run says the same, and does nothing; nor would it in check mode."""
    after, done = engine.state, list(engine.done)
    for check in (True, False):
        again = said(engine, check=check, **options)
        assert (again["changed"], again["steps"]) == (False, [])
        assert {name: again[name] for name in ("project", "network", "subnet", "file")} == {
            name: real[name] for name in ("project", "network", "subnet", "file")
        }
        assert again["diff"] == []
    assert (engine.state, engine.done) == (after, done)


def test_diff(engine: Engine) -> None:
    """The file, and the network where it runs."""
    file, network = said(engine)["diff"]
    assert file == diff.changed(TEXT, engine.files()["compose.yaml"], engine.path)
    assert network["prepared"] == (
        "--- before: network shop_default\n+++ after: network shop_default\n"
        f"@@ -2 +2 @@\n-ipv6_subnet: none\n+ipv6_subnet: {OWN}\n"
    )
    engine.stop()
    engine.write("compose.yaml", TEXT)
    assert len(said(engine)["diff"]) == 1


def test_record(engine: Engine) -> None:
    """What undo has to know: the file, the network that was replaced, the containers that were moved."""
    said(engine)
    record = change_record.record()
    assert list(record["files"]) == [engine.path]
    assert list(record["replaced"]) == ["shop_default"]
    assert (record["moves"], record["guard"]) == ({}, [])
    assert "unfinished" not in record
    said(engine, shape="named", services=["mailserver"])
    assert change_record.record()["moves"] == {"shop_dms-ipv6": ["shop-mailserver-1-id"]}


def test_default_route_is_kept(engine: Engine) -> None:
    """What keeps it is undone with the network, not with the file."""
    engine.more = {"ra_default": ("eth0",), "accept_ra": {"eth0": "1"}, "forwards": False}
    said(engine)
    record = change_record.record()
    assert list(record["files"]) == [engine.path]
    assert [one["kind"] for one in record["guard"]] == ["RestoreForwarding", "RestoreAcceptRa", "WriteFile"]
    assert [one.get("path") for one in record["guard"]] == [None, None, forwarding.SYSCTL_FILE]


# --- absent


THERE = {OVERRIDE: "services:\n  mailserver:\n    labels: {a: b}\n"}


@pytest.mark.parametrize(
    ("name", "options", "more", "verb"),
    [
        ("compose.yaml", {}, {}, "write"),
        ("compose.yaml", {}, THERE, "write"),
        ("compose.yaml", {"edit": "override"}, {}, "remove"),
        ("compose.yaml", {"edit": "override"}, THERE, "write"),
        ("compose.yaml", NAMED, {}, "write"),
        ("compose.yaml", {"shape": "external"}, {}, "write"),
        # By its own name as well, as docker_ipv6_info tells it.
        (OVERRIDE, {"edit": "override"}, {}, "remove"),
        (OVERRIDE, {"edit": "override"}, THERE, "write"),
    ],
)
def test_absent(engine: Engine, name: str, options: dict[str, t.Any], more: dict[str, str], verb: str) -> None:
    """The bytes as they were, and nothing else: the networks are another module's."""
    for one, text in more.items():
        engine.write(one, text)
    file = OVERRIDE if options.get("edit") == "override" else "compose.yaml"
    before = engine.files()
    said(engine, **options)
    edited = engine.files()
    networks, engine.done = engine.found.networks, []
    for check, changed in ((True, True), (False, True), (False, False), (True, False)):
        result = run(compose_network, check=check, path=str(engine.folder / name), state="absent")
        assert (result["changed"], result["rolled_back"], result["warned"]) == (changed, False, "")
        assert result["steps"] == ([f"{verb} {engine.folder / file}: the file as it was"] if changed else [])
        assert result["diff"] == (
            [diff.changed(edited[file], before.get(file, ""), str(engine.folder / file))] if changed else []
        )
        assert engine.files() == (edited if check and changed else before)
        assert not {"project", "network", "subnet", "file", "compose_will_recreate"} & set(result)
    assert len(engine.done) == 1
    assert engine.found.networks == networks
    assert "files" not in change_record.record()


@pytest.mark.parametrize("edit", ["file", "override"])
@pytest.mark.parametrize("check", [True, False])
def test_absent_leaves_what_was_edited_since(engine: Engine, edit: str, check: bool) -> None:
    file = "compose.yaml" if edit == "file" else OVERRIDE
    said(engine, edit=edit)
    engine.write(file, engine.files()[file] + "# mine\n")
    before = engine.state
    result = said(engine, state="absent", check=check)
    assert (result["changed"], result["steps"], result["diff"]) == (False, [], [])
    words = f"{engine.folder / file} is left as it is, because it was edited since"
    assert words in " ".join(result["warned"].split())
    assert engine.state == before


def test_absent_after_two_edits(engine: Engine) -> None:
    said(engine)
    said(engine, **NAMED)
    said(engine, edit="override", **NAMED)
    assert said(engine, state="absent")["changed"] is True
    assert engine.files() == {"compose.yaml": TEXT}


def test_absent_is_about_one_project(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = tmp_path / "b" / "compose.yaml"
    other.write_text(TEXT)
    said(engine)
    run(compose_network, path=str(other))
    edited = other.read_text()
    assert said(engine, state="absent")["steps"] == [f"write {engine.path}: the file as it was"]
    assert other.read_text() == edited != TEXT
    assert list(change_record.record()["files"]) == [str(other)]
    assert said(engine, state="absent")["changed"] is False
    assert run(compose_network, path=str(other), state="absent")["changed"] is True


@pytest.mark.parametrize("path", ["compose.yaml", "gone/compose.yaml"])
def test_absent_where_nothing_was_edited(engine: Engine, path: str) -> None:
    """Nor is there a file to read, or to understand."""
    engine.write("compose.yaml", "services: [\n")
    result = run(compose_network, path=str(engine.folder / path), state="absent")
    assert (result["changed"], result["warned"], engine.done) == (False, "", [])


# --- what fails


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("services: [\n", {}, "compose.yaml: line 2, column 1"),
        (TEXT, {"subnet": "2001:db8::/64"}, "subnet: 2001:db8::/64 is reserved for documentation (RFC 3849). Give a"),
        (TEXT, {"prefix_length": 32}, "prefix_length: 32 is not between 48 and 126"),
        (TEXT, {"fleet_prefix": "fd12::/64"}, "fleet_prefix: fd12::/64 is not a /48"),
        (TEXT, {"shape": "named", "services": ["mial"]}, "there is no service `mial`"),
        (TEXT, {"shape": "named"}, "without services Compose would not make the network. Name at"),
        (TEXT, {**NAMED, "network": "default"}, "`default` is the project's own network"),
        (TEXT, {"shape": "external", "network": "bridge"}, "network: 'bridge' is a network of the engine's own"),
        (TEXT, {"shape": "other"}, "value of shape must be one of: default, named, external"),
        (TEXT, {"edit": "both"}, "value of edit must be one of: file, override"),
        (TEXT, {"state": "gone"}, "value of state must be one of: present, absent"),
        (f"name: $X\n{TEXT}", {"project_name": ""}, "the projects runs1 and runs2 run from it. Give project_name."),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_failures_are_one_message(
    engine: Engine, text: str, options: dict[str, t.Any], words: str, check: bool
) -> None:
    engine.write("compose.yaml", text)
    if "project_name" in options:
        two = [hosts.of_compose("mailserver", project=one, path=engine.path) for one in ("runs1", "runs2")]
        engine.found = engine.found._replace(containers=tuple(two))
    before = engine.state
    assert words in failure(compose_network, check=check, path=engine.path, **options)
    assert (engine.state, engine.done) == (before, [])


def test_file_that_is_not_there(engine: Engine) -> None:
    words = "there is no such file on this host. Give the path of the project's Compose file."
    assert failure(compose_network, path="/no/such/compose.yaml") == f"/no/such/compose.yaml: {words}"
    assert "missing required arguments: path" in failure(compose_network)


def test_old_engine_is_refused(engine: Engine) -> None:
    engine.found = engine.found._replace(daemon=Daemon(version="19.03.15").running())
    assert "has no IPv6 packet filter support" in failure(compose_network, path=engine.path)


def test_service_on_ipv4_only_is_refused(engine: Engine) -> None:
    engine.asked = {"listeners": hosts.listening(six=[])}
    before = engine.state
    assert "listens on IPv4 only on port 80" in failure(compose_network, path=engine.path)
    assert engine.state == before


@pytest.mark.parametrize(
    "options", [{}, {"edit": "override"}, NAMED, {"shape": "external", "network": "ext6"}], ids=str
)
def test_failing_step(engine: Engine, options: dict[str, t.Any]) -> None:
    """Whichever it is: the file and the network are as they were, byte for byte, and nothing is remembered."""
    before = engine.state
    steps = said(engine, check=True, **options)["steps"]
    for failing in steps:
        engine.failing, engine.going_back = failing, False
        result = said(engine, **options)
        assert (result["failed"], result["rolled_back"]) == (True, True)
        assert result["msg"] == f"cannot {failing}: no space. The old state is back."
        assert engine.state == before, failing
    engine.going_back = False
    assert said(engine, **options)["steps"] == steps


def test_way_back_that_fails(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left to be put back stays written down, and the next run does that first."""
    old = engine.state
    write = system_files.write

    def full(path: str, content: bytes | None, **more: t.Any) -> None:
        if content == TEXT.encode():
            raise Refused("no space", path)
        write(path, content, **more)

    engine.failing = "remove network shop_default"
    with monkeypatch.context() as patched:
        patched.setattr(system_files, "write", full)
        result = said(engine)
    assert (result["failed"], result["rolled_back"]) == (True, False)
    assert f"Not everything could be put back: {engine.path}: no space." in result["msg"]
    assert change_armed.unfinished_steps()
    edited = engine.files()
    check = said(engine, check=True)
    assert check["changed"] is True
    assert "everything is put back first" in " ".join(check["warned"].split())
    assert engine.files() == edited
    engine.done = []
    assert said(engine)["changed"] is True
    back = engine.done.index(f"write {engine.path}: as it was")
    assert back < engine.done.index(f"write {engine.path}: IPv6 on the project's own network")
    assert change_armed.unfinished_steps() == {}
    engine.going_back = False
    said(engine, state="absent")
    assert engine.files() == old[2]


# --- more of the run


def test_change_within_a_transaction(engine: Engine) -> None:
    armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60.0))
    for state in ("present", "absent"):
        for other in ("", "other"):
            for check in (True, False):
                options = {"path": engine.path, "state": state, "transaction": other, "check": check}
                assert "another run's change" in failure(compose_network, **options)
    assert (engine.done, engine.files()) == ([], {"compose.yaml": TEXT})
    engine.stop()
    assert said(engine, transaction="run")["changed"] is True
    assert engine.done == [f"write {engine.path}: IPv6 on the project's own network"]
    armed = armed_transaction.armed()
    edited = engine.files()["compose.yaml"].encode()
    assert armed and armed.slots == ((WriteFile(engine.path, TEXT.encode(), "as it was", edited, True),),)
    assert said(engine, transaction="run", state="absent")["changed"] is True
    armed = armed_transaction.armed()
    back = WriteFile(engine.path, edited, "as it was", TEXT.encode(), True)
    assert armed and armed.slots[1:] == ((back,),)


def test_transaction_that_is_armed_no_more(engine: Engine) -> None:
    assert "was not confirmed in time" in failure(compose_network, path=engine.path, transaction="run")
    assert engine.files() == {"compose.yaml": TEXT}


def test_warnings(engine: Engine) -> None:
    """Of the plan, each run as long as they hold."""
    engine.write("compose.yaml", TEXT.replace('"25:25"', '"198.18.7.2:25:25"'))
    engine.asked = {"sessions": lambda pid: [80, 80], "rules": lambda bridge: ("/etc/ufw/before6.rules",)}
    ports = "service mailserver publishes 198.18.7.2:25:25 on an IPv4 address by name"
    for check in (True, False):
        warned = " ".join(said(engine, check=check)["warned"].split())
        assert ports in warned
        assert "container shop-mailserver-1: 2 established connections to its published ports are cut" in warned
        assert "of network shop_default goes, and is named in /etc/ufw/before6.rules" in warned
    warned = " ".join(said(engine)["warned"].split())
    assert ports in warned
    assert "are cut" not in warned and "goes" not in warned


@pytest.mark.parametrize("check", [True, False])
def test_file_that_compose_does_not_take(engine: Engine, tmp_path: Path, check: bool) -> None:
    """It reads the file as it would be, in the project's folder, and nothing is written."""
    asked = compose(tmp_path / "bin", "docker", "compose")
    engine.write("compose.yaml", "services:\n  mailserver:\n    image: BAD\n")
    before = engine.state
    words = failure(compose_network, check=check, path=engine.path)
    where = f"{engine.path}: Compose does not take it as it is"
    assert words == f"{where}: {engine.path}: BAD is here. Correct it; it was not changed."
    assert (engine.state, engine.done) == (before, [])
    assert any(line.startswith(f"{engine.folder} [") for line in asked())
    assert any(OWN in line for line in asked())


@pytest.mark.parametrize("command", [("docker", "compose"), ("docker-compose",)])
def test_change_that_compose_takes(engine: Engine, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Before the change only; later there is nothing to judge."""
    asked = compose(tmp_path / "bin", *command)
    said(engine)
    questions = [line.split("] ")[-1] for line in asked() if "] " in line]
    assert questions == ["config --quiet", "config --hash *"]
    said(engine)
    assert [line.split("] ")[-1] for line in asked() if "] " in line][2:] == ["config --hash *"]


@pytest.mark.parametrize(
    ("options", "has_compose", "label", "expected"),
    [
        ({}, False, "same", []),
        (NAMED, False, "same", ["mailserver"]),
        ({"shape": "external"}, False, "same", ["mailserver"]),
        ({}, True, "same", []),
        (NAMED, True, "same", []),
        ({}, True, "another", ["mailserver"]),
    ],
)
def test_what_an_up_recreates(
    engine: Engine, tmp_path: Path, options: dict[str, t.Any], has_compose: bool, label: str, expected: list[str]
) -> None:
    """As Compose itself says, and without it the services that are on another network by the file."""
    labels = {"com.docker.compose.config-hash": label}
    engine.found = engine.found._replace(containers=(hosts.of_compose("mailserver", path=engine.path, labels=labels),))
    if has_compose:
        script = 'case "$*" in *version) echo Compose;; *hash*) echo mailserver same;; esac\n'
        compose(tmp_path / "bin", "docker-compose", script=script)
    for check in (True, False):
        assert said(engine, check=check, **options)["compose_will_recreate"] == expected


def test_earlier_run_that_died(engine: Engine) -> None:
    """Its steps back are carried out first, on the same files and networks; in check mode they are only shown."""
    half = "services: {}\n"
    engine.write("compose.yaml", half)
    back = (
        WriteFile(engine.path, TEXT.encode(), "as it was", half.encode(), True),
        network_steps.RemoveNetwork("0--dms-ipv6"),
    )
    change_record.keep(unfinished=json.loads(json.dumps(step_json.dump_steps(back))))
    engine.found = engine.found._replace(networks=(*engine.found.networks, hosts.network("0--dms-ipv6", ["fd99::/64"])))
    result = said(engine)
    assert result["changed"] is True
    assert engine.done[:2] == [str(one) for one in back]
    assert engine.done[2:] == result["steps"]
    assert list(change_record.record()["files"]) == [engine.path]
    said(engine, state="absent")
    assert engine.files() == {"compose.yaml": TEXT}


def test_missing_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(kernel, "machine_id", lambda: MACHINE_ID)
    socket = str(tmp_path / "docker.sock")
    words = f"{socket}: there is no Docker socket. Install and start Docker on this host."
    assert failure(compose_network, path="/srv/compose.yaml", docker_socket=socket, check=True) == words


def test_check_mode_before_ruamel_yaml_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The role's package task installs nothing in check mode, and what comes behind it must not fail for that."""
    monkeypatch.setattr(compose_files, "AVAILABLE", False)
    result = run(compose_network, check=True, path="/srv/mail/compose.yaml")
    assert (result["changed"], result["steps"]) == (
        True,
        ["have IPv6 in /srv/mail/compose.yaml and for what runs of it"],
    )
    assert "is unknown before ruamel.yaml is installed" in result["warned"]


def test_relative_path_is_refused() -> None:
    with pytest.raises(Refused, match=r"mail/compose.yaml: it is not an absolute path"):
        project.read("mail/compose.yaml")
