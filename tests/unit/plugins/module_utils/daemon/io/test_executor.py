# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a daemon plan: what is done when a step fails, and what is written down."""

from __future__ import annotations

import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record as change_record
from ansible_collections.dms.ipv6.plugins.module_utils.core import refused as core_refused
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import on_host as daemon_on_host
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import undo as daemon_undo
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import loaded as daemon_loaded
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import (
    Reload,
    Restart,
    StartContainers,
    StopContainers,
)
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import dockerd
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import NotFound
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.state.daemon import RunningContainer
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import MAIL, WEB, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, host, network

NAT = daemon_plan.Wanted({"experimental": True, "ip6tables": True})
CONSENT = daemon_plan.Wanted(NAT.config, consent=True)
OLD = b'{"cpu-rt-period": 1450}'
NEW = b'{"cpu-rt-period": 1450, "experimental": true, "ip6tables": true}'
RUNNING = {"Status": "running", "ExitCode": 0}


class Lab:
    """A daemon in memory, whose file is a real one; it fails at the steps named."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.daemon = Daemon(OLD, {"cpu-rt-period": 1450})
        self.fail: list[str] = []
        self.done: list[str] = []
        self.removes_itself = False
        self.found_networks = ["bridge", "dms-ipv6"]
        self.removed: list[str] = []
        path.write_bytes(OLD)

    def answer(self) -> None:
        if not self.daemon.alive:
            raise Refused("dockerd does not answer")

    def info(self) -> dict[str, t.Any]:
        self.answer()
        return {"ServerVersion": self.daemon.version, "LiveRestoreEnabled": self.daemon.live_restore}

    def networks(self) -> list[dict[str, t.Any]]:
        self.answer()
        return [{"Name": one} for one in self.found_networks]

    def events(self, kind: str, event: str, until: int) -> list[dict[str, t.Any]]:
        assert (kind, event) == ("network", "destroy")
        return [{"Actor": {"Attributes": {"name": one}}} for one in self.removed]

    def state(self, name: str) -> dict[str, t.Any] | None:
        return RUNNING

    def container(self, name: str) -> dict[str, t.Any]:
        self.answer()
        state = self.state(name)
        if state is None:
            raise NotFound("there is no such container")
        started = {"StartedAt": str(len(self.daemon.killed))}
        return {"State": {**started, **state}, "HostConfig": {"AutoRemove": self.removes_itself}}

    def post(self, resource: str) -> None:
        self.act(resource)

    def signal(self, pid: int, number: int) -> None:
        assert pid == 100 + self.daemon.restarts
        self.act("reload")
        self.daemon.content = self.path.read_bytes()
        if "reload" not in self.fail:
            self.daemon._reload()

    def act(self, name: str) -> None:
        self.done.append(name)

    def systemctl(self, *arguments: str) -> int:
        self.act(" ".join(arguments))
        if arguments[0] != "restart":
            return 0
        how = next((one for one in self.fail if one in ("restart", "dies")), None)
        if how:
            self.fail.remove(how)
            if how == "dies":
                self.daemon.stop()
            return 1
        self.daemon.content = self.path.read_bytes()
        self.daemon._restart(Restart("docker.service", False, self.daemon.containers))
        return 0


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    found = Lab(tmp_path / "daemon.json")
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(daemon_executor, "RELOAD_TIMEOUT", 0.3)
    monkeypatch.setattr(daemon_executor, "systemctl_code", found.systemctl)
    monkeypatch.setattr(daemon_executor, "last_words", lambda *_arguments: "dockerd said: no")
    monkeypatch.setattr(daemon_loaded, "dockerd_pid", lambda path: 100 + found.daemon.restarts)
    monkeypatch.setattr(kernel, "start_ticks", lambda pid: 5)
    monkeypatch.setattr(kernel, "boot_id", lambda: "boot")
    monkeypatch.setattr(kernel, "processes", lambda name: [100])
    monkeypatch.setattr(kernel, "listeners", lambda pid: {"ipv4": [("0.0.0.0", 25)], "ipv6": []})
    monkeypatch.setattr(os, "kill", found.signal)
    return found


def hands_of(lab: Lab, timeout: float = 0.3) -> daemon_executor.DaemonExecutor:
    version = engine_version.parse(lab.daemon.version)
    return daemon_executor.DaemonExecutor(lab, "docker.service", timeout, version)  # type: ignore[arg-type]


def carry_out(lab: Lab, wanted: daemon_plan.Wanted = NAT) -> daemon_executor.DaemonExecutor:
    """A plan carried out, and written down, as the module does."""
    found = host(lab.daemon, path=str(lab.path))
    plan = daemon_plan.plan(str(lab.path), lab.path.read_bytes(), wanted, found.daemon)
    recorder = daemon_executor.Recorder(found, plan)
    executor = hands_of(lab)
    executor.backup_file = recorder.before()
    try:
        rollback_executor.carry_out(plan, rollback_executor.Executor(executor), armed_transaction.Journal())
    except core_refused.RolledBack:
        recorder.back()
        raise
    recorder.after()
    return executor


RESTART = ["reset-failed docker.service docker.socket", "restart docker.service"]


def test_success(lab: Lab) -> None:
    executor = carry_out(lab)
    assert lab.path.read_bytes() == NEW
    assert lab.done == ["reload", *RESTART, "reload"]
    assert (lab.daemon.killed, lab.daemon.live_restore) == ([], False)
    assert Path(executor.backup_file or "").read_bytes() == OLD
    settings = {"cpu-rt-period": 1450, "experimental": True, "ip6tables": True}
    record = change_record.record()
    assert record["daemon"] == {"pid": 101, "boot": "boot", "ticks": 5, "settings": settings}
    assert set(record) == {"daemon", "undo", "guard"}
    assert record["guard"] == []
    assert daemon_undo.original(record["undo"], NEW) == (True, OLD)


def old_state(lab: Lab) -> tuple[t.Any, ...]:
    return lab.path.read_bytes(), lab.daemon.killed, lab.daemon.live_restore, lab.daemon.settings["cpu-rt-period"]


@pytest.mark.parametrize("how", ["restart", "dies"])
def test_restart_that_fails_is_taken_back(lab: Lab, how: str) -> None:
    lab.fail = [how]
    with pytest.raises(core_refused.RolledBack) as reason:
        carry_out(lab)
    assert "systemctl restart docker.service failed. dockerd said: no." in str(reason.value)
    assert str(reason.value).endswith("The old state is back.")
    assert old_state(lab) == (OLD, [], False, 1450)
    # A daemon that is gone is not reloaded, but started with what keeps its containers alive.
    before = [] if how == "dies" else ["reload"]
    assert lab.done == ["reload", *RESTART, *before, *RESTART, "reload"]
    record = change_record.record()
    assert (record["daemon"]["settings"], set(record)) == ({"cpu-rt-period": 1450}, {"daemon"})


@pytest.mark.parametrize("how", [["restart", "restart"], ["dies", "restart"]])
def test_restart_that_fails_twice_says_where_the_old_file_is(lab: Lab, how: list[str]) -> None:
    lab.fail = how
    with pytest.raises(Refused) as reason:
        carry_out(lab)
    assert not isinstance(reason.value, core_refused.RolledBack)
    assert "Not everything could be put back: docker.service: systemctl restart" in str(reason.value)
    assert f"The old file is kept as {lab.path}.dms-ipv6-" in str(reason.value)
    # The next start of the daemon must not kill the containers.
    assert b'"live-restore": true' in lab.path.read_bytes()
    assert (lab.daemon.killed, lab.daemon.live_restore) == ([], True)
    assert change_record.record()["borrowed"] == []


# Of a plan with a reload, a restart and another reload, where all goes well.
CALLS = 12


class Broken:
    """One call of those that a plan makes goes wrong: number ``at``, from 1; ``carried_out`` if it works anyway."""

    def __init__(self, at: int, carried_out: bool) -> None:
        self.at, self.carried_out, self.calls = at, carried_out, 0

    def of(self, call: t.Callable[..., t.Any], code: bool = False) -> t.Callable[..., t.Any]:
        def broken(*arguments: t.Any) -> t.Any:
            self.calls += 1
            if self.calls != self.at:
                return call(*arguments)
            if self.carried_out:
                call(*arguments)
            if code:  # of a program
                return 1
            raise Refused("dockerd does not answer (Connection reset by peer)")

        return broken


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("at", range(1, CALLS + 2))
def test_daemon_that_breaks_its_word_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, at: int, carried_out: bool
) -> None:
    """At each question, signal and restart in turn: the new state is there, or the old one, and no container ended."""
    broken = Broken(at, carried_out)
    for name in ("info", "networks", "container"):
        monkeypatch.setattr(lab, name, broken.of(getattr(lab, name)))
    monkeypatch.setattr(daemon_executor, "systemctl_code", broken.of(lab.systemctl, code=True))
    monkeypatch.setattr(os, "kill", broken.of(lab.signal))
    try:
        carry_out(lab)
    except core_refused.RolledBack:
        assert old_state(lab) == (OLD, [], False, 1450)
    else:
        assert lab.path.read_bytes() == NEW
        assert (lab.daemon.killed, lab.daemon.live_restore) == ([], False)
    assert at <= CALLS or broken.calls == CALLS


def test_reload_that_does_nothing_is_refused(lab: Lab) -> None:
    lab.fail = ["reload"]
    with pytest.raises(core_refused.RolledBack, match="dockerd did not switch live-restore on on reload"):
        carry_out(lab)
    assert old_state(lab) == (OLD, [], False, 1450)
    assert lab.daemon.restarts == 0


def test_file_that_cannot_be_written_changes_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    write = system_files.write
    failing = iter([True])

    def full(path: str, content: bytes | None, **more: t.Any) -> None:
        if path == str(lab.path) and next(failing, False):
            raise Refused("cannot be written: No space left on device", path)
        write(path, content, **more)

    monkeypatch.setattr(system_files, "write", full)
    with pytest.raises(core_refused.RolledBack, match="No space left on device"):
        carry_out(lab)
    assert (lab.path.read_bytes(), lab.daemon.restarts, lab.daemon.live_restore) == (OLD, 0, False)


def test_what_was_borrowed_is_written_down_before_the_reload(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[t.Any] = []

    def look(*arguments: t.Any) -> None:
        seen.append(change_record.record().get("borrowed"))
        lab.signal(*arguments)

    monkeypatch.setattr(os, "kill", look)
    carry_out(lab)
    assert seen == [[], []]


def test_other_engine_after_the_restart_is_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgraded(*arguments: str) -> int:
        code = lab.systemctl(*arguments)
        lab.daemon.version = "28.5.2"
        return code

    monkeypatch.setattr(daemon_executor, "systemctl_code", upgraded)
    with pytest.raises(Refused, match=r"the engine is 28\.5\.2 now, and was to be 26\.1\.5"):
        carry_out(lab)


@pytest.mark.parametrize("version", [None, engine_version.parse("28.5.2")])
def test_engine_that_was_to_change(lab: Lab, version: engine_version.Version | None) -> None:
    executor = hands_of(lab)
    executor.version = version
    lab.daemon.version = "28.5.2"
    executor.restart(Restart("docker.service", False, ()))


def test_containers_that_stopped_are_started_again_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_executor, "POLL", 0.01)
    answers = iter([RUNNING, {"Status": "exited", "ExitCode": 0}, {"Status": "exited", "ExitCode": 0}])
    monkeypatch.setattr(lab, "state", lambda name: next(answers, RUNNING))
    carry_out(lab, CONSENT)
    assert lab.done == [*RESTART, f"/containers/{MAIL.id}/start"]


def test_containers_that_live_on_are_not_started(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ended well by itself while the daemon was away is its own affair."""
    answers = iter([RUNNING])
    monkeypatch.setattr(lab, "state", lambda name: next(answers, {"Status": "exited", "ExitCode": 0}))
    carry_out(lab)
    assert not any("start" in one and "containers" in one for one in lab.done)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Status": "exited", "ExitCode": 1}, "container mail does not run"),
        ({"Status": "running", "ExitCode": 0, "StartedAt": "later"}, "container mail was restarted"),
    ],
)
def test_container_that_stays_away_brings_the_old_file_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, state: dict[str, t.Any] | None, words: str
) -> None:
    monkeypatch.setattr(lab, "state", lambda name: state if lab.daemon.settings.get("ip6tables") else RUNNING)
    with pytest.raises(core_refused.RolledBack, match=words):
        carry_out(lab)
    assert old_state(lab) == (OLD, [], False, 1450)


