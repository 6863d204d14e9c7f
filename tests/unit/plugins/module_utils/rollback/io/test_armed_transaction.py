# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armed transaction on disk, its timer, and the program that undoes it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import subprocess
import sys
import time
import typing as t
import zipfile
from collections.abc import Sequence
from pathlib import Path

import ansible_collections.dms.ipv6.plugins as found_plugins
import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import journal as change_journal
from ansible_collections.dms.ipv6.plugins.module_utils.change import step_json
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import armed as change_armed
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import confirm, lock
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record as change_record
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan
from ansible_collections.dms.ipv6.plugins.module_utils.core import refused
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import steps as daemon_steps
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import loaded as daemon_loaded
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction as rollback_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import archive as rollback_archive
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction, revert
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.pythons import PYTHONS, interpreter

BOOT = "8f7a5b7e"
SYSTEMD = "/etc/systemd/system"


class Host:
    """Its state directory, its units, and the programs that it was to run; it fails at those named."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []
        self.failing: list[str] = []

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def run(self, command: Sequence[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        self.commands.append([*command])
        return subprocess.CompletedProcess(command, int(any(one in command for one in self.failing)), b"", b"no way\n")

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    found = Host(tmp_path)
    (tmp_path / "units").mkdir()
    found.state.mkdir()
    monkeypatch.setattr(system_files, "STATE", str(found.state))
    monkeypatch.setattr(change_armed, "UNITS", str(tmp_path / "units"))
    monkeypatch.setattr(change_armed, "boot_id", lambda: BOOT)
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(subprocess, "run", found.run)
    return found


def arm(**more: t.Any) -> rollback_transaction.Transaction:
    fields: dict[str, t.Any] = {"id": "run", "boot": BOOT, "deadline": time.monotonic() + 60, "within": 60.0}
    transaction = rollback_transaction.Transaction(**{**fields, **more})
    armed_transaction.write(transaction)
    return transaction


def step(path: Path, content: bytes | None = b"old") -> WriteFile:
    return WriteFile(str(path), content, "as it was")


# --- the journal


def test_nothing_is_armed(machine: Host) -> None:
    assert armed_transaction.armed() is None
    journal = armed_transaction.Journal()
    journal.begin(Plan("", ""))
    journal.hold((step(machine.folder),))
    journal.done()
    assert (machine.names(), machine.commands) == ([], [])


def test_transaction_is_read_as_it_was_written(machine: Host) -> None:
    transaction = arm(slots=((step(machine.folder),),), record={"a": [1]})
    assert armed_transaction.armed() == transaction
    assert stat.S_IMODE((machine.state / "transaction.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(("run", "words"), [("", "another run's change"), ("other", "another run's change")])
def test_transaction_of_another_run_is_refused(machine: Host, run: str, words: str) -> None:
    arm(deadline=time.monotonic() + 42)
    with pytest.raises(Refused) as reason:
        armed_transaction.Journal(run)
    assert words in str(reason.value)
    assert "is undone in 42 s otherwise" in str(reason.value)


def test_transaction_that_is_armed_no_more_is_refused(machine: Host) -> None:
    with pytest.raises(Refused, match="the change was not confirmed in time and has been undone"):
        armed_transaction.Journal("run")


def on_disk() -> tuple[t.Any, ...]:
    transaction = armed_transaction.armed()
    assert transaction
    return transaction.slots


def test_steps_back_are_on_disk_before_each_step(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    arm()
    seen: list[t.Any] = []
    steps = tuple(WriteFile(str(machine.folder / name), b"new", "wanted", None, True) for name in ("a", "b"))
    plan = Plan("", "", steps)
    executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(None, "docker.service", 0.0))  # type: ignore[arg-type]
    monkeypatch.setattr(executor, "do", lambda one: seen.append(on_disk()))
    rollback_executor.carry_out(plan, executor, armed_transaction.Journal("run"))
    assert seen == [(plan.back(1),), (plan.back(2),)]


def unfinished() -> t.Any:
    return rollback_transaction.load_steps(change_armed.unfinished_steps().get("unfinished", []))


def test_steps_back_are_kept_without_a_transaction(machine: Host) -> None:
    """What a run leaves behind that dies, the next one finds."""
    one, two = (step(machine.folder / name) for name in ("a", "b"))
    change_record.keep(proof={"result": "passed"})
    journal = armed_transaction.Journal(keeps=True)
    journal.begin(Plan("", ""))
    assert unfinished() == ()
    for back in ((one,), (two, one)):
        journal.hold(back)
        assert unfinished() == back
    journal.done()
    assert (machine.names(), machine.commands) == (["state/record.json"], [])


def test_transaction_is_where_steps_back_are_kept(machine: Host) -> None:
    """Once: the host undoes what is armed by itself."""
    arm()
    journal = armed_transaction.Journal("run", keeps=True)
    journal.begin(Plan("", ""))
    journal.hold((step(machine.folder / "a"),))
    assert on_disk() == ((step(machine.folder / "a"),),)
    assert unfinished() == ()
    journal.done()
    assert on_disk() == ((step(machine.folder / "a"),),)


def test_steps_back_are_kept_before_each_step(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[t.Any] = []
    plan = Plan("", "", writing(machine.folder, 2))
    executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(None, "docker.service", 0.0))  # type: ignore[arg-type]
    monkeypatch.setattr(executor, "do", lambda one: seen.append(unfinished()))

    def after() -> None:
        seen.append(unfinished())  # until it is written down what undo will have to know

    rollback_executor.carry_out(plan, executor, armed_transaction.Journal(keeps=True), after=after)
    assert seen == [plan.back(1), plan.back(2), plan.back(2)]
    assert unfinished() == ()


def writing(folder: Path, count: int) -> tuple[WriteFile, ...]:
    return tuple(WriteFile(str(folder / f"f{number}"), b"new", "wanted", None, True) for number in range(count))


def test_what_was_put_back_at_once_is_not_kept(machine: Host) -> None:
    blocked = machine.folder / "units" / "x"
    blocked.write_bytes(b"no directory")
    steps = [WriteFile(str(path), b"new", "wanted", None, True) for path in (machine.folder / "a", blocked / "y")]
    executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(Docker("/no.sock"), "docker.service", 0.0))
    with pytest.raises(refused.RolledBack):
        rollback_executor.carry_out(Plan("", "", tuple(steps)), executor, armed_transaction.Journal(keeps=True))
    assert (unfinished(), (machine.folder / "a").exists()) == ((), False)


def test_each_module_has_its_own_slot(machine: Host) -> None:
    arm()
    one, two = (step(machine.folder / name) for name in ("a", "b"))
    for each in (one, two):
        journal = armed_transaction.Journal("run")
        journal.begin(Plan("", ""))
        journal.hold((each,))
    assert on_disk() == ((one,), (two,))
    journal.hold(())
    assert on_disk() == ((one,), ())


def test_steps_back_that_are_done_are_noted(machine: Host) -> None:
    arm()
    one, two = (step(machine.folder / name) for name in ("a", "b"))
    journal = armed_transaction.Journal("run")
    journal.begin(Plan("", ""))
    journal.hold((one, two))
    journal.mark()
    assert on_disk() == ((two,),)


def test_time_limit_begins_with_the_last_step(machine: Host) -> None:
    armed = arm(deadline=time.monotonic() + 1, within=90.0)
    journal = armed_transaction.Journal("run")
    journal.begin(Plan("", ""))
    journal.done()
    later = armed_transaction.armed()
    assert later and later.deadline > armed.deadline + 80
    assert machine.commands == []  # the program waits for what is left when the timer is over


def written(machine: Host, monkeypatch: pytest.MonkeyPatch, run: str, count: int) -> int:
    """Bytes that are written for a change of so many steps."""
    sizes: list[int] = []
    pwrite = os.pwrite

    def counted(handle: int, raw: bytes, place: int) -> int:
        sizes.append(len(raw))
        return pwrite(handle, raw, place)

    executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(None, "docker.service", 0.0))  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", counted)
        patch.setattr(executor, "do", lambda one: None)
        plan = Plan("", "", writing(machine.folder, count))
        rollback_executor.carry_out(plan, executor, armed_transaction.Journal(run, keeps=True))
    return sum(sizes)


@pytest.mark.parametrize("run", ["run", ""])
def test_what_is_written_grows_with_the_steps_and_not_with_their_square(
    machine: Host, monkeypatch: pytest.MonkeyPatch, run: str
) -> None:
    """2006 steps took 549 MB."""
    if run:
        arm()
    found = {count: written(machine, monkeypatch, run, count) for count in (100, 400, 2006)}
    assert found[400] < 4.5 * found[100]
    assert found[100] < found[2006] < 1_000_000


def test_room_for_all_of_it_is_there_before_the_first_step(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[t.Any] = []

    def full(_handle: int, _place: int, _size: int) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(None, "docker.service", 0.0))  # type: ignore[arg-type]
    monkeypatch.setattr(executor, "do", done.append)
    for run in ("run", ""):
        if run:
            arm()
        with pytest.raises(Refused, match=r"there is no room for [0-9]+ bytes: No space left on device") as reason:
            rollback_executor.carry_out(
                Plan("", "", writing(machine.folder, 2)), executor, armed_transaction.Journal(run, keeps=True)
            )
        assert (done, reason.value.rolled_back) == ([], False)
        change_armed.disarm()


def test_room_is_enough(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a change writes, on either way, makes the file larger."""
    arm()
    sizes: list[int] = []
    executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(None, "docker.service", 0.0))  # type: ignore[arg-type]
    steps = writing(machine.folder, 30)

    def do(one: t.Any) -> None:
        sizes.append(os.path.getsize(change_armed.journal()))
        if one is steps[-1]:
            raise Refused("no")

    monkeypatch.setattr(executor, "do", do)
    monkeypatch.setattr(executor.daemon, "await_answer", lambda: None)
    with pytest.raises(refused.RolledBack):
        rollback_executor.carry_out(Plan("", "", steps), executor, armed_transaction.Journal("run"))
    assert (len(sizes), len({*sizes, os.path.getsize(change_armed.journal())})) == (60, 1)
    assert on_disk() == ((),)


