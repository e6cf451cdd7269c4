"""The template language: documented results, put together at random, and what cannot be known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.importer.arm.scope import Scope
from factory.importer.arm.values import HOLE, Secure, is_secure, plain, texts_in
from tests.importer.documented import DOCUMENTED, VARIABLES

OWN = {
    "namespace": "own",
    "members": {
        "same": {
            "parameters": [{"name": "it", "type": "object"}],
            "output": {"type": "object", "value": "[parameters('it')]"},
        }
    },
}


def scope(**more: Any) -> Scope:
    """A template's scope with the samples of the documentation in it."""
    variables = {**VARIABLES, **more.pop("variables", {})}
    return Scope.of({"variables": variables, "functions": [OWN], **more})


@pytest.mark.parametrize(("expression", "result"), DOCUMENTED)
def test_a_function_gives_what_is_documented(expression: str, result: Any) -> None:
    found = scope().evaluate(f"[{expression}]")
    assert found == result
    assert type(found) is type(result)


# What leaves a value what it is; {0} is an expression.
UNCHANGED = [
    "if(true(), {0}, never())",
    "if(equals(1, 2), never(), {0})",
    "createArray({0}, 1)[0]",
    "createObject('Key', {0}).kEY",
    "first(createArray({0}))",
    "last(createArray(1, {0}))",
    "json(string(createArray({0})))[0]",
    "own.same({0})",
    "map(createArray({0}), lambda('x', lambdaVariables('x')))[0]",
    "reduce(createArray(1), {0}, lambda('a', 'b', lambdaVariables('a')))",
    "union(createObject('a', 1), createObject('b', {0})).b",
    "items(createObject('k', {0}))[0].value",
    "skip(take(createArray(0, {0}, 2), 2), 1)[0]",
    "tryGet(createObject('a', createArray({0})), 'a', 0)",
]
TEXTS = [
    "base64ToString(base64({0}))",
    "uriComponentToString(uriComponent({0}))",
    "substring(concat('..', {0}, '..'), 2, length({0}))",
    "format('{{0}}{{1}}', {0}, '')",
    "join(split({0}, ','), ',')",
    "replace(replace({0}, 'e', '<>'), '<>', 'e')",
]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> tuple[str, Any, dict[str, Any]]:
    """An expression of documented ones, what it has to give, and the variables that it needs."""
    expression, result = draw(st.sampled_from(DOCUMENTED))
    variables: dict[str, Any] = {}
    for level in range(draw(st.integers(0, depth))):
        kinds = ["unchanged", "variable", "pair", "loop"]
        kind = draw(st.sampled_from(kinds + ["text"] * isinstance(result, str)))
        if kind == "unchanged":
            expression = draw(st.sampled_from(UNCHANGED)).replace("{0}", expression)
        elif kind == "text":
            expression = draw(st.sampled_from(TEXTS)).replace("{{", "<<").replace("{0}", expression)
            expression = expression.replace("<<", "{").replace("}}", "}")
        elif kind == "variable":
            variables[f"v{level}"] = {"deep": [f"[{expression}]"]}
            expression = f"variables('V{level}').Deep[0]"
        elif kind == "loop":
            variables["copy"] = [
                *variables.get("copy", VARIABLES["copy"]),
                {"name": f"l{level}", "count": 2, "input": f"[{expression}]"},
            ]
            expression = f"variables('l{level}')[1]"
        else:
            other, its = draw(st.sampled_from(DOCUMENTED))
            expression, result = f"createArray({expression}, {other})", [result, its]
    return expression, result, variables


@given(expressions())
@settings(max_examples=200, deadline=None)
def test_documented_results_hold_wherever_they_stand(
    made: tuple[str, Any, dict[str, Any]],
) -> None:
    expression, result, variables = made
    assert scope(variables=variables).evaluate(f"[{expression}]") == result


@given(expressions(), st.sampled_from(["string", "secure"]))
@settings(max_examples=60, deadline=None)
def test_what_something_secure_went_into_is_secure(
    made: tuple[str, Any, dict[str, Any]], kind: str
) -> None:
    """Wherever a secure parameter stands beside a documented result: one is told, one is not."""
    expression, result, variables = made
    parameters = {"p": {"type": "secureString" if kind == "secure" else "string"}}
    parameters["p"]["defaultValue"] = "hidden"
    own = scope(variables=variables, parameters=parameters)
    found = own.evaluate(f"[createArray({expression}, concat('<', parameters('p'), '>'))]")
    assert plain(found) == [result, "<hidden>"]
    assert is_secure(found[1]) is (kind == "secure")
    assert not is_secure(found[0])
    mixed = own.evaluate(f"[string(createArray({expression}, parameters('P')))]")
    assert isinstance(mixed, Secure) is (kind == "secure")