def test_container_that_removes_itself_may_go(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.removes_itself = True
    monkeypatch.setattr(lab, "state", lambda name: None if lab.daemon.restarts else RUNNING)
    carry_out(lab)
    assert lab.path.read_bytes() == NEW


def test_container_that_is_gone_before_is_not_noted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not missed after the restart, then."""
    monkeypatch.setattr(lab, "state", lambda name: None if name == WEB.id else RUNNING)
    executor = hands_of(lab)
    lab.daemon.containers = (MAIL, WEB)
    executor.restart(Restart("docker.service", False, (MAIL, WEB)))
    assert executor.notes == []


EXITED = {"Status": "exited", "ExitCode": 1}


def test_containers_are_judged_by_how_they_were_before_this_restart(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ended after the first restart is none of the second one's doing."""
    states = {MAIL.id: RUNNING, WEB.id: RUNNING}
    monkeypatch.setattr(lab, "state", states.__getitem__)
    lab.daemon.containers, lab.daemon.live_restore = (MAIL, WEB), True
    lab.path.write_bytes(b'{"live-restore": true}')
    executor = hands_of(lab)
    step = Restart("docker.service", True, (MAIL, WEB))
    executor.restart(step)
    states[MAIL.id] = states[WEB.id] = EXITED
    executor.restart(step)
    assert executor.notes == []


def test_way_back_starts_what_is_down_once_and_does_not_fail(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "state", lambda name: EXITED)
    executor = hands_of(lab)
    executor.restart(Restart("docker.service", True, (MAIL,), back=True))
    assert lab.done == [*RESTART, f"/containers/{MAIL.id}/start"]
    assert executor.notes == ["container mail does not run (exit code 1)"]


def test_hostile_container_costs_two_starts_at_most(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only one on its host ends at the first restart it sees, and at every start after it."""
    monkeypatch.setattr(lab, "state", lambda name: EXITED if lab.daemon.restarts else RUNNING)
    with pytest.raises(core_refused.RolledBack, match=r"container mail does not run \(exit code 1\)"):
        carry_out(lab)
    assert old_state(lab) == (OLD, [], False, 1450)
    assert lab.done.count("restart docker.service") == 2
    assert lab.done.count(f"/containers/{MAIL.id}/start") == 1


def test_container_that_restarts_by_itself_is_not_judged(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"Status": "restarting", "ExitCode": 1}])
    monkeypatch.setattr(lab, "state", lambda name: next(answers, EXITED))
    carry_out(lab)
    assert lab.done.count("restart docker.service") == 1


def test_paused_container_is_paused_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    paused = RunningContainer(MAIL.id, "mail", (), "paused")
    answers = iter([{"Status": "paused", "ExitCode": 0}, {"Status": "exited", "ExitCode": 0}])
    monkeypatch.setattr(lab, "state", lambda name: next(answers, RUNNING))
    hands_of(lab).restart(Restart("docker.service", False, (paused,)))
    assert lab.done == [*RESTART, f"/containers/{MAIL.id}/start", f"/containers/{MAIL.id}/pause"]


def test_containers_that_we_stopped_must_run_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"now": RUNNING}
    monkeypatch.setattr(lab, "state", lambda name: states["now"])
    monkeypatch.setattr(daemon_executor, "Docker", lambda *_arguments: lab)
    executor = hands_of(lab)
    executor.stop(StopContainers((MAIL,)))
    states["now"] = EXITED
    with pytest.raises(Refused, match="container mail does not run"):
        executor.restart(Restart("docker.service", False, (MAIL,)))
    assert lab.done[-1] == f"/containers/{MAIL.id}/start"


@pytest.mark.parametrize("status", ["removing", "dead", "exited"])
def test_container_that_cannot_be_stopped_or_started(lab: Lab, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """409: it is marked for removal. It need not be stopped, and a note says that it does not start."""

    def refused(resource: str) -> None:
        raise Refused(f"POST {resource}: 409 is marked for removal")

    monkeypatch.setattr(lab, "post", refused)
    monkeypatch.setattr(daemon_executor, "Docker", lambda *_arguments: lab)
    monkeypatch.setattr(lab, "state", lambda name: {"Status": status, "ExitCode": 0})
    executor = hands_of(lab)
    executor.stop(StopContainers((MAIL,)))
    executor.start(StartContainers((MAIL,)))
    assert executor.notes == ["container mail does not run (exit code 0)"]
    monkeypatch.setattr(lab, "state", lambda name: RUNNING)
    with pytest.raises(Refused, match="409"):
        executor.stop(StopContainers((MAIL,)))


def test_network_that_was_removed_in_between(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*arguments: str) -> int:
        lab.found_networks, lab.removed = ["bridge"], ["dms-ipv6"]
        return lab.systemctl(*arguments)

    monkeypatch.setattr(daemon_executor, "systemctl_code", lost)
    hands_of(lab).restart(Restart("docker.service", False, ()))


def test_clock_that_is_set_during_a_reload(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """By years, as after a suspend: the time limit is none of its business."""
    monkeypatch.setattr(daemon_executor, "RELOAD_TIMEOUT", 60.0)
    clock = iter(range(0, 10**12, 10**8))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    asked = iter([False, False, False])
    monkeypatch.setattr(lab, "info", lambda: {"ServerVersion": "26.1.5", "LiveRestoreEnabled": next(asked, True)})
    hands_of(lab).reload(Reload(True))


def test_who_is_left_out_is_known_before(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {MAIL.id: None, WEB.id: {"Status": "restarting", "ExitCode": 1}}
    monkeypatch.setattr(lab, "state", states.__getitem__)
    said = daemon_executor.left_out(lab, (MAIL, WEB))  # type: ignore[arg-type]
    assert said == ["container web restarts by itself, and is not judged after the restart"]


def test_ports_must_be_listened_on_again(lab: Lab) -> None:
    container = RunningContainer(MAIL.id, "mail", (25, 143))
    lab.daemon.containers = (container,)
    with pytest.raises(Refused, match="nothing listens on port 143 of container mail"):
        hands_of(lab).restart(Restart("docker.service", False, (container,)))


def test_networks_must_be_there_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*arguments: str) -> int:
        lab.found_networks = ["bridge"]
        return lab.systemctl(*arguments)

    monkeypatch.setattr(daemon_executor, "systemctl_code", lost)
    with pytest.raises(Refused, match="network dms-ipv6 is missing"):
        hands_of(lab).restart(Restart("docker.service", False, ()))


def test_a_service_that_systemd_gave_up_is_started_on_the_way_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few deaths within a minute it starts docker.service no more; nothing would answer then."""
    lab.daemon.stop()

    def systemctl(*arguments: str) -> int:
        lab.act(" ".join(arguments))
        if arguments == ("start", "docker.service"):
            lab.daemon.alive = True
        return 0

    monkeypatch.setattr(daemon_executor, "systemctl_code", systemctl)
    hands_of(lab, timeout=30.0).await_answer()
    assert lab.daemon.alive
    asked = ["is-failed --quiet docker.service", "reset-failed docker.service docker.socket", "start docker.service"]
    assert lab.done == asked


def test_daemon_that_does_not_answer_in_time(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*arguments: str) -> int:
        lab.daemon.stop()
        return 0

    monkeypatch.setattr(daemon_executor, "systemctl_code", silent)
    with pytest.raises(Refused, match="dockerd does not answer"):
        hands_of(lab).restart(Restart("docker.service", False, ()))


@pytest.mark.parametrize(
    ("step", "alive", "done"),
    [
        (Reload(None), True, ["reload"]),
        (Reload(False), True, ["reload"]),
        (Reload(False, if_running=True), True, ["reload"]),
        (Reload(True, if_running=True), False, []),
        (Reload(None, if_running=True), False, []),
    ],
)
def test_reload(lab: Lab, step: Reload, alive: bool, done: list[str]) -> None:
    lab.daemon.alive = alive
    hands_of(lab).reload(step)
    assert lab.done == done


def test_no_remedy_without_a_copy(lab: Lab) -> None:
    assert hands_of(lab).kept() == ""


# --- what is written down


def recorder(lab: Lab, wanted: daemon_plan.Wanted, **more: t.Any) -> daemon_executor.Recorder:
    found = host(lab.daemon, **{"path": str(lab.path), **more})
    return daemon_executor.Recorder(found, daemon_plan.plan(str(lab.path), found.raw, wanted, found.daemon))


KNOWN = {"pid": 100, "boot": "boot", "ticks": 5, "settings": {"cpu-rt-period": 1450}}
STARTING = {"boot": "boot", "ticks": 77, "settings": {"cpu-rt-period": 1450, **NAT.config}}


@pytest.mark.parametrize(
    ("wanted", "more", "record"),
    [
        (NAT, {}, {"daemon": KNOWN, "borrowed": [], "starting": STARTING}),
        (NAT, {"borrowed": [True]}, {"daemon": KNOWN, "borrowed": [True], "starting": STARTING}),
        (CONSENT, {}, {"daemon": KNOWN, "starting": STARTING, "stopped": [MAIL.id]}),
        (
            CONSENT,
            {"borrowed": []},
            {"daemon": KNOWN, "borrowed": [], "starting": STARTING, "stopped": [MAIL.id]},
        ),
        (daemon_plan.Wanted({"debug": True}), {}, {"daemon": KNOWN}),
    ],
)
def test_record_before_the_first_step(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, wanted: t.Any, more: t.Any, record: t.Any
) -> None:
    monkeypatch.setattr(kernel, "ticks_now", lambda: 77)
    change_record.keep(starting={"since": 1.0, "settings": {}})
    used = recorder(lab, wanted, **more)
    copy = used.before()
    # What undo will need is on disk before anything is changed.
    assert change_record.record() == {**record, "undo": daemon_undo.remember(None, used.plan), "guard": []}
    assert Path(copy or "").read_bytes() == OLD


def test_no_copy_where_nothing_is_written(lab: Lab) -> None:
    assert recorder(lab, NAT, raw=None).before() is None
    lab.daemon = Daemon(NEW, {"cpu-rt-period": 1450}, containers=())
    assert recorder(lab, NAT).before() is None


def test_it_is_unknown_what_the_daemon_has_loaded(lab: Lab) -> None:
    lab.daemon.recorded = False
    recorder(lab, daemon_plan.Wanted({"dns": ["fd00::1"]})).before()
    # It is to be restarted because that is unknown.
    assert set(change_record.record()) == {"undo", "guard", "borrowed", "starting"}


@pytest.mark.parametrize("restored", [True, False])
def test_record_after_the_last_step(lab: Lab, restored: bool) -> None:
    change_record.keep(proof={"result": "passed"}, undo=MEMORY if restored else None)
    used = recorder(lab, NAT, record=change_record.record())
    used.restoring = restored
    used.before()
    used.after()
    record = change_record.record()
    assert set(record) == {"daemon", "proof", "guard"} | (set() if restored else {"undo"})
    assert restored or set(record["undo"]["keys"]) == {"experimental", "ip6tables"}
    assert record["daemon"]["settings"] == STARTING["settings"]


MEMORY: dict[str, t.Any] = {"keys": {}, "written": "x", "original": None}


def test_memory_is_the_same_until_all_of_it_is_put_back(lab: Lab) -> None:
    """A run that restores, and dies, leaves what there is to restore."""
    change_record.keep(undo=MEMORY)
    used = recorder(lab, NAT, record=change_record.record())
    used.restoring = True
    used.before()
    assert change_record.record()["undo"] == MEMORY
    used.back()
    assert change_record.record()["undo"] == MEMORY


@pytest.mark.parametrize("before", [{}, {"undo": MEMORY}, {"undo": MEMORY, "guard": [{"kind": "RestoreForwarding"}]}])
def test_record_after_the_way_back(lab: Lab, before: t.Any) -> None:
    change_record.keep(**before)
    used = recorder(lab, NAT, record=change_record.record())
    used.before()
    used.back()
    assert change_record.record() == {"daemon": KNOWN, **before}


@pytest.mark.parametrize("before", [[], [{"kind": "RestoreForwarding"}]])
def test_what_keeps_the_default_route_is_remembered(lab: Lab, before: list[t.Any]) -> None:
    found = host(
        lab.daemon,
        path=str(lab.path),
        networks=(BRIDGE, network()),
        ra_default=("eth0",),
        accept_ra={"eth0": "1"},
        record={"guard": before},
    )
    plan = daemon_on_host.plan_daemon(NAT, found)
    assert plan.guards
    used = daemon_executor.Recorder(found, plan)
    used.before()
    assert [one["kind"] for one in change_record.record()["guard"]] == [
        "RestoreAcceptRa",
        "WriteFile",
        *(one["kind"] for one in before),
    ]
    used.back()
    assert change_record.record()["guard"] == before


def test_copy_is_of_the_users_own_file(lab: Lab) -> None:
    """What an earlier run borrowed, and did not give back, is not in it."""
    lab.daemon.content, lab.daemon.live_restore = b'{"cpu-rt-period": 1450, "live-restore": true}', True
    found = host(lab.daemon, path=str(lab.path), borrowed=[])
    plan = daemon_plan.plan(str(lab.path), found.raw, NAT, found.daemon, [])
    assert Path(daemon_executor.Recorder(found, plan).before() or "").read_bytes() == OLD


# --- programs


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["-H", "fd://"], ["-H", "fd://"]),
        (["--config-file", "/x", "-D"], ["-D"]),
        (["--config-file=/x", "--cpu-rt-period=1"], ["--cpu-rt-period=1"]),
        (["--config-file"], []),
    ],
)
def test_flags_without_the_file(flags: list[str], expected: list[str]) -> None:
    assert daemon_executor.without_config_file(flags) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", ""),
        (b"a\n\nb\n", "dockerd said: a | b"),
        (b"1\n2\n3\n4\n5\n6\n", "dockerd said: 2 | 3 | 4 | 5 | 6"),
        (
            b"x\nlevel=error msg=bad\nfailed to start daemon: y\nz\n",
            "dockerd said: level=error msg=bad | failed to start daemon: y",
        ),
        (b"\xff\n", "dockerd said: �"),
    ],
)
def test_last_words(monkeypatch: pytest.MonkeyPatch, said: bytes, expected: str) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_o: subprocess.CompletedProcess([], 0, said, b""))
    monkeypatch.setattr(daemon_executor, "BETWEEN_LOOKS", 0)
    assert daemon_executor.last_words("docker.service", 1.0) == expected


