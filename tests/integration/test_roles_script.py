"""How the roles are made and granted to, on a server where there are none yet."""

from __future__ import annotations

import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import make_dsn as with_user

from database import migrate
from database.embedded import EmbeddedPostgres
from database.state_folder import make_folder
from providers.errors import DatabaseRefused
from tests.integration.catalogs import apply

OURS = ("chronotrack_live", "chronotrack_live_monitor")


@pytest.fixture(scope="module")
def own_server(state):
    """A server whose roles are nobody else's, with a database `hub` that has the extension."""
    folder = state / f"roles-{uuid.uuid4().hex[:8]}"
    make_folder(folder)
    with EmbeddedPostgres(folder, os.environ.get("CHRONOTRACK_LIVE_POSTGRES", "auto")) as running:
        with closing(psycopg2.connect(running.dsn("postgres"))) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("CREATE DATABASE hub")
            cursor.execute("CREATE ROLE stranger LOGIN CREATEROLE")
            cursor.execute("CREATE ROLE owner LOGIN")
        apply(running.dsn("hub"), migrate.BASE_SCHEMA, migrate.EXTENSION)
        yield running
    shutil.rmtree(folder)


@pytest.fixture
def admin(own_server, open_query):
    """Asks the server of its own as superuser; its `hub` is new and has no roles yet."""
    query = open_query(own_server.dsn("postgres"))
    query("CREATE DATABASE fresh TEMPLATE hub")
    yield query
    for name in ("fresh", "second"):
        query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    for name in OURS:
        query(f"DROP ROLE IF EXISTS {name}")


@pytest.fixture
def fresh(own_server, admin):
    return own_server.dsn("fresh")


def roles(admin):
    return admin(
        "SELECT rolname, rolcanlogin, rolconnlimit, rolpassword,"
        " rolsuper OR rolcreaterole OR rolcreatedb AS mighty,"
        " shobj_description(oid, 'pg_authid') AS remark"
        " FROM pg_authid WHERE rolname = ANY (%s) ORDER BY rolname",
        list(OURS),
    )


def privileges(query):
    """All that is granted in a database to anybody but its owner."""
    return query(
        "SELECT oid::regclass::text AS name, relacl::text FROM pg_class WHERE relacl IS NOT NULL"
        " UNION ALL SELECT attrelid::regclass || '.' || attname, attacl::text FROM pg_attribute"
        " WHERE attacl IS NOT NULL AND NOT attisdropped"
        " UNION ALL SELECT oid::regprocedure::text, proacl::text FROM pg_proc WHERE proacl IS NOT NULL"
        " UNION ALL SELECT nspname, nspacl::text FROM pg_namespace"
        " UNION ALL SELECT datname, datacl::text FROM pg_database WHERE datname = current_database()"
        " ORDER BY 1, 2"
    )


@pytest.fixture
def by_psql(psql):
    def run(dsn):
        answer = psql(dsn, migrate.ROLES, "-v", "ON_ERROR_STOP=1")
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")

    return run


@pytest.mark.parametrize("how", ["by psql", "by our runner"])
def test_roles_that_are_not_there_are_made_to_log_in_without_a_password(how, admin, fresh, by_psql):
    run = by_psql if how == "by psql" else lambda dsn: apply(dsn, migrate.ROLES)

    run(fresh)

    made = {
        "rolcanlogin": True,
        "rolconnlimit": -1,
        "rolpassword": None,
        "mighty": False,
        "remark": "Made by chronotrack_live_roles.sql",
    }
    assert roles(admin) == [{"rolname": name, **made} for name in OURS]


def test_a_second_run_changes_nothing(admin, fresh, open_query, by_psql):
    by_psql(fresh)
    before = roles(admin), privileges(open_query(fresh))

    by_psql(fresh)

    assert (roles(admin), privileges(open_query(fresh))) == before


def test_a_role_made_elsewhere_is_kept_as_it_is(admin, fresh):
    admin("CREATE ROLE chronotrack_live NOLOGIN CONNECTION LIMIT 3 PASSWORD 'geheim'")
    before = roles(admin)

    apply(fresh, migrate.ROLES)

    assert roles(admin)[:1] == before


def test_sessions_that_make_them_at_once_in_two_databases_all_go_well(admin, own_server, fresh):
    admin("CREATE DATABASE second TEMPLATE hub")
    addresses = [fresh, own_server.dsn("second")] * 3

    with ThreadPoolExecutor(len(addresses)) as threads:
        list(threads.map(lambda address: apply(address, migrate.ROLES), addresses))

    assert [role["rolname"] for role in roles(admin)] == list(OURS)


