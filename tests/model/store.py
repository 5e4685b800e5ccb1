"""Airflow's task state store (3.3+) as a process meets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from tests.model.process import Process

_LARGEST = 65536  # characters of one value


@dataclass
class Store:
    """What is stored for the task instance.

    :ivar faults: how likely: ``before`` and ``after`` (a write fails, without or with its effect), ``death``; and of
        what no record survives: ``lost`` (a write that is acknowledged and is none), ``stale`` (a read of what was),
        ``garbled`` (a read of what nobody wrote).
    :ivar replaced: numbers of the processes that were replaced: their calls are answered with a 404.
    """

    faults: Mapping[str, float] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    kept: dict[str, list[str]] = field(default_factory=dict)

    def of(self, process: Process) -> ProcessStore:
        """As one process sees it."""
        return ProcessStore(self, process)

    def discard(self) -> None:
        """All of it is gone."""
        self.kept.clear()


@dataclass(frozen=True)
class ProcessStore:
    """What ``context["task_state_store"]`` is."""

    store: Store
    process: Process

    def get(self, key: str, default: Any = None) -> Any:
        """What is kept under a key."""
        self._reach(f"read {key}")
        versions = self.store.kept.get(key)
        if not versions:
            return default
        if self._happens("garbled"):
            versions.append(json.dumps({"format": 99, "kind": "?"}))
        return json.loads(versions[-2 if len(versions) > 1 and self._happens("stale") else -1])

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        """Keep it."""
        text = json.dumps(value)
        assert value is not None, "Airflow refuses None"
        self._reach(f"write {key}")
        if len(text) > _LARGEST:
            raise _error("400: more than 64 KiB")
        self._fail_if("before")
        if not self._happens("lost"):
            self.store.kept.setdefault(key, []).append(text)
        if self._happens("death"):
            self.process.die(f"after writing {key}")
        self._fail_if("after")
        self.process.step(f"after writing {key}")

    def delete(self, key: str) -> None:
        """Forget it."""
        self._reach(f"delete {key}")
        self.store.kept.pop(key, None)

    def clear(self, *, all_map_indices: bool = False) -> None:
        """Forget all of it."""
        self._reach("clear")
        self.store.kept.clear()

    def _reach(self, what: str) -> None:
        self.process.step(what)
        self.process.wait(0.02)
        if self.process.number in self.store.replaced:
            raise _error("404: this task instance was replaced")

    def _fail_if(self, kind: str) -> None:
        if self._happens(kind):
            self.process.world.tell(f"  the store fails {kind} its effect")
            raise _error("503: no database")

    def _happens(self, kind: str) -> bool:
        return self.process.world.random.random() < self.store.faults.get(kind, 0.0)


def _error(words: str) -> AirflowRuntimeError:
    return AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"message": words}))
