# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the target, the one place that reads and writes them: by handles, so that no name can be swapped on the way.

A folder of another user's may change under root's hands at any moment. So each folder of a path is opened by itself, a
link is followed only where root alone decides on it, only regular files of a few MiB are opened, and what goes by a
name is done with the rights of the folder's owner.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import os
import pwd
import stat
import typing as t

from ...core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator

STATE = "/var/lib/dms-ipv6"
BACKUPS_KEPT = 5
LIMIT = 4 << 20
# Folders, links and folders made again on the way to one file.
STEPS = 256
KINDS = {
    stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}  # fmt: skip
# What may stand in a file before it is replaced: one of these; anything, if there are none.
Expected = tuple[t.Optional[bytes], ...]


class _Shared(t.NamedTuple):
    """A folder on the way that others than root can write to."""

    path: str
    uid: int
    gid: int


class _Place(t.NamedTuple):
    """Where a path leads to.

    Attributes:
        folder: handle of the folder.
        at: its path, without links.
        name: of the file in it.
        entry: handle of what is there (O_PATH: nothing of it is opened yet), None if there is nothing.
        shared: the last folder on the way that others than root can write to.
    """

    folder: int
    at: str
    name: str
    entry: int | None
    shared: _Shared | None


class _Old(t.NamedTuple):
    """An existing file: a handle for reading, and how it was found."""

    handle: int
    status: os.stat_result


def read(path: str) -> bytes | None:
    """The bytes of a file, None if it is missing.

    Raises:
        Refused: it cannot be read, or is not a regular file of at most a few MiB.
    """
    missing = contextlib.suppress(FileNotFoundError)
    with _refusing(path, "cannot be read"), missing, _place(path) as place, _opened(place) as old:
        return _bytes(old) if old else None
    return None


def peek(path: str) -> bytes | None:
    """The same where a file is only looked at: None as well if it cannot be read."""
    with contextlib.suppress(Refused):
        return read(path)
    return None


def changed_at(path: str) -> float | None:
    """When a file's content or attributes last changed, or a link to it (seconds since 1970), None if it is missing."""
    with contextlib.suppress(OSError), _place(path) as place:
        return None if place.entry is None else max(os.fstat(place.entry).st_ctime, os.lstat(path).st_ctime)
    return None


def write(path: str, content: bytes | None, mode: int = 0o644, expected: Expected = (), like: str = "") -> None:
    """Replace a file in one step; None removes it. A link of root's is written through, not replaced.

    Owner, mode and extended attributes (ACL, SELinux label) of an old file are kept. Either the old or the new file is
    there at every moment, and no temporary file stays behind. Nothing is written where it is so already.

    Args:
        path: of the file.
        content: its bytes.
        mode: of a new file.
        expected: what may stand there now.
        like: path of a file whose owner and mode a new one gets.

    Raises:
        Refused: no space, read-only, immutable; something else stands there; others decide on the way to it. The old
            file is as it was.
    """
    gone = (FileNotFoundError, NotADirectoryError) if content is None else ()
    with _refusing(path, "cannot be written", "The old file is as it was"), contextlib.suppress(*gone):
        if content is not None and len(content) > LIMIT:
            raise OSError(errno.EFBIG, f"it would be larger than {LIMIT >> 20} MiB")
        with _place(path, make=content is not None) as place, _opened(place) as old:
            raw = _bytes(old) if old and (expected or content is not None) else None
            if expected and raw not in expected:
                raise _changed(path)
            if content is None and old:
                _remove(place, old, raw if expected else None)
            elif content is not None and raw != content:
                _replace(place, content, old, raw, mode, like)


def refuse_shared(path: str) -> None:
    """Refused if a file would not be written because of who else can write on the way to it."""
    refusing, missing = (
        _refusing(path, "cannot be written", "Nothing was changed"),
        contextlib.suppress(FileNotFoundError),
    )
    with refusing, missing, _place(path) as place, _opened(place) as old:
        _refuse_rights(place, old)


def backup(path: str, content: bytes) -> str:
    """Keep a dated copy beside a file, the newest BACKUPS_KEPT of them, and return its path."""
    with _refusing(path, "no copy can be kept beside it"), _place(path) as place:
        copy = _dated(place.name)
        _replace(place._replace(name=copy, entry=None), content, None, None, 0o600, "")
        with _listable(place) as folder, _rights(place):
            copies = sorted(name for name in os.listdir(folder) if name.startswith(_dated(place.name, "")))
            for entry in copies[:-BACKUPS_KEPT]:
                os.unlink(entry, dir_fd=folder)
        return os.path.join(place.at, copy)


