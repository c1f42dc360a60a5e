"""HTTP service: ``create_app`` for a process of your own, ``serve`` for a separate one.

The package imports ``daybreak.service`` and what is below it, but not the command line. Start
reading in ``app``, which lists all middleware and routes.
"""
