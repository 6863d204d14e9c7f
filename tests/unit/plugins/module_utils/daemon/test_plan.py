# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for the daemon: their sentences, and what they do to a daemon in memory."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import file_steps
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text, keys
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import undo as daemon_undo
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.plan import Wanted
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import LIVE_RESTORE, Restart
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.state.daemon import RunningContainer
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import MAIL, PATH, WEB, Daemon

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Step

NAT = Wanted({"experimental": True, "ip6tables": True})
ASKED = Wanted(NAT.config, consent=True)
NEVER = Wanted(NAT.config, apply="never")
ALWAYS = Wanted(NAT.config, apply="always")
BRIDGED = Wanted({"mtu": 1450}, consent=True)
MTU = '{\n  "mtu": 1450\n}'

WRITE = f"write {PATH}: the settings wanted"
BORROW = [
    f"write {PATH}: live-restore on, for the time of the restart",
    "reload dockerd and wait until it reports live-restore on",
    f"write {PATH}: the settings wanted, with live-restore still on",
]
GIVE_BACK = [
    f"write {PATH}: live-restore off, written out for the reload",
    "reload dockerd and wait until it reports live-restore off",
]


class Case(t.NamedTuple):
    """A daemon, what is wanted of it, the exact sentences, and the file afterwards."""

    name: str
    daemon: Daemon
    wanted: Wanted
    sentences: list[str]
    text: str | None


OLD = '{\n  "mtu": 1450\n}\n'
NEW = '{\n  "mtu": 1450,\n  "experimental": true,\n  "ip6tables": true\n}\n'
FRESH = '{\n  "experimental": true,\n  "ip6tables": true\n}\n'
LIVE = '{"live-restore": true, "mtu": 1450}'
LIVE_NEW = '{"live-restore": true, "mtu": 1450, "experimental": true, "ip6tables": true}'
LOADED = {"experimental": True, "ip6tables": True}
KEPT = "restart docker.service; mail keeps running"
STOP = "stop mail, because the default bridge is in use while they run"
STOPPED = "restart docker.service; mail stopped and started"
IDLE = "restart docker.service; no container is running"

