from uuid import UUID, uuid4

import pytest

from banyan import compliance, parties
from banyan.compliance import ComplianceRequest, CountryListedTwice, api
from banyan.kernel import Money
from banyan.parties import BuyerDraft, InvalidCountry, SellerDraft
from banyan.runtime import Cause, Database, Transaction
from tests.http_client import client_of


async def _requests(tx: Transaction, *places: str) -> list[ComplianceRequest]:
    seller = await parties.create_seller(tx, SellerDraft(name="Ana", country="BR", currency="BRL"))
    buyer = await parties.create_buyer(tx, BuyerDraft(country="BR"))
    amount = Money.of(1000, "BRL")
    return [
        ComplianceRequest(
            subject_id=uuid4(),
            buyer=buyer,
            sellers=(seller,),
            amount=amount,
            ship_to_country=place,
        )
        for place in places
    ]


async def test_the_defaults_hold_until_settings_are_changed(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox, Cause("person", "usr_1", "ana@example.com")) as tx:
        requests = await _requests(tx, "BR", "KP", "PT")
        before = await compliance.check(tx, requests)
        settings = await compliance.change_settings(
            tx, allowed_countries=["PT", "PT"], denied_countries=["CU"]
        )
        after = await compliance.check(tx, requests)
        assert await compliance.check(tx, []) == []
        assert await compliance.get_settings(tx) == settings
    assert [it.outcome for it in before] == ["allow", "deny", "allow"]
    assert [it.outcome for it in after] == ["deny", "deny", "allow"]
    assert [it.subject_id for it in after] == [it.subject_id for it in requests]
    assert (settings.allowed_countries, settings.updated_by) == (["PT"], "ana@example.com")
    async with database.transaction(live) as tx:
        assert (await compliance.get_settings(tx)).allowed_countries is None


async def test_settings_that_cannot_be(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        with pytest.raises(InvalidCountry):
            await compliance.change_settings(tx, allowed_countries=["ZZ"], denied_countries=[])
        with pytest.raises(CountryListedTwice):
            await compliance.change_settings(
                tx, allowed_countries=["BR", "PT"], denied_countries=["PT"]
            )


async def test_settings_over_http(database: Database, sandbox: UUID) -> None:
    async with client_of(database, sandbox, api.operations()) as client:
        defaults = (await client.get("/v1/compliance/settings")).json()
        body = {"allowed_countries": None, "denied_countries": ["KP", "CU"]}
        changed = (await client.post("/v1/compliance/settings", json=body)).json()
        read = (await client.get("/v1/compliance/settings")).json()
        bad = await client.post("/v1/compliance/settings", json={"denied_countries": ["Cuba"]})
    assert defaults["denied_countries"] == ["CU", "IR", "KP", "SY"]
    assert defaults["updated_at"] is None
    assert changed == read
    assert read["denied_countries"] == ["CU", "KP"]
    pointers = {error["pointer"] for error in bad.json()["errors"]}
    assert (bad.status_code, pointers) == (400, {"/allowed_countries", "/denied_countries/0"})
