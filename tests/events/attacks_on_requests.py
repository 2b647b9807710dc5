"""Hostile entries of a batch, bodies, paths, methods, headers and content types."""

from __future__ import annotations

import json

from tests.events.attacks import (
    ACCOUNT,
    STREAM,
    VICTIM,
    BodyAttack,
    End,
    EntryAttack,
    RequestAttack,
    event,
)

_GOOD = json.dumps(json.dumps(event("entry")))

ENTRY_ATTACKS: tuple[EntryAttack, ...] = (
    EntryAttack(
        "entry: ExplicitHashKey", f'{{"data": {_GOOD}, "partition-key": "k", "ExplicitHashKey": "0"}}'
    ),
    EntryAttack(
        "entry: explicit-hash-key", f'{{"data": {_GOOD}, "partition-key": "k", "explicit-hash-key": "0"}}'
    ),
    EntryAttack("entry: StreamName", f'{{"data": {_GOOD}, "partition-key": "k", "StreamName": "{VICTIM}"}}'),
    EntryAttack("entry: names in Kinesis' spelling", '{"Data": "eA==", "PartitionKey": "k"}'),
    EntryAttack("entry: no partition key", f'{{"data": {_GOOD}}}'),
    EntryAttack("entry: null for a partition key", f'{{"data": {_GOOD}, "partition-key": null}}'),
    EntryAttack("entry: a number for a partition key", f'{{"data": {_GOOD}, "partition-key": 5}}'),
    EntryAttack("entry: an object for a partition key", f'{{"data": {_GOOD}, "partition-key": {{"a": 1}}}}'),
    EntryAttack(
        "entry: a list for a partition key", f'{{"data": {_GOOD}, "partition-key": ["k", "ExplicitHashKey"]}}'
    ),
    EntryAttack(
        "entry: data is an object", f'{{"data": {json.dumps(event("entry"))}, "partition-key": "k"}}'
    ),
    EntryAttack("entry: data is a list", '{"data": ["x"], "partition-key": "k"}'),
    EntryAttack("entry: data is a number", '{"data": 5, "partition-key": "k"}'),
    EntryAttack("entry: null", "null"),
    EntryAttack("entry: a text", '"x"'),
    EntryAttack("entry: a list", "[]"),
    EntryAttack("entry: lone surrogate in data", '{"data": "\\ud800", "partition-key": "k"}'),
    EntryAttack("entry: lone surrogate in the key", f'{{"data": {_GOOD}, "partition-key": "\\ud800"}}'),
    EntryAttack("entry: data over 1,000 KiB", f'{{"data": "{"x" * 1_024_001}", "partition-key": "k"}}'),
)

_RECORD = json.dumps({"Data": event("body"), "PartitionKey": "k"})
_BATCH = json.dumps({"records": [{"data": json.dumps(event("body")), "partition-key": "k"}]})

