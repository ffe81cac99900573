"""Errors about access, rates and integrity. See `error_table`."""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns

from .known import Known

_MESSAGE = Concerns.MESSAGE
_PAIR = Concerns.PAIR
_CONTACT = Concerns.CONTACT
_NUMBER = Concerns.NUMBER
_ACCOUNT = Concerns.ACCOUNT
_TOKEN = Concerns.TOKEN
_PARTNER = Concerns.PARTNER

ACCESS: dict[str, Known] = {
    "0": Known(
        Code.TOKEN,
        _TOKEN,
        "Meta could not authenticate the access token: paste a new permanent token of a system "
        "user into the channel.",
    ),
    "1": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Meta answered with an unknown, usually passing error; the message is tried again. If it "
        "stays, check the request against Meta's status page.",
        retryable=True,
    ),
    "2": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "Meta's service is down or overloaded for the moment; the message is tried again.",
        retryable=True,
    ),
    "3": Known(
        Code.PERMISSION,
        _TOKEN,
        "The Meta app lacks the capability for this call: give it the WhatsApp product and the "
        "permission whatsapp_business_messaging, then make a new token.",
    ),
    "4": Known(
        Code.RATE,
        _ACCOUNT,
        "The Meta app made too many calls; sending pauses until Meta allows more.",
        retryable=True,
    ),
    "10": Known(
        Code.PERMISSION,
        _TOKEN,
        "The token may not send for this account: give its system user the WhatsApp account as "
        "an asset and the permission whatsapp_business_messaging, then make a new token.",
    ),
    "17": Known(
        Code.RATE,
        _TOKEN,
        "The user behind the token made too many calls; sending pauses until Meta allows more.",
        retryable=True,
    ),
    "33": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "Meta does not know this phone number id, or the token may not see it: copy the Phone "
        "Number ID again from Meta app › WhatsApp › API Setup, and give the token's system user "
        "this WhatsApp account.",
    ),
    "100": Known(
        Code.INVALID,
        _MESSAGE,
        "Meta refused a value in this message: {said} Correct it and send it again.",
    ),
    "100/33": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "Meta does not know this phone number id, or the token may not see it: copy the Phone "
        "Number ID again from Meta app › WhatsApp › API Setup, and give the token's system user "
        "this WhatsApp account.",
    ),
    "100/proof": Known(
        Code.TOKEN,
        _TOKEN,
        "The Meta app wants each call proved with the app secret: tick *Prove calls with the app "
        "secret* in the channel, and check that the secret belongs to the token's app.",
    ),
    "102": Known(
        Code.TOKEN,
        _TOKEN,
        "The token's login session has ended: paste a new permanent token into the channel.",
    ),
    "104": Known(
        Code.TOKEN,
        _TOKEN,
        "The call reached Meta without a usable access token: paste a permanent token into the "
        "channel.",
    ),
    "190": Known(
        Code.TOKEN,
        _TOKEN,
        "The access token is wrong or has expired: paste a new permanent token of a system user "
        "into the channel, or authorize it again.",
    ),
    "190/458": Known(
        Code.TOKEN,
        _TOKEN,
        "The token's user has removed the Meta app: authorize the channel again, or make a new "
        "token.",
    ),
    "190/459": Known(
        Code.TOKEN,
        _TOKEN,
        "Facebook wants the token's user to pass a checkpoint: sign in at facebook.com as that "
        "user and follow what it asks, or use a system user's token.",
    ),
    "190/460": Known(
        Code.TOKEN,
        _TOKEN,
        "The token's user changed their password, which ends their tokens: authorize the channel "
        "again, or use a system user's token, which does not end this way.",
    ),
    "190/463": Known(
        Code.TOKEN,
        _TOKEN,
        "The access token has expired: authorize the channel again, or paste a permanent token of "
        "a system user (expiry *never*).",
    ),
    "190/464": Known(
        Code.TOKEN,
        _TOKEN,
        "The token's user is not confirmed at Facebook: sign in at facebook.com as that user and "
        "confirm the account, or use a system user's token.",
    ),
    "190/467": Known(
        Code.TOKEN,
        _TOKEN,
        "The access token was made invalid (signed out, revoked or replaced): authorize the "
        "channel again, or paste a new permanent token.",
    ),
    "190/492": Known(
        Code.TOKEN,
        _TOKEN,
        "The token's session is invalid because its user lost a role at the business: give the "
        "role back, or make a token with a system user.",
    ),
    "200-299": Known(
        Code.PERMISSION,
        _TOKEN,
        "The token lacks a permission or access to this WhatsApp account: assign the account to "
        "its system user with full control, and make a new token with "
        "whatsapp_business_messaging and whatsapp_business_management.",
    ),
    "341": Known(
        Code.RATE,
        _ACCOUNT,
        "The Meta app reached a limit of its own; sending pauses until Meta allows more.",
        retryable=True,
    ),
    "368": Known(
        Code.ACCOUNT_LOCKED,
        _ACCOUNT,
        "Meta has blocked this account for a while for breaking its policies: see WhatsApp "
        "Manager › Account quality for the reason and the end of the block.",
    ),
    "613": Known(
        Code.RATE,
        _ACCOUNT,
        "The Meta app reached a custom rate limit; sending pauses until Meta allows more.",
        retryable=True,
    ),
    "2500": Known(
        Code.TOKEN,
        _TOKEN,
        "The call reached Meta without an active access token: paste a permanent token into the "
        "channel.",
    ),
    "80007": Known(
        Code.RATE,
        _ACCOUNT,
        "This WhatsApp account made too many calls in an hour; sending pauses until Meta allows "
        "more.",
        retryable=True,
    ),
    "80008": Known(
        Code.RATE,
        _ACCOUNT,
        "This WhatsApp account made too many management calls; sending pauses until Meta allows "
        "more.",
        retryable=True,
    ),
}

