# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads files out of the zip that Ansible sends without compiling each of them twice: ours, and Ansible's own.

Where a module in a zip comes from is a question that Python's importer answers by compiling it; then it compiles it
again to run it (``zipimporter.get_filename`` of CPython 3.9 to 3.13). It was a third of the time in which our modules
load, and nearly half of that of ``ansible.module_utils.basic``.
"""

from __future__ import annotations

import sys
import typing as t
import zipimport

if t.TYPE_CHECKING:
    import types

# What was compiled by now, by module, for whoever wants to keep it.
COMPILED: dict[str, types.CodeType] = {}


class _Importer(zipimport.zipimporter):
    """Knows where a module comes from by its name, and what it has compiled."""

    def get_code(self, fullname: str) -> types.CodeType:
        COMPILED[fullname] = code = super().get_code(fullname)
        return code

    def get_filename(self, fullname: str) -> str:
        if self.is_package(fullname):
            return super().get_filename(fullname)
        return f"{self.archive}/{self.prefix}{fullname.rpartition('.')[2]}.py"


def compile_once() -> None:
    """From now on compile what comes from a zip once; does nothing where this file does not come from one."""
    if not isinstance(sys.modules[__name__].__loader__, zipimport.zipimporter):
        return
    sys.path_hooks.insert(0, _Importer)
    for place, finder in sys.path_importer_cache.items():
        if isinstance(finder, zipimport.zipimporter):
            sys.path_importer_cache[place] = _Importer(place)
