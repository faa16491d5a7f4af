"""In front of generation servers: which requests are filtered, how, and what becomes of a response."""
