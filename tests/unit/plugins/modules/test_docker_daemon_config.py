# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_daemon_config, on a daemon in memory."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import armed as change_armed
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record as change_record
from ansible_collections.dms.ipv6.plugins.module_utils.core import refused
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import schema
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import loaded as daemon_loaded
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import surroundings
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.restart_checks import Surroundings
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction, revert
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.plugins.modules import docker_daemon_config
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import host
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

OLD = b'{\n  "cpu-rt-period": 1450\n}\n'
Do = t.Callable[[], None]
NAT = {"experimental": True, "ip6tables": True}


class Lab:
    """A daemon that the module finds and changes; what else it asks for is written down."""

    def __init__(self) -> None:
        self.daemon = Daemon(OLD, {"cpu-rt-period": 1450})
        self.asked: list[t.Any] = []
        self.around = Surroundings({}, None, (), (), False, (), False)
        self.next_version = engine_version.parse("26.1.5")
        self.failing: type[Refused] | None = None
        self.left_out: tuple[str, ...] = ()
        self.notes: list[str] = []

    def read(self, docker: Docker, path: str | None = None) -> t.Any:
        self.asked.extend([docker.path, path])
        return host(self.daemon, borrowed=self.daemon.borrowed, record=change_record.record())

    def carry_out(
        self,
        plan: t.Any,
        executor: rollback_executor.Executor,
        journal: armed_transaction.Journal,
        before: Do,
        after: Do,
        back: Do,
    ) -> float:
        executor.daemon.notes += self.notes
        before()
        if self.failing is refused.RolledBack:
            back()
            raise self.failing("it did not work", "docker.service")
        self.asked.extend([executor.daemon.timeout, str(executor.daemon.version), executor.daemon.unit])
        journal.begin(plan)
        for way in plan.ways_back():
            journal.hold(*way)
        if self.failing:
            raise self.failing("it did not work", "docker.service")
        self.daemon.carry_out(plan)
        after()
        journal.done()
        return 0.46


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Lab:
    found = Lab()
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(system_files, "backup", lambda path, content: f"{path}.dms-ipv6-now")
    monkeypatch.setattr(revert, "refuse_unable", lambda: None)
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(daemon_loaded, "dockerd_pid", lambda path: 100 + found.daemon.restarts)
    monkeypatch.setattr(kernel, "start_ticks", lambda pid: 5)
    monkeypatch.setattr(kernel, "boot_id", lambda: "boot")
    monkeypatch.setattr(daemon_executor, "validate", lambda pid, text, path: found.asked.append(text))
    monkeypatch.setattr(daemon_executor, "left_out", lambda docker, containers: list(found.left_out))
    monkeypatch.setattr(surroundings, "read", lambda facts: found.around)
    monkeypatch.setattr(surroundings, "next_version", lambda facts: found.next_version)
    monkeypatch.setattr(rollback_executor, "carry_out", found.carry_out)
    return found


def config(**options: t.Any) -> dict[str, t.Any]:
    return run(docker_daemon_config, **options)


