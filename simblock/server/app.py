"""The public listener: checks where they are offered, the proxy where there is an upstream, else nothing."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping

from simblock.server.answering import App, ClientGone, Message, Receive, Refused, Scope, Send, refuse
from simblock.server.upstream import UpstreamError

LOG = logging.getLogger("simblock")


class Public:
    """Its own endpoints by path, asked by POST, and ``rest`` for all others.

    An answer that breaks off in its midst is never ended as if it were whole: the server then closes the connection.
    """

    def __init__(self, endpoints: Mapping[str, App], rest: App | None = None) -> None:
        self._endpoints, self._rest = dict(endpoints), rest or self._nothing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        begun = False

        def sending(message: Message):  # type: ignore[no-untyped-def]  # the server's awaitable, as it is
            nonlocal begun
            begun = True
            return send(message)

        try:
            await self._answer(scope, receive, sending)
        except ClientGone:
            return
        except (Refused, UpstreamError) as error:
            if not begun:
                await refuse(send, _refused(error))
        except Exception as error:
            # neither the message nor the line of source: they may hold what was said
            places = [f"{at.name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)[-4:]]
            LOG.error(  # noqa: TRY400
                "%s while a request was answered (%s)", type(error).__name__, " > ".join(places)
            )
            if not begun:
                await refuse(
                    send, Refused(500, "internal", "this request could not be answered: see the log")
                )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
        if endpoint is None:
            await self._rest(scope, receive, send)
        elif scope["method"] != "POST":
            allow = [(b"allow", b"POST")]
            raise Refused(405, "method_not_allowed", f"{scope['path']} is asked by POST", allow)
        else:
            await endpoint(scope, receive, send)

    async def _nothing(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise Refused(404, "not_found", f"there is nothing here but {', '.join(self._endpoints)}")


def _refused(error: Refused | UpstreamError) -> Refused:
    return error if isinstance(error, Refused) else Refused(error.status, error.code, str(error))


__all__ = ["Public"]
