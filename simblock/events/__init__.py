"""Decisions, counts and delays on their way out: to an audit log, to metrics, to the live page."""
