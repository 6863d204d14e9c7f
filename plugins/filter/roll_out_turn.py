# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose turn it is in a roll-out."""

from __future__ import annotations

DOCUMENTATION = r"""
name: roll_out_turn
short_description: Whose turn it is in a roll-out, and what has to change
version_added: 0.1.0
description:
  - For the first task of a batch.
  - The playbooks of this collection use it. It is of little use elsewhere.
positional: named, there, batch
seealso:
  - plugin: dms.ipv6.roll_out_batches
    plugin_type: filter
  - plugin: dms.ipv6.roll_out_hosts
    plugin_type: filter
  - plugin: dms.ipv6.roll_out_stop
    plugin_type: filter
extends_documentation_fragment:
  - dms.ipv6._roll_out
  - dms.ipv6._roll_out.play
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Say whose turn it is
  ansible.builtin.debug:
    msg: "{{ hostvars | dms.ipv6.roll_out_turn(ansible_play_hosts_all, ansible_play_hosts, ansible_play_batch) }}"
"""

RETURN = r"""
_value:
  description: A sentence, the steps of each host, and what to mind on each where there is something.
  type: list
  elements: raw
  sample: ["mail1; 1 of 2 wait", {"mail1": ["create network dms-ipv6"]}]
"""

import typing as t

from ansible_collections.dms.ipv6.plugins.plugin_utils import roll_out

if t.TYPE_CHECKING:
    from collections.abc import Callable


def roll_out_turn(variables: t.Any, named: list[str], there: list[str], batch: list[str]) -> list[t.Any]:
    """See DOCUMENTATION."""
    return roll_out.turn(variables, roll_out.progress(named, there, batch))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"roll_out_turn": roll_out_turn}
