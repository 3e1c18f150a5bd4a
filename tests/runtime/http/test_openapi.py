"""The OpenAPI document: whole, valid, and kept by the server under schemathesis' fire."""

import re
from typing import Annotated, Any

import httpx
import jsonschema_rs
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from msgspec import Meta, Struct

from banyan.runtime.http import Operation, Tag, openapi
from banyan.runtime.http.bounds import slips
from banyan.runtime.http.openapi import sdk_method
from banyan.runtime.http.operations import checked
from tests.runtime.http import shop

DOCUMENT = openapi(shop.operations(), tags=[Tag("items", "Things on the shelf.")])
BEYOND_A_SCHEMA = {"invalid_cursor", "idempotency_key_reused"}
"""Refusals that hang on what went before, which a schema can't tell."""

schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.config.generation.allow_x00 = False


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_the_server_keeps_the_document(case: schemathesis.Case, served: str) -> None:
    answer = case.call(base_url=served, headers={"Authorization": "Bearer all"})
    if answer.status_code < 400 or answer.json()["code"] not in BEYOND_A_SCHEMA:
        case.validate_response(answer)


def described() -> list[tuple[str, dict[str, Any]]]:
    return [
        (operation["operationId"], operation)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
    ]


def test_every_operation_is_described() -> None:
    assert [name for name, _ in described()] == [
        operation.id
        for path in DOCUMENT["paths"]
        for operation in shop.operations()
        if operation.path == path
    ]
    for name, operation in described():
        assert operation["summary"], name
        assert operation["tags"] == ["items"]
        assert operation["x-scope"] in shop.SCOPES
        assert {"401", "403", "429", "500", "503"} <= operation["responses"].keys()
        for status, answer in operation["responses"].items():
            assert "Request-Id" in answer["headers"], (name, status)
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"]
    assert DOCUMENT["tags"] == [
        {"name": "items", "x-displayName": "Items", "description": "Things on the shelf."}
    ]


def test_every_reference_leads_somewhere() -> None:
    for ref in re.findall(r"'\$ref': '#/([^']+)'", repr(DOCUMENT)):
        target: Any = DOCUMENT
        for step in ref.split("/"):
            target = target[step]


def test_schemas_are_valid_and_examples_follow_them() -> None:
    components = DOCUMENT["components"]
    for name, part in components["schemas"].items():
        jsonschema_rs.meta.validate({**part, "components": components})
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name)
    body = DOCUMENT["paths"]["/v1/items"]["post"]["requestBody"]["content"]["application/json"]
    jsonschema_rs.validate({**body["schema"], "components": components}, body["example"])
    for _, operation in described():
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                for code in content.get("examples", {}):
                    example = components["examples"][code]
                    jsonschema_rs.validate(
                        {**content["schema"], "components": components}, example["value"]
                    )


def test_names_read_well() -> None:
    assert {"Item", "ItemList", "Amount", "PositiveAmount", "Problem", "Fault"} <= set(
        DOCUMENT["components"]["schemas"]
    )
    methods = {operation.id: sdk_method(operation) for operation in shop.operations()}
    assert methods["createItem"] == "create"
    assert methods["listItems"] == "list"
    assert methods["getItemLabel"] == "get_label"


def test_parameters() -> None:
    listing = DOCUMENT["paths"]["/v1/items"]["get"]["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in listing] == [
        ("limit", "query", False),
        ("cursor", "query", False),
        ("name", "query", False),
        ("kind", "query", False),
    ]
    pay = DOCUMENT["paths"]["/v1/items/{item_id}/pay"]["post"]["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in pay] == [
        ("item_id", "path", True),
        ("Idempotency-Key", "header", True),
    ]


async def test_it_is_served_to_anyone(shop_client: httpx.AsyncClient) -> None:
    answer = await shop_client.get("/openapi.json", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"


def test_a_slip_in_a_declaration_is_told_at_the_start() -> None:
    one, two = shop.operations()[:2]
    with pytest.raises(AssertionError, match="declared twice"):
        checked([one, one])
    with pytest.raises(AssertionError, match="an id is not in the path"):
        checked([_changed(one, ids={"item_id": shop.ITEM})])
    with pytest.raises(AssertionError, match="the handler takes the call, body"):
        checked([_changed(one, handler=two.handler)])
    with pytest.raises(AssertionError, match="camelCase"):
        checked([_changed(one, id="create_item")])
    with pytest.raises(msgspec.ValidationError, match="name"):
        checked([_changed(one, example={"name": ""})])


def test_a_request_has_bounds_and_knows_its_fields() -> None:
    class Loose(Struct):
        count: int

    class Around(Struct, forbid_unknown_fields=True):
        loose: list[Loose]
        size: Annotated[float, Meta(ge=0, le=1)]

    assert slips(Around) == [
        "Around: /$defs/Loose needs forbid_unknown_fields=True",
        "Around: /$defs/Loose/properties/count needs bounds, such as Meta(ge=0, le=1000)",
    ]
    assert slips(shop.CreateItem) == []


def _changed(operation: Operation, **changes: Any) -> Operation:
    from dataclasses import replace

    return replace(operation, **changes)
