# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides name every finding there is and no other, and the list of refusals is read from the code."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.modes import findings
from ansible_collections.dms.ipv6.plugins.module_utils.state import engine_kind

from tools import refusals

TOP = Path(__file__).resolve().parents[2]
GUIDES = TOP / "docs" / "docsite" / "rst"

# What makes a finding, and what makes one of a list of those who are trusted.
MAKERS = ("Finding", "_finding", "TrustList")


def raised(text: str) -> set[str]:
    """The ids of the findings that a file makes; each stands there as a word."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and node.args]
    named = [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id in MAKERS]
    return {str(one.value) for one in named if isinstance(one, ast.Constant)}


def described(text: str) -> list[str]:
    """The ids that the guide has, each with a severity and a cure."""
    entries = re.findall(r"^``(\w+)`` \((?:critical|warning|info)[^\n]*\)\n((?:    [^\n]*\n)+)", text, re.MULTILINE)
    return [name for name, body in entries if "**Cure:**" in body]


def test_the_guide_has_every_finding() -> None:
    files = [path.read_text(encoding="utf-8") for path in (TOP / "plugins").rglob("*.py")]
    known = {*findings.SEVERITIES, *engine_kind.KINDS}.union(*map(raised, files))
    assert sorted(known) == sorted(described((GUIDES / "trouble.rst").read_text(encoding="utf-8")))


def test_guard_finds_findings() -> None:
    assert raised("yield Finding('a', INFO, e, r)\n_finding('b', e, r)\nTrustList('c', s, e, m)") == {"a", "b", "c"}
    entry = "``a`` (warning)\n    Cause.\n    **Cure:** do.\n"
    assert described(entry) == ["a"]
    assert described(entry.replace("**Cure:** d", "D")) == []
    assert described(entry.replace(" (warning)", "")) == []


def test_each_guide_is_in_the_index_once() -> None:
    index = yaml.safe_load((TOP / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))
    listed = [name for section in index["sections"] for name in section["toctree"]]
    assert sorted(listed) == sorted(path.stem for path in GUIDES.glob("*.rst"))


# --- refusals


def listed(tmp: Path, text: str) -> list[tuple[str, str, str]]:
    (tmp / "_x.py").write_text(text, encoding="utf-8")
    return [(one.where, one.problem, one.remedy) for one in refusals.refusals(tmp)]


def test_refusals_are_read(tmp_path: Path) -> None:
    text = """
REMEDY = "Do it"
A, B = 1, 2
def f(x):
    problem = f"{x} is bad"
    if x:
        problem = "x is good"
    raise Refused(problem, "x", REMEDY)
def g(x):
    raise Refused(f"{x} is over {B}", where=x, remedy="No" if x else f"Yes, {x + 1}")
def h(reason):
    raise Refused(reason.problem)
"""
    assert listed(tmp_path, text) == [
        ("x", "… is bad", "Do it"),
        ("x", "x is good", "Do it"),
        ("…", "… is over 2", "No / Yes, …"),
    ]


def test_the_page_has_every_refusal() -> None:
    """Each that has a word of its own, and each file has a subject."""
    page = refusals.page(TOP / "plugins")
    files: t.Iterable[Path] = (TOP / "plugins").rglob("*.py")
    raising = [
        refusals.named(path, TOP / "plugins")
        for path in files
        if re.search(r"raise (\w+\.)?Refused\(", path.read_text(encoding="utf-8"))
    ]
    assert {one for one in raising if refusals.subject(one) == refusals.OTHERS} == set()
    assert "there is no Docker socket" in page
    assert page.count("\n| ") > len(raising)


def test_markdown_takes_text_for_text() -> None:
    assert refusals.cell("a_b `c_d` [x] …, …: |") == r"a\_b `c_d` \[x\] …: \|"
