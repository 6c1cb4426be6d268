"""What training writes down, as a file for TensorBoard, without TensorFlow or TensorBoard installed.

An event file is a sequence of records: length, checksum of the length, protocol buffer, checksum of that. The few
fields of the buffer `Event` that scalars need are written here by hand.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._errors import Error

# Fields of Event, Summary and Summary.Value, with their wire types.
WALL_TIME, STEP, VERSION, SUMMARY = 0x09, 0x10, 0x1A, 0x2A
VALUE, TAG, SIMPLE_VALUE = 0x0A, 0x0A, 0x15


def _checksums() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _checksums()


def _checksum(data: bytes) -> int:
    """CRC-32C, masked as TensorFlow does."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _sized(field: int, data: bytes) -> bytes:
    return bytes([field]) + _varint(len(data)) + data


def _record(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    return length + struct.pack("<I", _checksum(length)) + event + struct.pack("<I", _checksum(event))


def _event(seconds: float, step: int, scalars: dict[str, float]) -> bytes:
    values = b"".join(
        _sized(VALUE, _sized(TAG, tag.encode()) + bytes([SIMPLE_VALUE]) + struct.pack("<f", value))
        for tag, value in scalars.items()
    )
    return (
        bytes([WALL_TIME]) + struct.pack("<d", seconds) + bytes([STEP]) + _varint(step) + _sized(SUMMARY, values)
    )


def scalars_of(line: dict[str, Any]) -> dict[str, float]:
    """What a line of metrics.jsonl says, by tag: of a round `train/..`, of an evaluation `evaluation/..`."""
    group = "evaluation" if "evaluation" in line else "train"
    scalars = {}
    for key, value in line.items():
        if key == "evaluation":
            for name, latencies in value.items():
                if latencies.get("search"):
                    scalars[f"programs/{name}"] = latencies["played"] / latencies["search"]
        elif isinstance(value, dict):
            scalars |= {f"{group}/{key}/{part}": float(number) for part, number in value.items()}
        elif key != "round":
            scalars[f"{group}/{key}"] = float(value)
    return scalars


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
                line["round"], line["seconds"]
            except (ValueError, KeyError, TypeError) as problem:
                raise Error(f"{path}:{number}: error: expected a line of metrics, found {text.strip()[:60]!r}") from problem
            yield line


def write_events(run: str | os.PathLike[str]) -> Path:
    """Writes RUN/tensorboard/events.out.tfevents.* from RUN/metrics.jsonl, and returns the folder.

    A step is a round; times are seconds since the beginning of the run. The file is written anew each time.

    Raises:
        mempl.Error: there is no metrics.jsonl, or a line of it is none.
    """
    metrics = Path(run) / "metrics.jsonl"
    if not metrics.is_file():
        raise Error(f"{run}: error: expected the folder of a training run, with metrics.jsonl")
    records = [_record(bytes([WALL_TIME]) + struct.pack("<d", 0.0) + _sized(VERSION, b"brain.Event:2"))]
    for line in _lines(metrics):
        records.append(_record(_event(line["seconds"], line["round"], scalars_of(line))))
    folder = metrics.parent / "tensorboard"
    folder.mkdir(exist_ok=True)
    (folder / "events.out.tfevents.0.mempl").write_bytes(b"".join(records))
    return folder
