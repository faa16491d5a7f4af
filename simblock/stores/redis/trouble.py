"""What a server refused or a connection broke on, said as an error of simblock with the mend.

A client library's own messages may hold a command's arguments, so none of them is passed on.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable

from redis import exceptions as said

from simblock.errors import IndexProblem, SimblockError, StoreLost
from simblock.stores.redis.address import Address

_Made = Callable[[str], SimblockError]

__all__ = ["GARBLED", "Unreached", "as_said", "broken", "translate", "unreached"]

GARBLED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer may raise that is not what a Redis server says."""


class Unreached(said.ConnectionError):
    """No connection could be made; ``why`` is fit to be shown. ``late``: not for want of trying."""

    def __init__(self, why: str, *, late: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.late = late


def unreached(error: Exception) -> Unreached:
    """Why a connection was not made, in words without the client's arguments."""
    if isinstance(error, TimeoutError):
        return Unreached("took no connection in time: look at its load and the network", late=True)
    if isinstance(error, ConnectionRefusedError):
        return Unreached("refused the connection: is the server running there?")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreached(
            f"shows a certificate that is not to be trusted ({error.verify_message}): give the authority's by ca="
        )
    if isinstance(error, ssl.SSLError):
        return Unreached("does not agree on TLS: compare rediss:// and cert= with what the server asks for")
    why = isinstance(error, OSError) and error.strerror
    return Unreached(f"cannot be reached ({(why or 'no such host').lower()}): check host and port")


def as_said(error: Exception) -> Exception:
    """An error of a socket or of what came by it, as the client library says it; it wraps some of ours."""
    if isinstance(error.__cause__, Unreached):
        return error.__cause__
    if isinstance(error, TimeoutError):
        return said.TimeoutError()
    if isinstance(error, GARBLED):
        return said.InvalidResponse()
    return error if isinstance(error, said.RedisError) else said.ConnectionError()


def broken(error: BaseException) -> bool:
    """Whether a connection broke, so that a fresh one may do: no time-out, no answer of the server."""
    if isinstance(error, Unreached):
        return not error.late
    return isinstance(error, said.ConnectionError) and not isinstance(error, _ANSWERS)


_ANSWERS = (
    said.AuthenticationError,
    said.AuthorizationError,
    said.BusyLoadingError,
    said.ExternalAuthProviderError,
)


def translate(address: Address, error: Exception, seconds: float) -> SimblockError:
    """An error of the client library as one of ours; ``seconds`` is how long was waited for an answer."""
    made, sentence = _sentence(address, error, seconds)
    return made(f"{address.name} {sentence}")


def _sentence(address: Address, error: Exception, seconds: float) -> tuple[_Made, str]:
    if isinstance(error, said.AuthenticationError) and "without any password" in str(error):
        return IndexProblem, _NO_PASSWORD[address.kind == "sentinel"]
    for kind, made, sentence in _SENTENCES:
        if isinstance(error, kind):
            return made, sentence.format(
                why=_why(address, error), tls=_tls(address), milliseconds=round(seconds * 1000)
            )
    if isinstance(error, said.NoPermissionError):
        return IndexProblem, f"denies {_right(error)}: grant it to the user by ACL SETUSER"
    code = str(error.args[0]).split(" ")[0] if error.args else ""
    return _REFUSALS.get(
        code, (StoreLost, f"refused a command ({_code(code)}): look at its log and its version")
    )


def _why(address: Address, error: Exception) -> str:
    if not isinstance(error, Unreached):
        return ""
    return f"{error.why}, and whether that port speaks TLS" if error.late and address.tls else error.why


def _tls(address: Address) -> str:
    """What about TLS may make a server break connections off."""
    if address.tls is None:
        return f"it asks for TLS ({'rediss://' if address.kind == 'single' else 'tls=true'})"
    if address.tls.cert is None:
        return "it asks for a client's certificate (cert= and key=)"
    return "it takes the certificate of cert="


def _right(error: said.NoPermissionError) -> str:
    """Which right is missing, from the server's sentence: a command's name or that it was a key."""
    text = str(error)
    if found := re.search(r"run the '([a-z|_-]{1,40})' command", text):
        return f"the user the command {found[1]}"
    if "key" in text:
        return "the user this tenant's keys (sb:TENANT:*)"
    return "the user a command"


def _code(code: str) -> str:
    return code if re.fullmatch(r"[A-Z]{2,20}", code) else "no reason known"


_NO_PASSWORD = (
    "asks for no password, and one is given: unset SIMBLOCK_REDIS_PASSWORD, or take it out of the address",
    (
        "or one of its sentinels asks for no password, and one is given: unset SIMBLOCK_REDIS_PASSWORD or "
        "SIMBLOCK_SENTINEL_PASSWORD, or take it out of the address"
    ),
)
"""For one server, and under Sentinel."""

_SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], _Made, str], ...] = (
    (
        said.TimeoutError,
        StoreLost,
        "gave no answer within {milliseconds} ms: look at its load and the network, or raise timeout=",
    ),
    (Unreached, StoreLost, "{why}"),
    (said.InvalidResponse, IndexProblem, "does not speak as a Redis server does: check host and port"),
    (said.BusyLoadingError, StoreLost, "is loading its data: try again when it has finished"),
    (
        (said.AuthenticationError, said.AuthenticationWrongNumberOfArgsError),
        IndexProblem,
        (
            "does not accept the user or password: set SIMBLOCK_REDIS_USERNAME and SIMBLOCK_REDIS_PASSWORD, "
            "or SIMBLOCK_SENTINEL_USERNAME and SIMBLOCK_SENTINEL_PASSWORD where sentinels ask for their own"
        ),
    ),
    (
        said.OutOfMemoryError,
        SimblockError,
        "is out of memory: raise its maxmemory, or drop old schemes",
    ),
    (said.ReadOnlyError, StoreLost, "is a replica, which takes no writes: give the master's address"),
    (said.ClusterDownError, StoreLost, "is a cluster without all of its slots: bring its nodes back"),
    (said.MaxConnectionsError, StoreLost, "has too many clients: raise its maxclients"),
    (
        (said.MovedError, said.AskError, said.TryAgainError),
        StoreLost,
        "is part of a cluster that moves its slots: try again, and write redis+cluster://",
    ),
    (
        said.ClusterCrossSlotError,
        IndexProblem,
        "is part of a cluster: write redis+cluster:// in its address",
    ),
    (
        said.ConnectionError,
        StoreLost,
        "broke the connection off: look at its log, and whether {tls}",
    ),
)

_REFUSALS: dict[str, tuple[_Made, str]] = {
    "WRONGTYPE": (IndexProblem, "holds something else under this index's keys: choose another tenant"),
    "MISCONF": (StoreLost, "takes no writes, as it cannot save to its disk: look at its log"),
    "NOREPLICAS": (StoreLost, "takes no writes, as it has too few replicas: bring them back"),
    "max": (StoreLost, "has too many clients: raise its maxclients"),
    "unknown": (IndexProblem, "does not know a command: simblock needs Redis 6.2 or newer"),
    "This": (IndexProblem, "is no cluster: write redis:// in its address"),
    "DB": (IndexProblem, "has no database of that number: choose another behind the host"),
}
