"""The commands of evidence: what they say, and how they end."""

import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from banyan.cli import main
from banyan.migration.rules.rehearsal import key_id_of, new_key, sign
from tests.migration.rehearsal.test_evidence import evidence, read

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command where no database is; its exit code and all that it said."""
    monkeypatch.setenv("BANYAN_STATE_FOLDER", str(tmp_path / "var"))
    monkeypatch.setenv("BANYAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", StringIO())
        code = 0
        try:
            main(["migrate", *arguments])
        except SystemExit as ending:
            code = int(ending.code or 0)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def test_verify_tells_whole_from_changed_and_ours_from_others(tmp_path: Path, run: Run) -> None:
    private, public = new_key()
    path = tmp_path / "evidence.json"
    path.write_bytes(sign(evidence(read()), private))
    code, said = run("evidence", "verify", str(path), "--key", key_id_of(public))
    assert (code, "signed with" in said) == (0, True)
    code, said = run("evidence", "verify", str(path), "--key", "0" * 16)
    assert (code, "not a key that is known here" in said) == (1, True)
    path.write_bytes(path.read_bytes().replace(b'"errors": 0', b'"errors": 1'))
    code, said = run("evidence", "verify", str(path), "--key", key_id_of(public))
    assert (code, "changed after it was signed" in said) == (2, True)
