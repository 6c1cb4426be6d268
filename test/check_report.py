#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Looks at the pages of mempl-solve --report in a browser.

    check_report.py --solve=FILE --data=FOLDER --browser=FILE

Every page is opened in frames of several widths, light and dark, in one run of
the browser. A script that is added to it does what a reader would do, and tells
what is there: nothing may go wrong, nothing may stick out at the side, and what
is drawn has to be what the data of the page says. The exit code is 1 if not.
"""

import argparse
import gzip
import html
import json
import os
import re
import subprocess
import sys
import tempfile

WIDTHS = (360, 500, 1000, 1600)
NASTY = '</script><img src=x onerror="document.body.dataset.error=1"> & "'

# What a reader does on any page; `act` of the page goes on with that.
SCRIPT = """
const change = (id, value) => { $(id).value = value; $(id).dispatchEvent(new Event("change")); };
const type = (id, text) => { $(id).value = text; $(id).dispatchEvent(new Event("input")); };
const canvasOf = (id) => document.querySelector("#" + id + " canvas");
const boxes = (id) => +canvasOf(id).dataset.boxes;
const rowsOf = (id) => +$(id).dataset.rows;
const cells = (id, column) => [...document.querySelectorAll("#" + id + " tr.row")].map((row) => row.cells[column].textContent);
// Colours of a canvas: how many pixels have each.
function colours(id) {
  const canvas = canvasOf(id), pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data, count = {};
  for (let i = 0; i < pixels.length; i += 4) {
    const key = "#" + [0, 1, 2].map((k) => pixels[i + k].toString(16).padStart(2, "0")).join("");
    count[key] = (count[key] || 0) + 1;
  }
  return count;
}
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [x, y] = [luminance(colour(a)), luminance(colour(b))].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}
function result() {
  const found = { ready: document.body.dataset.ready !== undefined, wide: document.documentElement.scrollWidth - innerWidth,
    title: $("title").textContent, headline: $("headline").textContent, boxes: boxes("map"),
    contrasts: [contrast("text", "page"), contrast("text", "panel"), contrast("muted", "page"), contrast("label", "input"), contrast("label", "temporary"),
      contrast("label", "output"), contrast("label", "inout"), contrast("text", "reserved")] };
  found.colours = colours("map");
  canvasOf("map").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
  canvasOf("map").dispatchEvent(new WheelEvent("wheel", { ctrlKey: true, deltaY: -100, cancelable: true }));
  for (const key of ["+", "-", "ArrowRight", "ArrowLeft", "0"]) canvasOf("map").dispatchEvent(new KeyboardEvent("keydown", { key }));
  found.seen = [view.from, view.to];
  found.act = act();
  found.stillWide = document.documentElement.scrollWidth - innerWidth;
  found.error = document.body.dataset.error || "";
  return found;
}
function tell() {
  try { return result(); } catch (problem) { return { error: problem.stack }; }
}
setTimeout(() => parent.postMessage(JSON.stringify([ID, tell()]), "*"), 300);
"""

PLAN_ACTS = """
function act() {
  const found = { values: rowsOf("values"), steps: rowsOf("steps") }, sorted = (order) => { document.querySelector('#values th[data-key="name"]').click(); return cells("values", 0); };
  found.up = sorted();
  found.down = sorted();
  type("search", "copied out");
  found.search = rowsOf("values");
  type("search", "");
  const row = document.querySelector("#values tr.row");
  if (row) row.click();
  found.details = $("details").textContent;
  const linksOf = (id) => [...document.querySelectorAll(`#${id} a`)].map((a) => [a.getAttribute("href"), a.textContent]);
  found.links = [linksOf("values"), linksOf("details")];
  found.moved = view.from;
  change("axis", "steps");
  found.stepBoxes = boxes("map");
  for (const mode of ["begins", "name", "value", "kind"]) change("colours", mode);
  change("axis", "time");
  if (data.plans.length > 1) {
    change("other", 1);
    found.both = [boxes("map"), boxes("otherMap")];
    found.difference = $("difference").textContent;
    $("changed").click();
    found.differing = [rowsOf("values"), rowsOf("steps")];
    $("changed").click();
  }
  $("showSteps").click();
  found.stepRows = cells("steps", 0).length;
  found.links.push(linksOf("steps"));
  found.sources = data.levels[0].step_sources ? cells("steps", document.querySelector("#steps tr").cells.length - 1) : [];
  found.made = document.querySelectorAll("tr.row").length;
  const scene = maps[0].scene;
  found.ends = scene.ends[1];
  found.tips = [...scene.boxes, ...scene.bands, ...scene.lanes.flatMap((lane) => [...(lane.bars || []), ...(lane.columns || [])])].map((item) => item.tip().flat().map((t) => t.textContent ?? t).join(" "));
  if (data.levels.length > 1) {
    openLevel(1);
    found.body = { boxes: boxes("map"), lines: maps[0].scene.lines.length, pale: maps[0].scene.boxes.filter((box) => box.isPale).length,
      tips: maps[0].scene.boxes.map((item) => item.tip().flat().map((t) => t.textContent ?? t).join(" ")) };
  }
  return found;
}
"""

PACKING_ACTS = """
function act() {
  const found = { buffers: rowsOf("buffers") };
  type("search", "collides");
  found.search = rowsOf("buffers");
  type("search", "");
  document.querySelector("#buffers tr.row").click();
  found.details = $("details").textContent;
  change("colours", "buffer");
  change("colours", "name");
  found.tips = map.scene.boxes.map((item) => item.tip().flat().map((t) => t.textContent ?? t).join(" "));
  return found;
}
"""

errors = []


def expect(holds, what):
    if not holds:
        errors.append(what)


def machine(capacity):
    return {
        "fast": {"capacity": capacity, "alignment": 10, "bandwidth": 100},
        "slow": {"bandwidth": 10},
        "copy": {"bandwidth": 10, "latency": 1},
        "step": {"overhead": 0},
    }


def read(value, amount):
    return {"value": value, "bytes": amount, "mode": "read"}


# A loop whose input comes a trip ahead, beside a value with a name that is markup.
# Of the files of sources one is there.
SCRIPT_FILE = "javascript:alert(1)#.py"
LOOP = {
    "version": 3,
    "name": NASTY,
    "machine": machine(100),
    "values": [{"name": NASTY, "size": 20, "kind": "input", "source": f"{SCRIPT_FILE}:12 ({NASTY})"}],
    "steps": [
        {"name": NASTY, "compute": 3, "accesses": [read(0, 40)], "source": f"none.py:3 ({NASTY})"},
        {
            "name": "loop",
            "source": f"{SCRIPT_FILE}:7",
            "compute": 0,
            "accesses": [],
            "trips": 3,
            "body": {
                "values": [{"name": "x", "size": 40, "kind": "input", "streamed": True}],
                "steps": [{"name": "b0", "compute": 6, "accesses": [read(0, 120)]}],
            },
        },
    ],
}

# Steps that a plan runs in another order.
FREE = {
    "name": "free",
    "machine": machine(100),
    "order": "free",
    "values": [{"name": "w", "size": 50, "kind": "input"}],
    "steps": [
        {"name": "first", "compute": 5, "accesses": [read(0, 50)]},
        {"name": "second", "compute": 9, "accesses": []},
        {"name": "third", "compute": 1, "accesses": [read(0, 50)]},
    ],
}
OTHER_ORDER = {"instance": "free", "order": [1, 0, 2], "residencies": [{"value": 0, "offset": 0, "last": 2, "issue": 0, "ready": 1}]}

BUFFERS = ["id,lower,upper,size,gaps,offset", "a,0,9,6,4-5,0", "</script>,2,6,4,,6", "c,4,5,6,,0", "d,8,9,2,,5"]


def data_of(page):
    with open(page, encoding="utf-8") as file:
        return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', file.read(), re.S)[1])


def with_script(page, acts, identity, is_dark):
    """The text of a page that tells its parent what is there."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    expect(not re.search(r'(src|href)\s*=\s*["\'h]', re.sub(r'<script id="data".*?</script>', "", text, flags=re.S)), f"{page}: refers to something else")
    if is_dark:
        text = text.replace('"(prefers-color-scheme: dark)"', '"all"').replace("(prefers-color-scheme: dark)", "all")
    script = f"<script>const ID = {json.dumps(identity)};{acts}{SCRIPT}</script></body>"
    head, tail = text.rsplit("</body>", 1)
    return head + script + tail