CASES = [
    Case("missing file", Daemon(), NAT, [*BORROW, KEPT, *GIVE_BACK, WRITE], FRESH),
    Case("empty file", Daemon(b""), NAT, [*BORROW, KEPT, *GIVE_BACK, WRITE], FRESH),
    Case("user's file", Daemon(OLD.encode(), {"mtu": 1450}), NAT, [*BORROW, KEPT, *GIVE_BACK, WRITE], NEW),
    Case("no container", Daemon(OLD.encode(), {"mtu": 1450}, containers=()), NAT, [WRITE, IDLE], NEW),
    Case(
        "only a paused one",
        Daemon(containers=(replace(MAIL, status="paused"),)),
        NAT,
        [*BORROW, "restart docker.service; mail (paused) keeps running", *GIVE_BACK, WRITE],
        FRESH,
    ),
    Case(
        "one that restarts by itself",
        Daemon(containers=(MAIL, replace(WEB, status="restarting"))),
        NAT,
        [*BORROW, "restart docker.service; mail, web (restarting) keep running", *GIVE_BACK, WRITE],
        FRESH,
    ),
    Case("consent", Daemon(OLD.encode(), {"mtu": 1450}), ASKED, [WRITE, STOPPED], NEW),
    Case(
        "several containers",
        Daemon(containers=(MAIL, WEB)),
        ASKED,
        [WRITE, "restart docker.service; mail, web stopped and started"],
        FRESH,
    ),
    Case(
        "live-restore there",
        Daemon(LIVE.encode(), {"live-restore": True, "mtu": 1450}, True),
        NAT,
        [WRITE, KEPT],
        LIVE_NEW,
    ),
    Case("written, not restarted", Daemon(NEW.encode(), {"mtu": 1450}, containers=()), NAT, [IDLE], NEW),
    Case(
        "written, not restarted, in use",
        Daemon(NEW.encode(), {"mtu": 1450}),
        NAT,
        [*BORROW, KEPT, *GIVE_BACK, WRITE],
        NEW,
    ),
    Case("all in force", Daemon(NEW.encode(), {"mtu": 1450, **LOADED}), NAT, [], NEW),
    Case("in force, not in the file", Daemon(OLD.encode(), {"mtu": 1450, **LOADED}), NAT, [WRITE], NEW),
    Case("never", Daemon(OLD.encode(), {"mtu": 1450}), NEVER, [WRITE], NEW),
    Case(
        "default is written",
        Daemon(b"{}", {}),
        Wanted({"userland-proxy": True}),
        [WRITE],
        '{\n  "userland-proxy": true\n}',
    ),
    Case(
        "default of 28",
        Daemon(b"{}", {}, version="28.5.2"),
        Wanted({"ip6tables": True}),
        [WRITE],
        '{\n  "ip6tables": true\n}',
    ),
    Case("nothing wanted", Daemon(OLD.encode(), {}), Wanted({}), [], OLD),
    Case(
        "absent",
        Daemon(NEW.encode(), {"mtu": 1450, **LOADED}, containers=()),
        Wanted({}, ("mtu", "ip6tables", "experimental")),
        [WRITE, IDLE],
        "{}\n",
    ),
    Case(
        "absent already", Daemon(OLD.encode(), {"mtu": 1450}), Wanted({}, ("ip6tables", "log-opts.max-size")), [], OLD
    ),
    Case(
        "reload",
        Daemon(OLD.encode(), {"mtu": 1450}),
        Wanted({"debug": True}),
        [WRITE, "reload dockerd"],
        '{\n  "mtu": 1450,\n  "debug": true\n}\n',
    ),
    Case(
        "live-restore on",
        Daemon(OLD.encode(), {"mtu": 1450}),
        Wanted({LIVE_RESTORE: True}),
        [WRITE, "reload dockerd and wait until it reports live-restore on"],
        '{\n  "mtu": 1450,\n  "live-restore": true\n}\n',
    ),
    Case(
        "live-restore off",
        Daemon(LIVE.encode(), {"live-restore": True, "mtu": 1450}, True),
        Wanted({LIVE_RESTORE: False}),
        [WRITE, "reload dockerd and wait until it reports live-restore off"],
        '{"live-restore": false, "mtu": 1450}',
    ),
    Case(
        "live-restore away",
        Daemon(LIVE.encode(), {"live-restore": True, "mtu": 1450}, True),
        Wanted({}, (LIVE_RESTORE,)),
        [f"write {PATH}: live-restore written out as not set, for the reload", GIVE_BACK[1], WRITE],
        '{"mtu": 1450}',
    ),
    Case(
        "live-restore on and restart",
        Daemon(OLD.encode(), {"mtu": 1450}),
        Wanted({LIVE_RESTORE: True, **LOADED}),
        [*BORROW[:2], WRITE, KEPT],
        '{\n  "mtu": 1450,\n  "live-restore": true,\n  "experimental": true,\n  "ip6tables": true\n}\n',
    ),
    Case(
        "live-restore off and restart",
        Daemon(LIVE.encode(), {"live-restore": True, "mtu": 1450}, True),
        Wanted({LIVE_RESTORE: False, **LOADED}),
        [BORROW[2], KEPT, *GIVE_BACK, WRITE],
        '{"live-restore": false, "mtu": 1450, "experimental": true, "ip6tables": true}',
    ),
    Case(
        "live-restore away and restart",
        Daemon(LIVE.encode(), {"live-restore": True, "mtu": 1450}, True),
        Wanted(LOADED, (LIVE_RESTORE,)),
        [BORROW[2], KEPT, *GIVE_BACK, WRITE],
        '{"mtu": 1450, "experimental": true, "ip6tables": true}',
    ),
    Case(
        "live-restore by a flag",
        Daemon(b"{}", {}, True, flags={LIVE_RESTORE: "true"}),
        NAT,
        [WRITE, KEPT],
        '{\n  "experimental": true,\n  "ip6tables": true\n}',
    ),
    Case(
        "live-restore by a flag, with consent",
        Daemon(b"{}", {}, True, flags={LIVE_RESTORE: "true"}),
        ASKED,
        [WRITE, KEPT],
        '{\n  "experimental": true,\n  "ip6tables": true\n}',
    ),
    Case(
        "switches by flags",
        Daemon(b"{}", {}, flags={"experimental": "true", "ip6tables": "1"}),
        Wanted({}),
        [],
        "{}",
    ),
    Case(
        "a list away by a reload",
        Daemon(b'{"labels": ["a=b"], "mtu": 1450}', {"labels": ["a=b"], "mtu": 1450}),
        Wanted({}, ("labels",)),
        [f"write {PATH}: labels written out as not set, for the reload", "reload dockerd", WRITE],
        '{"mtu": 1450}',
    ),
    Case(
        "a number away by a restart",
        Daemon(b'{"shutdown-timeout": 30}', {"shutdown-timeout": 30}, containers=()),
        Wanted({}, ("shutdown-timeout",)),
        [WRITE, IDLE],
        "{}",
    ),
    Case(
        "no docker-proxy",
        Daemon(b"{}", {}, containers=(RunningContainer(MAIL.id, "mail", (25, 143)),)),
        Wanted({"userland-proxy": False}),
        [*BORROW, KEPT, *GIVE_BACK, WRITE],
        '{\n  "userland-proxy": false\n}',
    ),
    Case(
        "explicit false comes back",
        Daemon(b'{"live-restore": false}', {"live-restore": False}),
        NAT,
        [*BORROW, KEPT, *GIVE_BACK, WRITE],
        '{"live-restore": false, "experimental": true, "ip6tables": true}',
    ),
    *(
        Case(
            f"Docker {version}",
            Daemon(OLD.encode(), {"mtu": 1450}, version=version),
            Wanted({"userland-proxy": False}),
            [*BORROW, KEPT, *GIVE_BACK, WRITE],
            '{\n  "mtu": 1450,\n  "userland-proxy": false\n}\n',
        )
        for version in ("20.10.24", "28.5.2")
    ),
    Case("edited since, unknown", Daemon(NEW.encode(), {"mtu": 1450, **LOADED}, recorded=False), NAT, [], NEW),
    Case("edited since, seen by its effect", Daemon(NEW.encode(), {}, recorded=False, containers=()), NAT, [IDLE], NEW),
    Case(
        "edited since, cannot be seen",
        Daemon(b"{}", {}, recorded=False, containers=()),
        Wanted({"init": True}),
        [WRITE, IDLE],
        '{\n  "init": true\n}',
    ),
    Case(
        "edited since, cannot be seen, with containers",
        Daemon(b'{"init": true, "dns": []}', {}, recorded=False),
        Wanted({}, absent=("init",)),
        [*BORROW, KEPT, *GIVE_BACK, WRITE],
        '{"dns": []}',
    ),
    Case(
        "edited since, cannot be seen, is there",
        Daemon(b'{"init": true}', {}, recorded=False, containers=()),
        Wanted({"init": True}),
        [],
        '{"init": true}',
    ),
    Case(
        "edited since, cannot be seen, but a reload will do",
        Daemon(b"{}", {}, recorded=False),
        Wanted({"labels": ["a"]}),
        [WRITE, "reload dockerd"],
        '{\n  "labels": [\n    "a"\n  ]\n}',
    ),
    Case(
        "edited since, restarted all the same",
        Daemon(b"{}", {}, recorded=False, containers=()),
        Wanted({"init": True}, apply="always"),
        [WRITE, IDLE],
        '{\n  "init": true\n}',
    ),
    Case("default bridge, consent", Daemon(b"{}"), BRIDGED, [WRITE, STOPPED], MTU),
    Case(
        "default bridge, live-restore on",
        Daemon(b'{"live-restore": true}', {"live-restore": True}, True),
        BRIDGED,
        [WRITE, STOP, STOPPED],
        '{"live-restore": true, "mtu": 1450}',
    ),
    Case("default bridge, nothing runs", Daemon(b"{}", containers=()), Wanted({"mtu": 1450}), [WRITE, IDLE], MTU),
    Case(
        "line ends and blanks",
        Daemon(b'{\r\n\t"mtu" : 1450\r\n}', {"mtu": 1450}),
        NAT,
        [*BORROW, KEPT, *GIVE_BACK, WRITE],
        '{\r\n\t"mtu" : 1450,\r\n\t"experimental": true,\r\n\t"ip6tables": true\r\n}',
    ),
]
TABLE = pytest.mark.parametrize("case", [pytest.param(one, id=one.name) for one in CASES])


