# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook runs on hosts that are not there, or are this machine with modules that act a part.

The role, the playbooks and the callback are the real ones. The modules answer from a story, which the host's
variables and the answers before name, so each run is the same everywhere and touches nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import ansible_collections.dms.ipv6 as checkout
import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.core import finding

Hosts = t.Mapping[str, t.Mapping[str, t.Any]]
DOWN: dict[str, t.Any] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
ACTOR = """#!/usr/bin/python
# WANT_JSON
import json, os, sys
HOSTS, EFFECTS = @HOSTS@
name = @NAME@
with open(sys.argv[1]) as file:
    args = json.load(file)
dry = args.get("_ansible_check_mode", False)
args = {key: value for key, value in args.items() if not key.startswith("_ansible")}
home = @HOME@
with open(os.path.join(home, "asked.jsonl"), "a") as file:
    file.write(json.dumps([name, args, dry]) + "\\n")
result = {"changed": False}
if name in ("docker_ipv6", "docker_ipv6_info", "docker_ipv6_full_info"):
    story = args.get("network", "well")
    if name == "docker_ipv6" and story == "bad":
        print(json.dumps({"failed": True, "rolled_back": True, "msg": "dockerd does not come back"}))
        sys.exit()
    if name == "docker_ipv6":
        open(os.path.join(home, story), "w").close()
        result = {"changed": True, "steps": ["turn it"], "restarted": True, "reloaded": False, "rolled_back": False}
        result["effect"] = args["gai_conf_name"]
        result.update({"transaction": "t1"} if int(args["confirm_within"]) else {})
    if story == "strange":
        print(json.dumps({"failed": True, "msg": "this engine is refused"}))
        sys.exit()
    done = os.path.exists(os.path.join(home, story))
    verdict = "real" if done else "masked"
    port = {"host_port": 25, "port": 25, "protocol": "tcp", "verdict": verdict, "by": "", "cause": ""}
    result["engine"] = {"version": "28.5.2"}
    result["summary"] = "as planned"
    result["containers"] = [{"name": "mail", "networks": [], "exposure": [dict(port, family="ipv6")], "direct": []}]
    if story == "rich" or story.startswith("rich-"):
        result["containers"] = HOSTS[done]["containers"]
        result["findings"] = HOSTS[done]["findings"]
        result["outage"] = 0.379
    result.setdefault("findings", [])
    result["networks"] = [{"ipv6": True, "subnets": args.get("address_pool", "").split()}]
    result["addresses"] = {"ipv6": "::1" if story == "lies" else "2001:2::25"}
    result["host_addresses"] = []
    result["table"] = []
    result["plan"] = {
        "changed": not done, "steps": [] if done else ["turn it"],
        "warnings": [] if done else ["it takes a while"], "packages": [],
        "subnets": args.get("address_pool", "").split(),
        "ports": [["ipv6", 25]] if story == "serves" else [], "prove_on": ["net"],
        "effects": {} if done else EFFECTS,
    }
    if story.startswith("rich"):
        result["plan"]["ports"] = [["ipv6", 25], ["ipv6", 465], ["ipv6", 993]] if done else []
elif name == "mail_dns_info":
    result = {"failed": True, "msg": "no resolver answers"}
elif name == "host_transaction_confirm":
    if args["reach"] == "nowhere:25":
        print(json.dumps({"failed": True, "msg": "nowhere: it cannot be reached."}))
        sys.exit()
    result = {"changed": True}
elif name == "host_transaction":
    result = {"changed": True, **({"failed_steps": []} if args["state"] == "reverted" else {"transaction": "t1"})}
elif name == "probe_responder" and args["state"] == "ready":
    if args["image"] == "nowhere/none":
        print(json.dumps({"failed": True, "msg": "cannot pull nowhere/none. Nothing was changed."}))
        sys.exit()
elif name == "probe_responder" and args["state"] == "present":
    result = {"changed": True, "ports": {"ipv6": 20001}, "host_addresses": []}
elif name == "probe_responder":
    tried = [one for one in args["probes"] if one.get("verdict")]
    names = ("verdict", "family", "port", "client", "msg")
    kept = [{key: str(one.get(key, "")) for key in names} for one in args["probes"]]
    masked = [one["verdict"] for one in tried if one["verdict"] == "masked"]
    word = "failed" if masked else "passed" if tried else "not verified"
    result = {"result": word, "expect": "real", "date": "2026-11-24T21:03:12Z", "probes": kept, "faults": masked}
elif name == "remote_ip_probe" and not int(args["port"]):
    away = args["host"] == "2001:2::99"
    msg = "this client cannot try: Network is unreachable" if away else "it can"
    result = {"verdict": "not verified", "client": "" if away else "::2", "msg": msg}
elif name == "smtp_relay_probe":
    result = {"relay": "accepted" if args["host"] == "2001:2::99" else "denied", "msg": "answered"}
elif name == "remote_ip_probe":
    result = {"verdict": "real", "family": "ipv6", "client": "::2", "seen": "::2", "msg": "seen"}
    result["port"] = int(args["port"])
    if args["host"] == "2001:2::66":
        result.update({"verdict": "masked", "seen": "172.17.0.1", "msg": "seen as 172.17.0.1"})
    if args["host"].startswith("2001:2::bad"):
        result.update({"verdict": "unexpected", "msg": "no address", "answer": "SECRET", "ansible_facts": {"a": 1}})
print(json.dumps(result))
"""


