# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A roll-out, shown: many Docker hosts, one of which fails while it is changed. Which hosts changed, which did not?

Exit code 0 only if the one that failed is as it was to the byte, all of its batch and before it are changed, all after
it are untouched, no container was restarted, and the run said so in one line. An argument is the number of hosts, 20 by
default.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LAB = Path(__file__).resolve().parent
INVENTORY = LAB.parent / "build" / "rollout.json"
NAME = "rollout"
FAILS = 6  # the host with this number
EXTRA = {"dms_ipv6_containers": ["mail"], "dms_ipv6_probe_hosts": ["client"], "dms_ipv6_probe_image": "dms-lab/whoami"}
# dockerd does not start with what we write. The file is read, taken for right, and only the restart fails.
BREAK = """
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nExecStartPre=/bin/sh -c "! grep -q ip6tables /etc/docker/daemon.json"\\n' \\
    > /etc/systemd/system/docker.service.d/fails.conf
systemctl daemon-reload
"""
PREPARE = """
printf '{\\n  "log-level": "info"\\n}\\n' > /etc/docker/daemon.json
docker run -d --name mail -p 8080:80 dms-lab/whoami
"""
LOOK = """
cat /etc/docker/daemon.json
docker network ls --no-trunc --format '{{.Name}} {{.ID}}' | sort
docker inspect -f '{{.Id}} {{.State.StartedAt}} {{json .NetworkSettings.Networks}}' mail
ls -A /var/lib/dms-ipv6/transaction.json 2>/dev/null || true
"""


def output(*command: str, stdin: str | None = None) -> str:
    """What a command prints; its complaint, and the end of the demonstration, if it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def everywhere(names: list[str], script: str) -> dict[str, str]:
    """What a script prints on each host."""
    with ThreadPoolExecutor(4) as pool:
        said = pool.map(
            lambda name: output("docker", "exec", "-i", f"dms-lab-{NAME}-{name}", "sh", "-e", stdin=script), names
        )
        return dict(zip(names, said, strict=True))


def inventory(names: list[str]) -> None:
    """Docker hosts as Debian bookworm has them, the lightest of the lab (or with DMS_IPV6_ENGINE), and a client."""
    hosts = {"docker": dict.fromkeys(names, "bookworm"), "clients": {"client": "client"}}
    variables = {
        "lab_name": NAME,
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    groups = {
        group: {
            "hosts": {
                name: {"lab_image": image, "ansible_host": f"dms-lab-{NAME}-{name}"} for name, image in members.items()
            }
        }
        for group, members in hosts.items()
    }
    INVENTORY.parent.mkdir(exist_ok=True)
    INVENTORY.write_text(json.dumps({"all": {"vars": variables, "children": groups}}))


def play() -> tuple[int, str, dict[str, int]]:
    """Run the playbook; its exit code, all it printed, and in which batch each host was."""
    command = ["ansible-playbook", "-i", str(INVENTORY), "dms.ipv6.enable", "-e", json.dumps(EXTRA)]
    print("$ ansible-playbook -i inventory dms.ipv6.enable", flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, batches_of(done.stdout)


def batches_of(said: str) -> dict[str, int]:
    """In which batch each host had its turn, as the playbook says it."""
    turns = re.findall(r"^Batch: (.+?)\.(?: Still waiting: .*)?$", said, re.MULTILINE)
    return {name: number for number, turn in enumerate(turns, 1) for name in turn.split(", ")}


def state(before: str, after: str) -> str:
    """Whether a host is as it was, changed with its container running, or neither."""
    if before == after:
        return "old"
    started = [re.findall(r"^[0-9a-f]{64} \S+", text, re.MULTILINE) for text in (before, after)]
    changed = '"ip6tables": true' in after and re.search("^dms-ipv6 ", after, re.MULTILINE)
    return "new" if changed and started[0] == started[1] and "transaction.json" not in after else "BETWEEN"


def wrong(names: list[str], batches: dict[str, int], states: dict[str, str], code: int, line: str) -> list[str]:
    """What is not as it must be, in words."""
    failing = names[FAILS - 1]
    expected = {name: "new" if name in batches and name != failing else "old" for name in names}
    untouched = [name for name in names if name not in batches]
    return [
        text
        for text, well in (
            ("hosts are in another state than they must be", states == expected),
            (f"{failing} had no turn", failing in batches),
            ("no host was left untouched, so nothing was stopped", bool(untouched)),
            (f"the exit code is {code}", code == 2),
            (
                "the line does not name the host and those untouched",
                all(host in line for host in (failing, *untouched)),
            ),
        )
        if not well
    ]


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    names = [f"h{number:02}" for number in range(1, count + 1)]
    inventory(names)
    lab = [sys.executable, str(LAB / "lab.py")]
    output(*lab, "down", str(INVENTORY))
    try:
        subprocess.run([*lab, "up", str(INVENTORY)], check=True)
        everywhere(names, PREPARE)
        everywhere([names[FAILS - 1]], BREAK)
        before = everywhere(names, LOOK)
        begun = time.monotonic()
        code, printed, batches = play()
        seconds = time.monotonic() - begun
        after = everywhere(names, LOOK)
    finally:
        output(*lab, "down", str(INVENTORY))
    states = {name: state(before[name], after[name]) for name in names}
    found = re.search(r'"msg": "(The roll-out stops\..*)"', printed)
    line = found.group(1) if found else ""
    print(f"\n  {'host':6}  {'batch':>5}  state", flush=True)
    for name in names:
        print(f"  {name:6}  {batches.get(name, '-'):>5}  {states[name]}")
    print(f"\n{line}\nexit code {code}, {seconds:.0f} s\n")
    faults = wrong(names, batches, states, code, line)
    print("\n".join([printed[-6000:], f"FAILED: {'; '.join(faults)}"]) if faults else "Every host is old or new.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
