# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the target, in a temporary directory."""

from __future__ import annotations

import contextlib
import errno
import json
import multiprocessing
import os
import stat
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock as change_lock
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files

OLD, NEW = b'{"mtu": 1450}\n', b'{"mtu": 1450, "ip6tables": true}\n'
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.json"
    path.write_bytes(OLD)
    return path


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own, which is not there yet."""
    path = tmp_path_factory.mktemp("var") / "lib" / "dms-ipv6"
    monkeypatch.setattr(system_files, "STATE", str(path))
    return path


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_read(file: Path) -> None:
    assert system_files.read(str(file)) == OLD
    assert system_files.read(str(file.parent / "missing")) is None
    with pytest.raises(Refused, match="cannot be read"):
        system_files.read(str(file.parent))


def test_changed_at(file: Path) -> None:
    assert system_files.changed_at(str(file)) == pytest.approx(time.time(), abs=60)
    assert system_files.changed_at(str(file.parent / "missing")) is None


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o444, 0o4755])
def test_write_keeps_the_mode(file: Path, mode: int) -> None:
    file.chmod(mode)
    system_files.write(str(file), NEW)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert names(file.parent) == ["daemon.json"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0])
def test_new_file_has_its_mode_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        system_files.write(str(tmp_path / "etc" / "docker" / "daemon.json"), NEW)
        system_files.write(str(tmp_path / "secret"), NEW, mode=0o600)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "etc" / "docker" / "daemon.json").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_write_keeps_owner_and_group(file: Path) -> None:
    """But not the bits with which our content would run with that owner's rights."""
    os.chown(file, 1234, 4321)
    file.chmod(0o6750)
    system_files.write(str(file), NEW)
    assert (file.stat().st_uid, file.stat().st_gid, stat.S_IMODE(file.stat().st_mode)) == (1234, 4321, 0o750)


def test_write_keeps_extended_attributes(file: Path) -> None:
    try:
        os.setxattr(file, "user.origin", b"managed elsewhere")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    system_files.write(str(file), NEW)
    assert os.getxattr(file, "user.origin") == b"managed elsewhere"
    assert file.read_bytes() == NEW


def test_attribute_that_cannot_be_set_again_is_left_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listxattr", lambda path: ["system.nfs4_acl"])
    monkeypatch.setattr(os, "getxattr", lambda path, name: b"x")
    monkeypatch.setattr(os, "setxattr", fails(errno.EOPNOTSUPP))
    system_files.write(str(file), NEW)
    assert file.read_bytes() == NEW


@pytest.mark.parametrize("relative", [True, False])
def test_write_goes_through_a_link_of_roots(tmp_path: Path, relative: bool) -> None:
    target = tmp_path / "real" / "docker.json"
    target.parent.mkdir()
    target.write_bytes(OLD)
    link = tmp_path / "daemon.json"
    link.symlink_to("real/docker.json" if relative else target)
    system_files.write(str(link), NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["docker.json"]
    copy = system_files.backup(str(link), OLD)
    assert Path(copy).parent == target.parent


def test_write_through_a_link_to_nothing_makes_the_target(tmp_path: Path) -> None:
    link = tmp_path / "daemon.json"
    link.symlink_to("missing/docker.json")
    system_files.write(str(link), NEW)
    assert link.is_symlink()
    assert (tmp_path / "missing" / "docker.json").read_bytes() == NEW


def test_none_removes(file: Path) -> None:
    system_files.write(str(file), None)
    assert names(file.parent) == []
    system_files.write(str(file), None)


@pytest.mark.parametrize("folder", ["missing", "missing/deep", "daemon.json", "daemon.json/deep"])
def test_nothing_is_to_be_removed_where_there_is_no_folder(file: Path, folder: str) -> None:
    """The way back from a step that was never carried out."""
    system_files.write(str(file.parent / folder / "x"), None)
    assert (names(file.parent), file.read_bytes()) == (["daemon.json"], OLD)


def test_file_that_cannot_be_removed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "unlink", fails(errno.EPERM))
    with pytest.raises(Refused, match="cannot be written: Operation not permitted"):
        system_files.write(str(file), None)
    assert file.read_bytes() == OLD


def fails(number: int) -> t.Callable[..., t.NoReturn]:
    def function(*_arguments: object, **_options: object) -> t.NoReturn:
        raise OSError(number, os.strerror(number))

    return function


