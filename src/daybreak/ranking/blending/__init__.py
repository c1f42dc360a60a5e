"""The blending package."""
