"""A connection's settings: what its fields may hold in each of the forms that Airflow gives them."""

from __future__ import annotations

import traceback
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_frameio.api.auth.settings import API_URL, IMS_URL, SCOPES, USER_SCOPES, Settings, fields_of
from airflow_provider_frameio.api.errors import InvalidConnection
from tests.reported import reported

SECRET = "p8e-S3cret_value"


def read(conn_id: str = "frameio_default", **fields: Any) -> Settings:
    return Settings.from_connection(conn_id, **{"login": "client-1", "password": SECRET, **fields})


def extra(**fields: Any) -> Settings:
    return read(extra=fields)


def test_a_connection_needs_no_more_than_a_client_and_its_secret() -> None:
    """Everything else has a default."""
    assert read() == Settings(
        conn_id="frameio_default",
        base_url="https://api.frame.io",
        auth_type="server_to_server",
        client_id="client-1",
        secret=SECRET,
        account_id="",
        ims_url="https://ims-na1.adobelogin.com",
        scopes="openid AdobeID frame.s2s.all",
        timeout=60.0,
        verify=True,
        proxies={},
        headers={},
        time_scale=1.0,
    )


@pytest.mark.parametrize("empty", ["", None])
def test_a_field_left_empty_in_the_form_means_its_default(empty: str | None) -> None:
    """The form stores empty fields as null or as empty texts."""
    names = ("auth_type", "account_id", "ims_url", "scopes", "timeout", "verify", "proxies", "headers", "time_scale")
    assert read(host=empty, schema=empty, extra=dict.fromkeys(names, empty)) == read()


@pytest.mark.parametrize("name", ["auth_type", "account_id", "ims_url", "scopes", "verify", "proxies", "headers"])
def test_blanks_mean_the_default_too(name: str) -> None:
    """Above all for ``verify``: an empty one would switch verification off."""
    assert extra(**{name: "  "}) == read()


def test_every_extra_is_read() -> None:
    """As a JSON value."""
    found = read(
        login=" client-1 ",
        extra={
            "auth_type": "server_to_server",
            "account_id": " a-1 ",
            "ims_url": "https://ims.example/",
            "scopes": "openid,AdobeID, more\n",
            "timeout": 90,
            "verify": False,
            "proxies": {"https": "http://user:pass@proxy:8080"},
            "headers": {"x-api-key": "k"},
            "time_scale": 0.01,
            "unknown": "left alone",
        },
    )
    assert found == Settings(
        client_id="client-1",
        secret=SECRET,
        account_id="a-1",
        ims_url="https://ims.example",
        scopes="openid AdobeID more",
        timeout=90.0,
        verify=False,
        proxies={"https": "http://user:pass@proxy:8080"},
        headers={"x-api-key": "k"},
        time_scale=0.01,
    )


def test_extras_may_all_be_text() -> None:
    """As they are in a connection URI, and where a form has but text fields."""
    found = extra(timeout="90.5", verify="false", time_scale="0.5", proxies='{"https": "http://p:1"}', headers=" {} ")
    assert (found.timeout, found.verify, found.time_scale) == (90.5, False, 0.5)
    assert (found.proxies, found.headers) == ({"https": "http://p:1"}, {})


@pytest.mark.parametrize("auth_type", ["token", "legacy_token"])
def test_a_token_needs_no_client(auth_type: str) -> None:
    """Only the password."""
    found = Settings.from_connection("c", password="fio-u-x", extra={"auth_type": auth_type})
    assert (found.auth_type, found.client_id, found.secret) == (auth_type, "", "fio-u-x")


