# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of batches."""

from __future__ import annotations

DOCUMENTATION = r"""
name: roll_out_batches
short_description: The sizes of batches, checked
version_added: 0.1.0
description:
  - Refuses what is neither a number of hosts nor a share of them, before any host is changed.
  - The playbooks of this collection use it. It is of little use elsewhere.
options:
  _input:
    description: One size or several, as C(dms_ipv6_serial) takes them.
    type: raw
    required: true
seealso:
  - plugin: dms.ipv6.roll_out_hosts
    plugin_type: filter
  - plugin: dms.ipv6.roll_out_stop
    plugin_type: filter
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Three sizes
  ansible.builtin.debug:
    msg: "{{ [1, '10%', '25%'] | dms.ipv6.roll_out_batches }}"  # ["1", "10%", "25%"]
"""

RETURN = r"""
_value:
  description: The sizes, for C(serial) of a play.
  type: list
  elements: str
  sample: ["1", "10%", "25%"]
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.plugin_utils import roll_out

if t.TYPE_CHECKING:
    from collections.abc import Callable


def roll_out_batches(sizes: t.Any) -> list[str]:
    """See DOCUMENTATION."""
    try:
        return roll_out.batches(sizes)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"roll_out_batches": roll_out_batches}
