#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the guide Variables from the role's argument_specs.yml: variables.py [--check].

A comment ``# == Title`` in that file begins a group; GROUPS has what stands in the guide above its table.
"""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parent.parent
SPECS = TOP / "roles" / "dms_ipv6" / "meta" / "argument_specs.yml"
GUIDE = TOP / "docs" / "docsite" / "rst" / "variables.rst"
HEAD = """.. Copyright: (c) 2026, dms.ipv6 contributors
.. GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
.. SPDX-License-Identifier: GPL-3.0-or-later
.. tools/variables.py writes this file from roles/dms_ipv6/meta/argument_specs.yml.

.. _ansible_collections.dms.ipv6.docsite.variables:

Variables
=========

Most hosts need three: which containers, which probe hosts, and ``ansible_become``. Everything else has a default that
fits, or is a consent that a run asks for by its name. Set variables in the inventory (``group_vars``, ``host_vars``);
``dms_ipv6_hosts`` and ``dms_ipv6_serial`` only with ``-e`` or in ``vars`` of ``import_playbook``.

.. contents::
   :local:
"""
# Title of a group -> what stands above its table, and an example.
GROUPS = {
    "What most hosts need": (
        "On each host of your inventory:",
        """
        dms_ipv6_containers: [mailserver, traefik]
        dms_ipv6_probe_hosts: [vps1.example.com]
        """,
    ),
    "Consents": (
        "A run that would need one of these stops before any change, and names the variable and what it concerns.",
        """
        dms_ipv6_allow_exposure: ["mailserver:25/tcp", "mailserver:993/tcp"]
        """,
    ),
    "Networks and addresses": (
        "By default each host derives a private subnet (ULA) from its machine-id. You can give one /48 for all hosts:",
        """
        dms_ipv6_fleet_prefix: fd5c:1ab0:7e57::/48
        """,
    ),
    "Docker Compose": (
        "A container that Compose made keeps its IPv6 address only if the Compose file says so. The run edits it.",
        """
        dms_ipv6_compose_files: [/srv/mail/compose.yaml]
        dms_ipv6_compose_edit: override    # leaves compose.yaml alone, writes compose.override.yaml
        """,
    ),
    "Proof and watching": (
        "Behind a firewall of the provider, choose the port of the test server and open it.",
        """
        dms_ipv6_probe_port: 25999
        dms_ipv6_require_proof: true
        dms_ipv6_metrics_path: /var/lib/node_exporter/dms_ipv6.prom
        """,
    ),
    "DNS and mail": (
        "For mail servers: what DNS says, and whether the server relays for strangers.",
        """
        dms_ipv6_fqdns: [mail.example.com]
        dms_ipv6_mail_domain: example.com
        dms_ipv6_relay_test: true
        """,
    ),
    "Roll-out and report": (
        "How many hosts at a time, and how a change is confirmed.",
        """
        dms_ipv6_serial: [1, 5, "50%"]    # with -e, or in vars of import_playbook
        dms_ipv6_confirm_within: 300
        """,
    ),
    "Rare": (
        "Few hosts need one of these.",
        """
        dms_ipv6_packages: {docker: python3-docker, jsonschema: python3-jsonschema, ruamel.yaml: python3-ruamel-yaml}
        """,
    ),
}


def grouped(text: str) -> dict[str, list[str]]:
    """The titles of the groups, in order, and the options that stand below each in the entry point main."""
    groups: dict[str, list[str]] = {}
    for line in text.partition("\n  verify:\n")[0].splitlines():
        title = re.fullmatch(r" +# == (.+)", line)
        option = re.fullmatch(r" {6}(dms_ipv6_\w+):", line)
        if title:
            groups[title[1]] = []
        elif option:
            if not groups:
                raise ValueError(f"{option[1]} stands above the first group")
            groups[next(reversed(groups))].append(option[1])
    return groups


def plain(text: str) -> str:
    """Ansible's markup as reStructuredText without roles."""
    text = re.sub(r"\bP\((.+?)#\w+\)", r"``\1``", text)
    text = re.sub(r"\bL\((.+?),(.+?)\)", r"`\1 <\2>`__", text)
    return re.sub(r"\b[CVO]\(((?:[^()]|\([^()]*\))*)\)", r"``\1``", text)


def row(name: str, option: t.Mapping[str, t.Any]) -> str:
    default = yaml.safe_dump(option.get("default"), default_flow_style=True, width=1000).replace("\n...", "").strip()
    description = option["description"]
    items = [description] if isinstance(description, str) else description
    choices = option.get("choices")
    kind = "one of " + ", ".join(f"``{choice}``" for choice in choices) if choices else option.get("type", "str")
    first, *more = [f"{kind}, default ``{default}``", *map(plain, items)]
    return "\n".join([f"   * - ``{name}``", f"     - {first}", *(f"\n       {line}" for line in more)])


def page(text: str) -> str:
    options = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    parts = [HEAD]
    for title, names in grouped(text).items():
        intro, example = GROUPS[title]
        lines = [f"    {line.strip()}" for line in example.strip().splitlines()]
        parts += [title, "-" * len(title), "", intro, "", ".. code-block:: yaml", "", *lines, ""]
        parts += [".. list-table::", "   :widths: 30 70", "", *(row(name, options[name]) for name in names), ""]
    return "\n".join(parts)


def main() -> int:
    text = page(SPECS.read_text(encoding="utf-8"))
    if "--check" in sys.argv[1:]:
        if GUIDE.read_text(encoding="utf-8") != text:
            print(f"{GUIDE.relative_to(TOP)} is not what {SPECS.relative_to(TOP)} says: run tools/variables.py")
            return 1
        return 0
    GUIDE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
