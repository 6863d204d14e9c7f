# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx' settings for the documentation site; tools/docs.py builds it."""

from __future__ import annotations

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
