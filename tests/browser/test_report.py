# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as an operator sees it, in a real browser. Pictures go to the folder that DMS_IPV6_PICTURES names."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import fleet as report_fleet
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import page as report_page
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.io import files as report_files
from ansible_collections.dms.ipv6.tests.unit.plugins.plugin_utils import fleets
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome

    Look = Callable[..., Chrome]

PHONE = {"width": 390, "height": 844}
USABLE_WITHIN = 2.0
LOUD = "<script>window.owned=1</script><img src=x onerror=window.owned=1><svg onload=window.owned=1>"
BREAKING = (
    "\"' onmouseover=window.owned=1 x='--></style></script><script>window.owned=1;alert(1)</script>{{ 7*7 }}${7*7}"
)


def rendered(report: dict[str, t.Any]) -> str:
    return report_page.page(report, report_files.parts())


def small() -> str:
    """One host in each state, and a run that was stopped."""
    logs = {f"{state.split()[0]}.example.com": log for state, log in fleets.kinds().items()}
    report = report_fleet.report(fleets.RUN, logs, ["late.example.com"])
    return rendered({**report, "remarks": [{"host": "rolled.example.com", "text": "The roll-out stops here"}]})


def picture(browser: Chrome, name: str) -> None:
    folder = os.environ.get("DMS_IPV6_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(Path(folder) / f"{name}.png"))


def shown(browser: Chrome) -> list[str]:
    """The names of the hosts whose rows can be seen."""
    names = browser.execute_script(
        "return [...document.querySelectorAll('details')].filter(one => one.checkVisibility())"
        ".map(one => one.querySelector('.name').textContent)"
    )
    return t.cast("list[str]", names)


def press(browser: Chrome, state: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f"button[data-state='{state}']").click()


def search(browser: Chrome, words: str, expected: int) -> None:
    box = browser.find_element(By.ID, "q")
    box.clear()
    box.send_keys(words)
    WebDriverWait(browser, 5).until(lambda found: len(shown(found)) == expected)


def fits(browser: Chrome, width: int) -> bool:
    """Whether nothing is wider than the window. A phone's innerWidth would grow with the page."""
    return bool(browser.execute_script("return document.documentElement.scrollWidth <= arguments[0]", width))


def cut_off(browser: Chrome) -> list[str]:
    """What is wider than its box."""
    wide = (
        "return [...document.querySelectorAll('details, details *')]"
        ".filter(one => one.clientWidth && one.scrollWidth > one.clientWidth).map(one => one.outerHTML.slice(0, 200))"
    )
    return t.cast("list[str]", browser.execute_script(wide))


def contrast(browser: Chrome) -> float:
    """The least contrast of text that is shown against what is behind it, as WCAG computes it."""
    return t.cast("float", browser.execute_script(CONTRAST))


CONTRAST = """
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
  .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
  .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
const behind = (node) => {
  for (let one = node; one; one = one.parentElement) {
    const colour = parts(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
let least = 21;
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
  if (!own || !node.checkVisibility() || node.tagName === "SCRIPT") continue;
  const [one, two] = [light(parts(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
  least = Math.min(least, (one + 0.05) / (two + 0.05));
}
return least;
"""


@pytest.mark.parametrize("words", [LOUD, BREAKING, fleets.HOSTILE])
def test_hostile_words_are_text_and_run_nothing(look: Look, words: str) -> None:
    logs = {words: fleets.rolled_back(words), f"{words}2": fleets.failed(words)}
    findings = [dict.fromkeys(("id", "severity", "evidence", "remedy"), words)]
    containers = [fleets.container(words, "masked")]
    logs["well"] = fleets.verified()
    logs["named"] = fleets.log(fleets.read(verdict="masked", containers=containers, findings=findings))
    browser = look(rendered(report_fleet.report(fleets.RUN, logs)))
    title = browser.title
    search(browser, "script", 3)
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    assert browser.execute_script("return window.owned === undefined && document.images.length === 0")
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.title == title == "IPv6 of 4 Docker hosts"
    with pytest.raises(NoAlertPresentException):
        _ = browser.switch_to.alert
    name = report_fleet.report(fleets.RUN, {words: fleets.failed()})["hosts"][0]["name"]
    assert name in shown(browser)
    picture(browser, "hostile")


def test_the_policy_stops_what_would_get_past_the_escaping(look: Look) -> None:
    """If a page had a foreign script in it, the browser would refuse it, and say so."""
    page = small().replace("<main>", "<main><script>window.owned=1</script><b onclick='window.owned=1' id=bait>x</b>")
    browser = look(page)
    browser.execute_script("document.getElementById('bait').click()")
    assert browser.execute_script("return window.owned === undefined")
    assert sum("Content Security Policy" in one["message"] for one in browser.get_log("browser")) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(look: Look, scheme: str) -> None:
    browser = look(small(), height=1020, scheme=scheme)
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(18, 21, 28)") is (scheme == "dark")
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    assert contrast(browser) >= 4.5
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = one.matches('.masked')")
    picture(browser, scheme)


def test_each_state_has_its_word_beside_the_colour(look: Look) -> None:
    browser = look(small())
    cells = [one.text.splitlines() for one in browser.find_elements(By.CSS_SELECTOR, ".map > a")]
    states = [state for state in report_fleet.STATES if state != report_fleet.FIXED]
    words = [(report_page.MARKS[state], report_page.WORDS.get(state, state)) for state in states]
    assert [(one[0], one[2]) for one in cells] == words


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_one_host_is_open(look: Look, scheme: str, size: dict[str, int]) -> None:
    """There is nothing to search, and nothing to press before its ports are seen."""
    browser = look(
        rendered(report_fleet.report(fleets.RUN, {"docker01": fleets.kinds()["masked"]})), scheme=scheme, **size
    )
    assert not browser.find_element(By.ID, "q").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "table.ports").is_displayed()
    assert fits(browser, size["width"]) and contrast(browser) >= 4.5
    picture(browser, f"one-{size['width']}-{scheme}")


