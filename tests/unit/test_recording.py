"""What a recording keeps, what it never does, and what it outlives."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from providers.errors import SettingsInvalid
from providers.recording import Answer, Recording, is_recording, read_recording
from tests.recorded_answers import answer, new_folder, written

ROOT = Path(__file__).resolve().parents[2]
# What another process does: it keeps answers 0, 1, 2, ... with bodies of their own.
WRITER = """
import itertools, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from providers.recording import Answer, Recording
folder, name, count, largest = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
recording, at = Recording(folder, []), datetime.now(UTC)
if largest:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
for number in itertools.islice(itertools.count(), count or None):
    came = {"path": f"{name}/{number}", "status": 200, "body": b"%d" % number}
    recording.keep(Answer(at=at, seconds=0, query={}, headers={}, failure=None, **came))
    if number == 20:
        print("far enough", flush=True)
"""


def writer(folder, name, count, largest=0):
    """Start a process that keeps so many answers, endlessly many for 0, in files of at most so many bytes."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count), str(largest)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


texts = st.text(st.characters(exclude_categories=[]), max_size=20)
answers = st.builds(
    Answer,
    at=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    seconds=st.floats(0, 1000),
    path=texts,
    query=st.dictionaries(texts, texts, max_size=3),
    status=st.none() | st.integers(100, 599),
    headers=st.dictionaries(st.sampled_from(["Content-Type", "retry-after", "X-Ctlive-Row-Count"]), texts),
    body=st.binary() | st.binary(max_size=3),
    failure=st.none() | texts,
)


@given(st.lists(answers, max_size=4))
def test_what_holds_no_secret_is_read_as_it_was_written(kept):
    with new_folder() as folder:
        recording = Recording(folder, ["an unheard-of secret"])
        for one in kept:
            recording.keep(one)

        assert read_recording(folder) == kept


def test_instants_of_any_zone_are_kept_in_utc(tmp_path):
    Recording(tmp_path, []).keep(answer(at=datetime(2026, 5, 3, 15, 0, tzinfo=timezone.max)))

    assert b'"at": "2026-05-02T15:01:00+00:00"' in written(tmp_path)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        answer(at=datetime(2026, 5, 3))  # noqa: DTZ001


def test_equal_bodies_are_kept_once_also_when_a_recording_goes_on(tmp_path):
    files = set()
    for page in ("1", "2", "3"):
        Recording(tmp_path, []).keep(answer(query={"page": page}))
        files |= {(path.name, path.stat().st_ino) for path in (tmp_path / "bodies").iterdir()}
    Recording(tmp_path, []).keep(answer(body=b""))

    first, *_, third, empty = read_recording(tmp_path)
    assert first.body is third.body
    assert empty.body == b""
    ((name, _),) = files
    assert name == f"{sha256(answer().body).hexdigest()}.gz"


def test_only_its_owner_may_read_a_recording(tmp_path):
    folder = tmp_path / "made" / "new"
    Recording(folder, []).keep(answer())

    modes = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert len(modes) == 4
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())


def test_a_recording_without_answers_is_one(tmp_path):
    assert not is_recording(tmp_path)
    Recording(tmp_path, [])

    assert is_recording(tmp_path)
    assert read_recording(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SettingsInvalid, match=r"Nothing can be recorded in .*: choose a folder"):
            Recording(folder, [])


def test_threads_keep_whole_answers(tmp_path):
    recording = Recording(tmp_path, [])
    kept = [answer(path=f"event/{number}", body=b"%d" % (number % 7)) for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(recording.keep, kept))

    assert sorted(read_recording(tmp_path), key=lambda one: int(one.path[6:])) == kept


def test_two_processes_append_to_one_folder(tmp_path):
    writers = [writer(tmp_path, name, 300) for name in ("a", "b")]
    for process in writers:
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, "")

    kept = read_recording(tmp_path)
    for name in ("a", "b"):
        own = [one for one in kept if one.path.startswith(name)]
        assert [(one.path, one.body) for one in own] == [(f"{name}/{n}", b"%d" % n) for n in range(300)]
    assert len(kept) == 600


