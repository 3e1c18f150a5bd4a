"""Comparing measured: answers of about 10 kB, beside difflib.

    python benchmarks/comparison.py [--seconds 2]

For a list of JSON records and for a page, with one value changed: comparisons a second by
``banyan.difference`` (parsed, paired, masked), and by ``difflib.unified_diff`` on the lines of the same
texts, pretty-printed beforehand, which costs the peer nothing here and masks nothing. Also equal answers, of which
most traffic consists.
"""

import argparse
import difflib
import json
import time
from collections.abc import Callable

from banyan.difference import Answer, compare, comparing

HOW = comparing(key=b"benchmark")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    records = [
        {"id": n, "name": f"Item {n}", "price": n * 1.5, "tags": ["a", "b"]} for n in range(150)
    ]
    changed = [*records[:70], records[70] | {"price": 1.0}, *records[71:]]
    items = [
        f'<li class="item"><a href="/p/{n}">Item {n}</a> <b>{n * 2} EUR</b></li>'
        for n in range(150)
    ]
    other = [*items[:70], items[70].replace("EUR", "USD"), *items[71:]]
    pairs = {
        "JSON": (json.dumps(records), json.dumps(changed), json.dumps(records, indent=1),
                 json.dumps(changed, indent=1), "application/json"),
        "page": (_page(items), _page(other), _page(items), _page(other), "text/html"),
    }  # fmt: skip
    print(f"{'':8}{'kB':>6}{'differ':>10}{'equal':>10}{'difflib':>10}   comparisons a second")
    for name, (left, right, old, new, kind) in pairs.items():
        one, two = _answer(left, kind), _answer(right, kind)
        assert len(compare(one, two, how=HOW).differences) == 1
        lines = old.splitlines(), new.splitlines()
        rates = [
            _rate(lambda one=one, two=two: compare(one, two, how=HOW), seconds),
            _rate(lambda one=one: compare(one, one, how=HOW), seconds),
            _rate(lambda lines=lines: list(difflib.unified_diff(*lines)), seconds),
        ]
        print(f"{name:8}{len(left) / 1000:6.1f}" + "".join(f"{rate:10,.0f}" for rate in rates))


def _page(items: list[str]) -> str:
    return "<html><body><ul>\n" + "\n".join(items) + "\n</ul></body></html>"


def _answer(text: str, kind: str) -> Answer:
    return Answer(200, (("content-type", kind),), text.encode())


def _rate(call: Callable[[], object], seconds: float) -> float:
    started_s, count = time.process_time(), 0
    while time.process_time() - started_s < seconds:
        call()
        count += 1
    return count / (time.process_time() - started_s)


if __name__ == "__main__":
    main()
