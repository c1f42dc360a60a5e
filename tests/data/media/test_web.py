"""Web addresses are fetched only where the setting allows it, within limits."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from daybreak.data.media import web
from daybreak.data.media.refusals import RefusedMediaError
from daybreak.errors import ConfigError
from tests.data.media.samples import encode, noise

PICTURE = encode(noise())


class _Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/turn":
            self.send_response(302)
            self.send_header("Location", "/a.png")
            self.end_headers()
            return
        if self.path == "/round":
            self.send_response(302)
            self.send_header("Location", "/round")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/none" else 200)
        self.end_headers()
        self.wfile.write(PICTURE * (1_000 if self.path == "/big" else 1))

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def shop():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/a.png", "/turn"])
def test_a_picture_is_fetched_also_after_a_redirection(shop, path):
    assert web.fetch_media(shop + path, "picture", "any") == PICTURE


@pytest.mark.parametrize(
    ("path", "policy", "code"),
    [
        ("/a.png", "none", "picture_url_not_allowed"),
        ("/a.png", "public", "picture_private_address"),
        ("/none", "any", "picture_url_failed"),
        ("/round", "any", "picture_url_failed"),
    ],
)
def test_an_address_that_is_not_fetched_has_one_code(shop, path, policy, code):
    with pytest.raises(RefusedMediaError) as caught:
        web.fetch_media(shop + path, "picture", policy)
    assert caught.value.media_code == code


def test_a_file_that_is_too_large_is_not_read_to_its_end(shop, monkeypatch):
    monkeypatch.setattr(web, "MAX_MEDIA_BYTES", 10_000)
    with pytest.raises(RefusedMediaError) as caught:
        web.fetch_media(f"{shop}/big", "sound", "any")
    assert caught.value.media_code == "sound_too_many_bytes"


def test_the_time_is_limited(shop, monkeypatch):
    monkeypatch.setattr(web, "MAX_FETCH_S", 0.0)
    with pytest.raises(RefusedMediaError, match="picture_url_failed"):
        web.fetch_media(f"{shop}/a.png", "picture", "any")


@pytest.mark.parametrize(
    "url",
    ["http://[", "ftp://shop.example/a.png", "http://", "http://a b/", "http://x:99999/a"],
)
def test_an_address_that_is_none_is_told(url):
    with pytest.raises(RefusedMediaError, match="picture_url_failed"):
        web.fetch_media(url, "picture", "any")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "::1"),
        *("fe80::1%eth0", "::ffff:10.0.0.1", "2002:0a00:0001::", "224.0.0.1", "100.64.0.1"),
    ],
)
def test_addresses_of_private_networks_are_known(address):
    assert not web.is_public_address(address)


def test_a_name_with_one_private_address_is_refused(monkeypatch):
    def resolve(*_, **__):
        return [(2, 1, 6, "", ("9.9.9.9", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(web.socket, "getaddrinfo", resolve)
    with pytest.raises(RefusedMediaError, match="picture_private_address"):
        web.fetch_media("http://shop.example/a.png", "picture", "public")


def test_an_unknown_policy_is_told(monkeypatch):
    monkeypatch.setenv("DAYBREAK_MEDIA_URLS", "yes")
    with pytest.raises(ConfigError, match="'yes'"):
        web.url_policy()
