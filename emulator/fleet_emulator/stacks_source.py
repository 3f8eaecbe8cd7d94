"""Where a template comes from: a body, or an object in the emulated S3 that its reader may get.

The address forms are S3's own (virtual-hosted and path-style, with or without region) and the emulator's address, which the
CDK's CLI and TaskCat use for uploads.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlparse

from moto.s3.models import s3_backends

from .authorization import authorize
from .stacks_template import refuse

HOSTED = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]*)\.s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com")
PATH_STYLE = re.compile(r"s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com")
LOCAL = re.compile(r"(?:(?P<bucket>[a-z0-9.-]+)\.)?(?:localhost|127\.0\.0\.1)(?::\d+)?")
MORE = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


def location(url: str) -> tuple[str, str]:
    """Bucket and key of an address; any other address is refused."""
    parts = urlparse(url)
    path = unquote(parts.path).lstrip("/")
    for form in (HOSTED, PATH_STYLE, LOCAL):
        found = form.fullmatch(parts.netloc)
        if found is None:
            continue
        bucket = found.groupdict().get("bucket")
        key = path
        if not bucket:
            bucket, _, key = path.partition("/")
        if bucket and key:
            return bucket, key
    raise refuse("TemplateURL must be a supported URL.")


def read(url: str, account: str, principal: str | None) -> str:
    """The text at the address, read by the principal (None: the root user of the account)."""
    bucket, key = location(url)
    backend = s3_backends[account]["aws"]
    owner = _owner(bucket)
    if owner is None:
        raise refuse(f"S3 error: The specified bucket does not exist\n{MORE}")
    found = s3_backends[owner]["aws"].get_object(bucket, key)
    tags = backend.tagger.get_tag_dict_for_resource(found.arn) if found is not None else {}
    context = {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}
    decision = authorize(principal, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", context)
    if not decision.allowed:
        raise refuse(f"S3 error: Access Denied: {decision.reason}\n{MORE}")
    if found is None:
        raise refuse(f"S3 error: The specified key does not exist.\n{MORE}")
    return bytes(found.value).decode("utf-8", "replace")


def _owner(bucket: str) -> str | None:
    for account, partitions in list(s3_backends.items()):
        if bucket in partitions["aws"].buckets:
            return str(account)
    return None
