"""Exploration: new items are put into lists until each has had its impressions.

It may import ``state`` and everything below it, and the store. Start reading at
:class:`~daybreak.service.exploration.explorer.Explorer`.
"""