@pytest.mark.parametrize("name", ["replace", "fsync", "fchmod", "fchown"])
def test_failure_leaves_the_old_file_and_no_other(file: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(os, name, fails(errno.ENOSPC))
    with pytest.raises(Refused) as reason:
        system_files.write(str(file), NEW)
    assert str(reason.value) == f"{file}: cannot be written: No space left on device. The old file is as it was."
    assert file.read_bytes() == OLD
    assert names(file.parent) == ["daemon.json"]


def test_interruption_leaves_no_temporary_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_options: object) -> t.NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        system_files.write(str(file), NEW)
    assert names(file.parent) == ["daemon.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_directory_that_cannot_be_written(file: Path) -> None:
    file.parent.chmod(0o500)
    with pytest.raises(Refused, match="cannot be written"):
        system_files.write(str(file), NEW)
    assert file.read_bytes() == OLD


def test_parent_that_is_a_file(file: Path) -> None:
    with pytest.raises(Refused, match="cannot be written"):
        system_files.write(str(file / "daemon.json"), NEW)


def test_readers_see_the_old_or_the_new_file(file: Path) -> None:
    """While a file is written again and again, each reader finds one whole version of it."""
    versions = [b"a" * 100_000, b"b" * 200_000]
    system_files.write(str(file), versions[0])
    writer = FORK.Process(target=write_often, args=(str(file), versions))
    writer.start()
    seen = {file.read_bytes() for _time in range(200)}
    writer.join()
    assert writer.exitcode == 0
    assert seen <= set(versions)


def write_often(path: str, versions: list[bytes]) -> None:
    for number in range(60):
        system_files.write(path, versions[number % 2])


# --- backups


def test_backup(file: Path) -> None:
    copy = Path(system_files.backup(str(file), OLD))
    assert copy.parent == file.parent
    assert copy.name.startswith("daemon.json.dms-ipv6-2")
    assert copy.read_bytes() == OLD
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_the_newest_backups_are_kept(file: Path) -> None:
    (file.parent / "daemon.json.bak").write_bytes(b"the user's own")
    copies = [Path(system_files.backup(str(file), b"%d" % number)) for number in range(system_files.BACKUPS_KEPT + 3)]
    assert len(set(copies)) == len(copies)
    assert names(file.parent) == sorted(
        ["daemon.json", "daemon.json.bak", *(one.name for one in copies[-system_files.BACKUPS_KEPT :])]
    )
    assert copies[-1].read_bytes() == b"%d" % (len(copies) - 1)


# --- the record


def test_record_round_trip(state: Path) -> None:
    assert record.record() == {}
    record.keep(borrowed=[], daemon={"pid": 7, "settings": {"mtu": 1450}})
    record.keep(proof={"result": "passed"})
    assert record.record() == {
        "borrowed": [],
        "daemon": {"pid": 7, "settings": {"mtu": 1450}},
        "proof": {"result": "passed"},
    }
    record.keep(borrowed=None, missing=None)
    assert set(record.record()) == {"daemon", "proof"}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "record.json").stat().st_mode) == 0o600


def test_state_directory_is_ours_alone_whatever_is_written_first(state: Path) -> None:
    system_files.write(str(state / "transaction.json"), b"{}")
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}{}", b'{"a": 1,}', b"\0"])
def test_record_that_is_not_understood_is_refused_and_left_as_it_is(state: Path, content: bytes) -> None:
    state.mkdir(parents=True)
    (state / "record.json").write_bytes(content)
    for use in (record.record, lambda: record.keep(proof={})):
        with pytest.raises(Refused, match="what earlier runs wrote down about this host cannot be read"):
            use()
    assert (names(state), (state / "record.json").read_bytes()) == (["record.json"], content)


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b"{,"), lambda path: path.mkdir(), os.mkfifo])
def test_way_back_moves_a_record_aside_that_is_not_understood(state: Path, make: t.Callable[[Path], t.Any]) -> None:
    state.mkdir(parents=True)
    make(state / "record.json")
    record.replace_record({"a": 1})
    assert record.record() == {"a": 1}
    assert names(state)[1].startswith("record.json.dms-ipv6-2")


def test_record_is_json_that_people_can_read(state: Path) -> None:
    record.keep(b=1, a=[True])
    text = (state / "record.json").read_text()
    assert json.loads(text) == {"a": [True], "b": 1, "format": 1}
    assert text.startswith('{\n  "a": ') and text.endswith("}\n")


# --- the lock


def hold(ready: t.Any, release: t.Any) -> None:
    with change_lock.lock():
        ready.set()
        release.wait(10)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(change_lock, "LOCK", str(tmp_path / "lock"))
    return tmp_path / "lock"


@contextlib.contextmanager
def held() -> t.Iterator[t.Any]:
    ready, release = FORK.Event(), FORK.Event()
    holder = FORK.Process(target=hold, args=(ready, release))
    holder.start()
    assert ready.wait(10)
    yield holder
    if holder.is_alive():
        release.set()
    holder.join()


def test_lock_makes_others_wait(lock: Path) -> None:
    got, release = FORK.Event(), FORK.Event()
    with held():
        waiting = FORK.Process(target=hold, args=(got, release))
        waiting.start()
        assert not got.wait(0.3)
    assert got.wait(10)
    release.set()
    waiting.join()


def test_waiting_for_the_lock_has_an_end_and_names_the_holder(lock: Path) -> None:
    with held() as holder:
        with pytest.raises(Refused) as reason, change_lock.lock(0.2):
            pytest.fail("it is held")
        command = " ".join(Path(f"/proc/{holder.pid}/cmdline").read_text().split("\0")).split()[0]
    problem = f"another change of this host is at work for longer than 0.2 s: process {holder.pid} ({command}"
    assert str(reason.value).startswith(f"{lock}: {problem}")


def test_lock_of_a_process_that_was_killed_is_free(lock: Path) -> None:
    with held() as holder:
        holder.kill()
        holder.join()
        with change_lock.lock(0):
            pass


@pytest.mark.parametrize("there", [True, False])
def test_lock_is_for_root_alone(lock: Path, there: bool) -> None:
    old = os.umask(0)
    try:
        if there:
            lock.touch(0o666)
        with change_lock.lock():
            assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    finally:
        os.umask(old)


@pytest.mark.parametrize("kind", ["link", "fifo", "theirs"])
def test_lock_that_is_no_file_of_roots(lock: Path, kind: str) -> None:
    if kind == "link":
        lock.symlink_to(lock.parent / "other")
    elif kind == "fifo":
        os.mkfifo(lock)
    else:
        lock.touch()
        os.chown(lock, 65534, 65534)
    with pytest.raises(Refused, match="lock"), change_lock.lock():
        pytest.fail("it is not ours")
    assert not (lock.parent / "other").exists()
