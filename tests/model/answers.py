"""Frame.io's side of HTTP: method, path, query and JSON body in, status, headers and body out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, unquote

from tests.model.frameio import PERSON, ROBOT, Call, Frameio, Refused, Thing
from tests.model.timeline import EPOCH

ACCOUNT = "11111111-1111-4111-8111-111111111111"
USERS = {
    ROBOT: {"id": "22222222-2222-4222-8222-222222222222", "email": "robot@example.com", "name": "Robot"},
    PERSON: {"id": "33333333-3333-4333-8333-333333333333", "email": "person@example.com", "name": "Person"},
}
_LIMITS = {"POST version_stacks/copy": (10, 60.0), "POST folders/version_stacks": (10, 60.0)}
_OTHER = (100, 60.0)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Asked:
    """What came in; ids in the path are decoded."""

    method: str
    parts: tuple[str, ...]
    params: Mapping[str, str]
    data: Mapping[str, Any]

    @classmethod
    def of(cls, method: str, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None) -> Asked:
        """Read a request."""
        return cls(method, tuple(map(unquote, path.strip("/").split("/"))), params, (body or {}).get("data") or {})

    @property
    def changes(self) -> bool:
        """Whether it is meant to change something."""
        return self.method != "GET"

    @property
    def route(self) -> str:
        """Whose limit it spends."""
        return f"{self.method} {'/'.join(self.parts[3::2])}"


class Service:
    """Answers the robot, the user of the connection."""

    def __init__(self, world: Frameio, spent: float = 0.0) -> None:
        """:param spent: the part of the limit of copies that others have spent as it begins."""
        self.world = world
        self._levels = {route: (window * spent, 0.0) for route, (_, window) in _LIMITS.items()}

    def admit(self, asked: Asked) -> Answer | None:
        """None where the rate limit has room, which is then spent; else its refusal."""
        calls, window = _LIMITS.get(asked.route, _OTHER)
        now = self.world.time.now
        level, since = self._levels.get(asked.route, (0.0, now))
        level = max(0.0, level - (now - since)) + window / calls
        if level > window + 1e-6:
            return self.refuse(429, "Too many requests", calls)
        self._levels[asked.route] = (level, now)
        return None

    def answer(self, asked: Asked, call: Call) -> Answer:
        """Do what is asked."""
        try:
            body = self._do(asked, call)
        except Refused as refused:
            return self.refuse(refused.status, refused.detail)
        calls, window = _LIMITS.get(asked.route, _OTHER)
        level = self._levels.get(asked.route, (0.0, 0.0))[0]
        headers = self._headers(calls, int((window - level) / (window / calls)), window)
        return Answer(204 if body is None else 200, headers, b"" if body is None else json.dumps(body).encode())

    def refuse(self, status: int, detail: str, remaining: int = 50) -> Answer:
        """An error as Frame.io words it; the limiter's own is plain text."""
        body = detail.encode() if status == 429 else json.dumps({"errors": [{"detail": detail}]}).encode()
        return Answer(status, self._headers(max(remaining, 10), remaining, 60.0), body)

    def _headers(self, limit: int, remaining: int, window: float) -> dict[str, str]:
        return {
            "date": formatdate(EPOCH + self.world.time.now + self.world.traits.skew, usegmt=True),
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, remaining)),
            "x-ratelimit-window": str(int(window * 1000)),
        }

    def _do(self, asked: Asked, call: Call) -> dict[str, Any] | None:
        path = "/".join([asked.method, *asked.parts[1:]])
        for pattern, act in _ROUTES:
            found = pattern.fullmatch(path)
            if found:
                return act(self, asked, call, *found.groups())
        raise Refused(404, f"no route {path}")

    def me(self, asked: Asked, call: Call) -> dict[str, Any]:
        return {"data": USERS[ROBOT]}

    def accounts(self, asked: Asked, call: Call) -> dict[str, Any]:
        return {"data": [{"id": ACCOUNT, "display_name": "Model"}], "links": {"next": None}}

    def project(self, asked: Asked, call: Call, project: str) -> dict[str, Any]:
        adobe = f"directory-{project}" if project in self.world.adobe_projects else None
        return {"data": {"id": project, "name": "Project", "adobe_id": adobe, "storage": 1}}

    def show(self, asked: Asked, call: Call, kind: str, asset_id: str) -> dict[str, Any]:
        return {"data": self._record(self.world.find(asset_id, _KINDS[kind]), asked)}

    def children(self, asked: Asked, call: Call, stack_id: str) -> dict[str, Any]:
        stack = self.world.find(stack_id, "stack")
        versions = self.world.versions(stack)
        now = self.world.time.now
        shown = [one for one in (versions if self.world.traits.oldest_first else versions[::-1]) if one.listed <= now]
        return self._page(asked, shown)

    def listed(self, asked: Asked, call: Call, folder_id: str, kinds: str) -> dict[str, Any]:
        folder, now = self.world.find(folder_id, "folder"), self.world.time.now
        types = asked.params.get("type", "file,version_stack,folder").replace("version_stack", "stack").split(",")
        wanted = {"files": ("file",), "version_stacks": ("stack",)}.get(kinds, tuple(types))
        shown = [one for one in self.world.in_(folder.id) if one.kind in wanted and max(one.since, one.listed) <= now]
        return self._page(
            asked, sorted(shown, key=lambda one: one.created, reverse="desc" in asked.params.get("sort", ""))
        )

    def copy_stack(self, asked: Asked, call: Call, stack_id: str) -> dict[str, Any]:
        return {"data": self._record(self.world.copy_stack(call, stack_id, asked.data.get("parent_id")), asked)}

    def copy_file(self, asked: Asked, call: Call, file_id: str) -> dict[str, Any]:
        return {"data": self._record(self.world.copy_file(call, file_id, asked.data.get("parent_id")), asked)}

    def copy_files(self, asked: Asked, call: Call) -> dict[str, Any]:
        if not self.world.traits.bulk_files:
            raise Refused(404, "no route")
        ids = asked.data["file_ids"]
        for one in ids:
            self.world.find(one, "file")
        made = [(one, self.world.copy_file(call, one, asked.data["parent_id"])) for one in ids]
        return {"data": [{"source_file_id": one, "file": self._record(copy, asked)} for one, copy in made]}

    def create_stack(self, asked: Asked, call: Call, folder_id: str) -> dict[str, Any]:
        return {"data": self._record(self.world.create_stack(call, folder_id, asked.data["file_ids"]), asked)}

    def create_folder(self, asked: Asked, call: Call, folder_id: str) -> dict[str, Any]:
        folder = self.world.find(folder_id, "folder")
        return {"data": self._record(self.world.create_folder(call, folder, asked.data["name"]), asked)}

    def move(self, asked: Asked, call: Call, kind: str, asset_id: str) -> dict[str, Any]:
        asset = self.world.find(asset_id, _KINDS[kind])
        return {"data": self._record(self.world.move(call, asset, asked.data["parent_id"]), asked)}

    def rename(self, asked: Asked, call: Call, file_id: str) -> dict[str, Any]:
        file = self.world.find(file_id, "file")
        return {"data": self._record(self.world.rename(call, file, asked.data["name"]), asked)}

    def delete(self, asked: Asked, call: Call, file_id: str) -> None:
        self.world.delete(call, self.world.find(file_id, "file"))

    def _page(self, asked: Asked, shown: list[Thing]) -> dict[str, Any]:
        size, begin = int(asked.params.get("page_size", 50)), int(asked.params.get("after", 0))
        records = [self._record(one, asked) for one in shown[begin : begin + size]]
        more = begin + size < len(shown)
        return {"data": records, "links": {"next": f"/v4/next?after={begin + size}" if more else None}}

    def _record(self, thing: Thing, asked: Asked) -> dict[str, Any]:
        now, skew = self.world.time.now, self.world.traits.skew
        created = datetime.fromtimestamp(EPOCH + thing.created + skew, timezone.utc).isoformat().replace("+00:00", "Z")
        record: dict[str, Any] = {
            "id": thing.id,
            "name": thing.name,
            "type": "version_stack" if thing.kind == "stack" else thing.kind,
            "parent_id": thing.parent,
            "project_id": thing.project,
            "created_at": created,
            "updated_at": created,
            "view_url": f"https://next.frame.io/project/p/view/{quote(thing.id)}",
            "adobe_id": thing.adobe_id,
        }
        if "creator" in asked.params.get("include", ""):
            record["creator"] = USERS[thing.creator]
        if thing.kind == "file":
            record["status"] = "uploaded" if thing.uploaded <= now else "created"
            record["file_size"] = thing.size if thing.sized <= now else None
            record["media_type"] = "video/mp4"
        if thing.kind == "stack":
            versions = self.world.versions(thing)
            record["head_version"] = self._record(versions[-1], asked) if versions else None
        return record


