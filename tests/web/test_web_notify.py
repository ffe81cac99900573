"""Proactive notifications over real HTTP: the documented shapes, every refusal with its sentence,
tokens that are not what they seem, and the documented rates."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from dragoman.domain.clock import FixedClock
from dragoman.domain.sentences import known
from dragoman.engine import callers, notify_request
from dragoman.engine.notify_request import BadRequest, read_request
from dragoman.web import public_api
from notifying import SAMPLE, TEMPLATE, asking, calling
from world import ASHA, BEN, STREAM, changed

pytestmark = pytest.mark.full  # whole audiences over real HTTP

NOW = 1_760_000_000_000
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
INVALID = (401, {"errors": [{"msg": "Invalid Access token", "code": 401}]})
MINUTE = "You've exceeded the per-minute rate limit. Please wait for sometime before retrying."
HOUR = "You've exceeded the hourly rate limit. Please wait for sometime before retrying."


def fits(pattern: str, text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def told(answer: tuple[int, Any]) -> tuple[int, list[str]]:
    """Status and sentences of a refusal, whose form is checked."""
    status, body = answer
    assert list(body) == ["errors"]
    assert all(list(e) == ["msg", "code"] and e["code"] == status for e in body["errors"])
    return status, [e["msg"] for e in body["errors"]]


# --- the documented shapes -----------------------------------------------------------------------


async def test_the_documented_sample(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        await api.world.say("hello", ASHA)
        await api.world.quiet()
        api.world.graph.calls.clear()
        status, job = await api.notify(SAMPLE)
        assert status == 200
        id = job.pop("_id")
        assert fits(f"ds-{UUID}", id)
        assert job.pop("createdBy") == "u-" + api.client_id.removeprefix("cs-")
        assert all(fits(TIME, job.pop(name)) for name in ("lMod", "createdOn", "requestedTime"))
        assert job == {
            "streamId": STREAM,
            "jobType": "PROACTIVE_NOTIFICATIONS_API",
            "action": "PROACTIVE_NOTIFICATIONS",
            "status": "IN_PROGRESS",
            "statusLogs": [],
            "percentageComplete": 0,
            "store": {"identitiesCount": 1},
            "countOfDockStatuses": 1,
            "__v": 0,
        }
        await api.ended(id)
        (call,) = api.world.graph.calls
        assert call.body["image"] == SAMPLE["message"]["value"]["image"]
        assert (call.body["to"], call.body["type"]) == ("+" + ASHA, "image")


async def test_the_log_of_each_recipient(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        job = await api.notified(asking("template", TEMPLATE, ASHA, "0"))
        end = await api.ended(job)
        good, bad = end.pop("statusLogs")
        assert end == {"count": 2, "status": "PARTIAL_SUCCESS", "streamId": STREAM}
        assert fits(f"nl-{UUID}", good.pop("_id"))
        assert fits(f"ms-{UUID}", good.pop("messagestoreId"))
        assert fits(f"u-{UUID}", good.pop("koreId"))
        assert fits(TIME, good.pop("createdOn"))
        creator = "u-" + api.client_id.removeprefix("cs-")
        assert good == {
            "streamId": STREAM,
            "comments": "Notification has been sent successfully",
            "channelId": ASHA,
            "channel": "whatsapp",
            "originalId": ASHA,
            "requestId": job,
            "status": "SUCCESS",
            "createdBy": creator,
            "__v": 0,
        }
        assert (bad["status"], bad["originalId"], bad["requestId"]) == ("FAILURE", "0", job)
        assert bad["comments"].startswith("'0' is not a phone number: ")
        assert not {"messagestoreId", "koreId"} & bad.keys()


@pytest.mark.parametrize(("phones", "status"), [
    ([ASHA, BEN], "SUCCESS"), (["1", "2"], "FAILURE"), ([ASHA, "2"], "PARTIAL_SUCCESS"),
])  # fmt: skip
async def test_the_status_of_a_job(tmp_path: Path, phones: list[str], status: str) -> None:
    async with calling(tmp_path) as api:
        job = await api.notified(asking("template", TEMPLATE, *phones))
        assert (await api.ended(job))["status"] == status


async def test_content_is_another_name_of_message(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        body = asking("template", TEMPLATE, BEN)
        body["content"] = body.pop("message")
        assert (await api.ended(await api.notified(body)))["status"] == "SUCCESS"


async def test_ids_of_other_things_are_no_job(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        job = await api.notified(asking("template", TEMPLATE, BEN))
        (entry,) = (await api.ended(job))["statusLogs"]
        wrong = [entry["_id"], entry["messagestoreId"], job[:-1] + "0z"[job[-1] == "0"], "ds-", "1",
                 "ds-00000000-0000-4000-8000-000000000000", "9" * 5000, "ds-%00"]  # fmt: skip
        for id in wrong:
            status, (sentence,) = told(await api.status(id))
            assert (status, sentence[:40]) == (404, "The app has no notification with the id ")
        assert (await api.status(job.upper()))[0] == 200


# --- strictness ----------------------------------------------------------------------------------


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set what a path like `identities.0.email` names."""

    def work(body: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = body
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value

    return work


def without(path: str) -> Callable[[dict[str, Any]], None]:
    def work(body: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = body
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        del place[last]

    return work


WRONG: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (put("color", 1), "color is not a property of this API, which takes no others: here it takes "
     "channel, userIdentityType, message, content, identities, webhookInstanceName."),
    (without("channel"), "channel is missing, and it is required."),
    (put("channel", "ivr"), 'channel must be "whatsapp", and is "ivr": this API sends on WhatsApp '
     "only."),
    (put("channel", None), 'channel must be "whatsapp", and is null: this API sends on WhatsApp '
     "only."),
    (put("userIdentityType", "email"), 'userIdentityType must be "resolve" where it is given, and '
     'is "email".'),
    (put("webhookInstanceName", "x"), "webhookInstanceName belongs to the channel ivr: leave it "
     "out for whatsapp."),
    (put("content", {}), "message and content are two names of one thing: send message alone."),
    (without("message"), "message is missing, and it is required."),
    (put("message", "hello"), 'message must be an object with type and value, and is "hello".'),
    (put("message.val", 1), "message.val is not a property of this API, which takes no others: "
     "here it takes type, value."),
    (without("message.type"), "message.type is missing, and it is required."),
    (put("message.type", "image"), "message.type must be one of text, template and script, and is "
     '"image".'),
    (without("message.value"), "message.value is missing, and it is required."),
    (put("message.value", 7), "message.value must be a text, and is a number."),
    (put("message.value", {"type": "text"}), "message.value must be a text, and is an object."),
    (put("message.value", " \n"), "message.value is empty: there would be nothing to send."),
    (put("message.value", "चा" * 2049), "message.value has 4098 characters, and may have 4096."),
    (put("message", {"type": "template", "value": 7}), "message.value must be a text or an object, "
     "and is a number."),
    (put("message", {"type": "template", "value": {}}), "message.value cannot be sent (it is "
     "empty)."),
    (put("message", {"type": "template", "value": '{"kind":"temp"}'}), "message.value cannot be "
     "sent (there is no `kind` 'temp'; did you mean 'template'?)."),
    (put("message", {"type": "template", "value": {"kind": "template", "name": "x"}}),
     "message.value cannot be sent (template: missing required field `language`)."),
    (put("message", {"type": "script", "value": "print("}), "message.value, line 1, cannot be read "
     "as JavaScript: unexpected token in expression: ''. Nothing of it was run."),
    (without("identities"), "identities is missing, and it is required."),
    (put("identities", {}), "identities must be a list, and is an object."),
    (put("identities", []), "identities has 0 items, and one request takes 1 to 1000."),
    (put("identities", [{"phoneNumber": BEN}] * 1001), "identities has 1001 items, and one request "
     "takes 1 to 1000."),
    (put("identities", [BEN]), 'identities[0] must be an object, and is "12025550143".'),
    (put("identities.0.name", "x"), "identities[0].name is not a property of this API, which takes "
     "no others: here it takes phoneNumber, customMessage, parameters."),
    (put("identities.0.email", "a@b.example"), "identities[0].email is how another channel names "
     "people: on WhatsApp each identity has a phoneNumber."),
    (without("identities.0.phoneNumber"), "identities[0].phoneNumber is missing, and it is "
     "required."),
    (put("identities.0.phoneNumber", 12025550143), "identities[0].phoneNumber must be a text, and "
     "is a number."),
    (put("identities.0.phoneNumber", ""), "identities[0].phoneNumber is empty: there would be "
     "nothing to send."),
    (put("identities.0.customMessage", None), "identities[0].customMessage must be a text, and is "
     "null."),
    (put("identities.0.customMessage", ""), "identities[0].customMessage is empty: there would be "
     "nothing to send."),
    (put("identities.0.customMessage", "x" * 4097), "identities[0].customMessage has 4097 "
     "characters, and may have 4096."),
    (put("identities.0.parameters", []), "identities[0].parameters must be an object, and is a "
     "list."),
    (put("identities.0.parameters", {f"p{i}": "" for i in range(21)}), "identities[0].parameters "
     "has 21 properties, and may have 20."),
    (put("identities.0.parameters", {"n": True}), "identities[0].parameters.n must be a text, and "
     "is a boolean."),
    (put("identities.0.parameters", {"n": "x" * 201}), "identities[0].parameters.n has 201 "
     "characters, and may have 200."),
]  # fmt: skip


async def test_every_violation_has_its_sentence(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        body = asking("text", "hello", BEN)
        for change, sentence in WRONG:
            assert told(await api.notify(changed(body, change))) == (400, [sentence])
        assert await api.world.rows("SELECT count(*) FROM notification") == [(0,)]


async def test_all_mistakes_of_a_body_are_told_at_once(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        body = asking("text", "", *[{"phoneNumber": 1, "x": 2}] * 15)
        status, sentences = told(await api.notify(body))
        assert status == 400
        assert sentences[0] == "message.value is empty: there would be nothing to send."
        assert len(sentences) == notify_request.MOST_TOLD + 1
        assert sentences[-1] == "11 more mistakes are not listed."


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"', b"null", b"\xff", b'{"a":1}x',
                                  b'{"channel":"\\ud800"}', b"[" * 100_000])  # fmt: skip
async def test_what_is_no_object(tmp_path: Path, body: bytes) -> None:
    async with calling(tmp_path) as api:
        status, sentences = told(await api.notify(body))
        assert status == 400
        assert sentences[0].startswith("The body is no JSON object (")


def test_the_table_of_violations_is_whole() -> None:
    """Every sentence that a body may earn is in this file; the rest are met by the other tests."""
    met = {"notify_no_object", "notify_more", "notify_it_is", "notify_text_of"}  # parts of others
    for change, _ in WRONG:
        body = json.dumps(changed(asking("text", "hello", BEN), change)).encode()
        try:
            read_request(body)
        except BadRequest as error:
            met |= {problem.id for problem in error.problems}
    source = Path(notify_request.__file__).read_text("utf-8")
    mine = {id for id in known() if f'"{id}": ' in source}
    assert mine - met == set()
    assert len(mine) > 10


# --- the switch and the app's state --------------------------------------------------------------


async def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        body, command = asking("template", TEMPLATE, BEN), api.world.command

        async def refusal() -> str:
            status, (sentence,) = told(await api.notify(body))
            assert status == 403
            return sentence

        await command("channel.set", switches={"proactive": False})
        assert (await api.notify(body))[0] == 200  # only published copies count
        await command("app.publish")
        assert await refusal() == (
            "Proactive notifications are switched off in the published channel of the app world: "
            "run `dragoman channel set 'world' --proactive` and publish."
        )
        await command("channel.set", switches={"proactive": True})
        await command("channel.enable", on=False)
        await command("app.publish")
        assert (await refusal()).startswith("The channel of the app world is switched off")
        await command("app.create", name="young", agent="", stream_id="st-young")
        made = await command("credential.create", name="young", credential="caller")
        api.token = made["authorization"]
        status, sentences = told(await api.notify(body, stream="st-young"))
        assert status == 403
        assert sentences == ["The app young is not published, so it sends nothing: publish it."]


async def test_where_nothing_is(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        body = asking("template", TEMPLATE, BEN)
        status, (sentence,) = told(await api.notify(body, stream="st-nobody"))
        assert (status, sentence[:46]) == (404, "There is no app with the stream id st-nobody: ")
        for method, path in (("POST", "notify"), ("GET", "notifyV2/status"), ("GET", "x/y/z")):
            status, (sentence,) = told(await api.ask(method, path, body))
            assert (status, sentence[:20]) == (404, "There is nothing at ")
        for method, path, allowed in (
            ("GET", "notifyV2", "POST"), ("PUT", "notifyV2", "POST"),
            ("POST", "notifyV2/status/ds-x", "GET"),
        ):  # fmt: skip
            status, (sentence,) = told(await api.ask(method, path, body))
            assert (status, api.headers["allow"]) == (405, allowed)
            assert sentence == (f"/api/public/bot/{STREAM}/{path} takes {allowed}, not {method}.")
        async with api.client.get(f"{api.base}/api/public/bots") as answer:
            assert answer.status == 404


async def test_a_body_over_the_limit(tmp_path: Path) -> None:
    async with calling(tmp_path, settings={"max_body_bytes": 2000}) as api:
        status, (sentence,) = told(await api.notify(b" " * 2001))
        assert status == 413
        assert sentence.startswith("The body is larger than 2000 bytes: ")


async def test_a_database_that_does_not_keep_up(
    tmp_path: Path, said: Callable[[], list[str]]
) -> None:
    async with calling(tmp_path, settings={"writer_queue": 16}) as api:
        body = asking("template", TEMPLATE, BEN)
        api.world.app.store._writer._waiting += 100
        status, (sentence,) = told(await api.notify(body))
        api.world.app.store._writer._waiting -= 100
        assert (status, api.headers["retry-after"]) == (503, "5")
        assert sentence.startswith("Nothing was kept, so send the request again. More work waits ")
        assert "notification_not_kept" in said()
        assert await api.world.rows("SELECT count(*) FROM notification") == [(0,)]
        assert (await api.notify(body))[0] == 200


# --- tokens --------------------------------------------------------------------------------------


def part(value: Any) -> str:
    """One part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_tokens_that_are_not_what_they_seem(
    tmp_path: Path, said: Callable[[], list[str]]
) -> None:
    async with calling(tmp_path, clock=FixedClock(NOW)) as api:
        seconds = NOW // 1000
        other = OctKey.import_key("x" * 40)
        head, payload, signature = api.token.split(".")
        bad = {
            "none at all": "",
            "nonsense": "nonsense",
            "unsigned": f"{part({'alg': 'none'})}.{part({'appId': api.client_id})}.",
            "signature cut off": f"{head}.{payload}.",
            "signature of another": api.signed(key=other),
            "payload changed": f"{head}.{payload[:-4]}AAAA.{signature}",
            "another algorithm, same secret": api.signed("HS512"),
            "expired": api.signed(exp=seconds - 61),
            "not yet": api.signed(nbf=seconds + 61),
            "exp is a text": api.signed(exp="tomorrow"),
            "no appId": api.signed(appId=None),
            "appId of nobody": api.signed(appId="cs-nobody"),
            "huge": "a" * 9000 + ".b.c",
        }
        body = asking("template", TEMPLATE, BEN)
        for token in bad.values():
            assert await api.notify(body, token=token) == INVALID
            assert await api.status("ds-x", token=token) == INVALID
        assert said().count("api_refused") == 2 * len(bad)
        headers = {"authorization": f"Bearer {api.token}"}
        assert await api.notify(body, token="", headers=headers) == INVALID
        assert await api.world.rows("SELECT count(*) FROM notification") == [(0,)]
        good = [api.token, f"Bearer {api.token}", api.signed(exp=seconds - 30), api.signed(iat=1)]
        for token in good:
            assert (await api.notify(body, token=token))[0] == 200


async def test_another_apps_credential_opens_nothing_here(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        await api.world.command("app.create", name="other", agent="", stream_id="st-other")
        made = await api.world.command("credential.create", name="other", credential="theirs")
        body = asking("template", TEMPLATE, BEN)
        assert await api.notify(body, token=made["authorization"]) == INVALID
        forged = api.signed(key=OctKey.import_key(made["secret"]))  # our client id, their secret
        assert await api.notify(body, token=forged) == INVALID
        assert await api.notify(body, stream="st-other") == INVALID


async def test_a_public_key_is_no_secret(tmp_path: Path) -> None:
    """Algorithm confusion: the public half, used as the secret of an HMAC."""
    async with calling(tmp_path) as api:
        private = RSAKey.generate_key(2048)
        public = private.as_pem(private=False).decode()
        await api.make("rsa", "RS256", public_key=public)
        app = api.world.app.apps.by_stream[STREAM]
        kept = app.credentials[api.client_id].key
        body = asking("template", TEMPLATE, BEN)
        for text in (public, public.strip(), kept):
            signed = f"{part({'alg': 'HS256'})}.{part({'appId': api.client_id})}"
            mac = hmac.digest(text.encode(), signed.encode(), hashlib.sha256)
            forged = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
            assert await api.notify(body, token=forged) == INVALID
        token = jwt.encode({"alg": "RS256"}, {"appId": api.client_id}, private, ["RS256"])
        assert (await api.notify(body, token=token))[0] == 200


async def test_a_rotated_and_a_deleted_credential(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    async with calling(tmp_path, clock=clock) as api:
        body = asking("template", TEMPLATE, BEN)
        await api.world.command("credential.rotate", credential="caller", overlap_ms=60_000)
        assert (await api.notify(body))[0] == 200
        clock.move(60_001)
        assert await api.notify(body) == INVALID
        await api.make("second")
        await api.world.command("credential.delete", credential="second")
        assert await api.notify(body) == INVALID


async def test_scopes(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        body = asking("template", TEMPLATE, BEN)
        await api.make("hooks", scopes=["webhooks"])
        assert told(await api.notify(body)) == (403, [
            "The credential hooks was made without the scope proactive, so it cannot send "
            "notifications: make one with `dragoman app credential create 'world' NAME --scope "
            "proactive`."
        ])  # fmt: skip
        assert (await api.status("ds-x"))[0] == 403
        await api.make("sender", scopes=["proactive"])
        assert (await api.notify(body))[0] == 200


async def test_a_token_with_a_jti_makes_a_request_repeatable(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        token, body = api.signed(jti="one"), asking("template", TEMPLATE, BEN)
        answers = await asyncio.gather(*(api.notify(body, token=token) for _ in range(5)))
        assert len({(status, job["_id"]) for status, job in answers}) == 1
        assert await api.notify(asking("template", TEMPLATE, ASHA), token=token) == INVALID
        assert (await api.status(answers[0][1]["_id"], token=token))[0] == 200
        assert (await api.notify(body, token=api.signed(jti="two")))[0] == 200
        await api.world.until_rows("SELECT count(*) FROM recipient WHERE state=1", [(2,)])
        await api.world.quiet()
        assert len(api.world.graph.calls) == 2


# --- rates ---------------------------------------------------------------------------------------


async def test_six_hundred_a_minute(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    async with calling(tmp_path, clock=clock) as api:
        body = asking("template", TEMPLATE, BEN)
        job = await api.notified(body)
        for _ in range(3):
            assert await api.notify(body, token="nonsense") == INVALID  # strangers cost nothing
        clock.move(20_000)
        for at in range(0, 599, 20):
            many = min(20, 599 - at)
            answers = await asyncio.gather(*(api.status(job) for _ in range(many)))
            assert {status for status, _ in answers} == {200}
        assert told(await api.notify(body)) == (429, [MINUTE])
        assert api.headers["retry-after"] == "40"
        assert told(await api.status(job)) == (429, [MINUTE])
        clock.move(40_001)  # it rolls: the first one is a minute old, the others are not
        assert (await api.status(job))[0] == 200
        assert told(await api.status(job)) == (429, [MINUTE])
        clock.move(20_000)
        assert (await api.notify(body))[0] == 200


async def test_the_hour_blocks_all_and_apps_count_apart(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    async with calling(tmp_path, clock=clock) as api:
        await api.world.command("app.create", name="other", agent="", stream_id="st-other")
        made = await api.world.command("credential.create", name="other", credential="theirs")
        quota = api.world.app._public_api._quota
        app = api.world.app.apps.by_stream[STREAM]
        for _ in range(30):  # as 18,000 calls leave it
            assert all(quota.take(app.id, clock.now()) is None for _ in range(600))
            clock.move(60_000)
        assert told(await api.status("ds-x")) == (429, [HOUR])
        assert api.headers["retry-after"] == "1800"
        assert (await api.status("ds-x", stream="st-other", token=made["authorization"]))[0] == 404
        clock.move(1_800_000)
        assert (await api.status("ds-x"))[0] == 404


# --- the page ------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs/notifications.md").read_text("utf-8")


def fenced(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


async def test_the_samples_of_the_page_work(tmp_path: Path) -> None:
    async with calling(tmp_path) as api:
        await api.world.say("hello", ASHA)
        await api.world.quiet()
        (text,) = [text for text in fenced("sh") if "-d '{" in text]
        curl = re.search(r"-d '(.*)'$", text, re.DOTALL)
        assert curl is not None
        bodies = [json.loads(curl[1]), json.loads(fenced("json")[2])]
        for body in bodies:
            assert (await api.ended(await api.notified(body)))["status"] == "SUCCESS"
        _, job = await api.notify(SAMPLE)
        _, told_ = await api.status(job["_id"])
        accepted, status = (json.loads(text) for text in fenced("json")[:2])
        assert list(accepted) == list(job)
        assert list(status) == list(told_)
        entry = (await api.ended(job["_id"]))["statusLogs"][0]
        assert list(status["statusLogs"][0]) == list(entry)


async def test_the_pages_recipe_makes_a_token(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("the recipe needs openssl")
    async with calling(tmp_path) as api:
        (recipe,) = [text for text in fenced("sh") if "openssl" in text]
        script = f'{recipe}printf %s "$TOKEN"'
        env = {"PATH": os.environ["PATH"], "CLIENT_ID": api.client_id, "CLIENT_SECRET": api.secret}
        made = await asyncio.create_subprocess_exec(
            "sh", "-c", script, stdout=asyncio.subprocess.PIPE, env=env
        )
        token = (await made.communicate())[0].decode()
        body = asking("template", TEMPLATE, BEN)
        first, again = await api.notify(body, token=token), await api.notify(body, token=token)
        assert first[0] == 200
        assert first[1]["_id"] == again[1]["_id"]


def test_the_page_says_the_numbers_and_the_sentences() -> None:
    for sentence in (MINUTE, HOUR, "Invalid Access token"):
        assert f"`{sentence}`" in PAGE
    assert f"**{callers.PER_MINUTE} calls a minute and {callers.PER_HOUR:,} an hour**" in PAGE
    most = notify_request
    for number in (most.MOST_IDENTITIES, most.LONGEST_TEXT):
        assert f"{number:,}" in PAGE
    assert (
        f"up to {most.MOST_PARAMETERS} properties, texts of up to {most.LONGEST_PARAMETER}" in PAGE
    )
    codes = set(re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE))
    source = Path(public_api.__file__).read_text("utf-8")
    assert codes == set(re.findall(r"Refusal\((\d{3})", source)) - {"500"}
