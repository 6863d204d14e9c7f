# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for neighbour proxying: what is chosen, what is refused, what is put back."""

from __future__ import annotations

import ipaddress
import itertools
import re
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import inverses
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import SetSysctl
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndp_proxy, ndppd_conf
from ansible_collections.dms.ipv6.plugins.module_utils.routed.ndp_proxy import NdpPlan, Wanted
from ansible_collections.dms.ipv6.plugins.module_utils.routed.ndp_steps import PlaceDropIn, PlaceUnit
from ansible_collections.dms.ipv6.plugins.module_utils.routed.neighbours import Facts, Managed
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.links import (
    FIXED,
    MANAGED,
    NETWORK_FILE,
    OWN,
    PREFIX,
    ROUTER,
    address,
    carried_out,
    facts,
    neighbour,
    route,
    silence,
)
from hypothesis import given
from hypothesis import strategies as st

UNIT = "dms-ipv6-ndp-2001:2:0:1:d1::-80.service"
DROP_IN = "/etc/systemd/network/10-netplan-eth0.network.d/90-dms-ipv6-ndp-2001:2:0:1:d1::-80.conf"
SYSCTL_ON = "set net/ipv6/conf/eth0/proxy_ndp = 1 (was 0)"
SYSCTL_OFF = "set net/ipv6/conf/eth0/proxy_ndp = 0 (was 1)"
RUN = f"run {UNIT}, now and at every boot: it answers for {PREFIX} on eth0"
STOP = f"stop and remove {UNIT}, which answers for {PREFIX} on eth0"
WRITE = f"write {DROP_IN}, and have systemd-networkd answer for {PREFIX} on eth0"
REMOVE = f"remove {DROP_IN}, and have systemd-networkd answer for {PREFIX} no more"
ABSENT = Wanted(PREFIX, state="absent")


def plan(wanted: Wanted, found: Facts) -> NdpPlan:
    """A plan; carried out, it leaves nothing to do, and what it said would be is."""
    made = ndp_proxy.plan(wanted, found, silence)
    after = carried_out(found, made)
    again = ndp_proxy.plan(wanted, after, silence)
    assert (again.steps, again.before) == ((), made.after)
    assert again.after == again.before
    return made


def wanted(backend: str = "auto", addresses: tuple[str, ...] = FIXED, **more: t.Any) -> Wanted:
    return Wanted(**{"prefix": PREFIX, "addresses": addresses, "backend": backend, **more})


@pytest.mark.parametrize(
    ("asked", "found", "backend", "steps"),
    [
        (wanted(), facts(), "kernel", [SYSCTL_ON, RUN]),
        (wanted(), facts(proxy_ndp={"eth0": "1"}), "kernel", [RUN]),
        (wanted(), facts(managed=MANAGED), "networkd", [SYSCTL_ON, WRITE]),
        (wanted("kernel"), facts(managed=MANAGED), "kernel", [SYSCTL_ON, RUN]),
        (wanted(addresses=()), facts(managed=MANAGED), "ndppd", [RUN]),
        (wanted("ndppd"), facts(), "ndppd", [RUN]),
        (wanted(interface="eth0"), facts(routes=facts().routes[:-1]), "kernel", [SYSCTL_ON, RUN]),
    ],
)
def test_choice(asked: Wanted, found: Facts, backend: str, steps: list[str]) -> None:
    made = plan(asked, found)
    assert (made.backend, made.interface, made.sentences()) == (backend, "eth0", steps)
    assert (made.warnings, made.packages) == ((), ())


def content(made: NdpPlan) -> str:
    placed = made.steps[-1]
    assert isinstance(placed, (PlaceUnit, PlaceDropIn))
    return (placed.content or b"").decode()


def test_kernel_unit_keeps_every_address() -> None:
    text = content(plan(wanted(), facts()))
    assert "exec ip -6 monitor link address dev eth0;" in text
    assert "> /proc/sys/net/ipv6/conf/eth0/proxy_ndp || exit;" in text
    assert f"for one in {' '.join(FIXED)}; do ip -6 neighbour replace proxy $$one dev eth0; done;" in text
    assert f"for one in {' '.join(FIXED)}; do ip -6 neighbour delete proxy $$one dev eth0; done'" in text
    assert "WantedBy=multi-user.target" in text
    assert "%" not in text


