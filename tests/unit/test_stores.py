"""A store keeps the same promises over a local folder and over an object store (moto's server, on loopback)."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mingdan.stores import Store, StoreError


@pytest.fixture(params=["folder", "object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(tmp_path / "store")
    return Store(f"{request.getfixturevalue('bucket')}/{tmp_path.name}")


def test_what_is_written_is_read_listed_and_digested(store: Store, tmp_path: Path) -> None:
    (tmp_path / "local.csv").write_bytes("客户号\n".encode("gb18030"))
    store.write_bytes("day/a.bin", b"alpha")
    store.copy_in(tmp_path / "local.csv", "day/b.csv")
    store.write_bytes("day/deeper/c.bin", b"")
    assert store.read_bytes("day/b.csv").decode("gb18030") == "客户号\n"
    assert [(each.name, each.size) for each in store.files("day")] == [("a.bin", 5), ("b.csv", 7)]
    assert (store.folders(), store.folders("day")) == (["day"], ["deeper"])
    assert store.sha256("day/a.bin") == hashlib.sha256(b"alpha").hexdigest()
    with store.open("day/a.bin") as source:
        assert source.read(2) == b"al"
    store.fetch("day/a.bin", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"alpha"


def test_what_is_not_there_is_absent_and_has_no_files(store: Store) -> None:
    assert not store.exists("nowhere")
    assert store.files("nowhere") == [] and store.folders("nowhere") == [] and store.tree("nowhere", {"a"}) == {}
    with pytest.raises(FileNotFoundError):
        store.read_bytes("nowhere/file")


def test_a_tree_lists_the_wanted_folders_only(store: Store) -> None:
    for day in ("d=1", "d=2", "d=3"):
        store.write_bytes(f"table/{day}/part.csv", day.encode())
        store.write_bytes(f"table/{day}/_SUCCESS", b"")
    found = store.tree("table", {"d=1", "d=3", "d=9"})
    assert {day: [each.name for each in files] for day, files in found.items()} == {
        "d=1": ["_SUCCESS", "part.csv"],
        "d=3": ["_SUCCESS", "part.csv"],
    }


def test_create_if_absent_has_one_winner_and_keeps_its_content(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda n: store.create_if_absent("claims/r001", str(n).encode()), range(8)))
    assert won.count(True) == 1
    assert store.read_bytes("claims/r001") == str(won.index(True)).encode()
    assert not store.create_if_absent("claims/r001", b"late")


def test_replace_puts_new_content_whole_and_leaves_nothing_beside_it(store: Store) -> None:
    store.replace("current.json", b"old")
    before = store.files()[0].stamp
    store.replace("current.json", b"new, and longer")
    assert store.read_bytes("current.json") == b"new, and longer"
    assert [each.name for each in store.files()] == ["current.json"]
    assert store.files()[0].stamp != before


def test_a_replace_that_dies_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.replace("current.json", b"old")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        store.replace("current.json", b"new")
    assert store.read_bytes("current.json") == b"old"
    assert [each.name for each in store.files()] == ["current.json"]


def test_another_writer_is_seen_at_once(store: Store) -> None:
    assert store.files("day") == []
    Store(store.url).write_bytes("day/late.csv", b"x")
    assert [each.name for each in store.files("day")] == ["late.csv"]
    assert store.exists("day/late.csv") and store.exists("day")


def test_only_a_local_folder_gives_local_paths(store: Store) -> None:
    assert (store.local("a/b") is None) == store.url.startswith("s3://")


@pytest.mark.parametrize("path", ["../other", "a/../../b", "/etc/passwd"])
def test_a_path_outside_the_root_is_refused(store: Store, path: str) -> None:
    with pytest.raises(StoreError, match="below the store's root"):
        store.read_bytes(path)


def test_a_store_that_cannot_create_if_absent_says_so() -> None:
    with pytest.raises(StoreError, match=r"expected a local folder or an s3:// store.*found memory"):
        Store("memory://bank").create_if_absent("claim", b"")
