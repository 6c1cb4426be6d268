"""The program mempl, and the tools that come with the package."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys

import pytest
from conftest import ROOT

import mempl
from mempl import _command, _tensorboard

BIN = os.path.dirname(sys.executable)
TOOLS = ["mempl-opt", "mempl-solve", "mempl-translate", "mempl-lsp-server"]
if os.environ.get("MEMPL_TORCH") == "ON":
    TOOLS.append("mempl-train")


def run(name, *arguments):
    """What a program of the package prints, where nothing else is in PATH."""
    return subprocess.run([os.path.join(BIN, name), *arguments], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_come_with_the_package(tool):
    done = run(tool, "--version")
    assert done.returncode == 0, done.stderr
    assert f"mempl {mempl.__version__}" in done.stdout


def test_a_tool_has_its_arguments_and_its_exit_code(data, tmp_path):
    plan = tmp_path / "plan with a space.json"
    path = str(data / "xla_tpu" / "alexnet_b64.v5e.instance.json.gz")
    assert run("mempl-solve", path, "--solver=greedy", f"--plan-out={plan}").returncode == 0
    assert mempl.verify(mempl.load(path), mempl.Plan.read(str(plan))) == []
    wrong = run("mempl-solve", path, "--solver=best")
    assert wrong.returncode == 1 and wrong.stderr.startswith("mempl-solve: error:")


def test_demo_compares_with_xla(tmp_path, capsys):
    page = tmp_path / "demo.html"
    assert _command.main(["demo", "--no-open", f"--out={page}"]) == 0
    shown = capsys.readouterr().out
    milliseconds = {
        line[2:28].strip(): float(line.split()[-2]) for line in shown.splitlines() if line.startswith("  ")
    }
    slow, xla, ours, bound = milliseconds.values()
    assert bound <= ours < xla < slow
    assert str(page) in shown and "<html" in page.read_text(encoding="utf-8")


def test_demo_says_what_is_wrong(tmp_path, capsys):
    assert _command.main(["demo", "--no-open", f"--out={tmp_path / 'no' / 'demo.html'}"]) == 1
    assert capsys.readouterr().err.startswith("mempl: error: ")


def test_completion_is_for_the_tools(capsys):
    assert _command.main(["completion"]) == 0
    script = capsys.readouterr().out
    line = 'COMP_WORDS=(mempl-solve --no-b); COMP_CWORD=1; _mempl_complete mempl-solve; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        [shutil.which("bash"), "-c", script + line],
        capture_output=True,
        text=True,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
    )
    assert done.stdout == "--no-bound\n", done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_is_for_other_shells_too(shell, capsys):
    assert _command.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert script == (ROOT / "tools" / f"completion.{shell}").read_text(encoding="utf-8")


METRICS = [
    {"evaluation": {"tiny": {"greedy": 10, "played": 9, "search": 8, "slow": 13}}, "round": 0, "score": 1.125, "seconds": 0.5},
    {"round": 300, "seconds": 2.5, "loss": {"total": 0.25, "policy": 0.125}, "games": 8, "cpu_seconds": 3.0},
]


def records(data):
    """Payloads of an event file."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield data[12 : 12 + length]
        data = data[16 + length :]


def test_metrics_become_events(tmp_path, capsys):
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in METRICS))
    assert _command.main(["tensorboard", str(tmp_path)]) == 0
    assert str(tmp_path / "tensorboard") in capsys.readouterr().out
    (file,) = (tmp_path / "tensorboard").iterdir()
    head, first, second = records(file.read_bytes())
    assert b"brain.Event:2" in head
    # Field 1, a double, and field 2, a varint.
    assert struct.unpack("<d", first[1:9]) == (0.5,) and first[9:11] == b"\x10\x00"
    assert struct.unpack("<d", second[1:9]) == (2.5,) and second[9:12] == b"\x10\xac\x02"
    assert b"evaluation/score\x15" + struct.pack("<f", 1.125) in first
    assert b"programs/tiny\x15" + struct.pack("<f", 1.125) in first
    for tag, value in (("loss/total", 0.25), ("loss/policy", 0.125), ("games", 8.0), ("cpu_seconds", 3.0)):
        assert f"train/{tag}\x15".encode() + struct.pack("<f", value) in second


def test_checksums_are_those_of_tensorflow():
    # CRC-32C of these is in RFC 3720; TensorFlow rotates it and adds a constant.
    for data, crc in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)):
        assert _tensorboard._checksum(data) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_tensorboard_reads_them(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in METRICS))
    events = reader.EventAccumulator(str(_tensorboard.write_events(tmp_path))).Reload()
    (scalar,) = events.Scalars("train/loss/total")
    assert (scalar.step, scalar.value) == (300, 0.25)


def test_wrong_metrics_have_a_line(tmp_path, capsys):
    assert _command.main(["tensorboard", str(tmp_path)]) == 1
    assert "metrics.jsonl" in capsys.readouterr().err
    (tmp_path / "metrics.jsonl").write_text(json.dumps(METRICS[0]) + '\n{"round": \n')
    assert _command.main(["tensorboard", str(tmp_path)]) == 1
    assert "metrics.jsonl:2: error:" in capsys.readouterr().err
