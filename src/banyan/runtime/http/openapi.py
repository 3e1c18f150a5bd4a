"""The operations as an OpenAPI 3.1 document."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args, get_origin

import msgspec

from banyan.kernel import BanyanError, IdKind, InvalidId, InvalidRequest
from banyan.runtime.database import DatabaseUnavailable
from banyan.runtime.http.errors import (
    BodyTooLarge,
    IdempotencyInFlight,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    InternalError,
    InvalidApiKey,
    JsonExpected,
    MalformedJson,
    MediaTypeRefused,
    MissingScope,
    RateExceeded,
)
from banyan.runtime.http.operations import Operation
from banyan.runtime.http.problems import Problem, status_of
from banyan.runtime.http.shapes import Csv, File

Json = dict[str, Any]
VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"
_INTRODUCTION = """\
Money is in minor units, ids carry a prefix, times are RFC 3339 in UTC, lists are paged by cursor.
Errors are problem details (RFC 9457) with a stable `code`; [all of them](/docs/errors) say what to
do. Send an `Idempotency-Key` with a POST and repeat it freely: it is done once.
"""


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations on the docs page."""

    name: str
    description: str


def openapi(
    operations: Sequence[Operation], *, tags: Sequence[Tag] = (), public_url: str = ""
) -> Json:
    """The whole document, as JSON-able builtins."""
    components = _Components(operations)
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, components
        )
    described = {tag.name: tag.description for tag in tags}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Banyan API",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url} for url in ("/", public_url) if url],
        "tags": [
            {
                "name": name,
                "x-displayName": name.replace("_", " ").capitalize(),
                "description": described.get(name, f"The {name.replace('_', ' ')}."),
            }
            for name in dict.fromkeys(operation.tag for operation in operations)
        ],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "schemas": components.without_queries(operations),
            "examples": {
                error.code: {"value": _example(error)}
                for operation in operations
                for error in errors_of(operation)
            },
            "headers": _HEADERS,
            "securitySchemes": {"apiKey": _SECURITY},
        },
    }


def errors_of(operation: Operation) -> list[type[BanyanError]]:
    """Every refusal that the operation can give: its own and the HTTP layer's."""
    common: list[type[BanyanError]] = [InvalidApiKey, RateExceeded, DatabaseUnavailable]
    if operation.scope is not None:
        common.append(MissingScope)
    if operation.query is not None or operation.method == "GET" or operation.body is not None:
        common.append(InvalidRequest)
    if operation.ids:
        common.append(InvalidId)
    if operation.method != "GET":
        common += [InvalidRequest, BodyTooLarge]
        common += [MalformedJson, JsonExpected] if operation.raw is None else [MediaTypeRefused]
    if operation.is_idempotent_by_key:
        common += [IdempotencyInFlight, IdempotencyKeyReused]
    if operation.needs_idempotency_key:
        common.append(IdempotencyKeyMissing)
    every = dict.fromkeys([*operation.errors, *common, InternalError])
    return sorted(every, key=lambda error: (status_of(error), error.code))


class _Components:
    """The schemas of every struct, under names that read well in an SDK."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        kinds: dict[Any, None] = {Problem: None}
        for operation in operations:
            kinds |= dict.fromkeys(_kinds(operation))
        self._kinds = list(kinds)
        self._refs, raw = msgspec.json.schema_components(self._kinds, ref_template=_REF)
        names = {name: _readable(name) for name in raw}
        assert len(set(names.values())) == len(names), f"two structs of one name: {sorted(names)}"
        self.schemas: Json = {names[name]: _renamed(raw[name], names) for name in sorted(raw)}
        self._refs = [_renamed(ref, names) for ref in self._refs]

    def ref(self, kind: Any) -> Json:
        return self._refs[self._kinds.index(kind)]

    def without_queries(self, operations: Iterable[Operation]) -> Json:
        """The schemas of bodies and answers; a query's fields are told as parameters."""
        queries = {self.ref(one.query)["$ref"] for one in operations if one.query is not None}
        return {
            name: schema
            for name, schema in self.schemas.items()
            if _REF.format(name=name) not in queries
        }

    def properties(self, kind: Any) -> tuple[Json, list[str]]:
        """The properties of a struct and which of them are required."""
        schema = self.schemas[self.ref(kind)["$ref"].rpartition("/")[2]]
        return schema["properties"], schema["required"]


