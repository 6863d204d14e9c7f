# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sentence with which the collection says no, read from its source and put by subject. Nothing is imported."""

from __future__ import annotations

import ast
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

ERRORS = ("Refused", "RolledBack")
PARTS = ("problem", "where", "remedy")
UNKNOWN = "…"
OTHERS = "Everything else"
# A subject, and the folders or files below module_utils or plugin_utils that speak about it; of two that fit, the
# longer one counts.
SUBJECTS = {
    "Values of variables": "preflight",
    "The host and its engine": "core engine state system host exposure modes proof/io/own_addresses change/io/record"
    " modules/show",
    "daemon.json, and the restart of Docker": "daemon network/default_bridge modules/docker_daemon_config",
    "A change, and the way back": "change rollback modes/io/live_change modules/host_transaction modules/docker_ipv6",
    "Addresses and subnets": "core/ip core/prefix_plan daemon/address_pools ula carve collisions",
    "Networks": "network modules/docker_ipv6_network",
    "Compose": "compose modules/compose_network modules/compose_ports",
    "Public addresses": "routed modes/routed state/routed_mode modules/routed_firewall",
    "NDP proxy": "routed/ndp_proxy routed/ndp_checks routed/neighbours routed/ndppd_conf routed/networkd routed/io/ndp",
    "Refusing IPv6": "modes/prevent modes/io/prevent_facts",
    "The order in which a host tries addresses": "host/gai_conf host/address_order host/io/resolver modules/gai_conf",
    "The proof": "proof engine/image_name modules/remote_ip_probe modules/probe_responder",
    "DNS and mail": "mail modules/mail_dns_info modules/smtp_relay_probe",
}
INTRODUCTION = """# What is refused, word by word

A run that is refused has changed nothing, or has put everything back and says so. The text names what is wrong, where,
and what to do. "…" stands for what differs from host to host.
"""


@dataclass(frozen=True)
class Refusal:
    file: str
    problem: str
    where: str
    remedy: str


class Texts:
    """What an expression says, as far as its source tells."""

    def __init__(
        self, file: str, constants: t.Mapping[str, t.Mapping[str, ast.expr]], imported: t.Mapping[str, str]
    ) -> None:
        self.file = file
        self.constants = constants
        self.imported = imported

    def constant(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        """What stands in the same file, in the one that is named, or, imported by its name, in any."""
        if isinstance(node, ast.Attribute):
            return self.constants.get(self.imported.get(getattr(node.value, "id", ""), ""), {}).get(node.attr)
        own = self.constants[self.file].get(node.id)
        return (
            own
            if own is not None
            else next((names[node.id] for names in self.constants.values() if node.id in names), None)
        )

    def all(self, node: ast.expr | None, local: t.Mapping[str, list[ast.expr]]) -> list[str]:
        """A name may have been given several texts before."""
        if isinstance(node, ast.Name) and node.id in local:
            texts = [self.said(value) for value in local[node.id]]
            return list(dict.fromkeys(text for text in texts if text.strip(UNKNOWN + " ."))) or [UNKNOWN]
        if isinstance(node, ast.IfExp):
            return [*self.all(node.body, local), *self.all(node.orelse, local)]
        return [self.said(node)]

    def said(self, node: ast.expr | None) -> str:
        if node is None:
            return ""
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.JoinedStr):
            return "".join(map(self.said, node.values))
        if isinstance(node, ast.FormattedValue):
            return self.said(node.value)
        if isinstance(node, ast.BinOp):
            sides = self.said(node.left), self.said(node.right)
            return UNKNOWN if any(side.isdigit() for side in sides) else "".join(sides)
        if isinstance(node, (ast.Name, ast.Attribute)):
            constant = self.constant(node)
            return self.said(constant) if isinstance(constant, (ast.Constant, ast.JoinedStr, ast.BinOp)) else UNKNOWN
        return UNKNOWN


def is_error(node: ast.AST) -> t.TypeGuard[ast.Call]:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return name in ERRORS


def assigned(body: t.Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What names are given there, once or more often."""
    found: dict[str, list[ast.expr]] = {}
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names, values = [target], [node.value]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    names, values = target.elts, node.value.elts
                for name, value in zip(names, values):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(value)
    return found


def of_file(name: str, tree: ast.Module, texts: Texts) -> t.Iterator[Refusal]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        local = assigned(ast.walk(function))
        for call in filter(is_error, ast.walk(function)):
            given = dict(zip(PARTS, call.args)) | {
                keyword.arg: keyword.value for keyword in call.keywords if keyword.arg
            }
            where, remedy = (" / ".join(texts.all(given.get(part), local)) for part in ("where", "remedy"))
            for problem in texts.all(given.get("problem"), local):
                yield Refusal(name, problem, where, remedy)


def named(path: Path, plugins: Path) -> str:
    """A file's path below module_utils or plugin_utils, or its name where it lies elsewhere, without the suffix."""
    below = path.relative_to(plugins).with_suffix("")
    return "/".join(below.parts[1:]) if below.parts[0] in ("module_utils", "plugin_utils") else below.name


def imported(file: str, tree: ast.Module) -> dict[str, str]:
    """name -> the file that it stands for in this one."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            folders = file.split("/")[: -node.level] if node.level else []
            below = (node.module or "").partition("module_utils.")[2] or node.module or ""
            folders += [folder for folder in below.split(".") if folder]
            found.update({name.asname or name.name: "/".join([*folders, name.name]) for name in node.names})
    return found


def refusals(plugins: Path) -> list[Refusal]:
    """Every refusal of modules, filters and what they share; those whose whole text is made elsewhere say nothing."""
    trees = {
        named(path, plugins): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(plugins.rglob("*.py"))
    }
    constants = {
        file: {name: values[0] for name, values in assigned(tree.body).items() if name.isupper()}
        for file, tree in trees.items()
    }
    found = [
        row for file, tree in trees.items() for row in of_file(file, tree, Texts(file, constants, imported(file, tree)))
    ]
    return [fromkey for fromkey in dict.fromkeys(found) if re.search(r"\w", fromkey.problem)]


def subject(file: str) -> str:
    """The subject of a file, by its path below module_utils."""
    titles = {place: title for title, places in SUBJECTS.items() for place in places.split()}
    fitting = [place for place in titles if f"{file}/".startswith(f"{place}/")]
    return titles[max(fitting, key=len)] if fitting else OTHERS


def cell(text: str) -> str:
    """Text that Markdown takes for nothing else; between backticks it does so by itself."""
    parts = re.sub(rf"{UNKNOWN}(?:[ ,:]*{UNKNOWN})+", UNKNOWN, " ".join(text.split())).split("`")
    parts[::2] = [re.sub(r"([\\|*_<>\[\]{}$])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def page(plugins: Path) -> str:
    """The list as a page in Markdown."""
    lines = [INTRODUCTION]
    found = refusals(plugins)
    for title in (*SUBJECTS, OTHERS):
        rows = [row for row in found if subject(row.file) == title]
        if rows:
            lines += [f"\n## {title}\n", "| about | what is wrong | what to do |", "|---|---|---|"]
            lines += [f"| {cell(row.where)} | {cell(row.problem)} | {cell(row.remedy)} |" for row in rows]
    return "\n".join(lines) + "\n"