_KINDS = {"files": "file", "version_stacks": "stack", "folders": "folder"}
_A = f"accounts/(?:{ACCOUNT}|adobe:org)/"
_ROUTES: list[tuple[re.Pattern[str], Callable[..., dict[str, Any] | None]]] = [
    (re.compile(pattern), act)
    for pattern, act in (
        ("GET/me", Service.me),
        ("GET/accounts", Service.accounts),
        (f"GET/{_A}projects/([^/]+)", Service.project),
        (f"GET/{_A}(files|version_stacks|folders)/([^/]+)", Service.show),
        (f"GET/{_A}version_stacks/([^/]+)/children", Service.children),
        (f"GET/{_A}folders/([^/]+)/(files|version_stacks|children)", Service.listed),
        (f"POST/{_A}version_stacks/([^/]+)/copy", Service.copy_stack),
        (f"POST/{_A}files/copy", Service.copy_files),
        (f"POST/{_A}files/([^/]+)/copy", Service.copy_file),
        (f"POST/{_A}folders/([^/]+)/version_stacks", Service.create_stack),
        (f"POST/{_A}folders/([^/]+)/folders", Service.create_folder),
        (f"PATCH/{_A}(files|version_stacks)/([^/]+)/move", Service.move),
        (f"PATCH/{_A}files/([^/]+)", Service.rename),
        (f"DELETE/{_A}files/([^/]+)", Service.delete),
    )
]
