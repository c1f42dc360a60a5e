from datetime import UTC, datetime

import fsspec
import httpx
import pytest

from daybreak.errors import ConfigError, MissingExtraError, NotFoundError, ServiceError
from daybreak.http_retry import Retries
from daybreak.service.releases.object_storage import (
    EMPTY_HASH,
    S3Storage,
    open_storage,
    sign_request,
)
from tests.service.object_store import object_store, object_store_settings

AT_ONCE = Retries(times=2, base_s=0.0)


def test_the_signature_is_that_of_the_example_of_the_specification():
    # Amazon S3 API reference, "Signature calculations: single chunk", example "GET Bucket
    # Lifecycle", with its keys and its time.
    signed = sign_request(
        "GET",
        httpx.URL("https://examplebucket.s3.amazonaws.com/?lifecycle"),
        EMPTY_HASH,
        "us-east-1",
        ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
        datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    )


def test_the_token_of_a_session_is_signed():
    signed = sign_request(
        "GET", httpx.URL("https://b.example/a"), EMPTY_HASH, "r", ("id", "secret", "token")
    )
    assert signed["x-amz-security-token"] == "token"
    assert ";x-amz-security-token," in signed["authorization"]


@pytest.fixture
def server():
    with object_store({}) as running:
        yield running


@pytest.fixture
def storage(server):
    url = httpx.URL(f"http://127.0.0.1:{server.server_port}/bucket/a b")
    return S3Storage(url, "eu-central-1", ("key", "secret", ""), AT_ONCE)


def test_a_file_comes_back_as_it_was_put(storage, server, tmp_path):
    (tmp_path / "file").write_bytes(b"tea" * 1_000_000)
    storage.put("ü/one.bin", tmp_path / "file")
    assert list(server.objects) == ["a b/ü/one.bin"]
    assert b"".join(storage.read("ü/one.bin")) == b"tea" * 1_000_000


def test_temporary_faults_are_tried_again(storage, server, tmp_path):
    (tmp_path / "file").write_bytes(b"tea")
    server.faults = [503, 502]
    storage.put("one", tmp_path / "file")
    assert server.objects["a b/one"] == b"tea"
    server.faults = [503] * 3
    with pytest.raises(ServiceError, match="answers with status 503"):
        b"".join(storage.read("one"))


def test_a_missing_object_and_a_missing_server_are_told_apart(storage, server):
    with pytest.raises(NotFoundError, match="no object"):
        b"".join(storage.read("two"))
    gone = S3Storage(httpx.URL("http://127.0.0.1:1/b"), "r", ("k", "s", ""), AT_ONCE)
    with pytest.raises(ServiceError, match="cannot be reached"):
        b"".join(gone.read("two"))


def test_an_address_comes_from_the_environment(server):
    found = S3Storage.from_environment("bucket/x", object_store_settings(server))
    assert str(found._base) == f"http://127.0.0.1:{server.server_port}/bucket/x"
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    amazon = S3Storage.from_environment("bucket/x", keys)
    assert str(amazon._base) == "https://bucket.s3.us-east-1.amazonaws.com/x"
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY"):
        S3Storage.from_environment("bucket", {"AWS_ACCESS_KEY_ID": "key"})
    with pytest.raises(ConfigError, match="s3://BUCKET"):
        S3Storage.from_environment("", keys)


def test_other_storage_is_that_of_fsspec(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"tea")
    storage = open_storage("memory://test_object_storage/releases")
    storage.put("a/one", tmp_path / "file")
    assert b"".join(storage.read("a/one")) == b"tea"
    with pytest.raises(NotFoundError, match="no file"):
        b"".join(storage.read("two"))
    with pytest.raises(ConfigError, match="unknown address"):
        open_storage("nowhere://a/b")
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    monkeypatch.delattr(fsspec, "core")
    with pytest.raises(MissingExtraError, match="fsspec"):
        open_storage("memory://a")
