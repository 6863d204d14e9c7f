# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armed transaction on disk, its timer, and the program that undoes it."""

from __future__ import annotations

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
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_steps,
    _io_armed,
    _io_daemon,
    _io_files,
    _io_found,
    _io_lock,
    _io_program,
    _io_pyz,
    _io_record,
    _io_revert,
    _io_steps,
    _io_transaction,
    _refused,
    _transaction,
)
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.pythons import PYTHONS, interpreter

BOOT = "8f7a5b7e"
SYSTEMD = "/etc/systemd/system"


class Host:
    """Its state directory, its units, and the programs it was asked to run; it fails at those named."""

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
    monkeypatch.setattr(_io_files, "STATE", str(found.state))
    monkeypatch.setattr(_io_armed, "UNITS", str(tmp_path / "units"))
    monkeypatch.setattr(_io_transaction, "boot_id", lambda: BOOT)
    monkeypatch.setattr(subprocess, "run", found.run)
    return found


def arm(**more: t.Any) -> _transaction.Transaction:
    fields: dict[str, t.Any] = {"id": "run", "boot": BOOT, "deadline": time.monotonic() + 60, "within": 60.0}
    transaction = _transaction.Transaction(**{**fields, **more})
    _io_transaction.write(transaction)
    return transaction


def step(path: Path, content: bytes | None = b"old") -> WriteFile:
    return WriteFile(str(path), content, "as it was")


# --- the journal


def test_nothing_is_armed(machine: Host) -> None:
    assert _io_transaction.armed() is None
    journal = _io_transaction.Journal()
    journal.hold((step(machine.folder),))
    journal.done()
    assert (machine.names(), machine.commands) == ([], [])


