"""Host names, origins, and requests that pages of other sites cause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from daybreak.errors import ConfigError
from daybreak.server.http.problems import HttpProblem
from daybreak.server.options import ServerOptions
from daybreak.server.origins import Authority, OriginPolicy, normalize_origin

PAGE, OTHER = "https://shop.example", "https://elsewhere.example"
EVENT = {"user_id": "ann", "item_id": "tea"}
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key",
}
ALLOWED = "access-control-allow-origin"
SCOPE = {"type": "http", "server": ("127.0.0.1", 8000)}

OWN = ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"]
FOREIGN = [
    *("localhost:3000", "127.0.0.1:80", "testserver", "testserver:8000", "evil.example"),
    *(
        "evil.com:80@localhost",
        "evil.com@localhost:8000",
        "localhost@evil.com",
        "localhost.evil",
    ),
    *("localhost:8000/x", "localhost:8000?x", "localhost:", "localhost:x", ":8000", "", " "),
    *("localhost,evil.example", "localhost evil.example", "[", "[::2]:x", "a b", "localhost#"),
]


def is_accepted(check, headers):
    try:
        check(SCOPE, Headers(headers))
    except HttpProblem:
        return False
    return True


@pytest.mark.parametrize("host", OWN)
def test_the_names_of_the_server_with_its_port_are_accepted(host):
    policy = OriginPolicy("127.0.0.1", (), ())
    assert is_accepted(policy.check_host, {"host": host})
    if "8000" in host:
        assert is_accepted(policy.check_site, {"origin": f"http://{host}"})


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_and_other_ports_are_rejected_as_host_and_as_origin(host):
    policy = OriginPolicy("127.0.0.1", (), ())
    assert not is_accepted(policy.check_host, {"host": host})
    for scheme in ("http", "https"):
        assert not is_accepted(policy.check_site, {"origin": f"{scheme}://{host}"})


@pytest.mark.parametrize(
    "origin", ["null", "", "localhost:8000", "file://", "http://", "ws://a"]
)
def test_what_is_no_origin_is_rejected(origin):
    assert not is_accepted(OriginPolicy("::1", (), ()).check_site, {"origin": origin})


@given(st.text(alphabet="localhost127.:@/[]#?%\\ \t80", max_size=20))
def test_only_a_name_and_a_port_are_accepted(text):
    policy = OriginPolicy("127.0.0.1", (), ())
    is_own = text.lower() in {
        f"{name}{port}"
        for name in ("localhost", "127.0.0.1", "[::1]")
        for port in ("", ":8000")
    }
    found = Authority.parse(text)
    if is_accepted(policy.check_host, {"host": text}):
        assert is_own or (found and int(found.port or 8000) == 8000)
        assert not set(text) & set("@/#?%\\ \t")
    else:
        assert not is_own


@pytest.mark.parametrize(
    ("allowed", "host", "accepted"),
    [
        ("shop.local", "shop.local", True),
        ("shop.local", "Shop.Local:9000", True),
        ("shop.local:9000", "shop.local:9000", True),
        ("shop.local:9000", "shop.local:9001", False),
        ("localhost:3000", "localhost:3000", True),
        ("shop.local", "evil.shop.local", False),
    ],
)
def test_an_allowed_host_may_have_a_port(allowed, host, accepted):
    policy = OriginPolicy("127.0.0.1", (allowed,), ())
    assert is_accepted(policy.check_host, {"host": host}) is accepted
    assert is_accepted(policy.check_site, {"origin": f"https://{host}"}) is accepted


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "same-site", "referer": "http://localhost:8000/docs"}, True),
        ({"sec-fetch-site": "same-site", "referer": "http://localhost:3000/"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": PAGE}, True),
        ({"sec-fetch-site": "cross-site", "origin": OTHER}, False),
    ],
)
def test_the_browser_tells_which_site_a_request_is_from(headers, accepted):
    policy = OriginPolicy("127.0.0.1", (), (PAGE,))
    assert is_accepted(policy.check_site, headers) is accepted


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),  # an image in an old browser
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "X-API-Key": "any"}, 403),
        ({"Referer": "https://evil.example/"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Referer": "http://localhost:3000/"}, 403),
        ({"Origin": "http://localhost:3000", "X-API-Key": "any"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"X-API-Key": "any"}, 200),
        ({"X-API-Version": "2"}, 200),
        ({"Content-Type": "application/json"}, 200),
    ],
)
def test_an_image_in_a_page_changes_nothing(client, live, headers, status):
    path = "/api/recommend/ann?n=1&write-back-type=read"
    answer = client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert bool(live.posted) is (status == 200)


@pytest.mark.parametrize("path", ["/api/v1/train", "/api/v1/models/rollback", "/api/v1/import"])
def test_a_form_in_a_page_changes_nothing(client, path):
    for headers in ({"Origin": "null"}, {"Origin": OTHER}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")


def test_without_the_option_everything_stays_closed(client):
    answer = client.options("/api/v1/recommend", headers={"Origin": PAGE, **PREFLIGHT})
    assert answer.status_code == 405
    answer = client.get("/api/v1/popular", headers={"Origin": PAGE})
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")
    assert ALLOWED not in answer.headers


def test_pages_of_an_allowed_origin_use_a_server_without_keys(start, live):
    client = start(origins=(PAGE,))
    for page, is_open in ((PAGE, True), (OTHER, False), ("http://shop.example", False)):
        site = {"Origin": page, "Sec-Fetch-Site": "cross-site"}
        asked = client.options("/api/v1/events", headers={**site, **PREFLIGHT})
        assert asked.status_code == (200 if is_open else 403)
        assert asked.headers.get(ALLOWED) == (page if is_open else None)
        answer = client.post("/api/v1/events", json=EVENT, headers=site)
        assert answer.status_code == (200 if is_open else 403)
        assert answer.headers.get(ALLOWED) == (page if is_open else None)
        assert "Origin" in answer.headers["vary"]
    assert len(live.posted) == 1


def test_every_kind_of_answer_has_the_headers(start, live):
    client = start(origins=(PAGE, "http://localhost:3000"), keys="on", body_mb=0.01)
    for page in (PAGE, "http://localhost:3000"):
        headers = {"Origin": page}
        for method, path, status in [
            ("GET", "/api/v1/popular", 401),
            ("GET", "/api/v1/nothing", 404),
            ("POST", "/health/live", 405),
            ("GET", "/api/v1/items/%FF", 400),
            ("GET", "/health/live", 200),
        ]:
            answer = client.request(method, path, headers=headers)
            assert (answer.status_code, answer.headers.get(ALLOWED)) == (status, page)
            assert (
                answer.headers["access-control-expose-headers"] == "retry-after, x-request-id"
            )
            assert len(answer.headers["x-request-id"]) == 32


def test_an_unexpected_error_has_the_headers(start, live, monkeypatch):
    client = start(origins=(PAGE,))

    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(live, "submit", fail)
    answer = client.get("/api/v1/recommend/ann", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers.get(ALLOWED)) == (500, PAGE)
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_every_origin_may_use_a_server_with_keys(start):
    client = start(origins=("*",), keys="on")
    answer = client.get("/api/v1/popular", headers={"Origin": OTHER})
    assert (answer.status_code, answer.headers[ALLOWED]) == (401, "*")
    assert "access-control-allow-credentials" not in answer.headers
    with pytest.raises(ConfigError, match="require keys"):
        ServerOptions(origins=("*",))


def test_headers_and_methods_that_are_not_listed_are_rejected(start):
    client = start(origins=(PAGE,))
    for odd in (
        {"Access-Control-Request-Method": "TRACE"},
        {**PREFLIGHT, "Access-Control-Request-Headers": "x-secret"},
    ):
        asked = client.options("/api/v1/recommend", headers={"Origin": PAGE, **odd})
        assert (asked.status_code, asked.json()["code"]) == (403, "bad_origin")


@pytest.mark.parametrize(
    "wrong",
    ["shop.example", "https://shop.example/", "https://a/b", "null", "", "ftp://a", "https://*.a",
     "https://a@b", "https://a:b"],
)  # fmt: skip
def test_what_is_no_origin_is_refused_at_the_start(wrong):
    with pytest.raises(ConfigError, match="origins must be scheme://host"):
        ServerOptions(origins=(wrong,))


@given(st.sampled_from(["http", "https"]), st.from_regex(r"[a-z0-9-]{1,9}", fullmatch=True),
       st.none() | st.integers(1, 65_535))  # fmt: skip
def test_an_origin_is_written_as_browsers_write_it(scheme, name, port):
    text = f"{scheme}://{name}" + (f":{port}" if port else "")
    written = normalize_origin(text.upper())
    assert normalize_origin(written) == written
    assert Authority.of_origin(written) == Authority.of_origin(text)
    assert not written.endswith({"http": ":80", "https": ":443"}[scheme])
