"""How the script goes from step to step: whatever ends it half way, what was done is undone."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess

import pytest

from tests.acceptance.conftest import ROOT
from tests.acceptance.deploy.conftest import SCRIPT, SERVICE

PARTS = [ROOT / "operations/deploy" / f"{name}.sh" for name in ("run", "machine", "service")]


@pytest.fixture
def steps(tmp_path):
    """Runs a few lines of bash in a folder of their own, among the script's own functions."""
    folder = tmp_path / "work"
    folder.mkdir()

    def run(lines, *, dry_run="no", into=""):
        script = tmp_path / "steps.sh"
        unit = folder / SERVICE
        script.write_text(
            "set -Eeuo pipefail\nshopt -s inherit_errexit\n"
            f"CHECKOUT={ROOT} PREFIX={tmp_path} DRY_RUN={dry_run} YES=no COMMAND=install STAMP=now\n"
            f"SOFTWARE={folder} SETTINGS={folder} STATE={folder}\n"
            f"UNIT={unit} SPARE_UNIT={folder / 'none'} SERVICE={SERVICE}\n"
            + "".join(f". {part}\n" for part in PARTS)
            + f"begin\ncd {folder}\n{lines}\n",
            encoding="utf-8",
        )
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; bash {shlex.quote(str(script))} {into}"],
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            # A shell that starts the tests with nohup lets its children ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )

    run.folder = folder
    return run


def test_a_step_whose_reader_goes_away_is_undone(steps):
    done = steps(
        'talk() { undo_with touch undone; for line in {1..20000}; do say "$line"; done; }\n'
        "step talk 'Listen.'\nall_is_well",
        into="| head -1",
    )

    assert done.stdout == "1\n"
    assert (steps.folder / "undone").exists()
    assert "install stopped at talk; what it had done is undone.\nListen.\n" in done.stderr


@pytest.mark.parametrize(("name", "status"), [("TERM", 130), ("HUP", 130), ("PIPE", 1)])
def test_a_signal_in_a_step_undoes_it(steps, name, status):
    done = steps(
        f"end_here() {{ undo_with touch undone; kill -{name} $$; }}\nstep end_here Again.\nall_is_well"
    )

    assert done.returncode == status
    assert (steps.folder / "undone").exists()


def test_a_step_that_leaves_without_a_word_is_undone(steps):
    done = steps("leave() { undo_with touch undone; exit 0; }\nstep leave Again.")

    assert done.returncode == 1
    assert (steps.folder / "undone").exists()


def test_what_is_left_at_the_end_is_done_as_far_as_possible_and_the_rest_is_said(steps):
    (steps.folder / "none").mkdir()
    (steps.folder / "goes").touch()

    done = steps("later rmdir none\nlater rmdir of-nowhere\nlater rm goes\nall_is_well")

    assert done.returncode == 1
    assert list(steps.folder.iterdir()) == []
    assert done.stderr.endswith("install is done but for this, which is left to you:\n    rmdir of-nowhere\n")
    assert "done." not in done.stdout


def test_no_signal_keeps_the_end_from_being_reached(steps):
    done = steps("later kill -TERM $$\nlater kill -INT $$\nlater touch reached\nall_is_well")

    assert (done.returncode, done.stdout) == (0, "install: done.\n")
    assert (steps.folder / "reached").exists()


def test_a_dry_run_says_what_it_would_do_and_not_that_it_is_done(steps):
    done = steps("make() { run touch made; did 'It is made.'; }\nstep make Again.", dry_run="yes")

    assert done.stdout == "    would run: touch made\n"
    assert list(steps.folder.iterdir()) == []


def test_a_backup_of_another_run_is_not_written_over(steps):
    (steps.folder / "backup").write_text("of another", encoding="utf-8")

    done = steps("save() { run_into backup echo ours; }\nstep save Again.")

    assert done.returncode == 1
    assert (steps.folder / "backup").read_text(encoding="utf-8") == "of another"


def test_a_unit_that_cannot_be_saved_first_stays_as_it_is(steps):
    unit = steps.folder / SERVICE
    unit.write_text("[Unit]\n" * 1000, encoding="utf-8")

    # No file can be written any more, as on a disk that is full.
    done = steps("ulimit -f 0\nstep take_unit_away Again.")

    assert done.returncode == 1
    assert unit.read_text(encoding="utf-8") == "[Unit]\n" * 1000


@pytest.mark.parametrize("mode", [0o666, 0o644])
def test_a_service_file_that_others_can_still_write_to_is_made_anew(steps, mode):
    spare = steps.folder / "spare"
    begun = steps(f"SPARE_UNIT={spare}\nstep write_spare_unit Again.\nall_is_well")
    text = spare.read_bytes()
    spare.chmod(mode)
    with spare.open("ab") as held:
        again = steps(f"SPARE_UNIT={spare}\nstep write_spare_unit Again.\nall_is_well")
        held.write(b"[Service]\nExecStart=/bin/evil\n")

    assert (begun.returncode, again.returncode) == (0, 0), again.stderr
    assert spare.stat().st_mode & 0o777 == 0o644
    # Made anew, it is another file than the one that was held.
    assert (spare.read_bytes() == text) is (mode == 0o666)


def test_what_an_upgrade_that_was_killed_left_is_no_hindrance(steps):
    (steps.folder / ".venv.new").symlink_to("releases/before")

    done = steps("step_over() { point_to releases/now; }\nstep step_over Again.\nall_is_well")

    assert done.returncode == 0, done.stderr
    assert [(path.name, str(path.readlink())) for path in steps.folder.iterdir()] == [
        (".venv", "releases/now")
    ]


def test_two_runs_at_once_do_not_meddle_with_each_other(machine):
    held = os.open(machine.root, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = machine.deploy("install")
    finally:
        os.close(held)

    assert refused.returncode == 1
    assert f"Another run of this script is at work on {machine.root}.\n" in refused.stderr


@pytest.mark.parametrize("name", ["with blanks", "per%cent", "pi|pe", "am&persand", "back\\slash"])
def test_a_prefix_that_a_service_file_would_misread_is_refused(machine, tmp_path, name):
    machine.root = tmp_path / name
    machine.root.mkdir()

    refused = machine.deploy("check")

    assert refused.returncode == 2
    assert "--prefix wants a path of letters" in refused.stderr


def test_the_machine_itself_is_no_prefix(machine):
    done = subprocess.run(
        [machine.script, "status", "--prefix", "/"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "Leave --prefix out for the machine itself." in done.stderr


def test_however_the_script_is_called_it_finds_its_parts(machine, tmp_path):
    (tmp_path / "linked.sh").symlink_to(machine.script)

    done = machine.deploy("status", script=tmp_path / "linked.sh", CDPATH=str(machine.script.parents[1]))
    relative = machine.deploy(
        "status", script=f"checkout/{SCRIPT}", cwd=machine.script.parents[1], CDPATH="/usr:."
    )

    assert "missing  the package" in done.stdout
    assert "missing  the package" in relative.stdout


def test_the_python_that_is_named_may_lie_behind_a_blank(machine, tmp_path):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "python").symlink_to(machine.environ["PYTHON"])

    done = machine.deploy("check", PYTHON=str(tmp_path / "a b" / "python"))

    assert "(" + str(tmp_path / "a b" / "python") + ")" in done.stdout
