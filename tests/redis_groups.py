"""Several real Redis servers that belong together: a cluster, a group under Sentinel."""

from tests.redis_servers import HOST, Server, query, wait


class _Group:
    """Several servers that are started and ended together."""

    servers = ()

    def close(self):
        for server in self.servers:
            server.close()

    def _raise(self):
        for server in self.servers:
            server.resume() if server.alive else server.start()

    @staticmethod
    def _linked(server):
        return server.client.info("replication").get("master_link_status") == "up"


class Cluster(_Group):
    """Three masters, three replicas."""

    def __init__(self, *options, masters=3):
        lines = ("cluster-enabled yes", "cluster-node-timeout 2000", "cluster-replica-validity-factor 0")
        self.servers = [Server(*lines, *options) for _ in range(2 * masters)]
        self._masters = masters

    def start(self):
        for server in self.servers:
            server.start()
        first, *others = self.servers
        for number, server in enumerate(self.servers):
            server.client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for other in others:
            first.client.execute_command("CLUSTER MEET", HOST, other.port)
        wait(
            lambda: all(len(self._nodes(s)) == len(self.servers) for s in self.servers), "all nodes know all"
        )
        share = -(-16384 // self._masters)
        for number in range(self._masters):
            slots = range(number * share, min((number + 1) * share, 16384))
            self.servers[number].client.execute_command("CLUSTER ADDSLOTS", *slots)
            master = self.servers[number].client.execute_command("CLUSTER MYID")
            self.servers[number + self._masters].client.execute_command("CLUSTER REPLICATE", master)
        self.settle()
        return self

    def settle(self):
        """Waits until every node finds the cluster sound, with all its nodes, and replicas follow."""
        wait(self._settled, "the cluster is sound", 60)

    def _settled(self):
        views = [self._nodes(server) for server in self.servers]
        if any(
            info["connected"] is False or "fail" in info["flags"] for view in views for info in view.values()
        ):
            return False
        states = [server.client.execute_command("CLUSTER INFO")["cluster_state"] for server in self.servers]
        replicas = [s for s in self.servers if s.client.info("replication")["role"] == "slave"]
        masters = [{a for a, info in view.items() if "master" in info["flags"]} for view in views]
        return (
            set(states) == {"ok"}
            and len(replicas) == self._masters
            and all(map(self._linked, replicas))
            and all(found == masters[0] for found in masters)
        )

    @staticmethod
    def _nodes(server):
        return server.client.execute_command("CLUSTER NODES")

    @property
    def masters(self):
        return [s for s in self.servers if s.alive and s.client.info("replication")["role"] == "master"]

    def master_of(self, key):
        """The server that has the key's slot, as a node that lives sees it; None while none has."""
        seen = next(server for server in self.servers if server.alive)
        slot = seen.client.execute_command("CLUSTER KEYSLOT", key)
        for address, info in self._nodes(seen).items():
            if (
                any(int(part[0]) <= slot <= int(part[-1]) for part in info["slots"])
                and "fail" not in info["flags"]
            ):
                return next(s for s in self.servers if address == f"{HOST}:{s.port}")
        return None

    def heal(self):
        """Starts what was killed, resumes what was paused, and waits until all is sound again."""
        self._raise()
        self.settle()

    def url(self, **options):
        hosts = ",".join(f"{HOST}:{server.port}" for server in self.servers)
        return f"redis+cluster://{hosts}" + query(options)


class SentinelGroup(_Group):
    """A master and its replica, watched by three sentinels; the service's name is ``simblock``."""

    def __init__(self, *options):
        self.data = [Server(*options), Server(*options)]
        self.sentinels = [Server(sentinel=True) for _ in range(3)]
        self.servers = [*self.data, *self.sentinels]

    def start(self):
        first = self.data[0].start()
        self.data[1].options.append(f"replicaof {HOST} {first.port}")
        self.data[1].start()
        wait(lambda: self._linked(self.data[1]), "the replica follows")
        for sentinel in self.sentinels:
            sentinel.options += [
                f"sentinel monitor simblock {HOST} {first.port} 2",
                "sentinel down-after-milliseconds simblock 1000",
                "sentinel failover-timeout simblock 4000",
            ]
            sentinel.start()
        self.settle()
        return self

    def settle(self):
        """Waits until all sentinels agree on the master and know each other, and the other one follows it."""
        wait(self._settled, "the group under Sentinel is sound", 60)

    def _settled(self):
        states = [sentinel.client.sentinel_master("simblock") for sentinel in self.sentinels]
        known = {(s["port"], s["flags"], s["num-slaves"], s["num-other-sentinels"]) for s in states}
        master = next((s for s in self.data if known == {(s.port, "master", 1, 2)}), None)
        follower = next((s for s in self.data if s is not master), None)
        return master is not None and self._linked(follower)

    @property
    def master(self):
        """The server that the first sentinel takes for the master."""
        port = self.sentinels[0].client.sentinel_get_master_addr_by_name("simblock")[1]
        return next(server for server in self.data if server.port == port)

    @property
    def replica(self):
        return next(server for server in self.data if server is not self.master)

    def heal(self):
        """Starts what was killed, resumes what was paused, and waits until all is sound again."""
        for server in self.servers:
            if server.alive:
                server.resume()
        master = wait(lambda: (s := self.master).alive and s, "the sentinels name a master that lives")
        self._raise()
        # Sentinel would say so too, up to ten seconds later.
        next(server for server in self.data if server is not master).client.replicaof(HOST, master.port)
        self.settle()

    def url(self, database=0, **options):
        hosts = ",".join(f"{HOST}:{server.port}" for server in self.sentinels)
        return f"redis+sentinel://{hosts}/simblock/{database}" + query(options)
