# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks the collection in known ways: for each mutant a scenario must turn red. One that stays green proves nothing.

Each mutant is the installed tarball with one text replaced. The closing line counts mutants killed and survived.
With names of scenarios, only theirs. A scenario is run as far as the action that must fail, without check mode and
idempotence, which change nothing of what that action finds, and where it shows on one engine, on that one alone: a
scenario that is red there is red.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parent.parent
INSTALLED = TOP / "build" / "installed"
MUTANTS = TOP / "build" / "mutants"
LOCKS = TOP / "build" / "test"
CONFIG = TOP / ".config" / "molecule" / "config.yml"
ENGINES = ("bookworm", "trixie", "sid")


@dataclass(frozen=True)
class Mutant:
    """One text of one file replaced, and where that must show.

    Attributes:
        scenario: the scenario that must fail.
        action: its sequence's action that must be the one to fail.
        says: a text of the failure, so that it is red for the right reason.
        engine: the Docker host on which it shows; the scenario's other hosts are always there. All if it is empty.
    """

    name: str
    file: str
    old: str
    new: str
    scenario: str
    action: str
    says: str
    engine: str = ""


ALL = (
    Mutant(
        "ip6tables is never switched on",
        "plugins/module_utils/daemon/on_host.py",
        'settings.update({"experimental": True, "ip6tables": True})',
        'settings.update({"experimental": True})',
        "default",
        "converge",
        "clients are not seen correctly",
    ),
    Mutant(
        "every client is called real",
        "plugins/module_utils/core/verdict.py",
        "    if seen == own:",
        "    if seen:",
        "default",
        "prepare",
        "before.verdict == 'masked'",
    ),
    Mutant(
        "the containers are not moved",
        "plugins/module_utils/network/plan.py",
        "        if endpoint is None or (place != settings and not replaced):",
        "        if not container.endpoints:",
        "default",
        "converge",
        ": the server saw 172",
    ),
    Mutant(
        "the host's default route is not kept",
        "plugins/module_utils/host/forwarding.py",
        '    lost = [interface for interface in ra_default if accepts.get(interface) == "1"]',
        "    lost: list[str] = []",
        "accept_ra",
        "converge",
        "clients are not seen correctly",
    ),
    Mutant(
        "a replaced network loses the containers' aliases",
        "plugins/module_utils/state/definitions.py",
        '(("IPAMConfig", ipam), ("Aliases", aliases), ("MacAddress", mac))',
        '(("IPAMConfig", ipam), ("MacAddress", mac))',
        "network_replace",
        "verify",
        "attachments lost: 3 of 5",
        "bookworm",
    ),
    Mutant(
        "the default bridge is changed unasked",
        "plugins/module_utils/daemon/plan.py",
        "    _refuse_stopping(running, differs, bridge)\n",
        "",
        "default_bridge",
        "prepare",
        "refused: ",
        "bookworm",
    ),
    Mutant(
        "networks created later get no IPv6 by themselves",
        "plugins/module_utils/daemon/address_pools.py",
        '        wanted[NETWORK_OPTS] = {"bridge": {"com.docker.network.enable_ipv6": "true"}}',
        "        pass",
        "pools",
        "verify",
        "port 8081: the server saw",
        "sid",
    ),
    Mutant(
        "the live network keeps the hash by which Compose re-creates it",
        "plugins/module_utils/state/definitions.py",
        'for name, value in body.get("Labels", {}).items() if name != COMPOSE_HASH}',
        'for name, value in body.get("Labels", {}).items()}',
        "compose",
        "verify",
        "undone.stdout_lines == ['false']",
        "sid",
    ),
    Mutant(
        "what is not published is not closed",
        "plugins/module_utils/routed/nft_table.py",
        '        yield "counter drop"',
        '        yield "counter accept"',
        "routed",
        "verify",
        "open are other ports than",
        "bookworm",
    ),
    Mutant(
        "prevent leaves docker-proxy running",
        "plugins/module_utils/modes/prevent.py",
        "config: Settings = {} if daemon_planning.flag(SETTING, found.daemon) is False else {SETTING: False}",
        "config: Settings = {}",
        "engines",
        "verify",
        "IPv6 is not refused",
        "bookworm",
    ),
    Mutant(
        "a lone precedence line is written to gai.conf",
        "plugins/module_utils/host/gai_conf.py",
        "    whole = ROWS[kind] if not theirs or len(theirs) < len(base.own(kind)) else ()",
        "    whole = ()",
        "gai_conf",
        "verify",
        "far and localhost: 198.18.250.1, 2001:2:0:f::1, 127.0.0.1",
    ),
    Mutant(
        "the kernel's proxy entries do not come back after the link was down",
        "plugins/module_utils/routed/ndp_proxy.py",
        "exec ip -6 monitor link address dev {interface};",
        "exec sleep infinity;",
        "ndp_proxy",
        "verify",
        "2001:2:0:1:d2::80: no answer",
        "trixie",
    ),
)


def build(mutant: Mutant) -> Path:
    """The tree of a mutant; the text to replace must stand exactly once."""
    tree = MUTANTS / re.sub(r"\W+", "-", mutant.name)
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(INSTALLED, tree)
    file = tree / "ansible_collections/dms/ipv6" / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        sys.exit(f"mutant '{mutant.name}': {mutant.old!r} stands {text.count(mutant.old)} times in {mutant.file}")
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return tree


def sequence(mutant: Mutant) -> Path:
    """The configuration of all scenarios, with the actions and hosts that a mutant needs."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    actions = config["scenario"]["test_sequence"]
    needed = [one for one in actions[: actions.index(mutant.action)] if one not in ("check", "idempotence")]
    config["scenario"]["test_sequence"] = [*needed, mutant.action, "destroy"]
    if mutant.engine:
        others = [f"!{engine}" for engine in ENGINES if engine != mutant.engine]
        config["ansible"]["executor"]["args"]["ansible_playbook"] += [f"--limit={':'.join(['localhost:all', *others])}"]
    path = MUTANTS / f"{mutant.scenario}-{mutant.action}-{mutant.engine}.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def killed(mutant: Mutant) -> bool:
    """Whether the scenario fails, in the right action, for the right reason."""
    paths = os.environ["ANSIBLE_COLLECTIONS_PATH"].replace(str(INSTALLED), str(build(mutant)))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": paths,
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "400",
    }
    command = ["molecule", "--base-config", str(sequence(mutant)), "test", "-s", mutant.scenario]
    done = subprocess.run(
        ["flock", str(LOCKS / f"{mutant.scenario}.lock"), *command],
        cwd=TOP, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    failed = re.findall(r"(?:➜|>) (\w+)[\]:] Executed: Failed", re.sub(r"\x1b\[[0-9;]*m", "", said))
    well = done.returncode != 0 and failed[:1] == [mutant.action] and mutant.says in said
    if not well:
        print(said[-6000:])
        print(f"exit code {done.returncode}, failed in {failed}, expected {mutant.action} saying {mutant.says!r}")
    return well


def main(scenarios: list[str]) -> int:
    LOCKS.mkdir(parents=True, exist_ok=True)
    results = []
    for mutant in (one for one in ALL if not scenarios or one.scenario in scenarios):
        results.append(killed(mutant))
        print(f"{'killed  ' if results[-1] else 'SURVIVED'}  {mutant.scenario}: {mutant.name}", flush=True)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
