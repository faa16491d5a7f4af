"""Stores: where an index lives."""
