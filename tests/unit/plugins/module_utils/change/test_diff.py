# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What --diff shows: lines that change, and never a secret."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.change import diff
from hypothesis import given
from hypothesis import strategies as st

PLANTED = "hunter2"
# Each has the planted secret, and may show it nowhere.
SECRET = {
    "mapping": "environment:\n  FOO: hunter2\n",
    "list": "environment:\n  - FOO=hunter2\n",
    "list at its key's indentation": "  environment:\n  - A=b\n  - FOO=hunter2\n",
    "comment within": "environment:\n  A: b\n# a note\n  FOO: hunter2\n",
    "env": "env: {FOO: hunter2}\n",
    "name of one's own": "x-mail-env:\n  FOO: hunter2\n",
    "in brackets": "mail: {image: a, environment: {FOO: hunter2}, ports: [25:25]}\n",
    "brackets over lines": "environment: {A: b,\nFOO: hunter2}\n",
    "brackets in brackets": "environment: {A: [b,\nc],\nFOO: hunter2}\n",
    "a quoted bracket": "environment: {A: '}',\nFOO: hunter2}\n",
    "two quotes": "environment: {A: 'it''s }',\nFOO: hunter2}\n",
    "an escaped quote": 'environment: {A: "\\"}",\nFOO: hunter2}\n',
    "quotes over lines": "password: 'a\n\nhunter2'\n",
    "block": "relay_password: |\n  a\n  hunter2\n",
    "block with an indicator": "password: >2-\n    hunter2\n",
    "on the next line": "password:\n  hunter2\n",
    "plain over lines": "password: a\n  hunter2\n",
    "explicit key": "? password\n: hunter2\n",
    "password": "  DB_PASSWORD: hunter2\n",
    "any case": "dbPassWd: hunter2\n",
    "pass": "- RELAY_PASS=hunter2\n",
    "token": "splunk-token: hunter2\n",
    "secret": "secret: hunter2\n",
    "key": "api_key: hunter2\n",
    "apikey": "apikey: hunter2\n",
    "auth": "auth: hunter2\n",
    "credential": "credential-spec: hunter2\n",
    "a comment": "# PASSWORD: hunter2\n",
    "an option": "run: redis --requirepass hunter2\n",
    "command": "command: redis hunter2\n",
    "the next entry": "- --token\n- hunter2\n",
    "URL": "proxy: http://user:hunter2@proxy:3128\n",
    "URL with an @ in it": "proxy: http://user:a@hunter2@proxy:3128\n",
    "URL with a slash in it": "proxy: http://user:a/hunter2@proxy:3128\n",
    "user only": "proxy: http://hunter2@proxy\n",
    "anchor": "x-common: &common\n  FOO: hunter2\nenvironment: *common\n",
    "JSON": '{\n  "password": "hunter2"\n}\n',
    "JSON on one line": '{"log-opts": {"splunk-token": "hunter2"}, "ipv6": true}\n',
    "JSON without indentation": '{\n"environment":\n{\n"A":\n"hunter2"\n}\n}\n',
    "JSON in odd lines": '{\n"token"\n:\n\n"hunter2"}\n',
    "JSON with an escape": '{"p\\u0061ssword": "hunter2"}\n',
    "JSON with tabs": '{\n\t"password":\n\t"hunter2"\n}\n',
    "CRLF": "environment:\r\n  FOO: hunter2\r\n",
    "BOM": "\ufeffpassword: hunter2\r\n",
    "NEL": "a: b\x85password: hunter2\n",
}