def test_ndppd_answers_for_the_prefix_and_asks_before() -> None:
    text = content(plan(wanted("ndppd"), facts(ndppd="/usr/local/sbin/ndppd")))
    config = "\n".join(re.findall(r"(?m)^StandardInputText=(.*)$", text))
    (rule,) = ndppd_conf.rules(config)
    assert (rule.interface, str(rule.prefix)) == ("eth0", PREFIX)
    assert "auto" in config.split() and "static" not in config
    assert "ExecStart=/usr/local/sbin/ndppd -c /dev/stdin\n" in text


def test_drop_in() -> None:
    assert content(plan(wanted(), facts(managed=MANAGED))).splitlines()[1:] == [
        "[Network]",
        "IPv6ProxyNDP=yes",
        *(f"IPv6ProxyNDPAddress={one}" for one in FIXED),
    ]


MORE = replace(wanted(), addresses=(*FIXED, "2001:2:0:1:d1:0:0:82"))


@pytest.mark.parametrize(
    ("first", "second", "steps"),
    [
        (wanted(), wanted(addresses=(FIXED[0], *FIXED)), []),
        (wanted("kernel"), replace(MORE, backend="kernel"), [RUN]),
        (wanted("networkd"), replace(MORE, backend="networkd"), [WRITE]),
        (wanted("kernel"), wanted("networkd"), [STOP, WRITE]),
        (wanted("networkd"), wanted("kernel"), [REMOVE, RUN]),
        (wanted("kernel"), wanted("ndppd"), [SYSCTL_OFF, RUN]),
        (wanted("ndppd"), wanted("kernel"), [SYSCTL_ON, RUN]),
        (wanted("networkd"), wanted("ndppd"), [REMOVE, SYSCTL_OFF, RUN]),
        (wanted("ndppd"), wanted("networkd"), [STOP, SYSCTL_ON, WRITE]),
        (wanted("kernel"), ABSENT, [STOP, SYSCTL_OFF]),
        (wanted("networkd"), ABSENT, [REMOVE, SYSCTL_OFF]),
        (wanted("ndppd"), ABSENT, [STOP]),
        (wanted("kernel"), Wanted(state="absent"), [STOP, SYSCTL_OFF]),
        (wanted("kernel"), Wanted("2001:2:0:1:d2::/80", state="absent"), []),
        (ABSENT, ABSENT, []),
    ],
)
def test_from_one_to_the_other(first: Wanted, second: Wanted, steps: list[str]) -> None:
    start = carried_out(facts(managed=MANAGED), ndp_proxy.plan(first, facts(managed=MANAGED), silence))
    made = ndp_proxy.plan(second, start, silence)
    assert made.sentences() == steps
    after = carried_out(start, made)
    assert ndp_proxy.plan(second, after, silence).steps == ()
    back = carried_out(after, NdpPlan("", "", inverses(made.steps)))
    assert replace(back, record={}) == replace(start, record={})


BACKENDS = st.sampled_from(["kernel", "networkd", "ndppd", "absent"])
OTHER = "2001:2:0:1:d2::/80"


@given(st.lists(st.tuples(st.sampled_from([PREFIX, OTHER]), BACKENDS), max_size=6), st.sampled_from(["0", "1"]))
def test_whatever_was_done_all_of_it_goes(changes: list[tuple[str, str]], proxy_ndp: str) -> None:
    """Two prefixes on one interface, each in any order of ways; the sysctl stays as long as any prefix needs it."""
    start = facts(managed=MANAGED, proxy_ndp={"eth0": proxy_ndp})
    found = start
    for prefix, backend in changes:
        state = "absent" if backend == "absent" else "present"
        fixed = (prefix.replace("/80", "80"),)
        asked = Wanted(prefix, addresses=fixed, backend="auto" if state == "absent" else backend, state=state)
        found = carried_out(found, ndp_proxy.plan(asked, found, silence))
        ways = {entry["backend"] for entry in found.record.get("prefixes", {}).values()}
        assert found.proxy_ndp["eth0"] == ("1" if ways & {"kernel", "networkd"} else proxy_ndp)
    assert carried_out(found, ndp_proxy.plan(Wanted(state="absent"), found, silence)) == start


