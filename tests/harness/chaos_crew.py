"""Driver processes that work through a queue of tasks, are killed now and then, and are replaced by new ones."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from tests.harness.chaos_truth import Result, Task

_MOST_TRIES = 6
_GUESS = 0.1  # seconds a copy takes, until one is measured


class Crew:
    """Runs tasks as Airflow would: a try that failed or whose process died is followed by another.

    :param command: starts a driver, which answers each line on its standard input with one on its output.
    :param deaths: the probability that a try's process is killed by SIGKILL, at a random moment.
    :param seed: of who is killed when.
    :param after_each: called after each task with how many are done.
    """

    def __init__(self, command: Sequence[str], *, deaths: float, seed: int, after_each: Callable[[int], None]) -> None:
        self._command = list(command)
        self._deaths = deaths
        self._seed = seed
        self._after_each = after_each
        self._lock = threading.Lock()
        self._queue: deque[Task] = deque()
        self._results: dict[int, Result] = {}
        self._usual = _GUESS
        self.killed = 0

    def run(self, tasks: Iterable[Task], drivers: int) -> dict[int, Result]:
        """Results by the task's index.

        :param drivers: how many processes at the same time.
        :raises RuntimeError: a driver ended that nobody had killed.
        """
        self._queue.extend(tasks)
        with ThreadPoolExecutor(drivers) as threads:
            for done in [threads.submit(self._work) for _ in range(drivers)]:
                done.result()
        return self._results

    def _work(self) -> None:
        driver = _Driver(self._command)
        try:
            while (task := self._next()) is not None:
                result = self._finish(driver, task)
                with self._lock:
                    self._results[task.index] = result
                    self._after_each(len(self._results))
        finally:
            driver.close()

    def _next(self) -> Task | None:
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def _finish(self, driver: _Driver, task: Task) -> Result:
        began = time.time()
        result = Result("failed", words="killed every time")
        for number in range(1, _MOST_TRIES + 1):
            fate = random.Random(f"{self._seed}/{task.index}/{number}")
            fatal_after = fate.random() * self._usual * fate.choice((1, 1, 1, 10)) if self._dies(fate) else None
            work = {"index": task.index, "source": task.source, "target": task.target}
            sent = time.monotonic()
            answer = driver.ask({**work, "try_number": number, "began": began}, fatal_after)
            if answer is None:
                with self._lock:
                    self.killed += 1
                continue
            result = Result(**answer)
            if result.outcome != "failed":
                self._usual = 0.9 * self._usual + 0.1 * min(time.monotonic() - sent, 5 * self._usual)
                break
        return result

    def _dies(self, fate: random.Random) -> bool:
        return fate.random() < self._deaths


class _Driver:
    """One process at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._start()

    def ask(self, work: dict[str, Any], fatal_after: float | None) -> dict[str, Any] | None:
        """The answer, or None when the process was killed; then there is a new one.

        :param fatal_after: seconds until SIGKILL, or None. An answer that came before counts as not heard.
        """
        process = self._process
        if fatal_after is not None:
            threading.Timer(fatal_after, process.kill).start()
        line = self._exchange(json.dumps(work))
        if line and fatal_after is None:
            answer: dict[str, Any] = json.loads(line)
            return answer
        if line:
            process.kill()
        if process.wait() != -signal.SIGKILL:
            raise RuntimeError(f"a driver ended by itself with {process.returncode}; see above")
        self._start()
        return None

    def close(self) -> None:
        """End the process."""
        _pipe(self._process.stdin).close()
        self._process.wait()
        _pipe(self._process.stdout).close()

    def _exchange(self, text: str) -> str:
        try:
            _pipe(self._process.stdin).write(text + "\n")
            _pipe(self._process.stdin).flush()
        except BrokenPipeError:
            return ""
        return _pipe(self._process.stdout).readline()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _pipe(end: IO[str] | None) -> IO[str]:
    if end is None:
        raise RuntimeError("the driver was started without pipes")
    return end
