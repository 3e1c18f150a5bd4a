"""Answers for tests, short to write."""

from banyan.difference import Answer


def answer(
    body: str | bytes = b"",
    kind: str = "",
    *headers: tuple[str, str],
    status: int = 200,
    is_cut: bool = False,
) -> Answer:
    every = (("content-type", kind), *headers) if kind else headers
    return Answer(status, every, body.encode() if isinstance(body, str) else body, is_cut)


def json_(body: str | bytes, *headers: tuple[str, str], is_cut: bool = False) -> Answer:
    return answer(body, "application/json", *headers, is_cut=is_cut)


def html(body: str | bytes, *headers: tuple[str, str], is_cut: bool = False) -> Answer:
    return answer(body, "text/html; charset=utf-8", *headers, is_cut=is_cut)
