"""Card numbers and IBANs in a text: by their check digits, so that other numbers stay."""

import re
from collections.abc import Iterator

_DIGITS = re.compile(r"\d(?:[ -]?\d){12,60}")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,36}")
_CARD_LENGTHS = range(19, 12, -1)
_IBAN_LENGTHS = {
    code: length
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH CR HR LI LV", 22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC",
        32: "LC",
    }.items()
    for code in codes.split()
}  # fmt: skip


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand: 13 to 19 digits, as written in groups, that pass Luhn's check."""
    for run in _DIGITS.finditer(text):
        places = [place for place in range(run.start(), run.end()) if text[place].isdigit()]
        starts = [n for n, place in enumerate(places) if n == 0 or places[n - 1] != place - 1]
        for start in starts:
            end = _card_end(text, places, start)
            if end is not None:
                yield places[start], places[end] + 1
                break


def _card_end(text: str, places: list[int], start: int) -> int | None:
    if text[places[start]] not in "23456":
        return None
    for length in _CARD_LENGTHS:
        end = start + length - 1
        if end >= len(places):
            continue
        is_at_group_end = end + 1 == len(places) or places[end + 1] != places[end] + 1
        if is_at_group_end and _passes_luhn([int(text[p]) for p in places[start : end + 1]]):
            return end
    return None


def _passes_luhn(digits: list[int]) -> bool:
    doubled = (
        digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
        for place, digit in enumerate(reversed(digits))
    )
    return sum(doubled) % 10 == 0


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where IBANs stand: of their country's length, with the right check digits (ISO 13616)."""
    for run in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(run[0][:2].upper())
        places = [place for place in range(run.start(), run.end()) if text[place].isalnum()]
        if length is None or len(places) < length:
            continue
        letters = "".join(text[place] for place in places[:length]).upper()
        if not letters.isascii():
            continue
        number = "".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])
        if int(number) % 97 == 1:
            yield run.start(), places[length - 1] + 1
