"""Releases: what a training leaves on disk, and the gate that a new release must pass.

Imports training and state; the recommender and serving import it. Start with
:func:`daybreak.service.releases.release.write_release` and :mod:`.gate`.
"""
