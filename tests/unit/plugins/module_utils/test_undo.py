# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host remembers, and how everything comes back by it."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import file_bytes, step_json
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, Step
from ansible_collections.dms.ipv6.plugins.module_utils.compose import undo as compose_undo
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import undo as daemon_undo
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.plan import Wanted
from ansible_collections.dms.ipv6.plugins.module_utils.host import undo as host_undo
from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import (
    SYSCTL_FILE,
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
)
from ansible_collections.dms.ipv6.plugins.module_utils.host.gai_conf import TAG, WriteGaiConf
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.network import undo as network_undo
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from hypothesis import given
from hypothesis import strategies as st

NAT = Wanted({"experimental": True, "ip6tables": True})
Memory = t.Optional[dict[str, t.Any]]


def change(daemon: Daemon, memory: Memory, wanted: Wanted) -> Memory:
    """Our change, carried out and remembered as the executor does; the record is JSON."""
    plan = daemon.plan(wanted)
    if not plan.changed:
        return memory
    daemon.carry_out(plan)
    return t.cast(Memory, json.loads(json.dumps(daemon_undo.remember(memory, plan))))


def undo(daemon: Daemon, memory: Memory) -> daemon_plan.DaemonPlan:
    """Everything back, carried out."""
    config, absent = daemon_undo.wanted(memory, daemon.content, PATH)
    plan = daemon_undo.exactly(daemon.plan(Wanted(config, tuple(absent), whole=True)), memory, daemon.content, PATH)
    daemon.carry_out(plan)
    return plan


# Files as people write them, and what our modules may be given.
TEXTS = [
    None,
    b"",
    b"{}",
    b"{ }",
    b"{\n}\n",
    b" \n",
    b'\xef\xbb\xbf{"cpu-rt-period": 1450}',
    b'{"cpu-rt-period" :1450 }',
    b'{\r\n\t"cpu-rt-period": 1450,\r\n\t"log-opts": { }\r\n}',
    b'{"live-restore": true}',
    b'{"live-restore": false, "labels": ["a=b"]}\n\n',
    b'{"experimental": false, "userland-proxy": true, "log-opts": {"max-size": "1m"}}',
]
texts = st.sampled_from(TEXTS)
changes = st.builds(
    Wanted,
    st.fixed_dictionaries(
        {},
        optional={
            "userland-proxy": st.booleans(),
            "cpu-rt-period": st.integers(1280, 1283),
            "debug": st.booleans(),
            "live-restore": st.booleans(),
            "labels": st.lists(st.sampled_from(["a=b", "c=d"]), max_size=2),
            "log-opts": st.dictionaries(st.sampled_from(["max-size", "max-file"]), st.just("5")),
        },
    ),
    st.sampled_from([(), ("cpu-rt-period",), ("log-opts.max-size",), ("log-opts",), ("live-restore", "labels")]),
    st.sampled_from(["auto", "never"]),
)


def daemon_with(content: bytes | None) -> Daemon:
    settings = json_text.read(json_text.decode(content or b"", PATH), PATH)
    return Daemon(content, settings, bool(settings.get("live-restore")))


@given(texts, st.lists(changes, min_size=1, max_size=4))
def test_several_changes_go_back_to_the_first_bytes(content: bytes | None, wanted: list[Wanted]) -> None:
    daemon = daemon_with(content)
    memory: Memory = None
    for one in wanted:
        memory = change(daemon, memory, one)
    written = daemon.content
    undo(daemon, memory)
    first = json_text.read(json_text.decode(content or b"", PATH), PATH)
    assert json_text.same(daemon.file, first)
    if not json_text.same(first, json_text.read(json_text.decode(written or b"", PATH), PATH)):
        assert daemon.content == content
    assert daemon.killed == []


