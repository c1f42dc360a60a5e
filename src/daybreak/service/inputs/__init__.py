"""The inputs package."""
