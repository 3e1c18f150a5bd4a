"""Answers, differences, and what was decided about them: plain records."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side answered to one request: ``headers`` in order, names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_cut: bool = False
    duration_us: int = 0

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key == name)
