# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that undoes a change without a controller, as one file."""

from __future__ import annotations

import io
import os
import sys
import typing as t
import zipfile
import zipimport

from ...core.refused import Refused
from ...system.io import programs as system_programs

DISTRIBUTIONS = "/usr/bin/python3"
# All of our own, of which this file is a part.
HERE = "rollback.io.archive"
PACKAGE = __name__[: -len(f".{HERE}")]
MAIN = f"""\
from {PACKAGE}.rollback.io.revert import main
main()
"""


def interpreter() -> str:
    """The Python that will run the program: that of this run, if only root can change it or its path.

    Raises:
        Refused: neither is it root's, nor does the distribution have one that will do.
    """
    for path in (os.path.realpath(sys.executable or "/"), os.path.realpath(DISTRIBUTIONS)):
        if is_roots(path) and (path == os.path.realpath(sys.executable or "/") or _is_new_enough(path)):
            return path
    raise Refused(
        f"others than root can change this Python or a folder on its path, and {DISTRIBUTIONS} is not Python 3.9 or"
        " later, so the host could not undo a change safely",
        sys.executable,
        "Set ansible_python_interpreter to one that is root's",
    )


def is_roots(path: str) -> bool:
    """Whether a file, and every folder on its path, is root's and can be written by root alone."""
    while True:
        try:
            found = os.lstat(path)
        except OSError:
            return False
        if found.st_uid != 0 or found.st_mode & 0o022:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


def _is_new_enough(path: str) -> bool:
    done = system_programs.run(path, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 9))")
    return done is not None and done.returncode == 0


def build() -> bytes:
    """The program: a zip archive that Python runs (zipapp)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        folders = PACKAGE.split(".")
        for depth in range(1, len(folders) + 1):
            archive.writestr("/".join([*folders[:depth], "__init__.py"]), "")
        for name, source in sources().items():
            archive.writestr(f"{'/'.join(folders)}/{name}", source)
        archive.writestr("__main__.py", MAIN)
    return file.getvalue()


def sources() -> dict[str, bytes]:
    """The text of our modules, by path below this folder: also of those that only some runs load.

    Raises:
        Refused: they cannot be read, so the host could not undo a change.
    """
    try:
        found = _from_zip() or _from_folder()
    except OSError as error:
        raise Refused(f"our own files cannot be read ({error}), so the host could not undo a change") from None
    return {name: source for name, source in found.items() if name != "__init__.py"}


def _from_zip() -> dict[str, bytes]:
    """As Ansible sends modules; empty where this file does not come from an archive."""
    loader: t.Any = sys.modules[__name__].__loader__
    if not isinstance(loader, zipimport.zipimporter):
        return {}
    prefix = f"{PACKAGE.replace('.', '/')}/"
    with zipfile.ZipFile(loader.archive) as archive:
        ours = [name for name in archive.namelist() if name.startswith(prefix) and name.endswith(".py")]
        return {name[len(prefix) :]: archive.read(name) for name in ours}


def _from_folder() -> dict[str, bytes]:
    found = {}
    top = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * HERE.count(".")))
    for folder, _folders, names in os.walk(top):
        for name in (path for path in names if path.endswith(".py")):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found
