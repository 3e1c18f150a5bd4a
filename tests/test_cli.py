"""The command line, called as people call it: what it prints, where, and how it ends."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import click
import psycopg
import pytest
import uvloop

from banyan import app, ledger
from banyan.cli import cli, main
from banyan.commands.migrate import migrate_group
from banyan.kernel import Money, new_id
from banyan.ledger import Account, Leg, Side, Transfer
from banyan.marketplaces import ensure_marketplaces
from banyan.runtime import Settings, describe

NOWHERE = "postgresql://nobody:hunter2@127.0.0.1:1/none"


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Banyan = Callable[..., Said]


@pytest.fixture
def banyan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Banyan:
    """Runs a command on a machine where nothing is set and no database runs."""
    for row in describe(Settings()):
        monkeypatch.delenv(row.variable, raising=False)
    for variable in ("BANYAN_API_KEY", "BANYAN_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BANYAN_STATE_FOLDER", str(tmp_path / "var"))

    def run(*arguments: str, stdin: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", StringIO(stdin))
        code = 0
        try:
            main(arguments)
        except SystemExit as ending:
            code = int(ending.code or 0)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def market(banyan: Banyan, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Banyan]:
    """The same with a database that has the live marketplace and the sandbox."""
    monkeypatch.setenv("BANYAN_DATABASE_URL", database_url)

    async def prepare() -> None:
        settings = Settings(database_url=database_url)
        async with app.open_database(settings) as database:
            await ensure_marketplaces(database, settings, demo=False)

    uvloop.run(prepare())
    return banyan


def _commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name in group.commands:
        _, command, _ = group.resolve_command(click.Context(group), [name])
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name)


def assert_refused(said: Said, *words: str) -> None:
    """One sentence on standard error, nothing else, and exit code 2."""
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("banyan: ")
    assert said.err.count("\n") == 1, said.err
    assert said.err.endswith("\n")
    for word in words:
        assert word in said.err


@pytest.mark.parametrize("path", [*_commands()], ids=" ".join)
def test_every_command_has_help_that_fits(banyan: Banyan, path: tuple[str, ...]) -> None:
    said = banyan(*path, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: {' '.join(['banyan', *path])}")
    assert "..." not in said.out.replace("[ARGS]...", "").replace("[OPTIONS] ...", "")
    assert max(map(len, said.out.splitlines())) <= 80
    assert banyan(*path, "-h") == said


@pytest.mark.parametrize("group", [cli, migrate_group], ids=["banyan", "migrate"])
def test_lists_say_of_commands_what_they_say_themselves(group: click.Group) -> None:
    shown = {name: line.get_short_help_str(80) for name, line in group.commands.items()}
    loaded = [group.resolve_command(click.Context(group), [name])[1] for name in shown]
    assert shown == {each.name: each.get_short_help_str(80) for each in loaded if each}


def test_a_mistyped_command_is_refused_with_the_one_meant(banyan: Banyan) -> None:
    assert_refused(banyan("migrat"), "No such command 'migrat'", "migrate")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("migrate", "rollback", "--help"), ("migrate", "status", "--help")]
)
def test_help_imports_no_more_than_the_command_line(arguments: tuple[str, ...]) -> None:
    assert not {"psycopg", "httpx", "banyan.runtime"} & _imported_by(*arguments)


def test_a_rollback_imports_nothing_that_others_need(tmp_path: Path) -> None:
    """It is typed in an emergency. Here it ends for want of a database and of a data plane."""
    rollback = ("migrate", "rollback", "products", "--why", "It is late.")
    imported = _imported_by(*rollback, BANYAN_STATE_FOLDER=str(tmp_path))
    assert "banyan.migration" in imported
    others = {
        "sqlalchemy",
        "stripe",
        "holidays",
        "icalendar",
        "jinja2",
        "yaml",
        "grpc",
        "starlette",
    }
    assert not others & imported


def _imported_by(*arguments: str, **environment: str) -> set[str]:
    """The modules that a command has imported when it ends, as Python tells on standard error."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "banyan", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert ended.returncode in (0, 2), ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_a_group_without_a_command_shows_its_help(banyan: Banyan) -> None:
    said = banyan("keys")
    assert (said.code, said.out) == (2, "")
    assert "create  Make a key" in said.err


