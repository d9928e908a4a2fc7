"""A PostgreSQL server of the tests' own, from the programs that the distribution installs.

It runs in a temporary folder, on a free port of this machine only, as a user without rights (as
root, PostgreSQL refuses to start), and ends with the process that started it.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "pbrl"
WAIT_SECONDS = 60


def programs() -> Path | None:
    """Returns the folder of the newest installed server's programs, None if there is none."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    found = sorted(versions, key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("postgres")  # not Debian's folder
    found = found or ([Path(on_path).resolve()] if on_path else [])
    return found[-1].parent if found else None


class PostgresqlServer:
    """A server that can be stopped, killed and started again with what it had stored."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None
        self.programs = folder
        self.folder = Path(tempfile.mkdtemp(prefix="pbrl_postgresql_"))
        self.password = f"Geheim-{secrets.token_hex(8)}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen | None = None
        self._create()

    def url(self, database: str = "postgres") -> str:
        """Returns the URL, with password, of a database."""
        return f"postgresql+psycopg://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        # No fsync: the tests kill processes, never the machine.
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "port": str(self.port),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [*self._as_user(), self.programs / "postgres", "-D", self.folder / "data"]
        log = self.folder / "log.txt"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *options], stdout=output, stderr=output, cwd="/"
            )
        ready = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + WAIT_SECONDS
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it: SIGINT closes all connections first, SIGKILL leaves everything as it is."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(WAIT_SECONDS)
            self._process = None

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Creates an empty database, yields its URL, and drops it."""
        name = f"labels_{secrets.token_hex(4)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Runs a statement, outside a transaction."""
        import psycopg

        url = self.url(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def remove(self) -> None:
        """Stops it and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _create(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        if os.geteuid() == 0:
            user = _unprivileged()
            for path in (self.folder, password_file):
                os.chown(path, user.pw_uid, user.pw_gid)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [self.programs / "initdb", "-D", self.folder / "data", f"--username={USER}"]
        command += [f"--pwfile={password_file}", *options]
        subprocess.run([*self._as_user(), *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    @staticmethod
    def _as_user() -> list[str]:
        command = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        if os.geteuid() == 0:
            user = _unprivileged()
            command += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return command


def _unprivileged() -> pwd.struct_passwd:
    names = {user.pw_name: user for user in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]