def aside(path: str) -> str:
    """Give what is there a dated name, whatever it is, and return its path."""
    with _refusing(path, "cannot be moved aside"), _place(path) as place:
        _refuse_rights(place, None)
        name = _dated(place.name)
        with _rights(place):
            os.rename(place.name, name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        return os.path.join(place.at, name)


def _dated(name: str, stamp: str | None = None) -> str:
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%S-%f")
    return f"{name}.dms-ipv6-{now if stamp is None else stamp}"


@contextlib.contextmanager
def _refusing(path: str, problem: str, remedy: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"{problem}: {error.strerror}", path, remedy) from None


def _changed(path: str) -> Refused:
    return Refused("it changed while the run was at work", path, "Run it again")


# --- the way to a file


@contextlib.contextmanager
def _place(path: str, make: bool = False) -> Iterator[_Place]:
    """Where a path leads to; ``make`` makes the folders that are missing."""
    with contextlib.ExitStack() as handles:
        yield _walk(path, handles, make)


def _walk(path: str, handles: contextlib.ExitStack, make: bool) -> _Place:
    """Go from folder to folder. A handle is judged, and then used: what has its name by then does not matter."""
    left = _parts(os.path.join(os.getcwd(), path))
    root = folder = _handle("/", None, handles)
    at, found = "/", None
    for _step in range(STEPS):
        found = _shared(folder, at) or found
        name = left.pop() if left else "."
        place = _Place(folder, at, name, None, found)
        try:
            entry = _handle(name, folder, handles)
        except FileNotFoundError:
            if left and not make:
                raise
            if not left:
                return place
            _make(place)
            left.append(name)
            continue
        kind = stat.S_IFMT(os.fstat(entry).st_mode)
        if kind == stat.S_IFLNK:
            _refuse_link(place, entry)
            target = os.readlink("", dir_fd=entry)
            left += _parts(target)
            folder, at = (root, "/") if target.startswith("/") else (folder, at)
        elif not left:
            return place._replace(entry=entry)
        elif kind != stat.S_IFDIR:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        else:
            folder, at = entry, os.path.dirname(at) if name == ".." else os.path.join(at, name)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _parts(path: str) -> list[str]:
    """The parts of a path, the last one first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _handle(name: str, folder: int | None, handles: contextlib.ExitStack) -> int:
    """A handle of whatever has this name, without opening it: a device does something when it is opened."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    handles.callback(os.close, handle)
    return handle


def _shared(folder: int, at: str) -> _Shared | None:
    """A folder in which others than root can put something else in the place of what is there, None for root's own."""
    status = os.fstat(folder)
    open_to_all = status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX
    return _Shared(at, status.st_uid, status.st_gid) if open_to_all or not _roots(status) else None


def _roots(status: os.stat_result) -> bool:
    """Whether it belongs to root; or to us, where we are not root."""
    return status.st_uid in (0, os.geteuid())


def _refuse_link(place: _Place, link: int) -> None:
    """Others than root must not choose which file it is."""
    folder = os.fstat(place.folder)
    if not _roots(os.fstat(link)) or not _roots(folder) or folder.st_mode & 0o022:
        where = os.path.join(place.at, place.name)
        raise OSError(errno.EPERM, f"{where} is a link that others than root can change; give the path it leads to")


def _make(place: _Place) -> None:
    """Make a folder of that name, its mode as said whatever the umask."""
    _refuse_rights(place, None)
    mask = os.umask(0)
    try:
        with _rights(place), contextlib.suppress(FileExistsError):
            os.mkdir(place.name, 0o700 if os.path.join(place.at, place.name) == STATE else 0o755, dir_fd=place.folder)
    finally:
        os.umask(mask)


# --- whose rights


@contextlib.contextmanager
def _rights(place: _Place) -> Iterator[None]:
    """Act with the rights of the owner of a folder that is not root's: what that user cannot do, no trick of it does.

    No threads are used here: the C library would change all of them.
    """
    if place.shared is None:
        yield
        return
    groups, group, user = os.getgroups(), os.getegid(), os.geteuid()
    os.setgroups([])
    os.setegid(place.shared.gid)
    os.seteuid(place.shared.uid)
    try:
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)
        os.setgroups(groups)


