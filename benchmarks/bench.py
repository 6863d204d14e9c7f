#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times our playbook against ansible.builtin.ping and the usual way, on the same lab hosts in one run.

    bench.py [--hosts 10,20,50] [--connections docker,ssh] [--repeat 2] [--large 200:1,500:20] [--no-outage]

Each host runs dockerd and has one published container; what the modules need is installed. The hosts are put back
before each first run. Controller and hosts share this machine, so wall time is about the sum of all their CPU time;
real hosts do their part side by side. Writes benchmarks/results/<day>.{md,json}.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
sys.path.insert(0, str(TOP))

from lab import engines, namespace  # noqa: E402

WORK = TOP / "build" / "bench"
FORKS = "10"
# With so many hosts everything is run --repeat times, with more hosts less often: what varies evens out there.
SMALLEST = 10
OURS = ["dms.ipv6.enable", "-e", json.dumps({"dms_ipv6_containers": ["web"]})]
# As many hosts at a time as the usual way has, which are as many as there are forks.
AT_A_TIME = [*OURS, "-e", f"dms_ipv6_serial={FORKS}"]
PLAYBOOKS = ("usual_way", "ping", "bare_change", "read")
USUAL, PING, BARE, READ = ([str(HERE / f"{name}.yml")] for name in PLAYBOOKS)
# As Debian ships Docker, with one container that comes back by itself.
FRESH = """
set -e
docker rm -f web > /dev/null 2>&1 || true
docker network rm dms-ipv6 > /dev/null 2>&1 || true
rm -rf /etc/docker/daemon.json* /var/lib/dms-ipv6 /etc/sysctl.d/*dms-ipv6*
systemctl reset-failed docker docker.socket
systemctl restart docker
docker run -d --restart unless-stopped --name web -p 8080:80 dms-lab/whoami > /dev/null
"""
SSHD = """
set -e
mkdir -m 700 -p ~/.ssh
cat > ~/.ssh/authorized_keys
ssh-keygen -A > /dev/null
systemctl enable --now ssh > /dev/null 2>&1
"""
# Containers on a host and their networks -> docker_ipv6_info against a ping.
LARGE_GOALS = {(200, 1): 2.0, (500, 20): 4.0}
# Each publishes a port in both families. They serve nothing, so that they cost the host little.
FILL = """
set -e
docker rm -f web > /dev/null 2>&1 || true
for net in $(seq {networks}); do docker network create net$net > /dev/null; done
seq {containers} | xargs -P 2 -I N sh -c 'docker run -d --name cN --network net$((N % {networks} + 1)) \
    -p $((10000 + N)):80 --entrypoint sleep dms-lab/whoami 86400' > /dev/null
"""
EMPTY = """
docker ps -aq | xargs -r -n 50 docker rm -f > /dev/null
docker network prune -f > /dev/null
"""
GOALS = {
    "second run / ping": 1.5,
    "first run, as many at a time / usual first run": 0.6,
}


@dataclass(frozen=True)
class Run:
    """What one playbook run took: seconds, and of the controller's largest process MiB."""

    what: str
    connection: str
    hosts: int
    wall: float
    controller_cpu: float
    host_cpu: float
    memory: float


def say(text: str) -> None:
    print(text, flush=True)


def busy() -> float:
    """CPU seconds that this machine has spent on anything."""
    ticks = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def inventory(count: int, connection: str) -> Path:
    """An inventory of that many hosts; over SSH they are reached at their addresses."""
    hosts: dict[str, dict[str, str]] = {}
    for number in range(1, count + 1):
        name = f"h{number:02}"
        place = f"dms-lab-bench-{name}"
        hosts[name] = {"lab_image": "bookworm", "ansible_host": address(place) if connection == "ssh" else place}
    common = {"lab_name": "bench", "ansible_python_interpreter": "/usr/bin/python3"}
    if connection == "ssh":
        options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ControlPersist=60s"
        common |= {"ansible_user": "root", "ansible_ssh_private_key_file": str(WORK / "key")}
        common |= {"ansible_ssh_common_args": options}
    else:
        common |= {"ansible_connection": "community.docker.docker"}
    path = WORK / f"{connection}-{count}.json"
    path.write_text(json.dumps({"all": {"vars": common, "children": {"docker": {"hosts": hosts}}}}), encoding="utf-8")
    return path


def address(container: str) -> str:
    fields = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return output("docker", "inspect", "-f", fields, container)


def output(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def on_hosts(count: int, script: str, stdin: str = "") -> None:
    """Run a script on the first hosts."""

    def on_host(number: int) -> None:
        container = f"dms-lab-bench-h{number:02}"
        output("docker", "exec", "-i", container, "bash", "-c", script, stdin=stdin)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(on_host, range(1, count + 1)))


