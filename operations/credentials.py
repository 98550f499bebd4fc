"""`chronotrack-live credentials`: a partner's access to ChronoTrack Live is set, listed, tested, removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click

from database.credentials import CredentialsTable, PartnerAccess
from database.opening import opened_database
from database.state_folder import state_folder
from database.store import Store
from operations.credentials_list import as_json, as_table
from operations.secret_input import secret_of_file, secret_of_prompt, secret_of_stdin
from providers.accounts import SyncReport
from providers.chronotrack_live.settings import AUTH_MODES, DIGESTS, PRODUCTION_URL, ChronoTrackLiveSettings
from providers.clock import clock_of
from providers.errors import CredentialsRefused, SettingsInvalid
from providers.exit_codes import COULD_NOT_START, SOMETHING_FAILED
from providers.records import Credentials
from providers.registry import adapter_class
from providers.storable import is_storable
from providers.terminal import configure_logs, one_clear_line, say
from schedulers.partner import PROVIDER, Partner, open_partners

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TAKEN_OVER = (
    "A scheduler that runs takes it over within an interval (90 seconds, unless it is set to another), at "
    "once after systemctl reload chronotrack-live-scheduler."
)


@click.group(name="credentials")
def command() -> None:
    """Give timing partners their access to ChronoTrack Live, test it, remove it.

    PARTNER is a timing_partner_id. No secret is ever taken as an argument or shown.
    """


@contextmanager
def _opened_table() -> Iterator[CredentialsTable]:
    with one_clear_line(), opened_database(os.environ, say) as database:
        yield CredentialsTable(database, adapter_class(PROVIDER).provider_name)


@command.command("set")
@click.argument("partner", type=int)
@click.option("--principal", required=True, help="The login.")
@click.option(
    "--password-file", type=_FILE, help="A file whose one line is the password; else a prompt asks for it."
)
@click.option("--password-stdin", is_flag=True, help="The one line of standard input is the password.")
@click.option("--auth", type=click.Choice(AUTH_MODES), help="How requests are signed.")
@click.option(
    "--password-digest", type=click.Choice(tuple(DIGESTS)), help="What is sent in place of the password."
)
@click.option("--base-url", help=f"Address of the API; '' for {PRODUCTION_URL}.")
@click.option("--client-id", help="Sent with each request; '' for none.")
@click.option(
    "--client-secret-file", type=_FILE, help="A file whose one line is the client_secret of oauth2."
)
@click.option("--rate-limit", type=int, help="Requests in any 60 seconds.")
@click.option("--timeout", type=float, help="Seconds for a connection and for an answer.")
@click.option("--yes", is_flag=True, help="Where the password itself is to be kept, do so without asking.")
def set_credentials(
    *,
    partner: int,
    principal: str,
    password_file: Path | None,
    password_stdin: bool,
    client_secret_file: Path | None,
    yes: bool,
    **settings: str | float | None,
) -> None:
    """Write the credentials of PARTNER; settings that are not named stay as they are.

    Only the digest of the password is kept. With oauth2, and with the digest "plain", the API wants the
    password itself: it is kept after a warning and a question.
    """
    if password_file and password_stdin:
        raise click.UsageError("Choose one of --password-file and --password-stdin.")
    with _opened_table() as table:
        access = table.partner(partner)
        given = {name: value for name, value in settings.items() if value is not None}
        for name, text in {"principal": principal, **given}.items():
            if isinstance(text, str) and not is_storable(text):
                raise SettingsInvalid(f"{name} is no text in this terminal's encoding: use a UTF-8 locale.")
        if client_secret_file:
            given["client_secret"] = secret_of_file(client_secret_file)
        config = {**_kept_config(access), **given}
        password = _password(principal, password_file, is_stdin=password_stdin)
        speaking = ChronoTrackLiveSettings.of(access.with_credentials(principal, password, config))
        kept = speaking.kept_secret(password)
        if kept == password:
            _warn_of_plain(speaking.auth, is_wanted=yes)
        changed = table.save(access.with_credentials(principal, kept, config), clock_of(os.environ).now())
    if not changed:
        click.echo(f"The credentials of {access.label} are so already.")
        return
    click.echo(f"The credentials of {access.label} are kept.")
    say(f"Ask the API whether it takes them: chronotrack-live credentials test {partner}\n{_TAKEN_OVER}")


def _kept_config(access: PartnerAccess) -> Mapping[str, object]:
    """Return the settings that a partner has, which may be any JSON in the host's column."""
    if access.credentials is None:
        return {}
    config = access.credentials.additional_config
    if not isinstance(config, Mapping):
        raise SettingsInvalid(
            f"additional_config of {access.label} is no JSON object, so there is nothing to keep of it: "
            f"chronotrack-live credentials remove {access.timing_partner_id}, and set them again."
        )
    return config


