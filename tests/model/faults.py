"""What goes wrong with requests: drawn for each by a seeded random, as often as the schedule says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.model.answers import Answer, Asked, Service
from tests.model.timeline import Timeline

LATEST = 170.0
"""Seconds after it was sent by which a change has its effect and is listed, unless the schedule says ``limit:late``."""

_WITH_EFFECT = ("lost", "5xx", "409", "html", "death")


@dataclass(frozen=True)
class Fault:
    """What becomes of one request.

    :ivar kind: ``unsent``, ``lost``, ``5xx``, ``409``, ``html``, ``429``, ``401``, ``403`` or ``death``; "" for none.
    :ivar effect: ``now``, ``never`` or ``late``, ``delay`` seconds after it was sent.
    :ivar status: what is answered instead of the truth.
    """

    kind: str = ""
    effect: str = "now"
    delay: float = 0.0
    status: int = 0

    def refusal(self, service: Service) -> Answer | None:
        """The answer of a server that does not do what is asked."""
        if self.effect == "never" and self.status:
            return service.refuse(self.status, "an error of its own")
        return None


_NONE = Fault()


@dataclass
class Faults:
    """The faults of a run.

    :ivar reads: how likely each kind is for a GET; ``changes``: for everything else.
    :ivar latest: the longest delay of a late effect, in seconds.
    :ivar cursed: an id about which the server only ever answers with an error of its own; "" for none.
    :ivar locked: from when to when the account is locked: everything answers 403.
    """

    time: Timeline
    random: Random
    reads: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[str, float] = field(default_factory=dict)
    latest: float = LATEST
    earliest: float = 0.0
    locked: tuple[float, float] = (0.0, 0.0)
    cursed: str = ""
    off: bool = False

    def next(self, asked: Asked) -> Fault:
        """What becomes of this request."""
        if self.off:
            return _NONE
        if self.locked[0] <= self.time.now < self.locked[1]:
            return Fault("403", "never", status=403)
        if self.cursed in asked.parts:
            return Fault("5xx", "never", status=500)
        kind = self._kind(self.changes if asked.changes else self.reads)
        if not kind:
            return _NONE
        if kind in ("429", "401", "403"):
            return Fault(kind, "never", status=int(kind))
        status = {"5xx": self.random.choice((500, 502, 503, 504)), "409": 409}.get(kind, 0)
        if kind not in _WITH_EFFECT or not asked.changes:
            return Fault(kind, "now" if kind in ("html", "death") else "never", status=status)
        effect = self.random.choice(("never", "now", "late"))
        delay = self.random.uniform(self.earliest, self.latest) if effect == "late" else 0.0
        return Fault(kind, "now" if kind == "html" else effect, delay, status)

    def _kind(self, likely: Mapping[str, float]) -> str:
        roll = self.random.random()
        for kind, share in likely.items():
            roll -= share
            if roll < 0:
                return kind
        return ""
