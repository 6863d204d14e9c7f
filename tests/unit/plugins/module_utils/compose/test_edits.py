# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files: what they say of networks, and IPv6 spliced into the user's own text."""

from __future__ import annotations

import difflib
import itertools
import typing as t

import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.compose import edits, files, yaml_text
from ansible_collections.dms.ipv6.plugins.module_utils.compose.edits import (
    DefaultNetwork,
    ExternalNetwork,
    NamedNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.compose_files import (
    MAIL,
    SHARED,
    VARIABLES,
    Generated,
    compose_files,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

PATH = "/srv/mail/compose.yaml"
SUBNET = "fd5c:1ab0:1:2::/64"
DEFAULT = DefaultNetwork(SUBNET)
SIX = NamedNetwork("six", SUBNET, ("mail",))
EXTERNAL = ExternalNetwork("ext6")
MARK = "§"

WANTED: dict[str, t.Any] = {"default": DEFAULT, "six": SIX, "external": EXTERNAL}
SMALL = "services:\n  mail:\n    image: x\n"


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def changes(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that are gone, and lines that are new; blank ones at the end do not count as lines."""
    difference = list(difflib.ndiff(lines(before), lines(after)))
    return [one[2:] for one in difference if one[:2] == "- "], [one[2:] for one in difference if one[:2] == "+ "]


def edited(text: str, wanted: t.Any) -> str:
    result = edits.edit(text, wanted, PATH)
    assert edits.edit(result, wanted, PATH) == result, "a second edit changes it again"
    return result


def network(key: str, pad: str = "", step: str = "  ", dash: str = "  ", name: str = "") -> list[str]:
    """The lines of a new network."""
    named = [f"{pad}{step}name: {name}"] if name else []
    return [
        f"{pad}{key}:",
        *named,
        f"{pad}{step}enable_ipv6: true",
        f"{pad}{step}ipam:",
        f"{pad}{step}{step}config:",
        f"{pad}{step}{step}{dash}- subnet: {SUBNET}",
    ]


def below(*entries: str) -> str:
    """A small file with lines below ``networks:``."""
    return SMALL + "networks:\n" + "".join(f"  {one}\n" for one in entries)


def service(*entries: str, networks: str = "") -> str:
    """A small file with more lines in its service."""
    return SMALL + "".join(f"    {one}\n" for one in entries) + networks


IPAM = ["    enable_ipv6: true", "    ipam:", "      config:", f"        - subnet: {SUBNET}"]
TOP = ["", "networks:", *network("default", "  ")]
SIX_TOP = ["", "networks:", *network("six", "  ")]


class Edit(t.NamedTuple):
    """A text, what is wanted, and the lines that go and come."""

    name: str
    text: str
    wanted: t.Any
    gone: list[str]
    new: list[str]


EDITS = [
    Edit("mail: default", MAIL, DEFAULT, [], TOP),
    Edit("mail: external", MAIL, EXTERNAL, [], ["", "networks:", "  default:", "    name: ext6", "    external: true"]),
    Edit(
        "mail: named",
        MAIL,
        NamedNetwork("six", SUBNET, ("mailserver",), "real-six"),
        [],
        [
            "    networks:",
            "      - default",
            "      - six",
            "",
            "networks:",
            *network("six", "  ", name="real-six"),
        ],
    ),
    # A list that an alias stands for is written out; the mapping with an address just gets one more key.
    Edit(
        "shared: named",
        SHARED,
        NamedNetwork("six", SUBNET, ("web", "mail", "admin")),
        ['    admin: {image: "admin:2", networks: [front, back]}'],
        [
            "        networks:",
            "        - front",
            "        - six",
            "            six:",
            '    admin: {image: "admin:2", networks: [front, back, six]}',
            *network("six", "    ", "    ", ""),
        ],
    ),
    Edit(
        "variables: named, off before, IPv4 subnet kept",
        VARIABLES,
        NamedNetwork("mail-network", SUBNET, ("postfix",)),
        ["    enable_ipv6: false"],
        ["    enable_ipv6: true", f"        - subnet: {SUBNET}"],
    ),
    Edit("no networks", SMALL, DEFAULT, [], TOP),
    Edit("no networks, no end of line", SMALL[:-1], DEFAULT, [], TOP),
    Edit("networks first", "networks:\n  a:\n" + SMALL, DEFAULT, [], network("default", "  ")),
    Edit("networks empty", SMALL + "networks:\n", DEFAULT, [], network("default", "  ")),
    Edit("networks empty, comment", SMALL + "networks: # c\n", DEFAULT, [], network("default", "  ")),
    Edit("networks empty, comment below", SMALL + "networks:\n  # c\n", DEFAULT, [], network("default", "  ")),
    Edit("networks {}", SMALL + "networks: {} # c\n", DEFAULT, ["networks: {} # c"], ["networks: # c", *TOP[2:]]),
    Edit("networks null", SMALL + "networks: null", DEFAULT, ["networks: null"], ["networks:", *TOP[2:]]),
    Edit("networks ~", SMALL + "networks:   ~\n", DEFAULT, ["networks:   ~"], ["networks:", *TOP[2:]]),
    Edit("default empty", below("default:"), DEFAULT, [], IPAM),
    Edit("default empty, others follow", below("default:", "a:", "b: {}"), DEFAULT, [], IPAM),
    Edit("default {}", below("default: {}"), DEFAULT, ["  default: {}"], ["  default:", *IPAM]),
    Edit("default quoted", below('"default":'), DEFAULT, [], IPAM),
    Edit("driver there", below("default:", "  driver: bridge"), DEFAULT, [], IPAM),
    Edit(
        "off",
        below("default:", "  enable_ipv6: false  # c"),
        DEFAULT,
        ["    enable_ipv6: false  # c"],
        ["    enable_ipv6: true  # c", *IPAM[1:]],
    ),
    Edit("no in the words of YAML 1.1", below("default:", "  enable_ipv6: no"), DEFAULT, ["    enable_ipv6: no"], IPAM),
    Edit("nothing said", below("default:", "  enable_ipv6:"), DEFAULT, ["    enable_ipv6:"], IPAM),
    Edit("on, no subnet", below("default:", "  enable_ipv6: true"), DEFAULT, [], IPAM[1:]),
    Edit("yes, no subnet", below("default:", "  enable_ipv6: yes"), DEFAULT, [], IPAM[1:]),
    Edit("ipam empty", below("default:", "  enable_ipv6: true", "  ipam:"), DEFAULT, [], IPAM[2:]),
    Edit("ipam driver", below("default:", "  ipam:", "    driver: default"), DEFAULT, [], [*IPAM[2:], IPAM[0]]),
    Edit(
        "config []",
        below("default:", "  ipam:", "    config: []"),
        DEFAULT,
        ["      config: []"],
        ["      config:", f"        - subnet: {SUBNET}", IPAM[0]],
    ),
    Edit(
        "IPv4 subnet",
        below("default:", "  ipam:", "    config:", "    - subnet: 10.1.0.0/16", "      gateway: 10.1.0.1"),
        DEFAULT,
        [],
        [f"      - subnet: {SUBNET}", IPAM[0]],
    ),
    Edit(
        "IPv4 subnet in brackets",
        below("default: {ipam: {config: [{subnet: 10.1.0.0/16}]}}  # c"),
        DEFAULT,
        ["  default: {ipam: {config: [{subnet: 10.1.0.0/16}]}}  # c"],
        ['  default: {ipam: {config: [{subnet: 10.1.0.0/16}, {subnet: "' + SUBNET + '"}]}, enable_ipv6: true}  # c'],
    ),
    Edit(
        "subnet there",
        below("default:", "  ipam: {config: [{subnet: 'FD5C:1AB0:0001:2:0::/64'}]}"),
        DEFAULT,
        [],
        IPAM[:1],
    ),
    Edit(
        "in brackets",
        SMALL + "networks: {front: {}, 'default': }\n",
        DEFAULT,
        ["networks: {front: {}, 'default': }"],
        ["networks: {front: {}, 'default': {enable_ipv6: true, ipam: {config: [{subnet: \"" + SUBNET + '"}]}} }'],
    ),
    Edit(
        "all in brackets",
        "{services: {mail: {image: x}}, x-a: 1,\n}\n",
        DEFAULT,
        ["{services: {mail: {image: x}}, x-a: 1,"],
        [
            '{services: {mail: {image: x}}, x-a: 1, networks: {default: {enable_ipv6: true, ipam: {config: [{subnet: "'
            + SUBNET
            + '"}]}}},'
        ],
    ),
    Edit(
        "key without a value in brackets",
        SMALL + "networks: {default}\n",
        DEFAULT,
        ["networks: {default}"],
        ['networks: {default: {enable_ipv6: true, ipam: {config: [{subnet: "' + SUBNET + '"}]}}}'],
    ),
    Edit("merge key", "x-n: &n {driver: bridge}\n" + below("default:", "  <<: *n"), DEFAULT, [], IPAM),
    Edit(
        "alias",
        "x-n: &n {driver: bridge}\n" + below("default: *n"),
        DEFAULT,
        ["  default: *n"],
        ["  default:", "    driver: bridge", *IPAM],
    ),
    Edit(
        "merged ipam",
        "x-n: &n {ipam: {config: [{subnet: 10.1.0.0/16}]}}\n" + below("default:", "  <<: *n"),
        DEFAULT,
        [],
        [*IPAM[:3], "        - subnet: 10.1.0.0/16", IPAM[3]],
    ),
    Edit("anchor without a use", below("default: &n", "  driver: bridge"), DEFAULT, [], IPAM),
    Edit(
        "anchor whose user says it too",
        "services:\n  mail: &m\n    image: x\n  b:\n    <<: *m\n    networks: [a]\n",
        SIX,
        [],
        ["    networks:", "      - default", "      - six", *SIX_TOP],
    ),
    Edit(
        "anchor of a service that is meant too",
        "services:\n  mail: &m\n    image: x\n  b:\n    <<: *m\n",
        NamedNetwork("six", SUBNET, ("mail", "b")),
        [],
        [*["    networks:", "      - default", "      - six"] * 2, *SIX_TOP],
    ),
    Edit(
        "no indentation of lists",
        service("ports:", '- "25:25"'),
        SIX,
        [],
        ["    networks:", "    - default", "    - six", "", "networks:", *network("six", "  ", dash="")],
    ),
    Edit("list", service("networks:", "  - a # c", "  # deeper", "restart: no"), SIX, [], ["      - six", *SIX_TOP]),
    Edit(
        "list in brackets",
        service("networks: [ a, b ] # c"),
        SIX,
        ["    networks: [ a, b ] # c"],
        ["    networks: [ a, b, six ] # c", *SIX_TOP],
    ),
    Edit(
        "list in brackets, several lines",
        service("networks: [", "  a, # c", "  b # c", "]"),
        SIX,
        ["      b # c"],
        ["      b, six # c", *SIX_TOP],
    ),
    Edit(
        "list with default",
        service("networks: [default]"),
        SIX,
        ["    networks: [default]"],
        ["    networks: [default, six]", *SIX_TOP],
    ),
    Edit(
        "empty list",
        service("networks: []"),
        SIX,
        ["    networks: []"],
        ["    networks:", "      - default", "      - six", *SIX_TOP],
    ),
    Edit(
        "empty mapping",
        service("networks: {}"),
        SIX,
        ["    networks: {}"],
        ["    networks:", "      - default", "      - six", *SIX_TOP],
    ),
    Edit("nothing", service("networks:", "restart: no"), SIX, [], ["      - default", "      - six", *SIX_TOP]),
    Edit(
        "mapping in brackets",
        service("networks: {a: {aliases: [x]}}"),
        SIX,
        ["    networks: {a: {aliases: [x]}}"],
        ["    networks: {a: {aliases: [x]}, six: null}", *SIX_TOP],
    ),
    Edit(
        "mapping", service("networks:", "  a:", "    aliases:", "      - x", "  b:"), SIX, [], ["      six:", *SIX_TOP]
    ),
    Edit(
        "network there, service not",
        below("six:", "  enable_ipv6: true", f"  ipam: {{config: [{{subnet: '{SUBNET}'}}]}}"),
        SIX,
        [],
        ["    networks:", "      - default", "      - six"],
    ),
    Edit("service there, network not", service("networks: [six]"), SIX, [], SIX_TOP),
    Edit(
        "name is added",
        below("six:", "  enable_ipv6: true"),
        NamedNetwork("six", SUBNET, ("mail",), "real"),
        [],
        ["    networks:", "      - default", "      - six", *IPAM[1:], "    name: real"],
    ),
    Edit(
        "key that is a word of YAML",
        SMALL,
        NamedNetwork("on", SUBNET, ("mail",)),
        [],
        ["    networks:", "      - default", '      - "on"', "", "networks:", *network('"on"', "  ")],
    ),
    Edit(
        "service like a number",
        "services:\n  2fauth:\n    image: x\n",
        NamedNetwork("6", SUBNET, ("2fauth",)),
        [],
        ["    networks:", "      - default", '      - "6"', "", "networks:", *network('"6"', "  ")],
    ),
    Edit(
        "external: name only before",
        below("default:", "  name: a"),
        EXTERNAL,
        ["    name: a"],
        ["    name: ext6", "    external: true"],
    ),
    Edit(
        "external: another one",
        below("default: {external: true, name: a}"),
        EXTERNAL,
        ["  default: {external: true, name: a}"],
        ["  default: {external: true, name: ext6}"],
    ),
    Edit(
        "external: off",
        below("default:", "  external: false"),
        EXTERNAL,
        ["    external: false"],
        ["    external: true", "    name: ext6"],
    ),
    Edit(
        "external: old syntax",
        below("default:", "  external:", "    name: 'a'"),
        EXTERNAL,
        ["      name: 'a'"],
        ["      name: ext6"],
    ),
    Edit("no blank lines between sections", "version: '3'\n" + SMALL, DEFAULT, [], TOP[1:]),
    Edit("end of document", SMALL + "...\n", DEFAULT, [], TOP),
    Edit(
        "comments of the section above stay there",
        SMALL + "    # of mail\n\n  # of services\n# of the file\n",
        DEFAULT,
        [],
        TOP,
    ),
    Edit("block scalar at the end", service("command: |", "  a", "", ""), DEFAULT, [], TOP),
    Edit("block scalar that keeps blank lines", service("command: |+", "  a", "", ""), DEFAULT, [], TOP[1:]),
    Edit(
        "indented as a whole",
        " services:\n   mail:\n     image: x\n",
        SIX,
        [],
        ["     networks:", "       - default", "       - six", "", " networks:", *network("six", "   ")],
    ),
    Edit(
        "eight spaces",
        "services:\n        mail:\n                image: x\n",
        DEFAULT,
        [],
        ["", "networks:", *network("default", " " * 8, " " * 8, " " * 8)],
    ),
    Edit("byte order mark", "\ufeff" + SMALL, DEFAULT, [], TOP),
    Edit("tab before a comment", "services:\n  mail:\n    image: x\t# c\n", DEFAULT, [], TOP),
]
NAMED_EDITS = [pytest.param(one, id=one.name) for one in EDITS]


@pytest.mark.parametrize("case", NAMED_EDITS)
def test_only_the_lines_meant_change(case: Edit) -> None:
    gone, new = changes(case.text, edited(case.text, case.wanted))
    assert (gone, sorted(new)) == (case.gone, sorted(case.new))


@pytest.mark.parametrize("case", NAMED_EDITS)
def test_carriage_returns_stay_and_are_added(case: Edit) -> None:
    result = edited(case.text.replace("\n", "\r\n"), case.wanted)
    assert "\n" not in result.replace("\r\n", "")
    assert result == edited(case.text, case.wanted).replace("\n", "\r\n")


@pytest.mark.parametrize("case", NAMED_EDITS)
def test_no_end_of_the_last_line_stays_so(case: Edit) -> None:
    text = case.text.rstrip("\n")
    assert not edited(text, case.wanted).endswith("\n")


def test_places_are_the_sensible_ones() -> None:
    mail = edited(MAIL, NamedNetwork("six", SUBNET, ("mailserver",)))
    assert mail[mail.index("      # start_period: 5m\n") :] == "\n".join(
        [
            "      # start_period: 5m",
            "    networks:",
            "      - default",
            "      - six",
            *SIX_TOP,
            "",
            "# vim: set ft=yaml :",
            "",
        ]
    )
    shared = edited(SHARED, NamedNetwork("six", SUBNET, ("web", "mail")))
    assert "        - mail\n        networks:\n        - front\n        - six\n    mail:\n" in shared
    assert "            back: {}\n            six:\n        environment:\n" in shared
    assert "    back:\n    six:\n        enable_ipv6: true\n" in shared
    variables = edited(VARIABLES, NamedNetwork("mail-network", SUBNET, ("postfix",)))
    assert variables.endswith(f".0/24\n        - subnet: {SUBNET}\n")


def test_a_new_file_holds_just_this() -> None:
    assert edits.override(SMALL, None, SIX, PATH) == "\n".join(
        ["services:", "  mail:", "    networks:", "      - default", "      - six", *SIX_TOP, ""]
    )


# --- what is refused


class Bad(t.NamedTuple):
    """A text with a mark at the fault, what is wanted, and words of the message."""

    text: str
    wanted: t.Any
    words: str


BAD = [
    # no YAML, or none that Compose takes
    Bad("services:\n§\tmail:\n", DEFAULT, "cannot start any token"),
    Bad("services:\n  mail: [a\n§", DEFAULT, "expected ',' or ']'"),
    Bad("services:\n  mail: 'a\n§", DEFAULT, "unexpected end of stream"),
    Bad("services:\n  mail:\n    image: a§: b\n", DEFAULT, "mapping values are not allowed here"),
    Bad("services:\n  mail:\n   a: 1\n    b§: 2\n", DEFAULT, "mapping values are not"),
    Bad("services:\n  mail: §@x\n", DEFAULT, "cannot start any token"),
    Bad("services: §\x07\n", DEFAULT, "the character U+0007"),
    Bad("services:\r\n  mail: §*nobody\r\n", DEFAULT, "*nobody has no anchor above it"),
    Bad("x-a: &a [§*a]\n" + SMALL, DEFAULT, "*a stands inside its own anchor"),
    Bad("a: 1§\rb: 2\n", DEFAULT, "a carriage return without a line feed"),
    Bad(SMALL + "§---\nservices: {}\n", DEFAULT, "a second YAML document"),
    Bad("§- services\n", DEFAULT, "must be a mapping"),
    Bad("§services\n", DEFAULT, "must be a mapping"),
    Bad(SMALL + "    §image: y\n", DEFAULT, "the key `image` stands here a second time"),
    Bad(SMALL + "§'services':\n", DEFAULT, "the key `services` stands here a second time"),
    Bad("x-a: &a {}\nservices:\n  mail:\n    <<: *a\n    §<<: *a\n", DEFAULT, "`<<` stands here a second time"),
    Bad("x-a: &a 1\nservices:\n  mail:\n    <<: §*a\n", DEFAULT, "<< takes a mapping"),
    Bad("services:\n  ? §[mail]\n  : {}\n", DEFAULT, "a key that is not a simple text"),
    Bad("a: " + "[" * 99 + "§[" + "]" * 100 + "\n", DEFAULT, "more than 100 values inside each other"),
    # no Compose file
    Bad("§", DEFAULT, "`services` is missing"),
    Bad("§# nothing\n", DEFAULT, "`services` is missing"),
    Bad("§mail:\n  image: x\n", DEFAULT, "`services` is missing"),
    Bad("§services:\n", DEFAULT, "`services` must be a mapping; found is nothing"),
    Bad("a: 1\n§services: [mail]\n", DEFAULT, "`services` must be a mapping; found is a list"),
    Bad("services:\n  §mail: x\n", DEFAULT, "`mail` must be a mapping; found is a single value"),
    Bad("services:\n  §mail:\n", DEFAULT, "`mail` must be a mapping; found is nothing"),
    Bad(service("§networks: front"), SIX, "`networks` must be a mapping or a list; found is a single value"),
    Bad(service("§ports: 25"), SIX, "`ports` must be a list; found is a single value"),
    Bad(SMALL + "§networks:\n  - front\n", DEFAULT, "`networks` must be a mapping; found is a list"),
    Bad(below("§default: [a]"), DEFAULT, "`default` must be a mapping; found is a list"),
    Bad(below("default:", "  §ipam: x"), DEFAULT, "`ipam` must be a mapping; found is a single value"),
    Bad(below("default:", "  ipam:", "    §config:", "      subnet: x"), DEFAULT, "`config` must be a list"),
    Bad(
        below("default:", "  ipam:", "    config:", "      - §10.0.0.0/8"),
        DEFAULT,
        "entry 1 of `config` must be a mapping",
    ),
    Bad("§services: !custom\n  mail: {}\nnetworks: {}\n", SIX, "carries the tag !custom"),
    Bad(below("§default: !custom", "  driver: bridge"), DEFAULT, "`default` carries the tag !custom"),
    # nothing that can be had
    Bad(
        "x-a: 1\n§services:\n  nail:\n    image: x\n  web:\n    image: x\n",
        SIX,
        "there is no service `mail` (there is: nail, web); did you mean `nail`",
    ),
    Bad("§services: {}\n", SIX, "there is no service `mail` (there is: none)"),
    Bad("§services: {}\n", DEFAULT, "no service is on the project's default network"),
    Bad(
        "§services:\n  mail:\n    image: x\n    networks: [a]\n",
        DEFAULT,
        "no service is on the project's default network",
    ),
    Bad("§services:\n  mail:\n    network_mode: host\n", EXTERNAL, "no service is on the project's default network"),
    *(
        Bad(service(f"§network_mode: {mode}"), SIX, f"the service `mail` runs with network_mode {mode.strip(chr(34))}")
        for mode in ("none", '"service:web"')
    ),
    Bad(service("§extends: {service: web}"), SIX, "the service `mail` extends another"),
    Bad(below("default:", "  §external: true"), DEFAULT, "the network `default` is external (default)"),
    Bad(below("default:", "  §external:", "    name: old"), DEFAULT, "is external (old)"),
    Bad(below("six: {§external: true, name: a}"), SIX, "the network `six` is external (a)"),
    *(
        Bad(
            below("default:", f"  §driver: {driver}"),
            DEFAULT,
            f"has the driver {driver}; ports are published over IPv6 on",
        )
        for driver in ("macvlan", "${DRIVER}")
    ),
    Bad(below("default:", "  §internal: true"), DEFAULT, "the network `default` is internal"),
    Bad(below("default:", '  §enable_ipv6: "true"'), DEFAULT, '`enable_ipv6` is the text "true"'),
    Bad(below("default:", "  §enable_ipv6: ${SIX:-false}"), DEFAULT, '`enable_ipv6` is the text "${SIX:-false}"'),
    Bad(
        below("default:", "  ipam: {config: [{subnet: 10.0.0.0/8}, §{subnet: 'fd00:1::/64'}]}"),
        DEFAULT,
        "has the IPv6 subnet fd00:1::/64, and a bridge takes only one",
    ),
    Bad(
        below("default:", "  ipam:", "    config:", f"      - §subnet: ${{SIX:-{SUBNET}}}"),
        DEFAULT,
        "has the IPv6 subnet ${SIX:-",
    ),
    Bad(below("default:", "  ipam:", "    config:", "      - §subnet: ${ANY}"), DEFAULT, "may be IPv4 or IPv6"),
    Bad(below("six:", "  §name: b"), NamedNetwork("six", SUBNET, ("mail",), "a"), "is named b, not a"),
    Bad(below("default:", "  §driver: bridge"), EXTERNAL, "the default network sets driver, which an external"),
    Bad(below("default:", "  §external: 'true'"), EXTERNAL, '`external` is the text "true"'),
    # shared with something that must stay
    Bad("services:\n  mail: &m\n    image: x\n  §b:\n    <<: *m\n", SIX, "`services.b.networks` would change as well"),
    Bad(
        "services:\n  mail:\n    networks: &n\n      - a\n  b:\n    networks:\n      *n\n".replace(
            "    networks:\n      *", "    §networks:\n      *"
        ),
        SIX,
        "`services.b.networks",
    ),
    Bad(below("default: &n", "  driver: bridge", "§other: *n"), DEFAULT, "`networks.other."),
    Bad(
        service("§command: |", "  a")[:-1],
        DEFAULT,
        "would change as well: through an anchor, or at the end of the file",
    ),
    Bad(below("default: §&n", "other: *n"), DEFAULT, "an anchor or a tag stands where the change has to go"),
    Bad(
        below("default:", "  enable_ipv6: §&off false"), DEFAULT, "an anchor or a tag stands where the change has to go"
    ),
]


@pytest.mark.parametrize("case", [pytest.param(one, id=f"{index}-{one.words}") for index, one in enumerate(BAD)])
def test_what_cannot_be_edited_is_refused_with_its_place(case: Bad) -> None:
    before, after = case.text.split(MARK)
    with pytest.raises(Refused) as reason:
        edits.edit(before + after, case.wanted, PATH)
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    text = str(reason.value)
    assert text.startswith(f"{PATH}: line {line}, column {column}: ")
    assert case.words in text
    assert "\n" not in text
    assert reason.value.remedy


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
def test_bad_is_refused_by_every_function(wanted: t.Any) -> None:
    for text in ("services: [", "services: []", "- a", "networks: []"):
        for call in (
            lambda text=text: edits.edit(text, wanted, PATH),
            lambda text=text: edits.override(text, None, wanted, PATH),
            lambda text=text: edits.override(SMALL, text, wanted, PATH),
            lambda text=text: files.project([(PATH, SMALL), (PATH, text)]),
        ):
            with pytest.raises(Refused, match=r": line \d+, column \d+: "):
                call()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (DefaultNetwork("10.0.0.0/8"), "10.0.0.0/8 is IPv4"),
        (DefaultNetwork("fd00::1/64"), "host bits"),
        (DefaultNetwork("fd00::/64\nx: y"), "not a CIDR"),
        (NamedNetwork("", SUBNET, ("mail",)), "not a valid key of a network"),
        (NamedNetwork("a: b", SUBNET, ("mail",)), "not a valid key of a network"),
        (NamedNetwork("x-six", SUBNET, ("mail",)), "not a valid key of a network"),
        (NamedNetwork("default", SUBNET, ("mail",)), "the project's own network"),
        (NamedNetwork("six", SUBNET, ()), "without services"),
        (NamedNetwork("six", SUBNET, ("mail",), "a b"), "not a valid name of a network"),
        (ExternalNetwork(""), "not a valid name of a network"),
        (ExternalNetwork("a\n"), "not a valid name of a network"),
    ],
)
def test_what_makes_no_sense_is_refused(wanted: t.Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        edits.edit(SMALL, wanted, PATH)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.AVAILABLE
    monkeypatch.setattr(yaml_text, "YAML", None)
    with pytest.raises(Refused, match=r"python3-ruamel\.yaml"):
        edits.edit(SMALL, DEFAULT, PATH)


def test_values_that_share_without_end_are_compared_in_time() -> None:
    levels = "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    text = "x-0: &a0 [a, b]\n" + levels + SMALL
    assert changes(text, edited(text, DEFAULT)) == ([], TOP[1:])


def test_a_splice_that_goes_wrong_never_leaves() -> None:
    document = yaml_text.read(SMALL, PATH)
    with pytest.raises(Refused, match="would change as well"):  # nothing may be left out of what is wanted
        yaml_text.sync(document, {"services": {"mail": {"image": "x"}}, "a": "b"} | {"services": {}})


# --- the override file


OVER_BASE = below(
    "default:",
    "  driver_opts: {mtu: 1400}",
    "  ipam:",
    "    config:",
    "      - {subnet: 10.1.0.0/16, gateway: 10.1.0.1}",
)

OVERRIDES: list[tuple[str, str | None, t.Any, list[str]]] = [
    # base, override, wanted, lines of the result
    (SMALL, None, DEFAULT, ["networks:", *network("default", "  "), ""]),
    (SMALL, "", DEFAULT, ["networks:", *network("default", "  "), ""]),
    (SMALL, "# mine\n", DEFAULT, ["# mine", "networks:", *network("default", "  "), ""]),
    (SMALL, None, EXTERNAL, ["networks:", "  default:", "    name: ext6", "    external: true", ""]),
    (
        SMALL,
        "# mine\nservices:\n    mail:\n        restart: always # c\n",
        SIX,
        [
            "# mine",
            "services:",
            "    mail:",
            "        restart: always # c",
            "        networks:",
            "            - default",
            "            - six",
            "",
            "networks:",
            *network("six", "    ", "    ", "    "),
            "",
        ],
    ),
    # What the base has is not repeated for services: Compose 1.29 would lose the aliases.
    (
        service("networks:", "  front: {aliases: [smtp]}", networks="networks:\n  front:\n"),
        None,
        SIX,
        ["services:", "  mail:", "    networks:", "      - six", *SIX_TOP, ""],
    ),
    # What the base has is repeated for a network: Compose 1.29 takes the last entry alone, 2.26 loses the IPv4 subnet.
    (
        OVER_BASE,
        None,
        DEFAULT,
        [
            "networks:",
            "  default:",
            "    driver_opts:",
            "      mtu: 1400",
            "    ipam:",
            "      config:",
            "        - subnet: 10.1.0.0/16",
            "          gateway: 10.1.0.1",
            f"        - subnet: {SUBNET}",
            "    enable_ipv6: true",
            "",
        ],
    ),
    # An entry of the user's own stays as it is otherwise.
    (
        OVER_BASE,
        "networks:\n  default:\n    ipam:\n      config:\n        - subnet: 10.1.0.0/16\n    labels: {a: b}\n",
        DEFAULT,
        [
            "networks:",
            "  default:",
            "    ipam:",
            "      config:",
            "        - subnet: 10.1.0.0/16",
            f"        - subnet: {SUBNET}",
            "    labels: {a: b}",
            "    enable_ipv6: true",
            "",
        ],
    ),
    # The base's anchors do not matter here.
    (
        "services:\n  mail: &m\n    image: x\n  b:\n    <<: *m\n",
        None,
        SIX,
        ["services:", "  mail:", "    networks:", "      - default", "      - six", *SIX_TOP, ""],
    ),
]


@pytest.mark.parametrize(("base", "text", "wanted", "expected"), OVERRIDES)
def test_override_says_the_rest(base: str, text: str | None, wanted: t.Any, expected: list[str]) -> None:
    result = edits.override(base, text, wanted, PATH)
    assert result.split("\n") == expected
    assert edits.override(base, result, wanted, PATH) == result
    crlf = edits.override(base.replace("\n", "\r\n"), text and text.replace("\n", "\r\n"), wanted, PATH)
    assert crlf == result.replace("\n", "\r\n")


def test_override_stays_if_the_base_says_it_all() -> None:
    for wanted, text in itertools.product(WANTED.values(), (None, "", "# mine\n", "services: {mail: {restart: no}}")):
        assert edits.override(edited(SMALL, wanted), text, wanted, PATH) == (text or "")


@pytest.mark.parametrize(
    ("base", "text", "wanted", "words"),
    [
        (
            SMALL,
            "services: {web: {image: x}}\n",
            NamedNetwork("six", SUBNET, ("wep",)),
            f"{PATH}: line 1, column 1: there is no service `wep` (there is: mail, web); did you mean `web`",
        ),
        (service("network_mode: host"), "", SIX, "the Compose file: line 4, column 5: the service `mail` runs with"),
        (SMALL, "services: {mail: {network_mode: host}}", SIX, f"{PATH}: line 1, column 19: the service `mail` runs"),
        (below("default: {external: true}"), None, DEFAULT, "the Compose file: line 5, column 13: the network"),
        (
            below("default: {driver: macvlan}"),
            "networks: {default: {enable_ipv6: true}}",
            DEFAULT,
            "the Compose file: line 5, column 13: the network `default` has the driver macvlan",
        ),
        (SMALL, "services: {mail: {networks: !override [a]}}", SIX, f"{PATH}: line 1, column 19: `networks` carries"),
        # Compose's own rule for merging `config` would lose the first of two subnets.
        (
            below(
                f"default: {{ipam: {{config: [{{subnet: 10.1.0.0/16, gateway: 10.1.0.1}}, {{subnet: '{SUBNET}'}}]}}}}"
            ),
            None,
            DEFAULT,
            "Compose would not merge it so that it says what is wanted. Use edit: file.",
        ),
    ],
)
def test_override_is_refused_with_the_file_at_fault(base: str, text: str | None, wanted: t.Any, words: str) -> None:
    with pytest.raises(Refused) as reason:
        edits.override(base, text, wanted, PATH)
    assert words in str(reason.value)


# --- what files say


def test_project_of_one_file() -> None:
    project = files.project([(PATH, "name: p\n" + SHARED)])
    assert project.name == "p"
    assert {name: one.networks for name, one in project.services.items()} == {
        "web": {"front": None},
        "mail": {"front": {"aliases": ["smtp"], "ipv4_address": "172.20.0.25"}, "back": {}},
        "admin": {"front": None, "back": None},
    }
    assert project.networks == {
        "front": files.Net("", False, False, ("172.20.0.0/16",), "bridge", False),
        "back": files.Net("", False, False, (), "", False),
    }


def test_project_of_what_was_edited() -> None:
    project = files.project([(PATH, edited(MAIL, NamedNetwork("six", SUBNET, ("mailserver",), "real")))])
    assert project.networks == {"six": files.Net("real", False, True, (SUBNET,), "", False)}
    assert project.services["mailserver"].networks == {"default": None, "six": None}
    assert files.project([(PATH, edited(MAIL, EXTERNAL))]).networks == {
        "default": files.Net("ext6", True, False, (), "", False)
    }


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("", ("", False, False, (), "", False)),
        ("external: true", ("n", True, False, (), "", False)),
        ("{external: {name: a}}", ("a", True, False, (), "", False)),
        ("{external: false, name: a}", ("a", False, False, (), "", False)),
        ("{enable_ipv6: yes, internal: true, driver: overlay}", ("", False, True, (), "overlay", True)),
        ("{ipam: {config: [{subnet: fd00::/64}, {gateway: 10.0.0.1}]}}", ("", False, False, ("fd00::/64",), "", False)),
    ],
)
def test_network_is_read(entry: str, expected: tuple[t.Any, ...]) -> None:
    text = f"services: {{}}\nnetworks:\n  n: {entry if entry[:1] == '{' else '{' + entry + '}'}\n  x-a: 1\n"
    assert files.project([(PATH, text)]).networks == {"n": files.Net(*expected)}


# Measured with docker-compose 1.29.2 (where it knows the syntax), 2.26.1 and 2.40.3.
MERGES = [
    ("networks: [a]", "networks: [b]", {"a": None, "b": None}),
    ("networks: [a]", "networks: {a: {aliases: [x]}}", {"a": {"aliases": ["x"]}}),
    ("networks: {a: {aliases: [x]}}", "networks: [a, b]", {"a": {"aliases": ["x"]}, "b": None}),
    ("networks: {a: {aliases: [x]}}", "networks: {a: {aliases: [x, z]}}", {"a": {"aliases": ["x", "z"]}}),
    ("networks: {a: {priority: 1}}", "networks: {a: {ipv4_address: 10.0.0.5}}",
     {"a": {"priority": "1", "ipv4_address": "10.0.0.5"}}),
    ("networks: [a]", "restart: always", {"a": None}),
    ("restart: always", "networks: [a]", {"a": None}),
    ("networks: [a]", "networks: []", {"a": None}),
    ("networks: []", "networks: {}", None),
    ("networks: [a]", "networks: !reset null", None),
    ("networks: [a]", "networks: !override [b]", {"b": None}),
]  # fmt: skip


@pytest.mark.parametrize(("base", "over", "expected"), MERGES)
def test_networks_of_a_service_are_merged(base: str, over: str, expected: t.Any) -> None:
    texts = [(PATH, f"services:\n  m:\n    {one}\n") for one in (base, over)]
    assert files.project(texts).services["m"].networks == expected


def config(*subnets: str) -> str:
    return "ipam: {config: [" + ", ".join(f"{{subnet: {one}}}" for one in subnets) + "]}"


# Measured with docker-compose 2.26.1 and 2.40.3; the last but two with 2.40.3 only.
@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        (config("10.0.0.0/8"), "driver: bridge", ("10.0.0.0/8",)),
        ("driver: bridge", config("10.0.0.0/8"), ("10.0.0.0/8",)),
        (config("10.0.0.0/8"), config("10.0.0.0/8", "fd00::/64"), ("10.0.0.0/8", "fd00::/64")),
        # The odd ones: what only the base has is lost, and of two that both have the first is.
        (config("10.0.0.0/8"), config("fd00::/64"), ("fd00::/64",)),
        (config("10.0.0.0/8", "fd00::/64"), config("10.0.0.0/8", "fd00::/64"), ("fd00::/64", "fd00::/64")),
        (config(), config("fd00::/64"), ()),
        (config("10.0.0.0/8"), "ipam: !reset null", ()),
        (config("10.0.0.0/8"), "ipam: !override {driver: default}", ()),
    ],
)
def test_subnets_of_a_network_are_merged(base: str, over: str, expected: tuple[str, ...]) -> None:
    texts = [(PATH, f"services: {{}}\nnetworks:\n  n:\n    {one}\n") for one in (base, over)]
    assert files.project(texts).networks["n"].subnets == expected


def test_files_are_merged_in_order() -> None:
    texts = [
        ("a", "name: one\nservices: {m: {image: x, network_mode: host, ports: ['25:25']}, n: {image: x}}\n"),
        ("b", "networks: {a: {enable_ipv6: false, name: old}}\nservices: {m: {ports: ['25:25', 80]}}\n"),
        ("c", "name: two\nnetworks: {a: {enable_ipv6: true, name: new}, b: }\n"),
        ("d", "services: {m: {network_mode: !reset null, ports: !override ['1:1']}}\n"),
    ]
    project = files.project(texts[:3])
    assert (project.name, list(project.services), list(project.networks)) == ("two", ["m", "n"], ["a", "b"])
    assert project.services["m"] == files.Service(None, "host", ["25:25", "80"])
    assert project.networks["a"] == files.Net("new", False, True, (), "", False)
    assert files.project(texts).services["m"] == files.Service(None, "", ["1:1"])


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ('"0.0.0.0:25:25"', "0.0.0.0:25:25"),
        ("127.0.0.1:25:25/tcp", "127.0.0.1:25:25/tcp"),
        ("'192.0.2.7::25'", "192.0.2.7::25"),
        ("192.0.2.7:1000-1001:1000-1001/udp", "192.0.2.7:1000-1001:1000-1001/udp"),
        ("{target: 25, published: 2525, host_ip: 0.0.0.0, protocol: udp}", "0.0.0.0:2525:25/udp"),
        ("{target: 25, host_ip: 192.0.2.7}", "192.0.2.7::25"),
        ('"${BIND:-0.0.0.0}:${PORT:-25}:25"', "${BIND:-0.0.0.0}:${PORT:-25}:25"),
        ('"${BIND-192.0.2.7}:25:25"', "${BIND-192.0.2.7}:25:25"),
        ("25", None),
        ("22:22", None),
        ('"25:25/tcp"', None),
        ('"[::]:25:25"', None),
        ('":::25:25"', None),
        ('"::1:25:25"', None),
        ('"${PORT:-25}:25"', None),
        ('"${BIND}:25:25"', None),
        ('"$BIND:25:25"', None),
        ("{target: 25, published: 25}", None),
        ('{target: 25, published: "25", host_ip: "::"}', None),
    ],
)
def test_ports_on_an_ipv4_address_are_found(port: str, expected: str | None) -> None:
    project = files.project([(PATH, f"services:\n  mail:\n    ports:\n      - {port}\n      - 1:1\n")])
    assert files.explicit_ipv4_ports(project) == ([("mail", expected)] if expected else [])


# --- what is written is read alike by all


SUBNETS = (SUBNET, "2a01:4f8:1:2::/64", "fd00:1:2:3:4:5:6:8/126", "fdee:1::/48", "2a00:e1::/64", "2a00:12:30::/60")


@pytest.mark.parametrize("subnet", SUBNETS)
@pytest.mark.parametrize(
    "text", [SMALL, "{services: {mail: {image: x}}}", SMALL + "networks: {default: {driver: bridge}}\n"]
)
def test_a_subnet_is_a_string_to_yaml_1_1_and_1_2(subnet: str, text: str) -> None:
    result = edited(text, DefaultNetwork(subnet))
    for loaded in (
        yaml.safe_load(result),
        yaml.load(result, yaml.BaseLoader),
        YAML(typ="safe", pure=True).load(result),
    ):
        assert loaded["networks"]["default"]["ipam"] == {"config": [{"subnet": subnet}]}


WORDS = [
    "on",
    "No",
    "y",
    "n",
    "null",
    "Null",
    "~",
    "",
    "true",
    "1",
    "0x1f",
    "0o7",
    "1e3",
    "1:30",
    "1_000",
    ".5",
    ".inf",
    "-1",
]
WORDS += [
    "2026-01-02",
    "a: b",
    "a #b",
    " a",
    "a ",
    "- a",
    "[a]",
    "{a}",
    "*a",
    "&a",
    "!a",
    "|",
    "@a",
    "`a`",
    '"',
    "'",
    "%a",
    "a,b",
]
WORDS += [
    "a\nb",
    "a\tb",
    "\\",
    "plain",
    "a.b-c_d",
    "2fauth",
    "10.1.0.0/16",
    "10.1.0.1",
    "fd00::1",
    "/a/b",
    "<<",
    "=",
    "?",
    "é",
]


@pytest.mark.parametrize("word", WORDS)
def test_copied_strings_stay_strings(word: str) -> None:
    shared = yaml.safe_dump({"x-n": {"labels": {"a": word}}}, allow_unicode=True).replace("x-n:", "x-n: &n")
    result = edited(shared + below("default: *n"), DEFAULT)
    assert yaml.safe_load(result)["networks"]["default"]["labels"] == {"a": word}


@pytest.mark.parametrize(
    "value", ["1", "0x1f", "1.50", "true", "null", "2026-01-02", "{}", "[]", "[a, {b: 1}]", "{a: [1, [2]], c: }"]
)
def test_copied_values_stay_what_they_are(value: str) -> None:
    text = f"x-n: &n\n  x-a: {value}\n" + below("default: *n")
    assert yaml.safe_load(edited(text, DEFAULT))["networks"]["default"]["x-a"] == yaml.safe_load(value)


# --- any file


def expected(data: t.Any, wanted: t.Any) -> t.Any:
    """What PyYAML reads, with the change made in the plainest way."""
    networks = dict(data.get("networks") or {})
    key = getattr(wanted, "key", "default")
    entry = dict(networks.get(key) or {})
    if isinstance(wanted, ExternalNetwork):
        entry.update(name=wanted.name, external=True)
    else:
        old = (entry.get("ipam") or {}).get("config", [])
        entry.update(enable_ipv6=True, ipam={**(entry.get("ipam") or {}), "config": [*old, {"subnet": wanted.subnet}]})
    services = dict(data["services"])
    for name in getattr(wanted, "services", ()):
        old = services[name].get("networks") or []
        new = [key] if old else ["default", key]
        joined = {**old, key: None} if old and isinstance(old, dict) else [*old, *new]
        services[name] = {**services[name], "networks": joined}
    return {**data, "services": services, "networks": {**networks, key: entry}}


def wanted_in(file: Generated, kind: str) -> t.Any:
    """What can be wanted of a file, or None."""
    data = yaml.safe_load(file.text)
    default = (data.get("networks") or {}).get("default") or {}
    users = [
        one
        for one in data["services"].values()
        if "network_mode" not in one and "default" in (one.get("networks") or ["default"])
    ]
    if kind == "six":
        return NamedNetwork("six", SUBNET, file.services[:2]) if file.services else None
    return WANTED[kind] if users and not (kind == "external" and default) else None


@settings(max_examples=60)
@given(file=compose_files(), kind=st.sampled_from(sorted(WANTED)))
def test_any_file_is_edited_and_nothing_else_changes(file: Generated, kind: str) -> None:
    wanted = wanted_in(file, kind)
    if wanted is None:
        return
    result = edited(file.text, wanted)
    assert yaml.safe_load(result) == expected(yaml.safe_load(file.text), wanted)
    gone, new = changes(file.text, result)
    meant = ("networks:", "default", "enable_ipv6: ")  # a line that goes is one of these, and comes back longer
    assert all(any(one.strip().strip("'").startswith(word) for word in meant) for one in gone), gone
    assert len(new) <= len(gone) + 14
    assert ("\r\n" in file.text) == ("\r\n" in result)
    assert "\n" not in result.replace("\r\n", "") or "\r" not in result
    kept = [one for one in lines(file.text) if one not in gone]
    rest = iter(lines(result))
    assert all(one in rest for one in kept), "lines that stay are in another order"


@settings(max_examples=40)
@given(file=compose_files(), kind=st.sampled_from(sorted(WANTED)))
def test_any_override_gives_what_the_edit_gives(file: Generated, kind: str) -> None:
    wanted = wanted_in(file, kind)
    if wanted is None:
        return
    over = edits.override(file.text, None, wanted, PATH)
    together = files.project([("base", file.text), ("over", over)])
    alone = files.project([("base", edited(file.text, wanted))])
    assert together.networks == alone.networks
    assert together.services == alone.services


SNIPPETS = [
    "&a ",
    "*a",
    "<<: *a\n",
    "!reset ",
    "|+\n",
    "? ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\n",
    "  ",
    "#",
    "'",
    '"',
]
SNIPPETS += [
    "default",
    "networks:",
    "\t",
    "\r\n",
    "\ufeff",
    "%",
    "---\n",
    "...\n",
    '"\\UFFFFFFFF"',
    "\x85",
    "!!str ",
    ">-\n",
]


@settings(max_examples=60)
@given(
    text=st.sampled_from([SHARED, VARIABLES, below("default:", "  ipam:", "    config: [{subnet: 10.0.0.0/8}]")]),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from([*SNIPPETS, ""])), min_size=1, max_size=3
    ),
    wanted=st.sampled_from([DEFAULT, EXTERNAL, SIX, NamedNetwork("front", SUBNET, ("web",))]),
)
def test_any_damage_is_refused_or_edited(text: str, cuts: list[tuple[float, int, str]], wanted: t.Any) -> None:
    for place, length, snippet in cuts:
        at = int(place * len(text))
        text = text[:at] + snippet + text[at + length :]
    for call in (
        lambda: edited(text, wanted),
        lambda: edits.override(SMALL, text, wanted, PATH),
        lambda: files.project([(PATH, SMALL), (PATH, text)]),
    ):
        try:
            call()
        except Refused as reason:
            assert "\n" not in str(reason)


def test_new_override_file_has_the_version_of_the_file() -> None:
    """Compose 1.29 refuses to merge files of two versions."""
    base = f"version: '3.8'\n{SMALL}"
    text = edits.override(base, None, DEFAULT, PATH)
    assert yaml.safe_load(text)["version"] == yaml.safe_load(base)["version"]
    assert edits.override(base, text, DEFAULT, PATH) == text


def test_new_override_file_without_a_version() -> None:
    assert "version" not in edits.override(SMALL, None, DEFAULT, PATH)
