#!/usr/bin/python
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

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
  - The daemon is restarted only if the B(running) daemon is known to differ from what is wanted, whoever wrote the
    file. A run that died between writing and restarting is finished by the next one.
  - Containers live on. If the daemon does not have C(live-restore), it is switched on by a reload before the
    restart and back off after it.
  - A daemon that does not come back healthy, with the same containers running, gets its old file back, and the task
    fails with the daemon's own words.
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
      - V(auto) reloads or restarts the daemon if it is known to differ from what is wanted.
      - V(always) does so too if that cannot be told, because the file was edited after the daemon's start and no
        record was kept.
      - V(never) only writes, and returns what is RV(pending).
    type: str
    choices: [auto, always, never]
    default: auto
  allow_container_restart:
    description:
      - Whether running containers may be stopped. With V(true), C(live-restore) is not borrowed for the restart, and
        they are started again after it.
      - Settings of the default bridge (C(ipv6), C(fixed-cidr-v6), C(bip), C(mtu), C(icc) and others) always need it
        while containers run, for dockerd leaves that bridge as it is as long.
      - Without it, what cannot be done with containers running is refused, with their names.
    type: bool
    default: false
  state:
    description:
      - V(restored) brings back what was there before this collection changed it, by the record kept on the host.
        The file is the old one byte for byte if nobody edited it since; otherwise only keys that still have the
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
    - restart docker.service; mail kept running
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
  description: Keys of which nobody can tell whether the running daemon has them.
  returned: success
  type: list
  elements: str
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

import contextlib
import typing as t
import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_plan,
    _daemon_schema,
    _engine,
    _host_plan,
    _io_daemon,
    _io_files,
    _io_found,
    _io_preflight,
    _io_revert,
    _io_steps,
    _io_transaction,
    _restart_guards,
    _restored,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "config": {"type": "dict", "default": {}},
    "absent": {"type": "list", "elements": "str", "default": []},
    "path": {"type": "path"},
    "apply": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "allow_container_restart": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "restored"], "default": "present"},
    "allow_engine_upgrade": {"type": "bool", "default": False},
    "allow_forward_drop": {"type": "bool", "default": False},
    "confirm_within": {"type": "int", "default": 0},
    "transaction": {"type": "str", "default": ""},
    "health_timeout": {"type": "int", "default": 120},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def make_plan(params: dict[str, t.Any], found: _host_plan.Found) -> _daemon_plan.DaemonPlan:
    """The plan, refused if a restart would do harm or dockerd would not take the file."""
    apply, consents = params["apply"], params["allow_container_restart"]
    if params["state"] == "restored":
        plan = _restored.plan_restored(found, apply, consents)
    else:
        wanted = _daemon_plan.Wanted(params["config"], tuple(params["absent"]), apply, consents)
        plan = _host_plan.plan_daemon(wanted, found)
    if plan.restarts:
        consent = _restart_guards.Consent(
            params["allow_container_restart"], params["allow_engine_upgrade"], params["allow_forward_drop"]
        )
        _host_plan.refuse_restart(plan, found, _io_preflight.read(found), consent)
    if plan.changed and _engine.has(found.daemon.version, "validate"):
        _io_daemon.validate(found.daemon.pid, plan.after, found.path)
    return plan


def carry_out(plan: _daemon_plan.DaemonPlan, found: _host_plan.Found, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Carry a plan out; what that adds to the result."""
    if not plan.changed:
        # An earlier run died right before it wrote this down.
        loaded = _io_found.read_by(found.daemon.pid, found.daemon.loaded)
        _io_files.keep(borrowed=None, starting=None, daemon=loaded)
        return {}
    if not _daemon_schema.available():
        raise Refused(
            "the Python package jsonschema is missing on this host",
            remedy="Install python3-jsonschema; the role dms.ipv6.dms_ipv6 does",
        )
    transaction = params["transaction"]
    arms = bool(params["confirm_within"] and not transaction)
    if arms:
        transaction = str(uuid.uuid4())
        _io_revert.arm(transaction, params["confirm_within"])
    journal = _io_transaction.Journal(transaction)
    recorder = _io_daemon.Recorder(found, plan, params["state"] == "restored")
    daemon = _io_daemon.DaemonHands(
        Docker(params["docker_socket"]), found.daemon.unit, params["health_timeout"], _io_preflight.next_version(found)
    )
    daemon.backup_file = recorder.before()
    try:
        _io_steps.carry_out(plan, _io_steps.Hands(daemon), journal)
    except _io_steps.RolledBack:
        recorder.back()
        if arms:
            _io_transaction.disarm()
        raise
    recorder.after()
    journal.done()
    result = {"backup_file": daemon.backup_file} if daemon.backup_file else {}
    return {**result, "transaction": transaction} if transaction else result


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Read, plan, and carry out unless ``dry``; what the module returns."""
    with contextlib.nullcontext() if dry else _io_files.lock():
        _io_transaction.Journal(params["transaction"])
        found = _io_found.read(Docker(params["docker_socket"]), params["path"])
        plan = make_plan(params, found)
        unfinished = found.borrowed is not False or "starting" in found.record
        added = carry_out(plan, found, params) if not dry and (plan.changed or unfinished) else {}
    return {
        "changed": plan.changed,
        "diff": plan.diff(found.path),
        "path": found.path,
        "steps": plan.sentences(),
        "restarted": plan.restarts,
        "reloaded": plan.reloads,
        "pending": list(plan.pending),
        "unknown": list(plan.unknown),
        "rolled_back": False,
        "warnings": list(plan.warnings),
        **added,
    }


def main() -> None:
    """Ansible's way in."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except Refused as reason:
        module.fail_json(msg=str(reason), rolled_back=isinstance(reason, _io_steps.RolledBack))
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
