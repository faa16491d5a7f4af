"""A program: ``simblock-index`` on a cluster of Ray of two nodes, each with one processor, on this machine.

Run apart from the tests, as Ray's processes and warnings are its own.
"""

from __future__ import annotations

import sys

from ray.cluster_utils import Cluster

from simblock_indexer.cli import main

if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    try:
        main([*sys.argv[1:], "--engine", "ray", "--ray-address", cluster.address])
    finally:
        cluster.shutdown()
