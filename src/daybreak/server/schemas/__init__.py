"""Models of request and response bodies and of query parameters, one module for each resource.

Requests are validated with these models. Responses are only described by them: handlers build
responses from checked values. The package imports only the service; start reading in ``rows``.
"""
