"""Lyrics in a bucket: Amazon S3 or anything that speaks its protocol (MinIO, Ceph, R2), by boto3.

`S3Texts` lists what is there with ETags, so that what has not changed need not be downloaded, and reads single objects
up to a size. Errors say what is wrong and what to set; none holds a key.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from providers.outbound import permit
from support import metrics
from support.errors import DataError, MissingKey, ProviderError, RateLimited

CONNECT_S, READ_S, TRIES = 5.0, 20.0, 3
CONNECTIONS = 8
"""Objects read at once."""
_TEXT_SUFFIX = re.compile(r"\.txt$", re.IGNORECASE)
_ANY_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_NO_BUCKET = {"NoSuchBucket"}
_NO_ACCESS = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "403"}
_BAD_KEY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken", "InvalidToken",
            "UnrecognizedClientException", "AuthFailure"}
_OTHER_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
_SLOW = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "429",
         "503"}
_NOTHING = {"NoSuchKey", "NotFound", "404"}


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where the lyrics are and how to get at them.

    Attributes
    ----------
    bucket : str
    key : str
        One object, or a prefix with one object per song: it ends with ``/`` or names no object; empty: all objects.
    endpoint_url : str or None
        Of an S3-compatible service; None: Amazon's.
    access_key, secret_key : str or None
        None: what boto3 finds by itself (profile, role of the machine).
    region : str
    """

    bucket: str
    key: str = ""
    endpoint_url: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    region: str = "ap-northeast-2"

    @property
    def address(self) -> str:
        """Name the place without any secret, such as ``s3://songs/lyrics/``; with the host where it is not Amazon's."""
        return f"s3://{self.bucket}/{self.key}" + (f" @ {_host(self.endpoint_url)}" if self.endpoint_url else "")


