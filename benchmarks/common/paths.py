"""Folders of the repository that benchmarks read and write."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository: the working folder of ``python -m benchmarks...``."""
SOURCE = ROOT / "src" / "daybreak"
RESULTS = ROOT / "benchmarks" / "results"
"""Generated tables and pages."""
IMAGES = ROOT / "docs" / "images"
