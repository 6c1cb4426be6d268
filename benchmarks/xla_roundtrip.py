#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives plans of mempl back to the real XLA compiler and asks what it makes of them.

    xla_roundtrip.py --out=FOLDER [--networks=a,b] [--target=v5e] [--seconds=300]

Wants jax and libtpu (`pip install -r corpus/requirements.txt`) and no TPU. Per
network of corpus/networks.py: XLA compiles it; mempl-solve plans the result;
mempl-translate says in orders where the plan differs from XLA's; XLA compiles
again with the orders, offered by value in chunks: as strict orders, and as wishes for
the order in which its assignment looks at values, which it never refuses. What it
accepts and what lowers its own estimate of the whole program is kept; a
refused chunk loses the order that XLA's message names, and is halved if that does
not help. What was kept is then planned again, until nothing is gained or the time
is over. XLA's own choice is where it begins, so the result is never worse.

The judge is XLA: the sum of its estimated cycles over all steps, loops times
their trips. FOLDER/NAME.TARGET.options.json is what a user passes to
`.compile(compiler_options=..)`. FOLDER/NAME.TARGET.jsonl has every compilation;
none that it has is made again, so a run that was killed goes on where it was. The
table goes to standard output.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "corpus"))
import make  # The compiler's targets, and how its text is stripped.

OVERRIDES = "xla_tpu_msa_tensor_overrides"
WISHES = "xla_tpu_msa_sort_order_overrides"
NO_CARRY = {"xla_msa_max_cross_program_prefetches": "0"}
SWITCH_NAMES = {"xla_msa_max_cross_program_prefetches": "cross-program prefetch"}
# Estimates above are the compiler's way to say that it does not know.
MAX_CYCLES = 1 << 50
# Orders in the first chunk and in the largest, each three times the one before;
# orders that a chunk loses before it is halved; and compilations in a row that may
# be of no use before other orders are tried.
FIRST_CHUNK = 4
LAST_CHUNK = 32
MAX_LOST = 4
PATIENCE = 7
# A change of the total that counts.
BETTER = 1 - 1e-4
CLOCK = {"v4": 1.05e9, "v5e": 1.5e9, "v5p": 1.75e9, "v6e": 1.75e9}


class Refused(Exception):
    """The compiler's answer to orders that it cannot follow."""


# ------------------------------------------------------------------ compiler


def serve(network, target):
    """Compiles again and again in this process: options in, one file per answer."""
    import jax
    from jax.experimental import topologies
    from jax.sharding import SingleDeviceSharding
    from networks import NETWORKS

    function, arguments = NETWORKS[network]()
    topology = topologies.get_topology_desc(platform="tpu", topology_name=make.TARGETS[target][1])
    sharding = SingleDeviceSharding(topology.devices[0])
    place = lambda t: jax.ShapeDtypeStruct(t.shape, t.dtype, sharding=sharding)
    lowered = jax.jit(function).lower(*jax.tree.map(place, arguments))
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            text = lowered.compile(compiler_options=request["options"]).as_text()
            with open(request["path"], "w") as file:
                file.write(make.strip(text))
            answer = {}
        except Exception as error:  # Whatever the compiler throws is an answer.
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


class Compiler:
    """A process with the compiler, started again when it dies."""

    def __init__(self, network, target):
        self.network, self.target, self.process = network, target, None

    def start(self):
        environment = {**os.environ, **make.environment(self.target)}
        command = [sys.executable, os.path.abspath(__file__), "--serve", self.network, self.target]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if self.process.stdout.readline().strip() != "ready":
            raise Refused("the compiler does not start; see corpus/requirements.txt")

    def compile(self, options):
        """The text of the scheduled module; Refused with the compiler's message."""
        if not self.process or self.process.poll() is not None:
            self.start()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "hlo.txt")
            try:
                self.process.stdin.write(json.dumps({"options": options, "path": path}) + "\n")
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
            except BrokenPipeError:
                answer = ""
            if not answer:
                raise Refused("the compiler died")
            error = json.loads(answer).get("error")
            if error:
                raise Refused(error)
            with open(path) as file:
                return file.read()

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()


def total_cycles(text):
    """The compiler's estimate of the whole program."""
    own, loops, body_of = {}, {}, {}
    name = entry = None
    for line in text.split("\n"):
        head = re.match(r"(ENTRY )?%([^ ]+) .*\{$", line)
        if head:
            name = head[2]
            entry = name if head[1] else entry
            own[name], loops[name] = 0, []
        elif name is not None:
            estimate = re.search(r'"estimated_cycles":"(\d+)"', line)
            if estimate and int(estimate[1]) < MAX_CYCLES:
                own[name] += int(estimate[1])
            loop = re.match(r"\s+(?:ROOT )?%([^ ]+) = .* while\(.*body=%([^ ,]+)", line)
            if loop:
                loops[name].append(loop[2])
                body_of[loop[2]] = loop[1]
    return own, loops, body_of, entry


