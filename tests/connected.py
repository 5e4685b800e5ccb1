"""How a client reaches an emulator: what an Airflow connection to it would say."""

from __future__ import annotations

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.emulator.server import Emulator


def settings_of(emulator: Emulator) -> Settings:
    """A server-to-server credential of the default user, who works in the default account."""
    return Settings(
        base_url=emulator.base_url,
        client_id=emulator.client_id,
        secret=emulator.client_secret,
        account_id=emulator.account_id,
        ims_url=emulator.base_url,
    )
