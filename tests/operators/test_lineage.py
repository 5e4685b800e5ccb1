"""Lineage: what OpenLineage is told of copies, through its own provider and a file that it writes events into."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.lineage import lineage_of
from tests.inline import InlineAirflow

ONE = CopyResult("a1", "s1", "adobe:c|1", "https://next.frame.io/c1", 2, ("f1", "f2"))


class TestWithOpenLineage:
    """The classes are those of the installed provider and client."""

    @pytest.fixture(autouse=True)
    def _openlineage(self) -> None:
        pytest.importorskip("airflow.providers.openlineage", reason="the extra openlineage")

    def test_a_copy_is_made_from_its_source_and_its_versions(self) -> None:
        """Each is a dataset; how many versions there are is said of both ends, and where the copy is."""
        lineage = lineage_of([ONE])
        assert [(one.namespace, one.name) for one in lineage.inputs] == [
            ("frameio://a1", "s1"),
            ("frameio://a1", "f1"),
            ("frameio://a1", "f2"),
        ]
        assert lineage.inputs[0].inputFacets["inputStatistics"].fileCount == 2
        (copy,) = lineage.outputs
        assert (copy.namespace, copy.name) == ("frameio://a1", "adobe%3Ac%7C1")
        assert copy.outputFacets["outputStatistics"].fileCount == 2
        assert copy.facets["documentation"].description == "https://next.frame.io/c1"

    def test_what_is_not_known_is_not_told(self) -> None:
        """Only the ends."""
        lineage = lineage_of([CopyResult("a1", "s1", "c1")])
        assert [one.inputFacets for one in lineage.inputs] == [{}]
        assert [(one.facets, one.outputFacets) for one in lineage.outputs] == [({}, {})]
        assert (lineage_of([]).inputs, lineage_of([]).outputs) == ([], [])

    def test_its_provider_extracts_what_an_operator_tells(self, airflow: InlineAirflow, frameio: Emulator) -> None:
        """Asked as its listener asks, in the process of the task, when the task is done."""
        outcome = airflow.run(
            """
            from airflow.providers.openlineage.extractors.base import DefaultExtractor
            from airflow.providers.openlineage.extractors.manager import ExtractorManager

            def extract(context, result=None):
                instance = context["ti"]
                assert ExtractorManager().get_extractor_class(instance.task) is DefaultExtractor
                lineage = DefaultExtractor(instance.task).extract_on_complete(instance)
                told = [[[one.namespace, one.name] for one in side] for side in (lineage.inputs, lineage.outputs)]
                instance.xcom_push(key="lineage", value=told)

            options = {"parent_id": TARGET, "poll_interval": 0.05, "post_execute": extract}
            FrameioCopyVersionStackOperator(task_id="copy", version_stack_id=STACKS[0], **options)
            FrameioCopyVersionStackOperator(task_id="anew", version_stack_id=STACKS[0], strategy="restack", **options)
            FrameioBulkCopyVersionStacksOperator(task_id="bulk", version_stacks=STACKS, **options)
            """,
            STACKS=frameio.description()["version_stacks"][:2],
            TARGET=frameio.description()["folders"]["target"],
        )
        assert outcome.state == "success", outcome.log
        namespace = f"frameio://{frameio.account_id}"
        sources = frameio.description()["version_stacks"][:2]
        tree = frameio.tree(frameio.description()["folders"]["source"])
        begin = next(number for number, line in enumerate(tree) if line["id"] == sources[0])
        versions = {line["id"] for line in tree[begin + 1 : begin + 6]}
        for task_id in ("copy", "anew"):
            (stack, *others), outputs = outcome.xcom(task_id, "lineage")
            assert stack == [namespace, sources[0]]
            assert {name for _, name in others} == versions
            assert outputs == [[namespace, outcome.xcom(task_id)]]
        inputs, outputs = outcome.xcom("bulk", "lineage")
        assert inputs == [[namespace, source] for source in sources]
        assert outputs == [[namespace, copy] for copy in outcome.xcom("bulk")]

    def test_an_asset_of_ours_is_a_dataset_of_theirs(self) -> None:
        """As an inlet or outlet of any task: the same dataset that a copy is told as."""
        from airflow.providers.openlineage.utils.utils import translate_airflow_asset

        from airflow_provider_frameio.assets import create_asset

        dataset = translate_airflow_asset(create_asset(account_id="a1", version_stack_id="adobe:c|1"), None)
        (copy,) = lineage_of([ONE]).outputs
        assert dataset is not None
        assert (dataset.namespace, dataset.name) == (copy.namespace, copy.name)


@pytest.mark.parametrize("missing", ["openlineage", "airflow.providers.openlineage"])
def test_without_openlineage_nothing_is_told(missing: str) -> None:
    """Neither its client nor its provider has to be there."""
    script = f"""
import sys
sys.modules[{missing!r}] = None  # importing it fails, as if it were not installed
from airflow_provider_frameio.lineage import lineage_of
from airflow_provider_frameio.api.models import CopyResult
print(lineage_of([CopyResult("a1", "s1", "c1")]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["None"], done.stderr
