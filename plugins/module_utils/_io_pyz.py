# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our code as a program of one file that a host runs without Ansible.

A host with an armed change has one for the way back, which confirms as well (``_io_revert``); another that it keeps
reads and changes (``_io_kept``).
"""

from __future__ import annotations

import importlib.util
import io
import json
import marshal
import os
import pkgutil
import sys
import typing as t
import zipimport

from ansible_collections.dms.ipv6.plugins.module_utils import _io_confirm, _io_import, _parts
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Mapping

# Beside the modules: what it was made by, and of.
ORIGIN = "origin.json"
# The program's beginning. Whoever confirms or reads does not wait until all that undoing takes is loaded.
MAIN = f"""\
import sys
words = sys.argv[1:]
if words[:1] == ["confirm"]:
    from {_io_confirm.__name__} import main
    main(*words[1:])
elif words:
    from {_parts.PACKAGE}._io_kept import main
    main(*words)
else:
    from {_parts.PACKAGE}._io_revert import main
    main()
"""


class Origin(t.NamedTuple):
    """What a program was made by, and of.

    Attributes:
        interpreter: path of the Python that made it, and runs it.
        magic: which compiled code it can load, in hex.
        parts: what tells each of its files from other versions of that file.
    """

    interpreter: str
    magic: str
    parts: list[str]


def program() -> bytes:
    """The program that runs now, or one that is made of what runs."""
    loader = sys.modules[__name__].__loader__
    if isinstance(loader, zipimport.zipimporter) and found(loader.archive):
        with open(loader.archive, "rb") as file:
            return file.read()
    return build()


def build() -> bytes:
    """A program of all our modules that are here, and of what Python has compiled of those that are loaded now."""
    import zipfile  # takes longer than the rest of this file

    file, ours = io.BytesIO(), sources()
    file.write(f"#!{sys.executable}\n".encode())
    with zipfile.ZipFile(file, "w") as archive:
        _parts.put(archive, ours)
        for name in filter(sys.modules.get, ours):
            archive.writestr(f"{name.replace('.', '/')}.pyc", _compiled(name, ours[name]))
        archive.writestr(ORIGIN, json.dumps(origin(ours)._asdict()))
        archive.writestr("__main__.py", MAIN)
    return file.getvalue()


def sources() -> dict[str, bytes]:
    """Our modules by name: also those that only some runs load, in the middle of a change maybe."""
    loader: t.Any = sys.modules[__name__].__loader__
    folder = os.path.dirname(__file__)
    files = sorted(one.name for one in pkgutil.iter_modules([folder]) if one.name.startswith("_"))
    try:
        return {f"{_parts.PACKAGE}.{name}": loader.get_data(os.path.join(folder, f"{name}.py")) for name in files}
    except OSError as error:
        raise Refused(f"our own files cannot be read ({error}), so the host could not undo a change") from None


def _compiled(name: str, source: bytes) -> bytes:
    """A module as Python keeps compiled ones (PEP 552), never checked against its source: both are in one archive."""
    loader: t.Any = sys.modules[name].__loader__
    code = _io_import.COMPILED.get(name) or loader.get_code(name)
    flags = (1).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def origin(sources: Mapping[str, bytes]) -> Origin:
    """What a program that is made now is made by, and of."""
    parts = [_parts.part(f"{name.rpartition('.')[2]}.py", source) for name, source in sources.items()]
    return Origin(sys.executable, magic(), parts)


def magic() -> str:
    """Which compiled code this Python can load, in hex."""
    return importlib.util.MAGIC_NUMBER.hex()


def found(path: str) -> Origin | None:
    """What a program was made by, and of; None if that cannot be told."""
    try:
        return Origin(**json.loads(zipimport.zipimporter(path).get_data(ORIGIN)))
    except (ImportError, OSError, TypeError, ValueError):
        return None
