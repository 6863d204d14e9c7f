# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No remedy leads back to itself: what a finding or a refusal names is carried out here, and takes it away.

Every sentence that names one of our playbooks, modules or variables must be in CARRIED_OUT or in SEEN_ELSEWHERE.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins import module_utils
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.finding import Finding
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text, restart_checks
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import newly_open, newly_routed, published
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding
from ansible_collections.dms.ipv6.plugins.module_utils.modes import findings as modes_findings
from ansible_collections.dms.ipv6.plugins.module_utils.modes import nat as modes_nat
from ansible_collections.dms.ipv6.plugins.module_utils.modes import prevent as modes_prevent
from ansible_collections.dms.ipv6.plugins.module_utils.network import default_bridge
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host as network_on_host
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    ULA,
    ask,
    carried_out,
    container,
    endpoint,
    host,
    network,
)

TOP = Path(__file__).resolve().parents[5]
WANTED = modes_nat.Wanted(subnet=ULA, containers=("mail",), allow_forwarding=("all",))
UFW = state_firewall.HostFirewall("ufw")
SHOP = network("shop", ["172.19.0.0/16"])
BRIDGE_FILE = {"ipv6": True, "fixed-cidr-v6": "fd5c:1ab0:7e57:2::/64"}


class Machine:
    """A host in memory: its daemon, and all else that is found on it."""

    def __init__(self, daemon: Daemon, **more: t.Any) -> None:
        self.daemon = daemon
        self.rest = more

    @property
    def found(self) -> state_host.Found:
        return host(self.daemon, **self.rest)

    def findings(self, wanted: modes_nat.Wanted = WANTED) -> list[Finding]:
        return modes_findings.findings(self.found, wanted, ())

    def enable(self, wanted: modes_nat.Wanted = WANTED) -> None:
        """What dms.ipv6.enable does with the daemon, the networks and the kernel."""
        found = self.found
        real = modes_nat.already_real(wanted.containers, wanted.network, found)
        if real and {*real} == {*wanted.containers}:
            wanted = wanted._replace(containers=(), attach=network_on_host.COMPOSE)
        opened = newly_open.opened(published.host(found), wanted.containers)
        newly_open.refuse(opened, wanted.allow_exposure, found.firewall)
        looks_up = ask(*found.containers)
        plan = modes_nat.nat(wanted, found, looks_up, json_text.load(found.raw, found.path))
        self.daemon.carry_out(plan.daemon_plan)
        after = carried_out(found, plan.network_plan.steps)
        self.rest.update(networks=after.networks, containers=after.containers, members=after.members)
        for step in (*plan.daemon_plan.guards, *plan.network_plan.steps):
            self.kernel(step)
        if any(one.ipv6 for one in after.networks) and plan.daemon_plan.restarts and self.docker_forwards:
            self.rest["forwards"] = True

    @property
    def docker_forwards(self) -> bool:
        """Whether dockerd switches forwarding on: at a start with an IPv6 network, and with its first one."""
        return self.daemon.settings.get("ip-forward") is not False

    def kernel(self, step: t.Any) -> None:
        if isinstance(step, forwarding.KeepRoute):
            self.rest["accept_ra"] = {**self.rest["accept_ra"], step.interface: "2"}
        elif isinstance(step, forwarding.ForwardingComesOn):
            self.rest["forwards"] = self.docker_forwards or not step.by_docker
        elif isinstance(step, WriteFile) and step.path == forwarding.SYSCTL_FILE:
            self.rest["sysctl_file"] = step.content


def machine(version: str = "26.1.5", file: bytes | None = None, settings: t.Any = None, **more: t.Any) -> Machine:
    flags = more.pop("flags", {})
    daemon = Daemon(file, settings or {}, version=version, flags=flags, live_restore=False)
    return Machine(daemon, **more)


# --- every state of a host that the model knows: the audit's remedy leads out of it

DUAL = container("mail", endpoint("six", True))
PLACES = {"on the default bridge": container(), "on a network of its own": DUAL}
SETTINGS = {
    "as it comes": {},
    "without docker-proxy": {"userland-proxy": False},
    "without iptables": {"iptables": False},
    "set not to forward": {"ip-forward": False},
    "without ip6tables": {"ip6tables": False},
}
GRID = [
    pytest.param(version, settings, place, forwards, id=f"{version}, {how}, {where}, forwards: {forwards}")
    for version, (how, settings), (where, place), forwards in itertools.product(
        ("20.10.24", "26.1.5", "28.5.2"), SETTINGS.items(), PLACES.items(), (True, False)
    )
]
PLAYBOOK = re.compile(r"dms\.ipv6\.enable")


