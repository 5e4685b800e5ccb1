"""Real processes with a log file each: started in a process group of their own, stopped or killed as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.harness.patience import PATIENCE


class ProcessDied(RuntimeError):
    """A process ended while it was needed; the message holds the end of its log."""


class NotInTime(TimeoutError):
    """Something that was waited for did not happen before the deadline."""


class Process:
    """One command, which may be started again after it was killed; its log goes on in the same file.

    :param name: how messages call it, and the name of its log file.
    :param log_folder: where ``<name>.log`` is written.
    """

    def __init__(self, name: str, command: Sequence[str], *, env: Mapping[str, str], log_folder: Path) -> None:
        self.name = name
        self.log_file = log_folder / f"{name}.log"
        self._command = list(command)
        self._env = dict(env)
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running process's id.

        :raises ProcessDied: it was never started, or is no longer there.
        """
        if self._popen is None or self._popen.poll() is not None:
            raise ProcessDied(f"{self.name} is not running; the end of its log:\n{self.tail()}")
        return self._popen.pid

    def start(self) -> None:
        """Start it and return at once."""
        with self.log_file.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to those of its children that stayed in its group."""
        if self._popen is not None and self._popen.poll() is None:
            os.killpg(self._popen.pid, number)

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        self.signal(signal.SIGKILL)
        self.join(timeout=PATIENCE)

    def join(self, timeout: float) -> bool:
        """Wait for the end, ``timeout`` seconds at most; tell whether it came."""
        if self._popen is None:
            return True
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tail(self, lines: int = 30) -> str:
        """Return the last lines of the log, for messages."""
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore further presses of Ctrl-C while the block tidies up; only the main thread gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def stop_all(processes: Iterable[Process], grace: float = 3.0) -> None:
    """Ask all of them to end, then insist; ``grace`` is in seconds, for all together."""
    running = list(processes)
    for process in running:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    for process in running:
        if not process.join(max(0.0, deadline - time.monotonic())):
            process.kill()


def kill_marked(variable: str, value: str) -> list[int]:
    """Kill what is left of a stack: every process of this user that was started with ``variable`` set to ``value``.

    Airflow's tasks leave the process group of their parent, so the group alone does not find them.

    :returns: the ids of those that were found.
    """
    found = [process for process in psutil.process_iter() if _environment(process).get(variable) == value]
    for process in found:
        process.kill()
    psutil.wait_procs(found, timeout=PATIENCE)
    return [process.pid for process in found]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except (psutil.Error, OSError):  # another user's, or gone in the meantime
        return {}


def poll_until(done: Callable[[], bool], *, what: str, needs: Iterable[Process] = (), interval: float = 0.1) -> None:
    """Ask ``done`` every ``interval`` seconds until it says yes.

    :param what: ends the sentence "… seconds were not enough for".
    :param needs: processes without which waiting is pointless.
    :raises NotInTime: ``PATIENCE`` has passed.
    :raises ProcessDied: one of ``needs`` has ended.
    """
    deadline = time.monotonic() + PATIENCE
    needed = list(needs)
    while not done():
        alive = [process.pid for process in needed]  # raises for one that is not
        if time.monotonic() > deadline:
            logs = "\n".join(f"--- {process.name}\n{process.tail(15)}" for process in needed)
            raise NotInTime(f"{PATIENCE:.0f} seconds were not enough for {what} (processes {alive})\n{logs}")
        time.sleep(interval)