def test_transaction_is_read_as_it_was_written(machine: Host) -> None:
    transaction = arm(slots=((step(machine.folder),),), record={"a": [1]})
    assert _io_transaction.armed() == transaction
    assert stat.S_IMODE((machine.state / "transaction.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(("run", "words"), [("", "another run's change"), ("other", "another run's change")])
def test_transaction_of_another_run_is_refused(machine: Host, run: str, words: str) -> None:
    arm(deadline=time.monotonic() + 42)
    with pytest.raises(Refused) as reason:
        _io_transaction.Journal(run)
    assert words in str(reason.value)
    assert "is undone in 42 s otherwise" in str(reason.value)


def test_time_that_is_over_is_not_told_as_negative(machine: Host) -> None:
    arm(deadline=time.monotonic() - 42)
    with pytest.raises(Refused, match="is undone in 0 s otherwise"):
        _io_transaction.Journal()


def test_transaction_that_is_armed_no_more_is_refused(machine: Host) -> None:
    with pytest.raises(Refused, match="the change was not confirmed in time and has been undone"):
        _io_transaction.Journal("run")


def on_disk() -> tuple[t.Any, ...]:
    transaction = _io_transaction.armed()
    assert transaction
    return transaction.slots


def test_steps_back_are_on_disk_before_each_step(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    arm()
    seen: list[t.Any] = []
    steps = tuple(WriteFile(str(machine.folder / name), b"new", "wanted", None, True) for name in ("a", "b"))
    plan = Plan("", "", steps)
    hands = _io_steps.Hands(_io_daemon.DaemonHands(None, "docker.service", 0.0))  # type: ignore[arg-type]
    monkeypatch.setattr(hands, "do", lambda one: seen.append(on_disk()))
    _io_steps.carry_out(plan, hands, _io_transaction.Journal("run"))
    assert seen == [(plan.back(1),), (plan.back(2),)]


def unfinished() -> t.Any:
    return _io_record.record().get("unfinished")


def test_steps_back_are_kept_without_a_transaction(machine: Host) -> None:
    """What a run leaves behind that dies, the next one finds."""
    one, two = (step(machine.folder / name) for name in ("a", "b"))
    _io_record.keep(proof={"result": "passed"})
    journal = _io_transaction.Journal(keeps=True)
    assert unfinished() is None
    for back in ((one,), (two, one)):
        journal.hold(back)
        assert _transaction.load_steps(unfinished()) == back
    journal.done()
    assert (_io_record.record(), machine.commands) == ({"proof": {"result": "passed"}}, [])


@pytest.mark.parametrize("keeps", [True, False])
def test_nothing_is_kept_where_nothing_is_to_be_taken_back(machine: Host, keeps: bool) -> None:
    journal = _io_transaction.Journal(keeps=keeps)
    journal.hold((step(machine.folder / "a"),))
    assert (unfinished() is not None) is keeps
    journal.hold(())
    assert unfinished() is None


def test_transaction_is_where_steps_back_are_kept(machine: Host) -> None:
    """Once: the host undoes what is armed by itself."""
    arm()
    journal = _io_transaction.Journal("run", keeps=True)
    journal.hold((step(machine.folder / "a"),))
    assert on_disk() == ((step(machine.folder / "a"),),)
    assert unfinished() is None
    journal.done()
    assert on_disk() == ((step(machine.folder / "a"),),)


def test_steps_back_are_kept_before_each_step(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[t.Any] = []
    steps = tuple(WriteFile(str(machine.folder / name), b"new", "wanted", None, True) for name in ("a", "b"))
    plan = Plan("", "", steps)
    hands = _io_steps.Hands(_io_daemon.DaemonHands(None, "docker.service", 0.0))  # type: ignore[arg-type]
    monkeypatch.setattr(hands, "do", lambda one: seen.append(_transaction.load_steps(unfinished())))
    _io_steps.carry_out(plan, hands, _io_transaction.Journal(keeps=True))
    assert seen == [plan.back(1), plan.back(2)]
    # Until whoever carried it out has written down what undo will have to know.
    assert _transaction.load_steps(unfinished()) == plan.back(2)


def test_what_was_put_back_at_once_is_not_kept(machine: Host) -> None:
    blocked = machine.folder / "units" / "x"
    blocked.write_bytes(b"no directory")
    steps = [WriteFile(str(path), b"new", "wanted", None, True) for path in (machine.folder / "a", blocked / "y")]
    hands = _io_steps.Hands(_io_daemon.DaemonHands(Docker("/no.sock"), "docker.service", 0.0))
    with pytest.raises(_refused.RolledBack):
        _io_steps.carry_out(Plan("", "", tuple(steps)), hands, _io_transaction.Journal(keeps=True))
    assert (unfinished(), (machine.folder / "a").exists()) == (None, False)


def test_each_module_has_its_own_slot(machine: Host) -> None:
    arm()
    one, two = (step(machine.folder / name) for name in ("a", "b"))
    first = _io_transaction.Journal("run")
    first.hold((one,))
    second = _io_transaction.Journal("run")
    second.hold((two,))
    assert on_disk() == ((one,), (two,))
    second.hold(())
    assert on_disk() == ((one,), ())


def test_time_limit_begins_with_the_last_step(machine: Host) -> None:
    armed = arm(deadline=time.monotonic() + 1, within=90.0)
    _io_transaction.Journal("run").done()
    later = _io_transaction.armed()
    assert later and later.deadline > armed.deadline + 80
    assert machine.commands == []  # the program waits for what is left when the timer is over


TIMER = ["systemd-run", "--quiet", "--on-active=90", "--timer-property=AccuracySec=500ms", "--unit=dms-ipv6-revert"]


def test_timer_is_started(machine: Host) -> None:
    _io_transaction.start_timer(90.0)
    assert machine.commands == [TIMER]


def test_timer_that_cannot_be_started(machine: Host) -> None:
    """Not at once either: systemd may have one of an earlier run, or remember that there was no such unit."""
    machine.failing = ["systemd-run"]
    with pytest.raises(Refused, match=r"cannot start the timer that undoes the change: no way\."):
        _io_transaction.start_timer(90.0)
    between = [["systemctl", "stop", "dms-ipv6-revert.timer"], ["systemctl", "daemon-reload"]]
    assert machine.commands == [TIMER, *between, TIMER]


@pytest.mark.parametrize("needed", [True, False])
def test_systemctl(machine: Host, monkeypatch: pytest.MonkeyPatch, needed: bool) -> None:
    machine.failing = ["stop"]
    if needed:
        with pytest.raises(Refused, match=r"systemctl stop x failed: no way\."):
            _io_program.systemctl("stop", "x")
    else:
        _io_program.systemctl("stop", "x", needed=False)

    def missing(*_arguments: object, **_options: object) -> t.NoReturn:
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr(subprocess, "run", missing)
    if needed:
        with pytest.raises(Refused, match="systemctl stop x failed: "):
            _io_program.systemctl("stop", "x")
    else:
        _io_program.systemctl("stop", "x", needed=False)


def test_boot_id() -> None:
    assert _io_transaction.boot_id() == _io_transaction.boot_id() != ""


# --- armed and undone


def test_armed_and_confirmed(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_io_pyz, "build", lambda: b"zip")
    _io_record.keep(proof={"result": "passed"})
    assert _io_revert.arm(60.0, "run") == "run"
    assert machine.names() == [
        "state/record.json",
        "state/revert.pyz",
        "state/transaction.json",
        "units/dms-ipv6-revert.service",
        "units/multi-user.target.wants/dms-ipv6-revert.service",
    ]
    assert [command[0] for command in machine.commands] == ["systemd-run"]
    at_boot = machine.folder / "units" / "multi-user.target.wants" / "dms-ipv6-revert.service"
    assert at_boot.resolve() == machine.folder / "units" / "dms-ipv6-revert.service"
    transaction = _io_transaction.armed()
    assert transaction and (transaction.id, transaction.within, transaction.slots) == ("run", 60.0, ())
    assert transaction.record == {"proof": {"result": "passed"}}
    service = (machine.folder / "units" / "dms-ipv6-revert.service").read_text()
    assert f"ExecStart={sys.executable} {machine.state}/revert.pyz\n" in service
    assert f"ConditionPathExists={machine.state}/transaction.json\n" in service
    with pytest.raises(Refused, match="another run's change"):
        _io_revert.arm(60.0, "other")
    _io_armed.disarm()
    assert (machine.names(), at_boot.is_symlink()) == (["state/record.json"], False)


def test_ids_differ(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_io_pyz, "build", lambda: b"zip")
    ids = []
    for _time in range(3):
        ids.append(_io_revert.arm(60.0))
        assert _io_armed.is_armed(ids[-1])
        _io_armed.disarm()
    assert len(set(ids)) == 3


def test_not_armed_without_a_timer(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would count the time down, and every later run would be refused."""
    monkeypatch.setattr(_io_pyz, "build", lambda: b"zip")
    machine.failing = ["systemd-run"]
    with pytest.raises(Refused, match="cannot start the timer that undoes the change: no way"):
        _io_revert.arm(60.0)
    assert _io_transaction.armed() is None
    assert machine.names() == []


def test_undone(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [machine.folder / name for name in ("a", "b")]
    for file in files:
        file.write_bytes(b"new")
    arm(slots=((step(files[0]),), (step(files[1], None),)), record={"proof": {"result": "passed"}})
    _io_record.keep(proof={"result": "failed"}, undo={"x": 1})
    assert _io_revert.revert("asked for") == []
    # Nothing says here that what stood in the daemon's file was ours, so it is kept.
    kept = [name for name in machine.names() if ".dms-ipv6-" in name]
    assert [(machine.folder / name).read_bytes() for name in kept] == [b"new", b"new"]
    assert [name for name in machine.names() if name not in kept] == ["a", "state/record.json"]
    assert files[0].read_bytes() == b"old"
    record = _io_record.record()
    assert record["proof"] == {"result": "passed"}
    assert (record["reverted"]["reason"], record["reverted"]["failed"]) == ("asked for", [])
    assert set(record) == {"proof", "reverted"}
    assert _io_revert.revert("asked for") == []


def test_what_cannot_be_undone_stays_armed(machine: Host) -> None:
    """One module's failure does not keep the others' changes from being undone."""
    bad, good = machine.folder / "units" / "x" / "y", machine.folder / "a"
    (machine.folder / "units" / "x").write_bytes(b"no directory")
    arm(slots=((step(good),), (step(bad),)))
    (problem,) = _io_revert.revert("asked for")
    assert problem.startswith(f"{bad}: cannot be written")
    assert good.read_bytes() == b"old"
    assert _io_transaction.armed() is not None
    assert _io_record.record()["reverted"]["failed"] == [problem]


def test_module_ends_its_own_way_back_at_the_first_failure(machine: Host) -> None:
    bad, late, good = machine.folder / "units" / "x" / "y", machine.folder / "late", machine.folder / "good"
    (machine.folder / "units" / "x").write_bytes(b"no directory")
    arm(slots=((step(good),), (step(bad), step(late))))
    (problem,) = _io_revert.revert("asked for")
    assert problem.startswith(f"{bad}: cannot be written")
    assert (good.exists(), late.exists()) == (True, False)


def test_daemon_that_was_restarted_is_recorded(machine: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[t.Any] = []
    entry = {"pid": 7, "started": 1.0, "settings": {}}
    restart = _daemon_steps.Restart("docker.service", True, ())
    monkeypatch.setattr(_io_daemon.DaemonHands, "restart", lambda self, one: done.append(one))
    monkeypatch.setattr(_io_found, "read_by_daemon", lambda: entry)
    arm(slots=((restart,),), record={"daemon": {"pid": 1}})
    assert _io_revert.revert("asked for") == []
    assert (done, _io_record.record()["daemon"]) == ([restart], entry)


@pytest.mark.parametrize(("boot", "seconds"), [(BOOT, -1.0), (BOOT, 0.2), ("another boot", 60.0)])
def test_the_program_undoes_what_is_due(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any, boot: str, seconds: float
) -> None:
    monkeypatch.setattr(_io_lock, "LOCK", str(machine.folder / "lock"))
    arm(boot=boot, deadline=time.monotonic() + seconds, slots=((step(machine.folder / "a"),),))
    _io_revert.main()
    assert capsys.readouterr().out == "the change was not confirmed and has been undone\n"
    assert _io_record.record()["reverted"]["reason"] == "not confirmed within 60 s"
    assert (machine.folder / "a").exists()
    assert _io_transaction.armed() is None


def test_the_program_waits_for_the_time_limit(machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any) -> None:
    """It is free to be confirmed until then; the lock is not held."""
    monkeypatch.setattr(_io_lock, "LOCK", str(machine.folder / "lock"))
    arm(deadline=time.monotonic() + 60, slots=((step(machine.folder / "a"),),))
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        with _io_lock.lock():
            _io_armed.disarm()

    monkeypatch.setattr(time, "sleep", sleep)
    _io_revert.main()
    assert (len(waited), waited[0] > 55) == (1, True)
    assert (capsys.readouterr().out, (machine.folder / "a").exists()) == ("", False)


def test_the_program_fails_as_long_as_something_is_left(
    machine: Host, monkeypatch: pytest.MonkeyPatch, capsys: t.Any
) -> None:
    monkeypatch.setattr(_io_lock, "LOCK", str(machine.folder / "lock"))
    arm(deadline=0.0, slots=((step(machine.state / "transaction.json" / "x"),),))
    with pytest.raises(SystemExit) as end:
        _io_revert.main()
    assert end.value.code == 1
    assert "cannot be written" in capsys.readouterr().out


def test_program_without_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_path: t.Any) -> t.NoReturn:
        raise OSError(2, "No such file")

    monkeypatch.setattr(os, "walk", gone)
    with pytest.raises(Refused, match=r"our own files cannot be read \(.*No such file.*\), so the host could not undo"):
        _io_pyz.build()


# --- the program as one file, run by interpreters that know nothing of us

MAKE = (
    "import sys; from ansible_collections.dms.ipv6.plugins.module_utils import _io_pyz, _io_revert;"
    " sys.stdout.buffer.write(_io_pyz.build())"
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
def test_program_undoes_a_transaction(program: Path, number: int, boot: str | None, seconds: float) -> None:
    state, file = program.parent / "state", program.parent / "file"
    file.write_bytes(b"new")
    transaction = _transaction.Transaction(
        "run",
        boot or _io_transaction.boot_id(),
        time.monotonic() + seconds,
        60.0,
        {"proof": {}},
        ((step(file, b"old \xff"),),),
    )
    (state / "transaction.json").write_text(json.dumps(_transaction.dump(transaction)))
    done = run_program(program, number)
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_bytes() == b"old \xff"
    assert not (state / "transaction.json").exists()
    assert done.stdout == "the change was not confirmed and has been undone\n"
    assert json.loads((state / "record.json").read_text())["reverted"]["reason"] == "not confirmed within 60 s"
    assert (program.parent / "asked").read_text().splitlines() == ["stop dms-ipv6-revert.timer", "daemon-reload"]


def test_program_holds_only_our_own_modules(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    ours = "ansible_collections/dms/ipv6/plugins/module_utils/_"
    rest = [name for name in names if not name.startswith(ours)]
    assert [name for name in rest if not name.endswith("__init__.py")] == ["__main__.py"]
    assert f"{ours}io_revert.py" in names