@pytest.mark.parametrize(("version", "settings", "place", "forwards"), GRID)
def test_enable_takes_away_what_names_it(version: str, settings: t.Any, place: t.Any, forwards: bool) -> None:
    file = str(settings).replace("'", '"').replace("False", "false").encode() if settings else None
    six = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:5::/64"])
    there = (BRIDGE, six) if place.has_ipv6 else (BRIDGE,)
    before = machine(version, file, settings, networks=there, containers=(place,), forwards=forwards)
    named = [one for one in before.findings() if PLAYBOOK.search(one.remedy)]
    try:
        before.enable()
    except Refused as reason:
        # Then another way on is said, which is not the playbook again.
        assert reason.remedy and not PLAYBOOK.search(reason.remedy), reason
        assert not named, f"{named} name a playbook that is refused: {reason}"
        return
    left = before.findings()
    assert not [one for one in left if one in named], left
    assert not [one for one in left if PLAYBOOK.search(one.remedy)], left


# --- findings whose remedy is more than the playbook


def _add(**entries: t.Any) -> t.Callable[[Machine], None]:
    return lambda machine: machine.rest.update(entries)


def _forget_ipv6nat(machine: Machine) -> None:
    machine.rest["ipv6nat"] = ""
    machine.enable()


class Case(t.NamedTuple):
    """A host with a finding, what its remedy tells to do, and words of the remedy."""

    finding: str
    words: str
    make: t.Callable[[], Machine]
    follow: t.Callable[[Machine], None]
    wanted: modes_nat.Wanted = WANTED


