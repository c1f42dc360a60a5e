"""Sessions of the web page."""

from pydantic import Field

from daybreak.server.schemas.common import RequestModel, ResponseModel, ShortText
from daybreak.service.api_keys import Role


class LoginBody(RequestModel):
    """Login with an API key."""

    key: ShortText = Field(description="API key.", examples=["dbk_1a2b3c4d_secret"])


class SessionOut(ResponseModel):
    """What the caller of this browser may do."""

    needs_key: bool = Field(description="Whether requests need a key or a session.")
    role: Role | None = Field(description="Role of the session; null: there is none.")
    name: str = Field(description="Name of the key of the session.")
    csrf_token: str | None = Field(
        description="Value of the header `X-CSRF-Token` that changes by the session need."
    )
    version: str = Field(description="Version of Daybreak.")
