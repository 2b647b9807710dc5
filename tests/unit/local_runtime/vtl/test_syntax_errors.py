"""A template that cannot be parsed names itself, the line and what is wrong."""

from __future__ import annotations

import pytest

from local_runtime.errors import LocalRuntimeError
from local_runtime.vtl import Template


@pytest.mark.parametrize(
    ("template", "line", "problem"),
    [
        ("a\n#if(true)x", 2, "#if is not closed by #end: the template ends"),
        ("#foreach($i in [1])\n#else\n#end", 3, "#foreach is not closed by #end: found #else"),
        ("a\nb #end", 2, "#end closes nothing"),
        ("#set($x)", 1, "expected '=' after the reference of #set, found ')'"),
        ("#set(x = 1)", 1, "expected a reference at the start of #set"),
        ("#set($x = null)", 1, "expected a value"),
        ("#set($x = 'open)", 1, "a string that starts with ' is never closed"),
        ("#set($y = 3 -2)", 1, "a minus sign needs a blank before a number"),
        ("#foreach($i in [0..($n - 1)])#end", 1, "expected a value"),
        ("#foreach($i of [1])#end", 1, "expected 'in'"),
        ("$x.get(1 + 1)", 1, "no operators are allowed there"),
        ("${x", 1, "to close the reference ${x"),
        ("#* never", 1, "a block comment is never closed"),
        ("#if $x", 1, "expected '(' after #if"),
        ("#macro(m)x#end", 1, "#macro is not supported by API Gateway"),
        ('\n#set($x = "a\n$b.get(")")', 3, "found the end"),
    ],
)
def test_error_names_the_template_and_the_line(template: str, line: int, problem: str) -> None:
    with pytest.raises(LocalRuntimeError) as raised:
        Template(template, "PUT /records: request template")
    assert str(raised.value).startswith(f"PUT /records: request template, line {line}: ")
    assert problem in str(raised.value)