NAMED = modes_nat.Wanted(subnet=ULA, containers=("mail",), allow_forwarding=("all",), allow_exposure=("mail:8080/tcp",))
WROTE = {"undo": {"keys": {name: {"before": [], "set": [True]} for name in ("experimental", "ip6tables")}}}
CASES = [
    Case(
        "newly_exposed", "Name what may be open in dms_ipv6_allow_exposure (mail:8080/tcp)",
        lambda: machine(firewall=UFW), lambda host: None, NAMED,
    ),
    Case(
        "newly_exposed", "Name what may be open in dms_ipv6_allow_exposure (mail:8080/tcp)",
        lambda: machine(firewall=UFW), lambda host: host.enable(NAMED), NAMED,
    ),
    Case(
        "network_without_ipv6", "Run dms.ipv6.enable with these containers in dms_ipv6_containers",
        lambda: machine("28.5.2", json.dumps(BRIDGE_FILE).encode(), BRIDGE_FILE, networks=(BRIDGE, SHOP),
                        containers=(container("mail", endpoint("shop")),)),
        lambda host: host.enable(),
    ),
    Case(
        "accept_ra_danger", "dms.ipv6.enable does it",
        lambda: machine(ra_default=("eth0",), accept_ra={"eth0": "1"}, forwards=False), lambda host: host.enable(),
    ),
    Case(
        "settings_taken_out", "Then run dms.ipv6.enable",
        lambda: machine(file=b'{"log-level": "info"}', record=WROTE), lambda host: host.enable(),
    ),
    Case(
        "ipv6nat", "and run dms.ipv6.enable at once",
        lambda: machine(ipv6nat="ipv6nat"), _forget_ipv6nat,
    ),
    Case(
        "way_back_failed", "See to the cause, then run dms.ipv6.host_transaction with state=reverted and",
        lambda: machine(record={"reverted": {"gave_up": True, "transaction": "run"}}),
        _add(record={"reverted": {"gave_up": False, "transaction": "run"}}),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{one.finding}: {one.words[:30]}" for one in CASES])
def test_a_findings_remedy_takes_it_away(case: Case) -> None:
    before = case.make()
    found = [one for one in before.findings() if one.id == case.finding]
    assert found and case.words in found[0].remedy
    case.follow(before)
    assert not [one for one in before.findings(case.wanted) if one.id == case.finding]


# --- refusals that name a variable: with it the same is not refused


AROUND = restart_checks.Surroundings({}, None, (), (), False, (), False)
OLD, NEW = engine_version.parse("26.1.5"), engine_version.parse("28.5.2")
YES = restart_checks.Consent(True, True, True)


def _restart(**around: t.Any) -> t.Callable[[bool], None]:
    def run(followed: bool) -> None:
        consent = YES if followed else restart_checks.Consent()
        restart_checks.refuse(AROUND._replace(**around), {}, OLD, "docker.service", True, consent)

    return run


def _stops(followed: bool) -> None:
    """A Swarm node has no live-restore, so a restart stops its containers."""
    found = host(Daemon(swarm=True))
    modes_nat.nat(WANTED._replace(consent=followed), found, ask(container()), {})


def _exposes(followed: bool) -> None:
    now = published.host(host(firewall=UFW))
    newly_open.refuse(newly_open.opened(now, ("mail",)), ("8080/tcp",) if followed else (), now.firewall)


def _forwards(followed: bool) -> None:
    daemon = Daemon(settings={"ip-forward-no-drop": True}, version="28.5.2")
    found = host(daemon, forwards=False, paths=("eth0", "eth1"))
    newly_routed.refuse(found, newly_routed.joined(found) if followed else ())


def _bridge(followed: bool) -> None:
    there = container("mail", endpoint("shop"), network_mode="shop")
    if not followed:
        default_bridge.refuse_elsewhere([there])
    found = host(networks=(BRIDGE, SHOP), containers=(there,))
    modes_nat.nat(WANTED._replace(attach="network"), found, ask(there), {})


def _compose_file(followed: bool) -> None:
    like = compose_plan.Wanted("", "default", "dms-ipv6", "auto", 64, "", (), "file")
    files = ("/srv/shop/compose.yaml",) if followed else ()
    compose_plan.targets("compose", like, files, (), host(), lambda path: True)


def _of_no_file(followed: bool) -> None:
    like = compose_plan.Wanted("", "default", "dms-ipv6", "auto", 64, "", (), "file")
    named, files = ((), ("/srv/shop/compose.yaml",)) if followed else (("mail",), ())
    compose_plan.targets("compose", like, files, named, host(), lambda path: True)


def _contrary(followed: bool) -> None:
    modes_prevent.refuse_contradiction({} if followed else {"userland_proxy": True})


REFUSALS: dict[str, t.Callable[[bool], None]] = {
    "Set allow_container_restart to consent": _stops,
    "Set allow_container_restart to consent.": _restart(bound_units=("mail.service",)),
    "Set allow_engine_upgrade to consent, or restart Docker yourself first": _restart(next_version=NEW),
    "Add rules that accept that traffic, then set allow_forward_drop to consent": _restart(
        forwards=True, other_paths=("wg0",)
    ),
    "Name what may be open in allow_exposure": _exposes,
    "or name the interfaces in allow_forwarding": _forwards,
    "Use dms_ipv6_attach: network, or start it with network_mode bridge": _bridge,
    "Give dms_ipv6_compose_files": _compose_file,
    "Name its file in dms_ipv6_compose_files, or use another attach": _of_no_file,
    "dms_ipv6_userland_proxy: ": _contrary,
}


@pytest.mark.parametrize("remedy", REFUSALS)
def test_a_refusals_remedy_ends_it(remedy: str) -> None:
    with pytest.raises(Refused) as reason:
        REFUSALS[remedy](False)
    assert remedy.rstrip(".") in str(reason.value)
    REFUSALS[remedy](True)


# --- no sentence is left out

GRID_WORDS = (
    "Run dms.ipv6.enable with this container in dms_ipv6_containers",
    "to dms_ipv6_containers, then run dms.ipv6.enable",
    "Run dms.ipv6.enable, or refuse IPv6 with dms.ipv6.prevent",
)
# Words of a sentence -> the test that carries it out; or why there is nothing to carry out, or no way back to it.
SEEN_ELSEWHERE = {
    "leave dms_ipv6_attach and dms_ipv6_compose_shape": "tests/unit/plugins/modules/test_compose_projects.py::"
    "test_a_refusal_names_a_way",
    "Have the program that makes it put it on network": "tests/unit/plugins/modules/test_compose_projects.py::"
    "test_a_container_with_the_label_of_a_project_alone",
    "in dms_ipv6_containers as well, and it is written there": "tests/unit/plugins/modules/test_compose_projects.py::"
    "test_a_network_that_another_project_makes",
    "give the containers that you named a network of their own": "nothing else is on a network of their own",
    "Run dms.ipv6.enable first": "it creates the network that is missing",
    "Give another dms_ipv6_probe_port, or 0": "with 0 a free port is taken",
    "Nothing has to be done. Where IPv6 does get there": "tests/unit/plugins/module_utils/host/test_address_order.py"
    "::test_effect",
    "Take it off that network, publish its ports on 0.0.0.0": "tests/unit/plugins/module_utils/modes/test_prevent.py"
    "::test_not_refused",
    "Let its clients in with dms_ipv6_mode: nat": "mode nat refuses no container for having IPv6",
    "or choose a name in dms_ipv6_network that sorts before it": "tests/unit/plugins/module_utils/modes/test_routed.py"
    "::test_another_network_that_takes_the_ports",
    "Set dms_ipv6_mail_as_root (mail_as_root)": "tests/unit/plugins/module_utils/mail/test_gateway_trust.py"
    "::test_each_case",
    "pull the responder's image": "tests/unit/plugins/module_utils/proof/io/test_responder.py::test_images",
    "Check the image (dms_ipv6_probe_image)": "tests/unit/plugins/module_utils/proof/io/test_responder.py::test_images",
    "Give dms_ipv6_probe_port": "a port that is given is not looked for",
    "(dms_ipv6_probe_addresses)": "an address that is given is not looked for",
    "Give dms_ipv6_probe_addresses": "an address that is given is not looked for",
    "Set dms_ipv6_gai_conf, or leave them out": "it is refused for the variable's being missing alone",
    "Remove dms_ipv6_gai_conf from this host": "it is refused for the variable's being there alone",
    "Name the file in dms_ipv6_compose_files if that is right": "a file that is named is asked about by no label",
    "Name its file in dms_ipv6_compose_files, or publish its ports": "a container of a file that is named is its",
    "(dms_ipv6_allow_container_restart lets this run do so)": "tests/unit/plugins/module_utils/compose/test_ports.py"
    "::test_plan",
    "yourself, and this without allow_container_restart": "nothing is recreated then",
    "Give one of them another subnet by hand (dms_ipv6_subnet)": "a subnet that is given is not derived",
    "Wait, or end it with dms.ipv6.host_transaction": "it ends what is in the way",
    "The host does not try it again": "it goes on where the way back stopped",
    "move it away, and run dms.ipv6.audit": "what is in the way is gone then",
    "a network of their own (dms_ipv6_attach: network) is better": "it is advice, and refuses nothing",
    "# Written by dms.ipv6.ndp_proxy": "the heading of a file",
    "the role dms.ipv6.dms_ipv6 does": "the role installs what is missing before it needs it",
    "dms_ipv6_mode: prevent": "the name of a mode",
}
OURS = re.compile(r"dms\.ipv6\.\w+|\b(?:dms_ipv6|allow)_\w+")


def sentences(source: str) -> set[str]:
    """The texts of a file that name something of the collection, docstrings left out; what is filled in is ``{}``."""
    tree = ast.parse(source)
    within = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    documents = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    found = set()
    for one in ast.walk(tree):
        if isinstance(one, ast.JoinedStr):
            found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in one.values))
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and not {id(one)} & (within | documents):
            found.add(one.value)
    return {one for one in found if OURS.search(one) and " " in one.strip()}


def test_every_sentence_that_names_something_of_ours_is_carried_out() -> None:
    known = [*GRID_WORDS, *(one.words for one in CASES), *REFUSALS, *SEEN_ELSEWHERE]
    known = [words.partition(" (mail")[0].rstrip(".") for words in known]
    files = sorted(Path(next(iter(module_utils.__path__))).rglob("*.py"))
    every = {(path.name, one) for path in files for one in sentences(path.read_text(encoding="utf-8"))}
    assert every
    missing = [f"{name}: {one}" for name, one in sorted(every) if not any(words in one for words in known)]
    assert not missing, "carry these out in CASES or REFUSALS:\n" + "\n".join(missing)
    stale = [words for words in SEEN_ELSEWHERE if not any(words in one for _name, one in every)]
    assert not stale


def test_tests_that_are_referred_to_are_there() -> None:
    for where in SEEN_ELSEWHERE.values():
        if "::" in where:
            path, _colons, name = where.partition("::")
            assert f"def {name}(" in (TOP / path).read_text(encoding="utf-8"), where