# What goes wrong


def test_a_killed_writer_leaves_a_recording_that_goes_on(tmp_path):
    with writer(tmp_path, "killed", 0) as process:
        assert process.stdout.readline() == "far enough\n"
        process.kill()
    before = read_recording(tmp_path)
    assert [one.path for one in before] == [f"killed/{number}" for number in range(len(before))]
    assert len(before) > 20

    Recording(tmp_path, []).keep(answer())
    assert read_recording(tmp_path) == [*before, answer()]


@pytest.mark.parametrize("left", [1, 30, -1])
def test_half_a_line_is_skipped_and_makes_room_for_the_next(tmp_path, left):
    running = Recording(tmp_path, [])
    running.keep(answer(path="whole"))
    path = tmp_path / "answers.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.replace(b"whole", b"half")[:left])
    assert [one.path for one in read_recording(tmp_path)] == ["whole"]

    running.keep(answer(path="next"))
    assert [one.path for one in read_recording(tmp_path)] == ["whole", "next"]


@pytest.mark.parametrize("largest", [10, 3000])
def test_a_full_disk_ends_the_recording_with_one_line_and_disturbs_nobody(tmp_path, largest):
    process = writer(tmp_path, "full", 40, largest)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert said.count("recording.stopped") == 1
    assert "File too large" in said
    kept = read_recording(tmp_path)
    assert [one.path for one in kept] == [f"full/{number}" for number in range(len(kept))]
    assert bool(kept) == (largest == 3000)
    assert all(path.suffix == ".gz" for path in (tmp_path / "bodies").iterdir())


def test_a_folder_that_goes_ends_the_recording_for_good(tmp_path):
    folder = tmp_path / "recording"
    recording = Recording(folder, [])
    shutil.rmtree(folder)
    with capture_logs() as logs:
        recording.keep(answer())
        folder.mkdir()
        (folder / "bodies").mkdir()
        recording.keep(answer())

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("recording.stopped", "warning")]
    assert str(folder) in logs[0]["reason"]
    assert not is_recording(folder)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "answers.jsonl").unlink(), "holds no recording"),
        (shutil.rmtree, "holds no recording"),
        (lambda folder: (folder / "answers.jsonl").write_bytes(b"GIF89a\xff\xfe\n"), "Line 1 of"),
        (lambda folder: (folder / "answers.jsonl").write_text("[]\n"), "Line 1 of"),
        (lambda folder: (folder / "answers.jsonl").write_text('{"body": null}\n'), "it has no 'at'"),
        (lambda folder: (folder / "answers.jsonl").write_text('{"body": "../../secret"}\n'), "no SHA-256"),
        (lambda folder: (folder / "answers.jsonl").write_text('{"body": 7}\n'), "Line 1 of"),
        (lambda folder: shutil.rmtree(folder / "bodies"), "No such file"),
        (lambda folder: body(folder, lambda whole: whole[:-9]), "ended before"),
        (lambda folder: body(folder, lambda whole: whole[:10] + b"?????" + whole[15:]), "decompressing"),
        (lambda folder: body(folder, lambda whole: b"plain"), "Not a gzipped file"),
        (lambda folder: field(folder, at="2026-05-03"), "aware"),
        (lambda folder: field(folder, at=3), "Line 1 of"),
        (lambda folder: field(folder, query=[]), "Line 1 of"),
        (lambda folder: field(folder, status="OK"), "Line 1 of"),
    ],
)
def test_what_is_no_recording_or_a_damaged_one_is_said_clearly(tmp_path, damage, reason):
    folder = tmp_path / "recording"
    Recording(folder, []).keep(answer())
    damage(folder)

    with pytest.raises(SettingsInvalid, match=re.escape(str(folder))) as raised:
        read_recording(folder)
    assert reason in str(raised.value)


def body(folder, damage):
    (path,) = (folder / "bodies").iterdir()
    path.write_bytes(damage(path.read_bytes()))


def field(folder, **changed):
    path = folder / "answers.jsonl"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}) + "\n")