def _password(principal: str, file: Path | None, *, is_stdin: bool) -> str:
    if is_stdin:
        return secret_of_stdin()
    return secret_of_file(file) if file else secret_of_prompt(f"Password of {principal} at ChronoTrack Live")


def _warn_of_plain(auth: str, *, is_wanted: bool) -> None:
    say(
        f"With {'oauth2' if auth == 'oauth2' else 'the digest plain'} the API wants the password itself: the "
        "database keeps it as it is, for whoever may read partner_provider_credentials, and its backups too."
    )
    if is_wanted:
        return
    if not sys.stdin.isatty():
        raise SettingsInvalid("There is no terminal to ask whether that is wanted: say so with --yes.")
    click.confirm("Keep the password itself?", abort=True, err=True)


@command.command("list")
@click.option("--json", "is_json", is_flag=True, help="As JSON, instants in UTC.")
def list_credentials(*, is_json: bool) -> None:
    """List all timing partners, with their access and how its last test went."""
    with _opened_table() as table:
        partners = table.partners()
        if is_json:
            click.echo(as_json(partners))
        elif partners:
            as_table(partners, clock_of(os.environ).now())
        else:
            click.echo("The database has no timing partners.")


@command.command("test")
@click.argument("partners", type=int, nargs=-1, metavar="[PARTNER]...")
def test_credentials(*, partners: tuple[int, ...]) -> None:
    """Ask the API whether it takes the credentials of each PARTNER, or of all who have some.

    Exit codes: 0 all are accepted, 1 some are refused or could not be tested, 2 nobody could be asked.
    """
    configure_logs(verbose=False, quiet=True)
    with one_clear_line(), opened_database(os.environ, say) as database:
        table = CredentialsTable(database, adapter_class(PROVIDER).provider_name)
        for chosen in partners:
            _credentials_of(table.partner(chosen))
        store, clock = Store(database), clock_of(os.environ)
        opened, problems = open_partners(store, state_folder(os.environ), clock, partners or None)
        try:
            for problem in problems:
                say(f"chronotrack-live: {problem}")
            if not opened:
                sys.exit(COULD_NOT_START)
            with ThreadPoolExecutor(len(opened)) as workers:
                reports = list(workers.map(Partner.authenticate, opened))
        finally:
            for partner in opened:
                partner.adapter.close()
            store.close()
        for partner, report in zip(opened, reports, strict=True):
            _tell(partner, report)
        sys.exit(SOMETHING_FAILED if problems or any(report.error for report in reports) else 0)


def _tell(partner: Partner, report: SyncReport) -> None:
    if report.error is None:
        click.echo(f"{partner.label}: accepted in {report.seconds:.1f} s")
    elif isinstance(report.error, CredentialsRefused):
        again = f"chronotrack-live credentials set {partner.timing_partner_id}"
        click.echo(f"{partner.label}: refused: {report.error} Set them again: {again}", err=True)
    else:
        click.echo(f"{partner.label}: not tested: {report.error}", err=True)


@command.command("remove")
@click.argument("partner", type=int)
@click.option("--yes", is_flag=True, help="Remove without asking.")
def remove_credentials(*, partner: int, yes: bool) -> None:
    """Remove the credentials of PARTNER for ChronoTrack Live; what they brought in stays."""
    with _opened_table() as table:
        credentials = _credentials_of(table.partner(partner))
        if not yes:
            click.confirm(f"Remove the credentials of {credentials.label}?", abort=True, err=True)
        table.remove(credentials)
    click.echo(f"The credentials of {credentials.label} are removed.")
    say(f"Its events, entries, results and history stay. {_TAKEN_OVER} Until then it goes on.")


def _credentials_of(access: PartnerAccess) -> Credentials:
    if access.credentials is None:
        raise SettingsInvalid(
            f"{access.label} has no credentials for ChronoTrack Live. "
            f"Set them with: chronotrack-live credentials set {access.timing_partner_id} --principal LOGIN"
        )
    return access.credentials
