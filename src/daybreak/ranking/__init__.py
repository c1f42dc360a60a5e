"""Candidates to scores: strategies, simulated cold starts, the blend by warmth, reasons."""
