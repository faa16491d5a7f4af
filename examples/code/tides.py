# SPDX-License-Identifier: LicenseRef-Tidewater
# Copyright 2024 Tidewater Instruments
"""Tide tables for harbours that have none of their own."""

from bisect import bisect_right
from itertools import pairwise


class TideTable:
    """Heights of the water at known times, and what lies between."""

    def __init__(self, readings):
        self.readings = sorted(readings)

    def height(self, time, *, datum=0.0):
        """The height at a time, above the datum."""
        after = bisect_right(self.readings, (time, float("inf")))
        if after == 0 or after == len(self.readings):
            raise LookupError(f"no reading on both sides of {time}")
        (began, low), (ended, high) = self.readings[after - 1 : after + 1]
        share = (time - began) / (ended - began)  # a straight line will do
        return low + share * (high - low) - datum

    def slack(self, tolerance=0.05):
        """Times at which the water hardly moves."""
        for (began, low), (ended, high) in pairwise(self.readings):
            if abs(high - low) <= tolerance * (ended - began):
                yield (began + ended) / 2