@given(texts, changes, st.sampled_from(["dns", "init", "bip"]))
def test_keys_that_others_add_later_survive(content: bytes | None, wanted: Wanted, name: str) -> None:
    daemon = daemon_with(content)
    memory = change(daemon, None, wanted)
    foreign = {"dns": ["fd00::1"], "init": True, "bip": "10.0.0.1/8"}[name]
    text = json_text.decode(daemon.content or b"", PATH)
    daemon.content = json_text.edit(text, {**daemon.file, name: foreign}).encode()
    undo(daemon, memory)
    first = json_text.read(json_text.decode(content or b"", PATH), PATH)
    assert json_text.same(daemon.file, {**first, name: foreign})


@given(texts, st.integers(1400, 1410))
def test_keys_of_ours_that_others_change_later_survive(content: bytes | None, value: int) -> None:
    daemon = daemon_with(content)
    memory = change(daemon, None, Wanted({"cpu-rt-period": 1300, "userland-proxy": False}))
    text = json_text.decode(daemon.content or b"", PATH)
    daemon.content = json_text.edit(text, {**daemon.file, "cpu-rt-period": value}).encode()
    plan = undo(daemon, memory)
    first = json_text.read(json_text.decode(content or b"", PATH), PATH)
    assert json_text.same(daemon.file, {**first, "cpu-rt-period": value})
    assert "left as they are, because they were changed since: cpu-rt-period" in plan.warnings


@pytest.mark.parametrize("content", TEXTS)
def test_old_bytes_come_back_one_by_one(content: bytes | None) -> None:
    daemon = daemon_with(content)
    memory = change(daemon, None, Wanted({"userland-proxy": False}))
    assert daemon.content != content
    plan = undo(daemon, memory)
    assert (daemon.content, daemon.killed, plan.warnings) == (content, [], ())
    assert plan.after == (content or b"").decode()


def test_undo_is_undone_by_its_own_way_back() -> None:
    daemon = daemon_with(b"{ }")
    memory = change(daemon, None, NAT)
    written = daemon.content
    config, absent = daemon_undo.wanted(memory, daemon.content, PATH)
    plan = daemon_undo.exactly(daemon.plan(Wanted(config, tuple(absent), whole=True)), memory, daemon.content, PATH)
    for done in range(len(plan.steps) + 1):
        tried = daemon.copy()
        tried.apply_all(plan.steps[:done])
        tried.apply_all(plan.back(done))
        assert (tried.content, tried.killed, tried.live_restore) == (written, [], False)


def test_what_an_earlier_run_borrowed_is_not_remembered_as_the_users() -> None:
    daemon = Daemon(b"{}", {})
    plan = daemon.plan(NAT)
    daemon.begin(plan)
    daemon.apply_all(plan.steps[:2])
    memory = change(daemon, None, NAT)
    undo(daemon, memory)
    assert (daemon.file, daemon.live_restore, daemon.killed) == ({}, False, [])


# --- the values


def remembered(before: bytes | None, after: bytes, memory: Memory = None) -> dict[str, t.Any]:
    settings = json_text.read(after.decode(), PATH)
    return daemon_undo.remember(memory, daemon_plan.DaemonPlan("", after.decode(), settings=settings, raw=before))


def test_what_is_remembered() -> None:
    old, new, newest = b'{"cpu-rt-period": 1}', b'{"cpu-rt-period": 2, "init": true}', b'{"init": false}'
    first = remembered(old, new)
    assert first == {
        "keys": {"cpu-rt-period": {"before": [1], "set": [2]}, "init": {"before": [], "set": [True]}},
        "written": file_bytes.digest(new),
        "original": base64.b64encode(old).decode(),
    }
    second = remembered(new, newest, first)
    assert second == {
        "keys": {"cpu-rt-period": {"before": [1], "set": []}, "init": {"before": [], "set": [False]}},
        "written": file_bytes.digest(newest),
        "original": first["original"],
    }
    assert remembered(None, new)["original"] is None


def test_old_bytes_are_forgotten_once_the_file_is_edited() -> None:
    first = remembered(None, b'{"cpu-rt-period": 2}')
    second = remembered(b'{"cpu-rt-period": 2, "dns": []}', b'{"cpu-rt-period": 3, "dns": []}', first)
    assert second["keys"] == {"cpu-rt-period": {"before": [], "set": [3]}}
    assert "original" not in second
    third = remembered(b'{"cpu-rt-period": 3, "dns": []}', b'{"cpu-rt-period": 4, "dns": []}', second)
    assert "original" not in third


