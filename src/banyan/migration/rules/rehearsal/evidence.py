"""Evidence that can't be changed afterwards: one canonical form, and a signature over it.

The form is JSON with sorted keys, without blanks, in UTF-8, of whole numbers and texts only (a subset
of RFC 8785); the signature is Ed25519 (RFC 8032).
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from banyan.migration.errors import EvidenceInvalid
from banyan.migration.model.rehearsal import FORMAT, Evidence

_ALGORITHM = "ed25519"
_SIZE_BYTES_MAX = 8_000_000


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    algorithm: str
    key_id: str
    public_key: str
    value: str


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The file: ``evidence`` is kept as it was read, since the signature is over all of it."""

    evidence: dict[str, Any]
    signature: Signature

    def read(self) -> Evidence:
        """The evidence as a record; ``EvidenceInvalid`` if it is of another format."""
        if self.evidence.get("format") != FORMAT:
            raise EvidenceInvalid(f"The evidence isn't of the format {FORMAT}.")
        try:
            return msgspec.convert(self.evidence, Evidence)
        except msgspec.ValidationError as error:
            raise EvidenceInvalid(f"The evidence can't be read: {error}.") from error


def new_key() -> tuple[bytes, bytes]:
    """A private key and its public half, 32 bytes each."""
    private = Ed25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def key_id_of(public_key: bytes) -> str:
    """A short name of a key: the beginning of its hash."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def canonical(evidence: dict[str, Any]) -> bytes:
    return msgspec.json.encode(evidence, order="deterministic")


def sign(evidence: Evidence, private_key: bytes) -> bytes:
    """The signed file, to be read by people as well."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    public_key = key.public_key().public_bytes_raw()
    content: dict[str, Any] = msgspec.to_builtins(evidence)
    signed = Signed(
        evidence=content,
        signature=Signature(
            algorithm=_ALGORITHM,
            key_id=key_id_of(public_key),
            public_key=b64encode(public_key).decode(),
            value=b64encode(key.sign(canonical(content))).decode(),
        ),
    )
    return msgspec.json.format(msgspec.json.encode(signed), indent=2) + b"\n"


def read_signed(content: bytes) -> Signed:
    """A file of signed evidence, not yet verified; ``EvidenceInvalid`` if it is none."""
    if len(content) > _SIZE_BYTES_MAX:
        raise EvidenceInvalid(f"The file is larger than {_SIZE_BYTES_MAX} bytes.")
    try:
        return msgspec.json.decode(content, type=Signed)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceInvalid(f"The file isn't signed evidence: {error}.") from error


def verify(signed: Signed) -> tuple[Evidence, str]:
    """The evidence and the id of the key that signed it; ``EvidenceInvalid`` if anything was changed.

    Whose key it is has to be asked of whoever keeps the keys: anybody can make one.
    """
    signature = signed.signature
    try:
        public_key = b64decode(signature.public_key, validate=True)
        if signature.algorithm != _ALGORITHM or key_id_of(public_key) != signature.key_id:
            raise EvidenceInvalid("The signature isn't by the key that it names.")
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            b64decode(signature.value, validate=True), canonical(signed.evidence)
        )
    except (InvalidSignature, ValueError) as error:
        raise EvidenceInvalid(
            "The signature doesn't fit: the evidence was changed after it was signed."
        ) from error
    return signed.read(), signature.key_id
