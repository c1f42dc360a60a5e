"""Tools for assistants over the Model Context Protocol: a thin adapter over the HTTP API.

Every call of a tool is one request to the API, with the key of its caller: the same checks,
roles and limits hold. Start reading at :class:`daybreak.agents.tools.ShopTools`. The package
may import the server, and needs the extra ``agents``.
"""
