"""Benchmarks: what simblock finds, misses, weighs and costs, each figure with its conditions.

``python -m benchmarks`` runs all of them; ``python -m benchmarks.recall`` and so on run one. Results
go into ``benchmarks/results/`` with the machine, the versions, the date and the parameters.
"""