def text_of(daemon: Daemon) -> str | None:
    return None if daemon.content is None else daemon.content.decode()


def wanted_live_restore(case: Case) -> bool:
    """What live-restore is afterwards: as wanted, or as it was."""
    settings = {**case.wanted.config, **dict.fromkeys(case.wanted.absent, False)}
    return bool(settings.get(LIVE_RESTORE, case.daemon.live_restore))


def assert_converged(daemon: Daemon, case: Case) -> None:
    """The file is as expected, live-restore as it was, and planning again on the result gives nothing."""
    if LIVE_RESTORE in case.wanted.config:
        assert daemon.file == json_text.read(case.text or "", PATH)
    else:
        assert text_of(daemon) == case.text
    assert daemon.live_restore is wanted_live_restore(case)
    again = daemon.plan(case.wanted)
    assert again.sentences() == []
    assert again.before == again.after


@TABLE
def test_sentences_and_result(case: Case) -> None:
    daemon = case.daemon.copy()
    plan = daemon.plan(case.wanted)
    assert plan.sentences() == case.sentences
    assert plan.changed is bool(case.sentences)
    assert plan.before == _text(case.daemon)
    assert plan.after == (case.text or "")
    daemon.carry_out(plan)
    stopping = any("stopped and started" in sentence for sentence in case.sentences)
    assert daemon.killed == ([one.name for one in case.daemon.containers] if stopping else [])
    assert case.wanted.consent or not stopping
    assert daemon.restarts == int(plan.restarts) <= 1
    assert_converged(daemon, case)


