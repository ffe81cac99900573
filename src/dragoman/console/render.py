"""Putting a page together: templates, words in the reader's language, headers.

Templates get what the handler gives, and: `who`, `_` and `ngettext`, `say` (a Sentence in words),
`time` (a moment, with its zone), `path` (of this page), `ui` and `static` (prefixes), `lang`,
`dir`, `told` (what the form before this page did, once).
"""

from __future__ import annotations

import datetime
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
from dragoman.domain.sentences import Sentence, words
from dragoman.engine import wording
from dragoman.engine.differing import called
from dragoman.engine.standing import phone as phone_text
from dragoman.ui.languages import (
    LANGUAGES,
    RIGHT_TO_LEFT,
    catalogue,
    direction,
    wanted,
)

from .doorman import COOKIE, WHO, Who
from .drawing import drawing

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
ZONE_COOKIE = "dragoman_zone"
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

words(
    {
        "month_1": "Jan",
        "month_2": "Feb",
        "month_3": "Mar",
        "month_4": "Apr",
        "month_5": "May",
        "month_6": "Jun",
        "month_7": "Jul",
        "month_8": "Aug",
        "month_9": "Sep",
        "month_10": "Oct",
        "month_11": "Nov",
        "month_12": "Dec",
        "day_month": "{day} {month}",
        "day_month_year": "{day} {month} {year}",
    }
)


@cache
def _environment(language: str) -> jinja2.Environment:
    env = ui.environment(_HERE / "templates")
    spoken = catalogue(language)
    env.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(id_text=id_text, starred=starred, coded=coded)
    env.globals.update(
        say=lambda sentence: _html_of(sentence, language),
        plain=lambda sentence: words_of(sentence, language),
        own=lambda text: spoken.gettext(text) if text else "",
        phone=phone_text,
        ltr=lambda text: Markup("<bdi dir=ltr>{}</bdi>").format(text),
        languages=LANGUAGES,
        drawing=drawing,
        called=called,
    )
    return env


def words_of(sentence: Sentence | str, language: str) -> str:
    """A sentence in a language; in English where it has no translation. A text is as it is."""
    if isinstance(sentence, str):
        return sentence
    return wording.say(sentence, catalogue(language))


def coded(text: str) -> Markup:
    """What stands between `backticks` is to be typed as it is: a command, a name of a setting."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(escape(text))))


def starred(text: str) -> Markup:
    """As `coded`; and what stands between *asterisks* stands out: so our own words mark what a
    screen says."""
    return Markup(_STARS.sub(r"<em>\1</em>", str(coded(text))))


_TICKS = re.compile(r"`([^`\n]{1,200})`")


_STARS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,60})(?<=\S)\*(?![\w*])")


def _html_of(sentence: Sentence | str, language: str) -> Markup:
    """As `words_of`, for a page. What fills a template is shown as it is, asterisks too."""
    if isinstance(sentence, str):
        return coded(sentence)
    wording.learn(sentence)
    return _said(sentence, language)


def _said(sentence: Sentence, language: str) -> Markup:
    spoken = catalogue(language)
    template = sentences.template_of(sentence, spoken)
    if template is None:
        return escape(sentences.say(sentence))
    if sentence.id == sentences.TERM:
        return starred(template)
    between = " " if sentence.id == sentences.TOGETHER else sentences.comma(spoken)
    args = {k: _filling(v, language, between) for k, v in sentence.args.items()}
    return starred(template).format_map(sentences.Lenient(args))


def _filling(value: Any, language: str, between: str) -> Any:
    """What stands in a template: words of ours are translated, texts of others are set apart."""
    if isinstance(value, list | tuple):
        return Markup(escape(between)).join(
            escape(_filling(one, language, between)) for one in value
        )
    inner = sentences.inner(value)
    if inner is not None:
        return _said(inner, language)
    if not isinstance(value, str):
        return value
    return _Apart(value) if language in RIGHT_TO_LEFT else _Inside(value)


class _Inside(str):
    """Text that fills a template: often a sentence itself, with a command in it."""

    def __html__(self) -> str:
        return coded(str(self))


class _Apart(_Inside):
    """With a direction of its own: a phone's groups stay in their order from right to left."""

    def __html__(self) -> str:
        return Markup("<bdi>{}</bdi>").format(coded(str(self)))


def language_of(request: Ask) -> str:
    """The one that was chosen, else the first that the browser asks for and we have."""
    return wanted(request.cookies, request.headers.get("Accept-Language", ""))


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


def time_tag(
    zone: datetime.tzinfo, now: int, at: int | None, *, full: bool = False, language: str = "en"
) -> Markup:
    """A moment (Unix ms): the clock today, else with its day; the whole of it in the title."""
    if not at:
        return Markup("")
    there = datetime.datetime.fromtimestamp(at / 1000, zone)
    today = datetime.datetime.fromtimestamp(now / 1000, zone).date()
    clock = f"{there:%H:%M:%S}"
    whole = f"{_day(there, language)} {clock} {there.tzname() or ''}"
    if full:
        shown = whole
    elif there.date() == today:
        shown = clock
    elif there.year == today.year:
        shown = f"{_day(there, language, year=False)} {there:%H:%M}"
    else:
        shown = _day(there, language)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        there.isoformat(timespec="milliseconds"), whole, shown
    )


def _day(there: datetime.datetime, language: str, *, year: bool = True) -> str:
    args = {"day": there.day, "month": Sentence(f"month_{there.month}"), "year": there.year}
    return words_of(Sentence("day_month_year" if year else "day_month", args), language)


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
    title = catalogue(language_of(request)).gettext(title)
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
        dir=direction(language),
        theme=theme_of(request), who=who_of(request), path=request.url.path, house=house, now=now,
        time=lambda at, full=False: time_tag(
            zone, now, at, full=full, language=language
        ),
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
