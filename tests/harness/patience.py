"""How long tests wait for what always comes. It says nothing of speed: only a hang takes as long."""

PATIENCE = 300.0
"""Seconds; below pytest's ``faulthandler_timeout``, which ends what hangs without a word."""
