# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one of our modules on the host it stands on: direct.py MODULE check|real, with its options on standard input."""

from __future__ import annotations

import importlib
import json
import sys
import warnings

from ansible.module_utils.testing import patch_module_args

# What Python will drop, where our own code uses it.
warnings.filterwarnings("error", category=DeprecationWarning, module="ansible_collections")
options = {**json.load(sys.stdin), "_ansible_check_mode": sys.argv[2] == "check", "_ansible_remote_tmp": "/tmp"}
with patch_module_args(options):
    importlib.import_module(f"ansible_collections.dms.ipv6.plugins.modules.{sys.argv[1]}").main()
