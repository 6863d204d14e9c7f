# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a roll-out stops."""

from __future__ import annotations

DOCUMENTATION = r"""
name: roll_out_stop
short_description: Why a roll-out stops, and how each host is left
version_added: 0.1.0
description:
  - For a batch in which a host failed or was lost.
  - The playbooks of this collection use it. It is of little use elsewhere.
positional: named, play_hosts, batch, check
options:
  check:
    description: Whether nothing was really changed, C(ansible_check_mode).
    type: bool
    default: false
seealso:
  - plugin: dms.ipv6.roll_out_batches
    plugin_type: filter
  - plugin: dms.ipv6.roll_out_hosts
    plugin_type: filter
extends_documentation_fragment:
  - dms.ipv6._roll_out
  - dms.ipv6._roll_out.play
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Stop because a host failed
  ansible.builtin.fail:
    msg: "{{ hostvars | dms.ipv6.roll_out_stop(ansible_play_hosts_all, ansible_play_hosts, ansible_play_batch) }}"
"""

RETURN = r"""
_value:
  description: What happened, which hosts are as wanted, and which were not touched.
  type: str
  sample: "The roll-out stops. Out of reach: mail2. As wanted: mail1. Not touched: mail3."
"""

import typing as t

from ansible_collections.dms.ipv6.plugins.plugin_utils import roll_out

if t.TYPE_CHECKING:
    from collections.abc import Callable


def roll_out_stop(
    variables: t.Any, named: list[str], play_hosts: list[str], batch: list[str], check: bool = False
) -> str:
    """See DOCUMENTATION."""
    return roll_out.stopped(variables, roll_out.progress(named, play_hosts, batch), check)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"roll_out_stop": roll_out_stop}
