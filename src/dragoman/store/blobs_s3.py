"""Files in an S3-compatible store, through boto3 in threads. Imported only where it is chosen.

Credentials come from where boto3 finds them: its environment variables, its files, or the role of
the machine. The endpoint is the operator's own setting, so it does not pass the guard of egress.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from .blobs import CHUNK, THREADS, BlobGone, BlobsAway, app_of
from .errors import StoreError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ModuleNotFoundError as missing:
    raise StoreError("blobs_no_library") from missing

_GONE = frozenset({"NoSuchKey", "404", "NotFound"})
_PAST_THE_END = frozenset({"InvalidRange", "416"})
_T = TypeVar("_T")


class _PastTheEnd(Exception):
    """A part was asked for that begins behind the last byte."""


class S3Blobs:
    """Objects `{prefix}/{key}` in a bucket that exists. `endpoint` empty: Amazon's own."""

    def __init__(self, bucket: str, prefix: str, endpoint: str, region: str, aside: Path) -> None:
        self.aside = aside
        self._threads = ThreadPoolExecutor(THREADS, "blobs")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint = endpoint
        self._region = region
        self._client: Any = None
        self._making = threading.Lock()

    async def put(self, key: str, file: Path) -> None:
        name = self._name(key)

        def work(client: Any) -> None:
            client.upload_file(str(file), self._bucket, name)
            file.unlink()

        await self._do(work)

    async def read(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        if length is not None and length <= 0:
            return
        end = "" if length is None else str(start + length - 1)
        more = {"Range": f"bytes={start}-{end}"} if start or end else {}
        name = self._name(key)
        try:
            found = await self._do(lambda c: c.get_object(Bucket=self._bucket, Key=name, **more))
        except BlobGone:
            raise BlobGone(key) from None
        except _PastTheEnd:
            return
        body = found["Body"]
        try:
            while piece := await self._do(lambda _: body.read(CHUNK)):
                yield piece
        finally:
            body.close()

    async def delete(self, key: str, *, before: int) -> bool:
        name = self._name(key)

        def work(client: Any) -> bool:
            written = client.head_object(Bucket=self._bucket, Key=name)["LastModified"]
            if _ms(written) >= before:
                return False
            client.delete_object(Bucket=self._bucket, Key=name)
            return True

        try:
            return await self._do(work)
        except BlobGone:
            return True

    async def keys(self, *, before: int) -> AsyncIterator[str]:
        more: dict[str, str] = {}
        while True:

            def page(client: Any, more: dict[str, str] = more) -> Any:
                return client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, **more)

            answer = await self._do(page)
            for item in answer.get("Contents", ()):
                key = item["Key"].removeprefix(self._prefix)
                if _ours(key) and _ms(item["LastModified"]) < before:
                    yield key
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    async def close(self) -> None:
        if self._client is not None:
            await asyncio.to_thread(self._client.close)
        self._threads.shutdown(wait=False)

    def _name(self, key: str) -> str:
        app_of(key)
        return self._prefix + key

    def _open(self) -> Any:
        with self._making:
            if self._client is None:
                style = {"addressing_style": "path"} if self._endpoint else {}
                self._client = boto3.client(
                    "s3",
                    endpoint_url=self._endpoint or None,
                    region_name=self._region or None,
                    config=Config(
                        s3=style,
                        connect_timeout=10,
                        read_timeout=60,
                        retries={"max_attempts": 3, "mode": "standard"},
                        # Amazon's newer checksums are unknown to many compatible stores
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
            return self._client

    async def _do(self, work: Callable[[Any], _T]) -> _T:
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: work(self._open()))
        except ClientError as error:
            said = error.response.get("Error", {})
            if str(said.get("Code")) in _GONE:
                raise BlobGone(self._bucket) from None
            if str(said.get("Code")) in _PAST_THE_END:
                raise _PastTheEnd(self._bucket) from None
            raise self._away(str(said.get("Message") or said.get("Code") or error)) from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise self._away(str(error) or type(error).__name__) from error
        except Exception as error:  # boto3's own transfer errors have no family of their own
            if type(error).__module__.startswith(("boto3", "s3transfer", "urllib3")):
                raise self._away(str(error)) from error
            raise

    def _away(self, detail: str) -> BlobsAway:
        place = f"s3://{self._bucket}/{self._prefix}".rstrip("/")
        return BlobsAway("blobs_away", {"place": place, "detail": detail.rstrip(".")})


def _ours(key: str) -> bool:
    try:
        app_of(key)
    except ValueError:
        return False
    return True


def _ms(written: Any) -> int:
    return int(written.timestamp() * 1000)