def judge(text, trips):
    """The estimate in cycles, loops times their trips (by the loop's name)."""
    own, loops, body_of, entry = total_cycles(text)

    def whole(name):
        return own[name] + sum(trips.get(body_of[b], 1) * whole(b) for b in loops[name])

    return whole(entry)


# ------------------------------------------------------------------- tools


class Tools:
    def __init__(self, args):
        self.args = args
        self.target = f"--target=tpu-{args.target}"

    def call(self, tool, *options):
        command = [os.path.join(self.args.bin, tool), *options]
        process = subprocess.run(command, capture_output=True, text=True)
        if process.returncode != 0:
            raise RuntimeError(process.stderr.strip() or f"{tool} failed")
        return process.stdout

    def trips(self, path):
        """Trips of loops by name, at any depth."""
        instance = json.loads(self.call("mempl-translate", "--import-hlo=instance", self.target, path))
        found = {}

        def visit(program):
            for step in program["steps"]:
                if step.get("body"):
                    found[step["name"]] = step["trips"]
                    visit(step["body"])

        visit(instance)
        return found

    def decisions(self, path, carried, cost):
        """Where our plan differs from what XLA did in this text."""
        options = [path, self.target, f"--cost={cost}", f"--max-carried={carried}"]
        plan = path + ".plan.json"
        self.call("mempl-solve", *options, "--policy=search", f"--budget={self.args.budget}", "--no-bound", f"--plan={plan}")
        text = self.call("mempl-translate", "--export-xla-overrides=decisions", f"--plan={plan}", *options)
        decisions = [d for d in json.loads(text) if d["action"] != "keep-slow"]
        wishes = [{**d, "option": WISHES, "proto": d["first"]} for d in decisions]
        return [{**d, "option": OVERRIDES} for d in decisions], wishes

    def fast(self, path):
        """(value, step) that XLA serves in fast memory, with their bytes."""
        options = [path, self.target, "--cost=roofline"]
        instance = json.loads(self.call("mempl-translate", "--import-hlo=instance", *options))
        plan = json.loads(self.call("mempl-translate", "--import-hlo=xla-plan", *options))
        served = {}

        def visit(program, plan):
            spans = {}
            for r in plan["residencies"]:
                first = 0 if r.get("carried") else r.get("write", r.get("ready"))
                spans.setdefault(r["value"], []).append((first, r["last"]))
            for number, step in enumerate(program["steps"]):
                for access in step["accesses"]:
                    if any(a <= number <= b for a, b in spans.get(access["value"], [])):
                        key = (program["values"][access["value"]]["name"], step["name"])
                        served[key] = access["bytes"]
                if str(number) in plan.get("loops", {}):
                    visit(step["body"], plan["loops"][str(number)])

        visit(instance, plan)
        return served


# -------------------------------------------------------------- round trip


