"""`banyan fx load`: a file or a URL, and what it says."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import uvloop

from banyan import app
from banyan.cli import main
from banyan.marketplaces import ensure_marketplaces
from banyan.runtime import Settings
from tests.fx import files

Load = Callable[..., tuple[int, str, str]]


@pytest.fixture
def load(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Load:
    """Runs the command for the sandbox: its exit code, and what it said where."""
    monkeypatch.setenv("BANYAN_DATABASE_URL", database_url)

    async def prepare() -> None:
        settings = Settings(database_url=database_url)
        async with app.open_database(settings) as database:
            await ensure_marketplaces(database, settings, demo=False)

    uvloop.run(prepare())

    def run(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["fx", "load", *arguments, "--marketplace", "sandbox"])
        except SystemExit as ending:
            code = int(ending.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def server() -> Iterator[str]:
    """A server on loopback that has the rates of a day."""

    class Rates(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/daily.xml" else 404)
            self.end_headers()
            self.wfile.write(files.DAILY_XML)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Rates) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def test_a_file_and_a_url(load: Load, server: str, tmp_path: Path) -> None:
    path = tmp_path / "eurofxref-hist.zip"
    path.write_bytes(files.zipped(files.HISTORY_CSV))
    assert load(str(path), "--since", "2018-02-28") == (
        0,
        "3 rates added, 0 corrected, 0 known before.\nThey are of 2018-02-28 to 2018-02-28.\n",
        "",
    )
    code, out, err = load(f"{server}/daily.xml")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "0 rates added, 0 corrected, 3 known before.",
        "They are of 2018-02-28 to 2018-02-28.",
        "Skipped, out of use: HRK.",
    ]


def test_what_can_not_be_loaded_is_said(load: Load, server: str, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("effective_at,base,currency,rate\n2018-03-01,USD,BRL,x\n")
    for arguments, words in (
        ((str(tmp_path / "none.xml"),), "none.xml can't be read: No such file"),
        ((str(path),), "The first line of the CSV"),
        ((str(path), "--source", "manual"), "line 2: 'x' is not a rate"),
        ((f"{server}/none.xml",), "can't be fetched: Client error '404"),
        (("http://127.0.0.1:1/daily.xml",), "can't be fetched"),
    ):
        code, out, err = load(*arguments)
        assert (code, out) == (2, "")
        assert words in err
        assert err.startswith("banyan: ")
