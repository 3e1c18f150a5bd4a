"""Decisions of invoicing: what is billed, at which rate, under which number, and how it reads."""

from banyan.invoicing.rules.assembling import assemble
from banyan.invoicing.rules.attributing import (
    BILLED_PREFIXES,
    booked_for,
    charges_of,
    is_billed,
    whole_transfers,
)
from banyan.invoicing.rules.chart import DEFAULT, PATTERN_PATTERN, Chart, check_chart
from banyan.invoicing.rules.content import content_of, issued_list, safe_cell, written
from banyan.invoicing.rules.details import check_entity, missing_in
from banyan.invoicing.rules.html import html_of
from banyan.invoicing.rules.journal import HEAD as JOURNAL_HEAD
from banyan.invoicing.rules.journal import Journal, csv_text
from banyan.invoicing.rules.numbering import number_of, year_of
from banyan.invoicing.rules.periods import MONTH_PATTERN, bounds, day_of, month_after, month_of
from banyan.invoicing.rules.rates import rates_of
from banyan.invoicing.rules.wording import REVERSE_CHARGE, words_in

__all__ = [
    "BILLED_PREFIXES",
    "DEFAULT",
    "JOURNAL_HEAD",
    "MONTH_PATTERN",
    "PATTERN_PATTERN",
    "REVERSE_CHARGE",
    "Chart",
    "Journal",
    "assemble",
    "booked_for",
    "bounds",
    "charges_of",
    "check_chart",
    "check_entity",
    "content_of",
    "csv_text",
    "day_of",
    "html_of",
    "is_billed",
    "issued_list",
    "missing_in",
    "month_after",
    "month_of",
    "number_of",
    "rates_of",
    "safe_cell",
    "whole_transfers",
    "words_in",
    "written",
    "year_of",
]