@pytest.mark.parametrize(
    ("host", "schema", "port", "url"),
    [
        (None, None, None, API_URL),
        ("  ", None, None, API_URL),
        ("", None, 443, API_URL),
        ("https://api.frame.io", None, 443, "https://api.frame.io:443"),
        ("https://api.frame.io", None, 0, "https://api.frame.io"),
        ("https://api.frame.io", None, None, "https://api.frame.io"),
        (" https://api.frame.io/ \r\n", None, None, "https://api.frame.io"),
        ("HTTPS://API.FRAME.IO", None, None, "HTTPS://API.FRAME.IO"),
        ("api.frame.io", None, None, "https://api.frame.io"),
        ("api.frame.io", "https", 8443, "https://api.frame.io:8443"),
        ("api.frame.io:8443", "https", None, "https://api.frame.io:8443"),
        ("https://api.frame.io:8443", None, 443, "https://api.frame.io:8443"),
        ("https://gateway.example/frameio/", None, None, "https://gateway.example/frameio"),
        ("https://gateway.example/frameio", None, 8443, "https://gateway.example:8443/frameio"),
        ("127.0.0.1", "http", 8765, "http://127.0.0.1:8765"),
        ("http://127.0.0.2:8765", None, None, "http://127.0.0.2:8765"),
        ("http://localhost:8765", None, None, "http://localhost:8765"),
        ("http://LOCALHOST", None, None, "http://LOCALHOST"),
        ("http://[::1]:8765", None, None, "http://[::1]:8765"),
        ("::1", "http", 8765, "http://[::1]:8765"),
        ("[::1]", "http", 8765, "http://[::1]:8765"),
        ("http://[::1]", None, 8765, "http://[::1]:8765"),
    ],
)
def test_the_base_url_comes_whole_or_in_parts(host: str | None, schema: str | None, port: int | None, url: str) -> None:
    """A form holds a URL in Host; a connection URI is split into host, schema and port."""
    assert read(host=host, schema=schema, port=port).base_url == url


HIDDEN = "hidden-S3cret"
BAD_URLS = [
    "ftp://api.frame.io",
    "https://",
    "https:///v4",
    f"https://user:{HIDDEN}@api.frame.io",
    f"https://:{HIDDEN}@api.frame.io",
    f"https://{HIDDEN}@api.frame.io",
    f"https://user:{HIDDEN}/x@api.frame.io",
    f"user:{HIDDEN}@api.frame.io",
    f"https://api.frame.io:{HIDDEN}",
    f"https://api.frame.io/?token={HIDDEN}",
    f"https://api.frame.io/#{HIDDEN}",
    "https://api.frame.io:99999",
    "https://[::1",
    "https://api.fra\nme.io",
    "https://api.frame.io\x00",
    "https://api.frame.io evil",
    "https://evil.example\\.frame.io",
]


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize("name", ["host", "ims_url"])
def test_what_is_no_url_is_refused_and_not_shown(url: str, name: str) -> None:
    """There may be a password in it, or in the complaint of whoever read it."""
    with pytest.raises(InvalidConnection, match=f"field '{name}': give a URL such as https://api.frame.io, ") as caught:
        read(host=url) if name == "host" else extra(ims_url=url)
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "host", ["api.frame.io", "10.0.0.1", "0.0.0.0", "localhost.evil.example", "127.evil.example", "evil.localhost"]
)
@pytest.mark.parametrize("name", ["host", "ims_url"])
def test_plain_http_is_for_loopback_only(host: str, name: str) -> None:
    """It would show the token to the network."""
    with pytest.raises(InvalidConnection, match=f"field '{name}': plain http to '{host}'"):
        read(host=f"http://{host}") if name == "host" else extra(ims_url=f"http://{host}")


@pytest.mark.parametrize(
    ("given", "verify"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("true", True),
        (" True ", True),
        ("yes", True),
        ("1", True),
        ("FALSE", False),
        ("no", False),
        ("0", False),
        ("/etc/ssl/company.pem", "/etc/ssl/company.pem"),
    ],
)
def test_verify_is_a_word_or_a_path(given: object, verify: bool | str) -> None:
    """A form can give but text."""
    found = extra(verify=given).verify
    assert (found, type(found)) == (verify, type(verify))


def test_a_secret_that_was_pasted_with_its_line_end_works() -> None:
    """The end is cut off."""
    assert read(password=f" {SECRET}\r\n").secret == SECRET


BAD_SECRETS = {
    "missing": (None, "empty"),
    "empty": ("", "empty"),
    "blank": (" \r\n", "empty"),
    "Airflow's own mask": ("***", "asterisks that Airflow's form saved"),
    "a longer mask": ("********", "asterisks"),
    "a line end in it": ("p8e\r\nx: y", "line ends"),
    "a blank in it": ("Bearer abc", "blanks"),
    "a control character": ("p8e\x00x", "other characters"),
    "a letter beyond ASCII": ("p8é", "other characters"),
}


