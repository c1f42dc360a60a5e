"""Pictures and sound of items: reading untrusted files, and the form in which they are kept.

Start with :func:`.columns.read_media_columns`.
"""
