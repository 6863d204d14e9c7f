# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of every module, and options that several have: of an engine, of a change that can be taken back."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff
      mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation
      indicates no change.
"""

    ENGINE = r"""
options:
  docker_socket:
    description: Path of the Docker Engine's socket on the target.
    type: path
    default: /var/run/docker.sock
notes:
  - Runs on the Docker host itself, as root, for it reads the daemon's process and the kernel's tables.
  - Works with Docker Engine 20.10 to 29 and Python 3.9 or later on the target.
"""

    TRANSACTION = r"""
options:
  transaction:
    description: Id of the transaction of this run that M(dms.ipv6.host_transaction) armed; this change becomes part
      of it.
    type: str
    default: ""
"""
