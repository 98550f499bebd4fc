"""Secrets that stand in files."""

from __future__ import annotations

import pytest

from operations.secret_input import secret_of_file, secret_of_stdin
from providers.errors import SettingsInvalid


@pytest.fixture
def file(tmp_path):
    """A file that is its owner's alone."""
    made = tmp_path / "password"
    made.touch(mode=0o600)
    return made


@pytest.mark.parametrize("content", ["geheim", "geheim\n", "geheim\r\n", "\ufeffgeheim\n"])
def test_the_secret_is_the_one_line_without_its_end(file, capsys, content):
    file.write_bytes(content.encode())

    assert secret_of_file(file) == "geheim"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("line", [" geheim ", "ge heim", "ge\theim", "größer", "\U0001f512"])
def test_what_stands_in_the_line_stays_as_it_is(file, line):
    file.write_text(f"{line}\n", encoding="utf-8")

    assert secret_of_file(file) == line


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"ge\nheim", b"geheim\n\n", b"ge\rheim", b"geheim\0", b"geheim\xff", b"geheim" * 700],
)
def test_anything_else_is_refused_without_its_words(file, content):
    file.write_bytes(content)

    with pytest.raises(SettingsInvalid, match="the secret alone, as one line of UTF-8 text") as refusal:
        secret_of_file(file)

    assert str(file) in str(refusal.value)
    assert "geheim" not in repr((refusal.value, refusal.value.__cause__, refusal.value.__context__))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o660])
def test_a_file_that_is_not_its_owners_alone_is_read_with_a_warning(file, capsys, mode):
    file.write_text("geheim")
    file.chmod(mode)

    assert secret_of_file(file) == "geheim"
    assert f"chmod 600 {file}" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(file):
    file.unlink()

    with pytest.raises(SettingsInvalid, match=f"{file} cannot be read: No such file"):
        secret_of_file(file)


def test_standard_input_is_read_like_a_file(monkeypatch, file):
    file.write_text("geheim\n")

    with file.open() as opened:
        monkeypatch.setattr("sys.stdin", opened)
        assert secret_of_stdin() == "geheim"
