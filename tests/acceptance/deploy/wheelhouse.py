"""Wheels of what the tests' own environment has, so that pip installs for real without a network."""

from __future__ import annotations

import importlib.metadata
import tomllib
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.acceptance.conftest import ROOT

# What an installer leaves that no wheel has.
_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json")


def fill(folder: Path) -> None:
    """Put a wheel into the folder for each package that an installation needs."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    wanted = [
        *project["dependencies"],
        *project["optional-dependencies"]["notify"],
        *pyproject["build-system"]["requires"],
    ]
    packed = set()
    while wanted:
        requirement = Requirement(wanted.pop())
        name = canonicalize_name(requirement.name)
        if name in packed or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        distribution = importlib.metadata.distribution(name)
        packed.add(name)
        wanted += distribution.requires or []
        _pack(distribution, folder)


def _pack(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    lines = distribution.read_text("WHEEL").splitlines()
    tags = [line.removeprefix("Tag: ").split("-") for line in lines if line.startswith("Tag: ")]
    # Python versions, interfaces, platforms: in the name of the file, each part has all of its kind.
    tag = "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True))
    name = distribution.metadata["Name"].replace("-", "_").replace(".", "_")
    files = [
        file
        for file in distribution.files
        if ".." not in file.parts and file.suffix != ".pyc" and file.name not in (*_INSTALLERS, "RECORD")
    ]
    record = next(file for file in distribution.files if file.name == "RECORD" and "dist-info" in str(file))
    with zipfile.ZipFile(folder / f"{name}-{distribution.version}-{tag}.whl", "w") as wheel:
        for file in files:
            wheel.write(file.locate(), str(file))
        wheel.writestr(str(record), "".join(f"{file},,\n" for file in [*files, record]))
