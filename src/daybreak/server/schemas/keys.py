"""API keys of the server."""

from typing import Literal

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import RequestModel, ResponseModel
from daybreak.service.api_keys import MAX_KEY_CHARS

RoleName = Literal["read", "write", "admin"]


class KeyPlanBody(RequestModel):
    """An API key to be made."""

    role: RoleName = Field(description="`read`, `write` or `admin`; each has those before it.")
    name: str = Field("", max_length=MAX_KEY_CHARS, description="Name of the owner.")


class KeyBody(BaseModel):
    """An API key; its text and its secret are not part of it."""

    id: str
    role: RoleName
    name: str
    created_at: float = Field(description="Time, epoch [s].")


class KeysOut(ResponseModel):
    """API keys that are not revoked, the oldest first."""

    needed: bool = Field(description="Whether the server asks for keys.")
    keys: list[KeyBody]


class NewKeyOut(ResponseModel, KeyBody):
    """A new API key with its text, which cannot be read again."""

    key: str


class RevokedKeyOut(ResponseModel, KeyBody):
    """The API key that is now revoked."""
