#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: docker_ipv6_full_info
short_description: Read everything about a Docker host's IPv6, with all that few runs need
version_added: 0.1.0
description:
  - There is no need to call it. M(dms.ipv6.docker_ipv6_info) does where it is needed, because that one is smaller, and
    so is sent to a host in less time.
  - Takes the same options, and returns the same.
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.reading
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.host
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
seealso:
  - module: dms.ipv6.docker_ipv6_info
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: See what hidden clients do to mail servers on a host
  dms.ipv6.docker_ipv6_info:
    mail: true
  register: host
"""

RETURN = r"""
plan:
  description: What would have to change, see M(dms.ipv6.docker_ipv6_info). All else that it returns is here as well.
  returned: success, with O(mode) other than V(audit)
  type: dict
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.docker_ipv6_full_info import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
