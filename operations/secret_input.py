"""Where a command takes a secret from: a prompt that shows nothing, standard input or a file.

Never an argument: every user of a machine may read the arguments of its processes, and shells keep them.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import BinaryIO

import click

from providers.errors import SettingsInvalid
from providers.storable import is_storable
from providers.terminal import say

# Longer than any secret; what is longer is another file.
_LONGEST = 4096


def secret_of_file(file: Path) -> str:
    """Return the secret that is the one line of a file; warn when others than its owner may read it.

    Raises:
        SettingsInvalid: the file cannot be read, or holds something else.
    """
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                say(f"chronotrack-live: others than its owner may read or change {file}: chmod 600 {file}")
            return _one_line(opened, str(file))
    except OSError as error:
        raise SettingsInvalid(f"{file} cannot be read: {error.strerror}.") from error


def secret_of_stdin() -> str:
    """Return the secret that is the one line of standard input.

    Raises:
        SettingsInvalid: it holds something else.
    """
    return _one_line(sys.stdin.buffer, "standard input")


def secret_of_prompt(what: str) -> str:
    """Return a secret that is typed twice at the terminal, unseen.

    Args:
        what: what to type, as the prompt says it.

    Raises:
        SettingsInvalid: there is no terminal, or what was typed is no text.
    """
    if not sys.stdin.isatty():
        raise SettingsInvalid(
            "There is no terminal to ask for the password: give it with --password-stdin or --password-file."
        )
    typed: str = click.prompt(what, hide_input=True, confirmation_prompt=True, err=True)
    if not is_storable(typed):
        raise SettingsInvalid("What was typed is no text in this terminal's encoding: use a UTF-8 locale.")
    return typed


def _one_line(source: BinaryIO, name: str) -> str:
    """Return the one line, without its end. What stands there is never repeated."""
    content = source.read(_LONGEST + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Not even as the cause: it would carry the content.
        text = "\x00"
    line = text.removesuffix("\n").removesuffix("\r")
    if not line or len(content) > _LONGEST or "\n" in line or "\r" in line or not is_storable(line):
        raise SettingsInvalid(f"{name} is to hold the secret alone, as one line of UTF-8 text.")
    return line