def _text(daemon: Daemon) -> str:
    return (daemon.content or b"").decode()


def crash(case: Case, done: int) -> Daemon:
    """The daemon after a run that died behind so many steps."""
    daemon = case.daemon.copy()
    plan = daemon.plan(case.wanted)
    if plan.changed:
        daemon.begin(plan)
    daemon.apply_all(plan.steps[:done])
    return daemon


EVERYWHERE = [(case, done) for case in CASES if case.wanted.apply != "never" for done in range(len(case.sentences) + 1)]
BOUNDARIES = [pytest.param(case, done, id=f"{case.name}, {done} done") for case, done in EVERYWHERE]


@pytest.mark.parametrize(("case", "done"), BOUNDARIES)
def test_next_run_finishes_one_that_died(case: Case, done: int) -> None:
    daemon = crash(case, done)
    daemon.carry_out(daemon.plan(case.wanted))
    assert_converged(daemon, case)
    assert_only_consented(daemon, case)


def assert_only_consented(daemon: Daemon, case: Case) -> None:
    """No container was stopped by any restart, unless that was agreed to."""
    assert case.wanted.consent or daemon.killed == []


RESTARTED = [one for one in EVERYWHERE if crash(*one).restarts]


@pytest.mark.parametrize(("case", "done"), RESTARTED)
def test_next_run_knows_what_the_daemon_has_loaded_and_undo_restarts_it(case: Case, done: int) -> None:
    daemon = crash(case, done)
    memory = daemon_undo.remember(None, case.daemon.plan(case.wanted))
    assert daemon.loaded is not None
    assert without_live_restore(daemon.loaded) == without_live_restore(daemon.settings)
    second = daemon.plan(case.wanted)
    assert (second.restarts, second.unknown) == (False, ())
    if second.changed:
        memory = daemon_undo.remember(memory, second)
    daemon.carry_out(second)
    assert daemon.loaded is not None
    config, absent = daemon_undo.wanted(memory, daemon.content, PATH)
    wanted = Wanted(config, tuple(absent), consent=case.wanted.consent, whole=True)
    back = daemon_undo.exactly(daemon.plan(wanted), memory, daemon.content, PATH)
    by_restart = [one for one in wanted.keys if not keys.reloadable(one, back.settings)]
    assert back.restarts is bool(by_restart)
    daemon.carry_out(back)
    assert (daemon.file, daemon.live_restore) == (case.daemon.file, case.daemon.live_restore)
    assert not_default(without_live_restore(daemon.settings)) == not_default(without_live_restore(case.daemon.file))
    assert_only_consented(daemon, case)


@pytest.mark.parametrize(("case", "done"), [one for one in EVERYWHERE if not crash(*one).restarts])
def test_daemon_that_was_not_restarted_has_not_loaded_what_was_to_come(case: Case, done: int) -> None:
    daemon = crash(case, done)
    assert daemon.loaded == (daemon.settings if case.daemon.recorded else None)


def without_live_restore(settings: dict[str, t.Any]) -> dict[str, t.Any]:
    """Settings without what is borrowed for a restart; the daemon reports that one itself."""
    return {name: value for name, value in settings.items() if name != LIVE_RESTORE}


@pytest.mark.parametrize(("case", "done"), RESTARTED)
def test_two_that_died_are_finished_as_well(case: Case, done: int) -> None:
    daemon = crash(case, done)
    second = daemon.plan(case.wanted)
    for more in range(len(second.steps)):
        twice = daemon.copy()
        twice.begin(second)
        twice.apply_all(second.steps[:more])
        twice.carry_out(twice.plan(case.wanted))
        assert_converged(twice, case)
        assert_only_consented(twice, case)