def _kinds(operation: Operation) -> list[Any]:
    given = (operation.body, operation.returns, operation.query)
    return [kind for kind in given if kind not in (None, Csv, File)]


def _readable(name: str) -> str:
    """``List_OfferView_`` (msgspec's name of a generic) as ``OfferList``, ``OfferView`` as ``Offer``."""
    plain = re.sub(r"(Shape|View)(?=_|$)", "", name)
    generic = re.fullmatch(r"(\w+?)_(\w+)_", plain)
    return f"{generic[2]}{generic[1]}" if generic else plain


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, list):
        return [_renamed(part, names) for part in cast(list[Any], schema)]
    if not isinstance(schema, dict):
        return schema
    renamed = {key: _renamed(part, names) for key, part in cast(Json, schema).items()}
    ref = renamed.get("$ref")
    if isinstance(ref, str):
        renamed["$ref"] = _REF.format(name=names[ref.rpartition("/")[2]])
    options: list[object] = renamed.get("enum", [])
    if options and all(isinstance(option, str) for option in options):
        renamed["type"] = "string"
    title = renamed.get("title")
    if isinstance(title, str):
        renamed["title"] = names.get(title, title)
    return renamed


def _operation(operation: Operation, components: _Components) -> Json:
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [operation.tag],
        "parameters": [*_path(operation), *_query(operation, components), *_headers(operation)],
        "responses": {
            str(204 if operation.returns is None else operation.status): _answer(
                operation, components
            ),
            **_problems(operation, components),
        },
        "x-scope": operation.scope,
        "x-rate-class": operation.rate,
        "x-sdk": {"resource": operation.tag, "method": sdk_method(operation)},
    }
    if operation.body is not None:
        content: Json = {"schema": components.ref(operation.body)}
        if operation.example is not None:
            content["example"] = operation.example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.raw is not None:
        file: Json = {"schema": {"type": "string", "minLength": 1}}
        if operation.raw.example:
            file["example"] = operation.raw.example
        described["requestBody"] = {
            "required": True,
            "content": dict.fromkeys(operation.raw.media_types, file),
        }
    return described


def sdk_method(operation: Operation) -> str:
    """What an SDK calls it: ``orders.create`` of ``createOrder``, ``orders.list_lines``."""
    words = re.findall(r"[A-Z]?[a-z0-9]+", operation.id)
    noun = operation.tag.replace("_", "")
    rest = [word.lower() for word in words[1:] if word.lower() not in (noun, noun.rstrip("s"))]
    return "_".join([words[0], *rest])


def _description(operation: Operation) -> str:
    sentences = [operation.description] if operation.description else []
    if operation.scope is not None:
        sentences.append(f"Scope: `{operation.scope}`.")
    if operation.needs_idempotency_key:
        sentences.append("Moves money, so an `Idempotency-Key` is required.")
    return "\n\n".join(sentences)


def _path(operation: Operation) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _id_schema(operation.ids[name])
            if name in operation.ids
            else {"type": "string", "minLength": 1, "maxLength": 200},
        }
        for name in operation.names
    ]


def _id_schema(kind: IdKind) -> Json:
    return {
        "type": "string",
        "pattern": f"^{kind.prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
        "examples": [f"{kind.prefix}_01h455vb4pex5vsknk084sn02q"],
    }


def _query(operation: Operation, components: _Components) -> list[Json]:
    if operation.query is None:
        return []
    properties, required = components.properties(operation.query)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _not_null(schema),
            **(
                {"description": _not_null(schema)["description"]}
                if "description" in _not_null(schema)
                else {}
            ),
        }
        for name, schema in properties.items()
    ]