def test_edit_of_others_between_two_of_our_changes_is_what_comes_back() -> None:
    first = remembered(b"{}", b'{"cpu-rt-period": 1400}')
    second = remembered(b'{"cpu-rt-period": 1500}', b'{"cpu-rt-period": 1300}', first)
    assert daemon_undo.wanted(second, b'{"cpu-rt-period": 1300}', PATH) == ({"cpu-rt-period": 1500}, [])


@pytest.mark.parametrize("foreign", [False, True])
def test_member_that_we_added_to_an_object_goes(foreign: bool) -> None:
    old: dict[str, t.Any] = {"log-opts": {}}
    daemon = daemon_with(json.dumps(old).encode())
    memory = change(daemon, None, Wanted({"log-opts": {"max-size": "5"}}))
    if foreign:
        text = json_text.decode(daemon.content or b"", PATH)
        daemon.content = json_text.edit(text, {**daemon.file, "dns": []}).encode()
    undo(daemon, memory)
    assert daemon.file == {**old, **({"dns": []} if foreign else {})}
    assert foreign or daemon.content == json.dumps(old).encode()


MEMORY = remembered(b'{"cpu-rt-period": 1}', b'{"cpu-rt-period": 2, "init": true}')


@pytest.mark.parametrize(
    ("memory", "raw", "expected"),
    [
        (MEMORY, b'{"cpu-rt-period": 2, "init": true}', (True, b'{"cpu-rt-period": 1}')),
        (MEMORY, b'{"cpu-rt-period": 2, "init": true} ', (False, None)),
        (MEMORY, None, (False, None)),
        (None, b"{}", (False, None)),
        ({}, b"{}", (False, None)),
        (remembered(None, b"{}"), b"{}", (True, None)),
    ],
)
def test_original(memory: Memory, raw: bytes | None, expected: tuple[bool, bytes | None]) -> None:
    assert daemon_undo.original(memory, raw) == expected


@pytest.mark.parametrize(
    ("memory", "found", "expected"),
    [
        (MEMORY, {"cpu-rt-period": 2, "init": True}, ({"cpu-rt-period": 1}, ["init"], [])),
        (MEMORY, {"cpu-rt-period": 2, "init": True, "dns": []}, ({"cpu-rt-period": 1}, ["init"], [])),
        (MEMORY, {"cpu-rt-period": 5, "init": True}, ({}, ["init"], ["cpu-rt-period"])),
        (MEMORY, {"cpu-rt-period": 2, "init": 1}, ({"cpu-rt-period": 1}, [], ["init"])),
        (MEMORY, {}, ({}, [], ["cpu-rt-period", "init"])),
        (None, {"cpu-rt-period": 2}, ({}, [], [])),
        ({}, {"cpu-rt-period": 2}, ({}, [], [])),
    ],
)
def test_settings_back(memory: Memory, found: dict[str, t.Any], expected: t.Any) -> None:
    assert daemon_undo.settings_back(memory, found) == expected
    raw = json.dumps(found).encode()
    assert daemon_undo.wanted(memory, raw, PATH) == expected[:2]


# --- networks


def connect(id: str, network: str = "n") -> network_steps.ConnectContainer:  # noqa: A002
    return network_steps.ConnectContainer(f"name-{id}", id, network, "{}", True)


def disconnect(id: str, network: str = "n") -> network_steps.DisconnectContainer:  # noqa: A002
    return network_steps.DisconnectContainer(f"name-{id}", id, network)


def definition(subnet: str, name: str = "n", **more: t.Any) -> str:
    config = [{"Subnet": "172.18.0.0/16"}, {"Subnet": subnet}]
    body = {"Name": name, "Driver": "bridge", "EnableIPv6": True, "Internal": False, "Labels": {"a": "b"}}
    return definitions.dump({**body, "IPAM": {"Driver": "default", "Options": {}, "Config": config}, **more})