def test_what_others_did_in_between_is_fixed() -> None:
    done = carried_out(facts(), plan(wanted(), facts()))
    for found, steps in [
        (replace(done, proxied=()), [RUN]),
        (replace(done, running=()), [RUN]),
        (replace(done, units={UNIT: b"[Service]\n"}), [RUN]),
        (replace(done, proxy_ndp={"eth0": "0"}), [SYSCTL_ON]),
        (replace(done, units={}, running=(), proxied=()), [RUN]),
    ]:
        assert ndp_proxy.plan(wanted(), found, silence).sentences() == steps


def test_the_sysctl_goes_back_even_if_our_unit_was_removed() -> None:
    done = carried_out(facts(), plan(wanted(), facts()))
    gone = replace(done, units={}, running=(), proxied=())
    assert ndp_proxy.plan(ABSENT, gone, silence).sentences() == [SYSCTL_OFF]


def test_another_interface() -> None:
    """The other way round as well, and proxy_ndp of the first goes back."""
    both = facts(
        addresses=(*facts().addresses, address("2001:2:0:1::7/64", "eth1")),
        routes=(*facts().routes, route("2001:2:0:1::/64", "eth1")),
    )
    done = carried_out(both, plan(wanted(), both))
    moved = ndp_proxy.plan(wanted(interface="eth1"), done, silence)
    assert [step.name for step in moved.steps if isinstance(step, SetSysctl)] == [
        "net/ipv6/conf/eth1/proxy_ndp",
        "net/ipv6/conf/eth0/proxy_ndp",
    ]


def test_diff_shows_files() -> None:
    made = plan(wanted(), facts(managed=MANAGED))
    assert made.before == "net/ipv6/conf/eth0/proxy_ndp = 0\n"
    assert made.after.splitlines()[:2] == ["net/ipv6/conf/eth0/proxy_ndp = 1", f"# {DROP_IN}"]


def managed(text: str) -> dict[str, Managed]:
    return {"eth0": Managed((*MANAGED["eth0"].files, ("/etc/systemd/network/x.network.d/a.conf", text)))}


SMALL = facts(routes=(route("2001:2:0:1::/72"), *facts().routes[1:]))
ON_ETH1 = facts(routes=(route("2001:2:0:9::/64", "eth1"), *facts().routes))
RULE = b"\nproxy eth0 {\n  rule 2001:2:0:1:d1::/96 {\n    static\n  }\n}\n"


def lasting(*valid: int | None, expires: int | None = 86397) -> Facts:
    """Addresses of the prefix with these lifetimes; the route's besides."""
    mine = (address(f"2001:2:0:1::{number}/64", valid=one) for number, one in enumerate(valid, 7))
    lease = address("2001:2:0:1::99/128", valid=600)
    return facts(addresses=(*mine, lease), routes=(route("2001:2:0:1::/64", expires=expires), *facts().routes[1:]))


