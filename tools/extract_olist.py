"""Cut a small extract out of the Olist orders, so that the demo runs on real ones.

    python tools/extract_olist.py FOLDER_WITH_PARQUET examples/olist

The first orders from a given day on, in order of purchase, and of every other table only the rows
that these orders name and the columns that a replay reads. The same input gives the same bytes.
"""

import csv
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import pyarrow.parquet as pq

Row = dict[str, Any]

COLUMNS = {
    "orders": (
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    "order_items": (
        "order_id",
        "order_item_id",
        "product_id",
        "seller_id",
        "price",
        "freight_value",
    ),
    "order_payments": (
        "order_id",
        "payment_sequential",
        "payment_type",
        "payment_installments",
        "payment_value",
    ),
    "reviews": ("order_id", "review_score", "review_creation_date"),
    "customers": ("customer_id", "customer_unique_id", "customer_city", "customer_state"),
    "products": ("product_id", "product_category_name"),
    "sellers": ("seller_id", "seller_city", "seller_state"),
}


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default="2018-02-01", show_default=True)
@click.option(
    "--orders", "order_count", type=click.IntRange(min=1), default=2500, show_default=True
)
def extract(source: Path, target: Path, since: datetime, order_count: int) -> None:
    """Write the extract of the parquet files in SOURCE as CSV files to TARGET."""
    target.mkdir(parents=True, exist_ok=True)
    for table, rows in _extract(source, since, order_count).items():
        path = target / f"{table}.csv"
        _write(path, COLUMNS[table], rows)
        click.echo(f"{path}  {len(rows):>6,} rows  {path.stat().st_size / 1000:>6,.0f} kB")


def _extract(source: Path, since: datetime, order_count: int) -> dict[str, list[Row]]:
    orders = _read(source, "orders")
    orders = [row for row in orders if row["order_purchase_timestamp"] >= since]
    orders.sort(key=lambda row: (row["order_purchase_timestamp"], row["order_id"]))
    del orders[order_count:]
    place = {row["order_id"]: index for index, row in enumerate(orders)}

    def of_orders(table: str, *tie: str) -> list[Row]:
        rows = [row for row in _read(source, table) if row["order_id"] in place]
        rows.sort(key=lambda row: (place[row["order_id"]], *(row[name] for name in tie)))
        return rows

    items = of_orders("order_items", "order_item_id")
    return {
        "orders": orders,
        "order_items": items,
        "order_payments": of_orders("order_payments", "payment_sequential"),
        "reviews": of_orders("reviews", "review_creation_date", "review_score"),
        "customers": _named(source, "customers", "customer_id", orders),
        "products": _named(source, "products", "product_id", items),
        "sellers": _named(source, "sellers", "seller_id", items),
    }


def _named(source: Path, table: str, key: str, by: Iterable[Row]) -> list[Row]:
    """The rows of ``table`` whose ``key`` stands in ``by``, in the order of their first mention."""
    place = {name: index for index, name in enumerate(dict.fromkeys(row[key] for row in by))}
    rows = [row for row in _read(source, table) if row[key] in place]
    return sorted(rows, key=lambda row: place[row[key]])


def _read(source: Path, table: str) -> list[Row]:
    return pq.read_table(source / f"{table}.parquet", columns=list(COLUMNS[table])).to_pylist()


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(row[column]) for column in columns] for row in rows)


_TEXT: dict[type, Callable[[object], str]] = {
    float: lambda value: f"{value:.2f}",
    datetime: lambda value: f"{value:%Y-%m-%d %H:%M:%S}",
    date: lambda value: f"{value:%Y-%m-%d}",
    type(None): lambda _: "",
}


def _text(value: object) -> str:
    """As the published CSV files write it; every price there is a decimal of two places."""
    return _TEXT.get(type(value), str)(value)


if __name__ == "__main__":
    extract()
