"""Putting a page together: templates, words in the reader's language, headers.

Templates get what the handler gives, and: `who`, `_` and `ngettext`, `say` (a Sentence in words),
`time` (a moment, with its zone), `path` (of this page), `ui` and `static` (prefixes), `lang`,
`dir`, `told` (what the form before this page did, once).
"""

from __future__ import annotations

import datetime
import gettext
import re
import zoneinfo
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from litestar import MediaType, Request, Response
from markupsafe import Markup, escape

from dragoman import ui
from dragoman.domain import sentences
from dragoman.domain.clock import id_text
from dragoman.domain.sentences import Sentence
from dragoman.engine.standing import phone as phone_text
from dragoman.engine.wording import say as say_english

from .doorman import COOKIE, WHO, Who
from .drawing import drawing

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
LOCALES = _HERE / "locale"
LANGUAGES = {"en": "English", "hi": "हिन्दी", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ar"})
LANGUAGE_COOKIE, ZONE_COOKIE = "dragoman_language", "dragoman_zone"
TOLD_COOKIE = "dragoman_told"  # a Sentence for the next page
THEME_COOKIE, THEMES = "dragoman_theme", ("light", "dark")  # as ui's theme.js has it

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self' https://www.facebook.com; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Ask = Request[Any, Any, Any]


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("console", LOCALES, [language], fallback=True)


@cache
def _environment(language: str) -> jinja2.Environment:
    env = ui.environment(_HERE / "templates")
    catalogue = _catalogue(language)
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(id_text=id_text, starred=starred, coded=coded)
    env.globals.update(
        say=lambda sentence: _html_of(sentence, language),
        phone=phone_text,
        ltr=lambda text: Markup("<bdi dir=ltr>{}</bdi>").format(text),
        languages=LANGUAGES,
        drawing=drawing,
    )
    return env


def words_of(sentence: Sentence, language: str) -> str:
    """A sentence in a language; in English where it has no translation."""
    english = say_english(sentence)
    template = sentences.known().get(sentence.id)
    if template is None or language == "en":
        return english
    translated = _catalogue(language).gettext(template)
    return english if translated == template else translated.format_map(_Lenient(sentence.args))


def coded(text: str) -> Markup:
    """What stands between `backticks` is to be typed as it is: a command, a name of a setting."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(escape(text))))


def starred(text: str) -> Markup:
    """As `coded`; and what stands between *asterisks* stands out: so our own words mark what a
    screen says."""
    return Markup(_STARS.sub(r"<em>\1</em>", str(coded(text))))


_TICKS = re.compile(r"`([^`\n]{1,200})`")


_STARS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,60})(?<=\S)\*(?![\w*])")


def _html_of(sentence: Sentence, language: str) -> Markup:
    """As `words_of`, for a page. What fills a template is shown as it is, asterisks too."""
    plain = words_of(sentence, language)  # finds the template's home
    template = sentences.known().get(sentence.id)
    if template is None:
        return escape(plain)
    if language != "en":
        template = _catalogue(language).gettext(template)
    kind = _Apart if language in RIGHT_TO_LEFT else _Inside
    args = {k: kind(v) if isinstance(v, str) else v for k, v in sentence.args.items()}
    return starred(template).format_map(_Lenient(args))


class _Inside(str):
    """Text that fills a template: often a sentence itself, with a command in it."""

    def __html__(self) -> str:
        return coded(str(self))


class _Apart(_Inside):
    """With a direction of its own: a phone's groups stay in their order from right to left."""

    def __html__(self) -> str:
        return Markup("<bdi>{}</bdi>").format(coded(str(self)))


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def language_of(request: Ask) -> str:
    """The one that was chosen, else the first that the browser asks for and we have."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    asked = request.headers.get("Accept-Language", "")
    for part in asked.split(","):
        code = part.split(";")[0].strip().split("-")[0].casefold()
        if code in LANGUAGES:
            return code
    return "en"


def zone_of(request: Ask) -> datetime.tzinfo:
    """The browser's time zone, which its first page writes into a cookie."""
    name = request.cookies.get(ZONE_COOKIE, "").replace("%2F", "/")
    try:
        return zoneinfo.ZoneInfo(name) if name else datetime.UTC
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        return datetime.UTC


def theme_of(request: Ask) -> str:
    """The theme that was chosen; empty where the system decides."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def time_tag(zone: datetime.tzinfo, now: int, at: int | None, *, full: bool = False) -> Markup:
    """A moment (Unix ms): the clock today, else with its day; the whole of it in the title."""
    if not at:
        return Markup("")
    there = datetime.datetime.fromtimestamp(at / 1000, zone)
    today = datetime.datetime.fromtimestamp(now / 1000, zone).date()
    if full:
        shown = there.strftime("%-d %b %Y %H:%M:%S ") + (there.tzname() or "")
    elif there.date() == today:
        shown = there.strftime("%H:%M:%S")
    elif there.year == today.year:
        shown = there.strftime("%-d %b %H:%M")
    else:
        shown = there.strftime("%-d %b %Y")
    whole = there.strftime("%-d %b %Y %H:%M:%S ") + (there.tzname() or "")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        there.isoformat(timespec="milliseconds"), whole, shown
    )


def who_of(request: Ask) -> Who | None:
    found: Who | None = request.scope.get(WHO)  # type: ignore[assignment]
    return found


def signed_in(request: Ask) -> Who:
    """Behind a guard there is always somebody."""
    found = who_of(request)
    assert found is not None
    return found


def page(
    request: Ask, template: str, title: str, *, status: int = 200,
    headers: Mapping[str, str] | None = None, **context: Any,
) -> Response[str]:  # fmt: skip
    """A whole page. title: in English, translated here."""
    title = _catalogue(language_of(request)).gettext(title)
    done = _told(request)
    html = part(request, template, title=title, just_did=done, **context)
    answer = Response(
        html, status_code=status, media_type=MediaType.HTML, headers={**HEADERS, **(headers or {})}
    )
    if done is not None:
        answer.delete_cookie(TOLD_COOKIE)
    who = who_of(request)
    if who is not None and who.lapsed and status != 401 and "HX-Request" not in request.headers:
        answer.delete_cookie(COOKIE)  # it was said on this page
    return answer


def part(request: Ask, template: str, **context: Any) -> str:
    """The HTML of a template, with what every template gets."""
    from .site import house_of

    language, house = language_of(request), house_of(request)
    now, zone = house.clock.now(), zone_of(request)
    return _environment(language).get_template(template).render(
        ui="/ui", static="/console/static", lang=language,
        dir="rtl" if language in RIGHT_TO_LEFT else "ltr",
        theme=theme_of(request), who=who_of(request), path=request.url.path, house=house, now=now,
        time=lambda at, full=False: time_tag(zone, now, at, full=full),
        **context,
    )  # fmt: skip


def go(to: str, *, told: Sentence | None = None, **cookies: Any) -> Response[None]:
    """To another page, after a form. told: what that page says was done."""
    from litestar.response import Redirect

    answer = Redirect(to, status_code=303, headers=HEADERS, **cookies)
    if told is not None:
        kept = urlsafe_b64encode(msgspec.json.encode(told)).decode()
        answer.set_cookie(TOLD_COOKIE, kept, max_age=60, httponly=True, samesite="lax")
    return answer


def _told(request: Ask) -> Sentence | None:
    """What the form before did. The browser could have been given anything, and it is text."""
    try:
        kept = urlsafe_b64decode(request.cookies.get(TOLD_COOKIE, ""))
        return msgspec.json.decode(kept, type=Sentence)
    except (ValueError, msgspec.MsgspecError):
        return None