class RoundTrip:
    """One network: offers decisions, keeps what helps."""

    def __init__(self, compiler, judge, log, seconds, clock=time.monotonic):
        self.compiler, self.judge, self.log = compiler, judge, log
        self.clock, self.end = clock, clock() + seconds
        self.options, self.kept, self.offered = {}, [], set()
        # By order: why it is not offered again; and the last answer ever.
        self.refused, self.answers = {}, {}
        self.total = None
        self.text = None
        self.compilations = self.useless = 0

    def is_over(self):
        return self.clock() >= self.end

    def attempt(self, switches, decisions):
        """(cycles, text) of one compilation; from the log if it is there."""
        options = join(switches, decisions)
        found = self.log.find(options)
        if found and found.get("error"):
            raise Refused(found["error"])
        if found and found["cycles"] >= (self.total or found["cycles"] + 1):
            return found["cycles"], None  # No better, so nobody asks for its text.
        try:
            text = self.compiler.compile(options)
        except Refused as error:
            self.log.add(options, {"error": str(error)[:2000]})
            self.compilations += 1
            raise
        cycles = self.judge(text)
        self.compilations += 1
        self.log.add(options, {"cycles": cycles})
        return cycles, text

    def begin(self):
        """XLA alone, and without weights kept over from the run before."""
        self.total, self.text = self.attempt({}, [])
        before = self.total
        try:
            cycles, text = self.attempt(NO_CARRY, [])
            if cycles < self.total * BETTER:
                self.total, self.text, self.options = cycles, text, NO_CARRY
        except Refused:
            pass
        return before

    def offer_all(self, decisions):
        self.useless, size = 0, FIRST_CHUNK
        while decisions and not self.gives_up():
            self.offer(decisions[:size])
            decisions, size = decisions[size:], min(3 * size, LAST_CHUNK)

    def gives_up(self):
        return self.is_over() or self.useless >= PATIENCE

    def offer(self, decisions):
        """Offers a chunk; keeps it whole, or parts of it."""
        decisions = [d for d in decisions if d["proto"] not in self.refused]
        lost = 0
        while decisions and not self.gives_up():
            self.offered |= {d["proto"] for d in decisions}
            self.useless += 1
            try:
                cycles, text = self.attempt(self.options, self.kept + decisions)
            except Refused as error:
                named = self.named(str(error), decisions)
                if not named or (lost >= MAX_LOST and len(decisions) > 1):
                    break
                lost += 1
                self.refuse(named, reason(str(error)))
                decisions = [d for d in decisions if d is not named]
                continue
            if cycles < self.total * BETTER and text is not None:
                self.total, self.text = cycles, text
                self.kept = self.kept + decisions
                self.useless = 0
                return
            break
        if self.gives_up():
            return
        if len(decisions) < 2:
            for d in decisions:
                self.refuse(d, "does not lower the estimate")
            return
        half = (len(decisions) + 1) // 2
        self.offer(decisions[:half])
        self.offer(decisions[half:])

    def refuse(self, decision, why):
        self.refused[decision["proto"]] = self.answers[decision["proto"]] = why

    def named(self, message, decisions):
        """The decision that a refusal is about, or None."""
        about = re.search(r"failed for instruction '([^']+)'(?: operand (\d+))?", message)
        source = re.search(r"defining instruction '([^']+)'", message)
        for d in decisions:
            if about and d["instruction"] == about[1] and str(d.get("operand", about[2])) == str(about[2]):
                return d
        for d in decisions:
            if (source and d["instruction"] == source[1]) or (about and d["instruction"] == about[1]):
                return d
        for d in decisions:
            if source and d["value"].split("{")[0] == source[1]:
                return d
        return None


def is_order(proto):
    """Whether it is strict; a wish is not."""
    return "override_options" not in proto


def join(switches, decisions):
    """Compile options of switches and orders."""
    options = dict(switches)
    for option in (WISHES, OVERRIDES):
        texts = [d["proto"] for d in decisions if d["option"] == option]
        if texts:
            options[option] = " ".join(texts)
    return options


def reason(message):
    """A refusal in a few words."""
    found = re.search(r"defining instruction '[^']+': ([^(]*)", message)
    text = found[1] if found else message
    return re.sub(r"\s+", " ", text).strip()[:80]


class Log:
    """Compilations by their options, as JSON lines."""

    def __init__(self, path):
        self.path, self.known = path, {}
        if os.path.exists(path):
            with open(path) as file:
                for line in file:
                    try:
                        record = json.loads(line)
                        self.known[record["key"]] = record
                    except (json.JSONDecodeError, KeyError):
                        pass  # The last line of a run that was killed.

    def key(self, options):
        return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:24]

    def find(self, options):
        return self.known.get(self.key(options))

    def add(self, options, result):
        record = {"key": self.key(options), "orders": sum(options.get(o, "").count("overrides {") for o in (WISHES, OVERRIDES)), **result}
        self.known[record["key"]] = record
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")


def write_whole(path, text):
    part = path + ".part"
    with open(part, "w") as file:
        file.write(text)
    os.replace(part, path)


