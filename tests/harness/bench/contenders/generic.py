"""Copies the generic way: a POST that is tried ten times, with exponential backoff, full jitter and a cap of 60 s.

It is what the HTTP operator with tenacity's retries does, or a task of one's own with requests. It reads no header.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tests.harness.bench.contenders import lap

ATTEMPTS, LONGEST_WAIT = 10, 60.0


def copy(url: str, token: str, stack: str, target: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """Copy a stack into a folder and return the copy's id.

    :param url: the API's, with the account: ``…/v4/accounts/<id>``.
    :raises requests.RequestException: what the tenth attempt met.
    """

    def once() -> str:
        answer = requests.post(
            f"{url}/version_stacks/{stack}/copy",
            json={"data": {"parent_id": target}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        answer.raise_for_status()
        return str(answer.json()["data"]["id"])

    retrying = Retrying(
        retry=retry_if_exception_type(requests.RequestException),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(max=LONGEST_WAIT),
        sleep=sleep,
        reraise=True,
    )
    return retrying(once)


def prepare(task: dict[str, Any]) -> lap.Copy:
    """Nothing is kept between two copies."""
    url = f"{task['base_url']}/v4/accounts/{task['account_id']}"
    return lambda stack: copy(
        url, task["token"], stack, task["target"], sleep=lambda seconds: time.sleep(seconds / task["speed"])
    )


if __name__ == "__main__":
    lap.run(prepare, (requests.RequestException,))
