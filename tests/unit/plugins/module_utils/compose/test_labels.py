# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose labels a container has, and who can write to a file."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.compose import labels as compose_labels
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import ownership
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts

PROJECT, SERVICE, FOLDER, FILES, HASH = (
    docker_objects.COMPOSE_PROJECT,
    docker_objects.COMPOSE_SERVICE,
    docker_objects.COMPOSE_FOLDER,
    docker_objects.COMPOSE_FILES,
    docker_objects.COMPOSE_HASH,
)
ALL = {PROJECT: "shop", SERVICE: "mail", FOLDER: "/srv/shop", FILES: "/srv/shop/compose.yaml", HASH: "01"}
OTHERS = {name: f"{value}-other" for name, value in ALL.items()}


def some(*names: str) -> dict[str, str]:
    return {name: ALL[name] for name in names}


@pytest.mark.parametrize(
    ("labels", "of_image", "words"),
    [
        ({}, ALL, ""),
        ({"a": "b"}, None, ""),
        (ALL, {}, ""),
        (ALL, {"a": "b"}, ""),
        # Compose gives these two to an image that it builds.
        (ALL, some(PROJECT, SERVICE), ""),
        # The container was made with others, so not from its image alone.
        (ALL, OTHERS, ""),
        (ALL, None, "its image is gone"),
        (ALL, ALL, f"its label {FOLDER} comes from its image"),
        (ALL, {**OTHERS, **some(HASH)}, f"its label {HASH} comes from its image"),
        (ALL, {**OTHERS, **some(FILES)}, f"its label {FILES} comes from its image"),
        # `docker run` of what Compose built, or of what says so.
        (some(PROJECT, SERVICE), some(PROJECT, SERVICE), f"its label {PROJECT} comes from its image"),
        (some(SERVICE), some(SERVICE), f"its label {SERVICE} comes from its image"),
        (some(PROJECT, FOLDER, FILES), some(PROJECT), f"its label {PROJECT} comes from its image"),
    ],
)
def test_doubt(labels: dict[str, str], of_image: dict[str, str] | None, words: str) -> None:
    said = compose_labels.doubt(labels, of_image)
    assert words in said
    assert bool(words) is bool(said)


@pytest.mark.parametrize(
    ("paths", "folders", "found"),
    [
        (["/srv/a/x"], ["/srv/a"], "/srv/a"),
        (["/srv/a/x"], ["/srv/a/"], "/srv/a/"),
        (["/srv/a/x"], ["/srv/a/x"], "/srv/a/x"),
        (["/srv/ab/x"], ["/srv/a"], ""),
        (["/srv/a/../b/x"], ["/srv/a", "/srv/b"], "/srv/b"),
        (["/srv/a/x"], ["/"], "/"),
        (["/srv/a/x"], ["", "/srv/a/x/y"], ""),
        (["/x", "/srv/a"], ["/srv"], "/srv"),
    ],
)
def test_inside(paths: list[str], folders: list[str], found: str) -> None:
    assert compose_labels.inside(paths, folders) == found


# --- on a host


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., Docker]:
    def make(**more: t.Any) -> Docker:
        monkeypatch.setattr(Docker, "get", hosts.answers(**more))
        return Docker("/no.sock")

    return make


def made(folder: Path, image: str = "ours", service: str = "mail") -> docker_objects.Container:
    folder.mkdir(exist_ok=True)
    path = folder / "compose.yaml"
    path.write_text("services: {}\n")
    return hosts.of_compose(service, path=str(path), labels={HASH: "01"}, image=image)


def test_labels_of_images_are_left_out(engine: t.Callable[..., Docker], tmp_path: Path) -> None:
    ours = made(tmp_path / "a")
    theirs = ours._replace(id="evil-id", name="evil", image="evil", labels={**ours.labels, "a": "b"})
    gone = ours._replace(id="gone-id", name="gone", image="gone")
    plain = hosts.container("plain", labels={"a": "b"}, image="gone")
    found = hosts.host(containers=(ours, theirs, plain), stopped=(gone,))
    docker = engine(images={"evil": theirs.labels, "gone": None})
    believed = ownership.believed(found, docker)
    assert believed.containers == (ours, theirs._replace(labels={"a": "b"}), plain)
    assert believed.stopped == (gone._replace(labels={}),)


REMEDY = "Name the file in dms_ipv6_compose_files if that is right, or use attach: network."


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ({"ours": {FOLDER: "{folder}"}}, f"its label {FOLDER} comes from its image, so "),
        ({"ours": None}, "its image is gone, so its labels may be of the image, so "),
    ],
)
def test_a_file_that_an_image_chose(
    engine: t.Callable[..., Docker], tmp_path: Path, images: dict[str, t.Any], words: str
) -> None:
    mail = made(tmp_path / "a")
    path = str(tmp_path / "a/compose.yaml")
    labels = images["ours"] and {name: value.format(folder=tmp_path / "a") for name, value in images["ours"].items()}
    docker, found = engine(images={"ours": labels}), hosts.host(containers=(mail,))
    for name in (mail.name, mail.id):
        with pytest.raises(Refused) as reason:
            ownership.refuse([name], [], found, docker)
        assert str(reason.value) == (f"container {mail.name}: {words}{path} may not be its Compose file. {REMEDY}")
    # Named by the user, or not wanted.
    ownership.refuse([mail.name], [path], found, docker)
    ownership.refuse(["other"], [], found, docker)


