"""The one HTTP client out. Names are imported on first use, so that reading the operator's
`egress_allow` does not load an HTTP library."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dragoman.egress.agent_http import AgentHttp, AgentReply, HttpFailed
    from dragoman.egress.attempt import as_kept, redacted
    from dragoman.egress.client import USER_AGENT, Egress
    from dragoman.egress.guard import AddressRefused, Guard, read_allow

__all__ = [
    "USER_AGENT",
    "AddressRefused",
    "AgentHttp",
    "AgentReply",
    "Egress",
    "Guard",
    "HttpFailed",
    "as_kept",
    "read_allow",
    "redacted",
]

_HOME = {
    "AgentHttp": "agent_http",
    "AgentReply": "agent_http",
    "HttpFailed": "agent_http",
    "as_kept": "attempt",
    "redacted": "attempt",
    "Egress": "client",
    "USER_AGENT": "client",
    "AddressRefused": "guard",
    "Guard": "guard",
    "read_allow": "guard",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"dragoman.egress.{_HOME[name]}"), name)