def play(what: str, playbook: list[str], connection: str, count: int) -> Run:
    """Run a playbook once, and measure it."""
    command = ["ansible-playbook", "-i", str(inventory(count, connection)), "-f", FORKS, *playbook]
    if connection == "ssh" and namespace.holder().exists():
        command = ["nsenter", f"--net={namespace.holder()}", *command]
    log = WORK / f"{connection}-{count}-{what.replace(' ', '-')}.log"
    before, start = busy(), time.perf_counter()
    with log.open("w", encoding="utf-8") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall, spent = time.perf_counter() - start, busy() - before
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{log.read_text(encoding='utf-8')[-3000:]}")
    own = usage.ru_utime + usage.ru_stime
    run = Run(what, connection, count, wall, own, max(0.0, spent - own), usage.ru_maxrss / 1024)
    say(
        f"  {connection:6} {count:3} hosts  {what:18} {wall:7.1f} s   "
        f"controller {own:6.1f} s CPU, {run.memory:4.0f} MiB   everything else {run.host_cpu:6.1f} s CPU"
    )
    return run


def compare(connection: str, count: int, repeat: int) -> list[Run]:
    """First and second runs of both ways, each second run beside a ping."""

    def first(what: str, playbook: list[str]) -> Run:
        on_hosts(count, FRESH)
        time.sleep(5)
        return play(what, playbook, connection, count)

    runs: list[Run] = []
    for _again in range(max(1, repeat * SMALLEST // count)):
        runs += [first("usual, first", USUAL), play("ping", PING, connection, count)]
        runs += [play("usual, second", USUAL, connection, count), first("ours, first", OURS)]
        runs += [first("bare change", BARE), first("ours, first, as many", AT_A_TIME)]
        runs += [play("ping", PING, connection, count), play("ours, second", OURS, connection, count)]
    return runs


def median(runs: list[Run]) -> dict[str, Run]:
    """The median run of each kind, field by field."""
    result = {}
    for what in dict.fromkeys(run.what for run in runs):
        same = [run for run in runs if run.what == what]
        fields = ("wall", "controller_cpu", "host_cpu", "memory")
        result[what] = replace(
            same[0], **{name: statistics.median(getattr(run, name) for run in same) for name in fields}
        )
    return result


def ratios(runs: list[Run]) -> dict[str, float]:
    found = median(runs)
    ours, usual, ping = found["ours, second"], found["usual, second"], found["ping"]
    first, as_many = found["usual, first"], found["ours, first, as many"]
    # A host is read before it is changed, and confirms over a fresh connection afterwards.
    floor = 2 * ping.wall + found["bare change"].wall
    return {
        "second run / ping": ours.wall / ping.wall,
        "first run, as many at a time / usual first run": as_many.wall / first.wall,
        "first run, a canary first / usual first run": found["ours, first"].wall / first.wall,
        "first run's floor (two pings and the bare change) / usual first run": floor / first.wall,
        "first run, as many at a time / its floor": as_many.wall / floor,
        "second run / usual second run": ours.wall / usual.wall,
        "usual second run / ping": usual.wall / ping.wall,
        "seconds per host, ours, second": ours.wall / ours.hosts,
    }


def large(connection: str, containers: int, networks: int, repeat: int) -> list[Run]:
    """One host with many containers, read and pinged in turn."""
    on_hosts(1, EMPTY)
    on_hosts(1, FILL.format(containers=containers, networks=networks))
    time.sleep(5)
    what = f"read {containers} containers on {networks} networks"
    runs = []
    for _again in range(repeat * SMALLEST):
        runs += [play("ping", PING, connection, 1), play(what, READ, connection, 1)]
    on_hosts(1, EMPTY)
    return runs


def large_row(runs: list[Run], containers: int, networks: int) -> str:
    """What reading a large host takes, beside a ping."""
    found = median(runs)
    ping = found.pop("ping")
    (read,) = found.values()
    ratio, goal = read.wall / ping.wall, LARGE_GOALS.get((containers, networks))
    verdict = "" if goal is None else f" (goal {goal}: {'met' if ratio <= goal else 'MISSED'})"
    return (
        f"- docker_ipv6_info with {containers} containers on {networks} networks: {read.wall:.2f} s, a ping"
        f" {ping.wall:.2f} s, {ratio:.2f} times as long{verdict}; CPU of everything but the controller"
        f" {read.host_cpu:.2f} s against {ping.host_cpu:.2f} s"
    )


def outage() -> list[str]:
    """What the test of outages prints: how long a published port is down."""
    command = [sys.executable, "-m", "pytest", "-q", "-rP", "tests/integration/test_outage.py"]
    repeated = {**os.environ, "DMS_IPV6_TEST_OUTAGES": "3"}
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False, env=repeated)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    telling = ("seconds for which", "times a bare", "  ipv4  ", "  ipv6  ")
    return [line for line in done.stdout.splitlines() if any(word in line for word in telling)]


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    ansible = output("ansible", "--version").splitlines()[0]
    own, line = engines.chosen(), engines.line_of("bookworm")
    parts = (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Linux {platform.release()}",
        f"controller: Python {platform.python_version()}, {ansible}, {FORKS} forks, pipelining",
        f"hosts: Debian {line.release}, Docker {own.title if own else line.debians}, all on this machine",
    )
    return "; ".join(parts)


def report(runs: list[Run], outages: list[str], rows: list[str]) -> str:
    """The tables, as Markdown."""
    parts = [f"# {datetime.date.today().isoformat()}", "", machine(), ""]
    for connection, count in dict.fromkeys((run.connection, run.hosts) for run in runs):
        here = [run for run in runs if (run.connection, run.hosts) == (connection, count)]
        parts += [f"## {count} hosts, connection {connection}", ""]
        parts += ["| run | wall s | controller CPU s | everything else CPU s | controller MiB | × ping |"]
        parts += ["|---|---|---|---|---|---|"]
        found = median(here)
        for what, run in found.items():
            cells = f"{run.wall:.1f} | {run.controller_cpu:.1f} | {run.host_cpu:.1f} | {run.memory:.0f}"
            parts.append(f"| {what} | {cells} | {run.wall / found['ping'].wall:.2f} |")
        parts.append("")
        for name, value in ratios(here).items():
            goal = GOALS.get(name)
            verdict = "" if goal is None else f" (goal {goal}: {'met' if value <= goal else 'MISSED'})"
            parts.append(f"- {name}: {value:.2f}{verdict}")
        parts.append("")
    if rows:
        parts += ["## Large hosts", "", *rows, ""]
    if outages:
        parts += ["## Outage of a published port", "", "```", *outages, "```", ""]
    return "\n".join(parts)


def pairs(text: str) -> list[tuple[int, int]]:
    """Containers and networks, as --large has them."""
    split = [part.split(":") for part in text.split(",") if part]
    return [(int(containers), int(networks)) for containers, networks in split]


def measured(options: argparse.Namespace) -> tuple[list[Run], list[str]]:
    """All runs on hosts of a lab that is up, and a row for each large host."""
    counts, connections = numbers(options.hosts), options.connections.split(",")
    if "ssh" in connections:
        (WORK / "key").unlink(missing_ok=True)
        output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(WORK / "key"))
        on_hosts(max(counts), SSHD, (WORK / "key.pub").read_text(encoding="ascii"))
    # Thrown away: the first run after hosts were started takes a third longer.
    on_hosts(min(counts), FRESH)
    play("warm-up", USUAL, connections[0], min(counts))
    runs = [run for connection in connections for count in counts for run in compare(connection, count, options.repeat)]
    rows = []
    for containers, networks in pairs(options.large):
        rows.append(large_row(large(connections[0], containers, networks, options.repeat), containers, networks))
    return runs, rows