@dataclass(frozen=True, slots=True)
class StoredText:
    """An object of a listing: its name, a tag that changes with its content, its size in bytes."""

    name: str
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What a place holds: texts by name; how many other objects were passed over; whether there are more texts."""

    texts: tuple[StoredText, ...]
    ignored: int = 0
    cut: bool = False


class S3Texts:
    """Lists and reads the text objects of one place; may be used by several threads.

    Parameters
    ----------
    place : S3Place
    timeouts_s : tuple of float
        Seconds to connect and to wait for data.
    tries : int
        Of each request; what the service limits or fails at (429, 5xx, broken connections) is tried again.

    Raises
    ------
    DataError
        If the endpoint is not a web address.
    """

    def __init__(self, place: S3Place, *, timeouts_s: tuple[float, float] = (CONNECT_S, READ_S),
                 tries: int = TRIES) -> None:
        if place.endpoint_url and not _is_address(place.endpoint_url):
            raise DataError("s3.address")
        self.place, self._timeouts_s, self._tries = place, timeouts_s, tries

    @property
    def address(self) -> str:
        """Name the place (see `S3Place.address`)."""
        return self.place.address

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        place = self.place
        rules = Config(connect_timeout=self._timeouts_s[0], read_timeout=self._timeouts_s[1],
                       retries={"total_max_attempts": self._tries, "mode": "standard"},
                       max_pool_connections=CONNECTIONS,
                       # not every compatible service knows the checksums boto3 asks for since 1.36
                       request_checksum_calculation="when_required", response_checksum_validation="when_required",
                       s3={"addressing_style": "path" if place.endpoint_url else "auto"})
        keys = {"aws_access_key_id": place.access_key, "aws_secret_access_key": place.secret_key} \
            if place.access_key and place.secret_key else {}
        session = boto3.session.Session()  # the default session is not safe to share between threads
        s3 = session.client("s3", region_name=place.region, endpoint_url=place.endpoint_url, config=rules, **keys)
        s3.meta.events.register("before-send.s3", _permitted)  # each try, also at the region S3 points to
        return s3

    def list(self, limit: int) -> Listing:
        """Return the texts of the place, up to `limit`, by name.

        Raises
        ------
        ProviderError
            If the bucket or the key is not there, access is refused, or the service cannot be reached.
        """
        key = self.place.key
        single = self._head(key) if key and not key.endswith("/") else None
        if single:
            return Listing((single,))
        found = self._under(f"{key}/" if key and not key.endswith("/") else key, limit)
        if not found.texts and not found.ignored and key and not key.endswith("/"):
            found = self._under(key, limit)
        if not found.texts:
            raise ProviderError("s3.nothing", place=self.address, ignored=found.ignored)
        return found

    def read(self, name: str, limit: int) -> tuple[bytes, str] | None:
        """Return an object's bytes, at most `limit` and one more, and its ETag; None if it has gone.

        Raises
        ------
        ProviderError
            As `list` does.
        """
        answer = self._ask(lambda s3: s3.get_object(Bucket=self.place.bucket, Key=name))
        if answer is None:
            return None
        with closing(answer["Body"]) as body:  # one that was not read to its end must not stay in the pool
            return self._ask(lambda _: _whole(body, answer.get("ContentLength", 0), limit)), answer["ETag"]

    def write(self, name: str, data: bytes, kind: str) -> None:
        """Store an object of a media type.

        Raises
        ------
        ProviderError
            As `list` does.
        """
        done = self._ask(lambda s3: s3.put_object(Bucket=self.place.bucket, Key=name, Body=data, ContentType=kind))
        if done is None:
            raise ProviderError("s3.no_bucket", bucket=self.place.bucket)

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error.

        Raises
        ------
        ProviderError
            As `list` does.
        """
        self._ask(lambda s3: s3.delete_object(Bucket=self.place.bucket, Key=name))

    def _head(self, key: str) -> StoredText | None:
        """Return what a key names; None if it names nothing, or one may not know."""
        try:
            found = self._ask(lambda s3: s3.head_object(Bucket=self.place.bucket, Key=key))
        except ProviderError as error:
            if error.code != "s3.no_access":  # without the right to list, S3 says so of what is not there as well
                raise
            found = None
        return None if found is None else StoredText(key, found["ETag"], found["ContentLength"])

    def _under(self, prefix: str, limit: int) -> Listing:
        texts: list[StoredText] = []
        ignored = 0
        token: dict[str, str] = {}
        while True:
            page = self._ask(lambda s3, more=token: s3.list_objects_v2(Bucket=self.place.bucket, Prefix=prefix, **more))
            if page is None:
                raise ProviderError("s3.no_bucket", bucket=self.place.bucket)
            for one in page.get("Contents", ()):
                if one["Key"].endswith("/"):
                    continue  # what consoles make for a folder
                if not _is_text(one["Key"]):
                    ignored += 1
                elif len(texts) == limit:
                    return Listing(tuple(texts), ignored, True)
                else:
                    texts.append(StoredText(one["Key"], one["ETag"], one["Size"]))
            if not page.get("IsTruncated"):
                return Listing(tuple(texts), ignored)
            token = {"ContinuationToken": page["NextContinuationToken"]}

    @metrics.call("S3")
    def _ask(self, request: Any) -> Any:
        """Return what a request brings, None for an object that is not there; its errors come out as ours."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
        from urllib3.exceptions import HTTPError

        try:
            return request(self._client)
        except ClientError as error:
            failure = self._failure(error.response)
        except ParamValidationError:
            failure = ProviderError("s3.no_bucket", bucket=self.place.bucket)
        except RecursionError:  # boto3 asks again where a redirect comes from, and again is redirected
            failure = ProviderError("s3.other_region", bucket=self.place.bucket, region=self.place.region)
        except (BotoCoreError, HTTPError, ValueError, OSError) as error:
            failure = self._unreachable(error)
        # Raised outside of the handlers: the library's error may name what must not travel along.
        if failure is None:
            return None
        raise failure

    def _failure(self, response: Any) -> ProviderError | None:
        """Return what an answer means; None: no such object."""
        code = str(response.get("Error", {}).get("Code", "?"))
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        bucket = self.place.bucket
        if code in _NO_BUCKET:
            return ProviderError("s3.no_bucket", bucket=bucket)
        if code in _BAD_KEY:
            return ProviderError("s3.bad_key", reason=code)
        if code in _OTHER_REGION or status == 301:
            return ProviderError("s3.other_region", bucket=bucket, region=self.place.region)
        if code in _SLOW or status in (429, 503):
            return RateLimited("s3.limited")
        if code in _NO_ACCESS or status == 403:
            return ProviderError("s3.no_access", place=self.address)
        if code in _NOTHING or status == 404:
            return None
        return ProviderError("s3.refused", reason=code, status=status)

    def _unreachable(self, error: Exception) -> ProviderError:
        from botocore import exceptions as boto

        if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError
                      | boto.ProfileNotFound):
            return MissingKey("s3.no_key")
        timeouts = (boto.ConnectTimeoutError, boto.ReadTimeoutError, TimeoutError)
        why = "timeout" if isinstance(error, timeouts) else "tls" if isinstance(error, boto.SSLError) else "connection"
        host = _host(self.place.endpoint_url) if self.place.endpoint_url else f"s3.{self.place.region}.amazonaws.com"
        return ProviderError("s3.unreachable", host=host, why={"key": f"errors.s3.why_{why}", "values": {}})


def _whole(body: Any, length: int, limit: int) -> bytes:
    """Return what an answer brings, at most `limit` bytes and one more; boto3 takes one that breaks off for whole."""
    data: bytes = body.read(limit + 1)
    if len(data) < min(length, limit + 1):
        raise OSError(f"{len(data)} of {length} bytes came")
    return data


def _permitted(request: Any, **_: Any) -> None:
    """Ask before a request is sent; whoever answers in its stead would return something."""
    permit(request.url)


def _is_text(name: str) -> bool:
    """Return whether a name ends in ``.txt`` or has no suffix; *Mr. Brightside* has none."""
    return bool(_TEXT_SUFFIX.search(name)) or not _ANY_SUFFIX.search(name)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _host(url: str | None) -> str:
    """Return host and port of an address, without what may be secret in it."""
    parts = urlsplit(url or "")
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "?"
