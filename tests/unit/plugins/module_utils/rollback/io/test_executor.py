# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan as one transaction, step by step."""

from __future__ import annotations

import multiprocessing
import os
import signal
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, Step, Steps
from ansible_collections.dms.ipv6.plugins.module_utils.compose.steps import Recreate
from ansible_collections.dms.ipv6.plugins.module_utils.core import refused
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import (
    Reload,
    Restart,
    StartContainers,
    StopContainers,
)
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import ForwardingComesOn
from ansible_collections.dms.ipv6.plugins.module_utils.network.steps import (
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
)
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import executor as rollback_executor
from ansible_collections.dms.ipv6.plugins.module_utils.state.daemon import RunningContainer
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files

FORK = multiprocessing.get_context("fork")


class Journal(armed_transaction.Journal):
    """Writes down, into the list of what happens, what is held; it fails at those calls that are named."""

    def __init__(self, happened: list[t.Any], failing: dict[str, BaseException] | None = None) -> None:
        self.path, self.end, self.slot, self.stack = "", 0, 0, []
        self.happened, self.failing, self.held = happened, failing or {}, 0

    def at(self, name: str) -> None:
        if name in self.failing:
            raise self.failing[name]

    def begin(self, plan: Plan) -> None:
        self.at("begin")

    def hold(self, back: Steps, kept: bool = False, step: Step | None = None) -> None:
        self.held += 1
        self.at(f"hold {self.held}")
        super().hold(back, kept, step)
        self.happened.append(tuple(reversed(self.stack)))

    def done(self) -> None:
        self.at("done")

    def clear(self) -> None:
        self.happened.append("cleared")


def executor() -> rollback_executor.Executor:
    return rollback_executor.Executor(
        daemon_executor.DaemonExecutor(Docker("/no.sock"), "docker.service", 0.0, backup_file="/copy")
    )


def left(steps: Steps) -> armed_transaction.Back:
    return armed_transaction.Back("", stack=tuple(reversed(steps)))


def steps_in(folder: Path, count: int = 3) -> tuple[WriteFile, ...]:
    for number in range(count):
        (folder / str(number)).write_bytes(b"old")
    return tuple(
        WriteFile(str(folder / str(number)), b"new", "wanted", old=b"old", invertible=True) for number in range(count)
    )


def carry_out(plan: Plan, happened: list[t.Any] | None = None) -> None:
    rollback_executor.carry_out(plan, executor(), Journal([] if happened is None else happened))


def contents(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted(folder.iterdir())]


def test_every_kind_of_step_can_be_done() -> None:
    assert set(executor().does) == {kind for kind in transaction.KINDS.values() if issubclass(kind, Step)}
    executor().do(ForwardingComesOn())


def test_way_back_is_held_before_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[t.Any] = []
    monkeypatch.setattr(system_files, "write", lambda path, content, **more: happened.append(path))
    steps = steps_in(tmp_path)
    plan = Plan("", "", steps)
    carry_out(plan, happened)
    assert happened == [plan.back(1), steps[0].path, plan.back(2), steps[1].path, plan.back(3), steps[2].path]
    assert [len(one) for one in happened[::2]] == [1, 2, 3]


RUNNING = (RunningContainer("1", "mail", (25,)),)


@pytest.mark.parametrize(
    ("steps", "closed"),
    [
        ((), 0.0),
        ((Reload(True), Reload(False)), 0.0),
        ((Reload(True), Restart("docker.service", True, RUNNING), Reload(False)), 1.0),
        ((Restart("docker.service", True, ()),), 0.0),
        ((StopContainers(RUNNING), Restart("docker.service", False, RUNNING), StartContainers(RUNNING)), 3.0),
        ((StopContainers(RUNNING), Reload(None), StartContainers(RUNNING)), 3.0),
        ((CreateNetwork("n", "{}"), ConnectContainer("mail", "1", "n", "{}", True)), 1.0),
        ((ConnectContainer("mail", "1", "n", "{}", False),), 0.0),
        ((DisconnectContainer("mail", "1", "n"), Recreate("/srv", "", "mail", ("mail",))), 2.0),
    ],
)
def test_how_long_ports_are_closed(monkeypatch: pytest.MonkeyPatch, steps: Steps, closed: float) -> None:
    """From the first step that closes some to the end of the last one; each takes a second here."""
    now = [100.0]
    used = executor()
    used.does = dict.fromkeys(used.does, lambda _step: now.__setitem__(0, now[0] + 1))
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    assert rollback_executor.carry_out(Plan("", "", steps), used, Journal([])) == closed


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_failure_at_any_step_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    happened: list[t.Any] = []
    steps = steps_in(tmp_path)
    write = system_files.write

    def full(path: str, content: bytes | None, **more: t.Any) -> None:
        if path == steps[failing].path and content == b"new":
            raise Refused("no space", path)
        write(path, content, **more)

    monkeypatch.setattr(system_files, "write", full)
    with pytest.raises(refused.RolledBack) as reason:
        carry_out(Plan("", "", steps), happened)
    assert str(reason.value) == f"{steps[failing].path}: no space. The old state is back."
    assert contents(tmp_path) == ["old"] * len(steps)
    # Nothing is left for the host to take back.
    assert happened[-1] == "cleared"


