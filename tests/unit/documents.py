"""The documents for people, taken apart: their blocks, tables, headings, and the commands that they name."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README, SUMMARY = ROOT / "README.md", ROOT / "CHRONOTRACK_LIVE_INTEGRATION_SUMMARY.md"
CONTRIBUTING, CHANGELOG = ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"
OPERATIONS, TABLES, SETTINGS = (ROOT / "docs" / f"{name}.md" for name in ("operations", "tables", "settings"))
PROVIDER_15, ARCHITECTURE = ROOT / "docs" / "provider-15.md", ROOT / "docs" / "architecture.md"
# The reports of the benchmarks are written by themselves.
PAGES = sorted({README, SUMMARY, CONTRIBUTING, CHANGELOG, *ROOT.glob("docs/*.md")})

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FUNCTION = re.compile(r"^\w+\(\) \{\n.*?^\}$", re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of these languages."""
    return [found[2] for found in _BLOCK.finditer(read(page)) if found[1] in languages]


def prose(page: Path) -> str:
    """All but the fenced blocks."""
    return _BLOCK.sub("", read(page))


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)


def anchor(heading: str) -> str:
    """What a link names a heading by, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@dataclass(frozen=True)
class Table:
    """A table: the heading that it stands under, its own first line, and its rows."""

    under: str
    columns: list[str]
    rows: list[list[str]]

    def of(self, column: str) -> list[str]:
        """One column's cells."""
        at = self.columns.index(column)
        return [row[at] for row in self.rows]


def tables(page: Path) -> list[Table]:
    found: list[Table] = []
    under, open_table = "", False
    for line in prose(page).splitlines():
        if line.startswith("#"):
            under = line.lstrip("# ")
        if not line.startswith("|"):
            open_table = False
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not open_table:
            found.append(Table(under, cells, []))
            open_table = True
        elif not set(line) <= set("|- "):
            found[-1].rows.append(cells)
    return found


def table(page: Path, first_column: str) -> Table:
    """The one table whose first column has this name."""
    [only] = [each for each in tables(page) if each.columns[0] == first_column]
    return only


def bare(cell: str) -> str:
    """A cell without the marks of code around it."""
    return cell.strip("`")


def commands(page: Path) -> list[list[str]]:
    """Every command of the page's shell blocks, as words, without what stands before the program."""
    return [words for block in blocks(page, "sh", "bash") for words in _commands(block)]


def _commands(block: str) -> list[list[str]]:
    found: list[list[str]] = []
    for line in _FUNCTION.sub("", block).replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("|&;"):
                found += [command] if (command := _from_its_program(command)) else []
                command = []
            else:
                command.append(word)
    return found


def _from_its_program(words: list[str]) -> list[str]:
    """Leave out the assignments, `sudo` and `env` that a command begins with, and where its output goes."""
    for at, word in enumerate(words):
        if set(word) <= set("<>"):
            words = words[:at]
            break
    while words and (words[0] in ("sudo", "env", "export", "-E", "-u") or _ASSIGNMENT.fullmatch(words[0])):
        words = words[2:] if words[0] == "-u" else words[1:]
    return words
