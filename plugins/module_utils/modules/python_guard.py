# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in one line that the host's Python is too old, before anything that such a Python cannot read.

This file, which every module imports first, and those of the modules are such that even Python 2.7 can read them.
"""

import json
import sys

NEEDED = (3, 9)

if sys.version_info < NEEDED:
    found, needed = (".".join(str(number) for number in version[:2]) for version in (sys.version_info, NEEDED))
    text = "dms.ipv6 needs Python {0} or later on the host, and {1} is Python {2}. Set ansible_python_interpreter."
    sys.stdout.write(json.dumps({"failed": True, "msg": text.format(needed, sys.executable, found)}) + "\n")
    raise SystemExit(1)

from .run_module import run_module

__all__ = ["run_module"]
