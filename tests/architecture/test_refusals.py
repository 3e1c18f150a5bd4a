"""Every refusal of the product can be told apart and says what it is."""

import importlib
import re
from collections import Counter
from collections.abc import Iterator

from banyan.kernel import BanyanError
from banyan.runtime.http import status_of
from tests.architecture.source import modules


def _refusals() -> list[type[BanyanError]]:
    for module in modules():
        if module.context != "__main__":
            importlib.import_module(module.name)
    return [kind for kind in _below(BanyanError) if kind.__module__.startswith("banyan.")]


def _below(kind: type[BanyanError]) -> Iterator[type[BanyanError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def test_each_code_means_one_thing() -> None:
    """A refusal may keep the code of the kind that it is, such as ``rate_limited``."""
    refusals = _refusals()
    assert len(refusals) > 40
    kinds = {kind for kind in refusals if kind.__module__ == "banyan.kernel.errors"}
    own = [
        kind.code
        for kind in refusals
        if kind in kinds or kind.code not in {parent.code for parent in kinds & {*kind.__mro__}}
    ]
    assert [code for code, count in Counter(own).items() if count > 1] == []
    assert [kind.__name__ for kind in refusals if kind.code == BanyanError.code] == []


def test_each_code_can_be_read() -> None:
    for kind in _refusals():
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", kind.code), kind.code
        assert "title" in vars(kind), f"{kind.__name__} has no title"
        assert re.fullmatch(r"[A-Z].*[^.]", kind.title), kind.title


def test_each_that_a_request_can_meet_has_a_status() -> None:
    """The others are bugs, or of the machine that a process is started on."""
    without = {kind for kind in _refusals() if status_of(kind) == 500}
    assert {k.__name__ for k in without if ".local." not in k.__module__} == {"InternalError"}