@pytest.mark.parametrize(
    ("asked", "found", "words"),
    [
        (Wanted(), facts(), "prefix: it is missing. Give the CIDR of the Docker network's IPv6 subnet."),
        (wanted(prefix="x"), facts(), "prefix: 'x' is not a CIDR"),
        (wanted(prefix="2001:db8::/80"), facts(), "prefix: 2001:db8::/80 is reserved for documentation (RFC 3849)"),
        (
            wanted(interface="eth9"),
            facts(),
            "interface: there is no eth9 with IPv6. There are lo, eth0, eth1",
        ),
        (wanted(interface="a b"), facts(interfaces=("a b",)), "interface: 'a b' is not a name that a unit can hold"),
        (wanted(), facts(routes=facts().routes[:-1]), "interface: this host has no IPv6 default route"),
        (wanted(interface="lo"), facts(), "lo: it has no global prefix"),
        (wanted(), facts(routes=facts().routes[2:]), "eth0: it has no global prefix"),
        (wanted(addresses=("x",)), facts(), "addresses: 'x' is not an IPv6 address"),
        (wanted(addresses=("2001:2:0:1::5",)), facts(), f"addresses: 2001:2:0:1::5 is not in {PREFIX}"),
        (wanted(addresses=("2001:2:0:1:d1::",)), facts(), "addresses: 2001:2:0:1:d1:: is this host's own"),
        (wanted(addresses=("2001:2:0:1:d1::1",)), facts(), "addresses: 2001:2:0:1:d1::1 is this host's own"),
        (wanted("kernel", ()), facts(), "addresses: kernel needs one entry for each address, and there are none"),
        (wanted("networkd", ()), facts(managed=MANAGED), "addresses: networkd needs one entry for each address"),
        (wanted("networkd"), facts(), "backend: systemd-networkd does not manage eth0. Use kernel, or auto."),
        (
            wanted(),
            facts(managed=managed("[Network]\n\nIPv6ProxyNDP=no")),
            "/etc/systemd/network/x.network.d/a.conf:3: IPv6ProxyNDP is off for eth0",
        ),
        (
            wanted(prefix="2001:2:0:1::/64", addresses=()),
            facts(),
            "prefix: 2001:2:0:1::/64 is all of 2001:2:0:1::/64, the prefix of eth0. Take a part of it.",
        ),
        (wanted(prefix="2001:2:0::/56", addresses=()), facts(), "is all of 2001:2:0:1::/64"),
        (
            wanted(prefix="2001:2:0:9:1::/80", addresses=()),
            ON_ETH1,
            "prefix: 2001:2:0:9:1::/80 is on the link of eth1, not of eth0. Name eth1.",
        ),
        (
            wanted(prefix="2001:2:0:f:1::/80", addresses=()),
            facts(routes=(*facts().routes, route("2001:2:0:f::/64", "lo", kind="unreachable"))),
            "needs no NDP proxy, because 2001:2:0:f::/64 is delegated to this host (route unreachable)",
        ),
        (
            wanted(prefix="2001:2:0:f:1::/80", addresses=()),
            facts(routes=(*facts().routes, route("::/0", "lo", kind="unreachable"))),
            "is in no on-link prefix of eth0 (2001:2:0:1::/64). If the provider routes it to this host, it needs",
        ),
        (
            wanted(prefix="2001:2:0:1:d:1::/96", addresses=()),
            SMALL,
            "eth0: its on-link prefix is 2001:2:0:1::/72, less",
        ),
        (wanted(), lasting(7200), "eth0: its prefix 2001:2:0:1::/64 is dynamic, because it is advertised for 7200 s"),
        (wanted(), lasting(600, 5400), "is dynamic, because it is advertised for 5400 s only"),
        (wanted(), lasting(expires=3600), "is dynamic, because it is advertised for 3600 s only"),
        (
            wanted(prefix="2001:2:0:1:42::/80", addresses=()),
            facts(),
            f"prefix: 2001:2:0:1:42::/80 covers {OWN}, this host's own on eth0. Choose another part",
        ),
        (
            wanted(),
            facts(routes=(*facts().routes, route("::/0", gateway="2001:2:0:1:d1::fe"))),
            f"prefix: {PREFIX} covers 2001:2:0:1:d1::fe, a router's",
        ),
        (
            wanted(),
            facts(neighbours=(neighbour("2001:2:0:1:d1::9", "", router=True),)),
            "covers 2001:2:0:1:d1::9, a router",
        ),
        (
            wanted(),
            facts(neighbours=(neighbour("2001:2:0:1:d1::9"),)),
            f"prefix: {PREFIX} is shared with others: 02:00:00:00:00:01 has 2001:2:0:1:d1::9 on eth0. Choose another",
        ),
        (
            wanted(),
            facts(forwarding={"all": "0", "eth0": "0"}, no_ip_forward="/etc/docker/daemon.json"),
            "/etc/docker/daemon.json: ip-forward is false and this host does not forward IPv6",
        ),
        (wanted(), facts(forwarding={"all": "1", "eth0": "0"}), "net.ipv6.conf.eth0.forwarding: it is 0"),
        (
            wanted("ndppd"),
            facts(ndppd_conf=RULE),
            f"/etc/ndppd.conf:3: it has a rule for 2001:2:0:1:d1::/96 already, which overlaps {PREFIX}",
        ),
        (wanted("ndppd"), facts(ndppd_conf=b"proxy eth0 {"), "/etc/ndppd.conf:1: the file ends within braces"),
        (Wanted("x", state="absent"), facts(), "prefix: 'x' is not a CIDR"),
    ],
)
def test_refused(asked: Wanted, found: Facts, words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)) as reason:
        ndp_proxy.plan(asked, found, silence)
    assert "\n" not in str(reason.value)