def fail(daemon: Daemon, step: Step, how: str) -> None:
    """A step that fails without having acted, after it acted, or, for a restart, with the daemon gone."""
    if how == "acts":
        daemon.apply(step)
    elif how == "dies":
        daemon.stop()


def ways_to_fail(sentence: str) -> tuple[str, ...]:
    return ("is not done", "acts", "dies") if sentence.startswith("restart ") else ("is not done", "acts")


FAILURES = [
    pytest.param(case, done, how, id=f"{case.name}, step {done + 1} {how}")
    for case in CASES
    for done, sentence in enumerate(case.sentences)
    for how in ways_to_fail(sentence)
]


def not_default(settings: dict[str, t.Any]) -> dict[str, t.Any]:
    """Settings that say something: what is written out as not set, for a reload, does not."""
    version = engine_version.parse("26.1.5")
    return {name: value for name, value in settings.items() if value != keys.default(name, version)}


def assert_old_state(daemon: Daemon, case: Case) -> None:
    """File, live-restore and settings are as they were, the daemon runs, and no container died unasked."""
    assert daemon.alive
    assert daemon.content == case.daemon.content
    assert daemon.live_restore is case.daemon.live_restore
    assert_only_consented(daemon, case)
    # A daemon that was started again has read the old file, with the edits of others that it did not have before.
    read = case.daemon.file if daemon.restarts else case.daemon.settings
    assert not_default(daemon.settings) == not_default(read)


@pytest.mark.parametrize(("case", "done", "how"), FAILURES)
def test_way_back_gives_the_old_state(case: Case, done: int, how: str) -> None:
    """Walked at once, or again: the program that walks it may die at any step, and then walks all of it."""
    start = case.daemon.copy()
    plan = start.plan(case.wanted)
    start.begin(plan)
    start.apply_all(plan.steps[:done])
    fail(start, plan.steps[done], how)
    back = plan.back(done + 1)
    assert back == plan.back(done + 1)
    for died in range(len(back) + 1):
        daemon = start.copy()
        daemon.apply_all(back[:died])
        daemon.apply_all(back)
        assert_old_state(daemon, case)


@TABLE
def test_nothing_to_take_back_before_the_first_step(case: Case) -> None:
    daemon = case.daemon.copy()
    daemon.apply_all(daemon.plan(case.wanted).back(0))
    assert_old_state(daemon, case)


def test_every_step_back_is_a_sentence() -> None:
    plans = [case.daemon.plan(case.wanted) for case in CASES]
    back = {str(step) for plan in plans for step in (*plan.undo, *plan.rollback)}
    assert all(re.match(r"[a-z].*\S$", one) for one in back), back


def test_guards_come_first_and_are_taken_back_last() -> None:
    guard = file_steps.WriteFile("/etc/sysctl.d/x", b"x", "the same at every boot", old=b"y", invertible=True)
    bare = Daemon(OLD.encode(), {"mtu": 1450}).plan(NAT)
    plan = bare.guarded((guard,))
    assert plan.steps == (guard, *bare.steps)
    for done in range(len(plan.steps) + 1):
        restarted = any(isinstance(step, Restart) for step in plan.steps[:done])
        assert plan.back(done) == (*(bare.rollback if restarted else bare.undo), guard.inverse())
    assert bare.guarded(()) is bare


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
@pytest.mark.parametrize("content", [b"", b" \n"])
def test_way_back_to_a_blank_file_can_be_started(version: str, content: bytes) -> None:
    """An engine before 23.0 ends on a blank file, so there it gets an empty object instead."""
    daemon = Daemon(content, version=version)
    plan = daemon.plan(NAT)
    daemon.apply_all(plan.steps)
    daemon.apply_all(plan.back(len(plan.steps)))
    assert daemon.content == (b"{}\n" if version == "20.10.24" else content)


def test_live_restore_that_others_took_out_of_the_file_keeps_containers_alive() -> None:
    daemon = Daemon(b"{}", {LIVE_RESTORE: True}, live_restore=True)
    daemon.carry_out(daemon.plan(NAT))
    assert (daemon.killed, not_default(daemon.settings)) == ([], LOADED)
    assert daemon.plan(NAT).sentences() == []


