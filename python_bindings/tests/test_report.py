"""Reports: what is in them. test/check_report.py looks at pages in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess

import numpy as np
import pytest
from conftest import ROOT

import mempl

PROGRAM = ROOT / "test" / "data" / "xla_tpu" / "gpt2_decode_b8.v5e.instance.json.gz"
XLA = ROOT / "test" / "data" / "xla_tpu" / "gpt2_decode_b8.v5e.xla_plan.json.gz"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    instance = mempl.load(PROGRAM)
    assert instance.num_values > 300
    plans = {
        "search": mempl.solve(instance, "search", budget=2000),
        "greedy": mempl.solve(instance, "greedy"),
        "xla": mempl.Plan.read(str(XLA)),
    }
    return mempl.report(instance, plans, tmp_path_factory.mktemp("report") / "gpt2.html")


def data_of(path) -> dict:
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)[1])


def test_data_says_what_the_simulator_says(page):
    data = data_of(page)
    instance = mempl.load(PROGRAM)
    assert [p["name"] for p in data["plans"]] == ["search", "greedy", "xla"]
    assert data["bound"] <= min(p["latency"] for p in data["plans"]) <= data["slow"]
    assert data["ideal"] == mempl.ideal_latency(instance)
    top = data["levels"][0]
    assert top["sizes"] == list(instance.sizes) and len(top["steps"]) == instance.num_steps
    for plan in data["plans"]:
        level = plan["levels"][0]
        total = sum(level["times"]) + sum(level["waits"])
        assert total == pytest.approx(plan["latency"])
        assert max(level["profile"]) == plan["peak"]
        rows = level["residencies"]
        moved = sum(top["sizes"][v] for v, b in zip(rows["value"], rows["begins"]) if b == "copied in")
        assert sum(level["in"]) == pytest.approx(moved)
        back = sum(top["sizes"][v] for v, done in zip(rows["value"], rows["done"]) if done >= 0)
        assert sum(level["out"]) == pytest.approx(back)
        assert min(level["slow_bytes"]) >= 0
        bytes_per_step = np.array(level["slow_bytes"]) + level["in"] + level["out"]
        spans = np.array(level["times"]) + level["waits"][:-1]
        spans[-1] += level["waits"][-1]
        assert (bytes_per_step <= spans * data["machine"]["slow_bandwidth"] * (1 + 1e-6) + 1).all()
        assert len(level["why"]) == instance.num_values


def test_steps_stand_in_the_order_of_the_plan(tmp_path):
    from test_core import free_program

    copied = mempl.Residency(value=0, offset=0, issue=0, ready=1, last=1)
    plans = {"other": mempl.Plan("free", [copied], order=[1, 0, 2]), "none": mempl.Plan("free")}
    path = mempl.report(free_program(), plans, tmp_path / "x.html")
    other, none = (plan["levels"][0] for plan in data_of(path)["plans"])
    assert other["order"] == [1, 0, 2] and "order" not in none
    assert other["profile"] == [512, 512, 0]


def test_page_is_filled(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search("@[A-Z]+@", text)


def test_invalid_plans_are_refused(tiny, tmp_path):
    wrong = mempl.Plan("tiny", [mempl.Residency(value=1, offset=1, write=0, last=1)])
    with pytest.raises(mempl.Error, match="V2"):
        mempl.report(tiny, wrong, tmp_path / "x.html")
    with pytest.raises(mempl.Error, match="at least one plan"):
        mempl.report(tiny, {}, tmp_path / "x.html")


def test_names_cannot_break_the_page(tmp_path):
    from conftest import tiny_json

    text = tiny_json().replace('"t0"', '"</script><b>&"')
    instance = mempl.loads(text, "json")
    path = mempl.report(instance, mempl.solve(instance, "greedy"), tmp_path / "x.html")
    assert data_of(path)["levels"][0]["names"][1] == "</script><b>&"


@pytest.mark.skipif("MEMPL_SOLVE" not in os.environ, reason="MEMPL_SOLVE names no mempl-solve")
def test_the_tool_writes_the_same_page(tiny, tmp_path):
    tiny.write(str(tmp_path / "tiny.json"))
    command = [os.environ["MEMPL_SOLVE"], str(tmp_path / "tiny.json"), "--solver=greedy,none"]
    out = tmp_path / "out.html"
    subprocess.run([*command, f"--report={out}"], check=True, capture_output=True)
    plans = {"greedy": mempl.solve(tiny, "greedy"), "none": mempl.solve(tiny, "none")}
    other = mempl.report(tiny, plans, tmp_path / "other.html")
    assert data_of(out) == data_of(other)
    assert len(out.read_text()) == len(other.read_text())


def test_sources_are_links_where_their_files_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.mlir").write_text("func.func ...")
    text = json.loads(mempl.load(PROGRAM).to_json())
    assert "source" not in text["steps"][0]
    text["version"] = 3
    text["steps"][0]["source"] = "net.mlir:1 (layer)"
    text["steps"][1]["source"] = "none.py:1"
    instance = mempl.Instance.from_json(json.dumps(text))
    assert [step.source for step in instance.steps[:3]] == ["net.mlir:1 (layer)", "none.py:1", ""]
    assert instance == mempl.load(PROGRAM)
    plan = mempl.solve(instance, "none")
    (tmp_path / "out").mkdir()
    data = data_of(mempl.report(instance, plan, "out/page.html", bound=False))
    assert data["target"] == "" and data["machine"]["capacity"] == instance.machine.capacity
    assert data["files"] == ["../net.mlir"] and data["levels"][0]["step_files"][:3] == [0, -1, -1]
    assert data_of(mempl.report(instance, plan, "page.html", bound=False, target="mine"))["target"] == "mine"
    # A page that nobody knows the place of has no links.
    assert '"files":[]' in mempl.report_page(instance, plan, bound=False)
