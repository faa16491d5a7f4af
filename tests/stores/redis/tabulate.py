"""Prints what guards said of copies during each fault: ``python -m tests.stores.redis.tabulate``.

Each guard is asked about another copy of each of 36 works, with hardly a page in the process, while the fault
lasts; `back` are the seconds from the mend until all copies are stopped by their match again.
"""

import logging
import tempfile
from collections import Counter
from pathlib import Path

from tests.redis_servers import Server
from tests.slow_proxy import Proxy
from tests.stores.redis import faults
from tests.stores.redis.faults import ON_ERROR, WORKS, guarding
from tests.stores.redis.test_faults import NETWORKS, SERVERS

SAID = (faults.CLEAN, faults.STOPPED, faults.BLIND, faults.DEGRADED, faults.TOLD, faults.CONTRADICTED)


def row(name, guarded, back):
    """A line of the table; counts in the order of SAID."""
    cells = ["/".join(str(guarded.said[how][said]) for said in SAID) for how in ON_ERROR]
    return f"| {name} | {' | '.join(cells)} | {back:.1f} |"


def of_a_server(name, cause, mend, original, folder):
    """The line of a fault of a server."""
    server = Server(persistent=True).start()
    try:
        faults.transplanted(original, server.client)
        with guarding(server.url(), folder) as guarded:
            cause(server)
            said = asked(guarded)
            mend(server, original)
            back = guarded.recover()
            guarded.said = said
            return row(f"a server {name}", guarded, back)
    finally:
        server.close()


def of_a_network(name, cause, original, folder):
    """The line of a fault of a network."""
    server = Server().start()
    try:
        faults.transplanted(original, server.client)
        with Proxy(server.port) as proxy, guarding(proxy.url(), folder) as guarded:
            cause(proxy)
            said = asked(guarded)
            proxy.heal()
            back = guarded.recover()
            guarded.said = said
            return row(f"a network {name}", guarded, back)
    finally:
        server.close()


def asked(guarded):
    """What was said of a copy of each work."""
    for work in WORKS:
        for how in ON_ERROR:
            faults.all_fresh(guarded)
            guarded.ask(work, how, seed=how)
    said, guarded.said = guarded.said, {how: Counter() for how in ON_ERROR}
    return said


def main():
    logging.disable()
    whole = Server().start()
    try:
        faults.build(whole.url())
        print(f"each: {' / '.join(SAID)}\n")
        print(f"| fault | {' | '.join(ON_ERROR)} | back, s |\n| --- | --- | --- | --- | --- |")
        with tempfile.TemporaryDirectory() as folder:
            for name, (cause, mend) in SERVERS.items():
                print(of_a_server(name, cause, mend, whole.client, Path(folder)), flush=True)
            for name, cause in NETWORKS.items():
                print(of_a_network(name, cause, whole.client, Path(folder)), flush=True)
    finally:
        whole.close()


if __name__ == "__main__":
    main()