def create(definition: str, name: str = "n") -> network_steps.CreateNetwork:
    return network_steps.CreateNetwork(name, definition)


def remove(definition: str = "", name: str = "n") -> network_steps.RemoveNetwork:
    return network_steps.RemoveNetwork(name, definition)


def swap(old: str, new: str, *ids: str) -> tuple[Step, ...]:
    """A replacement of the network n with these containers on it."""
    transit = definition("fd99::/64", "transit")
    waiting = [connect(one, "transit") for one in ids]
    return (
        network_steps.KeepRunning(()),
        create(transit, "transit"),
        *waiting,
        *(disconnect(one) for one in ids),
        remove(old),
        create(new),
        *(connect(one) for one in ids),
        *(one.inverse() for one in waiting),
        remove(transit, "transit"),
        network_steps.CheckAttached((), "n"),
    )


OLD, NEW, NEWER = (definition(f"fd12:{number}::/64") for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("memory", "steps", "expected"),
    [
        (None, (), {}),
        (None, (connect("1"), connect("2")), {"n": ["1", "2"]}),
        ({"n": ["1"]}, (connect("2"), connect("3", "m")), {"n": ["1", "2"], "m": ["3"]}),
        ({"n": ["1", "2"]}, (disconnect("1"),), {"n": ["2"]}),
        ({"n": ["1"]}, (disconnect("2"), disconnect("1", "m")), {"n": ["1"]}),
        ({"n": ["1"], "m": ["2"]}, (disconnect("1"), remove(OLD)), {"m": ["2"]}),
        (None, (remove(OLD), create(NEW), connect("1")), {"n": ["1"]}),
        # Who is on a network while it is replaced was not put there by us, or is still known as ours.
        (None, swap(OLD, NEW, "1", "2"), {}),
        (None, (*swap(OLD, NEW, "1"), connect("2")), {"n": ["2"]}),
        ({"n": ["2"]}, swap(OLD, NEW, "1", "2"), {"n": ["2"]}),
        ({"n": ["2"], "m": ["1"]}, (*swap(OLD, NEW, "1", "2"), connect("3")), {"n": ["2", "3"], "m": ["1"]}),
        ({"n": ["2"]}, (disconnect("2"), *swap(NEW, OLD, "1")), {}),
        # One that is gone from the engine is forgotten with the network that it was on.
        ({"n": ["9"]}, swap(OLD, NEW, "1"), {}),
    ],
)
def test_remember_moves(memory: Memory, steps: t.Any, expected: Memory) -> None:
    before = json.dumps(memory)
    assert network_undo.remember_moves(memory, Plan("", "", steps)) == expected
    assert json.dumps(memory) == before


KEPT = {"before": OLD, "after": NEW}


@pytest.mark.parametrize(
    ("memory", "steps", "expected"),
    [
        (None, (), {}),
        (None, (create(NEW), connect("1")), {}),
        (None, swap(OLD, NEW, "1"), {"n": KEPT}),
        ({"m": KEPT}, swap(OLD, NEW), {"m": KEPT, "n": KEPT}),
        # What was there before our first replacement is what comes back.
        ({"n": KEPT}, swap(NEW, NEWER, "1"), {"n": {"before": OLD, "after": NEWER}}),
        ({"n": KEPT}, swap(NEW, OLD, "1"), {}),
        ({"n": KEPT, "m": KEPT}, swap(NEW, OLD), {"m": KEPT}),
        ({"n": KEPT}, (connect("1"),), {"n": KEPT}),
        ({"n": KEPT}, (disconnect("1"), remove(NEW)), {}),
        (
            {"n": KEPT},
            (create(definition("fd99::/64"), network_steps.TRANSIT), remove(OLD, network_steps.TRANSIT)),
            {"n": KEPT},
        ),
    ],
)
def test_remember_replaced(memory: Memory, steps: t.Any, expected: Memory) -> None:
    before = json.dumps(memory)
    assert json.loads(json.dumps(network_undo.remember_replaced(memory, Plan("", "", steps)))) == expected
    assert json.dumps(memory) == before


