"""Reading a send body strictly: every refusal names the field by its path, as Meta does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .checks import Refusal

MediaKnown = Callable[[str], bool]
_KINDS: dict[type, str] = {dict: "a JSON object", list: "an array", str: "a string"}


class Part:
    """One object inside a body. `path` names it (`interactive['action']`), `kind` is the message
    type that the words of a refusal mention."""

    def __init__(self, value: dict[str, Any], path: str, kind: str) -> None:
        self.value = value
        self.path = path
        self.kind = kind

    def at(self, key: str) -> str:
        return f"{self.path}['{key}']" if self.path else key

    def has(self, key: str) -> bool:
        return self.value.get(key) is not None

    def missing(self, key: str) -> Refusal:
        return Refusal("missing", param=self.at(key), kind=self.kind)

    def _take(self, key: str, kind: type, required: bool) -> Any:
        value = self.value.get(key)
        if value is None:
            if required:
                raise self.missing(key)
            return None
        if not isinstance(value, kind):
            raise Refusal("kind", param=self.at(key), kind=_KINDS[kind])
        return value

    def object(self, key: str) -> Part:
        return Part(self._take(key, dict, True), self.at(key), self.kind)

    def maybe(self, key: str) -> Part | None:
        value = self._take(key, dict, False)
        return None if value is None else Part(value, self.at(key), self.kind)

    def objects(self, key: str, what: str, least: int, most: int) -> list[Part]:
        """An array of objects with `least` to `most` members; `what` names them."""
        items = self._take(key, list, least > 0) or []
        if not least <= len(items) <= most:
            raise Refusal("count", what=what, least=least, most=most)
        parts = []
        for index, item in enumerate(items):
            path = f"{self.at(key)}[{index}]"
            if not isinstance(item, dict):
                raise Refusal("kind", param=path, kind=_KINDS[dict])
            parts.append(Part(item, path, self.kind))
        return parts

    def text(self, key: str, what: str = "", most: int = 0, *, required: bool = True) -> str:
        """A string; with `what`, of 1 to `most` code points (0: any length). Absent is ''."""
        value = self._take(key, str, required)
        if value is None:
            return ""
        if required and not value:
            if what:
                raise Refusal("length", what=what, least=1, most=most)
            raise self.missing(key)
        if most and len(value) > most:
            if what:
                raise Refusal("length", what=what, least=1 if required else 0, most=most)
            raise Refusal("too_long", param=self.at(key), most=most)
        return str(value)

    def choice(self, key: str, choices: tuple[str, ...], *, required: bool = True) -> str:
        value = self.text(key, required=required)
        if value and value not in choices:
            listed = ", ".join(choice.upper() for choice in choices)
            raise Refusal("choice", param=self.at(key), choices=listed, value=value)
        return value


def web_url(text: str) -> bool:
    return text.startswith(("http://", "https://")) and len(text) > 8


def check_media(part: Part, media_known: MediaKnown) -> None:
    """One media object: exactly one of a known id and a web link."""
    if part.has("id") == part.has("link"):
        raise Refusal("media_source", param=part.path)
    if part.has("link") and not web_url(part.text("link")):
        raise Refusal("media_link", param=part.path)
    if part.has("id"):
        value = part.value["id"]
        if not media_known(str(value)):
            raise Refusal("media_unknown", param=part.path)
