"""One store of files: a local folder or an object-store URL, behind the few verbs that acceptance and publishing need.

Object stores are reached through fsspec, and configured the way fsspec and the store's own client are: FSSPEC_S3_…,
AWS_… variables or their files. Nothing here reads or logs credentials.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec

BLOCK = 1 << 20


class StoreError(OSError):
    """A store cannot do what is asked of it; the message names the store, the path, what was expected and found."""


@dataclass(frozen=True)
class StoredFile:
    """One file: its name, its size in bytes, and a stamp (mtime in ns or etag) that differs when its content may."""

    name: str
    size: int
    stamp: str


class Store:
    """Files under one root. Every path is relative to it, with `/` between parts; listings are sorted by name."""

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        protocol = text.split("://", 1)[0] if "://" in text else "file"
        self.url = text.rstrip("/")
        self.folder: Path | None = None
        self._objects: Any = None
        if protocol == "file":
            self.folder = Path(text.removeprefix("file://")).absolute()
        else:
            # A cached listing would hide what the bank, or another run, has written since.
            self._objects, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def local(self, path: str = "") -> Path | None:
        """The file's own path when the store is a local folder, else None."""
        return self._local(path) if self.folder else None

    def exists(self, path: str = "") -> bool:
        """Whether a file or folder of that path is there."""
        return self._local(path).exists() if self.folder else bool(self._objects.exists(self._remote(path)))

    def folders(self, path: str = "") -> list[str]:
        """Names of the folders directly in `path`; none when it is not there."""
        if self.folder:
            return sorted(each.name for each in _scan(self._local(path)) if each.is_dir())
        return sorted(_name(each["name"]) for each in self._list(path) if each["type"] == "directory")

    def files(self, path: str = "") -> list[StoredFile]:
        """The files directly in `path`; none when it is not there."""
        if self.folder:
            found = [_stored(each) for each in _scan(self._local(path)) if each.is_file()]
        else:
            # Some stores keep an empty object for the folder itself.
            listed = [each for each in self._list(path) if each["type"] == "file" and not each["name"].endswith("/")]
            found = [StoredFile(_name(each["name"]), each["size"], _stamp(each)) for each in listed]
        return sorted(found, key=lambda each: each.name)

    def tree(self, path: str, wanted: Container[str]) -> dict[str, list[StoredFile]]:
        """The files of each folder directly in `path` whose name is wanted: as few requests as the store allows."""
        if self.folder:
            return {name: self.files(f"{path}/{name}") for name in self.folders(path) if name in wanted}
        root = self._remote(path) + "/"
        found: dict[str, list[StoredFile]] = {}
        for full, each in self._objects.find(self._remote(path), detail=True).items():
            folder, _, name = full.removeprefix(root).rpartition("/")
            if name and folder in wanted:
                found.setdefault(folder, []).append(StoredFile(name, each["size"], _stamp(each)))
        return {folder: sorted(files, key=lambda each: each.name) for folder, files in sorted(found.items())}

    def open(self, path: str) -> IO[bytes]:
        """The file, opened for reading; FileNotFoundError when it is not there."""
        return self._local(path).open("rb") if self.folder else self._objects.open(self._remote(path), "rb")

    def read_bytes(self, path: str) -> bytes:
        """The whole file; FileNotFoundError when it is not there."""
        return self._local(path).read_bytes() if self.folder else self._objects.cat_file(self._remote(path))

    def sha256(self, path: str) -> str:
        """Hex digest of the file's content, read in blocks."""
        digest = hashlib.sha256()
        with self.open(path) as source:
            while block := source.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file that nobody reads yet, such as one below a claimed prefix. Not atomic on disk."""
        if self.folder:
            _made(self._local(path)).write_bytes(data)
        else:
            self._objects.pipe_file(self._remote(path), data)

    def copy_in(self, source: Path, path: str) -> None:
        """Copy a local file into the store, under the terms of write_bytes."""
        if self.folder:
            shutil.copyfile(source, _made(self._local(path)))
        else:
            self._objects.put_file(str(source), self._remote(path))

    def fetch(self, path: str, target: Path) -> None:
        """Copy a file of the store to a local path."""
        if self.folder:
            shutil.copyfile(self._local(path), target)
        else:
            self._objects.get_file(self._remote(path), str(target))

    def create_if_absent(self, path: str, data: bytes) -> bool:
        """Write the file only if there is none: True for the one caller that made it, False for all others."""
        if self.folder:
            try:
                handle = os.open(_made(self._local(path)), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                return False
            with os.fdopen(handle, "wb") as out:
                _write_through(out, data)
            return True
        if "s3" not in _protocols(self._objects):
            raise StoreError(
                f"{self.url}/{path}: expected a local folder or an s3:// store, the ones that can create a file only "
                f"if it is absent; found {'/'.join(_protocols(self._objects))}."
            )
        try:
            self._objects.pipe_file(self._remote(path), data, mode="create")
        except FileExistsError:
            return False
        except OSError as error:
            # 412: it is there. 409: another writer is making it at this very moment.
            answer = getattr(error.__cause__, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
            if answer not in (409, 412):
                raise
            return False
        return True

    def replace(self, path: str, data: bytes) -> None:
        """Write the file whole: a reader, or a crash at any moment, meets the old content or the new."""
        if not self.folder:
            self._objects.pipe_file(self._remote(path), data)
            return
        target = _made(self._local(path))
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                _write_through(out, data)
            os.chmod(aside, 0o644)
            os.replace(aside, target)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else the rename itself may be lost with the power
        finally:
            os.close(folder)

    def _local(self, path: str) -> Path:
        assert self.folder is not None
        return self.folder / self._checked(path)

    def _remote(self, path: str) -> str:
        return f"{self._root}/{self._checked(path)}".rstrip("/")

    def _checked(self, path: str) -> str:
        if path.startswith("/") or ".." in path.split("/"):
            raise StoreError(f"{self.url}: expected a path below the store's root, found {path!r}.")
        return path

    def _list(self, path: str) -> list[dict[str, Any]]:
        try:
            return self._objects.ls(self._remote(path), detail=True)
        except FileNotFoundError:
            return []


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _stored(entry: os.DirEntry[str]) -> StoredFile:
    found = entry.stat()
    return StoredFile(entry.name, found.st_size, str(found.st_mtime_ns))


def _stamp(details: dict[str, Any]) -> str:
    for key in ("ETag", "etag", "LastModified", "mtime", "created"):
        if details.get(key):
            return str(details[key]).strip('"')
    return ""


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_through(out: IO[bytes], data: bytes) -> None:
    out.write(data)
    out.flush()
    os.fsync(out.fileno())


def _protocols(filesystem: Any) -> tuple[str, ...]:
    return (filesystem.protocol,) if isinstance(filesystem.protocol, str) else tuple(filesystem.protocol)
