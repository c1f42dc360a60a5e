"""What a text model is trained for: one file for each objective, registered by name."""

from daybreak.nets.finetuning.objectives import contrastive, heads, history, masked
from daybreak.nets.finetuning.objectives.base import Objective, objectives

__all__ = ["Objective", "contrastive", "heads", "history", "masked", "objectives"]
