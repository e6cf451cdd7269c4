"""No form of a secret is left in a text, and what is no secret stays as it is."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.common.secret_mask import MASK, Mask
from tests.common.secret_forms import FORMS, PEM, left

_LONG = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" \n"), min_size=8, max_size=90
).map(str.strip)
# What can be told from accident: letters and digits enough, whatever is between them.
SECRETS = _LONG.filter(lambda text: sum(each.isascii() and each.isalnum() for each in text) >= 8)
AROUND = st.sampled_from(["", " ", "\n", '"', "'", "<", ">", "=", ": ", "key=", "</Obj>", "(", ")"])


@settings(max_examples=200, deadline=None)
@given(form=st.sampled_from(sorted(FORMS)), secret=SECRETS, before=AROUND, after=AROUND)
def test_no_form_of_a_secret_is_left(form: str, secret: str, before: str, after: str) -> None:
    shown = FORMS[form](secret)
    told = Mask([secret])(f"it says {before}{shown}{after} and ends")
    assert told.startswith("it says ")
    assert told.endswith(" and ends")
    assert MASK in told
    kept = left(told.removeprefix("it says ").removesuffix(" and ends"))
    # What surrounds a secret may stay; of wrapped base64 its end, which hangs on that.
    assert len(kept) <= len(left(before + after)) + 6 * form.startswith("wrapped"), told


@pytest.mark.parametrize("form", FORMS)
def test_a_key_of_many_lines_leaves_nothing(form: str) -> None:
    told = Mask([PEM])(f"the key is {FORMS[form](PEM)} and that is all")
    assert told.startswith("the key is ")
    assert told.endswith(" and that is all")
    kept = left(told.removeprefix("the key is ").removesuffix(" and that is all"))
    assert len(kept) <= 6 * form.startswith("wrapped"), told


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [40, 300, 500])
def test_what_was_cut_is_masked_too(form: str, size: int) -> None:
    shown = FORMS[form](PEM)
    for cut in (f"so {shown[:size]}", f"{shown[-size:]} so"):
        told = Mask([PEM])(cut)
        assert len(left(told)) < 10, told


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.lists(st.text("0123456789", min_size=12), max_size=3))
def test_a_text_without_secrets_stays_as_it_is(text: str, secrets: list[str]) -> None:
    ordinary = re.sub(r"\d", "", text)
    assert Mask(secrets)(ordinary) == ordinary


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=40))
def test_whatever_a_secret_is_it_is_gone(text: str, secret: str) -> None:
    told = Mask([secret, json.dumps({"key": secret})])(f"{text}{secret}{text}")
    assert len(told) <= 2 * len(text) + len(secret) + len(MASK) * (1 + len(text))
    if len(secret.strip()) >= 3 and secret not in (MASK, text):
        assert secret not in told or secret in MASK * 3


@pytest.mark.parametrize(
    ("secret", "text", "told"),
    [
        ("vpn", "no vpn here", "no *** here"),
        ("ab", "ab is too short to be hidden", "ab is too short to be hidden"),
        ("   ", "nothing   but room", "nothing   but room"),
        ("hunter2", 'user "hunter2"', 'user "***"'),
        ("pass word 1234", "the pass-word/1234!", "the ***!"),
        ('{"user": "me", "key": "sesame-4711"}', "its key sesame-4711", "its key ***"),
        ("user\nsesame-4711\nno", "user said sesame-4711, no", "user said ***, no"),
        ("C:\\new\\temp%41", r'{"path": "C:\\new\\temp%41"}', '{"path": "***"}'),
    ],
)
def test_a_secret_and_nothing_else_is_hidden(secret: str, text: str, told: str) -> None:
    assert Mask([secret])(text) == told


def test_a_text_that_is_made_to_be_slow_is_not() -> None:
    """Every look at a text of a million characters ends: none of them tries each place anew."""
    mask = Mask([PEM, "hunter2-hunter2"])
    for text in ("\\" * 10**6, "%25" * 300_000, "&amp;" * 200_000, "A" * 10**6, "\\" * 10**6 + "y"):
        assert mask(text) == text
