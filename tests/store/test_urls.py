"""Paths and URLs: what is taken, what is refused, and that no password is ever shown."""

import logging
import socket
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path

import pytest

from pbrl.errors import StoreError, StoreUnreachable
from pbrl.store import LabelStore, store_file, store_url_without_password
from pbrl.store.urls import named, parse_url

SECRET = "hunter2-zebra"


def told(url: str) -> str:
    """Everything that a failure to open says, tracebacks of causes included."""
    with pytest.raises(StoreError) as caught:
        LabelStore(url)
    return str(caught.value) + "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@host:port/labels",
        f"postgresql://ann:{SECRET}@host:70000/labels",
        f"postgresql://ann:{SECRET}@more@host/labels",
        f"postgresql://ann:some@{SECRET}@host/labels",
        f"postgresql://ann:some/@{SECRET}@host/labels",
        f"postgresql://an/n:{SECRET}@host/labels",
        f"postgresql://an?n:{SECRET}@host/labels",
        f"postgresql://ann:{SECRET}/labels",
        f"postgresql:/ann:{SECRET}@host/labels",
        f"postgresql:ann:{SECRET}@host/labels",
        f"postgres//ann:{SECRET}@host/labels",
        f"ann:{SECRET}@host/labels",
        f"post gresql://ann:{SECRET}@host/labels",
        f"://ann:{SECRET}@host/labels",
        f"host=localhost user=ann password={SECRET}",
        f"mysql://ann:{SECRET}@host/labels",
        f"sqlite://ann:{SECRET}@host/labels",
        f"postgresql+nodriver://ann:{SECRET}@host/labels",
        f"postgresql+asyncpg://ann:{SECRET}@host/labels",
        f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/labels",
        f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/labels?sslpassword={SECRET}",
        f"postgresql+psycopg://ann@127.0.0.1:1/labels?password={SECRET}",
        f"postgresql+psycopg://ann:{SECRET}@host..name/labels",
        f"postgresql+psycopg://ann:{SECRET}@{'x' * 80}.invalid/labels",
        f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/labels?nonsense=1",
        f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/labels?connect_timeout=soon",
    ],
)
def test_no_password_in_what_is_said(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)  # where a wrong URL would be created as a file
    assert SECRET not in told(url)
    assert list(tmp_path.iterdir()) == []


def test_no_password_in_representations(postgresql_url: str, caplog: pytest.LogCaptureFixture):
    password = parse_url(postgresql_url).password
    assert password
    with caplog.at_level(logging.DEBUG), closing(LabelStore(postgresql_url)) as store:
        shown = f"{store!r} {store.engine!r} {store.engine.url!r} {store.name} {caplog.text}"
    assert password not in shown


def test_a_plain_postgresql_url_is_psycopgs():
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        url = f"{scheme}://ann@host:5433/labels"
        assert store_url_without_password(url) == "postgresql+psycopg://ann@host:5433/labels"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ann:a%40b@host/labels", "postgresql+psycopg://ann@host/labels"),
        ("postgresql://:secret@host/labels", "postgresql+psycopg://host/labels"),
        ("postgresql:///labels?host=/tmp&password=x", "postgresql+psycopg:///labels?host=%2Ftmp"),
        ("postgresql://h/l?sslmode=require&sslpassword=x",
         "postgresql+psycopg://h/l?sslmode=require"),
        ("sqlite:////tmp/labels.db", "sqlite:////tmp/labels.db"),
        ("/tmp/labels.db", "/tmp/labels.db"),
        ("some/l@bels:1.db", "some/l@bels:1.db"),
    ],
)  # fmt: skip
def test_what_may_be_written_down(url: str, expected: str):
    assert store_url_without_password(url) == expected
    assert store_url_without_password(expected) == expected


@pytest.mark.parametrize(
    ("store", "file"),
    [
        ("sqlite:////tmp/labels.db", Path("/tmp/labels.db")),
        ("sqlite:///labels.db", Path("labels.db")),
        ("some/labels.db", Path("some/labels.db")),
        ("sqlite:///labels.db?timeout=3", None),
        ("sqlite://", None),
        ("postgresql://ann@host/labels", None),
    ],
)
def test_the_file_of_a_store(store: str, file: Path | None):
    assert store_file(store) == file


def test_a_password_in_the_query_is_used(postgresql_url: str):
    url = parse_url(postgresql_url)
    moved = f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"
    with closing(LabelStore(f"{moved}?password={url.password}")) as store:
        assert store.name == named(url)
        assert url.password not in store.name


def test_the_password_comes_from_the_environment(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
):
    bare = store_url_without_password(postgresql_url)
    with pytest.raises(StoreError, match="no password supplied. Set PGPASSWORD"):
        LabelStore(bare)
    monkeypatch.setenv("PGPASSWORD", str(parse_url(postgresql_url).password))
    with closing(LabelStore(bare)) as store:
        assert store.runs() == []


def test_a_wrong_password_is_told_without_it(postgresql_url: str):
    password = str(parse_url(postgresql_url).password)
    said = told(postgresql_url.replace(password, SECRET))
    assert "password authentication failed" in said
    assert "Check the user's name and the password" in said
    assert SECRET not in said
    assert password not in said


def test_a_wrong_database_is_told_without_the_password(postgresql_url: str):
    said = told(postgresql_url.rsplit("/", 1)[0] + "/absent")
    assert 'database "absent" does not exist. Check the URL, or create it.' in said
    assert str(parse_url(postgresql_url).password) not in said


def test_a_server_that_is_away_may_come_back():
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1/l failed: .*refused.*server runs"):
        LabelStore("postgresql://ann@127.0.0.1:1/l")


def test_a_host_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pbrl.store.database.CONNECT_SECONDS", 2)
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(StoreUnreachable, match="timeout"):
            LabelStore(f"postgresql://ann@127.0.0.1:{port}/l")


def test_a_driver_that_is_not_installed_is_told():
    program = """
import sys
sys.modules["psycopg"] = None
from pbrl.errors import StoreError
from pbrl.store import LabelStore
try:
    LabelStore("postgresql://ann:hunter2@host/labels")
except StoreError as error:
    print(error)
"""
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "cannot be loaded" in result.stdout
    assert "pip install 'psycopg[binary]'" in result.stdout
    assert "hunter2" not in result.stdout


def test_names_of_files_are_not_mistaken_for_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("labels.db", "run 1, 700 labels.db", "a@b.db", "12.5.db"):
        LabelStore(name).close()
        assert Path(name).exists()