@pytest.mark.parametrize(
    ("expression", "known", "why"),
    [
        ("concat('a-', parameters('open'), '-b')", "a-?-b", "parameter 'open' has no default"),
        ("toLower(resourceGroup().location)", "?", "resourceGroup() is known at a deployment"),
        ("length(parameters('open'))", "?", "parameter 'open' has no default"),
        ("if(equals(parameters('open'), 'x'), 'a', 'b')", "?", "parameter 'open' has no default"),
        ("or(equals(parameters('open'), 1), true())", True, ""),
        ("length(createArray(parameters('open')))", 1, ""),
        ("createObject('a', 1, 'b', parameters('open')).a", 1, ""),
        ("reference('x').outputs.y.value", "?", "reference() is known at a deployment alone"),
        ("listKeys('x', '2020-01-01').keys[0].value", "?", "listKeys() is known at a deployment"),
        ("variables('one').two", "?", "there is no variable 'one'"),
        ("variables('dogs')[9].name", "?", "there is no such element"),
        ("variables('abc').none", "?", "there is no property 'none'"),
        ("substring('abc', 2, 2)", "?", "substring() reaches beyond the text"),
        ("nowhere('x')", "?", "the function nowhere() is not resolved here"),
        ("toLower()", "?", "toLower() has arguments that it does not take"),
        ("div(1, 0)", "?", "divides by nought"),
        ("mul(9223372036854775807, 9)", "?", "gives a number that is too large"),
        ("copyIndex()", "?", "copyIndex() outside of its loop"),
        ("reduce(range(0, 2), lambda('a', 1))", "?", "reduce() has arguments that it does not"),
        ("mapValues(range(0, 2), lambda('a', 1))", "?", "mapValues() has arguments that it does"),
        ("filter(range(0, 2), lambda('a', 'b'))", "?", "has something else where true or false"),
        ("guid('a')", "?", "guid() is known at a deployment alone"),
    ],
)
def test_what_cannot_be_known_is_told_and_what_stands_around_it_is_known(
    expression: str, known: Any, why: str
) -> None:
    own = scope(parameters={"open": {"type": "string"}})
    found = own.evaluate(f"[{expression}]")
    told = "; ".join(own.work.holes.why(found))
    assert told.startswith(why)
    assert bool(told) == bool(why)
    shown = plain(found)
    if isinstance(shown, str):
        shown = "?".join(part[bool(at) :] for at, part in enumerate(shown.split(HOLE)))
    assert shown == known
    # A key that Azure would list is a secret though nobody knows it.
    assert is_secure(found) is expression.startswith("list")


def test_a_part_of_what_a_declaration_keeps_secure_is_secure_and_no_other() -> None:
    own = scope(
        definitions={"login": {"type": "object", "properties": {"pw": {"type": "securestring"}}}},
        parameters={
            "login": {"$ref": "#/definitions/login", "defaultValue": {"user": "u", "pw": "x"}},
            "all": {"type": "secureObject", "defaultValue": {"a": [1]}},
        },
    )
    assert own.evaluate("[parameters('login').user]") == "u"
    assert own.evaluate("[parameters('login').pw]") == Secure("x")
    assert own.evaluate("[parameters('all').a[0]]") == Secure(1)
    # An expression without a value does not lose what it took in.
    assert is_secure(own.evaluate("[nowhere(parameters('all'))]"))
    assert not is_secure(own.evaluate("[nowhere(variables('abc'))]"))


def test_loops_within_loops_are_bounded() -> None:
    inner: Any = "[copyIndex()]"
    for name in "abc":
        inner = {"copy": [{"name": name, "count": 800, "input": inner}]}
    own = scope()
    assert "the template's expressions are too much work" in own.work.holes.why(own.evaluate(inner))


def test_a_secure_parameter_is_not_lost_in_a_long_chain_without_a_value() -> None:
    chain = {f"v{n}": f"[variables('v{n + 1}')]" for n in range(3000)}
    loop = {"name": "v3000", "count": 1, "input": "[nowhere(parameters('p'))]"}
    own = scope(
        variables={**chain, "copy": [loop]},
        parameters={"p": {"type": "secureString"}},
    )
    assert is_secure(own.evaluate("[nowhere(variables('v0'))]"))


@given(st.text(alphabet="[]()'.,?abz09 \n{}\\", max_size=30))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_brackets_is_a_value_or_told(text: str) -> None:
    own = scope()
    found = own.evaluate(f"[{text}]")
    assert own.work.holes.why(found) or not any(HOLE in each for each in texts_in(found))
    json.dumps(plain(found))