def run_network(args, tools, network):
    """One row of the table."""
    base = os.path.join(args.out, f"{network}.{args.target}")
    compiler = Compiler(network, args.target)
    trips = {}
    trip = RoundTrip(compiler, lambda text: judge(text, trips), Log(base + ".jsonl"), args.seconds)
    path = base + ".hlo.txt"

    def note(text):
        print(f"{network}: {text}", file=sys.stderr, flush=True)

    try:
        write_whole(path, compiler.compile({}))
        trips.update(tools.trips(path))
        before = trip.begin()
        xla_fast = tools.fast(path)
        note(f"XLA {before:.0f} cycles, best switches {trip.total:.0f}")
        stages = [(carried, cost) for cost in args.costs.split(",") for carried in (0, 1)]
        rounds, idle = 0, 0
        while not trip.is_over() and idle < len(stages):
            carried, cost = stages[rounds % len(stages)]
            rounds += 1
            write_whole(path, trip.text)
            earlier = trip.total
            kinds = tools.decisions(path, carried, cost)
            for decisions in kinds:
                known = {d["proto"] for d in trip.kept} | set(trip.refused)
                trip.offer_all([d for d in decisions if d["proto"] not in known])
            note(f"round {rounds}, {cost}: {len(kinds[0])} decisions, {len(trip.kept)} kept, {trip.total:.0f} cycles, {trip.compilations} compilations")
            idle = idle + 1 if trip.total >= earlier * BETTER else 0
            # A refusal may be another's fault: in a later round it gets a second chance.
            trip.refused = {k: v for k, v in trip.refused.items() if idle}
        write_whole(path, trip.text)
        now_fast = tools.fast(path)
    finally:
        compiler.close()
    write_whole(base + ".options.json", json.dumps(join(trip.options, trip.kept), indent=1) + "\n")
    ordered, kept = {d["value"] for d in trip.kept}, {d["proto"] for d in trip.kept}
    gained = [key for key in now_fast if key not in xla_fast]
    lost = [key for key in xla_fast if key not in now_fast]
    row = {
        "network": network,
        "target": args.target,
        "before": before,
        "after": trip.total,
        "offered": sum(is_order(proto) for proto in trip.offered),
        "kept": sum(d["option"] == OVERRIDES for d in trip.kept),
        "wishes": len(trip.offered) - sum(is_order(proto) for proto in trip.offered),
        "wishes_kept": sum(d["option"] == WISHES for d in trip.kept),
        "answers": sorted(why for proto, why in trip.answers.items() if is_order(proto) and proto not in kept),
        "ordered_fast": sum(now_fast[k] for k in gained if k[0] in ordered),
        "side_gained": sum(now_fast[k] for k in gained if k[0] not in ordered),
        "side_lost": sum(xla_fast[k] for k in lost if k[0] not in ordered),
        "compilations": trip.compilations,
        "switches": sorted(trip.options),
    }
    write_whole(base + ".result.json", json.dumps(row, indent=1) + "\n")
    return row


def table(rows):
    """Markdown; megabytes are bytes of accesses that changed memory."""
    header = [
        "program", "XLA's estimate, ms", "with our orders", "times", "strict orders offered", "kept", "share", "the others",
        "wishes kept, of", "switched off", "MB moved to fast: ordered, others", "MB of others moved to slow", "compilations",
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + " -- |" * len(header)]
    for r in rows:
        clock = CLOCK[r["target"]]
        counts = {}
        for why in r["answers"]:
            counts[why] = counts.get(why, 0) + 1
        why = ", ".join(f"{n} {w}" for w, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))) or "none"
        lines.append("| " + " | ".join([
            f"{r['network']}, {r['target']}", f"{r['before'] / clock * 1e3:.3f}", f"{r['after'] / clock * 1e3:.3f}",
            f"{r['before'] / r['after']:.3f}", str(r["offered"]), str(r["kept"]),
            f"{r['kept'] / r['offered']:.2f}" if r["offered"] else "-", why, f"{r['wishes_kept']}, {r['wishes']}",
            ", ".join(SWITCH_NAMES.get(s, s) for s in r["switches"]) or "nothing",
            f"{r['ordered_fast'] / 1e6:.0f}, {r['side_gained'] / 1e6:.0f}", f"{r['side_lost'] / 1e6:.0f}", str(r["compilations"]),
        ]) + " |")
    return "\n".join(lines)


def main():
    if sys.argv[1:2] == ["--serve"]:
        return serve(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--networks", help="default: all of corpus/networks.py")
    parser.add_argument("--target", default="v5e", choices=list(make.TARGETS))
    parser.add_argument("--seconds", type=float, default=300, help="for each network")
    parser.add_argument("--budget", type=int, default=20000, help="moves of search")
    parser.add_argument("--costs", default="calibrated,compiler")
    parser.add_argument("--bin", default=os.path.join(os.path.dirname(HERE), "build", "release", "bin"))
    parser.add_argument("--report", action="store_true", help="the table of what is there, no runs")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    try:
        from networks import NETWORKS
    except ImportError as error:
        sys.exit(f"xla_roundtrip.py: error: {error}; pip install -r benchmarks/corpus/requirements.txt")
    names = make.chosen(args.networks, NETWORKS, "network")
    tools, rows, failures = Tools(args), [], 0
    for network in names:
        done = os.path.join(args.out, f"{network}.{args.target}.result.json")
        if os.path.exists(done):
            with open(done) as file:
                rows.append(json.load(file))
        elif not args.report:
            try:
                rows.append(run_network(args, tools, network))
            except (Refused, RuntimeError) as error:
                failures += 1
                print(f"{network}: failed: {error}", file=sys.stderr, flush=True)
    print(table(rows))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
