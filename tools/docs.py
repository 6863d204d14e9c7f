#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation site into build/docs/html; every warning is an error.

The guides of docs/docsite/rst are also read on GitHub, and shown by other sites, which build them from the tarball. So
they link to each other by addresses on GitHub, and tools/site/conf.py leads those to the pages here. Added are
docs/**/*.md as they are, and the list of refusals, which is read from the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

sys.path[0] = str(Path(__file__).resolve().parents[1])

from tools import refusals  # noqa: E402

TOP = Path(__file__).resolve().parent.parent
SITE = TOP / "build" / "docs"
TREE = SITE / "ansible_collections" / "dms" / "ipv6"
SHOWN = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "changelogs",
    "docs",
    "galaxy.yml",
    "meta",
    "playbooks",
    "plugins",
    "roles",
)
# Pages that are made here and are for users; the others are for contributors.
FOR_USERS = ["refusals", "report"]
# What pages in Markdown show, or lead to.
BESIDE = ("images", "report.schema.json")
STUB = """.. Copyright: (c) 2026, dms.ipv6 contributors
.. GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
.. SPDX-License-Identifier: GPL-3.0-or-later

.. _ansible_collections.dms.ipv6.docsite.{name}:

{title}
{line}

.. include:: /../pages/{name}.md
   :parser: myst_parser.sphinx_
"""


def copy_tree() -> None:
    """The working tree without what git ignores, under the path that antsibull-docs expects."""
    shutil.rmtree(SITE, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SHOWN]
    names = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if name and (TOP / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, TREE / name)
    # antsibull-docs asks git which files there are, and it would find that build/ is ignored.
    run("git", "init", "-q", str(TREE))
    run("git", "-C", str(TREE), "add", "-A")


def split_title(text: str) -> tuple[str, str]:
    """The heading of a Markdown page, and the rest."""
    first, _, rest = text.lstrip().partition("\n")
    return first.lstrip("# ").strip(), rest


def add_pages() -> None:
    """A page for each Markdown file, and what the code refuses."""
    found = [path for path in sorted((TREE / "docs").rglob("*.md")) if path.name != "README.md"]
    pages = {path.stem: path.read_text(encoding="utf-8") for path in found}
    pages["refusals"] = refusals.page(TREE / "plugins")
    (SITE / "pages").mkdir()
    for name, text in pages.items():
        title, rest = split_title(text)
        (SITE / "pages" / f"{name}.md").write_text(rest, encoding="utf-8")
        stub = STUB.format(name=name, title=title, line="=" * len(title))
        (TREE / "docs" / "docsite" / "rst" / f"{name}.rst").write_text(stub, encoding="utf-8")
    index = TREE / "docs" / "docsite" / "extra-docs.yml"
    sections = yaml.safe_load(index.read_text(encoding="utf-8"))
    reference = next(section for section in sections["sections"] if section["title"] == "Reference")
    reference["toctree"] += FOR_USERS
    others = [name for name in pages if name not in FOR_USERS]
    sections["sections"].append({"title": "For contributors", "toctree": others})
    index.write_text(yaml.safe_dump(sections), encoding="utf-8")


def run(*command: str) -> None:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(SITE)}
    done = subprocess.run(command, cwd=SITE, check=False, env=environment)
    if done.returncode:
        sys.exit(f"docs: {command[0]} failed")


def main() -> None:
    copy_tree()
    run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs", str(TREE))
    add_pages()
    pages = SITE / "rst"
    pages.mkdir(mode=0o755)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    run("antsibull-docs", "collection", *options, "--dest-dir", str(pages), "dms.ipv6")
    for name in BESIDE:
        source, target = TREE / "docs" / name, pages / "docsite" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    conf = TOP / "tools" / "site"
    run("sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "-c", str(conf), str(pages), str(SITE / "html"))
    print(f"docs: {len(list((SITE / 'html').rglob('*.html')))} pages in {(SITE / 'html').relative_to(TOP)}")


if __name__ == "__main__":
    main()
