# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a roll-out has to change."""

from __future__ import annotations

DOCUMENTATION = r"""
name: roll_out_hosts
short_description: Which hosts a roll-out has to change
version_added: 0.1.0
description:
  - Those that were read and are not as wanted, in the order given.
  - The playbooks of this collection use it. It is of little use elsewhere.
positional: names
options:
  names:
    description: The hosts to choose from.
    type: list
    elements: str
    required: true
seealso:
  - plugin: dms.ipv6.roll_out_batches
    plugin_type: filter
  - plugin: dms.ipv6.roll_out_stop
    plugin_type: filter
extends_documentation_fragment:
  - dms.ipv6._roll_out
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Change what is not as wanted
  hosts: "{{ hostvars | dms.ipv6.roll_out_hosts(groups.docker) }}"
"""

RETURN = r"""
_value:
  description: Names of hosts.
  type: list
  elements: str
  sample: [mail1, mail2]
"""

import typing as t

from ansible_collections.dms.ipv6.plugins.plugin_utils import roll_out

if t.TYPE_CHECKING:
    from collections.abc import Callable


def roll_out_hosts(variables: t.Any, names: list[str]) -> list[str]:
    """See DOCUMENTATION."""
    return roll_out.to_change(variables, names)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """The filters of this file."""
        return {"roll_out_hosts": roll_out_hosts}