def _exposure(verdict: str, by: str, *ports: int) -> list[dict[str, t.Any]]:
    masked = {"verdict": verdict, "by": by if verdict == "masked" else "", "cause": "", "protocol": "tcp"}
    return [
        {**masked, **more, "host_port": port, "port": port}
        for port in ports
        for more in ({"family": "ipv6"}, {"family": "ipv4", "verdict": "real", "by": ""})
    ]


def _masked(name: str, by: str, *ports: int) -> list[dict[str, t.Any]]:
    why = "the container has no IPv6 address"
    places = [finding.Place(name, f"{port}/tcp", "IPv6 clients", "appear as", by, why) for port in ports]
    remedy = finding.to_name([name])
    return [finding.Finding("masked", "critical", str(place), remedy, place).result() for place in places]


# A host with a mail server and a reverse proxy, before and after the mail server is enabled: story ``rich``.
_WEB = {"name": "traefik", "networks": [], "exposure": _exposure("masked", "172.19.0.1", 80, 443), "direct": []}
RICH: list[dict[str, t.Any]] = [
    {
        "containers": [
            {
                "name": "mailserver",
                "networks": [],
                "exposure": _exposure(verdict, "172.18.0.1", 25, 465, 993),
                "direct": [],
            },
            _WEB,
        ],
        "findings": [*some, *_masked("traefik", "172.19.0.1", 80, 443)],
    }
    for verdict, some in (("masked", _masked("mailserver", "172.18.0.1", 25, 465, 993)), ("real", []))
]
EFFECTS: dict[str, t.Any] = {
    "docker": "restarted",
    "stopped": [],
    "moved": ["mailserver"],
    "recreated": [],
    "networks": {"created": [], "replaced": ["mail_default"], "removed": []},
    "written": [
        {"path": "/etc/docker/daemon.json", "keys": ["experimental", "ip6tables"], "added": 3, "removed": 1},
        {"path": "/srv/mail/compose.yaml", "keys": [], "added": 6, "removed": 0},
    ],
    "forwarding": True,
    "later": [{"path": "/srv/mail/compose.yaml", "services": []}],
    "expected": [
        {"container": "mailserver", "host_port": port, "port": port, "protocol": "tcp", "verdict": "real", "by": ""}
        for port in (25, 465, 993)
    ],
}


@dataclass(frozen=True)
class Done:
    """A run that is over."""

    code: int
    said: str
    folder: Path
    out: str = ""

    @property
    def report(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.folder / "report.json").read_text()))

    @property
    def asked(self) -> list[tuple[str, dict[str, t.Any], bool]]:
        """How the modules were called, in order: name, options, check mode."""
        return [tuple(json.loads(line)) for line in (self.folder.parent / "asked.jsonl").read_text().splitlines()]

    @property
    def states(self) -> dict[str, str]:
        return {one["name"]: one["state"] for one in self.report["hosts"]}


def collections(tmp_path: Path) -> Path:
    """A folder with our collection, in which actors stand in for the modules."""
    top, ours = Path(checkout.__path__[0]), tmp_path / "collections" / "ansible_collections" / "dms" / "ipv6"
    (ours / "plugins" / "modules").mkdir(parents=True)
    for name in ("meta", "roles", "playbooks", "galaxy.yml"):
        (ours / name).symlink_to((top / name).resolve())
    for entry in (top / "plugins").resolve().iterdir():
        if entry.name != "modules":
            (ours / "plugins" / entry.name).symlink_to(entry)
    for path in (top / "plugins" / "modules").glob("*.py"):
        text = ACTOR.replace("@NAME@", repr(path.stem)).replace("@HOME@", repr(str(tmp_path)))
        text = text.replace("@HOSTS@", repr((RICH, EFFECTS)))
        (ours / "plugins" / "modules" / path.name).write_text(text)
    return tmp_path / "collections"


def inventory(tmp_path: Path, hosts: Hosts, variables: t.Mapping[str, t.Any]) -> Path:
    """An inventory of this machine under several names."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    docker = {"hosts": dict(hosts), "vars": {"dms_ipv6_containers": ["mail"], **variables}}
    path = tmp_path / "inventory.yml"
    path.write_text(yaml.safe_dump({"all": {"vars": local, "children": {"docker": docker}, "hosts": {"client1": {}}}}))
    return path


def run(
    tmp_path: Path,
    hosts: Hosts,
    playbook: str | list[dict[str, t.Any]],
    *arguments: str,
    acted: bool = True,
    environment: t.Mapping[str, str] | None = None,
    variables: t.Mapping[str, t.Any] | None = None,
    listed: bool = True,
) -> Done:
    """Run a playbook of the collection, or these plays, with the report switched on, and maybe without ``-i``."""
    if not isinstance(playbook, str):
        (tmp_path / "own.yml").write_text(yaml.safe_dump(playbook))
        playbook = str(tmp_path / "own.yml")
    known = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    settings = {
        "ANSIBLE_CALLBACKS_ENABLED": "dms.ipv6.report",
        "ANSIBLE_COLLECTIONS_PATH": f"{collections(tmp_path)}:{known}" if acted else known,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "false",  # the modules that act are sent, and no program instead
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "remote"),
        **(environment or {}),
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    named = ["-i", str(inventory(tmp_path, hosts, variables or {}))] if listed else []
    done = subprocess.run(
        [str(program), *map(str, named), playbook, *arguments],
        cwd=tmp_path,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = " ".join((done.stdout + done.stderr).split())
    return Done(done.returncode, said, tmp_path / "dms-ipv6-report", done.stdout)
