"""The filters package."""
