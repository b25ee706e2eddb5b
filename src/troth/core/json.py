"""JSON text as Troth reads and writes it: exact decimals both ways (architecture: decimals from the wire on)."""

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> bytes:
    """Return the compact JSON of plain data; a `Decimal` becomes a number with all its digits."""
    return _encoder.encode(value)


def text(value: Any) -> str:
    """Return the compact JSON of plain data as text, for a `json` or `jsonb` parameter."""
    return _encoder.encode(value).decode()


def decode(data: bytes | str) -> Any:
    """Return the data of a JSON text; numbers become `int` or `Decimal`, never binary floats.

    Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError for what is not JSON that can be read.
    """
    return _decoder.decode(data)
