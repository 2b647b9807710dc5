"""Values that settings of several systems have: each type refuses what AWS would refuse when deploying.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

_EXPRESSION = re.compile(r"!\{(firehose:(error-output-type|random-string)|timestamp:[^{}]+)\}")
_TIMESTAMP = re.compile(r"!\{timestamp:([^{}]+)\}")
_QUOTED = re.compile(r"'[^']*'")
_ERROR_TYPE = "!{firehose:error-output-type}"

_OTHER_THAN_IN_FOLDERS = re.compile(r"[^a-zA-Z0-9_.=/-]")
"""In SQL a quote would end the location, in a role's policy `*` and `?` would be any characters."""

_DNS_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_IPV4_FORM = re.compile(r"\d+\.\d+\.\d+\.\d+")


def allowed(words: str) -> object:
    """What the errors and docs/configuration.md say that a value may be."""
    return Field(json_schema_extra={"allowed": words})


def _bucket_name(name: str) -> str:
    """What S3 keeps for itself, beyond the letters that a name may have."""
    if _IPV4_FORM.fullmatch(name):
        raise ValueError(f"must not have the form of an IPv4 address (got {name!r})")
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        raise ValueError(
            f"must not begin with {', '.join(_RESERVED_STARTS)} nor end with {', '.join(_RESERVED_ENDS)}, "
            f"which S3 reserves (got {name!r})"
        )
    return name


StreamName = Annotated[
    str,
    Field(pattern=r"^[a-zA-Z0-9_.-]+$", max_length=128),
    allowed("1-128 letters, digits, hyphens, underscores and periods"),
]
BucketName = Annotated[
    str,
    Field(pattern=rf"^{_DNS_LABEL}(?:\.{_DNS_LABEL})*$", min_length=3, max_length=63),
    AfterValidator(_bucket_name),
    allowed("a bucket name: 3-63 lower-case letters, digits, hyphens and periods"),
]
ObjectKey = Annotated[
    str,
    Field(pattern=r"^[^/]", max_length=1024),
    allowed("an object key: 1-1024 characters, the first no slash"),
]
GlueName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9_]+$", max_length=255),
    allowed("1-255 lower-case letters, digits and underscores"),
]


EmailAddress = Annotated[
    str,
    Field(
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        max_length=254,
        json_schema_extra={"allowed": "an e-mail address"},
    ),
]

RunbookAddress = Annotated[
    str,
    Field(
        pattern=r"^[^\s#]+$",
        max_length=256,
        json_schema_extra={"allowed": "a path or a URL of 1-256 characters, without a fragment"},
    ),
]


def _folder(prefix: str) -> str:
    """A folder without its final slash."""
    folder = prefix.rstrip("/")
    if not folder or folder.startswith("/") or "!{" in folder:
        raise ValueError(f"must be a folder in the bucket, without expressions (got {prefix!r})")
    _check_characters(folder)
    return folder


def _check_characters(folder: str) -> None:
    if _OTHER_THAN_IN_FOLDERS.search(folder) or "//" in folder:
        raise ValueError(
            "must have folders of letters, digits, hyphens, underscores, periods and equals signs "
            f"(got {folder!r})"
        )


def _error_prefix(prefix: str) -> str:
    """A prefix as Firehose wants it, with the final slash that keeps object names off the error type."""
    if "!{" in _EXPRESSION.sub("", prefix):
        raise ValueError(
            "must use no expressions but !{firehose:error-output-type}, !{firehose:random-string} and "
            f"!{{timestamp:...}} (got {prefix!r})"
        )
    if any("Y" in _QUOTED.sub("", pattern) for pattern in _TIMESTAMP.findall(prefix)):
        raise ValueError(f"must tell the year by yyyy; YYYY is the week's year (got {prefix!r})")
    _check_characters(_EXPRESSION.sub("x", prefix))
    if _ERROR_TYPE not in prefix:
        raise ValueError(f"must contain {_ERROR_TYPE} (got {prefix!r})")
    if len(prefix) > 512 or prefix.startswith("/"):
        raise ValueError(f"must be at most 512 characters and not start with a slash (got {prefix!r})")
    return prefix if prefix.endswith("/") else f"{prefix}/"


def _source_range(text: str) -> str:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html"""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError(
            f"must be a range of addresses such as 192.0.2.0/24, with host bits of zero (got {text!r})"
        ) from None


SourceRange = Annotated[
    str, AfterValidator(_source_range), allowed("a range of IPv4 or IPv6 addresses such as `192.0.2.0/24`")
]
Folder = Annotated[str, AfterValidator(_folder), allowed("a folder, without expressions")]
ErrorPrefix = Annotated[
    str,
    AfterValidator(_error_prefix),
    allowed("a prefix with `!{firehose:error-output-type}`, at most 512 characters"),
]