def look(browser, folder, pages):
    """What the pages tell: by name, width and scheme."""
    frames, count = [], 0
    for name, acts in pages.items():
        for width in WIDTHS:
            for is_dark in (False, True) if width == 500 else (False,):
                identity = f"{name} {width}{' dark' if is_dark else ''}"
                count += 1
                path = os.path.join(folder, f"frame{count}.html")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(with_script(os.path.join(folder, f"{name}.html"), acts, identity, is_dark))
                frames.append(f'<iframe src="frame{count}.html" width="{width}" height="900" style="border:0"></iframe>')
    with open(os.path.join(folder, "all.html"), "w", encoding="utf-8") as file:
        file.write(
            "<!DOCTYPE html><body><script>const all = {};"
            'addEventListener("message", (event) => { const [id, found] = JSON.parse(event.data); all[id] = found;'
            "document.body.dataset.result = JSON.stringify(all); });</script>" + "".join(frames) + "</body>"
        )
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += [f"--user-data-dir={folder}/profile", "--window-size=1700,900", "--virtual-time-budget=20000", "--dump-dom"]
    shown = subprocess.run([*command, f"file://{folder}/all.html"], capture_output=True, text=True, timeout=300, check=True)
    found = re.search(r'data-result="([^"]*)"', shown.stdout)
    results = json.loads(html.unescape(found[1])) if found else {}
    expect(len(results) == count, f"{count} pages, and only these told what is there: {sorted(results)}")
    return results


