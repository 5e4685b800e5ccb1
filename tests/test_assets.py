"""A version stack as an asset: its URI, there and back, and as Airflow keeps it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_frameio.api.errors import InvalidParameter
from airflow_provider_frameio.assets import create_asset, parse_version_stack_uri, sanitize_uri, version_stack_uri

ADOBE = "adobe:urn:aaid:sc:EU:55af7d22|1"
NO_IDS = {".", "..", "none", "null", "undefined"}
LETTERS = st.characters(exclude_categories=["C", "Z"], exclude_characters="[]{}'\"")
IDS = st.text(LETTERS, min_size=1).filter(lambda text: text.lower() not in NO_IDS and "/" not in text[1:])


def test_a_uri_names_account_and_stack() -> None:
    """Ids of Adobe storage are percent-encoded."""
    assert version_stack_uri("a1", "s1") == "frameio://a1/s1"
    encoded = "adobe%3Aurn%3Aaaid%3Asc%3AEU%3A55af7d22%7C1"
    assert version_stack_uri("adobe:ORG@AdobeOrg", ADOBE) == f"frameio://adobe%3AORG%40AdobeOrg/{encoded}"


@given(IDS, IDS)
def test_ids_come_back_from_their_uri(account_id: str, stack_id: str) -> None:
    """Whatever is in them; and the URI's one spelling is itself."""
    uri = version_stack_uri(account_id, stack_id)
    assert parse_version_stack_uri(uri) == (account_id, stack_id)
    assert sanitize_uri(urlsplit(uri)).geturl() == uri
    assert uri.isascii()


@pytest.mark.parametrize(
    "uri",
    [
        "frameio://",
        "frameio:///s1",
        "frameio://a1",
        "frameio://a1/",
        "frameio://a1/s1/v1",
        "frameio://a1/s1?x=1",
        "frameio://a1/s1#x",
        "frameio://a1/None",
        "frameio://a1/%20",
        "frameio:a1/s1",
    ],
)
def test_other_uris_of_this_scheme_are_refused(uri: str) -> None:
    """With what they should look like, or which id cannot be one."""
    with pytest.raises(ValueError, match="cannot be used"):
        sanitize_uri(urlsplit(uri))


@pytest.mark.parametrize("uri", ["s3://a1/s1", "s1", ""])
def test_uris_of_other_schemes_name_no_stack(uri: str) -> None:
    """They are somebody else's."""
    with pytest.raises(InvalidParameter, match="give frameio://<account id>/<version stack id>"):
        parse_version_stack_uri(uri)


@pytest.mark.parametrize(("account_id", "stack_id"), [("", "s1"), ("a1", "None"), ("a b", "s1")])
def test_what_can_be_no_id_makes_no_uri(account_id: str, stack_id: str) -> None:
    """A missing XCom is not an asset."""
    with pytest.raises(InvalidParameter, match="_id="):
        version_stack_uri(account_id, stack_id)


class TestInAirflow:
    """What becomes of these URIs in assets, which Airflow normalises with our help."""

    @pytest.fixture(autouse=True)
    def _airflow(self) -> None:
        pytest.importorskip("airflow")

    @pytest.mark.parametrize("uri", [version_stack_uri("a1", ADOBE), version_stack_uri("adobe:O@AdobeOrg", "s1")])
    def test_an_asset_keeps_the_uri(self, uri: str) -> None:
        """Nothing of it is taken for a password, a port or a query."""
        from airflow_provider_frameio._compat import Asset

        assert Asset(uri).uri == uri

    def test_two_spellings_are_one_asset(self) -> None:
        """Since Airflow asks for the one spelling."""
        from airflow_provider_frameio._compat import Asset

        assert Asset(f"FrameIO://a1/{ADOBE}").uri == version_stack_uri("a1", ADOBE)
        stack = "477b4abc-b34e-41dc-81b3-61ef3e6f4a0e"
        assert Asset(f"frameio://a1/{stack.upper()}").uri == version_stack_uri("a1", stack)

    @pytest.mark.filterwarnings("error:.*not AIP-60 compliant:UserWarning")  # Airflow 2 only warns of it
    def test_a_uri_that_names_no_stack_is_an_error_of_the_dag(self) -> None:
        """It would never meet the event of a copy."""
        from airflow_provider_frameio._compat import Asset

        with pytest.raises((ValueError, UserWarning), match="give frameio://<account id>/<version stack id>"):
            Asset("frameio://a1")

    def test_airflow_can_make_one_from_its_parts(self) -> None:
        """By the factory that the provider's metadata names."""
        asset = create_asset(account_id="a1", version_stack_id=ADOBE, extra={"team": "trailers"})
        assert (asset.uri, asset.extra) == (version_stack_uri("a1", ADOBE), {"team": "trailers"})

    def test_airflows_collector_of_lineage_makes_one(self) -> None:
        """It looks the factory up by the scheme."""
        try:
            from airflow.sdk.lineage import HookLineageCollector
        except ImportError:
            pytest.skip("not in this place before Airflow 3.2")
        collector = HookLineageCollector()
        asset = collector.create_asset(
            scheme="frameio", asset_kwargs={"account_id": "a1", "version_stack_id": "s1"}, asset_extra=None
        )
        assert asset is not None
        assert asset.uri == "frameio://a1/s1"