@pytest.mark.parametrize(("password", "said"), BAD_SECRETS.values(), ids=BAD_SECRETS)
def test_what_cannot_be_a_secret_is_refused_and_not_shown(password: str | None, said: str) -> None:
    """The message says what to do."""
    with pytest.raises(InvalidConnection, match=f"Connection 'mine', field 'password': .*{said}") as caught:
        read("mine", password=password)
    assert "p8" not in str(caught.value)


BAD_FIELDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no client": ("login", {"login": None}, "empty; server_to_server needs the client ID"),
    "a blank client": ("login", {"login": "  "}, "empty"),
    "a user without a client": ("login", {"login": "", "extra": {"auth_type": "user"}}, "user needs the client ID"),
    "a Variable for all to see": (
        "auth_variable",
        {"extra": {"auth_type": "user", "auth_variable": "frameio_ada"}},
        "'frameio_ada' would be shown in Airflow's UI; have 'token' or 'secret' or 'password' in the name",
    ),
    "a Variable's name that is none": (
        "auth_variable",
        {"extra": {"auth_type": "user", "auth_variable": 5}},
        "not text",
    ),
    "an extra that is a list": ("extra", {"extra": [HIDDEN]}, "a JSON object belongs here.* this is a list"),
    "an extra that is a text": ("extra", {"extra": HIDDEN}, "this is a str"),
    "a host with the API's version": ("host", {"host": "https://api.frame.io/v4/"}, "leave out the /v4 at its end"),
    "its parts": ("host", {"host": "gateway.example/frame/v4", "schema": "https"}, "leave out the /v4 at its end"),
    "unknown auth_type": ("auth_type", {"extra": {"auth_type": "oauth"}}, "'oauth' is none of server_to_server, user"),
    "auth_type a list": ("auth_type", {"extra": {"auth_type": ["token"]}}, r"\['token'\] is not text"),
    "account rendered as None": ("account_id", {"extra": {"account_id": "None"}}, "no id was given"),
    "account with a blank": ("account_id", {"extra": {"account_id": "a b"}}, "an id has no blanks"),
    "account a number": ("account_id", {"extra": {"account_id": 5}}, "5 is not text"),
    "scopes a list": ("scopes", {"extra": {"scopes": ["openid"]}}, "is not text"),
    "timeout 0": ("timeout", {"extra": {"timeout": 0}}, "0 is not a number above 0"),
    "timeout negative": ("timeout", {"extra": {"timeout": -1}}, "-1 is not"),
    "timeout a word": ("timeout", {"extra": {"timeout": "long"}}, "'long' is not"),
    "timeout endless": ("timeout", {"extra": {"timeout": "inf"}}, "'inf' is not"),
    "timeout no number": ("timeout", {"extra": {"timeout": "nan"}}, "'nan' is not"),
    "timeout true": ("timeout", {"extra": {"timeout": True}}, "True is not"),
    "timeout a list": ("timeout", {"extra": {"timeout": [5]}}, r"\[5\] is not"),
    "timeout beyond numbers": ("timeout", {"extra": {"timeout": 10**400}}, "is not a number above 0"),
    "time_scale 0": ("time_scale", {"extra": {"time_scale": 0}}, "0 is not"),
    "verify a list": ("verify", {"extra": {"verify": []}}, r"\[\] is not text"),
    "verify 2": ("verify", {"extra": {"verify": 2}}, "2 is not text"),
    "proxies no JSON": ("proxies", {"extra": {"proxies": "http://p"}}, "not a JSON object: Expecting value"),
    "proxies a list": ("proxies", {"extra": {"proxies": '["x"]'}}, "give a JSON object of texts"),
    "headers of numbers": ("headers", {"extra": {"headers": {"x": 1}}}, "give a JSON object of texts"),
    "a header with a line end": ("headers", {"extra": {"headers": {"x": "a\r\nb: c"}}}, "has a line end"),
    "a header's name with one": ("headers", {"extra": {"headers": '{"x\\ny": "a"}'}}, "has a line end"),
    "a header beyond ASCII": ("headers", {"extra": {"headers": {"x": "€"}}}, "a letter beyond ASCII"),
}