@pytest.mark.parametrize(
    "found",
    [
        lasting(7201),
        lasting(600, None),  # one by hand shows that it is the host's for good
        lasting(600, 86400),
        lasting(expires=None),
        facts(neighbours=(neighbour("2001:2:0:1:d1::9", ""),)),  # no neighbour answered
        facts(neighbours=(neighbour("2001:2:0:1:d1::80", interface="br-part"),)),  # the container itself
        facts(no_ip_forward="/etc/docker/daemon.json"),  # the host forwards by itself
        facts(managed=managed("[Network]\nIPv6ProxyNDP=yes")),
        facts(ndppd_conf=b"proxy eth0 {"),  # ndppd is not wanted
        facts(routes=(*facts().routes, route("::/0", "eth1", gateway=ROUTER, metric=2048))),
    ],
)
def test_not_refused(found: Facts) -> None:
    assert plan(wanted(), found).interface == "eth0"


def asks(answer: t.Mapping[str, str], asked: list[tuple[str, ...]]) -> t.Any:
    def ask(interface: str, addresses: tuple[ipaddress.IPv6Address, ...]) -> dict[ipaddress.IPv6Address, str]:
        assert interface == "eth0"
        asked.append(tuple(map(str, addresses)))
        return {one: answer[str(one)] for one in addresses if str(one) in answer}

    return ask


@pytest.mark.parametrize(
    ("addresses", "containers", "expected"),
    [
        (FIXED, ("2001:2:0:1:d1::90",), FIXED),
        ((), ("2001:2:0:1:d1::90", "fd00::1"), ("2001:2:0:1:d1::90",)),
        ((), (), ()),
        (
            (),
            tuple(f"2001:2:0:1:d1:0:1:{one:x}" for one in range(40)),
            tuple(f"2001:2:0:1:d1:0:1:{n:x}" for n in range(32)),
        ),
    ],
)
def test_neighbours_are_queried_before_a_change_only(
    addresses: tuple[str, ...], containers: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    asked: list[tuple[str, ...]] = []
    found = facts(containers=tuple(map(ipaddress.IPv6Address, containers)))
    made = ndp_proxy.plan(wanted(addresses=addresses), found, asks({}, asked))
    assert asked == [expected]
    assert ndp_proxy.plan(wanted(addresses=addresses), carried_out(found, made), asks({}, asked)).steps == ()
    assert asked == [expected]
    for place in expected[:1]:
        with pytest.raises(Refused, match=rf"is shared with others: 02:aa has {place} on eth0"):
            ndp_proxy.plan(wanted(addresses=addresses), found, asks({place: "02:aa"}, asked))


def test_missing_ndppd() -> None:
    """Known before: the role installs it. Without that, nothing is carried out."""
    made = ndp_proxy.plan(wanted(addresses=()), facts(ndppd=""), silence)
    assert (made.packages, made.sentences()) == (("ndppd",), [RUN])
    assert made.warnings == ("ndppd is not installed, and must be before this is carried out",)
    with pytest.raises(Refused, match=r"^ndppd: the program is missing\. Install the package ndppd, or give addresses"):
        ndp_proxy.refuse_missing(made)
    ndp_proxy.refuse_missing(plan(wanted(addresses=()), facts()))


@pytest.mark.parametrize(
    ("asked", "found", "words"),
    [
        (wanted(), facts(forwarding={"all": "0", "eth0": "0"}), "this host does not forward IPv6 yet"),
        (
            wanted("ndppd"),
            facts(ndppd_conf=b"proxy eth0 { rule 2001:2:0:1:e1::/80 { auto } }"),
            f"another ndppd works on eth0 (/etc/ndppd.conf): when it is stopped, restart {UNIT}",
        ),
    ],
)
def test_warned(asked: Wanted, found: Facts, words: str) -> None:
    (warning,) = plan(asked, found).warnings
    assert warning.startswith(words)


def test_every_order_of_addresses_is_the_same_set() -> None:
    """As given, because it is the user's order; none twice."""
    for order in itertools.permutations(FIXED):
        text = content(plan(wanted(addresses=(*order, order[0])), facts()))
        assert f"for one in {' '.join(order)};" in text


def test_the_network_files_name_is_what_counts() -> None:
    assert MANAGED["eth0"].name == NETWORK_FILE.rpartition("/")[2]
