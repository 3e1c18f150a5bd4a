"""SQL of received webhooks."""

from banyan.runtime import Transaction


async def keep_webhook(tx: Transaction, provider: str, webhook_id: str) -> bool:
    """Note a webhook; False if it was received before."""
    touched = await tx.execute(
        """
        insert into payments.webhooks (marketplace_id, provider, webhook_id, received_at)
        values (%(marketplace_id)s, %(provider)s, %(webhook_id)s, %(now)s)
        on conflict (marketplace_id, provider, webhook_id) do nothing
        """,
        provider=provider,
        webhook_id=webhook_id,
        now=tx.now,
    )
    return touched == 1
