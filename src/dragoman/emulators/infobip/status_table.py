"""Infobip's statuses and errors: what a report says of a message.

Source: Infobip, "Response status and error codes" (2026). Descriptions are those of the samples
where there is one; never match on them. UNSURE: the `groupName` of errors of the 7xxx kind (here
that of chat channels), and most descriptions.
"""

from __future__ import annotations

from typing import Any

_GROUPS = {1: "PENDING", 2: "UNDELIVERABLE", 3: "DELIVERED", 4: "EXPIRED", 5: "REJECTED"}
_ERROR_GROUPS = {0: "OK", 1: "CLIENT_ERRORS", 2: "PROVIDER_ERRORS", 3: "SYSTEM_ERRORS"}

STATUSES: dict[int, tuple[int, str, str]] = {
    2: (3, "DELIVERED_TO_OPERATOR", "Message delivered to operator"),
    4: (2, "UNDELIVERABLE_REJECTED_OPERATOR", "Message rejected by operator"),
    5: (3, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
    7: (1, "PENDING_ENROUTE", "Message sent to next instance"),
    12: (5, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits"),
    15: (4, "EXPIRED_EXPIRED", "Message expired"),
    18: (5, "REJECTED_DESTINATION_NOT_REGISTERED", "Destination not registered"),
    23: (5, "REJECTED_DUPLICATE_MESSAGE_ID", "Duplicate message ID"),
    26: (1, "PENDING_ACCEPTED", "Message sent to next instance"),
    52: (5, "REJECTED_DESTINATION", "Invalid destination"),
}
"""id → group, name, description."""

ERRORS: dict[int, tuple[int, str, str, bool]] = {
    0: (0, "NO_ERROR", "No Error", False),
    351: (2, "EC_INVALID_DESTINATION_ADDRESS", "Invalid destination address", False),
    4101: (2, "EC_VALIDITY_EXPIRED", "Validity expired", True),
    7002: (1, "EC_UNKNOWN_USER", "Unknown user", True),
    7003: (1, "EC_BLOCKED_USER", "Blocked user", True),
    7008: (1, "EC_INVALID_TEMPLATE_ARGS", "Failed to match template parameters", True),
    7009: (1, "EC_INVALID_TEMPLATE", "Invalid template", True),
    7010: (1, "EC_NO_SESSION", "No active session", True),
    7013: (1, "EC_MEDIA_HOSTING_ERROR", "Media hosting error", False),
    7015: (1, "EC_MEDIA_METADATA_ERROR", "Media metadata error", True),
    7016: (1, "EC_SPAM_RATE", "Spam rate limit hit", True),
    7017: (1, "EC_TOO_MANY_REQUESTS", "Too many requests", False),
    7022: (1, "EC_MEDIA_UNSUPPORTED", "Unsupported media", True),
    7029: (1, "EC_USER_IDENTITY_CHANGED", "User identity changed", True),
    7031: (1, "EC_INVALID_WA_FLOW", "Invalid WhatsApp flow", True),
    7032: (1, "EC_FREQUENCY_CAPPING", "Frequency capping limit reached", True),
    7033: (1, "EC_MARKETING_OPT_OUT", "User opted out of marketing messages", True),
    7034: (1, "EC_SENDER_NOT_REGISTERED", "Sender not registered", True),
}
"""id → group, name, description, permanent."""

_OLDER_GROUPS = {2: "USER_ERRORS"}  # codes below 7000 keep the names of the older channels


def status(status_id: int) -> dict[str, Any]:
    group, name, description = STATUSES[status_id]
    return {
        "groupId": group,
        "groupName": _GROUPS[group],
        "id": status_id,
        "name": name,
        "description": description,
    }


def error(error_id: int) -> dict[str, Any]:
    group, name, description, permanent = ERRORS[error_id]
    groups = _ERROR_GROUPS | (_OLDER_GROUPS if error_id < 7000 else {})
    return {
        "groupId": group,
        "groupName": groups[group],
        "id": error_id,
        "name": name,
        "description": description,
        "permanent": permanent,
    }