BODY_ATTACKS: tuple[BodyAttack, ...] = (
    BodyAttack(
        "body: StreamARN of another stream",
        json.dumps(
            {
                "Data": 1,
                "PartitionKey": "k",
                "StreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{VICTIM}",
            }
        ).encode(),
        "record",
    ),
    BodyAttack("body: StreamName", _BATCH[:-1].encode() + f', "StreamName": "{VICTIM}"}}'.encode()),
    BodyAttack(
        "body: ExplicitHashKey", b'{"Data": 1, "PartitionKey": "k", "ExplicitHashKey": "0"}', "record"
    ),
    BodyAttack(
        "body: SequenceNumberForOrdering",
        b'{"Data": 1, "PartitionKey": "k", "SequenceNumberForOrdering": "1"}',
        "record",
    ),
    BodyAttack(
        "body: duplicate partition keys of which the last is a number",
        b'{"Data": 1, "PartitionKey": "k", "PartitionKey": 5}',
        "record",
    ),
    BodyAttack(
        "body: duplicate records of which the last is empty", _BATCH[:-1].encode() + b', "records": []}'
    ),
    BodyAttack("body: names in another case", b'{"Records": [{"data": "x", "partition-key": "k"}]}'),
    BodyAttack("body: of the other endpoint", _RECORD.encode()),
    BodyAttack("body: of the other endpoint, batch", _BATCH.encode(), "record"),
    BodyAttack("body: records is an object", b'{"records": {"0": {"data": "x", "partition-key": "k"}}}'),
    BodyAttack(
        "body: 501 records", json.dumps({"records": [{"data": "x", "partition-key": "k"}] * 501}).encode()
    ),
    BodyAttack("body: a list", b"[]"),
    BodyAttack("body: a text", b'"records"'),
    BodyAttack("body: null", b"null"),
    BodyAttack("body: empty", b""),
    BodyAttack("body: spaces", b" \n\t "),
    BodyAttack("body: two documents", _BATCH.encode() * 2),
    BodyAttack("body: trailing comma", _BATCH[:-1].encode() + b",}"),
    BodyAttack("body: comments", b"/* x */" + _BATCH.encode()),
    BodyAttack("body: single quotes", b"{'Data': 1, 'PartitionKey': 'k'}", "record"),
    BodyAttack("body: NaN", b'{"Data": NaN, "PartitionKey": "k"}', "record"),
    BodyAttack("body: Infinity", b'{"Data": -Infinity, "PartitionKey": "k"}', "record"),
    BodyAttack("body: control character in a text", b'{"Data": "a\x01b", "PartitionKey": "k"}', "record"),
    BodyAttack("body: NUL byte", b'{"Data": "a\x00b", "PartitionKey": "k"}', "record"),
    BodyAttack("body: not UTF-8", b'{"Data": "\xff\xfe", "PartitionKey": "k"}', "record"),
    BodyAttack(
        "body: an overlong UTF-8 quotation mark", b'{"Data": "\xc0\xa2", "PartitionKey": "k"}', "record"
    ),
    BodyAttack("body: a surrogate in UTF-8", b'{"Data": "\xed\xa0\x80", "PartitionKey": "k"}', "record"),
    BodyAttack("body: UTF-16", _RECORD.encode("utf-16"), "record"),
    BodyAttack("body: gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "record"),
    BodyAttack("body: 100,000 open brackets", b"[" * 100_000),
    BodyAttack(
        "body: 100,000 levels",
        b'{"Data": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b', "PartitionKey": "k"}',
        "record",
    ),
    BodyAttack(
        "body: 3,000 levels", b'{"Data": ' + b"[" * 3000 + b"]" * 3000 + b', "PartitionKey": "k"}', "record"
    ),
    BodyAttack(
        "body: Data over 1 MiB", json.dumps({"Data": "x" * 1_100_000, "PartitionKey": "k"}).encode(), "record"
    ),
    BodyAttack(
        "body: over 10 MiB", b'{"Data": "' + b"x" * (10 * 1024 * 1024) + b'", "PartitionKey": "k"}', "record"
    ),
    BodyAttack(
        "body: XML with an entity",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ),
)

_ARN = f"arn%3Aaws%3Akinesis%3Aus-east-1%3A{ACCOUNT}%3Astream%2F{VICTIM}"