@pytest.mark.parametrize(("name", "fields", "said"), BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_a_field_that_cannot_be_right_is_named(name: str, fields: dict[str, Any], said: str) -> None:
    """With the connection, before anything is sent."""
    with pytest.raises(InvalidConnection, match=rf"^Connection 'mine', field '{name}': .*{said}.*(?<!\.)\.$") as caught:
        read("mine", **fields)
    assert (caught.value.conn_id, caught.value.field) == ("mine", name)


def test_a_header_is_cut_to_what_may_be_sent() -> None:
    """Blanks around it would be refused later, by a message that shows it."""
    assert extra(headers={"x-api-key ": " k\n"}).headers == {"x-api-key": "k"}


def test_settings_never_show_a_secret() -> None:
    """Neither their repr nor their str: they may be logged."""
    found = extra(proxies={"https": f"http://u:{HIDDEN}@p"}, headers={"x-api-key": HIDDEN})
    for shown in (repr(found), str(found), f"{found}"):
        assert SECRET not in shown
        assert HIDDEN not in shown
        assert "client-1" in shown


class TestUser:
    """``auth_type`` ``user``."""

    def test_its_tokens_are_kept_in_a_variable_named_after_the_connection(self) -> None:
        """And it asks for what the user's API needs, a refresh token above all."""
        found = read("mine", extra={"auth_type": "user"})
        assert (found.auth_type, found.client_id, found.secret) == ("user", "client-1", SECRET)
        assert found.auth_variable == "frameio_token_mine"
        assert found.scopes == USER_SCOPES == "openid email profile offline_access additional_info.roles"

    def test_the_variable_may_be_another(self) -> None:
        """As long as Airflow hides its value."""
        assert extra(auth_type="user", auth_variable=" Ada_Token ").auth_variable == "Ada_Token"

    @pytest.mark.parametrize("password", [None, "", " \r\n"])
    def test_its_client_may_have_no_secret(self, password: str | None) -> None:
        """PKCE stands in for it."""
        assert read(password=password, extra={"auth_type": "user"}).secret == ""

    def test_a_secret_loses_the_line_end_it_was_pasted_with(self) -> None:
        """Also Windows'."""
        assert read(password=f"{SECRET}\r\n", extra={"auth_type": "user"}).secret == SECRET

    def test_others_have_no_variable(self) -> None:
        """Whatever the extra says."""
        assert extra(auth_variable="some_token") == extra(auth_variable="for all to see") == read()


def test_the_constants_are_the_documented_ones() -> None:
    """The form shows them."""
    assert (API_URL, IMS_URL) == ("https://api.frame.io", "https://ims-na1.adobelogin.com")
    assert SCOPES == "openid AdobeID frame.s2s.all"


@pytest.mark.parametrize("address", ["http://user:pw@", "proxy:3128", "http://[::1", "http://a b:1"])
def test_a_proxy_is_a_url(address: str) -> None:
    """What requests would stumble over is refused here, without showing what may hold a password."""
    with pytest.raises(InvalidConnection, match="'proxies': give a URL for each scheme") as error:
        Settings.from_connection("c", login="id", password="secret", extra={"proxies": {"https": address}})
    assert "pw" not in str(error.value)


def test_the_secrets_of_a_connection_are_each_to_be_masked() -> None:
    """A proxy's password alone, too, as it is typed and as it stands in the address."""
    proxies = {"https": "http://user:p%40ss@proxy.example:3128", "http": "http://proxy.example"}
    found = extra(proxies=proxies, headers={"x-api-key": "k1"})
    assert list(found.secrets()) == [SECRET, *proxies.values(), "k1", "p%40ss", "p@ss"]


def test_an_error_of_a_connection_holds_no_secret() -> None:
    """Neither do the local variables of its frames, which error reporters send."""
    proxies = {"https": "http://user:pa55word@proxy.example:3128"}
    with pytest.raises(InvalidConnection) as raised:
        extra(proxies=proxies, timeout="soon")
    assert [secret for secret in (SECRET, "pa55word") if secret in reported(raised.value)] == []


def test_a_connection_without_a_secret_has_none_to_mask() -> None:
    """A public client of a user's."""
    assert list(Settings.from_connection("c", login="id", extra={"auth_type": "user"}).secrets()) == []


def test_the_fields_of_a_connection_of_airflows() -> None:
    """By the names that both Airflow 2 and 3 give them."""
    connection = SimpleNamespace(
        host="api.frame.io", schema="https", port=None, login="id", password=SECRET, extra_dejson={"account_id": "a1"}
    )
    found = Settings.from_connection("c", **fields_of(connection))
    assert (found.base_url, found.client_id, found.secret, found.account_id) == (API_URL, "id", SECRET, "a1")
