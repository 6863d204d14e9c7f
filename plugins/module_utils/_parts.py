# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our files as parts of a program: what is in its archive, and what tells it from one of other versions of them."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    import zipfile
    from collections.abc import Mapping

PACKAGE = __name__.rpartition(".")[0]


def part(file: str, source: bytes) -> str:
    """What stands for one version of a file, given its name without folders."""
    import hashlib  # takes longer than the rest of a program that only runs

    return hashlib.sha256(file.encode() + b"\0" + source).hexdigest()[:12]


def put(archive: zipfile.ZipFile, sources: Mapping[str, bytes]) -> None:
    """Put our modules, by name, where Python finds them."""
    folders = PACKAGE.split(".")
    for depth in range(1, len(folders) + 1):
        archive.writestr("/".join([*folders[:depth], "__init__.py"]), "")
    for name, source in sources.items():
        archive.writestr(f"{name.replace('.', '/')}.py", source)
