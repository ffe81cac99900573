"""The templates of the account: listed, created, edited, deleted, found for a send.

One registry for all senders. Source: Infobip, "WhatsApp template management" (2026). UNSURE: the
status of a new template (here PENDING, then reviewed) and the words for one that exists.
"""

from __future__ import annotations

from typing import Any

from dragoman.emulators.kit import Books

from . import wire
from .checks import Invalid, Refusal
from .fields import check
from .schema_templates import AUTHENTICATION_STRUCTURE, NEW_TEMPLATE, STRUCTURE
from .template_seeds import CODE_TEXT, OTP_URL, seeds

Template = dict[str, Any]
_FIRST_ID = 1_184_522_900
_ORDER = (
    "id",
    "businessAccountId",
    "name",
    "language",
    "status",
    "category",
    "structure",
    "quality",
    "createdAt",
    "lastUpdatedAt",
)
_EDITABLE = ("APPROVED", "REJECTED", "FIRST_PAUSED", "SECOND_PAUSED")


def _structure(category: str, given: Any) -> dict[str, Any]:
    """A new template's structure as it is read back. Raises Invalid, Refusal."""
    authentication = category == "AUTHENTICATION"
    fields = AUTHENTICATION_STRUCTURE if authentication else STRUCTURE
    violations = check(fields, given, "structure")
    if violations:
        raise Invalid(violations)
    if not authentication:
        kept = dict(given)
        header = kept.get("header")
        if header is not None and header["format"] != "TEXT":
            kept["header"] = {"format": header["format"]}
        return kept
    minutes = (given.get("footer") or {}).get("codeExpirationMinutes")
    made: dict[str, Any] = {"body": {"text": CODE_TEXT, "examples": ["123456"]}}
    if minutes:
        made["footer"] = {"text": f"This code expires in {minutes} minutes."}
    label = given["buttons"][0].get("text") or "Copy code"
    made["buttons"] = [{"type": "URL", "text": label, "url": OTP_URL}]
    return {**made, "type": "MEDIA"}


class Templates:
    """Kept in the books: what was created, edited or deleted survives a restart."""

    def __init__(self, books: Books, given: list[Template] | None, account: int, now: int) -> None:
        self._books, self._account = books, account
        kept = books.get("templates")
        self.all: dict[str, Template] = {}
        for template in kept if kept is not None else (seeds() if given is None else given):
            self._add(template, now)

    def _add(self, template: Template, now: int) -> Template:
        number = max((int(key) for key in self.all), default=_FIRST_ID) + 1
        times = {"createdAt": wire.moment(now), "lastUpdatedAt": wire.moment(now)}
        made = {"id": str(number), "businessAccountId": self._account, **times, **template}
        ordered = {key: made[key] for key in _ORDER}
        self.all[made["id"]] = {**ordered, **{k: v for k, v in made.items() if k not in ordered}}
        return self.all[made["id"]]

    def _keep(self) -> None:
        self._books.put("templates", list(self.all.values()))

    def find(self, name: str, language: str) -> Template | None:
        for template in self.all.values():
            if (template["name"], template["language"]) == (name, language):
                return template
        return None

    def get(self, template_id: str) -> Template:
        """Raises Refusal for an id that nothing has."""
        if template_id not in self.all:
            raise Refusal("thing_missing")
        return self.all[template_id]

    def create(self, body: dict[str, Any], now: int) -> Template:
        """Check and keep a new template; it is PENDING until it is reviewed."""
        violations = check(NEW_TEMPLATE, body)
        if violations:
            raise Invalid(violations)
        structure = _structure(body["category"], body["structure"])
        if self.find(body["name"], body["language"]) is not None:
            raise Refusal("template_exists")
        extra = ("platform", "subCategory", "validityPeriod")
        made: Template = {
            "name": body["name"],
            "language": body["language"],
            "status": "PENDING",
            "category": body["category"],
            "structure": structure,
            "quality": "UNKNOWN",
            **{key: body[key] for key in extra if body.get(key)},
        }
        template = self._add(made, now)
        self._keep()
        return template

    def edit(self, template_id: str, body: dict[str, Any], now: int) -> Template:
        """New parts of a template, which is then reviewed again."""
        template = self.get(template_id)
        if template["status"] not in _EDITABLE:
            raise Refusal("template_fixed")
        if "structure" in body:
            category = body.get("category") or template["category"]
            template["structure"] = _structure(category, body["structure"])
        if body.get("category") and template["status"] != "APPROVED":
            template["category"] = body["category"]
        template |= {"status": "PENDING", "lastUpdatedAt": wire.moment(now)}
        self._keep()
        return template

    def set_status(self, template_id: str, status: str) -> Template | None:
        template = self.all.get(template_id)
        if template is not None:
            template["status"] = status
            self._keep()
        return template

    def delete(self, name: str) -> None:
        """All languages of a name. Raises Refusal when there is none."""
        gone = [key for key, template in self.all.items() if template["name"] == name]
        if not gone:
            raise Refusal("thing_missing")
        for key in gone:
            del self.all[key]
        self._keep()