TIMER = ["systemd-run", "--quiet", "--on-active=90", "--timer-property=AccuracySec=500ms", "--unit=dms-ipv6-revert"]


RESET = ["systemctl", "reset-failed", "dms-ipv6-revert.service"]


def test_timer_is_started(machine: Host) -> None:
    armed_transaction.start_timer(90.0)
    assert machine.commands == [RESET, TIMER]


def test_timer_that_cannot_be_started(machine: Host) -> None:
    """Not at once either: systemd may have one of an earlier run, or remember that there was no such unit."""
    machine.failing = ["systemd-run"]
    with pytest.raises(Refused, match=r"cannot start the timer that undoes the change: no way\."):
        armed_transaction.start_timer(90.0)
    between = [["systemctl", "stop", "dms-ipv6-revert.timer"], ["systemctl", "daemon-reload"]]
    assert machine.commands == [RESET, TIMER, *between, TIMER]


@pytest.mark.parametrize("needed", [True, False])
def test_systemctl(machine: Host, monkeypatch: pytest.MonkeyPatch, needed: bool) -> None:
    machine.failing = ["stop"]
    if needed:
        with pytest.raises(Refused, match=r"systemctl stop x failed: no way\."):
            system_programs.systemctl("stop", "x")
    else:
        system_programs.systemctl("stop", "x", needed=False)

    def missing(*_arguments: object, **_options: object) -> t.NoReturn:
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr(subprocess, "run", missing)
    if needed:
        with pytest.raises(Refused, match="systemctl stop x failed: "):
            system_programs.systemctl("stop", "x")
    else:
        system_programs.systemctl("stop", "x", needed=False)