def test_the_version_is_told(banyan: Banyan) -> None:
    assert banyan("--version").out.startswith("banyan 0.")


def test_the_process_ends_with_the_code() -> None:
    """Once for real: `python -m banyan`, its streams and its exit code."""
    command = [sys.executable, "-m", "banyan", "up", "--port", "many"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "banyan: Invalid value for '--port': 'many' is not a valid integer range.\n"
    )


def test_settings_are_listed_without_secrets(
    banyan: Banyan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANYAN_DATABASE_URL", NOWHERE)
    monkeypatch.setenv("BANYAN_PORT", "9000")
    said = banyan("settings")
    assert (said.code, said.err) == (0, "")
    assert NOWHERE not in said.out
    lines = said.out.splitlines()
    assert "BANYAN_DATABASE_URL=(set)" in lines
    assert lines[lines.index("BANYAN_PORT=9000") + 1] == "    Port that HTTP listens on."
    assert sum(line.startswith("BANYAN_") for line in lines) == len(describe(Settings()))
    assert all(len(line) <= 80 for line in lines if line.startswith(" "))


def test_the_reference_has_a_line_for_each_operation(banyan: Banyan) -> None:
    said = banyan("reference")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    operations = app.operations()
    assert len(lines) == len(operations)
    for line, operation in zip(lines, operations, strict=True):
        method, path, scope, summary = line.split(maxsplit=3)
        assert (method, path, scope) == (operation.method, operation.path, operation.scope or "any")
        assert summary == operation.summary


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("BANYAN_PROT", "9000", "BANYAN_PROT is not a setting"),
        ("BANYAN_PORT", "many", "BANYAN_PORT must be a positive whole number, not 'many'"),
        ("BANYAN_POOL_SIZE", "0", "BANYAN_POOL_SIZE must be a positive whole number"),
        ("BANYAN_LOG_LEVEL", "loud", "must be one of debug, info, warning, error, not 'loud'"),
    ],
)
def test_a_setting_that_is_none_is_refused(
    banyan: Banyan, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    for command in ("settings", "up", "serve", "work", "schema"):
        assert_refused(banyan(command), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sing",), "No such command 'sing'"),
        (("up", "--loud"), "No such option"),
        (("up", "--port", "70000"), "70000 is not in the range"),
        (("serve", "--port", "0"), "0 is not in the range"),
        (("keys", "create", "--name", "mine"), "Missing option '--marketplace'"),
        (("users", "add", "me@example.com", "--role", "king"), "'king' is not one of"),
        (("users", "add", "me@example.com", "--password", "secret"), "No such option"),
        (("replay", "/nowhere", "--key", "k"), "Directory '/nowhere' does not exist"),
        (("replay", "."), "BANYAN_API_KEY"),
        (("replay", ".", "--key", "k", "--limit", "0"), "0 is not in the range"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_arguments_are_refused(banyan: Banyan, arguments: tuple[str, ...], words: str) -> None:
    assert_refused(banyan(*arguments), words)


NEEDS_DATABASE = [
    ("serve",),
    ("work",),
    ("schema",),
    ("ledger", "verify"),
    ("fx", "load", __file__, "--marketplace", "sandbox"),
    ("ledger", "seal", "--marketplace", "sandbox"),
    ("ledger", "close", "2018-02", "--marketplace", "sandbox"),
    ("ledger", "periods", "--marketplace", "sandbox"),
    ("ledger", "trial-balance", "--marketplace", "sandbox"),
    ("ledger", "archive", "2018-02", "--to", ".", "--marketplace", "sandbox"),
    ("keys", "create", "--marketplace", "sandbox", "--name", "mine"),
    ("keys", "list", "--marketplace", "sandbox"),
    ("keys", "revoke", "key_1", "--marketplace", "sandbox"),
    ("users", "add", "me@example.com"),
    ("users", "link", "me@example.com"),
]


@pytest.mark.parametrize("arguments", NEEDS_DATABASE, ids=" ".join)
def test_no_database_is_said(banyan: Banyan, arguments: tuple[str, ...]) -> None:
    assert_refused(banyan(*arguments), "No database runs here: start `banyan up`")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (NOWHERE, "can't be reached: connection failed"),
        ("mysql://u:hunter2@db", "must begin with postgresql://"),
        ("postgresql://db/x?nonsense=1", "no address of a database"),
        ("postgresql://db:port/x", "can't be reached"),
    ],
)
def test_an_unusable_database_is_said_at_once(
    banyan: Banyan, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("BANYAN_DATABASE_URL", url)
    for command in (("schema",), ("keys", "list", "--marketplace", "live")):
        said = banyan(*command)
        assert_refused(said, words)
        assert "hunter2" not in said.err
    said = banyan("up", "--no-demo", "--port", "1")
    assert said.code == 2
    assert said.err.count("\n") == 1


def test_a_database_without_our_schema_is_said(
    banyan: Banyan, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANYAN_DATABASE_URL", database_url)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("delete from runtime.schema_changes where name like '0100%'")
        for command in ("serve", "work"):
            assert_refused(
                banyan(command), "lacks schema changes (1, from 0100", "run `banyan schema`"
            )
        owner.execute("drop table runtime.schema_changes")
    assert_refused(banyan("users", "link", "me@example.com"), "from 0001_runtime.sql on")


def test_the_schema_is_brought_up_to_date(market: Banyan) -> None:
    assert market("schema") == Said(0, "The schema is current.\n", "")


def test_a_replay_of_nothing_is_refused(banyan: Banyan, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert_refused(banyan("replay", str(folder), "--key", "k"), f"{folder} has no customers.csv")
    rows = {
        "customers": "customer_id,customer_unique_id,customer_state",
        "order_items": "order_id,product_id,seller_id,price,freight_value",
        "order_payments": "order_id,payment_type,payment_installments,payment_value",
        "orders": "order_id,customer_id,order_status,order_purchase_timestamp",
        "products": "product_id,product_category_name",
        "reviews": "order_id,review_score,review_creation_date",
        "sellers": "seller_id,seller_city,seller_state",
    }
    for table, header in rows.items():
        (folder / f"{table}.csv").write_text(f"{header}\n")
    assert_refused(banyan("replay", str(folder), "--key", "k"), "has no order with items")


def test_keys_are_made_listed_and_revoked(market: Banyan) -> None:
    made = market(
        "keys", "create", "--marketplace", "sandbox", "--name", "shop",
        "--scope", "orders:write", "--scope", "orders:read",
    )  # fmt: skip
    assert (made.code, made.err) == (0, "")
    text = made.out.removesuffix("\n")
    assert text.startswith("bk_test_")

    listed = market("keys", "list", "--marketplace", "sandbox").out
    assert text not in listed
    key_id, prefix, *rest = listed.split()
    assert text.startswith(prefix.removesuffix("…"))
    assert rest == ["active", "shop", "orders:write", "orders:read"]
    assert market("keys", "list", "--marketplace", "live").out == ""

    revoked = market("keys", "revoke", key_id, "--marketplace", "sandbox")
    assert (revoked.code, revoked.err) == (0, "")
    assert "  revoked 20" in market("keys", "list", "--marketplace", "sandbox").out
    assert_refused(market("keys", "revoke", key_id, "--marketplace", "live"), "no key")


def test_a_live_key_says_so(market: Banyan) -> None:
    made = market("keys", "create", "--marketplace", "live", "--name", "shop")
    assert made.out.startswith("bk_live_")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "--name", "x", "--scope", "orders:eat"), "'orders:eat' is not one of *, "),
        (("create", "--name", ""), "A key's name has 1 to 80 characters"),
        (("create", "--name", "x" * 81), "A key's name has 1 to 80 characters"),
        (("revoke", "ord_00000000000000000000000000"), "key_"),
        (("revoke", "nonsense"), "key_"),
        (("revoke", "key_00000000000000000000000000"), "There is no key"),
    ],
)
def test_keys_that_can_not_be_are_refused(
    market: Banyan, arguments: tuple[str, ...], words: str
) -> None:
    assert_refused(market("keys", *arguments, "--marketplace", "sandbox"), words)


