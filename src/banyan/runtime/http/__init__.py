"""HTTP: operations declared once, and everything that follows from them.

    app = http_app(operations=[…], database=database, authenticate=find_principal)

A context declares its operations in its ``api.py`` (see ``Operation``). The rules that hold for
every one of them are in ``docs/api.md``.
"""

from banyan.runtime.http.app import BODY_BYTES_MAX, RATES, http_app
from banyan.runtime.http.docs_page import all_errors
from banyan.runtime.http.idempotency import delete_expired
from banyan.runtime.http.openapi import Tag, openapi
from banyan.runtime.http.operations import Call, Operation, Principal, RawBody
from banyan.runtime.http.problems import Problem, status_of
from banyan.runtime.http.rates import Rate
from banyan.runtime.http.shapes import (
    Amount,
    Csv,
    CurrencyCode,
    File,
    Instant,
    List,
    ListQuery,
    NonNegativeAmount,
    PositiveAmount,
    check_currency,
    id_meta,
)

__all__ = [
    "BODY_BYTES_MAX",
    "RATES",
    "Amount",
    "Call",
    "Csv",
    "CurrencyCode",
    "File",
    "Instant",
    "List",
    "ListQuery",
    "NonNegativeAmount",
    "Operation",
    "PositiveAmount",
    "Principal",
    "Problem",
    "Rate",
    "RawBody",
    "Tag",
    "all_errors",
    "check_currency",
    "delete_expired",
    "http_app",
    "id_meta",
    "openapi",
    "status_of",
]
