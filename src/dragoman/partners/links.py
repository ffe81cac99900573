"""Files by their web address, for partners that take no ids of uploaded ones.

Each partner has one `Links`; its sentences have the partner's name in them and its prefix before
their ids.
"""

from __future__ import annotations

from dragoman.domain.errors import Code
from dragoman.domain.sentences import words

from ._cloud.limits import Name, link_of, refuse, web_link

_WORDS = {
    "link_only": "The {field} is given by an id, and PARTNER takes files by their web address "
    "only: give a link.",
    "no_link": "The {field} has no link: PARTNER takes files by their web address.",
}


class Links:
    def __init__(self, prefix: str, label: str) -> None:
        self._prefix = prefix
        words({f"{prefix}_{id}": text.replace("PARTNER", label) for id, text in _WORDS.items()})

    def of(self, field: Name, id: str | None, link: str | None) -> str:
        """The address of a file. Raises Refuse."""
        if id:
            raise refuse(f"{self._prefix}_link_only", Code.UNSUPPORTED, field=field)
        if not link:
            raise refuse(f"{self._prefix}_no_link", field=field)
        return web_link(link_of(field), link)