def test_boot_id() -> None:
    assert armed_transaction.boot_id() == armed_transaction.boot_id() != ""


# --- armed and undone


def test_armed_and_confirmed(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_archive, "build", lambda: b"zip")
    change_record.keep(proof={"result": "passed"})
    assert revert.arm(60.0, "run") == "run"
    assert machine.names() == [
        "state/record.json",
        "state/revert.pyz",
        "state/transaction.journal",
        "state/transaction.json",
        "units/dms-ipv6-revert.service",
        "units/multi-user.target.wants/dms-ipv6-revert.service",
    ]
    assert [command[0] for command in machine.commands] == ["systemctl", "systemd-run"]
    at_boot = machine.folder / "units" / "multi-user.target.wants" / "dms-ipv6-revert.service"
    assert at_boot.resolve() == machine.folder / "units" / "dms-ipv6-revert.service"
    transaction = armed_transaction.armed()
    assert transaction and (transaction.id, transaction.within, transaction.slots) == ("run", 60.0, ())
    assert transaction.record == {"proof": {"result": "passed"}}
    service = (machine.folder / "units" / "dms-ipv6-revert.service").read_text()
    assert f"ExecStart={rollback_archive.interpreter()} -I {machine.state}/revert.pyz\n" in service
    assert f"ConditionPathExists={machine.state}/transaction.json\n" in service
    with pytest.raises(Refused, match="another run's change"):
        revert.arm(60.0, "other")
    change_armed.disarm()
    assert (machine.names(), at_boot.is_symlink()) == (["state/record.json"], False)


def test_ids_differ(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_archive, "build", lambda: b"zip")
    ids = []
    for _time in range(3):
        ids.append(revert.arm(60.0))
        assert change_armed.is_armed(ids[-1])
        change_armed.disarm()
    assert len(set(ids)) == 3


