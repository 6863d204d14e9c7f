# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx' settings for the documentation site; tools/docs.py builds it."""

from __future__ import annotations

import re
import typing as t

from docutils import nodes

project = html_short_title = "dms.ipv6"
title = "Ansible collection dms.ipv6"
project_copyright = "dms.ipv6 contributors"

extensions = ["sphinx_antsibull_ext", "myst_parser"]
# Pages in Markdown are included by pages of reStructuredText, which have their title: theirs begin a level lower.
source_suffix = [".rst"]
suppress_warnings = ["myst.header"]
myst_heading_anchors = 3

default_role = "any"
nitpicky = True
# Pages of Ansible's own site, whose index would have to be fetched.
nitpick_ignore = [
    ("std:ref", name)
    for name in ("action_plugins", "ansible_configuration_settings", "callback_plugins", "common_return_values")
]
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_theme_options = {"vcs_pageview_mode": "edit"}
html_show_sphinx = False
html_use_smartypants = True
html_use_modindex = False
html_use_index = False
html_copy_source = False

# The guides link to each other, and to pictures, by addresses on GitHub: there they are read as well.
ON_GITHUB = re.compile(
    r"https://github\.com/dms-ipv6/dms\.ipv6/blob/main/docs/(?:docsite/rst/(\w+)\.rst|(?:\w+/)?(\w+)\.md)(#.*)?$"
)
PICTURE = re.compile(r"https://raw\.githubusercontent\.com/dms-ipv6/dms\.ipv6/main/docs/(images/[\w.-]+)$")


def lead_here(app: t.Any, document: nodes.document) -> None:
    """Lead links between guides to the pages of this site, and pictures to its own copies."""
    for link in document.findall(nodes.reference):
        found = ON_GITHUB.match(link.get("refuri", ""))
        name = found and (found[1] or found[2])
        if found and f"docsite/{name}" in app.env.found_docs:
            link["refuri"] = app.builder.get_relative_uri(app.env.docname, f"docsite/{name}") + (found[3] or "")
    for image in document.findall(nodes.image):
        found = PICTURE.match(image["uri"])
        if found:
            image["uri"] = f"/docsite/{found[1]}"


def setup(app: t.Any) -> None:
    # Before Sphinx collects pictures, which it does with the priority 500.
    app.connect("doctree-read", lead_here, priority=400)
