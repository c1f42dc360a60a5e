"""Learn the prior of the blend from many data sets; ``learn.py`` is the command."""
