"""API keys in a store."""

import pytest

from daybreak.errors import ConfigError, NotFoundError
from daybreak.service.api_keys import ApiKeyCache, ApiKeyStore
from tests.server.fake_service import MemoryDocuments


def test_a_key_is_kept_as_a_hash_and_found_by_its_text_alone():
    documents = MemoryDocuments()
    key, text = ApiKeyStore(documents).create("write", "shop")
    kept = documents.documents("keys")[key.id]
    assert text.split("_", 2)[2] not in str(kept)
    ring = ApiKeyCache(ApiKeyStore(documents))
    assert ring.find(text) == key
    wrong = (text[:-1], text + "x", text.upper(), f"dbk_{key.id}_", "dbk__", "", "😀", text[4:])
    assert not any(ring.find(one) for one in wrong)


def test_two_keys_never_have_one_hash():
    keys = ApiKeyStore(MemoryDocuments())
    found = [keys.create("read")[0] for _ in range(3)]
    assert len({key.digest for key in found} | {key.salt for key in found}) == 6


@pytest.mark.parametrize(("role", "name"), [("owner", ""), ("read", "x" * 201), ("read", "\n")])
def test_a_key_with_an_invalid_role_or_name_is_rejected(role, name):
    with pytest.raises(ConfigError):
        ApiKeyStore(MemoryDocuments()).create(role, name)


def test_an_unknown_key_cannot_be_revoked():
    with pytest.raises(NotFoundError, match="known: none"):
        ApiKeyStore(MemoryDocuments()).revoke("1f")
