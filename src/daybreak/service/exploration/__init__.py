"""The exploration package."""