def test_a_remedy_can_be_copied(look: Look) -> None:
    browser = look(rendered(report_fleet.report(fleets.RUN, {"docker01": fleets.kinds()["masked"]})))
    browser.execute_script("document.querySelector('button.take').click()")
    selection = "return getSelection().toString()"
    assert browser.execute_script(selection).strip() == browser.find_element(By.CSS_SELECTOR, ".copy code").text


def test_a_phone_shows_each_host_once(look: Look) -> None:
    browser = look(small(), **PHONE)
    assert not browser.find_element(By.CSS_SELECTOR, ".map").is_displayed()
    assert len(shown(browser)) == 8


def test_filter_and_search(look: Look) -> None:
    browser = look(small())
    assert len(shown(browser)) == 8
    press(browser, "rolled-back")
    assert shown(browser) == ["rolled.example.com"]
    press(browser, "masked")
    assert shown(browser) == ["rolled.example.com", "masked.example.com"]
    assert browser.find_element(By.ID, "shown").text == "2 of 8"
    press(browser, "rolled-back")
    press(browser, "masked")
    search(browser, "172.18.0.1 AUDIT", 1)
    assert shown(browser) == ["masked.example.com"]
    search(browser, "nobody is called that", 0)
    assert browser.find_element(By.ID, "nomatch").is_displayed()
    search(browser, " ", 8)


def test_a_cell_leads_to_its_host(look: Look) -> None:
    browser = look(small())
    row = browser.find_element(By.CSS_SELECTOR, "details.real")

    def opened(_browser: Chrome) -> bool:
        return row.get_attribute("open") is not None

    for _twice in range(2):
        browser.find_element(By.CSS_SELECTOR, ".map > a.real").click()
        WebDriverWait(browser, 5).until(opened)
        browser.execute_script("arguments[0].open = false", row)


def test_without_script(look: Look) -> None:
    browser = look(small(), script=False)
    text = browser.find_element(By.TAG_NAME, "body").text
    assert all(f"{state.split()[0]}.example.com" in text for state in fleets.kinds())
    assert not browser.find_element(By.ID, "q").is_displayed()
    browser.find_element(By.CSS_SELECTOR, "details.masked summary").click()
    assert "then run dms.ipv6.enable" in browser.find_element(By.CSS_SELECTOR, "details.masked").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(look: Look, scheme: str) -> None:
    long = {"x" * 3000: fleets.failed("y" * 3000), fleets.HOSTILE: fleets.rolled_back(fleets.HOSTILE)}
    for page in (rendered(report_fleet.report(fleets.RUN, long)), small()):
        browser = look(page, scheme=scheme, **PHONE)
        assert fits(browser, PHONE["width"])
        browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
        assert fits(browser, PHONE["width"])
        assert cut_off(browser) == []
    picture(browser, f"phone-{scheme}")


FILTERED = """
const start = performance.now();
document.querySelector("button[data-state=masked]").click();
document.body.offsetHeight;
return (performance.now() - start) / 1000;
"""
FOUND = """
const start = performance.now();
const box = document.getElementById("q");
box.value = "mail0002";
return new Promise((resolve) => {
  const done = () => resolve((performance.now() - start) / 1000);
  new MutationObserver(done).observe(document.getElementById("shown"), {childList: true});
  box.dispatchEvent(new Event("input"));
});
"""


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_thousand_hosts(look: Look, size: dict[str, int]) -> None:
    page = rendered(fleets.fleet(1000))
    assert len(page.encode()) <= 3_000_000
    browser = look(page, **size)
    picture(browser, f"thousand-{size['width']}")
    assert fits(browser, size["width"])
    loaded = browser.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd / 1000")
    filtered, found = browser.execute_script(FILTERED), browser.execute_script(FOUND)
    print(f"{len(page.encode())} bytes, loaded in {loaded:.2f} s, filtered in {filtered:.2f} s, found in {found:.2f} s")
    assert loaded + max(filtered, found) < USABLE_WITHIN
    assert shown(browser) == ["mail0002.example.com"]
    search(browser, " ", browser.execute_script("return document.querySelectorAll('details.masked').length"))
    press(browser, "masked")
    assert len(shown(browser)) == 1000


def test_on_paper_everything_is_open(look: Look) -> None:
    browser = look(small())
    printed = browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(printed) > 10_000
    assert browser.execute_script("return document.querySelectorAll('details[open]').length") == 0
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script("return document.querySelectorAll('details[open]').length") == 8
