"""The service over HTTP: ``create_app`` for one's own process, ``serve`` for one of its own."""