# --- Compose files


A, B = b"services: {}\n", b"services: {}\nnetworks: {}\n"


def write(content: bytes | None, old: bytes | None, path: str = "/a") -> WriteFile:
    return WriteFile(path, content, "why", old, True)


def entry(original: bytes | None, written: bytes | None) -> dict[str, t.Any]:
    text = None if original is None else base64.b64encode(original).decode()
    return {"original": text, "written": "" if written is None else hashlib.sha256(written).hexdigest()}


@pytest.mark.parametrize(
    ("memory", "steps", "expected"),
    [
        (None, (), {}),
        (None, (write(B, A),), {"/a": entry(A, B)}),
        (None, (write(B, None),), {"/a": entry(None, B)}),
        (None, (write(b"\xff\x00", b"\x00\xff"),), {"/a": entry(b"\x00\xff", b"\xff\x00")}),
        ({"/b": entry(A, B)}, (write(B, A), create(NEW)), {"/a": entry(A, B), "/b": entry(A, B)}),
        (None, (write(B, A), write(A, B, "/b")), {"/a": entry(A, B), "/b": entry(B, A)}),
        # Our second edit: what was there before the first comes back.
        ({"/a": entry(A, B)}, (write(b"c", B),), {"/a": entry(A, b"c")}),
        ({"/a": entry(None, B)}, (write(b"c", B),), {"/a": entry(None, b"c")}),
        # Another program's edit since: that is what comes back.
        ({"/a": entry(A, B)}, (write(b"d", b"c"),), {"/a": entry(b"c", b"d")}),
        ({"/a": entry(A, B)}, (write(B, None),), {"/a": entry(None, B)}),
        # The file as it was: there is nothing to remember.
        ({"/a": entry(A, B), "/b": entry(A, B)}, (write(A, B),), {"/b": entry(A, B)}),
        ({"/a": entry(None, B)}, (write(None, B),), {}),
        ({"/a": entry(A, B)}, (connect("1"),), {"/a": entry(A, B)}),
        # What keeps the default route is remembered elsewhere.
        (None, (WriteFile(SYSCTL_FILE, b"new", "why", None, True),), {}),
        # And so is gai.conf.
        (None, (WriteGaiConf("/a", B, "why", A, True, lines=("x",)),), {}),
    ],
)
def test_remember_files(memory: Memory, steps: t.Any, expected: Memory) -> None:
    before = json.dumps(memory)
    assert json.loads(json.dumps(compose_undo.remember_files(memory, Plan("", "", steps)))) == expected
    assert json.dumps(memory) == before


@pytest.mark.parametrize(
    ("memory", "there", "steps", "edited"),
    [
        (None, {}, [], []),
        ({}, {"/a": A}, [], []),
        ({"/a": entry(A, B)}, {"/a": B}, [write(A, B)], []),
        ({"/a": entry(None, B)}, {"/a": B}, [write(None, B)], []),
        ({"/a": entry(b"\x00\xff", B)}, {"/a": B}, [write(b"\x00\xff", B)], []),
        # Only those that are wanted, in one order.
        ({"/b": entry(A, B), "/a": entry(A, B)}, {"/b": B}, [write(A, B, "/b")], []),
        ({"/b": entry(A, B), "/a": entry(A, B)}, {"/b": B, "/a": B}, [write(A, B), write(A, B, "/b")], []),
        ({"/a": entry(A, B)}, {"/b": B}, [], []),
        ({"/a": entry(A, B)}, {"/a": b"c"}, [], ["/a"]),
        ({"/a": entry(A, B)}, {"/a": A}, [], ["/a"]),
        ({"/a": entry(A, B)}, {"/a": None}, [], ["/a"]),
        # A file that is missing is not the empty one that we wrote.
        ({"/a": entry(A, b"")}, {"/a": None}, [], ["/a"]),
        ({"/a": entry(A, B), "/b": entry(A, B)}, {"/a": b"c", "/b": B}, [write(A, B, "/b")], ["/a"]),
    ],
)
def test_files_back(memory: Memory, there: dict[str, bytes | None], steps: list[WriteFile], edited: list[str]) -> None:
    plan = compose_undo.files_back(memory, there)
    assert [replace(step, why="why") for step in plan.steps if isinstance(step, WriteFile)] == steps
    assert plan.changed is bool(steps)
    words = {True: "remove {}: the file as it was", False: "write {}: the file as it was"}
    assert plan.sentences() == [words[one.content is None].format(one.path) for one in steps]
    assert plan.warnings == tuple(f"{one} is left as it is, because it was edited since" for one in edited)
    # On the way back they are edited once more; afterwards those that came back are forgotten.
    undone = [WriteFile(one.path, one.old, "as it was", one.content, True) for one in reversed(steps)]
    assert plan.back(len(steps)) == tuple(undone)
    after = {**there, **{one.path: one.content for one in steps}}
    again = compose_undo.files_back(compose_undo.remember_files(memory, plan), after)
    assert (again.steps, again.warnings) == ((), plan.warnings)


