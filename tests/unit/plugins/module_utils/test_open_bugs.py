"""Failing examples: each is a bug in plugins/ as of now."""

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_json,
    _daemon_plan,
    _daemon_schema,
    _engine,
    _found,
    _host_plan,
    _io_found,
)
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_plan import LIVE_RESTORE, Wanted
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon

NAT = Wanted({"experimental": True, "ip6tables": True})


def test_A_crash_while_borrowed_kills_containers():
    d = Daemon(b'{"mtu": 1450}', {"mtu": 1450})
    p = d.plan(NAT)
    d.begin(p)
    d.apply_all(p.steps[:2])  # died after the reload that switched live-restore on
    d.carry_out(d.plan(NAT))
    assert d.killed == []


@pytest.mark.parametrize(
    "content,wanted",
    [
        (b'{"live-restore": true}', Wanted({"live-restore": False, "ip6tables": True, "experimental": True})),
        (b'{"live-restore": true}', Wanted({"ip6tables": True, "experimental": True}, ("live-restore",))),
        (b"{}", NAT),  # somebody took live-restore out of the file, not reloaded
    ],
)
def test_B_live_restore_goes_off_with_the_restart(content, wanted):
    d = Daemon(content, {"live-restore": True}, live_restore=True)
    d.carry_out(d.plan(wanted))
    assert d.killed == []


def test_C_undo_of_live_restore_on():
    d = Daemon(b"{}")
    p = d.plan(Wanted({LIVE_RESTORE: True}))
    d.apply_all(p.steps)
    d.apply_all(p.undo)  # the reload acted, but /info said so too late
    assert d.live_restore is False


def test_D_record_stays_after_crash_behind_the_last_step():
    d = Daemon(b'{"mtu": 1450}', {"mtu": 1450}, containers=())
    d.containers = Daemon().containers
    p = d.plan(NAT)
    d.begin(p)
    d.apply_all(p.steps)  # died before keep(borrowed=None)
    d.recorded = True
    d.carry_out(d.plan(NAT))  # nothing to do: executor never runs
    d.content = d.content.replace(b"{", b'{"live-restore": true, ', 1)  # later the user wants it
    assert b"live-restore" in d.plan(NAT).after.encode()


@pytest.mark.parametrize(
    "raw",
    [b'{"a": ' + b"1" * 5000 + b"}", b'{"a": ' + b"[" * 5000, '{"a": 1\u0663}'.encode()],
    ids=["long number", "deep", "arabic digit"],
)
def test_E_json_that_ends_in_a_traceback(raw):
    with pytest.raises(Refused):
        _daemon_json.read(_daemon_json.decode(raw, PATH), PATH)


def test_F_bad_byte_behind_a_bom():
    with pytest.raises(Refused, match="line 1, column 8: byte 0xff"):
        _daemon_json.decode(b'\xef\xbb\xbf{"a": "\xff"}', PATH)


@pytest.mark.parametrize("text", ["{ }", "{\n}\n", '{"log-opts": { }}'])
def test_G_undo_of_added_keys(text):
    found = _daemon_json.read(text, PATH)
    new = _daemon_json.merge(found, {"ipv6": True, **({"log-opts": {"max-size": "1m"}} if found else {})})
    assert _daemon_json.edit(_daemon_json.edit(text, new), found) == text


@pytest.mark.parametrize("names", [None, [], ["/web/db", "/db"]])
def test_H_names(names):
    assert _found.listed({"Id": "1" * 64, "Names": names, "State": "running"}).name in ("db", "1" * 64, "1" * 12)


@pytest.mark.parametrize(
    "flag,name",
    [
        ("--add-runtime=x=/y", "runtimes"),
        ("--insecure-registry=x", "insecure-registries"),
        ("--default-ulimit=x", "default-ulimits"),
        ("-s overlay2", "storage-driver"),
        ("-p /x", "pidfile"),
        ("--authorization-plugin=x", "authorization-plugins"),
        ("--node-generic-resource=x", "node-generic-resources"),
        ("--default-network-opt=x", "default-network-opts"),
        ("--cdi-spec-dir=x", "cdi-spec-dirs"),
        ("-Hfd://", "hosts"),
    ],
)
def test_I_flags(flag, name):
    assert name in _io_found.parse_flags(["dockerd", *flag.split()])


def test_J_flag_counts_for_what_is_in_force():
    d = Daemon(b"{}", {}, flags={"ip6tables": "true", "experimental": "true"})
    assert _daemon_plan.effective("ip6tables", d.running()) is True


def test_K_run_that_died_between_write_and_restart_on_28():
    d = Daemon(
        b'{"ip6tables": true}', {"ip6tables": False}, version="28.5.2", containers=()
    )  # written, never restarted
    config = _host_plan.nat_settings(d.running(), d.file)
    assert d.plan(Wanted(config)).restarts


def test_L_containerd_plugin_namespace():
    with pytest.raises(Refused):
        _daemon_schema.refuse_invalid({"containerd-plugin-namespace": "x"}, _engine.parse("20.10.24"), "f")


def test_L_containerd_plugins_namespace():
    _daemon_schema.refuse_invalid({"containerd-plugins-namespace": "x"}, _engine.parse("20.10.24"), "f")


def test_M_flag_live_restore_false_and_borrowing():
    d = Daemon(b"{}", {}, flags={"live-restore": "false"})
    try:
        p = d.plan(NAT)
    except Refused:
        return
    d.carry_out(p)


@pytest.mark.parametrize("settings", [{"experimental": False, "ip6tables": True}, {"ip6tables": True}, {"ipv6": True}])
def test_N_dockerd_20_would_not_start(settings):
    with pytest.raises(Refused):
        _daemon_schema.refuse_invalid(settings, _engine.parse("26.1.5"), "f")
