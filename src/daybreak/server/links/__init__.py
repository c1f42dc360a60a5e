"""What the workers of one server share, so that callers do not notice that they are several.

A write of one worker counts in the next answer of all, and a caller has one rate limit
(:mod:`.board`); a browser has one session (:mod:`.shared_sessions`); a list can be continued, a
user erased, and the metrics of all read at any of them (:mod:`.peers`). :mod:`.worker_links`
puts these together. May import :mod:`daybreak.server.access`, options and the service.
"""
