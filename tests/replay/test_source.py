import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from banyan.kernel import Money
from banyan.replay import InvalidSource, SourceNotFound
from banyan.replay.source import Payment, read_source

EXTRACT = Path(__file__).parents[2] / "examples" / "olist"
SMALL = {
    "orders": """order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
o1,c1,delivered,2018-02-03 10:00:00,2018-02-03 10:10:00,2018-02-04 09:00:00,2018-02-10 18:00:00,2018-02-09 00:00:00
o2,c2,unavailable,2018-02-01 08:00:00,,,,
""",
    "order_items": """order_id,order_item_id,product_id,seller_id,price,freight_value
o1,1,p1,s1,58.90,13.29
o1,2,p1,s1,58.90,13.29
""",
    "order_payments": """order_id,payment_sequential,payment_type,payment_installments,payment_value
o1,1,credit_card,3,100.00
o1,2,voucher,1,44.38
""",
    "reviews": "order_id,review_score,review_creation_date\no1,2,2018-02-11\no1,1,2018-02-12\n",
    "customers": "customer_id,customer_unique_id,customer_city,customer_state\nc1,u1,niteroi,RJ\nc2,u1,niteroi,RJ\n",
    "products": "product_id,product_category_name\np1,\n",
    "sellers": "seller_id,seller_city,seller_state\ns1,campinas,SP\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for table, text in SMALL.items():
        (tmp_path / f"{table}.csv").write_text(text)
    return tmp_path


def test_an_order_has_everything_that_belongs_to_it(folder: Path):
    second, first = read_source(folder).orders
    assert (second.order_id, second.items, second.review) == ("o2", (), None)
    assert first.purchased_at == datetime(2018, 2, 3, 10, 0, tzinfo=UTC)
    assert [item.price for item in first.items] == [Money.of(5890, "BRL")] * 2
    assert first.items[0].freight == Money.of(1329, "BRL")
    assert first.items[0].category == "outros"
    assert first.payment == Payment("credit_card", 3, Money.of(10000, "BRL"))
    assert first.buyer == second.buyer
    assert first.was_late
    assert first.review is not None
    assert (first.review.score, first.review.written_on) == (1, date(2018, 2, 12))


def test_the_names_and_columns_of_kaggle_are_read_too(folder: Path):
    (folder / "orders.csv").rename(folder / "olist_orders_dataset.csv")
    (folder / "reviews.csv").unlink()
    (folder / "olist_order_reviews_dataset.csv").write_text(
        '"review_id","order_id","review_score","review_comment_message","review_creation_date"\n'
        'r1,o1,4,"Two lines,\nand a comma",2018-02-12 00:00:00\n'
    )
    order = read_source(folder).orders[1]
    assert order.review is not None
    assert (order.review.score, order.review.written_on) == (4, date(2018, 2, 12))


def test_compressed_files_are_read(folder: Path):
    path = folder / "orders.csv"
    (folder / "orders.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert len(read_source(folder).orders) == 2


def test_parquet_files_give_the_same_to_the_centavo(folder: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    before = read_source(folder)
    for path in folder.glob("*.csv"):
        table = pa.csv.read_csv(path)
        pa.parquet.write_table(table, path.with_suffix(".parquet"))
        path.unlink()
    assert read_source(folder) == before


@pytest.mark.parametrize(
    ("table", "was", "now", "says"),
    [
        ("order_items", "58.90", "58.905", "order_items.csv, row 1: price is not an amount"),
        ("order_items", "58.90", "-58.90", "row 1: price is negative"),
        ("order_items", "58.90", "NaN", "row 1: price is not an amount"),
        ("order_items", "58.90", "", "row 1: price is empty"),
        ("order_items", "s1", "s9", "row 1: seller_id is in no row of the sellers"),
        ("order_payments", ",3,", ",3.5,", "row 1: payment_installments is '3.5'"),
        ("orders", "2018-02-03 10:00:00", "3 Feb", "row 1: order_purchase_timestamp is '3 Feb'"),
        ("orders", "c1", "c9", "row 1: customer_id is in no row of the customers"),
        ("orders", "order_status", "status", "has no column order_status"),
        ("sellers", "campinas", "\xff", "sellers.csv can't be read"),
    ],
)
def test_what_cant_be_read_is_named(folder: Path, table: str, was: str, now: str, says: str):
    path = folder / f"{table}.csv"
    path.write_bytes(SMALL[table].replace(was, now, 1).encode("latin-1"))
    with pytest.raises(InvalidSource, match=says):
        read_source(folder)


def test_a_missing_file_is_named(folder: Path):
    (folder / "sellers.csv").unlink()
    with pytest.raises(SourceNotFound, match=r"has no sellers\.csv"):
        read_source(folder)
    with pytest.raises(SourceNotFound, match="is not a folder"):
        read_source(folder / "nowhere")


def test_the_extract_is_whole_and_small():
    source = read_source(EXTRACT)
    assert len(source.orders) == 2_500
    assert source.orders[0].purchased_at.date() == date(2018, 2, 1)
    assert sum(path.stat().st_size for path in EXTRACT.iterdir()) < 1_500_000
    assert {order.status for order in source.orders} >= {"delivered", "canceled", "unavailable"}
    total = sum((item.price.minor for order in source.orders for item in order.items), 0)
    lines = (EXTRACT / "order_items.csv").read_text().splitlines()[1:]
    assert total == sum(int(line.split(",")[4].replace(".", "")) for line in lines)