def _not_null(schema: Json) -> Json:
    """A query parameter is absent rather than null."""
    branches = [branch for branch in schema.get("anyOf", []) if branch != {"type": "null"}]
    return branches[0] if len(branches) == 1 else schema


def _headers(operation: Operation) -> list[Json]:
    if not operation.is_idempotent_by_key:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": operation.needs_idempotency_key,
            "description": "Your own name for this request. Sent again within 24 hours, it is "
            "answered as the first time (`Idempotent-Replayed: true`) and nothing is done twice.",
            "schema": {"type": "string", "pattern": "^[\\x20-\\x7e]{1,255}$"},
        }
    ]


def _answer(operation: Operation, components: _Components) -> Json:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ON_EVERY_ANSWER}
    if operation.is_idempotent_by_key:
        headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/Idempotent-Replayed"}
    if operation.returns is None:
        return {"description": "Done; there is nothing to say.", "headers": headers}
    if operation.returns is File:
        files = {kind: {"schema": _TEXT} for kind in operation.media_types}
        return {"description": "A file.", "headers": headers, "content": files}
    if operation.returns is Csv:
        content = {"text/csv": {"schema": _TEXT}}
        return {"description": "A CSV file.", "headers": headers, "content": content}
    if operation.returns is File:
        files = {kind: {"schema": _TEXT} for kind in operation.media_types}
        return {"description": "A file.", "headers": headers, "content": files}
    content: Json = {"schema": components.ref(operation.returns)}
    if operation.answer_example is not None:
        content["example"] = operation.answer_example
    kind = (get_args(operation.returns) or (operation.returns,))[0]
    name = _readable(kind.__name__)
    what = f"A page of {name}" if get_origin(operation.returns) else name
    return {
        "description": f"{what}.",
        "headers": headers,
        "content": {"application/json": content},
    }


def _problems(operation: Operation, components: _Components) -> Json:
    by_status: dict[int, list[type[BanyanError]]] = {}
    for error in errors_of(operation):
        by_status.setdefault(status_of(error), []).append(error)
    return {
        str(status): _problem(status, errors, components) for status, errors in by_status.items()
    }


def _problem(status: int, errors: list[type[BanyanError]], components: _Components) -> Json:
    names = ["Request-Id", *_HEADERS_OF_STATUS.get(status, ())]
    return {
        "description": "; ".join(f"`{error.code}`: {error.title}" for error in errors),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {
            "application/problem+json": {
                "schema": components.ref(Problem),
                "examples": {
                    error.code: {"$ref": f"#/components/examples/{error.code}"} for error in errors
                },
            }
        },
    }


def _example(error: type[BanyanError]) -> Json:
    return {
        "type": f"/docs/errors#{error.code}",
        "title": error.title,
        "status": status_of(error),
        "detail": (error.__doc__ or error.title).split("\n")[0],
        "code": error.code,
        "request_id": "req_01h455vb4pex5vsknk084sn02q",
        "retryable": error.retryable,
        "errors": [],
    }


_SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key: `Authorization: Bearer <key>`. A key belongs to one marketplace.",
}
_ON_EVERY_ANSWER = ("Request-Id", "RateLimit", "RateLimit-Policy")
_HEADERS_OF_STATUS = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}
_TEXT = {"type": "string"}
_HEADERS: Json = {
    "Request-Id": {"description": "Quote it when you ask about this request.", "schema": _TEXT},
    "RateLimit": {"description": 'What is left: `"default";r=5999;t=1`.', "schema": _TEXT},
    "RateLimit-Policy": {"description": 'The quota: `"default";q=6000;w=60`.', "schema": _TEXT},
    "Idempotent-Replayed": {
        "description": "`true` if this is the stored answer to an earlier request.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": _TEXT},
}