@pytest.mark.parametrize(
    ("mount", "place"),
    [
        ({"Source": "a"}, "a"),
        ({"Source": "."}, "."),
        ({"Source": "a/compose.yaml"}, "a/compose.yaml"),
        ({"Source": "a/.env"}, "a/.env"),
        ({"Source": "a/compose.override.yml"}, "a/compose.override.yml"),
        ({"Source": "link"}, "a"),
        ({"Source": "b", "Type": "volume", "Name": "v", "device": "a"}, "a"),
        ({"Source": "a", "RW": False}, ""),
        ({"Source": "b"}, ""),
        ({"Source": "a/data"}, ""),
        ({"Source": "", "Type": "tmpfs"}, ""),
        ({"Source": "b", "Type": "volume", "Name": "v"}, ""),
    ],
)
def test_a_file_that_the_container_can_write_to(
    engine: t.Callable[..., Docker], tmp_path: Path, mount: dict[str, t.Any], place: str
) -> None:
    mail = made(tmp_path / "a")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    source, device = mount["Source"], mount.pop("device", "")
    given = {"Type": "bind", "RW": True, **mount, "Source": source and str(tmp_path / source)}
    docker = engine(mounts=[given], device=device and str(tmp_path / device))
    found = hosts.host(containers=(mail,))
    if not place:
        ownership.refuse([mail.name], [], found, docker)
        return
    with pytest.raises(Refused, match=r"it can write to .* itself, where its Compose file .* is\. Name the file in"):
        ownership.refuse([mail.name], [], found, docker)


def test_a_file_behind_a_link_that_the_container_can_write_to(engine: t.Callable[..., Docker], tmp_path: Path) -> None:
    made(tmp_path / "a")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").symlink_to(tmp_path / "a")
    mail = hosts.of_compose("mail", path=str(tmp_path / "data/x/compose.yaml"), labels={HASH: "01"})
    docker = engine(mounts=[{"Type": "bind", "RW": True, "Source": str(tmp_path / "data")}])
    with pytest.raises(Refused, match="it can write to"):
        ownership.refuse([mail.name], [], hosts.host(containers=(mail,)), docker)


def test_a_file_in_dockers_own_folder(
    engine: t.Callable[..., Docker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, docker = made(tmp_path / "a"), engine()
    monkeypatch.setattr(Docker, "info", lambda self: {"DockerRootDir": str(tmp_path)})
    with pytest.raises(Refused, match=f"it can write to {tmp_path} itself"):
        ownership.refuse([mail.name], [], hosts.host(containers=(mail,)), docker)


# --- who can write


def not_there_yet(top: Path) -> None:
    (top / "a/b/f").unlink()
    os.chown(top / "a/b", 65534, 0)


@pytest.mark.skipif(os.getuid() != 0, reason="folders of others")
@pytest.mark.parametrize(
    ("spoil", "who"),
    [
        (lambda top: None, ""),
        (lambda top: os.chown(top / "a/b/f", 65534, 0), "the user nobody"),
        (lambda top: os.chown(top / "a/b", 65534, 0), "the user nobody"),
        (lambda top: os.chown(top / "a", 64321, 0), "uid 64321"),
        (lambda top: (top / "a/b/f").chmod(0o664), "more than root"),
        (lambda top: (top / "a/b").chmod(0o777), "more than root"),
        (lambda top: (top / "a").chmod(0o775), "more than root"),
        # No other user renames b in it, but any user makes a file beside f in it.
        (lambda top: (top / "a").chmod(0o1777), ""),
        (lambda top: (top / "a/b").chmod(0o1777), "more than root"),
        (lambda top: ((top / "a/b/f").rename(top / "f"), (top / "a/b/f").symlink_to(top / "f"))[1], ""),
        (
            lambda top: [
                (top / "a/b/f").rename(top / "g"),
                (top / "g").chmod(0o666),
                (top / "a/b/f").symlink_to("../../g"),
            ],
            "more than root",
        ),
        (lambda top: (top / "a/b/f").unlink(), ""),
        (not_there_yet, "the user nobody"),
    ],
)  # fmt: skip
def test_writer(tmp_path: Path, spoil: t.Callable[[Path], object], who: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/f").write_text("")
    spoil(tmp_path)
    found, place = ownership.writer([str(tmp_path / "a/b/f")])
    assert (found, bool(place)) == (who, bool(who))
