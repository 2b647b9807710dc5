"""What Velocity 1.7 prints, checked against the Java engine when these cases were written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

BODY = '{"n": 3, "s": "x\\"y", "list": [1, "q", null, {"c": 5}], "map": {"k": "v", "partition-key": "pk"}}'


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        # text that only looks like a directive or a reference
        (
            "me@example.com costs $5.00 #1 # $ $$ $-x ${} $!",
            "me@example.com costs $5.00 #1 # $ $$ $-x ${} $!",
        ),
        ("#blah() #evaluate('x') #unknown", "#blah() #evaluate('x') #unknown"),
        ("#[[ $raw #set($x = 1) ]]#", " $raw #set($x = 1) "),
        ("a ## gone\nb", "a b"),
        ("a#* gone\n *#b", "ab"),
        # escapes
        ("#set($x = 5)\\$x \\\\$x \\\\\\$x", "$x \\5 \\$x"),
        ("a\\#if(true)b\\#end c", "a#if(true)b#end c"),
        ("a\\\\#if(true)b#end", "a\\b"),
        ("\\n \\\\n \\#nope", "\\n \\\\n \\#nope"),
        # blanks and line ends around directives
        ("a\n#set($x = 1)\nb\n#if(true)\n  c\n#end\nd", "a\nb\n  c\nd"),
        ("  #foreach($i in [1..2])\n  $i\n  #end\ne", "    1\n    2\n  e"),
        ("  #set($x = 1)\n$x", "1"),
        ("x #set($x = 1) y", "x  y"),
        ("#set($x = 1)$x #set($x = 2)$x", "12"),
        ("#if(false)a#else  \nb#end|", "b|"),
        ("#{if}(true)a#{else}b#{end}c", "ac"),
        # references
        ("#set($x = 'v')$x ${x}y $!x $!{x}y $x.", "v vy v vy v."),
        ("#set($m = {'a': 1, 'b': [1, 2], 'c': {'d': 'e'}})$m.a $m['a'] $m.b[1] $m.c.d", "1 1 2 e"),
        ("#set($r = $input.path('$.map'))$r.partition-key ${r.partition-key}", "pk pk"),
        ("#set($x = 1)$x(a) $x, $x:y", "1(a) 1, 1:y"),
        ("#set($m = {})#set($m.a = 5)#set($m['b'] = 6)$m", "{a=5, b=6}"),
        ("#set($l = [1, 2])#set($l[0] = 9)$l", "[9, 2]"),
        # strings
        ("#set($a = 'x$b')$a", "x$b"),
        ('#set($b = "B")#set($c = "x${b}y$b.length()")$c', "xBy1"),
        ('#set($c = "say ""hi""")$c', 'say "hi"'),
        ("#set($c = 'it''s')$c", "it's"),
        ('#set($c = "a\\nb")$c', "a\\nb"),
        ('#set($c = "a#if(true)b#end c")$c', "ab c"),
        # numbers
        ("#set($x = 7 / 2)$x|#set($x = -7 / 2)$x|#set($x = -7 % 2)$x|#set($x = 7.0 / 2)$x", "3|-3|-1|3.5"),
        ("#set($x = 1 + 2 * 3 - 4 / 2)$x|#set($x = (1 + 2) * 3)$x", "5|9"),
        ("#set($x = 2147483647 + 1)$x", "2147483648"),
        ("#set($x = 'a' + 1)$x|#set($x = 1 + 'a')$x", "a1|1a"),
        ("#set($x = 1e7)$x|#set($x = 0.0001)$x|#set($x = 1234.5)$x", "1.0E7|1.0E-4|1234.5"),
        # conditions
        ("#if(2 > 1 && 2 >= 2 and 1 < 2 && 1 <= 1 && 1 != 2 && !(1 == 2))T#end", "T"),
        ("#if(1 gt 2 or 1 lt 0 || 1 eq 2)T#elseif(1 ne 1)U#{else}F#end", "F"),
        ("#if(1 == 1.0)T#end#if('1' == 1)T#end#if('a' < 'b')T#{else}F#end", "TTF"),
        ("#set($x = true)#set($y = !$x)$x|$y|#if(not $y)T#end", "true|false|T"),
        # loops
        (
            "#foreach($x in [1..3])$foreach.index,$foreach.count,$foreach.hasNext,$foreach.first,"
            "$foreach.last,$velocityCount;#end",
            "0,1,true,true,false,1;1,2,true,false,false,2;2,3,false,false,true,3;",
        ),
        ("#foreach($x in [3..1])$x#end", "321"),
        ("#set($n = 2)#foreach($x in [0..$n])$x#end", "012"),
        ("#foreach($x in [1..3])$x#if($foreach.count == 2)#break#end,#end after", "1,2 after"),
        (
            "#foreach($a in ['x', 'y'])#foreach($b in [1..2])$foreach.parent.index$foreach.index #end#end",
            "00 01 10 11 ",
        ),
        ("#foreach($x in $input.path('$.map'))$x,#end", "v,pk,"),
        ("#foreach($e in $input.path('$.map').entrySet())$e.key=$e.getValue(),#end", "k=v,partition-key=pk,"),
        ("#foreach($c in 'abc')$c#end#foreach($c in 5)$c#end-", "-"),
        ("#set($x = 'out')#foreach($x in [1])$x#end$x", "1out"),
        ("a#stop b", "a"),
        ("#define($d)hi $x#end#set($x = 3)$d $d()", "hi 3 hi 3()"),
        # methods
        ("#set($s = 'a.b.c')$s.replace('.', '-') $s.split('\\.').size() $s.concat('x')", "a-b-c 3 a.b.cx"),
        ("#set($s = ' aB ')$s.trim() $s.trim().toUpperCase() $s.trim().toLowerCase()", "aB AB ab"),
        ("#set($s = 'abc')$s.substring(1) $s.substring(0, 1) $s.indexOf('c') $s.charAt(1)", "bc a 2 b"),
        (
            "#set($s = 'abc')$s.matches('a.*') $s.matches('b') $s.contains('b') $s.startsWith('a')",
            "true false true true",
        ),
        ("#set($s = 'x/y')$s.replaceAll('(x)', '$1$1') $s.replaceAll('/', '\\\\/')", "xx/y x\\/y"),
        ('#set($s = "it\\\'s")$s.replaceAll("\\\\\'", "\'")', "it's"),
        ("#set($s = 'a,b,,')$s.split(',').size() $s.split(',')[1]", "2 b"),
        (
            "#set($m = {'k': 1})$m.size() $m.containsKey('k') $m.keySet() $m.values() $m.entrySet()",
            "1 true [k] [1] [k=1]",
        ),
        ("#set($l = [])#set($q = $l.add('x'))$l $q $l.isEmpty() $l.contains('x')", "[x] true false true"),
        ("#set($l = [1, 2, 3])$l.subList(0, 2) $l.indexOf(3) $l.remove(0) $l", "[1, 2] 2 1 [2, 3]"),
        ("$input.path('$.n').toString().length() $input.path('$.n').equals(3)", "1 true"),
    ],
)
def test_template_prints_what_velocity_prints(
    render: Callable[..., str], template: str, expected: str
) -> None:
    assert render(template, BODY) == expected


def test_a_loop_ends_after_a_thousand_rounds(render: Callable[..., str]) -> None:
    assert render("#foreach($i in [1..1500])x#end") == "x" * 1000


def test_text_in_data_is_never_run(render: Callable[..., str]) -> None:
    body = '{"d": "$context.secret #set($x = 1) #foreach($i in [1..9])$i#end ${input.body}"}'
    template = "#set($d = $input.path('$.d'))#set($wrapped = \"<$d>\")$wrapped"
    expected = "<$context.secret #set($x = 1) #foreach($i in [1..9])$i#end ${input.body}>"
    assert render(template, body, context={"secret": "s"}) == expected
