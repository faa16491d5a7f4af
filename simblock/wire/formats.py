"""The wire formats by their names in the tables of routes."""

from __future__ import annotations

from collections.abc import Mapping

from simblock.wire.chat import CHAT
from simblock.wire.completions import COMPLETIONS
from simblock.wire.format import Format
from simblock.wire.messages import MESSAGES
from simblock.wire.responses import RESPONSES

FORMATS: Mapping[str, Format] = {
    "chat": CHAT,
    "completions": COMPLETIONS,
    "responses": RESPONSES,
    "messages": MESSAGES,
}
