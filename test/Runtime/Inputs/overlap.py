# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Says for copies that a loop carries which of its steps they overlap.

    overlap.py TRACE

A trip has one step. A copy ahead is waited for before the step of its trip, so
that a step before the wait is one of an earlier trip; a copy behind is issued
after the step of its trip.
"""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    events = [e for e in json.load(f)["traceEvents"] if e["ph"] == "X"]


def end(event):
    return event["ts"] + event["dur"]


steps = [e for e in events if e["cat"] == "step" and e["args"]["location"] == "step"]
waits = {e["args"]["copy"]: e for e in events if e["cat"] == "wait"}
copies = [e for e in events if e["cat"] == "copy" and e["args"]["carried"]]


def overlapped(copy):
    return [s for s in steps if s["ts"] < end(copy) and copy["ts"] < end(s)]


for copy in copies:
    begun = [s for s in overlapped(copy) if s["ts"] < waits[copy["args"]["copy"]]["ts"]]
    if copy["name"] == "ahead" and begun:
        print("ahead: during the step of the trip that starts it")
        break
for copy in copies:
    begun = [s for s in overlapped(copy) if s["ts"] >= copy["args"]["issued"]]
    if copy["name"] == "behind" and begun:
        print("behind: during the step of the next trip")
        break
