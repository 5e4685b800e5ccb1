"""Debian's Chromium, which reaches this machine only and writes down every address it connects to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# No name but localhost leads anywhere, and an address that is none of this machine's is a name to this rule, too.
_LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


class NoChromium(RuntimeError):
    """There is no browser to test with."""


def executable() -> str:
    """Where the browser is.

    :raises NoChromium: nowhere on PATH.
    """
    found = shutil.which("chromium")
    if found is None:
        raise NoChromium("No chromium on PATH. Debian, Ubuntu: apt-get install --no-install-recommends chromium")
    return found


@contextmanager
def chromium(net_log: Path) -> Iterator[Browser]:
    """Start it without a window.

    :param net_log: is complete when the block has ended; ``talked_to`` reads it.
    """
    arguments = [_LOOPBACK_ONLY, f"--log-net-log={net_log}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def talked_to(net_log: Path) -> set[str]:
    """Every address, without its port, that the browser connected to or sent anything to, for pages or for itself.

    A UDP socket is counted once something was sent: Chromium opens one to see whether there is a route for IPv6.
    """
    log = json.loads(net_log.read_text())
    types = log["constants"]["logEventTypes"]
    addresses = {}
    talked = set()
    for event in log["events"]:
        address = event.get("params", {}).get("address", "")
        if event["type"] == types["UDP_CONNECT"] and address:
            addresses[event["source"]["id"]] = address
        elif event["type"] == types["UDP_BYTES_SENT"]:
            talked.add(address or addresses[event["source"]["id"]])
        elif event["type"] == types["TCP_CONNECT_ATTEMPT"] and address:
            talked.add(address)
    return {address.rpartition(":")[0] for address in talked}
