"""gorse's paths: translate, call the service once, translate back."""