@pytest.mark.parametrize("name", ["market", "", "mkt_00000000000000000000000000", "demo"])
def test_an_unknown_marketplace_is_refused_with_those_there_are(market: Banyan, name: str) -> None:
    for command in (("keys", "list"), ("ledger", "verify")):
        said = market(*command, "--marketplace", name)
        assert_refused(said, repr(name), "(Marketplace)", "(Sandbox)")


def test_a_user_signs_in_with_the_password_that_was_read(market: Banyan) -> None:
    added = market(
        "users", "add", "Ann@Example.com", "--role", "admin", stdin="correct horse battery\n"
    )
    assert (added.code, added.err) == (0, "")
    assert added.out == "Ann@Example.com may sign in as admin at http://127.0.0.1:8000/console\n"
    again = market("users", "add", "ann@example.com", stdin="correct horse battery\n")
    assert_refused(again, "ann@example.com has an account")

    link = market("users", "link", "ann@example.com")
    assert (link.code, link.err) == (0, "")
    assert link.out.startswith("http://127.0.0.1:8000/console/sign-in?token=")


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("ann", "correct horse battery\n", "'ann' is not an e-mail address"),
        ("ann@example.com", "", "at least 12 characters"),
        ("ann@example.com", "short\n", "at least 12 characters"),
    ],
)
def test_users_that_can_not_be_are_refused(
    market: Banyan, email: str, password: str, words: str
) -> None:
    assert_refused(market("users", "add", email, stdin=password), words)
    assert_refused(market("users", "link", email), f"{email} has no account")