def _refuse_rights(place: _Place, old: _Old | None) -> None:
    """Raise OSError if no user has the right rights for it, or they are not enough."""
    if place.shared is None:
        return
    at, owner = place.shared.path, place.shared.uid
    if owner == 0:
        problem = f"others than root can write to {at}, which is root's; take that away from them (chmod go-w {at})"
        raise OSError(errno.EPERM, problem)
    if os.fstat(place.folder).st_uid != owner:
        problem = f"{place.at} is root's, and lies in {at}, where {_name(owner)} can put another in its place"
        raise OSError(errno.EPERM, f"{problem}; give it to {_name(owner)}, or move it to a folder of root's")
    if old and old.status.st_uid != owner and not old.status.st_mode & stat.S_IROTH:
        problem = f"{_name(owner)}, whose folder it lies in, must not read it; give it to {_name(owner)}"
        raise OSError(errno.EPERM, problem)


def _name(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


# --- the file itself


@contextlib.contextmanager
def _opened(place: _Place) -> Iterator[_Old | None]:
    """The existing file, for reading; anything but a regular one of a few MiB is refused before it is opened."""
    if place.entry is None:
        yield None
        return
    status = os.fstat(place.entry)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"it is {KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}")
    if status.st_size > LIMIT:
        raise OSError(errno.EFBIG, f"it is larger than {LIMIT >> 20} MiB")
    # By the handle that was judged. A process that holds a lease on it would keep us waiting.
    handle = os.open(f"/proc/self/fd/{place.entry}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield _Old(handle, status)
    finally:
        os.close(handle)


def _bytes(old: _Old) -> bytes:
    content = b""
    while len(content) <= LIMIT:
        more = os.pread(old.handle, LIMIT + 1 - len(content), len(content))
        if not more:
            return content
        content += more
    raise OSError(errno.EFBIG, f"it is larger than {LIMIT >> 20} MiB")


def _refuse_changed(place: _Place, old: _Old | None, raw: bytes | None) -> None:
    """Right before it is replaced: the same file, with the same bytes (None: these do not matter)."""
    try:
        now = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        same = old is None
    else:
        same = old is not None and os.path.samestat(now, old.status) and raw in (None, _bytes(old))
    if not same:
        raise _changed(os.path.join(place.at, place.name))


def _remove(place: _Place, old: _Old, raw: bytes | None) -> None:
    _refuse_rights(place, old)
    with _rights(place):
        _refuse_changed(place, old, raw)
        os.unlink(place.name, dir_fd=place.folder)
    _sync(place)


def _replace(place: _Place, content: bytes, old: _Old | None, raw: bytes | None, mode: int, like: str) -> None:
    _refuse_rights(place, old)
    temporary = f".dms-ipv6-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with _rights(place):
        handle = os.open(temporary, flags, 0o600, dir_fd=place.folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _give(file.fileno(), place, old, mode, like)
            os.fsync(file.fileno())
            with _rights(place):
                _refuse_changed(place, old, raw)
                os.replace(temporary, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
            _refuse_swapped(place, file.fileno())
    except BaseException:
        with contextlib.suppress(OSError), _rights(place):
            os.unlink(temporary, dir_fd=place.folder)
        raise
    _sync(place)


def _refuse_swapped(place: _Place, handle: int) -> None:
    """What has the name now must be what was written, not what its owner put in the place of the temporary file."""
    with contextlib.suppress(FileNotFoundError):
        now = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
        if os.path.samestat(now, os.fstat(handle)):
            return
    raise _changed(os.path.join(place.at, place.name))


def _give(handle: int, place: _Place, old: _Old | None, mode: int, like: str) -> None:
    """Owner, mode and attributes, on the handle: its name may be another file's by now."""
    if old is None:
        model = _status(like) if like else None
        if model:
            os.fchown(handle, model.st_uid, model.st_gid)
        os.fchmod(handle, model.st_mode & 0o666 if model else mode)
        return
    os.fchown(handle, old.status.st_uid, old.status.st_gid)
    # Only root decides which of our content runs with whose rights.
    kept = 0o7777 if old.status.st_uid == 0 and place.shared is None else 0o777
    os.fchmod(handle, old.status.st_mode & kept)
    for name in os.listxattr(old.handle):
        # Not every file system that shows an attribute lets it be set again (overlay, NFS).
        with contextlib.suppress(OSError):
            if name != "security.capability":
                os.setxattr(handle, name, os.getxattr(old.handle, name))


def _status(path: str) -> os.stat_result | None:
    """The owner and mode of a regular file, None if there is none."""
    with contextlib.suppress(OSError), _place(path) as place, _opened(place) as old:
        return old.status if old else None
    return None


def _sync(place: _Place) -> None:
    with _listable(place) as folder:
        os.fsync(folder)


@contextlib.contextmanager
def _listable(place: _Place) -> Iterator[int]:
    """A handle of the folder as listing and fsync take it."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.folder)
    try:
        yield folder
    finally:
        os.close(folder)
