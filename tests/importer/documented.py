"""What Microsoft documents functions of the template language to give, row by row.

From https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string,
-array, -object, -numeric, -logical, -comparison and -lambda: the examples and their outputs; where
a page has no example, what its text says.
"""

from __future__ import annotations

from typing import Any

DOGS = [
    {"name": "Evie", "age": 5, "interests": ["Ball", "Frisbee"]},
    {"name": "Casper", "age": 3, "interests": ["Other dogs"]},
    {"name": "Indy", "age": 2, "interests": ["Butter"]},
    {"name": "Kira", "age": 8, "interests": ["Rubs"]},
]
VARIABLES: dict[str, Any] = {
    "abc": {"one": "a", "two": "b", "three": "c"},
    "azc": {"one": "a", "two": "z", "three": "c"},
    "one-two-three": ["one", "two", "three"],
    "two-three": ["two", "three"],
    "numbers": [0, 3, 2, 5, 4],
    "none": [],
    "nothing": {},
    "entities": {
        "item002": {"enabled": False, "displayName": "Example item 2", "number": 200},
        "item001": {"enabled": True, "displayName": "Example item 1", "number": 300},
    },
    "first": {"one": "a", "two": "b", "three": "c1"},
    "second": {"three": "c2", "four": "d", "five": "e"},
    "deep1": {"property": {"one": "a", "two": "b", "three": "c1"}, "nestedArray": [1, 2]},
    "deep2": {"property": {"three": "c2", "four": "d", "five": "e"}, "nestedArray": [3, 4]},
    "lists1": [["one", "two"], ["three"]],
    "lists2": [["three"], ["four", "two"]],
    "dogs": DOGS,
    "ages": "[map(variables('dogs'), lambda('dog', lambdaVariables('dog').age))]",
    "copy": [
        {
            "name": "itemForLoop",
            "count": "[length(range(0, 10))]",
            "input": "[range(0, 10)[copyIndex('itemForLoop')]]",
        },
        {
            "name": "modifiedListOfEntities",
            "count": "[length(items(variables('entities')))]",
            "input": {
                "key": "[items(variables('entities'))[copyIndex('modifiedListOfEntities')].key]",
                "itemEnabled": "[items(variables('entities'))"
                "[copyIndex('modifiedListOfEntities')].value.enabled]",
            },
        },
    ],
}
STRINGS = [
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"),
    ("base64ToJson(base64('{''one'': ''a'', ''two'': ''b''}'))", {"one": "a", "two": "b"}),
    ("concat('prefix', '-', 'x')", "prefix-x"),
    ("contains('OneTwoThree', 'e')", True),
    ("contains('OneTwoThree', 'z')", False),
    ("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8="),
    ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
    ("empty('')", True),
    ("startsWith('abcdef', 'ab')", True),
    ("startsWith('abcdef', 'A')", True),
    ("startsWith('abcdef', 'e')", False),
    ("endsWith('abcdef', 'ef')", True),
    ("endsWith('abcdef', 'F')", True),
    ("endsWith('abcdef', 'e')", False),
    ("first('One Two Three')", "O"),
    ("last('One Two Three')", "e"),
    (
        "format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)",
        "Hello, User. Formatted number: 8,175,133",
    ),
    ("indexOf('test', 't')", 0),
    ("lastIndexOf('test', 't')", 3),
    ("indexOf('abcdef', 'CD')", 2),
    ("lastIndexOf('abcdef', 'AB')", 0),
    ("indexOf('abcdef', 'z')", -1),
    ("join(createArray('one', 'two', 'three'), ',')", "one,two,three"),
    ("join(createArray('one', 'two', 'three'), ';')", "one;two;three"),
    ("length('One Two Three')", 13),
    ("padLeft('123', 10, '0')", "0000000123"),
    ("padLeft('0000000123', 3)", "0000000123"),
    ("replace('123-123-1234', '-', '')", "1231231234"),
    ("replace('123-123-1234', '1234', 'xxxx')", "123-123-xxxx"),
    ("skip('one two three', 4)", "two three"),
    ("take('one two three', 2)", "on"),
    ("split('one,two,three', ',')", ["one", "two", "three"]),
    ("split('one;two,three', createArray(',', ';'))", ["one", "two", "three"]),
    (
        "string(createObject('valueA', 10, 'valueB', 'Example Text'))",
        '{"valueA":10,"valueB":"Example Text"}',
    ),
    ("string(createArray('a', 'b', 'c'))", '["a","b","c"]'),
    ("string(5)", "5"),
    ("substring('one two three', 4, 3)", "two"),
    ("substring('one two three', 4)", "two three"),
    ("substring('one', 3, 0)", ""),
    ("toLower('One Two Three')", "one two three"),
    ("toUpper('One Two Three')", "ONE TWO THREE"),
    ("trim('    one two three   ')", "one two three"),
    (
        "uri('http://contoso.com/resources/', 'nested/azuredeploy.json')",
        "http://contoso.com/resources/nested/azuredeploy.json",
    ),
    (
        "uri('http://contoso.com/resources/azuredeploy.json', 'azuredeploy2.json')",
        "http://contoso.com/resources/azuredeploy2.json",
    ),
    (
        "uriComponent('http://contoso.com/resources/nested/azuredeploy.json')",
        "http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json",
    ),
    (
        "uriComponentToString('http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json')",
        "http://contoso.com/resources/nested/azuredeploy.json",
    ),
]
ARRAYS = [
    ("array(1)", [1]),
    ("array('efgh')", ["efgh"]),
    ("array(variables('abc'))", [{"one": "a", "two": "b", "three": "c"}]),
    (
        "concat(createArray('1-1', '1-2', '1-3'), createArray('2-1', '2-2', '2-3'))",
        ["1-1", "1-2", "1-3", "2-1", "2-2", "2-3"],
    ),
    ("contains(variables('one-two-three'), 'three')", True),
    ("contains(variables('one-two-three'), 'four')", False),
    ("createArray('a', 'b', 'c')", ["a", "b", "c"]),
    ("createArray(1, 2, 3)", [1, 2, 3]),
    ("createArray(variables('one-two-three'))", [["one", "two", "three"]]),
    ("createArray()", []),
    ("empty(variables('none'))", True),
    ("first(variables('one-two-three'))", "one"),
    ("last(variables('one-two-three'))", "three"),
    ("intersection(variables('one-two-three'), variables('two-three'))", ["two", "three"]),
    ("intersection(variables('abc'), variables('azc'))", {"one": "a", "three": "c"}),
    ("length(variables('one-two-three'))", 3),
    ("length(variables('abc'))", 3),
    ("max(variables('numbers'))", 5),
    ("max(0, 3, 2, 5, 4)", 5),
    ("min(variables('numbers'))", 0),
    ("min(0, 3, 2, 5, 4)", 0),
    ("range(5, 3)", [5, 6, 7]),
    ("skip(variables('one-two-three'), 2)", ["three"]),
    ("skip(variables('one-two-three'), 0)", ["one", "two", "three"]),
    ("skip(variables('one-two-three'), 9)", []),
    ("take(variables('one-two-three'), 2)", ["one", "two"]),
    ("take(variables('one-two-three'), 0)", []),
    ("take(variables('one-two-three'), 9)", ["one", "two", "three"]),
    (
        "union(variables('one-two-three'), createArray('three', 'four'))",
        ["one", "two", "three", "four"],
    ),
    (
        "union(variables('lists1'), variables('lists2'))",
        [["one", "two"], ["three"], ["four", "two"]],
    ),
    ("indexOf(variables('one-two-three'), 'three')", 2),
    ("indexOf(variables('one-two-three'), 'x')", -1),
    ("indexFromEnd(variables('one-two-three'), 1)", "three"),
    ("tryIndexFromEnd(variables('one-two-three'), 9)", None),
    ("tryGet(variables('one-two-three'), 9)", None),
    ("flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]),
]
OBJECTS = [
    ("contains(variables('abc'), 'one')", True),
    ("contains(variables('abc'), 'ONE')", True),
    ("contains(variables('abc'), 'a')", False),
    (
        (
            "createObject('intProp', 1, 'stringProp', 'abc', 'boolProp', true(), 'arrayProp', "
            "createArray('a', 'b', 'c'), 'objectProp', createObject('key1', 'value1'))"
        ),
        {
            "intProp": 1,
            "stringProp": "abc",
            "boolProp": True,
            "arrayProp": ["a", "b", "c"],
            "objectProp": {"key1": "value1"},
        },
    ),
    ("empty(variables('nothing'))", True),
    ("items(variables('entities'))[0].key", "item001"),
    ("items(variables('entities'))[1].value.number", 200),
    (
        "variables('modifiedListOfEntities')",
        [{"key": "item001", "itemEnabled": True}, {"key": "item002", "itemEnabled": False}],
    ),
    ("empty(json('null'))", True),
    ('json(\'{"a": "b"}\')', {"a": "b"}),
    ("json('\"test\"')", "test"),
    ("json('true')", True),
    ("json('3')", 3),
    ("json('[ 1, 2, 3 ]')", [1, 2, 3]),
    ("json(concat('{\"a\": \"', 'demo value', '\"}'))", {"a": "demo value"}),
    ("empty(null())", True),
    (
        "union(variables('first'), variables('second'))",
        {"one": "a", "two": "b", "three": "c2", "four": "d", "five": "e"},
    ),
    (
        "union(variables('deep1'), variables('deep2'))",
        {
            "property": {"one": "a", "two": "b", "three": "c2", "four": "d", "five": "e"},
            "nestedArray": [3, 4],
        },
    ),
    ("objectKeys(createObject('a', 1, 'b', 2))", ["a", "b"]),
    (
        (
            "shallowMerge(createArray(createObject('a', createObject('x', 1)), "
            "createObject('a', createObject('y', 2))))"
        ),
        {"a": {"y": 2}},
    ),
    ("tryGet(variables('abc'), 'one')", "a"),
    ("tryGet(variables('abc'), 'four')", None),
    ("variables('abc').two", "b"),
    ("variables('abc')['three']", "c"),
]
NUMBERS = [
    ("add(5, 3)", 8),
    ("sub(7, 3)", 4),
    ("mul(5, 3)", 15),
    ("div(8, 3)", 2),
    ("mod(7, 3)", 1),
    ("div(-7, 2)", -3),
    ("mod(-7, 2)", -1),
    ("int('4')", 4),
    ("float('3.0')", 3.0),
]
LOGIC = [
    ("and(bool('true'), bool('false'))", False),
    ("or(bool('true'), bool('false'))", True),
    ("not(bool('true'))", False),
    ("bool('true')", True),
    ("bool(1)", True),
    ("bool('false')", False),
    ("bool(0)", False),
    ("if(equals('a', 'a'), 'yes', 'no')", "yes"),
    ("if(equals('a', 'b'), json('{}'), json('{\"id\": \"x\"}'))", {"id": "x"}),
    ("true()", True),
    ("false()", False),
    ("equals(1, 1)", True),
    ("equals('a', 'a')", True),
    ("equals('a', 'A')", False),
    ("equals(createArray('a', 'b'), createArray('a', 'b'))", True),
    ("equals(createObject('a', 'b'), createObject('a', 'b'))", True),
    ("not(equals(1, 2))", True),
    ("less(1, 2)", True),
    ("less('A', 'a')", True),
    ("lessOrEquals(1, 2)", True),
    ("greater(1, 2)", False),
    ("greater('A', 'a')", False),
    ("greaterOrEquals(1, 2)", False),
    ("coalesce(null(), null(), 'default')", "default"),
    ("coalesce(null(), 1)", 1),
]
LAMBDAS = [
    (
        (
            "map(filter(variables('dogs'), lambda('dog', greaterOrEquals("
            "lambdaVariables('dog').age, 5))), lambda('dog', lambdaVariables('dog').name))"
        ),
        ["Evie", "Kira"],
    ),
    (
        "filter(variables('itemForLoop'), lambda('i', greater(lambdaVariables('i'), 5)))",
        [6, 7, 8, 9],
    ),
    (
        "filter(range(0, 10), lambda('i', equals(0, mod(lambdaVariables('i'), 2))))",
        [0, 2, 4, 6, 8],
    ),
    (
        "map(variables('dogs'), lambda('dog', format('Hello {0}!', lambdaVariables('dog').name)))",
        ["Hello Evie!", "Hello Casper!", "Hello Indy!", "Hello Kira!"],
    ),
    (
        (
            "map(range(0, length(variables('dogs'))), lambda('i', createObject('i',"
            " lambdaVariables('i'), 'dog', variables('dogs')[lambdaVariables('i')].name)))[3]"
        ),
        {"i": 3, "dog": "Kira"},
    ),
    (
        (
            "reduce(variables('ages'), 0, lambda('cur', 'next', add(lambdaVariables('cur'),"
            " lambdaVariables('next'))))"
        ),
        18,
    ),
    (
        (
            "reduce(createArray(createObject('foo', 123), createObject('bar', 456),"
            " createObject('baz', 789)), createObject(), lambda('cur', 'next',"
            " union(lambdaVariables('cur'), lambdaVariables('next'))))"
        ),
        {"foo": 123, "bar": 456, "baz": 789},
    ),
    (
        (
            "map(sort(variables('dogs'), lambda('a', 'b', less(lambdaVariables('a').age,"
            " lambdaVariables('b').age))), lambda('d', lambdaVariables('d').name))"
        ),
        ["Indy", "Casper", "Evie", "Kira"],
    ),
    (
        "toObject(variables('dogs'), lambda('entry', lambdaVariables('entry').name))",
        {dog["name"]: dog for dog in DOGS},
    ),
    (
        (
            "toObject(variables('dogs'), lambda('e', lambdaVariables('e').name), lambda('e',"
            " lambdaVariables('e').age))"
        ),
        {dog["name"]: dog["age"] for dog in DOGS},
    ),
    (
        "mapValues(variables('abc'), lambda('v', toUpper(lambdaVariables('v'))))",
        {"one": "A", "two": "B", "three": "C"},
    ),
    (
        "groupBy(createArray('foo', 'bar', 'baz'), lambda('x', first(lambdaVariables('x'))))",
        {"f": ["foo"], "b": ["bar", "baz"]},
    ),
]
DOCUMENTED: list[tuple[str, Any]] = STRINGS + ARRAYS + OBJECTS + NUMBERS + LOGIC + LAMBDAS
