# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs docker_daemon_config as Ansible would; what a host answers decides no more than the result."""

from __future__ import annotations

from ansible_collections.dms.ipv6.plugins.plugin_utils._host_module import ActionModule

__all__ = ["ActionModule"]