def test_last_words_that_have_no_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """What 26.1.5 says where the port of its metrics is taken, and what systemd goes on to say."""
    words = "failed to start metrics server: listen tcp 127.0.0.1:9323: bind: address already in use"
    later = "".join(f"docker.service: Scheduled restart job, restart counter is at {one}.\n" for one in range(9))
    said = f"time=x level=info msg=Starting\n{words}\n{later}Failed to start docker.service.\n".encode()
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_o: subprocess.CompletedProcess([], 0, said, b""))
    assert daemon_executor.last_words("docker.service", 1.0) == f"dockerd said: {words}"


def test_a_complaint_that_the_journal_gets_late(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = [b"Stopped.\nFailed to start.\n", b"Stopped.\nFailed to start.\nlevel=fatal msg=no\n"]
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_o: subprocess.CompletedProcess([], 0, logs.pop(0), b""))
    monkeypatch.setattr(daemon_executor, "BETWEEN_LOOKS", 0)
    assert daemon_executor.last_words("docker.service", 1.0) == "dockerd said: level=fatal msg=no"


def test_no_last_words_without_a_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object, **_options: object) -> t.NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(daemon_executor, "BETWEEN_LOOKS", 0)
    assert daemon_executor.last_words("docker.service", 1.0) == ""
    with pytest.raises(Refused, match="there is no systemctl on this host"):
        daemon_executor.systemctl_code("restart", "docker.service")


