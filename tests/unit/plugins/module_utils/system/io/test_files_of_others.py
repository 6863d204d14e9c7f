# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in folders of other users, who do what they can. DMS_IPV6_RACE_SECONDS: how long each race is run."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import socket
import stat
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = float(os.environ.get("DMS_IPV6_RACE_SECONDS", "3"))
DEPLOY = 65534
OLD, NEW = b"services: {}\n", b"services: {}\nnetworks: {}\n"
SECRET = b"root:$6$secret:19000::::::\n"
FORK = multiprocessing.get_context("fork")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has what others could take")


@pytest.fixture
def top() -> Iterator[Path]:
    """A folder of root's that all may enter."""
    path = Path(tempfile.mkdtemp(prefix="dms-ipv6-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home(top: Path) -> Path:
    """A folder of another user's, with its Compose file."""
    path = top / "home"
    path.mkdir()
    (path / "compose.yaml").write_bytes(OLD)
    (path / "compose.yaml").chmod(0o640)
    for one in (path, path / "compose.yaml"):
        os.chown(one, DEPLOY, DEPLOY)
    return path


def owner(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


# --- what is not a file


def device(path: Path) -> None:
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero, which never ends


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as handle:
        here = os.getcwd()
        os.chdir(path.parent)
        handle.bind(path.name)
        os.chdir(here)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


OBJECTS: list[tuple[Callable[[Path], t.Any], str]] = [
    (os.mkfifo, "it is a FIFO"),
    (device, "it is a device"),
    (listening, "it is a socket"),
    (lambda path: path.mkdir(), "it is a directory"),
    (huge, "it is larger than 4 MiB"),
]


@pytest.mark.parametrize(("make", "words"), OBJECTS)
def test_only_files_are_read_and_written(top: Path, make: Callable[[Path], t.Any], words: str) -> None:
    path = top / "compose.yaml"
    try:
        make(path)
    except PermissionError:
        pytest.skip("no devices can be made here")
    before = path.lstat()
    for use in (lambda: system_files.read(str(path)), lambda: system_files.write(str(path), NEW)):
        with pytest.raises(Refused) as reason:
            use()
        assert words in str(reason.value) and "\n" not in str(reason.value)
    assert system_files.peek(str(path)) is None
    assert (path.lstat(), os.listdir(top)) == (before, ["compose.yaml"])


def test_file_that_would_not_be_read_again_is_not_written(top: Path) -> None:
    with pytest.raises(Refused, match="it would be larger than 4 MiB"):
        system_files.write(str(top / "x"), b"x" * (system_files.LIMIT + 1))
    assert os.listdir(top) == []


# --- links


@pytest.mark.parametrize("whose", ["link", "folder", "shared folder"])
@pytest.mark.parametrize("component", [True, False])
def test_link_that_others_can_change_is_not_followed(top: Path, whose: str, component: bool) -> None:
    real, here = top / "real", top / "here"
    real.mkdir()
    here.mkdir()
    (real / "file").write_bytes(SECRET)
    link = here / "link"
    link.symlink_to(real if component else real / "file")
    if whose == "link":
        os.chown(link, DEPLOY, DEPLOY, follow_symlinks=False)
    elif whose == "folder":
        os.chown(here, DEPLOY, DEPLOY)
    else:
        here.chmod(0o1777)
    path = str(link / "file" if component else link)
    for use in (
        lambda: system_files.read(path),
        lambda: system_files.write(path, NEW),
        lambda: system_files.write(path, None),
        lambda: system_files.backup(path, NEW),
    ):
        with pytest.raises(Refused, match="is a link that others than root can change"):
            use()
    assert (system_files.changed_at(path), (real / "file").read_bytes(), os.listdir(real)) == (None, SECRET, ["file"])


def test_links_of_roots_are_followed_step_by_step(top: Path) -> None:
    (top / "run").mkdir()
    (top / "var").mkdir()
    (top / "var" / "run").symlink_to("../run")
    (top / "etc").symlink_to(top / "var" / "run")
    (top / "run" / "file").symlink_to("real")
    (top / "run" / "real").write_bytes(OLD)
    assert system_files.read(str(top / "etc" / "file")) == OLD
    system_files.write(str(top / "etc" / "file"), NEW, expected=(OLD,))
    assert ((top / "run" / "real").read_bytes(), (top / "run" / "file").is_symlink()) == (NEW, True)
    assert Path(system_files.backup(str(top / "etc" / "file"), OLD)).parent == top / "run"


def test_links_in_a_circle_end(top: Path) -> None:
    (top / "a").symlink_to("b")
    (top / "b").symlink_to("a")
    with pytest.raises(Refused, match="Too many levels of symbolic links"):
        system_files.read(str(top / "a"))


# --- whose rights


def test_file_in_a_folder_of_another_users(home: Path) -> None:
    system_files.write(str(home / "compose.yaml"), NEW, expected=(OLD,))
    assert ((home / "compose.yaml").read_bytes(), owner(home / "compose.yaml")) == (NEW, (DEPLOY, DEPLOY, 0o640))
    assert os.listdir(home) == ["compose.yaml"]
    assert (os.geteuid(), os.getegid()) == (0, 0)


def test_file_of_roots_in_a_folder_of_another_users_stays_roots(home: Path) -> None:
    os.chown(home / "compose.yaml", 0, 0)
    (home / "compose.yaml").chmod(0o644)
    system_files.write(str(home / "compose.yaml"), NEW)
    assert owner(home / "compose.yaml") == (0, 0, 0o644)
    (home / "compose.yaml").chmod(0o600)
    with pytest.raises(Refused, match="whose folder it lies in, must not read it"):
        system_files.write(str(home / "compose.yaml"), OLD)
    assert (home / "compose.yaml").read_bytes() == NEW


def test_new_file_is_like_the_one_beside_it(home: Path) -> None:
    new = home / "compose.override.yaml"
    system_files.write(str(new), NEW, expected=(None,), like=str(home / "compose.yaml"))
    assert owner(new) == (DEPLOY, DEPLOY, 0o640)
    system_files.write(str(new), None, expected=(NEW,))
    system_files.write(str(home / "deep" / "metrics.prom"), NEW)
    assert os.listdir(home / "deep") == ["metrics.prom"]
    assert owner(home / "deep" / "metrics.prom") == (DEPLOY, DEPLOY, 0o644)
    assert not new.exists()


def test_new_file_in_a_folder_of_roots_is_like_the_one_beside_it(top: Path) -> None:
    (top / "compose.yaml").write_bytes(OLD)
    os.chown(top / "compose.yaml", 1000, 1001)
    (top / "compose.yaml").chmod(0o660)
    system_files.write(str(top / "override"), NEW, like=str(top / "compose.yaml"))
    assert owner(top / "override") == (1000, 1001, 0o660)


def test_what_the_owner_cannot_do_is_not_done(home: Path) -> None:
    home.chmod(0o555)
    with pytest.raises(Refused, match="cannot be written: Permission denied"):
        system_files.write(str(home / "compose.yaml"), NEW)
    assert ((home / "compose.yaml").read_bytes(), os.geteuid()) == (OLD, 0)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o2775])
def test_folder_of_roots_that_others_can_write_to(top: Path, mode: int) -> None:
    (top / "x").write_bytes(OLD)
    top.chmod(mode)
    for use in (lambda: system_files.write(str(top / "x"), NEW), lambda: system_files.refuse_shared(str(top / "x"))):
        with pytest.raises(Refused, match=f"others than root can write to {top}"):
            use()
    assert (system_files.read(str(top / "x")), os.listdir(top)) == (OLD, ["x"])
    top.chmod(0o1777)
    system_files.write(str(top / "x"), NEW)


def test_folder_of_roots_in_one_of_another_users(home: Path) -> None:
    """Its owner can put another one in its place."""
    (home / "mail").mkdir()
    with pytest.raises(Refused, match=r"home/mail is root's, and lies in .*/home, where"):
        system_files.write(str(home / "mail" / "compose.yaml"), NEW)
    assert os.listdir(home / "mail") == []


# --- what changed in between


@pytest.mark.parametrize("content", [NEW, None])
def test_file_that_changed_since_is_left(top: Path, content: bytes | None) -> None:
    (top / "x").write_bytes(b"edited")
    for expected in ((OLD,), (None,), (OLD, NEW)):
        with pytest.raises(Refused, match=r"x: it changed while the run was at work\. Run it again"):
            system_files.write(str(top / "x"), content, expected=expected)
    assert ((top / "x").read_bytes(), os.listdir(top)) == (b"edited", ["x"])


@pytest.mark.parametrize("how", ["in place", "replaced", "removed", "a link"])
def test_change_right_before_the_replacement_is_seen(top: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path, other = top / "x", top / "other"
    path.write_bytes(OLD)
    other.write_bytes(OLD)
    fsync = os.fsync

    def change(handle: int) -> None:
        fsync(handle)
        if how == "in place":
            path.write_bytes(OLD.upper())
        elif how == "replaced":
            os.replace(other, path)
        else:
            path.unlink()
            if how == "a link":
                path.symlink_to("other")

    monkeypatch.setattr(os, "fsync", change)
    with pytest.raises(Refused, match="it changed while the run was at work"):
        system_files.write(str(path), NEW, expected=(OLD,))
    assert not [one for one in os.listdir(top) if one.startswith(".dms-ipv6-")]
    assert not path.exists() or path.read_bytes() != NEW


def test_what_is_so_already_is_not_written(top: Path) -> None:
    (top / "x").write_bytes(OLD)
    before = (top / "x").stat()
    system_files.write(str(top / "x"), OLD)
    after = (top / "x").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


# --- races


def as_deploy(trick: Callable[[Path, Path], None], home: Path, victim: Path) -> None:
    os.setgroups([])
    os.setgid(DEPLOY)
    os.setuid(DEPLOY)
    while True:
        with contextlib.suppress(OSError):
            trick(home, victim)


def swap_temporary(home: Path, victim: Path) -> None:
    """C2 a: a link to a file of root's in the place of the temporary file."""
    for name in os.listdir(home):
        if name.startswith(".dms-ipv6-"):
            with contextlib.suppress(OSError):
                os.rename(home / name, home / "taken")
            os.symlink(victim, home / name)


def swap_file(home: Path, victim: Path) -> None:
    """C2 b: a link to a file of root's in the place of the file, and the file again."""
    os.symlink(victim, home / "link")
    os.rename(home / "link", home / "compose.yaml")
    (home / "new").write_bytes(OLD)
    os.rename(home / "new", home / "compose.yaml")


def swap_for_a_fifo(home: Path, victim: Path) -> None:
    os.mkfifo(home / "fifo")
    os.rename(home / "fifo", home / "compose.yaml")
    (home / "new").write_bytes(OLD)
    os.rename(home / "new", home / "compose.yaml")


def swap_folder(home: Path, victim: Path) -> None:
    """The folder below, a link to a folder of root's, and that folder again."""
    os.rename(home / "mail", home / "away")
    os.symlink(victim.parent, home / "mail")
    os.unlink(home / "mail")
    os.rename(home / "away", home / "mail")


def everything(path: Path) -> tuple[t.Any, ...]:
    """Of a file or folder, but the time when it was last read."""
    found = path.lstat()
    return (*owner(path), found.st_ino, found.st_nlink, found.st_ctime_ns, path.is_dir() or path.read_bytes())


@pytest.mark.parametrize("trick", [swap_temporary, swap_file, swap_for_a_fifo, swap_folder])
def test_nothing_of_roots_changes_whatever_the_owner_does(
    top: Path, home: Path, trick: Callable[[Path, Path], None]
) -> None:
    secrets = top / "secrets"
    secrets.mkdir(0o700)
    (secrets / "compose.yaml").write_bytes(SECRET)
    (secrets / "compose.yaml").chmod(0o600)
    (home / "mail").mkdir()
    os.chown(home / "mail", DEPLOY, DEPLOY)
    before = [everything(one) for one in (secrets, secrets / "compose.yaml")]
    process = FORK.Process(target=as_deploy, args=(trick, home, secrets / "compose.yaml"))
    process.start()
    written = refused = 0
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            path = str(home / ("mail" if trick is swap_folder else "") / "compose.yaml")
            for content in (NEW, OLD, None if trick is swap_folder else OLD):
                try:
                    system_files.write(path, content)
                    assert SECRET not in (system_files.read(path) or b"", system_files.peek(path))
                    written += 1
                except Refused:
                    refused += 1
    finally:
        process.kill()
        process.join()
    assert [everything(one) for one in (secrets, secrets / "compose.yaml")] == before
    assert os.listdir(secrets) == ["compose.yaml"]
    assert (os.geteuid(), os.getegid()) == (0, 0)
    print(f"{trick.__name__}: {written} written, {refused} refused")
