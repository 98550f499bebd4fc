"""The embedded PostgreSQL, with real servers, real processes and real kills."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import pytest

from database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from database.postgres_binaries import PostgresSource, find_binaries

CHECKOUT = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
ON_LINUX = sys.platform == "linux"
KEEPER = "-m database.embedded_keeper"
only_as_root = pytest.mark.skipif(not AS_ROOT, reason="only root has a server that belongs to somebody else")
only_on_linux = pytest.mark.skipif(not ON_LINUX, reason="read from /proc")

# What another process does: it uses the server until it reads a line or the end of its input.
USER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from database.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[2]), sys.argv[3]):
    print("in", flush=True)
    sys.stdin.readline()
"""


class User:
    """Another process that uses the server of a state folder."""

    def __init__(self, state, source="auto", python=sys.executable, **how):
        self._process = subprocess.Popen(
            [python, "-c", USER, CHECKOUT, state, source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **how,
        )

    def has_started(self):
        return self._process.stdout.readline() == "in\n" or pytest.fail(self._process.stderr.read())

    def leave(self):
        self._process.communicate("leave\n")

    def kill(self):
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def state():
    """A state folder with a short path that everyone may pass through, unlike pytest's own for root."""
    base = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    base.chmod(0o711)
    yield base / "state"
    wait_until(lambda: not processes(base))
    shutil.rmtree(base)


@pytest.fixture
def user(state):
    """Start users of the state folder, and see them off in the end."""
    users = []

    def start(**how):
        users.append(User(state, **how))
        return users[-1]

    yield start
    for one in users:
        one.kill()


@pytest.fixture
def server(state):
    with EmbeddedPostgres(state) as server:
        yield server


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def query(server, sql):
    with closing(psycopg2.connect(server.dsn("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def processes(folder):
    """The processes at work in a folder, by number, each with its command line."""
    if not ON_LINUX:
        lines = subprocess.run(
            ["ps", "-axo", "pid=,command="], capture_output=True, text=True
        ).stdout.splitlines()
        return {int(line.split()[0]): line for line in lines if str(folder) in line}
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = str((entry / "cwd").readlink())
        except OSError:  # it has ended, or is not ours
            continue
        if str(folder) in command or place.startswith(str(folder)):
            found[int(entry.name)] = command
    return found


def is_running(state):
    """Whether any process of the server lives; the keeper may still be on its way out."""
    return any(KEEPER not in command for command in processes(state / "postgres").values())


def folder_of(state):
    return state / "postgres" / str(find_binaries(PostgresSource.AUTO, state).major)


def postmaster(state):
    """The number of the server's first process, as its data folder tells it."""
    return int((folder_of(state) / "data" / "postmaster.pid").read_text().splitlines()[0])


def keeper(state):
    (pid,) = (pid for pid, command in processes(state).items() if KEEPER in command)
    return pid


@pytest.mark.parametrize("source", ["system", "wheel"])
def test_a_server_of_either_source_starts_and_answers(state, source):
    try:
        binaries = find_binaries(PostgresSource.of(source), state)
    except EmbeddedPostgresError as error:
        pytest.skip(str(error))
    with EmbeddedPostgres(state, source) as server:
        assert query(server, "SHOW server_version").startswith(f"{binaries.major}.")
        assert query(server, "SHOW server_encoding") == "UTF8"
        assert query(server, "SHOW listen_addresses") == ""
        assert query(server, "SELECT current_user") == "postgres"


def test_what_was_written_is_there_after_the_next_start(state):
    with EmbeddedPostgres(state) as server:
        assert (
            query(server, "CREATE TABLE kept AS SELECT 42 AS answer; COMMIT; SELECT answer FROM kept") == 42
        )
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT answer FROM kept") == 42


def test_the_server_has_stopped_when_its_only_user_has_closed_it(state):
    with EmbeddedPostgres(state):
        assert is_running(state)
    assert not is_running(state)


def test_start_and_close_may_be_called_twice(state):
    server = EmbeddedPostgres(state)
    server.start()
    first = postmaster(state)
    server.start()
    assert postmaster(state) == first
    server.close()
    server.close()


def test_an_address_before_the_start_is_refused(state):
    with pytest.raises(EmbeddedPostgresError, match=r"call start\(\) first"):
        EmbeddedPostgres(state).dsn("postgres")


def test_a_folder_may_have_blanks_and_quotes_in_its_name(state):
    with EmbeddedPostgres(state.with_name("""a "b' c\\d""")) as server:
        assert query(server, "SELECT 1") == 1


def test_a_second_process_shares_the_server_which_stops_after_the_last(state, user):
    first, second = user(), user()
    assert first.has_started()
    number = postmaster(state)
    assert second.has_started()
    first.leave()
    assert postmaster(state) == number
    with EmbeddedPostgres(state) as server:
        second.leave()
        assert query(server, "SELECT 1") == 1
        assert postmaster(state) == number
    assert not is_running(state)


def test_processes_that_start_at_the_same_instant_get_one_server(state, user):
    for one in [user() for _ in range(4)]:
        assert one.has_started()
    assert sum("-D" in command for command in processes(state).values()) == 1


def test_the_server_stops_when_its_last_user_is_killed(state, user):
    first, second = user(), user()
    assert first.has_started()
    assert second.has_started()
    first.kill()
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT 1") == 1
    second.kill()
    wait_until(lambda: not processes(state))


def test_a_server_with_no_room_left_counts_as_started(state, server, user):
    with ExitStack() as crowd:
        for _ in range(100):
            crowd.enter_context(closing(psycopg2.connect(server.dsn("postgres"))))
        with pytest.raises(psycopg2.OperationalError, match="too many clients"):
            query(server, "SELECT 1")
        assert user().has_started()


@only_on_linux
def test_who_comes_while_the_server_stops_gets_the_next_one(state, user):
    last = user()
    assert last.has_started()
    number = postmaster(state)
    os.kill(number, signal.SIGSTOP)  # so that it cannot stop yet
    last.kill()
    newcomer = user()
    wait_until(lambda: f"{folder_of(state)}/users.lock" in open_files(keeper(state)))
    os.kill(number, signal.SIGCONT)
    assert newcomer.has_started()
    assert postmaster(state) != number


def open_files(pid):
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]


def test_a_killed_server_is_brought_back_by_the_next_start(state, server):
    old_keeper = keeper(state)
    os.kill(postmaster(state), signal.SIGKILL)
    wait_until(lambda: old_keeper not in processes(state))
    server.start()
    assert query(server, "SELECT 1") == 1


def test_a_server_killed_a_moment_ago_is_brought_back_for_a_newcomer(state, server, user):
    os.kill(postmaster(state), signal.SIGKILL)
    assert user().has_started()
    assert query(server, "SELECT 1") == 1


@only_on_linux
def test_a_killed_keeper_leaves_nothing_running(state, server):
    os.kill(keeper(state), signal.SIGKILL)
    wait_until(lambda: not is_running(state))
    server.start()
    assert query(server, "SELECT 1") == 1


def test_a_keeper_killed_a_moment_ago_leaves_nothing_in_the_way(state, server):
    number = postmaster(state)
    os.kill(keeper(state), signal.SIGKILL)
    server.start()
    assert query(server, "SELECT 1") == 1
    assert postmaster(state) != number


def test_a_keeper_told_to_end_stops_the_server_first(state, server):
    os.kill(keeper(state), signal.SIGTERM)
    wait_until(lambda: not is_running(state))
    assert not (folder_of(state) / "data" / "postmaster.pid").exists()


def test_all_killed_at_once_start_again(state, user):
    one = user()
    assert one.has_started()
    for pid in [keeper(state), postmaster(state)]:
        os.kill(pid, signal.SIGKILL)
    one.kill()
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT 1") == 1


def test_a_kill_while_the_data_folder_is_made_is_overcome(state, user):
    one = user()
    unfinished = folder_of(state) / "data.new"
    wait_until((unfinished / "postgresql.conf").exists)
    os.kill(keeper(state), signal.SIGKILL)
    one.kill()
    assert not (folder_of(state) / "data").exists()
    with EmbeddedPostgres(state) as server:
        assert query(server, "SELECT 1") == 1
    assert not unfinished.exists()


def test_a_stale_pid_file_with_the_number_of_a_living_process_is_overcome(state):
    with EmbeddedPostgres(state):
        folder = folder_of(state)
        pid_file = (folder / "data" / "postmaster.pid").read_text().splitlines()
        lock_file = next((folder / "socket").glob(".s.PGSQL.*.lock"))
    nobody = {"user": pwd.getpwnam("nobody").pw_uid} if AS_ROOT else {}
    with subprocess.Popen(["sleep", "600"], **nobody) as bystander:
        pid_file[0] = str(bystander.pid)
        (folder / "data" / "postmaster.pid").write_text("\n".join(pid_file))
        lock_file.write_text("\n".join(pid_file[:5]))
        with EmbeddedPostgres(state) as server:
            assert query(server, "SELECT 1") == 1
        assert bystander.poll() is None
        bystander.kill()


# Python 3.12 warns of any fork beside threads, and a test run has some: this one only opens, locks and waits.
beside_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


class ForkedChild:
    """A child of this process that lives until its input ends, and answers with its exit status."""

    def __init__(self, work):
        told, tell = os.pipe()
        reading, self._end = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._end)
            work()
            os.write(tell, b"!")
            os.read(reading, 1)
            os._exit(0)
        os.read(told, 1)  # from here on it has done its work
        for pipe in (told, tell, reading):
            os.close(pipe)

    def end(self):
        os.close(self._end)
        assert os.waitpid(self._pid, 0)[1] == 0


@beside_threads
def test_a_forked_child_does_not_keep_the_server(state):
    with EmbeddedPostgres(state):
        child = ForkedChild(lambda: None)
    assert not is_running(state)
    child.end()


@beside_threads
def test_a_forked_child_that_starts_the_server_itself_keeps_it(state):
    with EmbeddedPostgres(state) as server:
        child = ForkedChild(server.start)
    assert query(server, "SELECT 1") == 1
    child.end()
    wait_until(lambda: not is_running(state))


def test_a_server_that_cannot_start_says_why_and_leaves_nothing_running(state):
    with EmbeddedPostgres(state):
        pass
    (folder_of(state) / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedPostgresError, match=r"not start: .* incompatible with server\. ") as caught:
        EmbeddedPostgres(state).start()
    assert "\n" not in str(caught.value)
    assert not is_running(state)


def test_a_state_folder_that_cannot_be_made_is_named(state):
    state.write_text("a file")
    with pytest.raises(EmbeddedPostgresError, match=f"{state}.*CHRONOTRACK_LIVE_STATE"):
        EmbeddedPostgres(state).start()


def test_a_socket_path_too_long_is_refused_with_the_way_out(state):
    with pytest.raises(EmbeddedPostgresError, match="set CHRONOTRACK_LIVE_STATE to a shorter one"):
        EmbeddedPostgres(state / ("long" * 25)).start()


def test_a_comma_in_the_path_is_refused_since_libpq_would_divide_it(state):
    with pytest.raises(EmbeddedPostgresError, match="set CHRONOTRACK_LIVE_STATE to a folder without one"):
        EmbeddedPostgres(state / "a,b").start()


@only_as_root
def test_a_state_folder_below_a_closed_one_is_refused_and_stays_as_it_is(state):
    state.mkdir(0o700)
    with pytest.raises(
        EmbeddedPostgresError, match=f"nobody, who may not enter {state}: set CHRONOTRACK_LIVE_STATE"
    ):
        EmbeddedPostgres(state / "below", "wheel").start()
    assert state.stat().st_mode & 0o7777 == 0o700
    assert not list(state.iterdir())


@only_as_root
def test_roots_server_belongs_to_nobody_and_lets_nobody_else_in(state, server):
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = folder_of(state)
    for private in ("data", "socket"):
        assert ((folder / private).stat().st_uid, (folder / private).stat().st_mode & 0o777) == (
            nobody,
            0o700,
        )
    assert folder.stat().st_uid == 0
    if ON_LINUX:
        assert Path(f"/proc/{postmaster(state)}").stat().st_uid == nobody


@only_as_root
def test_an_ordinary_user_has_a_server_of_their_own(state, user):
    nobody = pwd.getpwnam("nobody")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    # Root's interpreter may lie where nobody else can go: any that has the driver will do.
    account["env"] = {"PYTHONPATH": str(Path(psycopg2.__file__).parents[1])}
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            subprocess.run([python, "-c", "import psycopg2"], check=True, capture_output=True, **account)
        except (OSError, subprocess.CalledProcessError):
            continue
        break
    else:
        pytest.skip("no Python with psycopg2 that an ordinary user could run")
    state.mkdir(0o700)
    os.chown(state, nobody.pw_uid, nobody.pw_gid)
    first, second = (user(python=python, **account) for _ in range(2))
    assert first.has_started()
    assert second.has_started()
    assert {path.stat().st_uid for path in state.rglob("*")} == {nobody.pw_uid}
    assert (state / "postgres").stat().st_mode & 0o777 == 0o700
    first.leave()
    assert processes(state)
    second.kill()
    wait_until(lambda: not processes(state))


@only_on_linux
def test_nothing_is_opened_or_left_outside_of_the_state_folder(state):
    with EmbeddedPostgres(state):
        pid = postmaster(state)
        segment = segment_of(state)
        opened = {path for path in open_files(pid) + open_files(keeper(state)) if path.startswith("/")}
        assert {path for path in opened if not path.startswith(f"{state}/")} == {"/dev/null"}
        assert "/dev/shm" not in Path(f"/proc/{pid}/maps").read_text()
        assert segment in segments()
    assert segment not in segments()


@only_on_linux
def test_a_killed_servers_shared_memory_is_given_back_without_another_start(state):
    with EmbeddedPostgres(state):
        segment = segment_of(state)
        os.kill(postmaster(state), signal.SIGKILL)
        wait_until(lambda: segment not in segments())


def segment_of(state):
    """The number of the server's System V shared memory, as its data folder tells it."""
    return (folder_of(state) / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]


def segments():
    """The System V shared memory of the machine, by number."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}