def test_a_sound_ledger_is_called_so(market: Banyan, database_url: str) -> None:
    _post(database_url)
    said = market("ledger", "verify")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "Marketplace: sound (0 accounts, 0 transfers, 0 legs)\n"
        "Sandbox: sound (2 accounts, 1 transfers, 1 legs)\n"
    )


def test_a_balance_that_was_tampered_with_is_found(market: Banyan, database_url: str) -> None:
    _post(database_url)
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "update ledger.accounts set posted_minor = posted_minor + 1"
            " where path = 'buyer:funds_held'"
        )
    said = market("ledger", "verify")
    assert (said.code, said.err) == (1, "")
    sound, unsound, *findings = said.out.splitlines()
    assert sound.startswith("Marketplace: sound")
    assert unsound.startswith("Sandbox: NOT SOUND")
    assert any("balance_is_sum_of_entries: " in line for line in findings)
    assert any("buyer:funds_held" in line for line in findings)
    assert market("ledger", "verify", "--marketplace", "live").code == 0
    assert market("ledger", "verify", "--marketplace", "sandbox").code == 1


def test_a_month_is_closed_sealed_and_archived(
    market: Banyan, database_url: str, tmp_path: Path
) -> None:
    """The month's end as finance lives it, from the terminal alone."""
    _post(database_url)
    of_it = ("--marketplace", "sandbox")
    statement = ("ledger", "statement", "buyer:funds_held", "BRL", "--since", "2018-01-01", *of_it)
    month = f"{datetime.now(UTC) - timedelta(days=31):%Y-%m}"

    closed = market("ledger", "close", month, *of_it)
    assert closed == Said(0, f"{month} is closed.\n", ""), "nothing was recorded in it"
    assert_refused(market("ledger", "close", month, *of_it), "is closed already")
    assert_refused(market("ledger", "close", "2018", *of_it), "not a month such as 2018-03")
    periods = market("ledger", "periods", *of_it)
    assert (periods.out.split()[0], periods.out.split()[-1]) == (month, "balanced")

    assert_refused(market("ledger", "archive", month, "--to", str(tmp_path), *of_it), "not sealed")
    sealed = market("ledger", "seal", *of_it)
    assert sealed.code == 0
    kept = tmp_path / "seal.json"
    kept.write_text(sealed.out)
    archived = market("ledger", "archive", month, "--to", str(tmp_path), *of_it)
    assert archived.out.startswith(f"{tmp_path / month}: 1 legs in 1 batches\n")
    whole = market("ledger", "check-archive", str(tmp_path / month), "--against", str(kept))
    assert whole == Said(0, f"{tmp_path / month}: whole\n", "")
    (tmp_path / month / "trial_balance.csv").write_text("all is well")
    assert market("ledger", "check-archive", str(tmp_path / month)).code == 1

    balance = market("ledger", "trial-balance", "--by", "account", *of_it).out.splitlines()
    assert balance[1:] == ["BRL,buyer:funds_held,1,0.00,19.99", "BRL,platform:bank,1,19.99,0.00"]
    then = market("ledger", "trial-balance", "--at", "2018-01-01", "--by", "account", *of_it)
    assert then.out == "currency,path,accounts,debit,credit\r\n"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert ",19.99,19.99,BRL" in market(*statement, "--until", today).out
    assert_refused(market(*statement, "--until", "yesterday"), "neither a day nor an instant")
    assert_refused(market(*statement, "--until", "2017-01-01"), "begins before it ends")

    verified = market("ledger", "verify", "--against", str(kept), *of_it)
    assert verified.code == 0
    assert "sealed through batch 1: " in verified.out
    with psycopg.connect(database_url) as owner:
        owner.execute("update ledger.transfers set description = 'ours'")
    verified = market("ledger", "verify", *of_it)
    assert verified.code == 1
    assert "seals_chain: batch 1: transfer " in verified.out
    assert_refused(
        market("ledger", "verify", "--against", str(kept), "--marketplace", "live"),
        "isn't looked at",
    )
    kept.write_text("{}")
    assert_refused(market("ledger", "verify", "--against", str(kept)), "not a seal")


