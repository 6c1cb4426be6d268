"""Paths and small programs that tests share."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import mempl

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "test" / "data"

needs_torch = pytest.mark.skipif(
    os.environ.get("MEMPL_TORCH", "ON") != "ON", reason="mempl is built without LibTorch: nothing to train"
)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real programs."""
    return DATA


@pytest.fixture(scope="session")
def alexnet() -> mempl.Instance:
    """A real program, small."""
    return mempl.load(DATA / "xla_tpu" / "alexnet_b64.v5e.instance.json.gz")


def tiny_json(steps: int = 6) -> str:
    """An instance whose value `w` is worth a copy and whose temporaries are worth fast memory."""
    values = [{"name": "w", "size": 512, "kind": "input"}]
    values += [
        {"name": f"t{i}", "size": 256, "kind": "output" if i == steps - 1 else "temporary"} for i in range(steps)
    ]
    rows = []
    for i in range(steps):
        accesses = [{"value": i + 1, "bytes": 256, "mode": "write"}, {"value": 0, "bytes": 512, "mode": "read"}]
        if i > 0:
            accesses.append({"value": i, "bytes": 256, "mode": "read"})
        rows.append({"name": f"s{i}", "compute": 1e-7, "accesses": accesses})
    machine = {
        "fast": {"capacity": 1024, "alignment": 64, "bandwidth": 1e11},
        "slow": {"bandwidth": 1e9},
        "copy": {"bandwidth": 1e9, "latency": 1e-8},
        "step": {"overhead": 0},
    }
    return json.dumps({"name": "tiny", "machine": machine, "values": values, "steps": rows})


@pytest.fixture(scope="session")
def tiny() -> mempl.Instance:
    return mempl.loads(tiny_json(), "json")
