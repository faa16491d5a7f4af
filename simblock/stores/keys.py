"""Keys of indexes: key files, subkeys, stored keys by AES, sections by AES-GCM.

A key file is 32 random bytes in hex. Subkeys are HKDF-SHA256 (RFC 5869) of it. A stored key is the
first half of AES(subkey; channel key | channel), a block cipher as a pseudo-random function; blocks
of confidential sections are AES-GCM, with the file's random id as salt of the subkey and the block's
number as nonce, so that no pair of subkey and nonce is ever used for two texts.
"""

from __future__ import annotations

import os
import secrets
import struct
import threading
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simblock.errors import KeyProblem, MissingExtra, UsageError
from simblock.tokens import U32, U64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIZE = 32
_TAG = 16
_LONGEST = 1024
"""Bytes that are read of a key file: whatever path is given in its place may have no end."""


def generate(path: str | Path) -> None:
    """Writes a new key file, readable by its owner alone. Raises UsageError where a file is there already."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already: a key is never overwritten, choose another name"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(file, "w") as stream:
        stream.write(secrets.token_hex(SIZE) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def load(path: str | Path) -> bytes:
    """The 32 bytes of a key file. Raises KeyProblem."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LONGEST)
    except OSError as error:
        raise KeyProblem(f"key file {path} cannot be read: {error.strerror}") from None
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise KeyProblem(
            f"key file {path} does not hold {2 * SIZE} hex digits: make one with simblock-index keygen"
        )
    return key


def _derive(key: bytes, salt: bytes | None, info: str, length: int) -> bytes:
    """A subkey by HKDF-SHA256. Raises MissingExtra."""
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError:
        raise MissingExtra("a keyed index", "crypt") from None
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info.encode()).derive(key)


def _aes(key: bytes) -> CipherContext:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    # Block by block on purpose: equal channel keys must give equal stored keys.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305


def _gcm(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


class Secret:
    """The key of an index: its id, its stored keys, and the sealing of its files. Raises MissingExtra."""

    def __init__(self, key: bytes) -> None:
        if len(key) != SIZE:
            raise KeyProblem(f"a key has {SIZE} bytes, this one {len(key)}")
        self._key = key
        self.id = _derive(key, None, "simblock key id", 8).hex()
        self._lookup = _derive(key, None, "simblock stored keys", 32)
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"<Secret {self.id}>"

    def _encrypt(self, data: bytes | memoryview) -> bytes:
        try:
            encryptor = self._local.encryptor
        except AttributeError:
            encryptor = _aes(self._lookup)
            self._local.encryptor = encryptor  # one a thread: it is not to be shared, and slow to make
        return encryptor.update(data)  # type: ignore[no-any-return]

    def few(self, channels: Sequence[int], keys: Sequence[int]) -> list[int]:
        """Stored keys of a few, as integers."""
        count = len(keys)
        plain = [0] * (2 * count)
        plain[::2], plain[1::2] = keys, channels
        sealed = self._encrypt(struct.pack(f"<{2 * count}Q", *plain))
        return list(struct.unpack(f"<{2 * count}Q", sealed)[::2])

    def many(self, channels: U32 | int, keys: U64) -> U64:
        """Stored keys u64 [n] of keys u64 [n] and one channel or u32 [n]."""
        plain = np.empty((len(keys), 2), np.uint64)
        plain[:, 0], plain[:, 1] = keys, channels
        sealed = self._encrypt(plain.data.cast("B")) if len(keys) else b""
        return np.ascontiguousarray(np.frombuffer(sealed, np.uint64)[::2])

    def mark(self, digest: bytes) -> bytes:
        """Sixteen bytes in the place of a digest, that nobody can try guesses on who lacks the key."""
        return blake2b(digest, digest_size=16, key=_derive(self._key, None, "simblock mark", 32)).digest()

    def sealing(self, id: bytes) -> GcmSealing:
        """What encrypts the file of this id."""
        return GcmSealing(self._key, id)


class GcmSealing:
    """AES-GCM of the blocks of one file. File, section and number are authenticated with each block."""

    overhead = _TAG

    def __init__(self, key: bytes, id: bytes) -> None:
        self._id = id
        self._cipher_of = lru_cache(maxsize=None)(
            lambda section: _gcm(_derive(key, id, f"simblock section {section}", 32))
        )

    def _context(self, section: str, number: int) -> tuple[bytes, bytes]:
        return number.to_bytes(12, "little"), self._id + section.encode() + number.to_bytes(8, "little")

    def seal(self, section: str, number: int, block: bytes | bytearray | memoryview) -> bytes:
        """A block encrypted, its tag at its end."""
        nonce, context = self._context(section, number)
        sealed: bytes = self._cipher_of(section).encrypt(nonce, block, context)
        return sealed

    def unseal(self, section: str, number: int, block: bytes | bytearray | memoryview) -> bytes | None:
        """The block that was sealed, None where it was changed."""
        from cryptography.exceptions import InvalidTag

        nonce, context = self._context(section, number)
        try:
            plain: bytes = self._cipher_of(section).decrypt(nonce, block, context)
        except InvalidTag:
            return None
        return plain
