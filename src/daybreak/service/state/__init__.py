"""The serving core of library and service: one state, one query builder, one ranker.

It may import ``training``, ``ingest`` and ``inputs`` of the service, and everything below the
service; it knows neither threads nor stores nor HTTP. Start reading at
:class:`~daybreak.service.state.serving_state.ServingState`.
"""
