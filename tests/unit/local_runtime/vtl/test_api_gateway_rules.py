"""Where API Gateway differs from stock Velocity, and its own variables."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from local_runtime.vtl import PayloadError, TemplateError

Render = Callable[..., str]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("[$nope][$nope.a.b][${nope}][$nope.size()][$context.nope.x]", "[][][][][]"),
        ("#if($nope)T#{else}F#end #if(!$nope)T#{else}F#end", "T F"),
        (
            "#if($input.path('$.empty'))T#end#if($input.path('$.zero'))T#end#if($input.path('$.none'))T#end",
            "TTT",
        ),
        ("#if($input.path('$.no'))T#{else}F#end", "F"),
        ("#set($r = $input.path('$.gone'))[$r][$r.nested]#if($r == $null)N#end#if($r == '')E#end", "[][]NE"),
        ("#set($r = $input.path('$.null'))[$r]#if($r == $null)N#end#if($r == '')E#end", "[]NE"),
        ("#set($x = 1)#set($x = $nope)[$x]", "[]"),
        ("#set($x = 1 / 0)[$x]", "[]"),
        ("#foreach($x in $input.path('$.gone'))a#end-", "-"),
        ("[$context.requestId-x] ${context.requestId}-x", "[] rid-x"),
    ],
)
def test_null_is_the_empty_string_and_true(render: Render, template: str, expected: str) -> None:
    body = '{"empty": "", "zero": 0, "none": [], "no": false, "null": null}'
    assert render(template, body, context={"requestId": "rid"}) == expected


@pytest.mark.parametrize(
    ("path", "printed", "json"),
    [
        ("$", '{a=1, b=[{"c":5}], n=null}', '{"a":1,"b":[{"c":5}],"n":null}'),
        ("$.b", '[{"c":5}]', '[{"c":5}]'),
        ("$.b[0].c", "5", "5"),
        ("$['b'][0][\"c\"]", "5", "5"),
        ("a", "1", "1"),
        ("$..c", "[5]", "[5]"),
        ("$.b[*]", '[{"c":5}]', '[{"c":5}]'),
        ("$.b[?(@.c == 5)]", '[{"c":5}]', '[{"c":5}]'),
        ("$.b[-1:]", '[{"c":5}]', '[{"c":5}]'),
        ("$.b[7]", "", '""'),
        ("$.gone.deeper", "", '""'),
        ("$.n", "", '""'),
    ],
)
def test_path_prints_java_text_and_json_prints_json(
    render: Render, path: str, printed: str, json: str
) -> None:
    body = '{"a": 1, "b": [{"c": 5}], "n": null}'
    assert render(f"#set($p = '{path.replace(chr(39), chr(39) * 2)}')$input.path($p)", body) == printed
    assert render(f"#set($p = '{path.replace(chr(39), chr(39) * 2)}')$input.json($p)", body) == json


def test_json_text_is_that_of_json_smart(render: Render) -> None:
    body = '{"t": "é € \\u007f / \' 😀 \\"", "f": 1.50, "e": 1E20, "i": 12345678901234567890123}'
    expected = '{"t":"é \\u20AC \\u007F / \' 😀 \\"","f":1.5,"e":1.0E20,"i":12345678901234567890123}'
    assert render("$input.json('$')", body) == expected


def test_an_array_prints_with_escaped_slashes(render: Render) -> None:
    assert render("$input.path('$.l') $input.json('$.l')", '{"l": ["a/b"]}') == '["a\\/b"] ["a/b"]'


def test_lists_of_the_template_print_as_java_does(render: Render) -> None:
    assert render("#set($l = [1, 'a', true, ['x']])$l") == "[1, a, true, [x]]"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.body", "{}"),
        ("$input.path('$')", "{}"),
        ("$input.json('$')", "{}"),
        ("$input.body.x", ""),
    ],
)
def test_an_empty_body_is_an_empty_object(render: Render, template: str, expected: str) -> None:
    assert render(template) == expected


def test_params_looks_in_path_then_query_then_headers(render: Render) -> None:
    params = {
        "path": {"a": "path"},
        "querystring": {"a": "query", "b": "query"},
        "header": {"a": "header", "b": "header", "user-agent": "curl"},
    }
    template = "$input.params('a') $input.params('b') $input.params('User-Agent') [$input.params('z')]"
    assert render(template, params=params) == "path query curl []"
    assert render("$input.params().querystring.b $input.params().path", params=params) == "query {a=path}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "$util.escapeJavaScript($input.path('$.s'))",
            'it\\\'s a \\"q\\" \\/ \\\\ \\n \\u00E9 \\uD83D\\uDE00',
        ),
        (
            "$util.base64Encode($input.path('$.s'))",
            base64.b64encode('it\'s a "q" / \\ \n é 😀'.encode()).decode(),
        ),
        ("$util.base64Decode('w6k=')", "é"),
        ("$util.urlEncode('a b~c*-._/é')", "a+b%7Ec*-._%2F%C3%A9"),
        ("$util.urlDecode('a+b%2F%C3%A9')", "a b/é"),
        ("#set($o = $util.parseJson('{\"a\": [1, 2]}'))$o.a[1]", "2"),
        (
            "[$util.base64Encode($nope)] $util.base64Encode($input.path('$.m')) $util.base64Encode(5)",
            "[] e2s9dn0= NQ==",
        ),
    ],
)
def test_util_functions(render: Render, template: str, expected: str) -> None:
    body = '{"s": "it\'s a \\"q\\" / \\\\ \\n é 😀", "m": {"k": "v"}}'
    assert render(template, body) == expected


def test_response_override_is_left_in_the_context(render: Render) -> None:
    context: dict[str, Any] = {"responseOverride": {"header": {}}}
    render(
        "#set($context.responseOverride.status = 429)"
        "#set($context.responseOverride.header.Retry-After = '1')",
        context=context,
    )
    assert context["responseOverride"] == {"status": 429, "header": {"Retry-After": "1"}}


@pytest.mark.parametrize("template", ["$input.path('$.a')", "$input.json('$')"])
def test_a_body_that_is_no_json_is_an_error_when_it_is_read_as_json(render: Render, template: str) -> None:
    assert render("$input.body", "{oops") == "{oops"
    with pytest.raises(PayloadError, match="Could not parse request body into json"):
        render(template, "{oops")


def test_a_body_nested_too_deeply_is_the_body_s_fault(render: Render) -> None:
    with pytest.raises(PayloadError, match="nested too deeply"):
        render("$input.json('$')", "[" * 900 + "]" * 900)
    with pytest.raises(PayloadError, match="Could not parse"):
        render("$input.json('$')", "[" * 5000)


@pytest.mark.parametrize(
    "template",
    [
        "#set($s = 'abc')$s.substring(5)",
        "#set($l = [1])$l[3]",
        "#set($l = [1])$l.get(3)",
        "$util.parseJson('{')",
        "$util.base64Decode('%')",
        "#set($s = 'a')$s.replaceAll('(', '')",
        "$input.path('$.a.length()')",
    ],
)
def test_what_java_throws_is_a_template_error(render: Render, template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, "{}")
