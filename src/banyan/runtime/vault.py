"""Secrets at rest: what is stored of them is of use only together with the keys.

The keys are the setting ``secret_keys``, the newest first: it seals, each of them opens, so that a
key is rotated by putting a new one in front. Without the setting, a key is made once and kept in
the state folder, readable by its owner only. Fernet (AES-128-CBC with HMAC-SHA256, from
``cryptography``) does the work.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from banyan.kernel import Conflict
from banyan.runtime.settings import InvalidSetting, Settings

__all__ = ["SecretUnreadable", "Vault"]

KEY_FILE = "secret_keys"


class SecretUnreadable(Conflict):
    """None of the keys opens the secret: give back the key that sealed it, or enter it anew."""

    code = "secret_unreadable"
    title = "Secret unreadable"


class Vault:
    """Seals and opens secrets. Keys are read, or made, when they are first needed.

    Each secret is sealed for one ``place`` (what it belongs to) and opens only there: a row copied
    to another marketplace gives nothing away.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fernet: MultiFernet | None = None

    def seal(self, secret: bytes, place: str) -> bytes:
        return self._keys().encrypt(_place(place) + secret)

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for this place; ``SecretUnreadable``."""
        try:
            opened = self._keys().decrypt(sealed)
        except InvalidToken:
            opened = b""
        prefix = _place(place)
        if not opened.startswith(prefix):
            raise SecretUnreadable(f"The secret of {place} was sealed with a key that is not here.")
        return opened[len(prefix) :]

    def reseal(self, sealed: bytes, place: str) -> bytes:
        """The same secret under the newest key."""
        return self.seal(self.open(sealed, place), place)

    def _keys(self) -> MultiFernet:
        if self._fernet is None:
            texts = self._settings.secret_keys.split(",") if self._settings.secret_keys else []
            try:
                keys = [
                    Fernet(text.strip()) for text in texts or _kept(self._settings.state_folder)
                ]
            except ValueError:
                # The cause would show the key.
                raise InvalidSetting(
                    "BANYAN_SECRET_KEYS must be Fernet keys (32 bytes in URL-safe base64), "
                    "separated by commas, the newest first."
                ) from None
            self._fernet = MultiFernet(keys)
        return self._fernet


def _place(place: str) -> bytes:
    return place.encode() + b"\0"


def _kept(folder: Path) -> list[str]:
    """The keys in the state folder; the first process to ask makes one."""
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{KEY_FILE}.")  # mode 600
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was quicker: its key counts
            os.link(draft, path)
        Path(draft).unlink()
    return path.read_text().split()