def test_live_restore_that_was_not_borrowed_is_not_given_back() -> None:
    """Others took it out of the file, without a reload; the way back before the restart leaves it on."""
    daemon = Daemon(b"{}", {LIVE_RESTORE: True}, live_restore=True)
    plan = daemon.plan(NAT)
    daemon.apply_all(plan.back(1))
    assert (daemon.content, daemon.live_restore) == (b"{}", True)


@pytest.mark.parametrize(
    ("whole", "expected"), [(False, b'{"log-opts": {"max-size": "5"}}'), (True, b'{"log-opts": {}}')]
)
def test_objects_are_merged_or_replaced(whole: bool, expected: bytes) -> None:
    daemon = Daemon(b'{"log-opts": {"max-size": "5"}}', {"log-opts": {"max-size": "5"}})
    daemon.carry_out(daemon.plan(Wanted({"log-opts": {}}, whole=whole)))
    assert daemon.content == expected


def test_record_of_what_was_borrowed_goes_where_nothing_is_left_to_do() -> None:
    """A run that died behind its last step leaves it; a live-restore that the user sets later is the user's own."""
    daemon = Daemon(b'{"mtu": 1450}', {"mtu": 1450})
    plan = daemon.plan(NAT)
    daemon.begin(plan)
    daemon.apply_all(plan.steps)
    daemon.recorded = True
    daemon.carry_out(daemon.plan(NAT))
    assert daemon.borrowed is False
    daemon.content = (daemon.content or b"").replace(b"{", b'{"live-restore": true, ', 1)
    assert b"live-restore" in daemon.plan(NAT).after.encode()


def test_ports_are_not_waited_for_without_docker_proxy() -> None:
    container = RunningContainer(MAIL.id, "mail", (25, 143))
    for value, ports in ((True, (25, 143)), (False, ())):
        wanted = Wanted({"userland-proxy": value, "init": True})
        (restart,) = [one for one in Daemon(containers=(container,)).plan(wanted).steps if isinstance(one, Restart)]
        assert [one.ports for one in restart.containers] == [ports]


@pytest.mark.parametrize(
    ("file", "borrowed", "expected"),
    [
        (b'{"live-restore": true}', [], b"{}"),
        (b'{"a1": 1, "live-restore": true}', [], b'{"a1": 1}'),
        (b'{"live-restore": true, "a1": 1}', [False], b'{"live-restore": false, "a1": 1}'),
        (b'{"a1": 1}', [], b'{"a1": 1}'),
    ],
)
def test_what_was_borrowed_is_given_back_even_if_nothing_is_wanted(
    file: bytes, borrowed: list[t.Any], expected: bytes
) -> None:
    daemon = Daemon(file, {}, live_restore=True, borrowed=borrowed)
    daemon.carry_out(daemon.plan(Wanted({})))
    assert daemon.content == expected
    assert daemon.live_restore is False
    assert daemon.killed == []
    assert daemon.plan(Wanted({})).sentences() == []


# --- what is refused


@pytest.mark.parametrize(
    ("daemon", "wanted", "words"),
    [
        (Daemon(b"{"), NAT, "line 1, column 2: the text ends in the middle"),
        (Daemon(b'{"ipv6": "true"}'), NAT, "`ipv6` must be true or false"),
        (Daemon(), Wanted({"IPv6": True}), "`IPv6` is unknown; the setting is `ipv6`"),
        (Daemon(), Wanted({"bip6": "fd12::1/64"}), "`bip6` came with Docker Engine 28.0.0"),
        (
            Daemon(swarm=True, containers=(MAIL, WEB)),
            NAT,
            (
                "ip6tables would stop mail, web: this is a Swarm node, where live-restore is impossible."
                " Set allow_container_restart to consent."
            ),
        ),
        (
            Daemon(flags={LIVE_RESTORE: "false"}),
            NAT,
            "experimental, ip6tables would stop mail: live-restore is switched off by a flag of dockerd",
        ),
        (
            Daemon(containers=(MAIL, WEB)),
            Wanted({"ipv6": True, "fixed-cidr-v6": "fd12::/64", "init": True}),
            (
                "a restart for ipv6, fixed-cidr-v6 would stop mail, web: dockerd leaves the default bridge as it is"
                " while containers run"
            ),
        ),
        (
            Daemon(LIVE.encode(), {"live-restore": True, "mtu": 1450}, live_restore=True),
            Wanted({"mtu": 1400}),
            "a restart for mtu would stop mail",
        ),
        (Daemon(), Wanted({"ip6tables": True}), "`ip6tables` needs `experimental: true` on Docker Engine 26.1.5"),
        (
            Daemon(flags={"ip6tables": "false"}),
            NAT,
            (
                f"{PATH}: ip6tables is also a flag of the running dockerd (--ip6tables); dockerd does not start"
                " with both. Take the flag out of docker.service and its drop-ins."
            ),
        ),
        (
            Daemon(b'{"hosts": []}', flags={"hosts": "fd://"}),
            NAT,
            "hosts is also a flag of the running dockerd (--hosts)",
        ),
    ],
)
def test_refused(daemon: Daemon, wanted: Wanted, words: str) -> None:
    with pytest.raises(Refused) as reason:
        daemon.plan(wanted)
    assert words in str(reason.value)