@pytest.mark.parametrize("code", [0, 1])
def test_validate(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        said = f"unable to configure with file {command[-1]}: unknown: x\n".encode()
        return subprocess.CompletedProcess(command, code, b"", said)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(dockerd, "is_dockerd", lambda pid: pid == 7)
    with pytest.raises(Refused, match="dockerd has ended during the run"):
        daemon_executor.validate(8, "{}", "/etc/docker/daemon.json")
    assert not commands
    monkeypatch.setattr(kernel, "command_line", lambda pid: ["dockerd", "--cpu-rt-period=1", "--config-file=/x"])
    if code:
        with pytest.raises(Refused) as reason:
            daemon_executor.validate(7, "{}", "/etc/docker/daemon.json")
        words = "dockerd would not start with it: unable to configure with file /etc/docker/daemon.json: unknown: x."
        assert words in str(reason.value)
    else:
        daemon_executor.validate(7, "{}", "/etc/docker/daemon.json")
    assert commands[0][:4] == ["/proc/7/exe", "--validate", "--cpu-rt-period=1", "--config-file"]


def test_daemon_that_does_not_run_is_started_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """To ask it through a socket of systemd's would start it as well."""
    asked: list[str] = []
    monkeypatch.setattr(kernel, "processes", lambda name: [])
    monkeypatch.setattr(lab, "answer", lambda: asked.append("asked"))
    lab.fail = ["restart"]
    with pytest.raises(Refused, match=r"systemctl restart docker.service failed"):
        hands_of(lab).restart(Restart("docker.service", True, ()))
    hands_of(lab).reload(Reload(True, if_running=True))
    assert (asked, lab.done) == ([], ["reset-failed docker.service docker.socket", "restart docker.service"])
