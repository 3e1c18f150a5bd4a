"""SQL of the chart of accounts."""

from collections.abc import Sequence

from banyan.invoicing.model import ChartLine
from banyan.runtime import Transaction


async def select_chart(tx: Transaction) -> list[ChartLine]:
    return await tx.all(
        ChartLine,
        """
        select pattern, number, name
        from invoicing.chart_lines
        where marketplace_id = %(marketplace_id)s
        order by place
        """,
    )


async def delete_chart(tx: Transaction) -> None:
    await tx.execute(
        """
        delete from invoicing.chart_lines
        where marketplace_id = %(marketplace_id)s
        """
    )


async def insert_chart(tx: Transaction, lines: Sequence[ChartLine]) -> None:
    await tx.execute(
        """
        insert into invoicing.chart_lines (marketplace_id, place, pattern, number, name)
        select %(marketplace_id)s, new.place, new.pattern, new.number, new.name
        from unnest(%(patterns)s::text[], %(numbers)s::text[], %(names)s::text[])
          with ordinality as new (pattern, number, name, place)
        """,
        patterns=[line.pattern for line in lines],
        numbers=[line.number for line in lines],
        names=[line.name for line in lines],
    )
