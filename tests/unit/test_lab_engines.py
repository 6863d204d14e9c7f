# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's table of engines, and what is refused of a bundle before there is a host."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import yaml

from lab import bundles, engines, every_engine
from lab.base import LabError
from lab.images import recipe
from tools import test as command

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DMS_IPV6_ENGINE", "DMS_IPV6_ENGINES", "DMS_IPV6_COMPOSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DMS_IPV6_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("lab.base.state_dir", lambda: tmp_path / "state")


def archive(path: Path, names: list[str]) -> Path:
    """A bundle in which each program is its own name."""
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    return path


def whole(path: Path) -> Path:
    return archive(path, [f"docker/{name}" for name in bundles.PROGRAMS])


def test_the_table_is_sound() -> None:
    assert [
        line for line in engines.LINES if set(line.does) - set(engines.DOES) or line.release not in engines.HOSTS
    ] == []
    assert all(line.debians.startswith(f"{line.line}.") for line in engines.LINES if line.debians)
    assert all(line.run == (engines.CHANGE if line.debians else engines.NIGHT) for line in engines.LINES)


def test_people_read_the_same_table() -> None:
    """`tools/run python lab/lab.py engines` prints it."""
    assert engines.page() in (TOP / "lab" / "README.md").read_text(encoding="utf-8")


def test_the_workflow_runs_what_the_table_says() -> None:
    said = yaml.safe_load((TOP / ".github" / "workflows" / "engines.yml").read_text(encoding="utf-8"))
    nightly = [line for line in engines.LINES if line.run == engines.NIGHT or line.line == "28"]
    wanted = [
        line.line + variant
        for line in nightly
        for variant in ("", engines.NFTABLES)
        if not variant or "nftables" in line.does
    ]
    assert said["jobs"]["engine"]["strategy"]["matrix"]["engine"] == wanted


@pytest.mark.parametrize(
    ("name", "line", "release", "title"),
    [
        ("docker-20.10.24.tgz", "20.10", "bookworm", "20.10.24"),
        ("docker-23.0.6.tgz", "23", "bookworm", "23.0.6"),
        ("docker-27.5.1.tgz", "27", "trixie", "27.5.1"),
        ("docker-29.0.0-rc.1.tgz", "29", "trixie", "29.0.0-rc.1"),
        ("docker-29.1.3.tgz+nftables", "29", "trixie", "29.1.3+nftables"),
        ("docker-31.0.0.tgz", "29", "trixie", "31.0.0"),
    ],
)
def test_a_bundle_by_its_name(name: str, line: str, release: str, title: str) -> None:
    found = engines.bundle(f"/srv/{name}")
    assert (found.line.line, found.line.release, found.title, found.spec) == (line, release, title, f"/srv/{name}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("engine.tgz", "the name says no version"),
        ("docker-rootless-extras-29.1.3.tgz", "the name says no version"),
        ("docker-29.tgz", "the name says no version"),
        ("docker-19.03.15.tgz", "engines 19.03.15 are not in the table"),
        ("docker-28.5.2.tgz+nftables", "engines 28 cannot filter by nftables"),
    ],
)
def test_what_is_no_bundle(name: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        assert engines.bundle(name).line


def test_every_host_asks_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engines.each() == ["bookworm", "trixie", "sid"]
    assert engines.each(word="validate") == ["trixie", "sid"]
    assert engines.each(without="forward_drop") == ["sid"]
    assert engines.each(["bookworm", "trixie"], "ip6tables_off") == ["bookworm", "trixie"]
    assert engines.does("sid", "docker_opts") and engines.has_compose_1("bookworm")
    monkeypatch.setenv("DMS_IPV6_ENGINE", "/srv/docker-29.1.3.tgz+nftables")
    assert (engines.each(), engines.each(word="host_bits")) == (["bookworm"], [])
    assert engines.does("bookworm", "nftables") and not engines.does("sid", "docker_opts")
    assert not engines.has_compose_1("bookworm")
    for host, word in (("bookworm", "swim"), ("bullseye", "routed")):
        monkeypatch.delenv("DMS_IPV6_ENGINE", raising=False)
        with pytest.raises(LabError, match=r"table of lab/engines\.py|a host bullseye"):
            engines.does(host, word)


def test_a_folder_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = ("docker-9.tgz", "docker-29.1.3.tgz", "docker-23.0.6.tgz")
    with monkeypatch.context() as environment:
        environment.setenv("DMS_IPV6_ENGINES", str(tmp_path))
        with pytest.raises(LabError, match=f"there is no docker-VERSION.tgz in {tmp_path}"):
            engines.folder()
        for name in names[1:]:
            whole(tmp_path / name)
        titles = [one.title for one in engines.folder()]
        docker = every_engine.inventory()["docker"]["hosts"]
        steps = [step.title for step in command.all_steps() if "@" in step.title]
    assert titles == ["23.0.6", "29.1.3", "29.1.3+nftables"]
    assert docker == [*engines.HOSTS, "docker-23.0.6", "docker-29.1.3", "docker-29.1.3-nftables"]
    assert {"integration:shared_lab@23.0.6", "molecule:engines@29.1.3+nftables"} <= {*steps}
    assert not [title for title in steps if title.startswith("molecule:default@")], "it has a host of one engine only"
    assert not [step for step in command.all_steps() if "@" in step.title]


def test_a_bundle_is_unpacked_to_where_packages_put_it(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "docker-29.1.3.tgz", ["README", *(f"docker/{name}" for name in (*bundles.PROGRAMS, "more"))]
    )
    with tarfile.open(bundles.unpacked(engines.bundle(str(path)))) as made:
        entries = {entry.name: entry.mode for entry in made}
    assert entries == {f"usr/bin/{name}": 0o755 for name in bundles.PROGRAMS}


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "docker-29.1.3.tgz"
    with pytest.raises(LabError, match="there is no such file"):
        bundles.unpacked(engines.bundle(str(path)))
    path.write_text("<html>not found</html>")
    with pytest.raises(LabError, match="no archive as Docker publishes it"):
        bundles.unpacked(engines.bundle(str(path)))
    archive(path, ["docker/dockerd"])
    with pytest.raises(LabError, match=r"docker/containerd, .* is missing"):
        bundles.unpacked(engines.bundle(str(path)))


def test_an_image_for_a_bundle_has_no_engine() -> None:
    for release in engines.HOSTS:
        made = recipe(release, bundle=True)
        assert not {"docker.io", "docker-cli", "containerd", "runc"} & {*made.packages}
        assert "docker.io" in recipe(release).packages and made.tag != recipe(release).tag


def test_the_units_are_those_of_dockers_own_packages() -> None:
    service = bundles.UNITS["docker.service"].splitlines()
    assert "ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock" in service
    assert {"KillMode=process", "Delegate=yes", "Requires=docker.socket", "Type=notify"} <= {*service}
    assert "ListenStream=/run/docker.sock" in bundles.UNITS["docker.socket"]
    for name in bundles.UNITS:
        assert name in recipe("trixie", bundle=True).script
