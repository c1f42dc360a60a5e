"""Files in object storage: with the protocol of S3, and all that fsspec knows.

Start with :func:`open_storage`; :mod:`.remote` keeps releases there.
"""

import hashlib
import hmac
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from daybreak.errors import ConfigError, MissingExtraError, NotFoundError, ServiceError
from daybreak.http_retry import AttemptOutcome, Retries

S3_SCHEMES = ("s3", "s3a")
"""Schemes of the protocol of S3."""
READ_BYTES = 1 << 20
"""Bytes that are read at a time."""
MAX_PUT_BYTES = 5 * 1024**3
"""Largest file of one request; S3 accepts no larger one [bytes]."""
TIMEOUT_S = 60.0
"""Longest wait for the next bytes [s]."""
ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
TRANSIENT_STATUS = frozenset({500, 502, 503, 504})


class ObjectStorage(ABC):
    """Files below one address."""

    @abstractmethod
    def put(self, name: str, path: Path) -> None:
        """Write a file, and replace one of that name.

        Args:
            name: Name below the address, with ``/`` between folders.
            path: File on this machine.

        Raises:
            ServiceError: It cannot be written.
        """

    @abstractmethod
    def read(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file in parts.

        Args:
            name: Name below the address.

        Raises:
            NotFoundError: There is no such file.
            ServiceError: It cannot be read.
        """


def open_storage(address: str) -> ObjectStorage:
    """Return the files below an address.

    Args:
        address: ``s3://BUCKET/PREFIX``, or an address that fsspec knows, such as
            ``gs://BUCKET/PREFIX``.

    Raises:
        ConfigError: The address has another form, or keys are missing.
        MissingExtraError: The package of another kind of storage is not installed.
    """
    scheme, _, place = address.partition("://")
    if scheme in S3_SCHEMES:
        return S3Storage.from_environment(place, os.environ)
    return FileSystemStorage(address)


class S3Storage(ObjectStorage):
    """Objects of a bucket of S3, or of a server with its protocol.

    Args:
        base: Address of the bucket, with the prefix.
        region: Region that is signed.
        keys: Id of the key, the secret key, and the token of a session, which may be empty.
        retries: When a request is sent again.

    Source:
        Amazon S3 API reference, "Authenticating requests: using the Authorization header",
        signature version 4.
    """

    def __init__(
        self,
        base: httpx.URL,
        region: str,
        keys: tuple[str, str, str],
        retries: Retries | None = None,
    ) -> None:
        self._base = base
        self._region = region
        self._keys = keys
        self._retries = retries or Retries(transient_status=TRANSIENT_STATUS)

    @classmethod
    def from_environment(cls, place: str, environment: Mapping[str, str]) -> "S3Storage":
        """Return the storage of a bucket, with address and keys of the environment.

        Args:
            place: ``BUCKET/PREFIX``.
            environment: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, and if need be
                ``AWS_SESSION_TOKEN``, ``AWS_REGION`` and ``AWS_ENDPOINT_URL``.

        Raises:
            ConfigError: The bucket or the keys are missing.
        """
        bucket, _, prefix = place.partition("/")
        if not bucket:
            raise ConfigError("the address of a bucket must look like s3://BUCKET/PREFIX")
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise ConfigError(f"s3://{bucket} needs the environment variable {missing[0]}")
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        region = region or "us-east-1"
        endpoint = environment.get("AWS_ENDPOINT_URL", "").rstrip("/")
        bucket_url = f"{endpoint}/{bucket}"
        if not endpoint:
            bucket_url = f"https://{bucket}.s3.{region}.amazonaws.com"
        token = environment.get("AWS_SESSION_TOKEN", "")
        base = httpx.URL(f"{bucket_url}/{quote(prefix.strip('/'))}")
        return cls(base, region, (environment[names[0]], environment[names[1]], token))

    def put(self, name: str, path: Path) -> None:
        """Write a file in one request; see :meth:`ObjectStorage.put`."""
        size = path.stat().st_size
        if size > MAX_PUT_BYTES:
            raise ServiceError(
                f"{path.name} has {size:,} bytes; object storage takes up to {MAX_PUT_BYTES:,} "
                "in one file"
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        headers = {"Content-Length": str(size)}
        with (
            httpx.Client(timeout=TIMEOUT_S) as client,
            self._send(client, "PUT", name, digest, (path, headers)),
        ):
            pass

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the content of an object in parts; see :meth:`ObjectStorage.read`."""
        with (
            httpx.Client(timeout=TIMEOUT_S) as client,
            self._send(client, "GET", name, EMPTY_HASH) as response,
        ):
            try:
                yield from response.iter_raw(READ_BYTES)
            except httpx.HTTPError as error:
                raise ServiceError(f"{self._url(name)} was not read to its end") from error

    def _url(self, name: str) -> httpx.URL:
        return httpx.URL(f"{str(self._base).rstrip('/')}/{quote(name)}")

    @contextmanager
    def _send(
        self,
        client: httpx.Client,
        method: str,
        name: str,
        digest: str,
        body: tuple[Path, dict[str, str]] | None = None,
    ) -> Iterator[httpx.Response]:
        """Send a request, several times if need be; yield a response that has succeeded."""
        url, attempt = self._url(name), 0
        path, more = (None, {}) if body is None else body
        while True:
            signed = sign_request(method, url, digest, self._region, self._keys)
            content = None if path is None else path.open("rb")
            request = client.build_request(method, url, headers=signed | more, content=content)
            outcome: AttemptOutcome
            try:
                outcome = client.send(request, stream=True)
            except httpx.TransportError as error:
                outcome = error
            finally:
                if content is not None:
                    content.close()
            wait_s = self._retries.wait_s(outcome, attempt=attempt, repeatable=True)
            if isinstance(outcome, httpx.Response) and outcome.is_success:
                break
            if wait_s is None:
                raise _failure(url, outcome)
            if isinstance(outcome, httpx.Response):
                outcome.close()
            time.sleep(wait_s)
            attempt += 1
        try:
            yield outcome
        finally:
            outcome.close()


class FileSystemStorage(ObjectStorage):
    """Files of a file system of fsspec.

    Args:
        address: Address of a folder.

    Raises:
        MissingExtraError: A package is not installed.
        ConfigError: fsspec does not know the address.
    """

    def __init__(self, address: str) -> None:
        try:
            import fsspec.core  # noqa: PLC0415 - an optional package
        except ImportError as error:
            raise MissingExtraError(f"the address {address!r}", "fsspec") from error
        try:
            self._files, folder = fsspec.core.url_to_fs(address)
        except ImportError as error:
            raise MissingExtraError(f"the address {address!r}", str(error)) from error
        except ValueError as error:
            raise ConfigError(f"unknown address {address!r}: {error}") from error
        self._folder: str = folder.rstrip("/")

    def put(self, name: str, path: Path) -> None:
        """Write a file; see :meth:`ObjectStorage.put`."""
        target = f"{self._folder}/{name}"
        try:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(path), target)
        except OSError as error:
            raise ServiceError(f"cannot write {target}: {error}") from error

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file in parts; see :meth:`ObjectStorage.read`."""
        path = f"{self._folder}/{name}"
        try:
            with self._files.open(path, "rb") as file:
                while part := file.read(READ_BYTES):
                    yield part
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no file {path}") from error
        except OSError as error:
            raise ServiceError(f"cannot read {path}: {error}") from error


def sign_request(
    method: str,
    url: httpx.URL,
    digest: str,
    region: str,
    keys: tuple[str, str, str],
    at: datetime | None = None,
) -> dict[str, str]:
    """Return the headers that sign a request; see the source of :class:`S3Storage`.

    Args:
        method: Method.
        url: Address.
        digest: SHA-256 of the body, in hexadecimal digits.
        region: Region of the server.
        keys: See :class:`S3Storage`.
        at: Time of the request; default: now.
    """
    key_id, secret, token = keys
    stamp = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": url.netloc.decode("ascii"),
        "x-amz-content-sha256": digest,
        "x-amz-date": stamp,
    }
    headers |= {"x-amz-security-token": token} if token else {}
    names = ";".join(headers)  # in alphabetical order
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    path = url.raw_path.decode("ascii").partition("?")[0]
    parts = url.query.decode("ascii").split("&") if url.query else []
    query = "&".join(sorted(part if "=" in part else f"{part}=" for part in parts))
    canonical = "\n".join((method, path, query, lines, names, digest))
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashed}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"{ALGORITHM} Credential={key_id}/{scope},SignedHeaders={names},Signature={signature}"
    )
    return headers


def _failure(url: httpx.URL, outcome: Any) -> Exception:
    if not isinstance(outcome, httpx.Response):
        return ServiceError(f"{url} cannot be reached: {outcome}")
    outcome.close()
    if outcome.status_code == httpx.codes.NOT_FOUND:
        return NotFoundError(f"there is no object {url}")
    return ServiceError(f"{url} answers with status {outcome.status_code}")