SAME = ("changed", "diff", "path", "steps", "restarted", "reloaded", "pending", "unknown", "rolled_back")
OPTIONS: list[dict[str, t.Any]] = [
    {"config": NAT},
    {"config": NAT, "allow_container_restart": True},
    {"config": NAT, "apply": "never"},
    {"config": {"debug": True}},
    {"absent": ["cpu-rt-period"]},
    {"config": {"log-opts": {"max-size": "10m"}}, "absent": ["cpu-rt-period"], "apply": "always"},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_check_then_real_then_again(lab: Lab, options: dict[str, t.Any]) -> None:
    check = config(check=True, **options)
    assert lab.daemon.content == OLD
    real = config(**options)
    assert {name: check[name] for name in SAME} == {name: real[name] for name in SAME}
    assert real["changed"] is True
    assert (check["outage"], real["outage"]) == (0, 0.46)
    assert real["backup_file"] == f"{PATH}.dms-ipv6-now"
    assert "backup_file" not in check
    assert real["diff"]["prepared"].startswith(f"--- before: {PATH}\n+++ after: {PATH}\n@@ ")
    again = config(**options)
    assert (again["changed"], again["steps"]) == (False, [])
    assert again["diff"] == {}


@pytest.mark.parametrize(
    ("options", "restarted", "reloaded", "pending"),
    [
        ({"config": NAT}, True, True, []),
        ({"config": NAT, "allow_container_restart": True}, True, False, []),
        ({"config": NAT, "apply": "never"}, False, False, ["experimental", "ip6tables"]),
        ({"config": {"debug": True}}, False, True, []),
        ({}, False, False, []),
    ],
)
def test_what_is_returned(lab: Lab, options: t.Any, restarted: bool, reloaded: bool, pending: list[str]) -> None:
    result = config(**options)
    assert (result["restarted"], result["reloaded"], result["pending"]) == (restarted, reloaded, pending)
    assert (result["path"], result["unknown"], result["rolled_back"]) == (PATH, [], False)


def test_options_reach_what_they_are_for(lab: Lab, tmp_path: t.Any) -> None:
    path = str(tmp_path / "other.json")
    config(config=NAT, path=path, docker_socket="/run/x.sock", health_timeout=7)
    text = '{\n  "cpu-rt-period": 1450,\n  "experimental": true,\n  "ip6tables": true\n}\n'
    assert lab.asked == ["/run/x.sock", path, text, 7, "26.1.5", "docker.service"]


def test_warnings_are_given_to_ansible(lab: Lab) -> None:
    lab.daemon.settings = {}
    words = "this also applies edits of others that the running daemon did not have yet: cpu-rt-period"
    assert words in " ".join(config(config=NAT)["warned"].split())


FLAPS = "container worker restarts by itself, and is not judged after the restart"
CRASHED = "container web does not run (exit code 1)"


@pytest.mark.parametrize("check", [True, False])
def test_what_containers_do_by_themselves_is_named(lab: Lab, check: bool) -> None:
    lab.left_out, lab.notes = (FLAPS,), [CRASHED]
    warned = " ".join(config(config=NAT, check=check)["warned"].split())
    assert FLAPS in warned
    assert (CRASHED in warned) is not check


def test_no_container_matters_where_nothing_is_restarted(lab: Lab) -> None:
    config(config=NAT)
    lab.left_out = (FLAPS,)
    assert FLAPS not in config(config=NAT)["warned"]


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
def test_the_engine_validates_where_it_can(lab: Lab, version: str) -> None:
    lab.daemon.version = version
    config(config=NAT, check=True)
    assert any("ip6tables" in str(one) for one in lab.asked) is (version == "26.1.5")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (
            b"{",
            {"config": NAT},
            f"{PATH}: line 1, column 2: the text ends in the middle. Correct the file; it was not changed.",
        ),
        (
            OLD,
            {"config": {"IPv6": True}},
            f"{PATH}: `IPv6` is unknown; the setting is `ipv6`. Correct the file or the setting; nothing was changed.",
        ),
        (OLD, {"config": {"ipv6": "yes"}}, "`ipv6` must be true or false"),
        (OLD, {"apply": "sometimes"}, "value of apply must be one of: auto, always, never"),
        (OLD, {"confg": {}}, "Unsupported parameters"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_failures_are_one_message(lab: Lab, content: bytes, options: dict[str, t.Any], words: str, check: bool) -> None:
    lab.daemon.content = content
    assert words in failure(docker_daemon_config, check=check, **options)
    assert lab.daemon.content == content


@pytest.mark.parametrize(("error", "rolled_back"), [(Refused, False), (refused.RolledBack, True)])
def test_failing_step(lab: Lab, error: type[Refused], rolled_back: bool) -> None:
    lab.failing = error
    result = run(docker_daemon_config, config=NAT)
    assert (result["failed"], result["msg"], result["rolled_back"]) == (
        True,
        "docker.service: it did not work.",
        rolled_back,
    )
    # What was borrowed is no more, once all is back.
    assert ("borrowed" in change_record.record()) is not rolled_back


@pytest.mark.parametrize(
    "later", [{}, {"content": b'{"cpu-rt-period": 1450, "ip6tables": true, "experimental": true, "dns": []}'}]
)
def test_restored(lab: Lab, later: dict[str, t.Any]) -> None:
    config(config=NAT)
    lab.daemon.content = later.get("content", lab.daemon.content)
    ignored = {"config": {"ipv6": "ignored"}, "absent": ["cpu-rt-period"]}
    check = config(state="restored", check=True, **ignored)
    real = config(state="restored", **ignored)
    assert {name: check[name] for name in SAME} == {name: real[name] for name in SAME}
    assert lab.daemon.content == (b'{"cpu-rt-period": 1450, "dns": []}' if later else OLD)
    assert lab.daemon.killed == []
    assert "undo" not in change_record.record()
    assert config(state="restored")["changed"] is False


def test_restored_where_nothing_was_done(lab: Lab) -> None:
    assert config(state="restored")["changed"] is False
    assert lab.daemon.content == OLD


@pytest.mark.parametrize(
    ("around", "consent", "words"),
    [
        (
            {"next_version": engine_version.parse("28.5.2")},
            {"allow_engine_upgrade": True},
            "would also change the engine",
        ),
        ({"bound_units": ("m.service",)}, {"allow_container_restart": True}, "would stop m.service"),
        ({"forwards": True, "other_paths": ("wg0",)}, {"allow_forward_drop": True}, "FORWARD policy to DROP"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_restart_needs_consent(lab: Lab, around: t.Any, consent: t.Any, words: str, check: bool) -> None:
    lab.around = lab.around._replace(**around)
    others = dict.fromkeys({"allow_engine_upgrade", "allow_forward_drop"} - set(consent), True)
    assert words in failure(docker_daemon_config, config=NAT, check=check, **others)
    assert lab.daemon.content == OLD
    assert config(config=NAT, apply="never", check=True)["changed"] is True
    assert config(config=NAT, check=check, **consent)["restarted"] is True


def test_engine_that_the_restart_brings_is_expected(lab: Lab) -> None:
    lab.next_version = engine_version.parse("28.5.2")
    config(config=NAT, allow_engine_upgrade=True)
    assert "28.5.2" in lab.asked


def armed() -> transaction.Transaction:
    found = armed_transaction.armed()
    assert found
    return found


def test_confirm_within_arms_before_anything_is_changed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def arm(within: float) -> str:
        assert lab.daemon.content == OLD
        record = change_record.record()
        armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, within, record))
        return "run"

    monkeypatch.setattr(revert, "arm", arm)
    assert "transaction" not in config(config=NAT, confirm_within=60, check=True)
    assert armed_transaction.armed() is None
    result = config(config=NAT, confirm_within=60)
    assert (armed().id, armed().within) == (result["transaction"], 60)
    assert armed().deadline < 1e12  # counted again
    lab.daemon.apply_all(armed().steps_back())
    assert (lab.daemon.content, lab.daemon.killed) == (OLD, [])


def test_confirm_within_joins_a_transaction(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revert, "arm", lambda *_arguments: pytest.fail("it is armed already"))
    armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 90.0))
    assert config(config=NAT, confirm_within=60, transaction="run")["transaction"] == "run"
    assert (armed().id, armed().within, len(armed().slots)) == ("run", 90.0, 1)


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize("error", [Refused, refused.RolledBack])
def test_nothing_waits_for_a_confirmation_once_all_is_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, joins: bool, error: type[Refused]
) -> None:
    def arm(within: float) -> str:
        armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, within))
        return "run"

    monkeypatch.setattr(revert, "arm", arm)
    monkeypatch.setattr(system_programs, "systemctl", lambda *_arguments, **_options: None)
    monkeypatch.setattr(change_armed, "disarm", lambda: os.unlink(change_armed.path()))
    lab.failing = error
    if joins:
        arm(90.0)
    failure(docker_daemon_config, config=NAT, confirm_within=60, **({"transaction": "run"} if joins else {}))
    # The run that armed it disarms it; if not all is back, the timer still has to try.
    assert (armed_transaction.armed() is None) is (error is refused.RolledBack and not joins)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyError("x"), Refused("no room")])
