"""The shape of what is stored, and every query on it."""
