"""Which documents of a batch cannot hold anything of the works of some indexes: told by NumPy for many at once.

Exact: a document passes the sieve only where the machine of serving would begin no match in it that counts. What a
sieve is asked, hears and follows is the machine's own; it leaves out nothing but what comes to nothing.
"""