# --- gai.conf


LINE = f"label fd00::/8 1 {TAG}"
OURS = LINE.encode() + b"\n"


def ours(content: bytes | None, old: bytes | None, *lines: str, path: str = "/g") -> WriteGaiConf:
    return WriteGaiConf(path, content, "why", old, True, lines=lines)


def known(original: t.Any, written: bytes, *lines: str) -> dict[str, t.Any]:
    """An entry of the record; without its original once the file was edited."""
    rest = {"lines": list(lines), "written": hashlib.sha256(written).hexdigest()}
    return rest if original is ... else {**rest, "original": entry(original, written)["original"]}


@pytest.mark.parametrize(
    ("memory", "steps", "expected"),
    [
        (None, (), {}),
        (None, (ours(OURS, b"", LINE),), {"/g": known(b"", OURS, LINE)}),
        (None, (ours(OURS, None, LINE),), {"/g": known(None, OURS, LINE)}),
        # Our second edit, and one after another program's.
        ({"/g": known(b"a", OURS, LINE)}, (ours(b"b", OURS, "x"),), {"/g": known(b"a", b"b", "x")}),
        ({"/g": known(None, OURS, LINE)}, (ours(b"b", OURS, "x"),), {"/g": known(None, b"b", "x")}),
        ({"/g": known(b"a", OURS, LINE)}, (ours(b"b", b"c", "x"),), {"/g": known(..., b"b", "x")}),
        ({"/g": known(..., OURS, LINE)}, (ours(b"b", OURS, "x"),), {"/g": known(..., b"b", "x")}),
        # None of our lines is left.
        ({"/g": known(b"a", OURS, LINE)}, (ours(b"a", OURS),), {}),
        ({"/g": known(b"a", OURS, LINE)}, (write(B, A),), {"/g": known(b"a", OURS, LINE)}),
        ({"/g": known(b"a", OURS, LINE)}, (ours(OURS, b"", LINE, path="/h"),),
         {"/g": known(b"a", OURS, LINE), "/h": known(b"", OURS, LINE)}),
    ],
)  # fmt: skip
def test_remember_gai_conf(memory: Memory, steps: t.Any, expected: Memory) -> None:
    before = json.dumps(memory)
    assert json.loads(json.dumps(host_undo.remember_gai_conf(memory, Plan("", "", steps)))) == expected
    assert json.dumps(memory) == before


