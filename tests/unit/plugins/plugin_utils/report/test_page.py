# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as text; tests/browser looks at it as a person does."""

from __future__ import annotations

import re
import typing as t
from html.parser import HTMLParser

import pytest
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import fleet as report_fleet
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import page as report_page
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.io import files as report_files
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.log import Event
from ansible_collections.dms.ipv6.tests.unit.plugins.plugin_utils import fleets
from ansible_collections.dms.ipv6.tests.unit.plugins.plugin_utils.fleets import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = report_files.parts()


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] = self.names.get(tag, 0) + 1
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(**logs: t.Any) -> str:
    return report_page.page(report_fleet.report(fleets.RUN, logs), PARTS)


def everywhere(words: str) -> str:
    """A page on which a host says these words wherever it can."""
    result = fleets.info("masked", named=[words])
    result["containers"][0].update(name=words, networks=[words])
    result["containers"][0]["exposure"][0].update(by=words, cause=words, protocol=words, verdict=words)
    result["findings"] = [dict.fromkeys(("id", "severity", "evidence", "remedy"), words)]
    result["plan"].update(warnings=[words], subnets=[words])
    result.update(engine={"version": words}, reverted={"date": words, "reason": words})
    probe = dict.fromkeys(("family", "port", "verdict", "client", "seen", "msg"), words)
    result["proof"] = {"result": words, "expect": words, "date": words, "probes": [probe], "faults": [words]}
    steps = Event("docker_daemon_config", result={"changed": True, "steps": [words]})
    bad = Event("docker_ipv6_network", "failed", {"failed": True, "msg": words})
    stop = Event("", "failed", {"failed": True, "msg": words}, whole_play=True)
    return page(**{words: fleets.log(Event("docker_ipv6_info", result=result), steps, bad, stop)})


WORDS = st.text(st.sampled_from("<>&\"'`=/!- \n{}%#;\\xscript"), max_size=30)
PLAIN = Tags(everywhere("words"))


def test_hostile_words_make_no_markup() -> None:
    bad = Tags(everywhere(HOSTILE))
    assert (bad.names, bad.attributes) == (PLAIN.names, PLAIN.attributes)
    assert "".join(bad.texts).count("{{ 7*7 }}") > 15
    assert "\u202e" not in everywhere(HOSTILE)


@settings(max_examples=60)
@given(WORDS)
def test_no_words_make_markup(words: str) -> None:
    found = Tags(everywhere(f"§{words}"))
    assert (found.names, found.attributes) == (PLAIN.names, PLAIN.attributes)


def test_the_browser_runs_nothing_but_ours() -> None:
    made = page(mail=fleets.enabled())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', made)
    assert policy
    assert "default-src 'none'" in policy[1] and "unsafe" not in policy[1] and "http" not in policy[1]
    markup = made.split("</style>")[1].split("<script>")[0]
    assert set(re.findall(r"\b(?:src|href|action|style|on\w+)=[^ >]*", markup)) == {'href="#h1"'}
    comments = re.compile(r"/\*.*?\*/", re.DOTALL)
    assert not re.search(r"url\(|@import|https?:", comments.sub("", PARTS.style + PARTS.script))


@pytest.mark.parametrize("state", fleets.kinds())
def test_states_have_words_and_marks(state: str) -> None:
    made = page(mail=fleets.kinds()[state])
    assert f"<b>{report_page.MARKS[state]}</b> {report_page.WORDS.get(state, state)}" in made


def test_marks_are_there_for_each_state_and_differ() -> None:
    assert report_page.MARKS.keys() == set(report_fleet.STATES)
    assert len(set(report_page.MARKS.values())) == len(report_fleet.STATES)


def test_before_and_after_and_what_was_not_looked_at() -> None:
    def shown(made: str) -> str:
        rows = made.split("<table class=ports>")[1].split("</table>")[0]
        return " ".join(re.sub(r"<[^>]*>", " ", rows).split())

    assert "25:25/tcp masked as 172.18.0.1 → real real" in shown(page(mail=fleets.enabled()))
    assert "25:25/tcp masked as 172.18.0.1 → ? real → ?" in shown(page(mail=fleets.rolled_back()))
    assert "→" not in shown(page(mail=fleets.verified()))


