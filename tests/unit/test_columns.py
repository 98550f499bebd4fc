"""Plain rows are read column by column, and say what they say one by one."""

from __future__ import annotations

from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from providers.chronotrack_live.columns import OddRows, PlainColumns, plain_texts
from providers.chronotrack_live.values import duration, instant, integer, place

FIELDS = {
    "bib": "results_bib",
    "age": ("results_age", integer),
    "time": ("results_time", duration),
    "rank": ("results_rank", place),
    "end": ("results_end_chip_time", instant),
    "born": ("athlete_birthdate", date.fromisoformat),
    "absent": "results_nothing",
    "absent_number": ("results_no_number", integer),
}
NAMES = [field if isinstance(field, str) else field[0] for field in FIELDS.values()][:6]
NAMES += ["ex\x00tra", "location_city", "location_region", "wave_name", "results_pace_unit"]
cells = st.sampled_from(
    ["", "0", "7", "40", "x", "0:42:17.5", "99:99:99", "1761469203.250", "-1", "1985-03-02", "Łódź"]
) | st.text("ab 1|\\é\n", max_size=4)
forms = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
rows_of_one_form = forms.flatmap(
    lambda names: st.lists(
        st.tuples(*[cells] * len(names)).map(lambda values: dict(zip(names, values, strict=True))),
        min_size=1,
        max_size=6,
    )
)


@given(rows_of_one_form)
@example([{"results_age": "40"}, {"results_age": "forty"}, {"results_age": ""}])
def test_plain_rows_say_at_once_what_they_say_one_by_one(rows):
    texts = [(row, text) for row in rows if (text := plain_texts(row)) is not None]
    if not texts:
        return
    plain = [row for row, _ in texts]
    at_once = PlainColumns(list(plain[0]), [text for _, text in texts])
    one_by_one = OddRows(plain)

    assert at_once.fields(FIELDS) == one_by_one.fields(FIELDS)
    assert at_once.locations() == one_by_one.locations()
    passed_over = {"results_pace_unit"}
    assert at_once.additional_data(passed_over) == one_by_one.additional_data(passed_over)
    assert [at_once.row(at) for at in range(len(plain))] == plain


@given(st.dictionaries(st.sampled_from(NAMES), cells | st.integers() | st.none(), max_size=4))
def test_a_row_is_plain_when_its_values_are_texts_that_stand_for_themselves(row):
    plain = [isinstance(text, str) and text.isprintable() and text == text.strip() for text in row.values()]
    expected = bool(row) and all(plain) and "|" not in "".join(map(str, row.values()))
    assert (plain_texts(row) is not None) == expected
