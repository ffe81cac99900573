"""The templates of the account: listed, created, deleted, found for a send."""

from __future__ import annotations

import itertools
import re
from typing import Any

from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators._cloud.reading import Part
from dragoman.emulators._cloud.template_seeds import seeds
from dragoman.emulators._cloud.templates import VARIABLE, Template, component
from dragoman.emulators.kit import Books

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_FORMATS = ("TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION", "PRODUCT")
_FIRST_ID = 1387372356726600


class Templates:
    """Kept in the books: what was created or deleted survives a restart."""

    def __init__(self, books: Books, given: list[Template] | None) -> None:
        self._books = books
        kept = books.get("templates")
        start: list[Template] = kept if kept is not None else (seeds() if given is None else given)
        self._all: dict[str, Template] = {}
        for template in start:
            self._add(template)

    def _add(self, template: Template) -> str:
        key = str(template.get("id") or self._next_id())
        self._all[key] = {**template, "id": key}
        return key

    def _next_id(self) -> int:
        return max((int(key) for key in self._all), default=_FIRST_ID) + 1

    def _keep(self) -> None:
        self._books.put("templates", list(self._all.values()))

    def get(self, template_id: str) -> Template | None:
        return self._all.get(template_id)

    def find(self, name: str, language: str) -> Template | None:
        for template in self._all.values():
            if template["name"] == name and template["language"] == language:
                return template
        return None

    def sendable(self, part: Part) -> Template:
        """The approved one that `part` names. Raises Refusal 132001, 132015, 132016."""
        name, language = part.value["name"], part.value["language"]["code"]
        template = self.find(name, language)
        if template is None or template["status"] not in ("APPROVED", "PAUSED", "DISABLED"):
            raise Refusal("template_missing", name=name, language=language)
        if template["status"] == "PAUSED":
            raise Refusal("template_paused")
        if template["status"] == "DISABLED":
            raise Refusal("template_disabled")
        return template

    def listed(self, wanted: dict[str, str]) -> list[Template]:
        """Those that match name, language, status and category, where given."""
        keys = ("name", "language", "status", "category")
        return [
            template
            for template in self._all.values()
            if all(wanted[k].lower() in (template[k].lower(), "") for k in keys if k in wanted)
        ]

    def create(self, body: dict[str, Any]) -> Template:
        """Check and keep a new template; it is PENDING until it is reviewed. Raises Refusal."""
        checked = check_new(body)
        if self.find(checked["name"], checked["language"]) is not None:
            raise Refusal("create_exists", language=checked["language"])
        key = self._add(checked)
        self._keep()
        return self._all[key]

    def set_status(self, template_id: str, status: str) -> Template | None:
        template = self._all.get(template_id)
        if template is not None:
            template["status"] = status
            self._keep()
        return template

    def delete(self, name: str, template_id: str = "") -> list[Template]:
        """All languages of a name, or the one with the id. Raises Refusal if there is none."""
        gone = [
            template
            for key, template in self._all.items()
            if template["name"] == name and template_id in ("", key)
        ]
        if not gone:
            raise Refusal("delete_missing", name=name)
        for template in gone:
            del self._all[template["id"]]
        self._keep()
        return gone


def check_new(body: dict[str, Any]) -> Template:
    """A create body as the template it makes. Raises Refusal."""
    for key in ("name", "language", "category", "components"):
        if not body.get(key):
            raise Refusal("required", param=key)
    name, category = str(body["name"]), str(body["category"]).upper()
    if not _NAME.fullmatch(name):
        raise Refusal("create_name")
    if category not in ("MARKETING", "UTILITY", "AUTHENTICATION"):
        choices = "AUTHENTICATION, MARKETING, UTILITY"
        raise Refusal("choice", param="category", choices=choices, value=body["category"])
    components = body["components"]
    if not isinstance(components, list) or not all(isinstance(c, dict) for c in components):
        raise Refusal("kind", param="components", kind="an array")
    parts = [_upper(part) for part in components]
    if category == "AUTHENTICATION":
        parts = [_authentication(part) for part in parts]
    template = {
        "name": name,
        "parameter_format": str(body.get("parameter_format", "POSITIONAL")).upper(),
        "components": parts,
        "language": str(body["language"]),
        "status": "PENDING",
        "category": category,
    }
    _check_parts(template)
    return template


def _upper(part: dict[str, Any]) -> dict[str, Any]:
    made = {**part, "type": str(part.get("type", "")).upper()}
    if "format" in made:
        made["format"] = str(made["format"]).upper()
    if "buttons" in made:
        made["buttons"] = [
            {**button, "type": str(button.get("type", "")).upper()} for button in made["buttons"]
        ]
    if "cards" in made:
        made["cards"] = [
            {"components": [_upper(inner) for inner in card.get("components", [])]}
            for card in made["cards"]
        ]
    return made


def _authentication(part: dict[str, Any]) -> dict[str, Any]:
    """Meta writes the words of a code template itself, and its button comes back as a URL."""
    if part["type"] == "BODY":
        text = "*{{1}}* is your verification code."
        if part.get("add_security_recommendation"):
            text += " For your security, do not share this code."
        return {**part, "text": text}
    if part["type"] == "FOOTER" and "code_expiration_minutes" in part:
        minutes = part["code_expiration_minutes"]
        return {**part, "text": f"This code expires in {minutes} minutes."}
    if part["type"] == "BUTTONS":
        url = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
        otp = {"type": "URL", "text": "Copy code", "url": url}
        return {"type": "BUTTONS", "buttons": [otp for _ in part["buttons"]]}
    return part


def _limit(part: str, text: str, most: int) -> None:
    if len(text) > most:
        raise Refusal("create_long", part=part, got=len(text), most=most)


def _check_parts(template: Template) -> None:
    header = component(template, "HEADER")
    if header is not None:
        if header.get("format") not in _FORMATS:
            raise Refusal("create_header", format=header.get("format"))
        _limit("HEADER", str(header.get("text", "")), 60)
    body = component(template, "BODY")
    if body is None or not body.get("text"):
        raise Refusal("create_body")
    text = str(body["text"])
    _limit("BODY", text, 1024)
    if template["category"] != "AUTHENTICATION":
        _check_variables(text)
    footer = component(template, "FOOTER")
    if footer is not None:
        _limit("FOOTER", str(footer.get("text", "")), 60)
        if VARIABLE.search(str(footer.get("text", ""))):
            raise Refusal("create_footer")
    for button in (component(template, "BUTTONS") or {}).get("buttons", []):
        _limit("BUTTON", str(button.get("text", "")), 25)


def _check_variables(text: str) -> None:
    bare = text.strip()
    found = list(VARIABLE.finditer(bare))
    if found and (found[0].start() == 0 or found[-1].end() == len(bare)):
        raise Refusal("create_edges")
    words = len(VARIABLE.sub(" ", bare).split())
    touching = any(b.start() - a.end() < 2 for a, b in itertools.pairwise(found))
    if found and (touching or words < 2 * len(found)):
        raise Refusal("create_dense")