def test_a_database_without_the_extension_is_refused_and_no_role_is_made(admin, own_server, psql):
    admin("CREATE DATABASE second")

    answer = psql(own_server.dsn("second"), migrate.ROLES)

    assert answer.returncode == 3
    assert "lacks the extension; nothing was changed" in answer.stderr
    assert roles(admin) == []


def test_an_owner_who_may_not_create_roles_is_told_which_are_missing(admin, fresh, open_query):
    own(open_query(fresh), "owner")
    before = privileges(open_query(fresh))

    with pytest.raises(
        DatabaseRefused,
        match=r"owner may not create roles, .* no chronotrack_live, chronotrack_live_monitor; ",
    ):
        apply(with_user(fresh, user="owner"), migrate.ROLES)

    assert roles(admin) == []
    assert privileges(open_query(fresh)) == before


def test_an_owner_who_may_not_create_roles_can_grant_to_those_that_are_there(admin, fresh, open_query):
    own(open_query(fresh), "owner")
    for name in OURS:
        admin(f"CREATE ROLE {name} LOGIN")

    apply(with_user(fresh, user="owner"), migrate.ROLES)

    open_query(with_user(fresh, user="chronotrack_live"))("SELECT * FROM ct_events")


def test_one_who_may_create_roles_but_not_grant_makes_none(admin, fresh, open_query):
    before = privileges(open_query(fresh))

    with pytest.raises(
        DatabaseRefused,
        match=r"stranger may not grant what is needed on .*ct_events \(postgres's\).*nothing was",
    ):
        apply(with_user(fresh, user="stranger"), migrate.ROLES)

    assert roles(admin) == []
    assert privileges(open_query(fresh)) == before


def own(query, role):
    """Give the tables, views and functions of the database to a role; neither the database nor its schema."""
    query(
        "DO $$ DECLARE owned record; BEGIN"
        " FOR owned IN SELECT format('TABLE %s', oid::regclass) AS it FROM pg_class"
        "   WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        "  UNION ALL SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc"
        "   WHERE pronamespace = 'public'::regnamespace"
        f" LOOP EXECUTE format('ALTER %s OWNER TO {role}', owned.it); END LOOP; END $$"
    )


@pytest.fixture
def roll_back(psql):
    def run(dsn, said=""):
        answer = psql(dsn, migrate.EXTENSION.with_name("chronotrack_live_rollback.sql"))
        assert answer.returncode == 0, answer.stderr
        assert said in answer.stderr
        assert said or answer.stderr == ""

    return run


def test_the_rollback_takes_back_the_privileges_and_drops_the_roles(admin, fresh, roll_back):
    apply(fresh, migrate.ROLES)

    roll_back(fresh)

    assert roles(admin) == []


def test_roles_that_another_database_needs_stay_with_what_they_may_do_there(
    admin, own_server, fresh, open_query, roll_back
):
    admin("CREATE DATABASE second TEMPLATE hub")
    for dsn in (fresh, own_server.dsn("second")):
        apply(dsn, migrate.ROLES)
    second = open_query(own_server.dsn("second"))
    before = roles(admin), privileges(second)

    roll_back(fresh)

    assert (roles(admin), privileges(second)) == before
    assert [row for row in privileges(open_query(fresh)) if "chronotrack_live" in str(row)] == []


def test_a_role_made_elsewhere_loses_what_was_granted_and_nothing_else(admin, fresh, open_query, roll_back):
    admin("CREATE ROLE chronotrack_live LOGIN")
    query = open_query(fresh)
    query("CREATE TABLE dashboards (x integer); GRANT SELECT ON dashboards TO chronotrack_live")
    query("CREATE TABLE its_own (x integer); ALTER TABLE its_own OWNER TO chronotrack_live")
    apply(fresh, migrate.ROLES)

    roll_back(fresh)

    assert [role["rolname"] for role in roles(admin)] == ["chronotrack_live"]
    assert query("SELECT * FROM its_own") == []
    theirs = open_query(with_user(fresh, user="chronotrack_live"))
    assert theirs("SELECT * FROM dashboards") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        theirs("SELECT * FROM ct_events")


def test_who_may_not_drop_roles_rolls_back_all_else_and_is_told(admin, fresh, open_query, roll_back):
    apply(fresh, migrate.ROLES)
    own(open_query(fresh), "owner")
    open_query(fresh)("GRANT CREATE ON SCHEMA public TO owner")

    roll_back(with_user(fresh, user="owner"), said="WARNING:  The role chronotrack_live stays as it is: ")

    assert [role["rolname"] for role in roles(admin)] == list(OURS)
    assert open_query(fresh)("SELECT to_regclass('ct_live_migrations') AS ledger") == [{"ledger": None}]