def _post(database_url: str) -> None:
    """One transfer in the sandbox."""
    bank = Account("platform:bank", "BRL", normal=Side.DEBIT)
    leg = Leg(bank, Account("buyer:funds_held", "BRL"), Money.of(1999, "BRL"), "capture")
    at = datetime(2018, 3, 1, tzinfo=UTC)

    async def post() -> None:
        async with app.open_database(Settings(database_url=database_url)) as database:
            async with database.across_marketplaces() as queries:
                sandbox: UUID = await queries.value(
                    "select marketplace_id from runtime.marketplaces where not livemode"
                )
            async with database.transaction(sandbox) as tx:
                await ledger.post(tx, [Transfer(new_id(at), (leg,), "ord_1")])

    uvloop.run(post())


def test_a_provider_is_connected_without_its_secrets_being_seen(
    market: Banyan, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk_test_commandline1234"
    said = market(
        "providers", "connect", "stripe", "--marketplace", "sandbox", stdin=f"api_key={key}\n"
    )
    assert (said.code, said.err) == (0, "")
    assert "Connected as stripe." in said.out
    assert "/v1/providers/stripe/webhooks/mkt_" in said.out
    monkeypatch.setenv("ADYEN_API_KEY", "AQE_from_environment")
    connected = market(
        "providers", "connect", "adyen", "--marketplace", "sandbox", "--name", "adyen_eu",
        "--setting", "merchant_account=Banyan", "--env", "ADYEN",
    )  # fmt: skip
    assert (connected.code, connected.err) == (0, "")
    listed = market("providers", "list", "--marketplace", "sandbox")
    assert listed.out.splitlines() == [
        "adyen_eu  adyen  enabled  api_key=…ment",
        "stripe  stripe  enabled  api_key=…1234",
    ]
    assert key not in said.out + listed.out
    resealed = market("providers", "reseal")
    assert resealed.out == "Sealed the secrets of 2 connections with the newest key.\n"


def test_a_provider_that_does_not_work_is_told_of(
    market: Banyan, monkeypatch: pytest.MonkeyPatch
) -> None:
    market("providers", "connect", "sandbox", "--marketplace", "sandbox", "--name", "second")
    works = market("providers", "check", "second", "--marketplace", "sandbox")
    assert (works.code, works.out) == (0, "works  sandbox: It plays every outcome on request.\n")
    monkeypatch.setenv("BANYAN_STRIPE_URL", "http://127.0.0.1:9")
    market(
        "providers", "connect", "stripe", "--marketplace", "sandbox",
        stdin="api_key=sk_test_commandline1234",
    )  # fmt: skip
    fails = market("providers", "check", "stripe", "--marketplace", "sandbox")
    assert fails.code == 1
    assert "FAILS  balance: Stripe refuses: Stripe could not be reached." in fails.out


def test_malformed_secrets_are_refused_without_being_repeated(market: Banyan) -> None:
    said = market(
        "providers", "connect", "stripe", "--marketplace", "sandbox", stdin="sk_test_by_itself"
    )
    assert_refused(said, "Expected NAME=VALUE.")
    assert "by_itself" not in said.err
    assert_refused(
        market(
            "providers",
            "connect",
            "stripe",
            "--marketplace",
            "live",
            stdin="api_key=sk_test_commandline1",
        ),
        "test key",
    )


STATEMENT = """:20:S1
:25:BR001
:28C:1
:60F:C180301BRL0,00
:61:1803010301C19,99NTRFNONREF
:62F:C180301BRL19,99
"""


def test_a_statement_is_taken_in_and_reconciled(market: Banyan, tmp_path: Path) -> None:
    file = tmp_path / "march.sta"
    file.write_text(STATEMENT)
    taken = market("reconcile", "import", str(file), "--marketplace", "live")
    assert (taken.code, taken.out) == (0, "mt940: 1 lines, 0 of them known before\n")
    assert market("reconcile", "import", str(file), "--marketplace", "live") == taken
    run = market("reconcile", "run", "--marketplace", "live")
    assert (run.code, run.out) == (1, "0 matches made, 0 lines wait, 1 breaks opened, 0 closed\n")
    assert market("reconcile", "run", "--marketplace", "live").code == 0
    status = market("reconcile", "status", "--marketplace", "live")
    assert status.out == (
        "bank      BR001  BRL  0 matched, 1 open, the oldest of 2018-03-01, 1 breaks\n"
    )


def test_a_file_that_is_no_report_is_refused(market: Banyan, tmp_path: Path) -> None:
    file = tmp_path / "march.csv"
    file.write_text("a,b\n")
    command = ("reconcile", "import", str(file))
    said = market(*command, "--marketplace", "sandbox", "--provider", "sandbox")
    assert said.code == 2
    assert said.err == "banyan: Line 1: there is no column 'type'. Nothing was imported.\n"
    said = market(*command, "--marketplace", "live", "--provider", "strpe")
    assert said.code == 2
    assert said.err == "banyan: Nothing is connected under the name 'strpe'.\n"


def test_a_journal_is_written_to_a_file(market: Banyan, tmp_path: Path) -> None:
    path = tmp_path / "march.csv"
    said = market("export", "journal", "2018-03", "--to", str(path), "--marketplace", "sandbox")
    assert (said.code, said.out) == (0, f"{path}: {path.stat().st_size} bytes\n")
    assert path.read_text().startswith("record,date,document,")
    for month, place in (("2018-13", path), ("2018-03", tmp_path / "nowhere" / "march.csv")):
        said = market("export", "journal", month, "--to", str(place), "--marketplace", "sandbox")
        assert_refused(said, month if place == path else "no folder")


def test_the_command_can_be_imported_by_processes_of_its_own() -> None:
    """One that is spawned imports what its parent was started with: it must not start it again."""
    command = Path(sys.executable).with_name("banyan")
    assert "main" in runpy.run_path(str(command), run_name="__mp_main__")