LIMITS: dict[str, Known] = {
    "130403": Known(
        Code.BLOCKED,
        _CONTACT,
        "Your business has blocked this person: unblock them before you write to them.",
    ),
    "130429": Known(
        Code.RATE,
        _NUMBER,
        "This number sends faster than its throughput allows; sending slows down and the message "
        "is tried again.",
        retryable=True,
    ),
    "130472": Known(
        Code.EXPERIMENT,
        _CONTACT,
        "WhatsApp did not deliver this marketing message because the person is part of one of "
        "its experiments: do not send it again; wait for them to write, or use another way.",
    ),
    "130497": Known(
        Code.COUNTRY,
        _CONTACT,
        "Your WhatsApp account may not write to people in this country: see Meta's commerce "
        "policy for the country's rules.",
    ),
    "131031": Known(
        Code.ACCOUNT_LOCKED,
        _ACCOUNT,
        "Your WhatsApp account is locked or disabled, for breaking a policy or a wrong two-step "
        "PIN: see WhatsApp Manager › Account quality and ask for a review.",
    ),
    "131048": Known(
        Code.SPAM_RATE,
        _NUMBER,
        "WhatsApp limits this number because too many people blocked or reported it: sending "
        "waits. See its quality rating in WhatsApp Manager and send less, to people who asked.",
    ),
    "131056": Known(
        Code.PAIR_RATE,
        _PAIR,
        "Too many messages went from this number to this person in a short time; the message "
        "waits and is tried again.",
        retryable=True,
    ),
    "131057": Known(
        Code.UNAVAILABLE,
        _NUMBER,
        "WhatsApp is upgrading this number, which takes about a minute; the message is tried "
        "again after that.",
        retryable=True,
        wait=60,
    ),
    "131064": Known(
        Code.SPAM_RATE,
        _MESSAGE,
        "Templates are limited because some were filed under a wrong category: correct their "
        "categories in WhatsApp Manager.",
    ),
}
