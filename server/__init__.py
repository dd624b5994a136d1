"""What the product does, free of HTTP and of queries."""

__version__ = "0.1.0"