@pytest.mark.parametrize("name", SECRET)
def test_secrets_are_hidden(name: str) -> None:
    """In what was, in what will be, and with the word in another line than the one that changes."""
    text = SECRET[name]
    shown = [
        diff.changed("", text, "f"),
        diff.changed(text, "", "f"),
        diff.changed(text, text.replace(PLANTED, "hunter22"), "f"),
    ]
    assert PLANTED not in str(shown)
    assert all(shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a: b", ["a: b"]),
        ("", [""]),
        ("ports:\n  - 25:25\n", ["ports:", "  - 25:25", ""]),
        ("environment:\n  A: b\nports: []\n", ["env***", "  ***", "ports: []", ""]),
        ("password: x\nimage: y", ["pass***", "image: y"]),
        ("  - TOKEN=x\n  - image", ["  - TOKEN***", "  - image"]),
        ("environment: {}\nimage: y", ["env***", "image: y"]),
        ("environment: # a 'note {\n  A: b\nimage: y", ["env***", "  ***", "image: y"]),
        ('{"proxy": "http://a:b@c", "ipv6": true}', ['{"proxy": "http://***@c", "ipv6": true}']),
        ("networks:\n  default:\n    enable_ipv6: true", ["networks:", "  default:", "    enable_ipv6: true"]),
        (
            (
                "services:\n  # a\n  keycloak:\n    ports: []\n    token:\n      a: b\n"
                "  db:\n    image: a\nx:\n  key:\n    a"
            ),
            [
                *("services:", "  # a", "  keycloak:", "    ports: []", "    token:", "      ***"),
                *("  db:", "    image: a", "x:", "  key:", "    ***"),
            ],
        ),
        ("a\x1b]0;owned\x07", ["a?]0;owned?"]),
    ],
)  # fmt: skip
def test_the_rest_is_shown(text: str, shown: list[str]) -> None:
    assert diff.masked(text) == shown


def test_only_lines_that_change() -> None:
    before = "a\nb\nc\nd\n"
    assert diff.changed(before, "a\nB\nc\nd\ne\nf\n", "/srv/x") == {
        "prepared": "--- before: /srv/x\n+++ after: /srv/x\n@@ -2 +2 @@\n-b\n+B\n@@ -4,0 +5,2 @@\n+e\n+f\n"
    }
    assert diff.changed(before, before, "/srv/x") == {}


def test_a_changed_secret_is_a_change() -> None:
    shown = diff.changed("password: a", "password: b", "f")["prepared"]
    assert shown.endswith("@@ -1 +1 @@\n-pass***\n+pass***\n")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("services.mail.ports must be a list", "services.mail.ports must be a list"),
        ('service "web" has neither an image', 'service "web" has neither an image'),
        (
            'unexpected character "+" in variable name near "hunter2\\n"',
            'unexpected character "***" in variable name ***',
        ),
        ('invalid interpolation format for a.b: "${hunter2"', "invalid interpolation format ***"),
        ("cannot get http://a:hunter2@b/c", "cannot get http://***@b/c"),
        ('x is "root:*:hunter2"', 'x is "***"'),
    ],
)
def test_what_a_program_cites(said: str, shown: str) -> None:
    assert diff.cited(said) == shown


NAMES = st.sampled_from(["FOO", "a", "image", "b-c", "PORT"])
SECRETS = st.sampled_from(["password", "DB_PASS", "x-env", "environment", "apiKey", "auth", "my_token", "Secrets"])
PLAIN = st.sampled_from(["1", "x", "it's", "a b", "}", "]", "'", "#x", "'q", "a: b", "\\", "x # y", ""])
VALUES = st.recursive(
    st.one_of(PLAIN, st.just(PLANTED), st.integers(0, 9)),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)),
    max_leaves=6,
)
CLEAN = st.recursive(
    PLAIN, lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=3)), max_leaves=4
)


@given(SECRETS, VALUES, st.dictionaries(NAMES, CLEAN, max_size=3), st.sampled_from([None, 0, 1, 2, 4]), st.booleans())
def test_no_planted_secret_in_json(
    name: str, value: object, around: dict[str, object], indent: int | None, nested: bool
) -> None:
    data: dict[str, object] = {**around, name: value, "last": "shown"}
    text = json.dumps({"mail": data} if nested else data, indent=indent)
    assert PLANTED not in "".join(diff.masked(text))


@given(
    SECRETS, VALUES, st.dictionaries(NAMES, CLEAN, max_size=3), st.booleans(), st.integers(20, 200), st.integers(2, 4)
)
def test_no_planted_secret_in_yaml(
    name: str, value: object, around: dict[str, object], flow: bool, width: int, indent: int
) -> None:
    data = {"services": {"mail": {**around, name: value, "last": "shown"}}}
    text = yaml.safe_dump(data, default_flow_style=flow, width=width, indent=indent, sort_keys=False)
    assert PLANTED not in "".join(diff.masked(text)).replace("\n", "")
