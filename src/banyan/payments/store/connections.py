"""SQL of what a marketplace has connected."""

from psycopg.types.json import Jsonb

from banyan.payments.model import ConnectionDetails
from banyan.runtime import Transaction


async def insert_connection(tx: Transaction, connection: ConnectionDetails) -> bool:
    """False if the name is taken."""
    touched = await tx.execute(
        """
        insert into payments.connections
          (marketplace_id, name, kind, is_enabled, settings, secrets, hints, method_types, currencies,
           countries, fee_bp, fee_fixed_minor, version, created_at, updated_at)
        values
          (%(marketplace_id)s, %(name)s, %(kind)s, %(is_enabled)s, %(settings)s, %(secrets)s,
           %(hints)s, %(method_types)s, %(currencies)s, %(countries)s, %(fee_bp)s,
           %(fee_fixed_minor)s, 1, %(now)s, %(now)s)
        on conflict (marketplace_id, name) do nothing
        """,
        now=tx.now,
        **_columns(connection),
    )
    return touched == 1


async def save_connection(tx: Transaction, connection: ConnectionDetails) -> ConnectionDetails:
    """Write what may change of a connection that is locked, as its next version."""
    saved = await tx.one(
        ConnectionDetails,
        """
        update payments.connections
        set is_enabled = %(is_enabled)s,
          settings = %(settings)s,
          secrets = %(secrets)s,
          hints = %(hints)s,
          method_types = %(method_types)s,
          currencies = %(currencies)s,
          countries = %(countries)s,
          fee_bp = %(fee_bp)s,
          fee_fixed_minor = %(fee_fixed_minor)s,
          version = version + 1,
          updated_at = %(now)s
        where marketplace_id = %(marketplace_id)s and name = %(name)s
        returning *
        """,
        now=tx.now,
        **_columns(connection),
    )
    assert saved is not None, "it is locked"
    return saved


async def find_connection(tx: Transaction, name: str) -> ConnectionDetails | None:
    return await tx.one(
        ConnectionDetails,
        """
        select *
        from payments.connections
        where marketplace_id = %(marketplace_id)s and name = %(name)s
        """,
        name=name,
    )


async def lock_connection(tx: Transaction, name: str) -> ConnectionDetails | None:
    return await tx.one(
        ConnectionDetails,
        """
        select *
        from payments.connections
        where marketplace_id = %(marketplace_id)s and name = %(name)s
        for no key update
        """,
        name=name,
    )


async def select_connections(tx: Transaction) -> list[ConnectionDetails]:
    """All of them, by name."""
    return await tx.all(
        ConnectionDetails,
        """
        select *
        from payments.connections
        where marketplace_id = %(marketplace_id)s
        order by name
        """,
    )


async def save_sealed(tx: Transaction, name: str, sealed: bytes, *, instead_of: bytes) -> None:
    """Put the same secrets, sealed anew, unless they were changed meanwhile. It is no new version."""
    await tx.execute(
        """
        update payments.connections
        set secrets = %(sealed)s
        where marketplace_id = %(marketplace_id)s and name = %(name)s
          and secrets = %(instead_of)s
        """,
        name=name,
        sealed=sealed,
        instead_of=instead_of,
    )


def _columns(connection: ConnectionDetails) -> dict[str, object]:
    return {
        "name": connection.name,
        "kind": connection.kind,
        "is_enabled": connection.is_enabled,
        "settings": Jsonb(dict(connection.settings)),
        "secrets": connection.secrets,
        "hints": Jsonb(dict(connection.hints)),
        "method_types": connection.method_types,
        "currencies": connection.currencies,
        "countries": connection.countries,
        "fee_bp": connection.fee_bp,
        "fee_fixed_minor": connection.fee_fixed_minor,
    }
