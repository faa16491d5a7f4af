"""Thresholds for a user's own outputs: what was matched is heard once, and judged by every policy of a grid.

An output is checked by a policy that listens and never acts (:mod:`listening`). What it heard is held against
each cell of a grid of thresholds (:mod:`grid`), the best cell for an asked rate of false stops is chosen on one half
of the outputs and told of on the other (:mod:`choosing`).
"""
