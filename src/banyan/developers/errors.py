"""Refusals of the developer product."""

from banyan.kernel import InvalidRequest, NotFound


class KeyNotFound(NotFound):
    code = "key_not_found"
    title = "No such key"


class InvalidKeyName(InvalidRequest):
    code = "invalid_key_name"
    title = "Not a name for a key"


class InvalidScope(InvalidRequest):
    code = "invalid_scope"
    title = "No such scope"
