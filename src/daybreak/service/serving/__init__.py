"""The running service: from a request to an answer, over one store and its releases.

Imports everything below it in ``service``; the server and the command line import it. Start
reading at :class:`~daybreak.service.serving.service.RecommenderService`.
"""