@pytest.mark.parametrize(
    ("memory", "there", "content", "why", "edited"),
    [
        # Byte for byte, if it was not edited since.
        ({"/g": known(b"\xff", OURS, LINE)}, OURS, b"\xff", "the file as it was", False),
        ({"/g": known(b"", OURS, LINE)}, OURS, b"", "the file as it was", False),
        ({"/g": known(None, OURS, LINE)}, OURS, None, "the file as it was", False),
        # Our lines otherwise.
        ({"/g": known(b"a", OURS, LINE)}, b"b\n" + OURS, b"b\n", "without our lines", False),
        ({"/g": known(b"a", b"a\n" + OURS, LINE)}, OURS, b"", "without our lines", False),
        ({"/g": known(None, b"a\n" + OURS, LINE)}, OURS, None, "without our lines", False),
        ({"/g": known(None, OURS, LINE)}, OURS + b"b\n", b"b\n", "without our lines", False),
        ({"/g": known(..., OURS, LINE)}, OURS, b"", "without our lines", False),
        ({"/g": known(b"a", b"a", LINE)}, b"x " + OURS + OURS, b"x " + OURS, "without our lines", True),
        ({"/g": known(b"a", b"a", LINE)}, b"x " + OURS, ..., "", True),
        # By their tag, with the record lost.
        ({}, b"a\n" + OURS + b"b", b"a\nb", "without our lines", False),
        (None, OURS, b"", "without our lines", False),
        # None of our lines.
        ({"/g": known(b"a", OURS, LINE)}, b"a", ..., "", False),
        ({"/g": known(b"a", OURS, LINE)}, None, ..., "", False),
        ({"/g": known(None, OURS, LINE)}, None, ..., "", False),
        ({"/g": known(None, OURS, LINE)}, b"b", ..., "", False),
        ({"/h": known(b"a", OURS, LINE)}, b"b", ..., "", False),
        (None, b"", ..., "", False),
        (None, None, ..., "", False),
    ],
)
def test_gai_conf_back(memory: Memory, there: bytes | None, content: t.Any, why: str, edited: bool) -> None:
    plan = host_undo.gai_conf_back(memory, "/g", there)
    steps = () if content is ... else (WriteGaiConf("/g", content, why, there, True),)
    assert plan.steps == steps
    assert plan.warnings == (("/g: our lines that were edited since stay as they are",) if edited else ())
    assert plan.before == (there or b"").decode(errors="replace")
    after = there if content is ... else content
    assert plan.after == (after or b"").decode(errors="replace")
    assert plan.back(len(steps)) == tuple(WriteFile("/g", there, "as it was", one.content, True) for one in steps)
    again = host_undo.gai_conf_back(host_undo.remember_gai_conf(memory, plan), "/g", after)
    # By the tag alone, an edited line cannot be known from ours.
    assert edited or not again.changed


GUARD = (
    WriteFile(SYSCTL_FILE, b"new", "the same at every boot", old=None, invertible=True),
    KeepRoute("eth0", "1"),
    ForwardingComesOn(),
)
BACK = (
    RestoreForwarding(),
    RestoreAcceptRa("eth0", "1"),
    WriteFile(SYSCTL_FILE, None, "as it was", b"new", True),
)
CREATE = create(NEW)


@pytest.mark.parametrize(
    ("memory", "steps", "expected"),
    [
        ((), (CREATE,), ()),
        ((), (*GUARD, CREATE, connect("1")), BACK),
        (BACK, (CREATE,), BACK),
        (BACK, (connect("1"),), BACK),
        (BACK[1:], (GUARD[2], CREATE), BACK),
        (BACK, (remove(), *BACK), ()),
        (BACK, (remove(),), BACK),
        (BACK, (*GUARD, *swap(OLD, NEW)), (*BACK, *BACK)),
        ((), (ForwardingComesOn(False), CREATE), (RestoreForwarding(),)),
        # Compose files are remembered elsewhere.
        ((), (write(B, A), CREATE), ()),
        ((), (write(B, A), *GUARD, CREATE), BACK),
        (BACK, (write(A, B), remove(), *BACK), ()),
        (BACK, (write(A, B), remove()), BACK),
    ],
)
def test_remember_guard(memory: t.Any, steps: t.Any, expected: t.Any) -> None:
    kept = json.loads(json.dumps(host_undo.remember_guard(step_json.dump_steps(memory), steps)))
    assert transaction.load_steps(kept) == expected
    assert host_undo.remember_guard(None, (CREATE,)) == []
