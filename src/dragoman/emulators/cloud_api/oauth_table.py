"""The refusals of signing in: exchanges, and tokens that a person ended. See `_cloud.check_table`.

Codes and wordings are those that integrators quote; Meta documents none of them.
"""

from __future__ import annotations

from dragoman.emulators._cloud.check_table import Check

_ROWS = [
    Check(
        id="token_password",
        http=401,
        code=190,
        subcode=460,
        message="Error validating access token: The session has been invalidated because the user "
        "changed their password or Facebook has changed the session for security reasons.",
        when="The person whose token it is changed the password.",
        unsure=True,
    ),
    Check(
        id="token_invalidated",
        http=401,
        code=190,
        subcode=467,
        message="Error validating access token: The session is invalid because the user logged "
        "out.",
        when="The person whose token it is withdrew the session.",
        unsure=True,
    ),
    Check(
        id="app_unknown",
        http=400,
        code=101,
        message="Error validating application. Cannot get application info due to a system error.",
        when="client_id is not the app's.",
        unsure=True,
    ),
    Check(
        id="app_secret_wrong",
        http=400,
        code=1,
        message="Error validating client secret.",
        when="client_secret is not the app's.",
        unsure=True,
    ),
    Check(
        id="code_unknown",
        http=400,
        code=100,
        message="Invalid verification code format.",
        when="The code is none that the dialog gave.",
        unsure=True,
    ),
    Check(
        id="code_used",
        http=400,
        code=100,
        subcode=36009,
        message="This authorization code has been used.",
        when="The code was exchanged before.",
        unsure=True,
    ),
    Check(
        id="code_expired",
        http=400,
        code=100,
        subcode=36007,
        message="This authorization code has expired.",
        when="The code is older than 30 s.",
        unsure=True,
    ),
    Check(
        id="code_redirect",
        http=400,
        code=100,
        subcode=36008,
        message="Error validating verification code. Please make sure your redirect_uri is "
        "identical to the one you used in the OAuth dialog request",
        when="redirect_uri is not, letter by letter, the dialog's.",
        unsure=True,
    ),
]
OAUTH_CHECKS = {row.id: row for row in _ROWS}
