"""PostgreSQL and Redis on loopback ports, with their data in a temporary folder; each is gone when its block ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.distributed.database import PostgresDatabase
from tests.harness.processes import Process, poll_until, stop_all, uninterrupted
from tests.harness.stack import answers, free_port

# PostgreSQL refuses to run as root; Debian's package makes this user.
_USER = "postgres" if os.geteuid() == 0 else None
_AS_USER = ["runuser", "-u", _USER, "--"] if _USER else []


@contextmanager
def postgres() -> Iterator[str]:
    """Run an empty PostgreSQL; yield its URL as SQLAlchemy has it."""
    port = free_port()
    url = f"postgresql+psycopg2://airflow@127.0.0.1:{port}/postgres"
    with _folder(_USER) as folder:
        data = str(folder / "data")
        create = [_binary("initdb"), "-D", data, "-U", "airflow", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run([*_AS_USER, *create], cwd="/", check=True)
        serve = [_binary("postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F", "-N", "200"]
        process = Process("postgres", [*_AS_USER, *serve], env=os.environ, log_folder=folder)
        # SIGTERM would wait for the clients.
        with _running(process, PostgresDatabase(url).answers, end=signal.SIGINT):
            yield url


@contextmanager
def redis() -> Iterator[str]:
    """Run an empty Redis; yield its URL."""
    port = free_port()
    with _folder() as folder:
        listen = ["--bind", "127.0.0.1", "--port", str(port)]
        serve = [_binary("redis-server"), *listen, "--save", "", "--dir", str(folder)]
        process = Process("redis", serve, env=os.environ, log_folder=folder)
        with _running(process, lambda: answers(port)):
            yield f"redis://127.0.0.1:{port}/0"


def _binary(name: str) -> str:
    """Find a program; Debian keeps PostgreSQL's in a folder for each version, off PATH."""
    found = [*map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), shutil.which(name)]
    if not found[0]:
        debian = "apt-get install --no-install-recommends postgresql redis-server"
        raise RuntimeError(f"{name} is missing: this test needs PostgreSQL and Redis. Debian, Ubuntu: {debian}")
    return found[0]


@contextmanager
def _folder(owner: str | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="server-"))
    try:
        if owner:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(process: Process, up: Callable[[], bool], end: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    process.start()
    try:
        poll_until(up, what=f"{process.name} to start", needs=[process])
        yield
    finally:
        with uninterrupted():
            process.signal(end)
            stop_all([process], grace=10)
