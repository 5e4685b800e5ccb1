"""What can be wrong with a copy, as against a call: part of the tree in ``errors``."""

from __future__ import annotations

from airflow_provider_frameio.api.errors import FrameioError


class CopyNeedsHelp(FrameioError):
    """What became of a copy cannot be told for certain, so nothing more was done. Somebody has to look."""


class TurnTimeout(FrameioError):
    """A copy's turn under the rate limit did not come in the time allowed. Nothing was sent."""

    transient = True


class CopyIncomplete(FrameioError):
    """The copy was made, but is not what it should be."""


class CopyFailed(CopyIncomplete):
    """The copy will never be complete."""


class CopyTimeout(CopyIncomplete):
    """The copy was not complete in the time allowed."""


class CopyUnseen(CopyIncomplete):
    """Whether the copy is complete could not be seen."""

    transient = True
