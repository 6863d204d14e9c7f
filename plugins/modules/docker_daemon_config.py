#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: docker_daemon_config
short_description: Set options of the Docker daemon and apply them safely
version_added: 0.1.0
description:
  - Merges settings into C(daemon.json) and brings the running daemon to them, as one transaction.
  - Unknown keys, key order, indentation, mode, owner and labels of the file survive. A file that is not valid JSON
    is refused with line and column and stays as it is.
  - The merged whole is checked against a JSON Schema of the very engine that runs, and by C(dockerd --validate)
    from Docker Engine 23.0 on, before anything is written.
  - The daemon is restarted only if the B(running) daemon is known to differ from what is wanted, whichever program
    wrote the file, or if that is unknown and this run changes the file. So what it leaves in the file is what a
    daemon has started with, unless O(apply=never). A run that died between writing and restarting is finished by the
    next one.
  - The daemon is the process of root's that serves O(docker_socket), and a restart is one of its own systemd service.
    Other processes called dockerd do not matter.
  - Containers live on. If the daemon does not have C(live-restore), it is switched on by a reload before the
    restart and back off after it.
  - A daemon that does not come back healthy, with the same containers running, gets its old file back, and the task
    fails with the daemon's own words.
  - Containers are compared with how they were right before the restart. One that restarts by itself again and again is
    named before, and not judged. If one has lived through the restart, another one that ended has done so by itself;
    that is a warning, and fails nothing. A paused container counts as running.
options:
  config:
    description:
      - Settings to merge, by their names in C(daemon.json). Objects are merged member by member; lists are replaced
        whole.
    type: dict
    default: {}
  absent:
    description: Keys to remove, dotted for a member of an object (V(log-opts.max-size)).
    type: list
    elements: str
    default: []
  path:
    description: The file. By default the one that the running daemon uses, else C(/etc/docker/daemon.json).
    type: path
  apply:
    description:
      - V(auto) reloads or restarts the daemon if it is known to differ from what is wanted. Where that is unknown,
        because the file may have been edited after the daemon's start and there is no record, it does so for what it
        changes in the file, and warns of what the file has already.
      - V(always) does so too for what the file has already.
      - V(never) only writes, and returns what is RV(pending).
    type: str
    choices: [auto, always, never]
    default: auto
  allow_container_restart:
    description:
      - Whether running containers may be stopped. With V(true), C(live-restore) is not borrowed for the restart, and
        they are started again after it.
      - Settings of the default bridge (C(ipv6), C(fixed-cidr-v6), C(bip), C(mtu), C(icc) and others) always need it
        while containers run, because dockerd leaves that bridge as it is as long.
      - Without it, what cannot be done with containers running is refused, with their names.
    type: bool
    default: false
  state:
    description:
      - V(restored) brings back what was there before this collection changed it, by the record kept on the host.
        The file is the old one byte for byte if it was not edited since; otherwise only keys that still have the
        value set by this collection go back. O(config) and O(absent) are then ignored.
    type: str
    choices: [present, restored]
    default: present
  allow_engine_upgrade:
    description: Consent to a restart that also changes the engine, because another version is installed than runs.
    type: bool
    default: false
  allow_forward_drop:
    description:
      - Consent to switching ip6tables on, before Docker Engine 28.0, on a host that forwards IPv6 for others, such
        as virtual machines. Docker then sets the policy of the IPv6 FORWARD chain to DROP.
    type: bool
    default: false
  confirm_within:
    description:
      - Arms a timer on the host, before anything is changed, that puts everything back after so many seconds from
        the last step, unless M(dms.ipv6.host_transaction) confirms. V(0) arms none.
    type: int
    default: 0
  health_timeout:
    description: How long the daemon and its containers may take to be back after a restart, in seconds.
    type: int
    default: 120
requirements:
  - jsonschema (Python, on the target)
extends_documentation_fragment:
  - dms.ipv6._attributes
  - dms.ipv6._attributes.engine
  - dms.ipv6._attributes.transaction
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: dms.ipv6.docker_ipv6_network
  - name: Docker daemon configuration
    description: The options of the daemon.
    link: https://docs.docker.com/reference/cli/dockerd/
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

EXAMPLES = r"""
- name: Translate IPv6 packets instead of proxying them (Docker Engine 20.10 to 26.1)
  dms.ipv6.docker_daemon_config:
    config:
      experimental: true
      ip6tables: true

- name: Write a setting now, restart in the maintenance window
  dms.ipv6.docker_daemon_config:
    config:
      userland-proxy: false
    apply: never

- name: Remove a setting
  dms.ipv6.docker_daemon_config:
    absent:
      - log-opts.max-size
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/docker/daemon.json
steps:
  description: What was done, or would be in check mode, as sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "write /etc/docker/daemon.json: live-restore on, for the time of the restart"
    - reload dockerd and wait until it reports live-restore on
    - "write /etc/docker/daemon.json: the settings wanted, with live-restore still on"
    - restart docker.service; mail keeps running
    - "write /etc/docker/daemon.json: live-restore off, written out for the reload"
    - reload dockerd and wait until it reports live-restore off
    - "write /etc/docker/daemon.json: the settings wanted"
restarted:
  description: Whether the daemon was restarted.
  returned: success
  type: bool
reloaded:
  description: Whether the daemon was reloaded.
  returned: success
  type: bool
pending:
  description: Keys that the running daemon does not have yet, with O(apply=never).
  returned: success
  type: list
  elements: str
unknown:
  description: Keys of which it is not known whether the running daemon has them.
  returned: success
  type: list
  elements: str
outage:
  description:
    - For how many seconds at most clients found published ports closed, 0 in check mode or where no step closes any.
    - It is the time from the beginning of the first step that closes ports to the end of the last one. No service is
      connected to for that.
    - Where containers are stopped and started, their services may need longer to listen again.
  returned: success
  type: float
rolled_back:
  description: Whether the change failed and the old state was brought back.
  returned: always
  type: bool
transaction:
  description: Id of the armed transaction, to be confirmed.
  returned: if one is armed
  type: str
backup_file:
  description: A copy of the file as it was.
  returned: if the file was there and was changed
  type: str
  sample: /etc/docker/daemon.json.dms-ipv6-2026-11-23T15-00-00-000000
"""

from ansible_collections.dms.ipv6.plugins.module_utils.modules.python_guard import run_module  # first
from ansible_collections.dms.ipv6.plugins.module_utils.modules.docker_daemon_config import SPEC, run


def main():  # type: () -> None
    """Ansible's way in."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
