"""Every refusal of the emulated Gupshup, in one table.

`docs/emulators/gupshup.md` prints it; a test provokes each row. v3 passes Meta's own refusals on:
those are the table of the emulated Cloud API, and only what Gupshup says itself stands here.

NOT CONFIRMED: of Enterprise's error numbers 101, 102 and 105 are known; all else is answered with
the one number `UNKNOWN`, and the causes of failed deliveries are invented. Of the Access API the
codes are known and most of their words are not.

Source: Gupshup, "Error and status messages"; partner documentation, "Error codes"; answers that
public integrations quote.
"""

from __future__ import annotations

import msgspec

UNKNOWN = "100"
_HTML = "<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`http` 0: it comes later, in a *failed* report. `code` and `says` are what Gupshup gives;
    both may have places. `unsure`: one of them is a guess. `raw`: the answer is `says` alone."""

    id: str
    http: int
    code: str = ""
    says: str
    when: str
    unsure: bool = False
    raw: bool = False


ENTERPRISE: tuple[Check, ...] = (
    Check(
        id="ent_user",
        http=200,
        code="101",
        says="Authentication failed due to invalid userId",
        when="userid is missing, or is none of the account's.",
        unsure=True,
    ),
    Check(
        id="ent_password",
        http=200,
        code="102",
        says="Authentication failed due to invalid userId or password",
        when="The password, or the secret after Bearer, is missing or not that of the userid; or "
        "the fault key_refused is on.",
    ),
    Check(
        id="ent_phone",
        http=200,
        code="105",
        says='The phone number "{value}" is not a valid phone number',
        when="send_to (or phone_number) is not a number with its country code, digits only; ten "
        "digits are taken for India's.",
        unsure=True,
    ),
    Check(
        id="ent_invalid",
        http=200,
        code=UNKNOWN,
        says="{problem}",
        when="Any other parameter is missing, of another kind, too long, or none of its words.",
        unsure=True,
    ),
    Check(
        id="ent_account",
        http=200,
        code=UNKNOWN,
        says="The account {userid} is not enabled for {what}",
        when="There are two accounts: templates and opt-in go by the HSM account, all else by the "
        "two-way account.",
        unsure=True,
    ),
    Check(
        id="ent_template",
        http=200,
        code=UNKNOWN,
        says="The message does not match any approved template",
        when="No approved template has this text, whatever its values, or this id or name.",
        unsure=True,
    ),
    Check(
        id="ent_template_part",
        http=200,
        code=UNKNOWN,
        says="The message does not match the template {name}: {problem}",
        when="Header, footer, buttons or the number of values are not the template's.",
        unsure=True,
    ),
    Check(
        id="ent_opt_in",
        http=200,
        code=UNKNOWN,
        says="The user {phone} has not opted in",
        when="A template to somebody who is not recorded as opted in, or as opted out.",
        unsure=True,
    ),
    Check(
        id="ent_rate",
        http=429,
        code=UNKNOWN,
        says="Too many requests",
        when="More messages a second than the number may send, or the fault rate_429 is on.",
        unsure=True,
    ),
    Check(
        id="ent_down",
        http=503,
        code=UNKNOWN,
        says="Service temporarily unavailable",
        when="The fault error_503 is on.",
        unsure=True,
    ),
    Check(
        id="ent_unreachable",
        http=0,
        code="003",
        says="UNKNOWN_SUBSCRIBER",
        when="The person is not on WhatsApp or has blocked the business.",
        unsure=True,
    ),
    Check(
        id="ent_window",
        http=0,
        code="470",
        says="SESSION_EXPIRED",
        when="A free-form message, and the person's last one is more than 24 hours old.",
        unsure=True,
    ),
    Check(
        id="ent_media",
        http=0,
        code="1010",
        says="INVALID_MEDIA_URL",
        when="The file's address is on this machine and does not answer with the file.",
        unsure=True,
    ),
    Check(
        id="ent_pair",
        http=0,
        code="131056",
        says="PAIR_RATE_LIMIT_HIT",
        when="More messages to one person than the pair's allowance.",
        unsure=True,
    ),
    Check(
        id="ent_failing",
        http=0,
        code="{code}",
        says="{reason}",
        when="The rule failing names the person, the rule wallet_empty is on (1003), or a file is "
        "too large (1011); the code and words are those of the Access API.",
        unsure=True,
    ),
)

ACCESS: tuple[Check, ...] = (
    Check(
        id="api_key",
        http=401,
        says="Portal User Not Found With APIKey",
        when="The header apikey is missing or not the account's; or the fault key_refused is on.",
    ),
    Check(
        id="api_path",
        http=404,
        says="Not Found",
        when="The path names no call, or no template or message has this id.",
        unsure=True,
    ),
    Check(
        id="api_app",
        http=400,
        says="Invalid App Details",
        when="The app's name or id in the path or in src.name is not the account's.",
        unsure=True,
    ),
    Check(
        id="api_source",
        http=400,
        says="Invalid Source Details",
        when="source is not the account's number.",
        unsure=True,
    ),
    Check(
        id="api_destination",
        http=400,
        says="Invalid Destination",
        when="destination (or user) is not a number with its country code, digits only.",
        unsure=True,
    ),
    Check(
        id="api_invalid",
        http=400,
        says="{problem}",
        when="Any other field is missing, of another kind, too long, or none of its words.",
        unsure=True,
    ),
    Check(
        id="api_rate",
        http=429,
        code="4001",
        says="API rate limited",
        when="More messages a second than the app may send, or the fault rate_429 is on.",
        unsure=True,
    ),
    Check(
        id="api_down",
        http=503,
        code="500",
        says="Internal Server Error",
        when="The fault error_503 is on.",
        unsure=True,
    ),
    Check(
        id="html_error",
        http=500,
        says=_HTML,
        when="The fault error_500 is on, by any API; the body is HTML.",
        unsure=True,
        raw=True,
    ),
    Check(
        id="api_meta",
        http=0,
        code="{code}",
        says="{reason}",
        when="Meta refuses it: values and parts that are not the template's, or too many messages "
        "to one person (131056).",
    ),
)


def _failure(code: str, says: str, when: str, *, unsure: bool = True) -> Check:
    return Check(id=f"api_{code}", http=0, code=code, says=says, when=when, unsure=unsure)


_BY_RULE = "The rule failing has this code for the person."
FAILURES: tuple[Check, ...] = (
    _failure("470", "Re-engagement message", "The session has ended and opt-in is not needed; or "
             "something else than text, to somebody who has opted in."),
    _failure("500", "Internal error", _BY_RULE),
    _failure("1001", "Last mapped bot failed", _BY_RULE),
    _failure("1002", "Number Does Not Exist On WhatsApp", "The person is not on WhatsApp or has "
             "blocked the business.", unsure=False),
    _failure("1003", "Wallet balance is low", "The rule wallet_empty is on."),
    _failure("1004", "Template messaging is disabled and the session is inactive",
             "The session has ended, and the rule templates_off is on."),
    _failure("1005", "Template did not match", "A text, the session has ended, and it is no "
             "approved template's, to somebody who has opted in."),
    _failure("1006", "User has not opted in for template messages",
             "A template to somebody who is not recorded as opted in."),
    _failure("1007", "User has not opted in and the template did not match",
             "A text, the session has ended, the person has not opted in, and it is no approved "
             "template's."),
    _failure("1008", "User has not opted in and is inactive",
             "Something else than text, the session has ended, and the person has not opted in."),
    _failure("1010", "Invalid media url",
             "The file's address is on this machine and does not answer with the file."),
    _failure("1011", "Media size exceeds the limit", "The file there is larger than its kind may "
             "be."),
    _failure("1012", "Number has opted out", "The person is recorded as opted out."),
    _failure("4001", "API rate limited", _BY_RULE),
    _failure("4002", "Invalid response from WhatsApp", _BY_RULE),
    _failure("4003", "No template match", "No template has this id or name."),
    _failure("4004", "Supported on Cloud API only", _BY_RULE),
    _failure("4005", "Template is paused", "The template is paused or disabled."),
)  # fmt: skip

V3: tuple[Check, ...] = (
    Check(
        id="v3_token",
        http=401,
        says="Unauthorised access to the resource",
        when="The header Authorization is not the app's token (or, for the portal's calls, the "
        "portal's); or the fault key_refused is on.",
        unsure=True,
    ),
    Check(
        id="v3_app",
        http=400,
        says="Invalid app id",
        when="The app id in the path is not the account's.",
        unsure=True,
    ),
    Check(
        id="v3_path",
        http=404,
        says="Not Found",
        when="The path names no call, or no file has this id.",
        unsure=True,
    ),
    Check(
        id="v3_login",
        http=401,
        says="Invalid email or password",
        when="email and password of the login are not the portal's.",
        unsure=True,
    ),
)

FILES: tuple[Check, ...] = (
    Check(
        id="file_gone",
        http=403,
        says="Forbidden",
        when="The address of a person's file has no signature, a wrong one, or is too old.",
        unsure=True,
        raw=True,
    ),
)

CHECKS: dict[str, Check] = {
    check.id: check for check in (*ENTERPRISE, *ACCESS, *FAILURES, *V3, *FILES)
}
