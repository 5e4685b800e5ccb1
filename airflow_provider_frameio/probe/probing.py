"""A probe from its first look to its report: the inquiries in their order, and the cleaning up whatever happens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from airflow_provider_frameio.api.endpoints.folders import create_folder
from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.clock import Clock
from airflow_provider_frameio.probe import cleaning, copies, limits, manners, redacted
from airflow_provider_frameio.probe.driver import Driver
from airflow_provider_frameio.probe.findings import ADOBE, CLEANING, COPYING, LIMITS, METADATA, READING, Findings
from airflow_provider_frameio.probe.report import report
from airflow_provider_frameio.probe.scene import PREFIX, Options, Scene, look_around
from airflow_provider_frameio.probe.steps import Answer, Inquiry, Write


@dataclass
class Probe:
    """One probe, which has looked around and not yet written anything."""

    client: Client
    driver: Driver
    scene: Scene
    findings: Findings = field(default_factory=Findings)
    early: bool = False

    @classmethod
    def prepared(
        cls, client: Client, clock: Clock, options: Options, say: Callable[[str], None], *, missing_id: str
    ) -> Probe:
        """Look around.

        :param missing_id: an id that nothing has.
        :raises FrameioError: something that was named is not there, or cannot be copied.
        """
        scene = client.run(look_around(options, missing_id, client.settings.time_scale))
        return cls(client, Driver(client, clock, say), scene)

    def run(self, name: str, date: str) -> int:
        """Ask everything, clean up, print the report.

        :param name: for the probe's own folder, after a common beginning.
        :param date: for the report.
        :return: the exit status.
        """
        driver = self.driver
        with driver.stop.listening():
            try:
                self._inquire(f"{PREFIX}-{name}")
            except KeyboardInterrupt:
                self.early = True
                driver.say("Ending early. Cleaning up first; once more leaves everything where it is.")
            finally:
                self._clean_up()
        left = driver.ledger.left()
        table = report(self.client.settings, self.scene, self.findings, driver.answers, date=date, left=len(left))
        sys.stdout.write(table)
        sys.stdout.flush()
        return 3 if left or self.early else int(bool(self.findings.differing()))

    def _inquire(self, name: str) -> None:
        scene, findings = self.scene, self.findings
        self._ask(READING, manners.ask(scene, findings))
        self._ask((), self._make_folder(name))
        folder = self.driver.ledger.folder
        if folder is None:
            self.early = True
            findings.not_asked("the probe's folder could not be made", *COPYING, *METADATA, *LIMITS, *CLEANING)
            return
        self._ask(COPYING, copies.ask(scene, folder.id, findings))
        if scene.adobe is None:
            findings.not_asked("no --adobe-version-stack was given", *ADOBE)
        else:
            self._ask(ADOBE, copies.ask_adobe(scene, scene.adobe, folder.id, findings))
        self._ask(METADATA, copies.ask_metadata(scene, self.driver.ledger, folder.id, findings))
        self._ask(LIMITS, limits.ask(scene, folder.id, findings))

    def _make_folder(self, name: str) -> Inquiry:
        account, parent = self.scene.options.account_id, self.scene.options.folder_id
        answer: Answer = yield Write(create_folder(account, parent, name))
        self.driver.say(f"Making the folder {name}: {answer.status}.")

    def _ask(self, keys: Iterable[str], inquiry: Inquiry) -> None:
        """An error ends this inquiry, and no other."""
        try:
            self.driver.run(inquiry)
        except FrameioError as error:
            why = redacted.failure(error)
            self.driver.say(f"A question ended early: {why}.")
            self.findings.not_seen(why, *keys)

    def _clean_up(self) -> None:
        ledger = self.driver.ledger
        self.driver.stop.held = True
        try:
            if ledger.folder:
                self.driver.say("Cleaning up.")
                self._ask(CLEANING, cleaning.take_back(self.scene, ledger, self.findings))
        except KeyboardInterrupt:
            self.early = True
        if left := ledger.left():
            self.driver.say("\n".join(["Still there, to be deleted by hand:", *left]))
            self.findings.not_seen("not everything could be deleted", *CLEANING)
