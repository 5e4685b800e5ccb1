"""A studio's week: two projects, one on Adobe storage, with the stacks that a campaign leaves behind."""

from __future__ import annotations

from typing import Any

from airflow_provider_frameio.emulator.seed import Seeder

CUTS: tuple[tuple[str, int, str], ...] = (
    ("Spring Hero 60s.mov", 5, "video/quicktime"),
    ("Spring Hero 30s.mov", 4, "video/quicktime"),
    ("Spring Hero 15s vertical.mp4", 3, "video/mp4"),
    ("Épisode 3 – Montage final.mov", 4, "video/quicktime"),
    ("予告編_v2.mp4", 3, "video/mp4"),
    ("Grade LUT comparison.mp4", 2, "video/mp4"),
    ("VFX_sh010_comp.mov", 5, "video/quicktime"),
    ("VFX_sh020_comp.mov", 3, "video/quicktime"),
    ("Making-of Übersicht.mp4", 2, "video/mp4"),
    ("Radio edit 20s.wav", 3, "audio/wav"),
    ("Key visual.psd", 4, "image/vnd.adobe.photoshop"),
    ("Storyboard & script.pdf", 2, "application/pdf"),
)
DAY = 86_400.0
NEVER_TRANSCODED = frozenset({"image/vnd.adobe.photoshop", "application/pdf"})


def seed_demo(seeder: Seeder) -> dict[str, Any]:
    """Seed the demo.

    :return: ``projects`` (name → id), ``folders`` (source, target, adobe_source, adobe_target) and
        ``version_stacks`` (ids of those in the source folder).
    """
    project = seeder.seed_project("Spring Campaign")
    source = seeder.seed_folder(project["root_folder_id"], "Cuts")
    target = seeder.seed_folder(project["root_folder_id"], "Client Review")
    stacks = [_seed_cut(seeder, source["id"], number, *cut) for number, cut in enumerate(CUTS)]

    adobe_project = seeder.seed_project("Spring Campaign on Adobe storage", adobe=True)
    adobe_source = seeder.seed_folder(adobe_project["root_folder_id"], "Cuts")
    adobe_target = seeder.seed_folder(adobe_project["root_folder_id"], "Client Review")
    adobe_stacks = [_seed_cut(seeder, adobe_source["id"], number, *cut) for number, cut in enumerate(CUTS[:4])]
    return {
        "projects": {made["name"]: made["id"] for made in (project, adobe_project)},
        "folders": {
            "source": source["id"],
            "target": target["id"],
            "adobe_source": adobe_source["id"],
            "adobe_target": adobe_target["id"],
        },
        "version_stacks": stacks,
        "adobe_version_stacks": adobe_stacks,
    }


def _seed_cut(seeder: Seeder, folder_id: str, number: int, name: str, count: int, media_type: str) -> str:
    version: dict[str, Any] = {
        "media_type": media_type,
        "metadata": {"Campaign": "Spring", "Cut": name},
        "comments": {"internal": number % 3, "public": number % 4},
    }
    versions = [
        {**version, "file_size": (number + 1) * 20_000_000 + nth * 1_234_567, "age": (count - nth) * DAY - number * 600}
        for nth in range(count)
    ]
    never = media_type in NEVER_TRANSCODED
    stack = seeder.seed_version_stack(folder_id, name, versions, never_transcodes=never, age=count * DAY - number * 600)
    return str(stack["id"])


def seed_minimum(seeder: Seeder) -> dict[str, Any]:
    """Seed one empty project, and describe it as ``seed_demo`` does."""
    project = seeder.seed_project("Empty project")
    return {
        "projects": {project["name"]: project["id"]},
        "folders": {},
        "version_stacks": [],
        "adobe_version_stacks": [],
    }
