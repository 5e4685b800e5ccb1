"""Ids that look random and are the same in every run with the same seed."""

from __future__ import annotations

import random
import uuid


class Ids:
    """A source of UUIDs.

    :param purpose: sources with different purposes give different ids, whatever the order in which they are asked.
    """

    def __init__(self, random_seed: int, purpose: str) -> None:
        self._random = random.Random(f"{purpose}:{random_seed}")

    def __call__(self) -> str:
        """The next one."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
