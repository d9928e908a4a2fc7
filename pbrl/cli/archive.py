"""Archives of runs: one file, there whole or not at all, compared with the runs before it counts.

The label store is copied by SQLite, so that the copy is of one moment whoever is answering; the
other files are those of a run that nobody trains.
"""

import gzip
import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from pbrl.errors import PbrlError, StoreError
from pbrl.runs import Run
from pbrl.store.copying import copy_store

ENDINGS = (".tar.gz", ".tgz", ".tar.zst", ".zst")
PASSED_OVER = {"lock", "labels.db", "labels.db-wal", "labels.db-shm"}
"""In a run's own folder: who holds it, and the store, which SQLite copies."""
CHUNK = 1 << 20


def check_archive_name(path: Path) -> None:
    """Refuses a name that says no format, one that is taken, and a format that cannot be written.

    Raises:
        PbrlError: With the reason.
    """
    if not path.name.endswith(ENDINGS):
        raise PbrlError(f"{path.name} says no format: name a file that ends in .tar.gz or .tar.zst")
    if path.exists():
        raise PbrlError(f"{path} is there already, and archives are not overwritten. Name another.")
    if path.suffix == ".zst" and shutil.which("zstd") is None:
        raise PbrlError(
            "The program `zstd` is not installed, which .zst needs (Debian: apt install zstd). "
            "Name a file that ends in .tar.gz."
        )


def write_archive(path: Path, runs: Sequence[Run]) -> int:
    """Writes runs, which nobody trains, to an archive and returns its size in bytes.

    Args:
        path: Name of the archive; see `check_archive_name`.
        runs: Runs with different names.

    Raises:
        PbrlError: It cannot be written, or is not what was to be written; it is not there then.
    """
    check_archive_name(path)
    draft = path.with_name(f".{path.name}.draft")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".archive-") as folder:
            written = {}
            with _writing(draft) as file, tarfile.open(fileobj=file, mode="w|") as archive:
                for run in runs:
                    written |= _add_run(archive, run, Path(folder) / f"{run.name}.db")
        _verify(draft, written)
        draft.replace(path)
        _flush(path.parent)
        return path.stat().st_size
    except (OSError, tarfile.TarError, EOFError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PbrlError(
            f"Could not write {path}: {reason}. Nothing was archived or removed: make room or "
            "name another file."
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()


def _add_run(archive: tarfile.TarFile, run: Run, store_copy: Path) -> dict[str, str]:
    """Adds a run's files and returns their SHA-256 by name in the archive."""
    digests = {}
    for file in sorted(p for p in run.path.rglob("*") if p.is_file() and not p.is_symlink()):
        if file.parent == run.path and file.name in PASSED_OVER:
            continue
        name = f"{run.name}/{file.relative_to(run.path)}"
        digests[name] = _add_file(archive, file, name)
    if run.labels_file.is_file():
        _copy_store(run.labels_file, store_copy)
        name = f"{run.name}/{run.labels_file.name}"
        digests[name] = _add_file(archive, store_copy, name)
        store_copy.unlink()
    return digests


def _add_file(archive: tarfile.TarFile, file: Path, name: str) -> str:
    with file.open("rb") as handle:
        info = archive.gettarinfo(name=str(file), arcname=name, fileobj=handle)
        reader = _Digesting(handle)
        archive.addfile(info, reader)  # pyright: ignore[reportArgumentType] (it only reads)
    return reader.digest.hexdigest()


class _Digesting(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes."""
        content = self._file.read(size)
        self.digest.update(content)
        return content


def _copy_store(source: Path, target: Path) -> None:
    try:
        copy_store(source, target)
    except StoreError as error:
        raise StoreError(f"{error} Nothing was archived or removed.") from error


@contextmanager
def watched_store(run: Run) -> Iterator[Callable[[], None]]:
    """Notes how a run's label store stands, before it is archived and then removed.

    Yields a function that keeps others from writing until the block ends, and raises PbrlError if
    they have written since it began: their answers are not in the archive.
    """
    if not run.labels_file.is_file():
        yield lambda: None
        return
    with closing(sqlite3.connect(run.labels_file, isolation_level=None)) as store:

        def version() -> int:
            try:
                return store.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error as error:
                raise StoreError(
                    f"The label store {run.labels_file} is damaged: {error}. Nothing was archived "
                    "or removed."
                ) from error

        before = version()

        def hold() -> None:
            try:
                store.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise StoreError(f"The label store {run.labels_file} failed: {error}.") from error
            if version() != before:
                raise PbrlError(
                    f"Somebody has labelled in {run.path} meanwhile, so it was not removed. "
                    "Archive it again when they have stopped."
                )

        yield hold


@contextmanager
def _writing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, compressed by its name, on the disk at the end."""
    with path.open("wb") as raw:
        if _is_zstandard(path):
            command = ["zstd", "-q", "-c", "-"]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=raw) as process:
                assert process.stdin is not None
                with process.stdin as file:
                    yield file
            if process.returncode:
                raise OSError(f"zstd failed with code {process.returncode}")
        else:
            with gzip.open(raw, "wb", compresslevel=6) as file:
                yield file  # pyright: ignore[reportReturnType] (a file of bytes)
        raw.flush()
        os.fsync(raw.fileno())


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    if not _is_zstandard(path):
        with gzip.open(path, "rb") as file:
            yield file  # pyright: ignore[reportReturnType] (a file of bytes)
        return
    command = ["zstd", "-q", "-d", "-c", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout
        process.stdout.read()
    if process.returncode:
        raise OSError(f"zstd failed with code {process.returncode}")


def _verify(path: Path, written: dict[str, str]) -> None:
    """Reads an archive back; raises PbrlError unless it holds what was written."""
    found = {}
    with _reading(path) as file, tarfile.open(fileobj=file, mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None  # only files were added
            digest = hashlib.sha256()
            while part := content.read(CHUNK):
                digest.update(part)
            found[member.name] = digest.hexdigest()
    if found != written:
        raise PbrlError(
            f"The archive {path} does not hold what was written to it: is the disk or the memory "
            "damaged? Nothing was removed."
        )


def _is_zstandard(path: Path) -> bool:
    return ".zst" in path.suffixes


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
