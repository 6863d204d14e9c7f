# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, shown: a Docker host that hides its clients, the role, the same host that shows them.

Exit code 0 only if before was masked, after is real, the second run changed nothing, no container was restarted, and no
packet tried to leave the lab.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

LAB = Path(__file__).resolve().parent
# Run as a script, Python would look for this package in the folder of this very file.
sys.path[0] = str(LAB.parent)

from lab import engines  # noqa: E402

INVENTORY = LAB / "inventory.yml"
HOST, CLIENT = "dms-lab-demo-bookworm", "dms-lab-demo-client"
PORT = 8080
EXTRA = {"dms_ipv6_containers": ["mail"], "dms_ipv6_probe_hosts": ["client"], "dms_ipv6_probe_image": "dms-lab/whoami"}


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def output(*command: str) -> str:
    """What a command prints; its complaint, and the end of the demo, if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def lab(*arguments: str) -> str:
    return output(sys.executable, str(LAB / "lab.py"), *arguments)


def inside(container: str, *command: str) -> str:
    return output("docker", "exec", container, *command)


def module(on: str, name: str, **options: object) -> dict[str, object]:
    """The result of one module on one inventory host."""
    arguments = ["-a", json.dumps(options)] if options else []
    said = output("ansible", "-i", str(INVENTORY), on, "-m", f"dms.ipv6.{name}", *arguments)
    result: dict[str, object] = json.loads(said.partition("=>")[2])
    return result


def probe(family: str, host: dict[str, object]) -> dict[str, object]:
    addresses = host["addresses"]
    assert isinstance(addresses, dict)
    known = host["host_addresses"]
    return module("client", "remote_ip_probe", host=addresses[family], port=PORT, family=family, host_addresses=known)


def play(playbook: str) -> str:
    """Run a playbook with its progress on the screen; what it printed."""
    command = ["ansible-playbook", "-i", str(INVENTORY), f"dms.ipv6.{playbook}", "-e", json.dumps(EXTRA)]
    print(f"$ ansible-playbook -i inventory dms.ipv6.{playbook}", flush=True)
    printed = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            printed.append(line)
            print("  " + line, end="", flush=True)
    if process.returncode:
        sys.exit(f"dms.ipv6.{playbook} failed")
    return "".join(printed)


def fresh_host() -> None:
    """The host as a newcomer has it: Docker as Debian ships it, one published container, no setting at all."""
    lab("down", str(INVENTORY))
    subprocess.run([sys.executable, str(LAB / "lab.py"), "up", str(INVENTORY)], check=True)
    inside(HOST, "docker", "run", "-d", "--name", "mail", "-p", f"{PORT}:80", "dms-lab/whoami")


def started_at() -> str:
    return inside(HOST, "docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", "mail")


def poller(addresses: dict[str, str]) -> subprocess.Popen[str]:
    """A client that asks both addresses every 20 ms until its standard input is closed."""
    output("docker", "cp", str(LAB / "poller.py"), f"{CLIENT}:/poller.py")
    command = ["docker", "exec", "-i", CLIENT, "python3", "/poller.py", addresses["ipv4"], addresses["ipv6"], str(PORT)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def table(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _value in rows)
    print()
    for name, value in rows:
        print(f"  {name:{width}}  {value}")
    print(flush=True)


def sentence(result: dict[str, object]) -> str:
    return f"{result['verdict']}: client {result['client']}, seen as {result['seen'] or 'no client'}"


def main() -> int:
    say("Start one Docker host and one client (the first time this builds their images)")
    fresh_host()
    host = module("bookworm", "docker_ipv6_info")
    addresses, engine = host["addresses"], host["engine"]
    assert isinstance(addresses, dict) and isinstance(engine, dict)
    say(f"Before: what does the container see of a client at [{addresses['ipv6']}]:{PORT}?")
    before, before4, started = probe("ipv6", host), probe("ipv4", host), started_at()
    print(f"  IPv6 {sentence(before)}\n  IPv4 {sentence(before4)}", flush=True)
    say("Run the role, with a client polling all the while")
    polled = poller(addresses)
    begun = time.monotonic()
    play("enable")
    seconds = time.monotonic() - begun
    time.sleep(1)
    figures = json.loads(polled.communicate()[0])
    say("After: the same question")
    host = module("bookworm", "docker_ipv6_info")
    after, after4 = probe("ipv6", host), probe("ipv4", host)
    print(f"  IPv6 {sentence(after)}\n  IPv4 {sentence(after4)}", flush=True)
    say("Run it again: there is nothing left to do")
    second = play("enable")
    escaped = json.loads(lab("guard"))
    restarted = "0 of 1" if started_at() == started else "1 of 1"
    table(
        [
            ("engine", f"Docker {engine['version']} (Debian {engines.line_of('bookworm').release})"),
            ("IPv6 before", sentence(before)),
            ("IPv6 after", sentence(after)),
            ("IPv4 before", sentence(before4)),
            ("IPv4 after", sentence(after4)),
            ("published port down, IPv6", f"{figures['ipv6']['down']} s in {figures['ipv6']['outages']}"),
            ("published port down, IPv4", f"{figures['ipv4']['down']} s in {figures['ipv4']['outages']}"),
            ("containers restarted", restarted),
            ("first run took", f"{seconds:.1f} s"),
            ("second run", "changed=0" if "changed=0 " in second else "CHANGED SOMETHING"),
            ("packets that tried to leave the lab", str(escaped)),
        ]
    )
    return verdict(before, after, after4, second, restarted, escaped)


def verdict(
    before: dict[str, object],
    after: dict[str, object],
    after4: dict[str, object],
    second: str,
    restarted: str,
    escaped: dict[str, object],
) -> int:
    """0 if everything is as it must be; what is not is named."""
    wrong = [
        text
        for text, well in (
            ("before was not masked", before["verdict"] == "masked"),
            ("IPv6 is not real after", after["verdict"] == "real"),
            ("IPv4 is not real after", after4["verdict"] == "real"),
            ("the second run changed something", "changed=0 " in second),
            ("the container was restarted", restarted == "0 of 1"),
            ("packets tried to leave the lab", not escaped.get("packets")),
        )
        if not well
    ]
    print("The demo shows what it promises." if not wrong else f"FAILED: {'; '.join(wrong)}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
