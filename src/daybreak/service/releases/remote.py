"""Releases in object storage: pushed after a training, fetched and compared by their hashes.

The folder of a release on this machine is a copy. Start with :func:`push_release` and
:func:`fetch_release`.
"""

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from daybreak.encoders.folders import cache_folder
from daybreak.errors import DataError, NotFoundError
from daybreak.service.releases.integrity import (
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    flush_folder,
    read_manifest,
)

if TYPE_CHECKING:
    from daybreak.service.releases.object_storage import ObjectStorage

COPY_KEY = "copy"
"""Key of the address and the hash of a pushed release, in the metadata of the store."""
DERIVED_FILES = ("map.safetensors",)
"""Files of a release that its manifest does not list, because they can be computed again."""


def is_remote(address: object) -> bool:
    """Return whether an address is that of object storage, not a folder of this machine.

    Example:
        >>> is_remote("s3://shop/releases"), is_remote("releases/20261129")
        (True, False)
    """
    return isinstance(address, str) and "://" in address


def push_release(folder: Path, address: str) -> dict[str, str]:
    """Copy a release into object storage; the manifest comes last.

    Args:
        folder: Folder of the release, with a manifest.
        address: Address below which the release gets the name of its folder.

    Returns:
        ``url``, and ``sha256`` of the manifest, by which :func:`fetch_release` knows it again.

    Raises:
        DataError: The release has no manifest.
        ServiceError: A file cannot be written.
    """
    url = f"{address.rstrip('/')}/{folder.name}"
    storage = _open(url)
    names = list(read_manifest(folder / MANIFEST_FILE))
    names += [name for name in DERIVED_FILES if (folder / name).is_file()]
    for name in (*names, MANIFEST_FILE):
        storage.put(name, folder / name)
    manifest = (folder / MANIFEST_FILE).read_bytes()
    return {"url": url, "sha256": hashlib.sha256(manifest).hexdigest()}


def fetch_release(url: str, folder: Path, sha256: str | None = None) -> None:
    """Copy a release from object storage into a folder, which appears when it is complete.

    Args:
        url: Address of the release.
        folder: Folder on this machine that does not exist yet.
        sha256: Hash of the manifest; None: any manifest will do.

    Raises:
        NotFoundError: There is no release.
        DataError: A file differs from its hash, or the folder cannot be written.
        ServiceError: The storage cannot be read.
    """
    storage = _open(url)
    draft = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}")
    try:
        draft.mkdir(parents=True)
        _fetch_file(storage, url, MANIFEST_FILE, draft, {"sha256": sha256})
        for name, expected in read_manifest(draft / MANIFEST_FILE).items():
            _fetch_file(storage, url, name, draft, expected)
        for name in DERIVED_FILES:
            with suppress(NotFoundError):
                _fetch_file(storage, url, name, draft, {})
        flush_folder(draft)
        _publish(draft, folder)
    except OSError as error:
        raise DataError(f"the release {url} cannot be written to {folder}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def fetch_copy(metadata: Mapping[str, Any], folder: Path) -> bool:
    """Fetch a release of a store that has been pushed, if the folder is missing.

    Args:
        metadata: Metadata of the release.
        folder: Folder of the release on this machine.

    Returns:
        Whether it was fetched; False: it is here, or has not been pushed.

    Raises:
        NotFoundError: See :func:`fetch_release`.
        DataError: See :func:`fetch_release`.
        ServiceError: See :func:`fetch_release`.
    """
    copy = metadata.get(COPY_KEY)
    if folder.exists() or not isinstance(copy, Mapping):
        return False
    fetch_release(str(copy["url"]), folder, str(copy["sha256"]))
    return True


def local_folder(place: str | Path) -> Path:
    """Return the folder of a release that may be in object storage.

    Args:
        place: Folder, or address of a release; it is fetched into the cache folder once. What
            is there under an address must not change.

    Raises:
        NotFoundError: See :func:`fetch_release`.
        DataError: See :func:`fetch_release`.
        ServiceError: See :func:`fetch_release`.
    """
    if not is_remote(place):
        return Path(place)
    url = str(place).rstrip("/")
    name = hashlib.sha256(url.encode()).hexdigest()[:32]
    folder = cache_folder() / "releases" / name
    if not folder.exists():
        fetch_release(url, folder)
    return folder


def _open(url: str) -> "ObjectStorage":
    from daybreak.service.releases.object_storage import open_storage  # noqa: PLC0415 - httpx is slow to import

    return open_storage(url)


def _publish(draft: Path, folder: Path) -> None:
    """Give a complete folder its name; another process may have been faster."""
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _fetch_file(
    storage: "ObjectStorage", url: str, name: str, folder: Path, expected: Mapping[str, Any]
) -> None:
    """Copy a file, and compare it with its hash.

    Raises:
        DataError: It differs, or its name leads out of the folder.
        NotFoundError: There is no such file.
        ServiceError: It cannot be read.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name:
        raise DataError(f"the release {url} is damaged: it lists the file {name!r:.200}")
    path, digest = folder / name, hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    size, limit = 0, expected.get("bytes", MAX_MANIFEST_BYTES)
    with path.open("wb") as file:
        for part in storage.read(name):
            size += len(part)
            if size > limit:
                break
            digest.update(part)
            file.write(part)
    wanted = expected.get("sha256")
    if size > limit or (wanted is not None and digest.hexdigest() != wanted):
        raise DataError(
            f"the release {url} is damaged: {name} differs from its hash; train again, or go "
            "back to the release before"
        )
