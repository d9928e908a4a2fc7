"""Where a label store is: paths and database URLs, and how to name them without their password."""

import re
from pathlib import Path

from sqlalchemy import URL, make_url

from pbrl.errors import StoreError

EXAMPLE = "postgresql+psycopg://user@host/labels"
LOOKS_LIKE_A_URL = re.compile(
    r"\w+(\+\w+)?:/?[^/\\]|.*:.*@|.*password\s*=", re.IGNORECASE | re.DOTALL
)
"""A URL with a mistake in its beginning, or libpq's `host=... password=...`; no path of sense."""
PASSWORD = re.compile(
    r"""((?:password|passwd|pwd)\s*=\s*)('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[^\s&;]+)""",
    re.IGNORECASE | re.DOTALL,
)
"""A password as libpq or a URL's query has it, `password=...`, perhaps in quotes."""


def masked(text: str) -> str:
    """Returns a text, fit to be shown: the password of every `password=...` in it is hidden."""
    return PASSWORD.sub(r"\1***", text)


def parse_url(url_or_path: str | Path) -> URL:
    """Returns the URL of a database; a path is one of SQLite.

    Args:
        url_or_path: A path or a SQLAlchemy URL. A plain `postgresql://` is taken as psycopg's.

    Raises:
        StoreError: If it is neither. What may be a password is not repeated.
    """
    text = str(url_or_path)
    if "://" not in text:
        windows_drive = re.match(r"[A-Za-z]:[/\\]", text)
        if LOOKS_LIKE_A_URL.match(text) and not windows_drive and not Path(text).exists():
            raise _malformed(text)
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except Exception:  # SQLAlchemy's own, or what `int` says of a port: both may quote the password
        raise _malformed(text) from None
    if url.get_backend_name() == "sqlite":
        if url.username or url.password or url.host:
            raise _malformed(text)
        return url
    # A second @ is one of a password that was not written as %40: its end would pass as the host.
    if text.count("@") > (url.username is not None or url.password is not None):
        raise _malformed(text)
    if url.port is not None and not 0 < url.port < 65536:
        raise _malformed(text)
    return _as_psycopg(url)


def store_url_without_password(url_or_path: str | Path) -> str:
    """Returns the URL or path, fit to be written down: a password is left out.

    Whoever opens it again gives the password in PGPASSWORD or ~/.pgpass, as to any program that
    uses libpq.

    Raises:
        StoreError: If it is neither a path nor a URL.
    """
    if "://" not in str(url_or_path):
        url = parse_url(url_or_path)
        return url.database or named(url)
    url = parse_url(url_or_path)
    if url.get_backend_name() == "sqlite":
        return str(url_or_path)
    return _bare(url)


def store_file(url_or_path: str | Path) -> Path | None:
    """Returns the file of a SQLite store; None for a URL that is of another database, or says more.

    Raises:
        StoreError: If it is neither a path nor a URL.
    """
    url = parse_url(url_or_path)
    if url.get_backend_name() != "sqlite" or url.query or url.database in (None, "", ":memory:"):
        return None
    return Path(url.database)


def named(url: URL) -> str:
    """Returns what to call a database in a message: a file's path, or the URL without password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return masked(url.database)
    return masked(_bare(url))


def _bare(url: URL) -> str:
    shown = URL.create(
        url.drivername, url.username or None, None, url.host, url.port, url.database, url.query
    )
    secret = [name for name in url.query if "password" in name.lower()]
    return shown.difference_update_query(secret).render_as_string()


def _as_psycopg(url: URL) -> URL:
    """The URL with psycopg as its driver, and the password where SQLAlchemy hides it."""
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    password = url.query.get("password")
    if password is None:
        return url
    url = url.difference_update_query(["password"])
    return url.set(password=password if isinstance(password, str) else password[-1])


def _malformed(text: str) -> StoreError:
    scheme = re.match(r"[\w+]*(?=:)", text)
    begin = f"{scheme[0]}:..." if scheme else "What was given"
    return StoreError(
        f"{begin} is neither a path nor a database URL such as {EXAMPLE}. (It is not repeated "
        "here: it may hold a password.) In a user's name or a password, write @ as %40, : as %3A "
        "and / as %2F."
    )
