# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the target: atomic writes that keep owner, mode and labels, dated backups, one lock, the host record."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile

from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

STATE = "/var/lib/dms-ipv6"
BACKUPS_KEPT = 5


def read(path: str) -> bytes | None:
    """The bytes of a file, None if it is missing.

    Raises:
        Refused: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}", path) from None


def changed_at(path: str) -> float | None:
    """When a file's content or attributes last changed, or a link to it (seconds since 1970), None if it is missing."""
    try:
        return max(os.stat(path).st_ctime, os.lstat(path).st_ctime)
    except OSError:
        return None


def write(path: str, content: bytes | None, mode: int = 0o644) -> None:
    """Replace a file in one step; None removes it. A symbolic link is written through, not replaced.

    Owner, mode and extended attributes (ACL, SELinux label) of an old file are kept; ``mode`` is for a new one.
    Either the old or the new file is there at every moment, and no temporary file stays behind.

    Raises:
        Refused: no space, read-only, immutable; the old file is as it was.
    """
    target = os.path.realpath(path)
    try:
        if content is None:
            _remove(target)
        else:
            folder = os.path.dirname(target)
            os.makedirs(folder, mode=0o700 if folder == STATE else 0o755, exist_ok=True)
            _replace(target, content, mode)
            _sync_directory(folder)
    except OSError as error:
        raise Refused(f"cannot be written: {error.strerror}", path, "The old file is as it was") from None


def _remove(target: str) -> None:
    """Remove a file that may never have been there, as its folder may not: on the way back from a step not done."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
        _sync_directory(os.path.dirname(target))


def _replace(target: str, content: bytes, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".dms-ipv6-", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _copy_attributes(target, temporary, mode)
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _copy_attributes(target: str, temporary: str, mode: int) -> None:
    try:
        old = os.stat(target)
    except FileNotFoundError:
        os.chmod(temporary, mode)
        return
    os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, old.st_mode & 0o7777)
    for name in os.listxattr(target):
        # Not every file system that shows an attribute lets it be set again (overlay, NFS).
        with contextlib.suppress(OSError):
            os.setxattr(temporary, name, os.getxattr(target, name))


def _sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def backup(path: str, content: bytes) -> str:
    """Keep a dated copy beside a file, the newest BACKUPS_KEPT of them, and return its path."""
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    prefix = f"{name}.dms-ipv6-"
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%S-%f")
    copy = os.path.join(folder, prefix + stamp)
    write(copy, content, mode=0o600)
    old = sorted(entry for entry in os.listdir(folder) if entry.startswith(prefix))
    for entry in old[:-BACKUPS_KEPT]:
        os.unlink(os.path.join(folder, entry))
    return copy
