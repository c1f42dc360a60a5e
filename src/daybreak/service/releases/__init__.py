"""The releases package."""