def test_way_back_that_fails_stays_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[t.Any] = []
    steps = steps_in(tmp_path)
    plan = Plan("", "", steps)

    def full(path: str, content: bytes | None, **more: t.Any) -> None:
        if path == steps[1].path or content == b"old":
            raise Refused("no space", path)
        write(path, content, **more)

    write = system_files.write
    monkeypatch.setattr(system_files, "write", full)
    with pytest.raises(Refused) as reason:
        carry_out(plan, happened)
    assert f"Not everything could be put back: {steps[0].path}: no space." in str(reason.value)
    assert str(reason.value).endswith(" The old file is kept as /copy.")
    assert not isinstance(reason.value, refused.RolledBack)
    assert happened[-1] == plan.back(2)


def test_taking_back_ends_at_the_first_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a restart that failed would switch off what keeps containers alive at the next start."""
    done: list[str] = []
    steps = steps_in(tmp_path)

    def write(path: str, content: bytes | None, **more: t.Any) -> None:
        done.append(path)
        if path == steps[1].path:
            raise Refused("no space", path)

    monkeypatch.setattr(system_files, "write", write)
    back = left(steps)
    assert rollback_executor.take_back(back, executor()) == [f"{steps[1].path}: no space."]
    assert done == [steps[0].path, steps[1].path]
    assert tuple(reversed(back.stack)) == steps[1:]
    assert rollback_executor.take_back(left(()), executor()) == []


@pytest.mark.parametrize(
    ("step", "awaited"),
    [
        (None, True),
        (ForwardingComesOn(), True),
        # A Compose file or that of sysctl keeps no daemon from coming back, the daemon's own file may.
        (WriteFile("compose.yaml", b"old", "as it was", b"new", True), True),
        (WriteFile("daemon.json", b"old", "as it was"), False),
        (Restart("docker.service", True, ()), False),
    ],
)
def test_engine_that_died_is_awaited_before_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, step: Step | None, awaited: bool
) -> None:
    done: list[t.Any] = []
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: done.append("awaited"))
    monkeypatch.setattr(rollback_executor.Executor, "do", lambda self, step: done.append(step))
    steps = (ForwardingComesOn(), *([step] if step else []))
    assert rollback_executor.take_back(left(steps), executor()) == []
    assert done == [*(["awaited"] if awaited else []), *steps]


# What may come from anywhere: dockerd that exits between two calls, a network that vanishes, an uplink renamed.
UNEXPECTED = [
    ProcessLookupError(3, "No such process"),
    KeyError("Id"),
    ValueError("x"),
    RecursionError(),
    MemoryError(),
]


@pytest.mark.parametrize("error", UNEXPECTED, ids=repr)
def test_any_exception_in_a_step_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    steps = steps_in(tmp_path)
    write = system_files.write

    def raising(path: str, content: bytes | None, **more: t.Any) -> None:
        if path == steps[1].path and content == b"new":
            raise error
        write(path, content, **more)

    monkeypatch.setattr(system_files, "write", raising)
    with pytest.raises(refused.RolledBack) as reason:
        carry_out(Plan("", "", steps))
    assert str(reason.value) == f"Unexpected error: {type(error).__name__}: {error}. The old state is back."
    assert contents(tmp_path) == ["old"] * 3


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143)], ids=repr)
def test_what_ends_the_process_takes_back_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    steps = steps_in(tmp_path)
    write = system_files.write

    def raising(path: str, content: bytes | None, **more: t.Any) -> None:
        write(path, content, **more)
        if path == steps[1].path and content == b"new":
            raise error

    monkeypatch.setattr(system_files, "write", raising)
    with pytest.raises(type(error)):
        carry_out(Plan("", "", steps))
    assert contents(tmp_path) == ["old"] * 3


FULL = Refused("cannot be written: No space left on device", "/j")


@pytest.mark.parametrize("place", ["before", "begin", "hold 1", "hold 2", "hold 3", "after", "done"])
@pytest.mark.parametrize("error", [FULL, OSError(28, "No space left on device")], ids=repr)
def test_what_cannot_be_written_down_is_taken_back_from_memory(tmp_path: Path, place: str, error: Exception) -> None:
    def call(name: str) -> t.Callable[[], None]:
        return lambda: journal.at(name)

    journal, used, back = Journal([], {place: error}), executor(), []
    with pytest.raises(Refused) as reason:
        rollback_executor.carry_out(
            Plan("", "", steps_in(tmp_path)), used, journal, call("before"), call("after"), lambda: back.append(1)
        )
    begun = {"before": 0, "begin": 0, "hold 1": 0, "hold 2": 1, "hold 3": 2}.get(place, 3)
    assert contents(tmp_path) == ["old"] * 3
    assert reason.value.rolled_back is bool(begun)
    assert "No space left on device" in str(reason.value)
    assert "The old file is as it was" not in str(reason.value)
    assert back == [1]


@pytest.mark.parametrize("what", ["back", "clear", "mark", "record"])
def test_what_fails_when_all_is_back_does_not_hide_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def failing(*_arguments: object, **_more: object) -> t.NoReturn:
        raise Refused("cannot be written", "/var/lib/dms-ipv6/record.json")

    journal = Journal([], {"done": KeyError("the reason")})
    if what == "clear":
        monkeypatch.setattr(journal, "clear", failing)
    if what == "mark":
        monkeypatch.setattr(journal, "_append", failing)
        monkeypatch.setattr(journal, "hold", lambda back, *_more: journal.stack.extend(reversed(back)))
    if what == "record":
        monkeypatch.setattr(record, "record", failing)
    back = failing if what == "back" else rollback_executor.nothing
    with pytest.raises(refused.RolledBack, match=r"KeyError: 'the reason'. The old state is back"):
        rollback_executor.carry_out(Plan("", "", steps_in(tmp_path)), executor(), journal, back=back)
    assert contents(tmp_path) == ["old"] * 3


@pytest.mark.parametrize("failing", [True, False])
def test_ports_of_our_own_are_taken_off_the_bridges_on_the_way_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: bool
) -> None:
    closed: list[bool] = []
    used = executor()
    monkeypatch.setattr(used.networks, "close", lambda: closed.append(True))
    if failing:
        monkeypatch.setattr(used, "do", {}.__getitem__)
    assert bool(rollback_executor.take_back(left(steps_in(tmp_path)), used)) is failing
    assert closed == [True]


def test_ports_of_our_own_are_taken_off_the_bridges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    used = executor()
    monkeypatch.setattr(used.networks, "close", lambda: closed.append(True))
    rollback_executor.carry_out(Plan("", "", steps_in(tmp_path)), used, Journal([]))
    assert closed == [True]


# --- what others wrote in between


def test_edit_of_others_is_not_written_over(tmp_path: Path) -> None:
    step = steps_in(tmp_path, 1)[0]
    Path(step.path).write_bytes(b"theirs")
    with pytest.raises(refused.RolledBack, match="it changed while the run was at work") as reason:
        carry_out(Plan("", "", (step,)))
    assert f"{step.path} is left as it is, because it was edited since." in str(reason.value)
    assert contents(tmp_path) == ["theirs"]


def test_way_back_leaves_a_file_that_was_edited_since_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    steps = steps_in(tmp_path)
    for number, make in enumerate((lambda path: path.write_bytes(b"new"), os.mkfifo, Path.touch)):
        Path(steps[number].path).unlink()
        make(Path(steps[number].path))
    used = executor()
    assert rollback_executor.take_back(left(Plan("", "", steps).back(3)), used) == []
    assert Path(steps[0].path).read_bytes() == b"old"
    assert len(used.files.notes) == 2


@pytest.mark.parametrize("kind", ["edited", "fifo", "directory"])
def test_daemon_gets_its_old_file_back_and_what_stood_there_is_kept(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "daemon.json"
    if kind == "edited":
        file.write_bytes(b"theirs")
    else:
        os.mkfifo(file) if kind == "fifo" else file.mkdir()
    used = executor()
    assert rollback_executor.take_back(left((WriteFile(str(file), b"old", "as it was"),)), used) == []
    (kept,) = tmp_path.glob("daemon.json.*")
    assert file.read_bytes() == b"old"
    assert used.files.notes == [f"What stood in {file} by then is kept as {kept}."]
    assert kind != "edited" or kept.read_bytes() == b"theirs"


# --- the test hook


@pytest.mark.parametrize(
    ("fault", "written"),
    [("before:1", 0), ("after:1", 1), ("before:2", 1), ("before:3", 2), ("after:3", 3)],
)
def test_fault_kills_at_the_boundary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, written: int) -> None:
    monkeypatch.setenv(rollback_executor.FAULT, fault)
    process = FORK.Process(target=carry_out, args=(Plan("", "", steps_in(tmp_path)),))
    process.start()
    process.join(20)
    assert process.exitcode == -signal.SIGKILL
    assert contents(tmp_path) == ["new"] * written + ["old"] * (3 - written)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_fault_holds_before_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Until it may go on; then it ends as if nothing had been."""
    monkeypatch.setenv(rollback_executor.FAULT, f"hold:{number}")
    process = FORK.Process(target=carry_out, args=(Plan("", "", steps_in(tmp_path)),))
    process.start()
    assert process.pid
    stopped, status = os.waitpid(process.pid, os.WUNTRACED)
    assert (stopped, os.WIFSTOPPED(status)) == (process.pid, True)
    assert contents(tmp_path) == ["new"] * (number - 1) + ["old"] * (4 - number)
    os.kill(process.pid, signal.SIGCONT)
    process.join(20)
    assert process.exitcode == 0
    assert contents(tmp_path) == ["new"] * 3


@pytest.mark.parametrize("fault", ["", "before:4", "during:1", "1", "hold:4", "hold:"])
def test_no_fault_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setenv(rollback_executor.FAULT, fault)
    carry_out(Plan("", "", steps_in(tmp_path)))
    assert contents(tmp_path) == ["new"] * 3
