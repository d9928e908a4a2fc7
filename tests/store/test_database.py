"""Opening databases: what is accepted, what is refused, and how failures are told."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from pbrl.errors import StoreError
from pbrl.store import LabelStore
from pbrl.store.schema import METADATA, SCHEMA_VERSION


def pragma(store: LabelStore, name: str) -> object:
    with store.engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_commits_are_durable_and_references_are_checked(tmp_path: Path):
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        assert pragma(store, "journal_mode") == "wal"
        assert pragma(store, "synchronous") == 2  # FULL
        assert pragma(store, "foreign_keys") == 1


def test_path_and_url_open_the_same_file(tmp_path: Path):
    path = tmp_path / "with space #1?.db"
    with closing(LabelStore(path)) as store:
        store.open_run("run", "env", "comparison")
    assert path.exists()
    with closing(LabelStore(str(path))) as store:
        assert store.unanswered("run") == []
    plain = tmp_path / "plain.db"
    with closing(LabelStore(f"sqlite:///{plain}")):
        assert plain.exists()


def test_all_that_was_written_is_in_the_file_after_closing(tmp_path: Path):
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run("run", "env", "comparison")
    assert [path.name for path in tmp_path.iterdir()] == ["labels.db"]  # no write-ahead log left


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "labels.db"
    LabelStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="version 99.*up to 2.*newer pbrl"):
        LabelStore(path)
    assert path.read_bytes() == before


def test_the_schema_has_a_version(tmp_path: Path):
    LabelStore(tmp_path / "labels.db").close()
    with closing(sqlite3.connect(tmp_path / "labels.db")) as connection:
        rows = connection.execute("SELECT version FROM schema_version").fetchall()
    assert rows == [(SCHEMA_VERSION,)]


def test_a_database_of_something_else_is_refused(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE recipes (name)")
        connection.commit()
        with pytest.raises(StoreError, match="something else than labels"):
            LabelStore(tmp_path / "other.db")
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n" * 200)
    with pytest.raises(StoreError, match="not a database. Name another file"):
        LabelStore(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(StoreError, match="absent.*folder exists"):
        LabelStore(tmp_path / "absent" / "labels.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", ""])
def test_a_store_that_forgets_is_refused(url: str):
    with pytest.raises(StoreError, match="needs a file"):
        LabelStore(url)


@pytest.mark.parametrize(
    "url",
    ["mysql://user:secret@host/labels", "postgresql+nodriver://user:secret@host/l", "what://ever"],
)
def test_unsupported_databases_are_refused_without_the_password(url: str):
    with pytest.raises(StoreError) as error:
        LabelStore(url)
    assert "secret" not in str(error.value)


def test_a_url_that_is_none_is_refused():
    with pytest.raises(StoreError, match="neither a path nor a database URL"):
        LabelStore("://nothing")


def test_a_half_created_store_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr("pbrl.store.migration.SCHEMA_VERSION", object())  # refused, at the end
        with pytest.raises(StoreError):
            LabelStore(tmp_path / "labels.db")
    LabelStore(tmp_path / "labels.db").close()  # empty, so that it is created now


def test_tables_and_indexes_are_valid_in_postgresql_too():
    dialect = postgresql.dialect()
    for table in METADATA.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            text = str(CreateIndex(index).compile(dialect=dialect))
            assert ("WHERE synthetic" in text) == (index.name == "one_synthetic_answer")


READ_AS_NOBODY = """
import os, sys
from pbrl.errors import StoreError
from pbrl.store import LabelStore
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
store = LabelStore(sys.argv[1])
print(store.runs(), store.run_info("run").env_id, store.progress("run").asked)
try:
    store.open_run("other", "env", "comparison")
except StoreError as error:
    print(error)
store.close()
"""


def read_as_nobody(path: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", READ_AS_NOBODY, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder that everyone may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="pbrl_shelf_"))
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("in_use", [False, True])
def test_a_store_on_a_read_only_disk_can_be_read(shelf: Path, in_use: bool):
    path = shelf / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run("run", "env", "comparison")
        if not in_use:
            store.close()
            path.chmod(0o444)
        shelf.chmod(0o555)
        before = {file.name: file.read_bytes() for file in shelf.iterdir()}
        result = read_as_nobody(path)
        after = {file.name: file.read_bytes() for file in shelf.iterdir()}
    read, told = result.stdout.splitlines()
    assert result.stderr == ""
    assert read == "['run'] env 0"
    assert "readonly database. Make the file and its folder writable." in told
    if not in_use:
        assert before == after


def test_opening_a_current_store_waits_for_no_writer(tmp_path: Path):
    path = tmp_path / "labels.db"
    LabelStore(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with closing(LabelStore(path)) as store:
            assert store.runs() == []
        assert time.monotonic() - start < 5
        other.rollback()