def test_not_armed_without_a_timer(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would count the time down, and every later run would be refused."""
    monkeypatch.setattr(rollback_archive, "build", lambda: b"zip")
    machine.failing = ["systemd-run"]
    with pytest.raises(Refused, match="cannot start the timer that undoes the change: no way"):
        revert.arm(60.0)
    assert armed_transaction.armed() is None
    assert machine.names() == []


def test_undone(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [machine.folder / name for name in ("a", "b")]
    for file in files:
        file.write_bytes(b"new")
    arm(slots=((step(files[0]),), (step(files[1], None),)), record={"proof": {"result": "passed"}})
    change_record.keep(proof={"result": "failed"}, undo={"x": 1})
    assert revert.revert("requested").failed == []
    # Nothing says here that what stood in the daemon's file was ours, so it is kept.
    kept = [name for name in machine.names() if ".dms-ipv6-" in name]
    assert [(machine.folder / name).read_bytes() for name in kept] == [b"new", b"new"]
    assert [name for name in machine.names() if name not in kept] == ["a", "state/record.json"]
    assert files[0].read_bytes() == b"old"
    record = change_record.record()
    assert record["proof"] == {"result": "passed"}
    assert (record["reverted"]["reason"], record["reverted"]["failed"]) == ("requested", [])
    assert (record["reverted"]["transaction"], "left" in record["reverted"]) == ("run", False)
    assert set(record) == {"proof", "reverted"}
    assert revert.revert("requested").failed == []


def test_what_cannot_be_undone_stays_armed(machine: Host) -> None:
    """One module's failure does not keep the others' changes from being undone."""
    bad, good = machine.folder / "units" / "x" / "y", machine.folder / "a"
    (machine.folder / "units" / "x").write_bytes(b"no directory")
    arm(slots=((step(good),), (step(bad),)))
    (problem,) = revert.revert("requested").failed
    assert problem.startswith(f"{bad}: cannot be written")
    assert good.read_bytes() == b"old"
    assert armed_transaction.armed() is not None
    assert change_record.record()["reverted"]["failed"] == [problem]


def test_module_ends_its_own_way_back_at_the_first_failure(machine: Host) -> None:
    bad, late, good = machine.folder / "units" / "x" / "y", machine.folder / "late", machine.folder / "good"
    (machine.folder / "units" / "x").write_bytes(b"no directory")
    arm(slots=((step(good),), (step(bad), step(late))))
    (problem,) = revert.revert("requested").failed
    assert problem.startswith(f"{bad}: cannot be written")
    assert (good.exists(), late.exists()) == (True, False)


def test_daemon_that_was_restarted_is_recorded(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[t.Any] = []
    entry = {"pid": 7, "started": 1.0, "settings": {}}
    restart = daemon_steps.Restart("docker.service", True, ())
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "restart", lambda self, one: done.append(one))
    monkeypatch.setattr(daemon_loaded, "read_by_daemon", lambda _socket, _config: entry)
    arm(slots=((restart,),), record={"daemon": {"pid": 1}})
    assert revert.revert("requested").failed == []
    assert (done, change_record.record()["daemon"]) == ([restart], entry)


@pytest.mark.parametrize(("boot", "seconds"), [(BOOT, -1.0), (BOOT, 0.2), ("another boot", 60.0)])
def test_the_program_undoes_what_is_due(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, boot: str, seconds: float
) -> None:
    monkeypatch.setattr(lock, "LOCK", str(machine.folder / "lock"))
    arm(boot=boot, deadline=time.monotonic() + seconds, slots=((step(machine.folder / "a"),),))
    revert.main()
    assert capsys.readouterr().out == "the change was not confirmed and has been undone\n"
    assert change_record.record()["reverted"]["reason"] == "not confirmed within 60 s"
    assert (machine.folder / "a").exists()
    assert armed_transaction.armed() is None


def test_the_program_waits_for_the_time_limit(machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any) -> None:
    """It is free to be confirmed until then; the lock is not held."""
    monkeypatch.setattr(lock, "LOCK", str(machine.folder / "lock"))
    arm(deadline=time.monotonic() + 60, slots=((step(machine.folder / "a"),),))
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        with lock.lock():
            change_armed.disarm()

    monkeypatch.setattr(time, "sleep", sleep)
    revert.main()
    assert (len(waited), waited[0] > 55) == (1, True)
    assert (capsys.readouterr().out, (machine.folder / "a").exists()) == ("", False)


class Clock:
    """Time passes only where it is waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waited: list[float] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.waited.append(round(seconds))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


RESTART = daemon_steps.Restart("docker.service", True, ())


class Daemon:
    """Counts its starts; it is healthy at the one that is named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, healthy_at: int) -> None:
        self.starts, self.healthy_at = 0, healthy_at
        monkeypatch.setattr(daemon_executor.DaemonExecutor, "restart", lambda executor, step: self.restart())
        monkeypatch.setattr(daemon_loaded, "read_by_daemon", lambda _socket, _config: {"pid": self.starts})

    def restart(self) -> None:
        self.starts += 1
        if self.starts < self.healthy_at:
            raise Refused("it is not healthy")


def ended(capsys: t.Any) -> tuple[int, list[str]]:
    """The program's exit code, and what it says."""
    code = 0
    try:
        revert.main()
    except SystemExit as end:
        code = t.cast("int", end.code)
    return code, capsys.readouterr().out.splitlines()


def test_attempts_are_few_and_further_and_further_apart(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, clock: Clock
) -> None:
    daemon = Daemon(monkeypatch, healthy_at=99)
    file = machine.folder / "a"
    arm(deadline=0.0, slots=((step(file), RESTART, step(machine.folder / "b")),), record={"proof": {}})
    code, said = ended(capsys)
    assert (daemon.starts, clock.waited) == (4, [30, 120, 480])
    assert (code, said[-1]) == (3, revert.GAVE_UP)
    # Nothing is armed, and no unit is left that would start it again.
    assert (armed_transaction.armed(), os.path.lexists(change_armed.link())) == (None, False)
    assert machine.names() == [
        "a", "lock", "state/record.json", "state/transaction.failed.journal", "state/transaction.failed.json"
    ]  # fmt: skip
    record = change_record.record()["reverted"]
    assert (record["gave_up"], record["failed"], record["transaction"]) == (True, ["it is not healthy."], "run")
    assert record["left"] == ["restart docker.service; no container is running", f"write {machine.folder}/b: as it was"]
    assert change_record.record()["proof"] == {}
    assert ended(capsys) == (0, [])
    # Once the cause is gone, it is started again and goes on where it stopped.
    daemon.healthy_at = 0
    file.write_bytes(b"edited since")
    assert revert.again("other") is False
    assert revert.again("run") is True
    assert revert.revert("requested").failed == []
    assert (daemon.starts, file.read_bytes(), (machine.folder / "b").read_bytes()) == (5, b"edited since", b"old")
    assert ("gave_up" in change_record.record()["reverted"], change_record.record()["daemon"]) == (False, {"pid": 5})
    assert machine.names() == ["a", "b", "lock", "state/record.json"]


@pytest.mark.parametrize("healthy_at", [1, 2, 3, 4])
def test_restart_that_was_healthy_is_not_repeated(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, clock: Clock, healthy_at: int
) -> None:
    """What comes behind it, or in another module's part, may fail; the attempts go on behind it."""
    daemon = Daemon(monkeypatch, healthy_at)
    late = machine.folder / "units" / "x" / "y"
    (machine.folder / "units" / "x").write_bytes(b"no directory")
    arm(deadline=0.0, slots=((step(late),), (RESTART, step(late))))
    assert ended(capsys)[0] == 3
    assert (daemon.starts, len(clock.waited)) == (healthy_at, 3)


@pytest.mark.parametrize("killed_at", [1, 2, 3])
def test_attempts_are_counted_if_the_program_dies(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, clock: Clock, killed_at: int
) -> None:
    daemon = Daemon(monkeypatch, healthy_at=99)
    arm(deadline=0.0, slots=((RESTART,),))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(time, "sleep", lambda seconds: killed(clock, killed_at, daemon, seconds))
        revert.main()
    assert ended(capsys)[0] == 3
    assert (daemon.starts, sum(clock.waited)) == (4, 630)


def killed(clock: Clock, when: int, daemon: Daemon, seconds: float) -> None:
    if daemon.starts == when:
        raise KeyboardInterrupt
    clock.sleep(seconds)


def test_attempts_end_where_they_cannot_be_counted_on_disk(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, clock: Clock
) -> None:
    daemon = Daemon(monkeypatch, healthy_at=99)
    arm(deadline=0.0, slots=((RESTART,),))
    monkeypatch.setattr(os, "pwrite", full)
    assert ended(capsys)[0] == 3
    assert (daemon.starts, clock.waited, armed_transaction.armed()) == (4, [30, 120, 480], None)


def full(*_arguments: t.Any, **_more: t.Any) -> t.NoReturn:
    raise OSError(28, "No space left on device")


class Disk:
    """Two file systems: writes to the one that is full fail from the Nth on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, below: Path, number: int) -> None:
        self.below, self.number, self.writes = str(below), number, 0
        self.write, self.append = system_files.write, armed_transaction.append
        monkeypatch.setattr(system_files, "write", self.replaced)
        monkeypatch.setattr(armed_transaction, "append", self.appended)

    def check(self, path: str) -> None:
        if path.startswith(self.below):
            self.writes += 1
            if self.writes >= self.number:
                raise Refused("cannot be written: No space left on device", path, "The old file is as it was")

    def replaced(self, path: str, content: bytes | None, mode: int = 0o644) -> None:
        if content is not None:
            self.check(path)
        self.write(path, content, mode)

    def appended(self, path: str, end: int, lines: bytes) -> int:
        self.check(path)
        return self.append(path, end, lines)


BOUNDARIES = range(1, 16)


@pytest.mark.parametrize(
    ("full_side", "number"), [*((side, number) for side in ("state", "root") for number in BOUNDARIES), ("neither", 1)]
)
def test_nothing_stays_armed_because_a_disk_is_full(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, clock: Clock, full_side: str, number: int
) -> None:
    """/var full and / not, and the other way round, from each write of the change and its way back on."""
    monkeypatch.setattr(rollback_archive, "build", lambda: b"zip")
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda executor: None)
    daemon = Daemon(monkeypatch, healthy_at=0)
    root = machine.folder / "root"
    root.mkdir()
    (root / "a").write_bytes(b"old")
    steps = (WriteFile(str(root / "a"), b"new", "", b"old", True), WriteFile(str(root / "b"), b"new", "", None, True))
    Disk(monkeypatch, {"state": machine.state, "root": root}.get(full_side, machine.folder / "none"), number)
    with contextlib.suppress(Refused):
        revert.arm(60.0, "run")
        executor = rollback_executor.Executor(daemon_executor.DaemonExecutor(Docker("/no.sock"), "docker.service", 0.0))
        rollback_executor.carry_out(Plan("", "", (*steps, RESTART)), executor, armed_transaction.Journal("run"))
    _code, said = ended(capsys)
    assert (armed_transaction.armed(), os.path.lexists(change_armed.link())) == (None, False)
    assert clock.now < 2000
    if full_side != "root":  # nothing keeps the steps back from being done
        assert ((root / "a").read_bytes(), (root / "b").exists()) == (b"old", False)
    assert daemon.starts <= 1
    if said and full_side == "state" and _code == 0:
        assert said[-1] == "the change was not confirmed and has been undone"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"id": "run"}',
        b'{"format": 2, "id": "run"}',
        b'{"format": 1, "id": "run", "boot": "x", "deadline": 0, "within": 5, "record": {}, "slots": []}',
        b'{"id": "run", "boot": "x", "deadline": "soon", "within": 5}',
        b'{"id": "run", "boot": "x", "deadline": 0, "within": 5, "slots": [[{"kind": "System"}]]}',
        b'{"id": "run", "boot": "x", "deadline": 0, "within": 5, "slots": [7]}',
    ],
)
def test_a_file_that_is_not_understood_ends_in_one_line(machine: Host, capsys: t.Any, clock: Clock, raw: bytes) -> None:
    """Of the program, which does not begin again, and of every run."""
    (machine.state / "transaction.json").write_bytes(raw)
    code, said = ended(capsys)
    assert (code, len(said), clock.waited) == (3, 1, [])
    assert said[0].startswith(f"{machine.state}/transaction.")
    with pytest.raises(Refused) as reason:
        revert.settle("", dry=False)
    assert reason.value.where.startswith(f"{machine.state}/transaction.")
    assert reason.value.remedy


@pytest.mark.parametrize("boot", [BOOT, "another boot"])
@pytest.mark.parametrize("run", ["", "another run"])
def test_overdue_transaction_is_taken_back_by_the_next_run(machine: Host, boot: str, run: str) -> None:
    """Its run died before the timer was started, or the timer was stopped."""
    old = machine.state / "program.pyz"
    old.write_bytes(b"an older version's")
    arm(boot=boot, deadline=time.monotonic() - 1 if boot == BOOT else 1e12, slots=((step(machine.folder / "a"),),))
    assert "a run takes it back first" in " ".join(revert.settle("", dry=True))
    assert (old.exists(), (machine.folder / "a").exists()) == (True, False)
    if run:
        with pytest.raises(Refused, match="was not confirmed in time and has been undone"):
            revert.settle(run, dry=False)
    else:
        (warning,) = revert.settle("", dry=False)
        assert "was not confirmed in time; it was taken back first" in warning
    assert ((machine.folder / "a").read_bytes(), armed_transaction.armed(), old.exists()) == (b"old", None, False)
    assert revert.settle("", dry=False) == []


def test_change_with_time_left_is_not_touched_by_another_run(machine: Host) -> None:
    arm(slots=((step(machine.folder / "a"),),))
    for dry in (True, False):
        with pytest.raises(Refused, match="is undone in 60 s otherwise"):
            revert.settle("", dry)
        assert revert.settle("run", dry) == []
    assert not (machine.folder / "a").exists()


def test_change_whose_way_back_has_begun_is_not_confirmed(machine: Host) -> None:
    """Half of it is not a change that you wanted."""
    (machine.folder / "units" / "x").write_bytes(b"no directory")
    arm(slots=((step(machine.folder / "units" / "x" / "y"),),))
    assert revert.revert("requested").pause > 25
    with pytest.raises(Refused, match="was not confirmed in time and is being undone"):
        change_armed.stored("run")


def test_what_a_change_was_made_with_takes_it_back(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[t.Any] = []
    monkeypatch.setattr(
        daemon_executor.DaemonExecutor,
        "restart",
        lambda executor, step: used.append((executor.docker.path, executor.unit, executor.timeout)),
    )
    monkeypatch.setattr(daemon_loaded, "read_by_daemon", lambda *made: used.append(made))
    arm()
    for made in (change_journal.Made("/run/2.sock", "second.service", "/etc/second.json", 7.0), change_journal.Made()):
        journal = armed_transaction.Journal("run", made_with=made)
        journal.begin(Plan("", ""))
        journal.hold((RESTART,))
    assert revert.revert("requested").failed == []
    assert used == [
        ("/var/run/docker.sock", "docker.service", 120.0),
        ("/run/2.sock", "second.service", 7.0),
        ("/var/run/docker.sock", "/etc/docker/daemon.json"),
    ]


def test_what_the_run_wrote_is_no_edit_of_others(machine: Host) -> None:
    """The program for the way back knows it by the journal; anything else in the daemon's file is kept beside it."""
    file = machine.folder / "daemon.json"
    for there, kept in ((b"new", []), (b"theirs", [b"theirs"])):
        file.write_bytes(there)
        arm()
        journal = armed_transaction.Journal("run")
        journal.begin(Plan("", ""))
        journal.hold((step(file),), False, step(file, b"new"))
        outcome = revert.revert("requested")
        assert (outcome.failed, file.read_bytes()) == ([], b"old")
        copies = [one for one in machine.folder.iterdir() if one.name.startswith("daemon.json.dms-ipv6-")]
        assert [one.read_bytes() for one in copies] == kept
        assert [one.startswith(f"What stood in {file}") for one in outcome.notes] == [True] * len(kept)


def test_older_versions_transaction_is_understood(machine: Host) -> None:
    """It has no journal, and no format."""
    for name in ("a", "b"):
        (machine.folder / name).write_bytes(b"new")
    old = {"id": "run", "boot": BOOT, "deadline": 1e12, "within": 60.0, "record": {"proof": {}}}
    old["slots"] = [step_json.dump_steps((step(machine.folder / "a"), step(machine.folder / "b", None)))]
    (machine.state / "transaction.json").write_text(json.dumps(old))
    journal = armed_transaction.Journal("run")
    journal.begin(Plan("", ""))
    journal.hold((step(machine.folder / "c"),))
    assert [len(slot) for slot in on_disk()] == [2, 1]
    assert revert.revert("requested").failed == []
    # It does not say what was written, so what stood there is kept.
    assert [name for name in machine.names() if ".dms-ipv6-" not in name] == ["a", "c", "state/record.json"]


def test_what_was_given_up_is_forgotten_once_a_change_is_confirmed(machine: Host) -> None:
    arm()
    change_armed.give_up()
    change_record.keep(reverted={"gave_up": True, "failed": ["x"]})
    assert armed_transaction.armed() is None
    arm(id="later")
    confirm.confirm("later", "")
    assert machine.names() == ["lock", "state/record.json"]
    assert change_record.record()["reverted"] == {"gave_up": False, "failed": ["x"]}


def test_record_that_cannot_be_written_is_a_note(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    arm(slots=((step(machine.folder / "a"),),))
    monkeypatch.setattr(change_record, "replace_record", full)
    outcome = revert.revert("requested")
    assert (outcome.failed, outcome.notes) == (
        [], ["It could not be written down: Unexpected error: OSError: [Errno 28] No space left on device."]
    )  # fmt: skip
    assert armed_transaction.armed() is None


# --- the Python that runs it


def test_path_that_is_roots_all_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owners: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "lstat", lambda path: os.stat_result((owners[path][1], 0, 0, 0, owners[path][0], *5 * [0])))
    good = {"/": (0, 0o40755), "/usr": (0, 0o40755), "/usr/python": (0, 0o100755)}
    owners.update(good)
    assert rollback_archive.is_roots("/usr/python")
    for path in good:
        for bad in ((1000, good[path][1]), (0, good[path][1] | 0o020), (0, good[path][1] | 0o002), (0, 0o41777)):
            owners.update({**good, path: bad})
            assert not rollback_archive.is_roots("/usr/python"), (path, bad)


@pytest.mark.parametrize("new", [True, False])
def test_interpreter_in_a_folder_of_a_users(monkeypatch: pytest.MonkeyPatch, machine: Host, new: bool) -> None:
    """A virtual environment below /tmp: the distribution's own runs the program, or nothing is armed."""
    monkeypatch.setattr(sys, "executable", "/tmp/venv/bin/python")
    monkeypatch.setattr(rollback_archive, "is_roots", lambda path: not path.startswith("/tmp"))
    machine.failing = [] if new else ["-I"]
    if new:
        assert rollback_archive.interpreter() == os.path.realpath("/usr/bin/python3")
    else:
        with pytest.raises(Refused, match=r"^/tmp/venv/bin/python: others than root can change this Python"):
            revert.arm(60.0)
        assert machine.names() == []


def test_program_without_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_path: t.Any) -> t.NoReturn:
        raise OSError(2, "No such file")

    monkeypatch.setattr(os, "walk", gone)
    with pytest.raises(Refused, match=r"our own files cannot be read \(.*No such file.*\), so the host could not undo"):
        rollback_archive.build()