def test_nothing_stays_armed_if_nothing_was_changed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Later runs would be refused, and "reverted" would be said of a change that never happened."""

    def arm(within: float) -> str:
        armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, within))
        return "run"

    def failing(_recorder: object) -> t.NoReturn:
        raise error

    monkeypatch.setattr(revert, "arm", arm)
    monkeypatch.setattr(system_programs, "systemctl", lambda *_arguments, **_options: None)
    monkeypatch.setattr(daemon_executor.Recorder, "before", failing)
    assert run(docker_daemon_config, config=NAT, confirm_within=60)["failed"] is True
    assert (armed_transaction.armed(), lab.daemon.content) == (None, OLD)


def test_restored_that_dies_can_be_restored_again(lab: Lab) -> None:
    config(config=NAT)
    memory = change_record.record()["undo"]
    lab.failing = Refused
    failure(docker_daemon_config, state="restored")
    assert change_record.record()["undo"] == memory
    lab.failing = None
    config(state="restored")
    assert lab.daemon.content == OLD


def test_restored_object_loses_what_we_added(lab: Lab) -> None:
    lab.daemon = Daemon(b'{"log-opts": {}}', {"log-opts": {}})
    config(config={"log-opts": {"max-size": "5"}})
    config(state="restored")
    assert lab.daemon.content == b'{"log-opts": {}}'


def test_no_transaction_unless_asked_for(lab: Lab) -> None:
    assert "transaction" not in config(config=NAT, confirm_within=0)
    assert armed_transaction.armed() is None


def test_change_within_a_transaction(lab: Lab) -> None:
    armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60.0))
    for other in ("", "other"):
        for check in (True, False):
            words = failure(docker_daemon_config, config=NAT, transaction=other, check=check)
            assert "another run's change waits" in words
    assert lab.daemon.content == OLD
    assert config(config=NAT, transaction="run")["transaction"] == "run"
    assert len(armed().slots) == 1


def test_transaction_that_was_undone_in_between(lab: Lab) -> None:
    words = "the change was not confirmed in time and has been undone"
    assert words in failure(docker_daemon_config, config=NAT, transaction="run")


@pytest.mark.parametrize("check", [True, False])
def test_record_of_a_run_that_died_behind_its_last_step(lab: Lab, check: bool) -> None:
    lab.daemon = Daemon(OLD, {"cpu-rt-period": 1450}, borrowed=[])
    change_record.keep(borrowed=[])
    assert config(check=check)["changed"] is False
    assert ("borrowed" in change_record.record()) is check


def test_missing_package_stops_only_a_real_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "available", lambda: False)
    assert "jsonschema is missing on this host" in failure(docker_daemon_config, config=NAT)
    assert config(config=NAT, check=True)["changed"] is True
