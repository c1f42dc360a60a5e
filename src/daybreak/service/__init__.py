"""What the product does, with no word of HTTP or the command line."""

from daybreak.service.recommender import Recommender

__all__ = ["Recommender"]
