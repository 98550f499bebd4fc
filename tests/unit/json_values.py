"""Whatever a JSON reader may hand over, and what of it PostgreSQL can keep."""

from __future__ import annotations

import dataclasses
import json
from types import MappingProxyType

import orjson
from hypothesis import strategies as st

# Whatever a JSON reader may hand over, with what no database takes: NUL, and halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=[])) | st.text(
    "\x00\ud83d\udc00:0123456789.-eé \n", max_size=12
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def rows(fields):
    return st.dictionaries(st.sampled_from(fields) | texts, values, max_size=12)


def assert_storable(value):
    """Assert that PostgreSQL can keep a record, or anything within it, as text, integer and jsonb."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_storable(getattr(value, field.name))
    elif isinstance(value, MappingProxyType):
        assert not value
    elif isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, tuple):
        for part in value:
            assert_storable(part)
    elif isinstance(value, dict):
        assert_storable_json(value)
    elif isinstance(value, int):
        assert -(2**31) <= value < 2**31
    elif isinstance(value, float):
        assert abs(value) < float("inf")


def assert_storable_json(value):
    text = orjson.dumps(value).decode()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert json.loads(text) == value
