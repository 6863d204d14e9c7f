#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_transaction_confirm
short_description: Keep a change that waits to be confirmed
version_added: 0.1.0
description:
  - Does what M(dms.ipv6.host_transaction) does with O(dms.ipv6.host_transaction#module:state=confirmed), and is small,
    so that it is sent quickly while the host waits.
  - Confirm over a fresh connection (C(meta=reset_connection)); one that was kept open proves nothing.
    M(dms.ipv6.docker_ipv6) does so by itself.
options:
  transaction:
    description: Id of the transaction, as M(dms.ipv6.host_transaction) returned it.
    type: str
    required: true
  reach:
    description:
      - A C(HOST:PORT) or C([ADDRESS]:PORT) to which the host must be able to connect over TCP. Use it where Ansible
        runs on the host itself (C(ansible-pull)), because reaching the host proves nothing there.
    type: str
    default: ""
extends_documentation_fragment:
  - dms.ipv6._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details: A transaction can be confirmed once.
notes:
  - Needs root and systemd.
seealso:
  - module: dms.ipv6.host_transaction
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Still there
  dms.ipv6.host_transaction_confirm:
    transaction: "{{ armed.transaction }}"
"""

RETURN = r"""
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.host_transaction_confirm import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
