"""A short conversation with a new user: questions, answers in words, and what they say.

Start reading at :func:`daybreak.service.interview.conduct.conduct_interview`. The package may
import ``service/state`` and the layers below it.
"""