# --- the program as one file, run by interpreters that know nothing of us

MAKE = (
    "import sys; from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import archive, revert;"
    " sys.stdout.buffer.write(archive.build())"
)


@pytest.fixture(scope="module")
def made() -> bytes:
    """The program, made by a process that has imported nothing else, as a module's is on a host."""
    collections = str(Path(next(iter(found_plugins.__path__))).parents[3])
    environment = {**os.environ, "PYTHONPATH": collections}
    return subprocess.run([sys.executable, "-c", MAKE], check=True, capture_output=True, env=environment).stdout


@pytest.fixture
def program(made: bytes, tmp_path: Path) -> Path:
    """The program with the host's paths below a folder of the test's own."""
    places = {
        '"/var/lib/dms-ipv6"': f'"{tmp_path}/state"',
        '"/run/dms-ipv6-change.lock"': f'"{tmp_path}/lock"',
        SYSTEMD: f"{tmp_path}/units",
        '"/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"': '""',
    }
    path = tmp_path / "revert.pyz"
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(path, "w") as new:
        for name in (one for one in old.namelist() if not one.endswith(".pyc")):
            text = old.read(name).decode()
            for place, below in places.items():
                text = text.replace(place, below)
            new.writestr(name, text)
    for folder in ("state", "units", "bin"):
        (tmp_path / folder).mkdir()
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    systemctl.chmod(0o755)
    return path