@pytest.mark.parametrize(
    ("daemon", "wanted"),
    [
        (Daemon(swarm=True, containers=()), NAT),
        (Daemon(swarm=True), ASKED),
        (Daemon(swarm=True), NEVER),
        (Daemon(flags={LIVE_RESTORE: "false"}), ASKED),
        (Daemon(flags={"experimental": "true"}), Wanted({"ip6tables": True})),
        (Daemon(swarm=True), Wanted({"debug": True})),
        (Daemon(flags={"hosts": "fd://", "containerd": "/run/containerd/containerd.sock"}), NAT),
    ],
)
def test_not_refused(daemon: Daemon, wanted: Wanted) -> None:
    daemon.carry_out(daemon.plan(wanted))
    assert daemon.plan(wanted).sentences() == []


# --- what the plan says besides


@pytest.mark.parametrize(
    ("daemon", "wanted", "pending", "unknown", "warnings"),
    [
        (Daemon(), NAT, (), (), ()),
        (Daemon(), NEVER, ("experimental", "ip6tables"), (), ()),
        (Daemon(NEW.encode(), LOADED), NEVER, (), (), ()),
        (Daemon(b"{}", recorded=False), Wanted({"init": True}), (), (), ()),
        (
            Daemon(b'{"dns": []}', recorded=False),
            Wanted({"init": True}),
            (),
            (),
            ("this also applies keys that the running daemon may not have: dns",),
        ),
        # What this run writes needs a restart, which brings the other one too.
        (Daemon(b'{"init": true}', recorded=False), Wanted({"init": True, "dns": []}), (), (), ()),
        (
            Daemon(b'{"init": true}', recorded=False),
            Wanted({"init": True}),
            (),
            ("init",),
            (
                (
                    "it is unknown whether the running daemon has init: the file may be newer than it;"
                    " apply: always restarts it"
                ),
            ),
        ),
        (Daemon(b"{}", recorded=False), Wanted({"init": True}, apply="always"), (), (), ()),
        (Daemon(b"{}", recorded=False), Wanted({"init": True}, apply="never"), (), ("init",), ()),
        (
            # mtu is about the default bridge, which stays as it is while containers run.
            Daemon(b'{"mtu": 1450, "init": true, "debug": true}', {"dns": ["fd00::1"]}),
            NAT,
            (),
            (),
            ("this also applies edits of others that the running daemon did not have yet: debug, dns, init",),
        ),
        (Daemon(b'{"mtu": 1450}', {"mtu": 1450.0}), Wanted({}), (), (), ()),
        (
            Daemon(b'{"new-key": 1}', {"new-key": 1}),
            NAT,
            (),
            (),
            ("keys that are not in our table are kept as they are: new-key",),
        ),
    ],
)
def test_pending_unknown_and_warnings(
    daemon: Daemon, wanted: Wanted, pending: t.Any, unknown: t.Any, warnings: t.Any
) -> None:
    plan = daemon.plan(wanted)
    assert (plan.pending, plan.unknown, plan.warnings) == (pending, unknown, warnings)