REQUEST_ATTACKS: tuple[RequestAttack, ...] = (
    RequestAttack("path: another stream", stream=VICTIM),
    RequestAttack("path: a stream that is not there", stream="no-such-stream"),
    RequestAttack("path: up and down again", stream=f"{STREAM}/../{VICTIM}"),
    RequestAttack("path: up and down again, encoded", stream=f"{STREAM}%2F..%2F{VICTIM}"),
    RequestAttack("path: encoded twice", stream=f"{STREAM}%252F..%252F{VICTIM}"),
    RequestAttack("path: dots", stream=".."),
    RequestAttack("path: an ARN", stream=_ARN),
    RequestAttack("path: an ARN of another account", stream=_ARN.replace(ACCOUNT, "999999999999")),
    RequestAttack("path: JSON that names a stream", stream=f"x%22%2C%22StreamName%22%3A%22{VICTIM}"),
    RequestAttack("path: JSON that smuggles an ARN", stream=f"{STREAM}%22%2C%22StreamARN%22%3A%22{_ARN}"),
    RequestAttack("path: JSON that chooses a shard", stream=f"{STREAM}%22%2C%22ExplicitHashKey%22%3A%220"),
    RequestAttack("path: a backslash before the quotation mark", stream=f"{STREAM}%5C%22%2C%22a%22%3A%22"),
    RequestAttack("path: ends with a backslash", stream=f"{STREAM}%5C"),
    RequestAttack("path: VTL", stream="%24context.accountId"),
    RequestAttack(
        "path: VTL that sets the status", stream="%23set(%24context.responseOverride.status%3D200)"
    ),
    RequestAttack("path: NUL", stream=f"{STREAM}%00"),
    RequestAttack("path: CR and LF", stream=f"{STREAM}%0D%0ASet-Cookie%3Aa%3Db"),
    RequestAttack("path: a space", stream=f"{STREAM}%20"),
    RequestAttack("path: a wildcard", stream="*"),
    RequestAttack("path: in another case", stream=STREAM.lower()),
    RequestAttack("path: not UTF-8", stream="%ff%fe"),
    RequestAttack("path: letters that look alike", stream="PUT-Firehose-%D0%B0EhWz"),
    RequestAttack("path: 5,000 characters", stream="a" * 5000),
    RequestAttack("path: empty name", stream=""),
    RequestAttack("path: a template's parameter", stream="%7Bstream-name%7D"),
    RequestAttack(
        "query: names another stream", End.STORED, query=f"?StreamName={VICTIM}&stream-name={VICTIM}"
    ),
    RequestAttack("query: a hash key", End.STORED, query="?ExplicitHashKey=0&PartitionKey=x"),
    RequestAttack("method: POST", method="POST"),
    RequestAttack("method: DELETE", method="DELETE"),
    RequestAttack("method: PATCH", method="PATCH"),
    RequestAttack("method: TRACE", method="TRACE"),
    RequestAttack("method: one of its own", method="EVIL"),
    RequestAttack("method: overridden by a header", method="POST", headers={"X-HTTP-Method-Override": "PUT"}),
    RequestAttack(
        "header: the SDK's target", End.STORED, headers={"X-Amz-Target": "Kinesis_20131202.DeleteStream"}
    ),
    RequestAttack(
        "header: another stream", End.STORED, headers={"stream-name": VICTIM, "X-Amz-Stream": VICTIM}
    ),
    RequestAttack(
        "header: request id", End.STORED, headers={"x-amzn-RequestId": "<script>alert(1)</script>"}
    ),
    RequestAttack(
        "header: extended request id",
        End.STORED,
        headers={"x-amz-apigw-id": "forged", "x-amz-request-id": "forged"},
    ),
    RequestAttack("header: trace id", End.STORED, headers={"X-Amzn-Trace-Id": "Root=forged;Sampled=1" * 20}),
    RequestAttack(
        "header: where it comes from",
        End.STORED,
        headers={"X-Forwarded-For": "127.0.0.1, ' OR 1=1", "Forwarded": "for=x"},
    ),
    RequestAttack("header: host", headers={"Host": "evil.example"}),
    RequestAttack(
        "header: who it is",
        End.STORED,
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x", "X-Amz-Security-Token": "x"},
    ),
    RequestAttack(
        "header: VTL in the user agent",
        End.STORED,
        headers={"User-Agent": '#set($x=1) $context.accountId "}'},
    ),
    RequestAttack(
        "header: accepts what there is not", End.STORED, headers={"Accept": "application/xml;q=0.9, ../../x"}
    ),
    RequestAttack(
        "header: asks for compression", End.STORED, headers={"Accept-Encoding": "gzip, br", "Origin": "null"}
    ),
    RequestAttack("header: a body in gzip that is none", End.STORED, headers={"Content-Encoding": "gzip"}),
    RequestAttack("header: 30,000 characters", End.STORED, headers={"X-Long": "x" * 30_000}),
    RequestAttack("type: text", headers={"Content-Type": "text/plain"}),
    RequestAttack("type: a form", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    RequestAttack("type: multipart", headers={"Content-Type": "multipart/form-data; boundary=x"}),
    RequestAttack("type: XML", headers={"Content-Type": "application/xml"}),
    RequestAttack("type: Kinesis' own", headers={"Content-Type": "application/x-amz-json-1.1"}),
    RequestAttack("type: JSON with a suffix", headers={"Content-Type": "application/vnd.evil+json"}),
    RequestAttack("type: two at once", headers={"Content-Type": "application/json, text/plain"}),
    RequestAttack("type: nonsense", headers={"Content-Type": "#set($x=1)"}),
    RequestAttack("type: $default", headers={"Content-Type": "$default"}),
    RequestAttack(
        "type: in capitals with parameters",
        End.STORED,
        headers={"Content-Type": "APPLICATION/JSON; charset=utf-8; x=y"},
    ),
    RequestAttack(
        "type: a charset that is not the body's",
        End.STORED,
        headers={"Content-Type": "application/json; charset=utf-16"},
    ),
    RequestAttack(
        "type: UTF-16, told so",
        headers={"Content-Type": "application/json; charset=utf-16"},
        encode=lambda text: text.encode("utf-16"),
    ),
    RequestAttack("type: UTF-8 with a byte order mark", encode=lambda text: text.encode("utf-8-sig")),
)