def test_a_thousand_hosts_are_small_enough() -> None:
    made = report_page.page(fleets.fleet(1000), PARTS)
    assert len(made.encode()) <= 3_000_000
    assert made.count("<details id=") == 1000


def test_a_thousand_hosts_that_say_far_too_much_are_small_enough() -> None:
    finding = dict.fromkeys(("id", "severity", "evidence", "remedy"), HOSTILE * 20)
    many = [fleets.container(f"{HOSTILE}{number}", "masked", range(1, 12)) for number in range(3)]
    result = fleets.info("masked", containers=many, findings=[finding] * 10)
    loud = fleets.log(Event("docker_ipv6_info", result=result), Event("", "failed", {"msg": HOSTILE * 50}))
    report = report_fleet.report(fleets.RUN, {f"{HOSTILE}{number}": loud for number in range(1000)})
    made = report_page.page(report, PARTS)
    assert len(made.encode()) <= 3_000_000
    assert "in report.json" in made
    assert len(report["hosts"][0]["findings"]) == 10


def test_a_few_hosts_are_shown_as_a_whole() -> None:
    made = page(
        mail=fleets.log(fleets.read(verdict="masked", findings=[fleets.masked(f"c{n}", 25) for n in range(12)]))
    )
    assert all(f"c{number} 25" in made for number in range(12))
    assert "more in report.json" not in made


def test_findings_with_one_cause_are_one() -> None:
    found = [fleets.masked(name, port) for name, ports in (("mail", (25, 465)), ("web", (80,))) for port in ports]
    made = page(mail=fleets.log(fleets.read(verdict="masked", findings=found)))
    assert made.count("because the container has no IPv6 address") == 1
    assert "<code>dms_ipv6_containers: [mail, web]</code>" in made


def test_check_mode_shows_what_is_expected() -> None:
    """The host is as it was, and what a run would make of it stands behind the arrow."""
    expected = [
        {"container": "mail", "host_port": port, "port": port, "protocol": "tcp", "verdict": "real", "by": ""}
        for port in (25, 465, 993)
    ]
    result = fleets.info("masked")
    result["plan"].update(changed=True, effects={"expected": expected})
    event = Event("docker_ipv6_info", result=result, arguments={"mode": "nat", "containers": ["mail"]}, dry=True)
    report = report_fleet.report(fleets.RUN, {"mail": fleets.log(event)})
    assert report["hosts"][0]["state"] == "would be fixed"
    rows = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in report_page.page(report, PARTS).split("<tr>")]
    assert any(row.startswith("mail 25:25/tcp masked as 172.18.0.1 → real expected real") for row in rows), rows
    event = Event("docker_ipv6_info", result=result, arguments={"mode": "nat", "containers": ["mail", "web"]}, dry=True)
    assert report_fleet.report(fleets.RUN, {"mail": fleets.log(event)})["hosts"][0]["state"] == "masked"


def test_a_few_hosts_are_open_and_have_no_search() -> None:
    few, many = (page(**{f"m{n}": fleets.enabled() for n in range(size)}) for size in (3, 4))
    assert few.count(" open><summary>") == 3 and '<nav aria-label="Filter" hidden>' in few
    assert " open><summary>" not in many and '<nav aria-label="Filter">' in many


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["masked"], "masked: IPv6 clients are hidden from mail 25/tcp, mail 465/tcp, mail 993/tcp."),
        (
            ["refused", "failed"],
            "1 of 2 hosts refuses IPv6 clients, as another host has seen. 1 needs you: failed (failed).",
        ),
        (
            ["real", "rolled back"],
            "1 of 2 hosts shows real clients, as another host has seen. 1 needs you: rolled back (rolled back).",
        ),
        (["real", "not verified"], "1 of 2 hosts shows real clients, as another host has seen. 1 not verified."),
        (["real", "refused"], "2 of 2 hosts show real clients or refuse IPv6, as another host has seen."),
    ],
)
def test_headline(states: list[str], expected: str) -> None:
    logs = {state: fleets.kinds()[state] for state in states}
    assert report_fleet.report(fleets.RUN, logs)["headline"] == expected
