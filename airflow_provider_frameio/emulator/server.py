"""A Frame.io V4 of one's own, on a port of the loopback interface, for as long as a test or a demo lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from airflow_provider_frameio.emulator.clock import DEFAULT_EPOCH, Clock
from airflow_provider_frameio.emulator.control import PREFIX, Control
from airflow_provider_frameio.emulator.http import Server
from airflow_provider_frameio.emulator.requests_log import LoggedRequest
from airflow_provider_frameio.emulator.routes.table import ROUTE_NAMES
from airflow_provider_frameio.emulator.seed import Seeder, seed_demo, seed_minimum
from airflow_provider_frameio.emulator.service import Incoming, Outgoing, Service
from airflow_provider_frameio.emulator.state.records import as_text, tree
from airflow_provider_frameio.emulator.wire.answers import Answer, text_answer
from airflow_provider_frameio.emulator.wire.faults import Fault

CREDENTIALS = ("client_id", "client_secret", "web_app_client_id", "web_app_client_secret", "token", "legacy_token")
SEEDS = {None: seed_minimum, "demo": seed_demo}


class Emulator(Seeder):
    """An embedded Frame.io V4 with its Adobe IMS on the same origin.

    Use it as a context manager, or call ``start`` and ``stop``. It has an account, a user and credentials from the
    beginning; the ``seed_…`` methods add to them and return records in the API's own shape.

    :param port: 0 picks a free one.
    :param speed: emulated seconds per second of ``clock``. Everything timed follows it: rate limits, copies, list
        lag, token life, the ``Date`` header. What clients are told in seconds or milliseconds is divided by it.
    :param clock: monotonic, in seconds; default: this machine's. With one that a test moves by hand nothing depends on
        real time.
    :param seed: None for one empty project, "demo" for a campaign.
    :param random_seed: of ids and of faults by chance.
    :param epoch: Unix time at which emulated time starts; None: now.
    """

    def __init__(
        self,
        port: int = 0,
        speed: float = 1.0,
        clock: Callable[[], float] | None = None,
        seed: str | None = None,
        random_seed: int = 0,
        epoch: float | None = DEFAULT_EPOCH,
    ) -> None:
        if seed not in SEEDS:
            raise ValueError(f"seed={seed!r}: give None or 'demo'")
        self._clock = Clock(clock, speed, epoch)
        self._service = Service(self._clock, random_seed)
        self._server = Server(port, self._respond, self._clock)
        self.base_url = self._service.base_url = f"http://127.0.0.1:{self._server.server_port}"
        super().__init__(self._service)
        self._control = Control(self)
        self._seeded = SEEDS[seed](self)

    def __enter__(self) -> Emulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, on a thread of its own."""
        self._server.start()

    def stop(self) -> None:
        """Close every connection and stop serving; quick even while answers hang."""
        self._server.stop()

    @property
    def client_id(self) -> str:
        """Client id of the default user's server-to-server credential."""
        return str(self.user["client_id"])

    @property
    def client_secret(self) -> str:
        """Client secret of the default user's server-to-server credential."""
        return str(self.user["client_secret"])

    @property
    def web_app(self) -> tuple[str, str]:
        """Client id and client secret of an OAuth Web App to which the default user consents."""
        return str(self.user["web_app_client_id"]), str(self.user["web_app_client_secret"])

    @property
    def token(self) -> str:
        """A static access token of the default user."""
        return str(self.user["token"])

    @property
    def legacy_token(self) -> str:
        """A legacy developer token of the default user."""
        return str(self.user["legacy_token"])

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every API and IMS request so far, oldest first."""
        with self._service.settled():
            return [replace(entry) for entry in self._service.log]

    def clear_requests(self) -> None:
        """Empty the request log."""
        with self._service.settled():
            self._service.log.clear()

    def fault(self, **order: Any) -> None:
        """Order a fault; ``Fault`` describes the parameters.

        :raises ValueError: the order makes no sense; says why.
        """
        fault = Fault.from_order(order, ROUTE_NAMES)
        with self._service.settled():
            self._service.faults.add(fault)

    def faults(self) -> list[dict[str, Any]]:
        """The orders that can still strike."""
        with self._service.settled():
            return self._service.faults.pending()

    def clear_faults(self) -> None:
        """Withdraw all orders for faults; requests already caught by one stay caught."""
        with self._service.settled():
            self._service.faults.clear()

    def configure(self, **changes: Any) -> None:
        """Change settings; ``Settings`` describes them.

        :raises ValueError: a setting or a value that does not exist.
        """
        with self._service.settled():
            self._service.settings = self._service.settings.changed(changes, ROUTE_NAMES)

    def expire_tokens(self) -> None:
        """Refuse every access token handed out so far, the static one included; legacy tokens stay good."""
        with self._service.settled():
            self._service.ims.expire_tokens()

    def revoke_refresh_tokens(self) -> None:
        """Refuse every refresh token handed out so far, as when users take their consent back."""
        with self._service.settled():
            self._service.ims.revoke_refresh_tokens()

    def advance(self, seconds: float) -> None:
        """Let so many emulated seconds pass at once: copies go on, rate limits drain, tokens age.

        :raises ValueError: time cannot go back.
        """
        with self._service.settled():
            self._clock.advance(seconds)

    def tree(self, folder_id: str) -> list[dict[str, Any]]:
        """A folder and all below it: see ``tree.tree``."""
        with self._service.settled() as now:
            return list(tree(self._service.store, self._service.store.folder(folder_id), now))

    def description(self) -> dict[str, Any]:
        """How to reach this emulator and what it holds, as the command line prints it."""
        return {
            "base_url": self.base_url,
            "account_id": self.account_id,
            **self._seeded,
            **{name: self.user[name] for name in CREDENTIALS},
            "airflow_connection": self._airflow_connection(),
        }

    def _airflow_connection(self) -> dict[str, Any]:
        return {
            "conn_type": "frameio",
            "host": self.base_url,
            "login": self.client_id,
            "password": self.client_secret,
            "extra": {
                "auth_type": "server_to_server",
                "account_id": self.account_id,
                "ims_url": self.base_url,
                "time_scale": 1 / self._clock.speed,
            },
        }

    def _respond(self, incoming: Incoming) -> Outgoing:
        if incoming.path.startswith(PREFIX):
            return Outgoing(self._control.handle(incoming))
        if incoming.method == "GET" and incoming.path.startswith("/project/"):
            return Outgoing(self._view(unquote(incoming.path.rpartition("/")[2])))
        return self._service.handle(incoming)

    def _view(self, asset_id: str) -> Answer:
        """What a person sees who follows a ``view_url``."""
        with self._service.settled() as now:
            asset = self._service.store.any_asset(asset_id)
            if asset is None:
                return text_answer(404, f"Nothing has the id {asset_id}\n")
            return text_answer(200, as_text(tree(self._service.store, asset, now)))
