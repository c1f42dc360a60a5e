"""Ingest: files to import, and rows of a request, checked and parsed.

Imports only the data layer; serving and the adapters import it. Start with
:class:`daybreak.service.ingest.files.Sources`.
"""