def run_program(program: Path, number: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it in an empty environment, away from any checkout."""
    environment = {"PATH": f"{program.parent}/bin:/usr/bin:/bin"}
    command = [interpreter(number), "-I", str(program), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=program.parent)


@PYTHONS
def test_program_without_a_transaction(program: Path, number: int) -> None:
    done = run_program(program, number)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@PYTHONS
@pytest.mark.parametrize(("boot", "seconds"), [("another boot", 60), (None, -1), (None, 0.5)])
def test_program_undoes_a_transaction(
    program: Path, monkeypatch: pytest.MonkeyPatch, number: int, boot: str | None, seconds: float
) -> None:
    state, file = program.parent / "state", program.parent / "file"
    file.write_bytes(b"new")
    monkeypatch.setattr(system_files, "STATE", str(state))
    armed_transaction.write(
        rollback_transaction.Transaction(
            "run",
            boot or armed_transaction.boot_id(),
            time.monotonic() + seconds,
            60.0,
            {"proof": {}},
            ((step(file, b"old \xff"),),),
        )
    )
    done = run_program(program, number)
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_bytes() == b"old \xff"
    assert not (state / "transaction.json").exists()
    assert done.stdout.endswith("the change was not confirmed and has been undone\n")
    assert json.loads((state / "record.json").read_text())["reverted"]["reason"] == "not confirmed within 60 s"
    assert (program.parent / "asked").read_text().splitlines() == ["stop dms-ipv6-revert.timer", "daemon-reload"]


def test_program_holds_only_our_own_modules(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    ours = "ansible_collections/dms/ipv6/plugins/module_utils/"
    rest = [name for name in names if not name.startswith(ours)]
    assert [name for name in rest if not name.endswith("__init__.py")] == ["__main__.py"]
    assert f"{ours}rollback/io/revert.py" in names


def test_record_says_its_format_and_that_of_a_newer_version_is_not_written_over(machine: Host) -> None:
    change_record.keep(proof={})
    file = machine.state / "record.json"
    assert (json.loads(file.read_text()), change_record.record()) == ({"format": 1, "proof": {}}, {"proof": {}})
    newer = '{"format": 2, "proofs": []}'
    file.write_text(newer)
    with pytest.raises(Refused, match=r"it has format 2, and this version knows 1. Use the version of dms.ipv6 that"):
        change_record.keep(proof={})
    assert file.read_text() == newer


@pytest.mark.parametrize("missing", ["systemctl", "systemd-run"])
def test_a_host_that_could_not_take_a_change_back(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(rollback_archive, "interpreter", lambda: "/usr/bin/python3")
    monkeypatch.setattr(system_programs, "where", lambda name: f"/usr/bin/{name}")
    revert.refuse_unable()
    monkeypatch.setattr(system_programs, "where", lambda name: "" if name == missing else f"/usr/bin/{name}")
    with pytest.raises(Refused, match=f"there is no {missing} on this host. Only hosts with systemd are supported"):
        revert.refuse_unable()
