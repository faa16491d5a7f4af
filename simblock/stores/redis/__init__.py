"""An index in Redis: one protected corpus for a fleet of guards, changed while they run."""
