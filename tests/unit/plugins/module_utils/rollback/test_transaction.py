# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armed transaction as data, and every kind of step that may be in it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import typing as t

import ansible_collections.dms.ipv6.plugins.module_utils as found_module_utils
import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import step_json
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, Step, Steps
from ansible_collections.dms.ipv6.plugins.module_utils.compose.steps import Recreate
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import (
    Reload,
    Restart,
    StartContainers,
    StopContainers,
)
from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import (
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
    SetSysctl,
)
from ansible_collections.dms.ipv6.plugins.module_utils.host.gai_conf import WriteGaiConf
from ansible_collections.dms.ipv6.plugins.module_utils.host.ifupdown import KeepInIfupdown, TakeOutOfIfupdown
from ansible_collections.dms.ipv6.plugins.module_utils.network.steps import (
    CheckAttached,
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepId,
    KeepRunning,
    RemoveNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.transaction import Transaction
from ansible_collections.dms.ipv6.plugins.module_utils.routed.firewall import DisableUnit, EnableUnit, LoadTable
from ansible_collections.dms.ipv6.plugins.module_utils.routed.ndp_steps import PlaceDropIn, PlaceUnit
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions
from ansible_collections.dms.ipv6.plugins.module_utils.state.daemon import RunningContainer

PACKAGE = "ansible_collections.dms.ipv6.plugins.module_utils"
MAIL = RunningContainer("a" * 64, "mail", (25, 143))
BODY: dict[str, t.Any] = {
    "Name": "dms-ipv6",
    "Driver": "bridge",
    "EnableIPv6": True,
    "Internal": True,
    "Options": {"com.docker.network.bridge.name": "br0"},
    "IPAM": {"Driver": "default", "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]},
}
NETWORK = CreateNetwork("dms-ipv6", definitions.dump(BODY))
SETTINGS = '{"Aliases":["mx","smtp"],"IPAMConfig":{"IPv4Address":"172.18.0.9"}}'
CONNECT = ConnectContainer("mail", "mail-id", "dms-ipv6", SETTINGS, True)
STEPS: list[Step] = [
    WriteFile("/etc/docker/daemon.json", b"\xef\xbb\xbf{}\n\xff", "as it was"),
    WriteFile("/x", None, "as it was"),
    WriteFile("/x", b"", "wanted", old=b"", invertible=True),
    WriteFile("/x", b"", "wanted", invertible=True, like="/y"),
    Reload(None),
    Reload(True, if_running=True),
    Reload(False),
    Restart("docker.service", True, (MAIL, RunningContainer("b", "web"))),
    Restart("docker.service", False, ()),
    StopContainers((MAIL,)),
    StartContainers((MAIL,)),
    SetSysctl("net/ipv6/conf/all/forwarding", "1", "0"),
    KeepRoute("wan.7", "1"),
    RestoreAcceptRa("wan.7", "1"),
    ForwardingComesOn(),
    ForwardingComesOn(False),
    RestoreForwarding(),
    KeepInIfupdown("/etc/network/interfaces", "eth0"),
    TakeOutOfIfupdown("/etc/network/interfaces", "eth0"),
    CreateNetwork("dms-ipv6", definitions.dump({**BODY, "IPAM": {"Driver": "default", "Config": []}})),
    NETWORK,
    RemoveNetwork("dms-ipv6", NETWORK.definition),
    RemoveNetwork("dms-ipv6"),
    CONNECT,
    ConnectContainer("mail", "mail-id", "dms-ipv6", "{}", False),
    DisconnectContainer("mail", "mail-id", "dms-ipv6", SETTINGS, False),
    DisconnectContainer("mail", "mail-id", "dms-ipv6"),
    KeepId("shared", "0123456789abcdef", ("mail", "web")),
    KeepRunning((MAIL,)),
    KeepRunning(()),
    CheckAttached((CONNECT,), "dms-ipv6"),
    CheckAttached((), "dms-ipv6"),
    Recreate("/srv/shop", "", "shop", ("mail", "web")),
    WriteGaiConf("/etc/gai.conf", b"#\xff\n", "without our lines", b"", True, lines=("label ::/0 1  # dms.ipv6",)),
    PlaceUnit("a.service", b"[Unit]\n", None, "2001:2::/80", "eth0", "kernel"),
    PlaceUnit("a.service", None, b"[Unit]\n\xff", "2001:2::/80", "eth0", "ndppd"),
    PlaceDropIn("/etc/systemd/network/a.network.d/b.conf", b"[Network]\n", None, "2001:2::/80", "eth0", "networkd"),
    PlaceDropIn("/etc/systemd/network/a.network.d/b.conf", None, b"", "2001:2::/80", "eth0", "networkd"),
    LoadTable("table ip6 x {\n}\n", ""),
    LoadTable("", "table ip6 x {\n}\n"),
    EnableUnit("x.service"),
    EnableUnit("x.service", True),
    DisableUnit("x.service"),
]
EACH = pytest.mark.parametrize("step", STEPS, ids=[f"{type(one).__name__}{number}" for number, one in enumerate(STEPS)])


def subclasses(kind: type) -> set[type]:
    """Every class of the collection below one."""
    direct: list[type] = kind.__subclasses__()
    found = {below for one in direct for below in (one, *subclasses(one))}
    return {one for one in found if one.__module__.startswith(PACKAGE)}


def step_classes() -> set[type]:
    """Those of every file, imported here or not."""
    for module in pkgutil.walk_packages(found_module_utils.__path__, f"{PACKAGE}."):
        importlib.import_module(module.name)
    return subclasses(Step)


def through_json(steps: Steps) -> Steps:
    return transaction.load_steps(json.loads(json.dumps(step_json.dump_steps(steps))))


def test_every_kind_of_step_can_be_kept() -> None:
    assert {kind for kind in transaction.KINDS.values() if issubclass(kind, Step)} == step_classes()
    assert {name for name, kind in transaction.KINDS.items() if name != kind.__name__} == set()


def test_every_kind_of_step_is_in_this_table() -> None:
    assert {type(step) for step in STEPS} == step_classes()


@EACH
def test_json_and_back(step: Step) -> None:
    (again,) = through_json((step,))
    assert again == step
    assert type(again) is type(step)
    assert hash(again) == hash(step)
    assert repr(again) == repr(step)


def test_all_steps_keep_their_order() -> None:
    assert through_json(tuple(STEPS)) == tuple(STEPS)
    assert through_json(()) == ()


@EACH
def test_each_step_is_a_sentence(step: Step) -> None:
    assert re.fullmatch(r"[A-Za-z][^\n]*[^\s.]", str(step))
    assert "=(" not in str(step) and "None" not in str(step) and type(step).__name__ not in str(step)


@EACH
def test_the_way_back_can_be_described_as_well(step: Step) -> None:
    plan = Plan("a", "b", (step, step))
    assert plan.back(2) == plan.back(2)
    assert plan.back(0) == ()
    assert through_json(plan.back(2)) == plan.back(2)
    assert all(str(one) for one in plan.back(2))


def test_plans_with_a_way_back_of_their_own_say_so() -> None:
    """Else what is written down before a step would be that step's own inverse."""
    step_classes()
    plans: set[t.Any] = {Plan, *subclasses(Plan)}
    for plan in plans:
        assert plan.stepwise is (plan.back is Plan.back), plan


@pytest.mark.parametrize("count", [0, 1, 5])
def test_ways_back_add_up(count: int) -> None:
    plan = Plan("", "", tuple(STEPS[:count]))
    held: Steps = ()
    for number, (back, kept) in enumerate(plan.ways_back(), 1):
        held = (*back, *held) if kept else back
        assert held == plan.back(number)


STORED = {"kind": "WriteFile", "path": "/a", "content": None, "why": "x", "old": None, "invertible": True}


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "System", "command": "rm"},
        {"kind": "RunningContainer", "id": "1", "name": "mail", "ports": []},
        {**STORED, "flags": 1},
        {name: value for name, value in STORED.items() if name != "why"},
        {**STORED, "content": {"bytes": "no base64"}},
        {**STORED, "content": {"bytes": 7}},
        {name: value for name, value in STORED.items() if name != "kind"},
        {"kind": ["WriteFile"]},
        "WriteFile",
        None,
        7,
    ],
)
def test_steps_of_another_version_are_refused(step: t.Any) -> None:
    """An unknown kind, a field that has another name or is missing, garbage: in one line, with the place."""
    with pytest.raises(Refused, match=r"^/j: a step that this version of dms.ipv6 does not know \(") as reason:
        transaction.load_steps([STORED, step], "/j")
    assert reason.value.remedy == "Use the version that wrote it, or a later one"


# --- the transaction


def test_the_last_slot_is_taken_back_first() -> None:
    one, two, three = STEPS[:3]
    armed = Transaction("run", "8f7a", 100.5, 60.0, {}, ((one, two), (three,)))
    assert armed.steps_back() == (three, one, two)


def test_what_is_written_says_its_format() -> None:
    armed = Transaction("run", "8f7a", 100.5, 60.0, {"undo": {}}, ((STEPS[0],),))
    saved = json.loads(json.dumps(transaction.dump(armed)))
    assert (saved["format"], saved["id"], saved["record"]) == (1, "run", {"undo": {}})
    assert transaction.load_steps(saved["slots"][0]) == (STEPS[0],)
