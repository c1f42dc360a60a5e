"""Speed of imports and of stores."""
