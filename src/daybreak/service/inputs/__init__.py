"""Inputs of callers: frames, tables, events and the bundled data set, checked and converted.

It is the lowest package of the service, and may import the packages below the service. Start
reading at :mod:`daybreak.service.inputs.frames`.
"""