@pytest.mark.parametrize(
    ("name", "settings", "daemon", "expected"),
    [
        ("ip6tables", {}, Daemon(), "in force"),
        ("ip6tables", {"ip6tables": False}, Daemon(), "in force"),
        ("ip6tables", {"ip6tables": True}, Daemon(), "pending"),
        ("ip6tables", {}, Daemon(version="28.5.2"), "in force"),
        ("ip6tables", {"ip6tables": False}, Daemon(version="28.5.2"), "pending"),
        ("ip6tables", {"ip6tables": True}, Daemon(recorded=False, settings=LOADED), "in force"),
        ("init", {"init": True}, Daemon(recorded=False), "unknown"),
        ("mtu", {"mtu": 1450}, Daemon(recorded=False), "pending"),
        ("mtu", {"mtu": 0}, Daemon(), "in force"),
        ("ipv6", {"ipv6": True}, Daemon(settings={"ipv6": True}, recorded=False), "in force"),
        ("mtu", {}, Daemon(), "in force"),
        ("mtu", {}, Daemon(settings={"mtu": 1450}), "pending"),
        ("live-restore", {"live-restore": True}, Daemon(live_restore=True, recorded=False), "in force"),
        ("live-restore", {}, Daemon(settings={"live-restore": True}), "in force"),
        ("dns", {"dns": ["a", "b"]}, Daemon(settings={"dns": ["b", "a"]}), "pending"),
        ("experimental", {"experimental": True}, Daemon(settings={"experimental": True}), "in force"),
    ],
)
def test_in_force(name: str, settings: dict[str, t.Any], daemon: Daemon, expected: str) -> None:
    assert daemon_plan.in_force(name, settings, daemon.running()) == expected


@pytest.mark.parametrize(
    ("name", "daemon", "expected"),
    [
        ("ip6tables", Daemon(), False),
        ("ip6tables", Daemon(settings=LOADED), True),
        ("ip6tables", Daemon(version="28.5.2"), True),
        ("userland-proxy", Daemon(), True),
        ("userland-proxy", Daemon(settings={"userland-proxy": False}), False),
        ("live-restore", Daemon(live_restore=True), True),
        ("icc", Daemon(settings={"icc": False}, recorded=False), False),
        ("selinux-enabled", Daemon(recorded=False), None),
        ("selinux-enabled", Daemon(recorded=False, flags={"selinux-enabled": "false"}), False),
        ("ip6tables", Daemon(b"{}", {}, flags={"ip6tables": "true", "experimental": "true"}), True),
        ("ip6tables", Daemon(version="28.5.2", flags={"ip6tables": "0"}), False),
    ],
)
def test_effective(name: str, daemon: Daemon, expected: bool | None) -> None:
    assert daemon_plan.effective(name, daemon.running()) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(None, []), (b"", []), (b"{}", []), (b'{"live-restore": true}', [True]), (b'{"live-restore": false}', [False])],
)
def test_lent(raw: bytes | None, expected: list[t.Any]) -> None:
    assert daemon_plan.lent(raw, PATH) == expected


@pytest.mark.parametrize(
    ("daemon", "wanted", "expected"),
    [
        (Daemon(OLD.encode(), {"mtu": 1450}), NAT, {"mtu": 1450, **LOADED}),
        (Daemon(OLD.encode(), {"mtu": 1450}), NEVER, {"mtu": 1450}),
        (Daemon(OLD.encode(), {"mtu": 1}), Wanted({"debug": True}), {"mtu": 1, "debug": True}),
        (Daemon(OLD.encode(), recorded=False), Wanted({LIVE_RESTORE: True}), None),
        (Daemon(b'{"labels": ["a"], "mtu": 1}', {"labels": ["a"], "mtu": 1}), Wanted({}, ("labels",)), {"mtu": 1}),
        (Daemon(b'{"debug": true}', {"debug": True, "mtu": 1}), Wanted({}, ("debug",)), {"mtu": 1}),
        (Daemon(OLD.encode(), recorded=False, containers=()), ALWAYS, {"mtu": 1450, **LOADED}),
    ],
)
def test_loaded_after(daemon: Daemon, wanted: Wanted, expected: t.Any) -> None:
    assert daemon_plan.loaded_after(daemon.plan(wanted), daemon.running()) == expected


def test_wanted_keys_are_top_level() -> None:
    assert Wanted({"a": 1}, ("log-opts.max-size", "b")).keys == ["a", "log-opts", "b"]


def test_a_daemon_that_is_no_service_is_not_restarted() -> None:
    """Nor is the service of another one; what needs no restart is done."""
    running = Daemon(b"{}", containers=()).running()._replace(unit="")
    with pytest.raises(Refused, match=r"dockerd \(process 100\) is not a service of systemd.*restarted for init"):
        daemon_plan.plan(PATH, b"{}", Wanted({"init": True}), running)
    for wanted in (Wanted({"init": True}, apply="never"), Wanted({"debug": True})):
        assert daemon_plan.plan(PATH, b"{}", wanted, running).changed
