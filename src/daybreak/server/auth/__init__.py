"""The auth package."""