def check_any(where, found):
    expect(found["ready"], f"{where}: the script did not come to its end")
    expect(found["wide"] <= 0 and found["stillWide"] <= 0, f"{where}: {max(found['wide'], found['stillWide'])} pixels stick out")
    expect(found["headline"], f"{where}: no headline")
    expect(found["seen"] == [0, 1], f"{where}: the key 0 shows {found['seen']}")
    expect(min(found["contrasts"]) > 3 and found["contrasts"][0] > 10 and found["contrasts"][2] > 4.5, f"{where}: contrasts {found['contrasts']}")


def check_plan(where, found, data):
    act, top = found["act"], data["levels"][0]
    latencies = [plan["latency"] for plan in data["plans"]]
    best = data["plans"][latencies.index(min(latencies))]
    level = best["levels"][0]
    expect(found["title"].startswith(data["program"]), f"{where}: title {found['title']}")
    expect(found["headline"] == f"{best['name']}: {best['headline']}", f"{where}: headline {found['headline']}")
    expect(found["boxes"] == act["stepBoxes"] == len(level["of"]), f"{where}: {found['boxes']} boxes of {len(level['of'])}")
    expect((act["values"], act["steps"]) == (len(top["names"]), len(top["steps"])), f"{where}: rows of tables")
    names = sorted(top["names"])
    expect(act["up"] == names[: len(act["up"])] and act["down"] == names[::-1][: len(act["down"])], f"{where}: order of names")
    expect(act["search"] == sum("copied out" in why for why in level["why"]), f"{where}: search finds {act['search']}")
    expect(act["made"] <= 80, f"{where}: {act['made']} rows are made at once")
    expect(all(tip and "undefined" not in tip and "NaN" not in tip for tip in act["tips"]), f"{where}: an empty hint")
    if len(data["plans"]) > 1:
        other = data["plans"][1 if best is data["plans"][0] else 0]
        expect(act["both"] == [len(level["of"]), len(other["levels"][0]["of"])], f"{where}: boxes side by side {act['both']}")
        expect(act["difference"].startswith(f"{best['name']} takes "), f"{where}: {act['difference']}")


def check_network(where, found, data):
    check_plan(where, found, data)
    colours = found["colours"]
    for name, colour in {"input": ("#3b6fc4", "#78a9f5"), "temporary": ("#2a8f67", "#56c596"), "stall": ("#cf3a31", "#ff6b61")}.items():
        expect(colours.get(colour["dark" in where], 0) > 20, f"{where}: little is drawn in the colour of {name}")
    share = colours.get("#56c596" if "dark" in where else "#2a8f67", 0) / sum(colours.values())
    expect(share > 0.04, f"{where}: rectangles of temporaries are {share:.2%} of the map")
    act = found["act"]
    expect(0 < act["differing"][0] < act["values"] and 0 < act["differing"][1] < act["steps"], f"{where}: {act['differing']} rows differ")
    best = min(data["plans"], key=lambda plan: plan["latency"])["levels"][0]
    expect(abs(act["ends"] - max(sum(p["levels"][0]["times"] + p["levels"][0]["waits"]) for p in data["plans"][:2])) < 1e-9, f"{where}: the axis ends at {act['ends']}")
    expect(sum(tip.startswith("stall of ") for tip in act["tips"]) >= sum(wait > 0 for wait in best["waits"]), f"{where}: stalls are missing")


