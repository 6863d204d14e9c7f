#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends to a host what docker_ipv6_info sends, loads what it loads, and does nothing."""

from __future__ import annotations

from ansible_collections.dms.ipv6.plugins.module_utils._io_python import AnsibleModule
from ansible_collections.dms.ipv6.plugins.module_utils._io_run_docker_ipv6_info import SPEC

if __name__ == "__main__":
    AnsibleModule(argument_spec=SPEC).exit_json()
