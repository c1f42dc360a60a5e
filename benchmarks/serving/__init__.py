"""Speed of answers and of encoders, and the service under load."""