def numbers(text: str) -> list[int]:
    """Numbers of hosts, as --hosts has them."""
    return [int(number) for number in text.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", default="10,20,50")
    parser.add_argument("--connections", default="docker,ssh")
    parser.add_argument("--repeat", type=int, default=2, help="how often with 10 hosts; with more, less often")
    parser.add_argument("--large", default="200:1,500:20", help="containers:networks of large hosts; empty for none")
    parser.add_argument("--no-outage", action="store_true")
    options = parser.parse_args()
    for folder in (WORK, HERE / "results"):
        folder.mkdir(parents=True, exist_ok=True)
    outages = [] if options.no_outage else outage()
    lab = [sys.executable, str(TOP / "lab" / "lab.py")]
    hosts = str(inventory(max(numbers(options.hosts)), "docker"))
    subprocess.run([*lab, "up", hosts], check=True)
    try:
        runs, rows = measured(options)
    finally:
        subprocess.run([*lab, "down", hosts], check=False)
    text = report(runs, outages, rows)
    say(f"\n{text}")
    result = HERE / "results" / datetime.date.today().isoformat()
    result.with_suffix(".md").write_text(text, encoding="utf-8")
    data = {"machine": machine(), "runs": [asdict(run) for run in runs], "large": rows, "outage": outages}
    result.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
