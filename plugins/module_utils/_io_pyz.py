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

from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

PACKAGE = __name__.rpartition(".")[0]
MAIN = f"""\
from {PACKAGE}._io_revert import main
main()
"""


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
    top = os.path.dirname(__file__)
    for folder, _folders, names in os.walk(top):
        for name in (one for one in names if one.endswith(".py")):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found
