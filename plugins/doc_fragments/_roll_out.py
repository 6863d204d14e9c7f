# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the filters of a roll-out share."""

from __future__ import annotations


class ModuleDocFragment:
    """What they are given: the variables of all hosts, and how far the play has come."""

    DOCUMENTATION = r"""
options:
  _input:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
"""

    PLAY = r"""
options:
  named:
    description: All hosts of the play, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  play_hosts:
    description: Those that are within reach, C(ansible_play_hosts).
    type: list
    elements: str
    required: true
  batch:
    description: Those whose turn it is, C(ansible_play_batch).
    type: list
    elements: str
    required: true
"""
