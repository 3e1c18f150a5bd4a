"""The sheet on which differences are noted, as they are found."""

from banyan.difference.model import DIFFERENCES_MAX, Difference, Kind
from banyan.difference.rules.masking import TOKEN, Masker

_PATH_LENGTH_MAX = 300
_SHOWN_LENGTH_MAX = 400
"""A mask may be longer than what it hides."""


class Sheet:
    """Differences up to ``DIFFERENCES_MAX``; what comes after only makes it not whole."""

    def __init__(self, masker: Masker) -> None:
        self.masker = masker
        self.found: list[Difference] = []
        self.is_whole = True

    @property
    def is_full(self) -> bool:
        return len(self.found) >= DIFFERENCES_MAX

    def note(
        self,
        path: str,
        kind: Kind,
        legacy: str | None,
        candidate: str | None,
        *,
        pattern: str | None = None,
        shapes: tuple[str, str] = ("", ""),
        detail: str = "",
    ) -> None:
        """Values and shapes are as they may be shown; paths may hold a name and are masked here."""
        if self.is_full:
            self.is_whole = False
            return
        where = self.masker.text(path, _PATH_LENGTH_MAX, is_place=True)[:_SHOWN_LENGTH_MAX]
        alike = (
            where if pattern is None else self.masker.text(pattern, _PATH_LENGTH_MAX, is_place=True)
        )
        self.found.append(
            Difference(
                where,
                TOKEN.sub("*", alike)[:_SHOWN_LENGTH_MAX],  # or each customer were a place
                kind,
                legacy,
                candidate,
                *shapes,
                detail,
            )
        )
