# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs docker_ipv6_info; what a host answers decides its own result only."""

from __future__ import annotations

from ansible_collections.dms.ipv6.plugins.plugin_utils.action.own_result import OwnResult as ActionModule

__all__ = ["ActionModule"]
