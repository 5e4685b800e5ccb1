"""Makes the copies it is told through the official SDK, one a line; see ``chaos_driver``."""

from __future__ import annotations

import json
import sys

import frameio
import httpx
from frameio.core.api_error import ApiError
from frameio.version_stacks import VersionStackCopyParamsData


def main(method: str, task: str) -> None:
    """Answer each line with one; the SDK repeats what it thinks may be repeated.

    :param method: there is only one.
    :param task: JSON: the emulator's ``airflow_connection``.
    """
    stored = json.loads(task)["airflow_connection"]
    extra = stored["extra"]
    credentials = {
        "grant_type": "client_credentials",
        "client_id": stored["login"],
        "client_secret": stored["password"],
        "scope": "openid,AdobeID,frame.s2s.all",
    }
    with httpx.Client(trust_env=False, timeout=extra["timeout"]) as transport:

        def token() -> str:
            answer = transport.post(f"{extra['ims_url']}/ims/token/v3", data=credentials)
            return str(answer.json()["access_token"])

        client = frameio.Frameio(base_url=stored["host"], token=token, httpx_client=transport)
        for line in sys.stdin:
            work = json.loads(line)
            try:
                target = VersionStackCopyParamsData(parent_id=work["target"])
                copy = client.version_stacks.copy(extra["account_id"], work["source"], data=target)
                answer = {"outcome": "made", "copy": copy.data.id}
            except (ApiError, httpx.HTTPError, ValueError) as error:
                answer = {"outcome": "failed", "words": repr(error)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