def check_loop(where, found, data):
    check_plan(where, found, data)
    expect(found["title"] == NASTY and NASTY in found["act"]["details"], f"{where}: names are not shown as they are")
    address = "./javascript%3Aalert%281%29%23.py"
    value = [[f"{address}#L12", f"{SCRIPT_FILE}:12 ({NASTY})"]]
    # A file that is not there is text, and no text is markup.
    expect(found["act"]["links"] == [value, value, [[f"{address}#L7", f"{SCRIPT_FILE}:7"]]], f"{where}: links {found['act']['links']}")
    expect(found["act"]["sources"] == [f"none.py:3 ({NASTY})", f"{SCRIPT_FILE}:7"], f"{where}: sources {found['act']['sources']}")
    body = found["act"]["body"]
    # By turns: in each of the two trips one copy comes in and one is used.
    expect((body["boxes"], body["pale"], body["lines"]) == (4, 2, 2), f"{where}: body {body}")
    expect(all("of the next trip" in tip and "by turns" in tip for tip in body["tips"]), f"{where}: hints {body['tips']}")


def check_free(where, found, data):
    check_plan(where, found, data)
    expect(any("copied in from place 0, step 1 (second), needed at place 1, step 0 (first)" in tip for tip in found["act"]["tips"]), f"{where}: {found['act']['tips']}")


def check_packing(where, found, data):
    act = found["act"]
    expect(found["headline"] == "invalid: 2 of 4 buffers have a fault", f"{where}: headline {found['headline']}")
    expect((found["boxes"], act["buffers"], act["search"]) == (5, 4, 2), f"{where}: boxes and rows")
    expect(any(tip.startswith("</script> , 4 B at offset 6") for tip in act["tips"]), f"{where}: hints {act['tips']}")
    expect(any("collides with d in bytes [5, 6) at times [8, 9)" in tip for tip in act["tips"]), f"{where}: hints {act['tips']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--solve", required=True, type=os.path.abspath, help="mempl-solve")
    parser.add_argument("--data", required=True, help="test/data")
    parser.add_argument("--browser", required=True, help="Chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        def write(name, content):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(content if isinstance(content, str) else json.dumps(content))

        def solve(name, *arguments, code=0):
            ended = subprocess.run([options.solve, *arguments, f"--report={name}.html"], cwd=folder, capture_output=True, text=True)
            expect(ended.returncode == code, f"{name}: {ended.stderr}")

        write("loop.json", LOOP)
        write(SCRIPT_FILE, "")
        write("free.json", FREE)
        write("other.json", OTHER_ORDER)
        write("buffers.csv", "\n".join([*BUFFERS, ""]))
        network = os.path.join(os.path.abspath(options.data), "xla_tpu", "gpt2_decode_b8.v5e.instance.json.gz")
        with gzip.open(network, "rt", encoding="utf-8") as file:
            steps = len(json.load(file)["steps"])
        # Plans that no change of search changes, the best one with a stall that is seen.
        solve("network", network, "--capacity=32MiB", "--solver=msa,none")
        solve("loop", "loop.json", "--solver=search")
        solve("free", "free.json", "--plan-in=other.json", "--solver=none")
        solve("packing", "--check=buffers.csv", code=1)
        checks = {"network": check_network, "loop": check_loop, "free": check_free, "packing": check_packing}
        acts = {name: PACKING_ACTS if name == "packing" else PLAN_ACTS for name in checks}
        data = {name: data_of(os.path.join(folder, f"{name}.html")) for name in checks}
        expect(len(data["network"]["levels"][0]["steps"]) == steps, "network: steps")
        for where, found in look(options.browser, folder, acts).items():
            expect(not found["error"], f"{where}: {found['error']}")
            if found["error"]:
                continue
            check_any(where, found)
            name = where.split(" ")[0]
            checks[name](where, found, data[name])
    for error in errors:
        print("error:", error)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
