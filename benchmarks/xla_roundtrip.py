#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives plans of mempl back to the real XLA compiler and asks what it makes of them.

    xla_roundtrip.py --out=FOLDER [--networks=a,b] [--target=v5e] [--time-limit-ms=300000]

mempl.xla.place() for each network of corpus/networks.py, and what it did as a table. Wants the Python package with
its extra, `pip install './python_bindings[xla]'`, and no TPU.

What counts is XLA: the sum of its estimated cycles over all steps, loops times
their trips. FOLDER/NAME.TARGET.options.json is what a user passes to
`.compile(compiler_options=..)`. FOLDER/NAME.TARGET.jsonl has every compilation;
none that it has is made again, so a run that was killed goes on where it was. The
table goes to standard output.
"""

import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "corpus"))
import make  # Its chosen().
from lab import write_whole

SWITCH_NAMES = {"xla_msa_max_cross_program_prefetches": "cross-program prefetch"}


def read_networks():
    """Those of corpus/networks.py, by name. Ends the program where mempl.xla cannot be imported."""
    # Networks are only traced here, and jax would look for a TPU first.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        import mempl.xla
        from networks import NETWORKS
    except ImportError as error:
        tool = os.path.basename(sys.argv[0])
        sys.exit(f"{tool}: error: {error}; pip install './python_bindings[xla]'")
    return NETWORKS


def run_network(args, network, function, arguments):
    """One row of the table."""
    import mempl.xla

    base = os.path.join(args.out, f"{network}.{args.target}")

    def note(p):
        now = f"{p.seconds_before * 1e3:.3f} ms before, {p.seconds_now * 1e3:.3f} ms now"
        text = f"round {p.round}, {p.doing}: {p.kept} kept, {now}, {p.compilations} compilations"
        print(f"{network}: {text}", file=sys.stderr, flush=True)

    with mempl.xla.Compiler(function, *arguments, target=args.target) as compiler:
        # Files of networks do not mix, so lines are found again with other versions of jax, too.
        log = mempl.xla.Log(base + ".jsonl")
        result = mempl.xla.improve(
            compiler,
            args.target,
            time_limit_ms=args.time_limit_ms,
            budget=args.budget,
            costs=args.costs.split(","),
            log=log,
            progress=note,
        )
    result.save(base + ".options.json")
    write_whole(base + ".hlo.txt", result.final_text)
    tried = [constraint for constraint in result.constraints if constraint.status != "not tried"]
    constraints, wishes = ([o for o in tried if o.is_wish == is_wish] for is_wish in (False, True))
    row = {
        "network": network,
        "target": args.target,
        "before": result.cycles_before,
        "after": result.cycles_after,
        "offered": len(constraints),
        "kept": sum(o.status == "kept" for o in constraints),
        "wishes": len(wishes),
        "wishes_kept": sum(o.status == "kept" for o in wishes),
        "answers": sorted(o.reason for o in constraints if o.reason),
        "constrained_fast": result.moved.to_fast_constrained,
        "side_gained": result.moved.to_fast_others,
        "side_lost": result.moved.to_slow_others,
        "compilations": result.compilations,
        "switches": sorted(SWITCH_NAMES.keys() & result.compiler_options.keys()),
    }
    write_whole(base + ".result.json", json.dumps(row, indent=1) + "\n")
    return row


def table(rows):
    """Markdown; megabytes are bytes of accesses that changed memory."""
    import mempl.xla

    header = [
        "program", "XLA's estimate, ms", "with our constraints", "times", "strict constraints offered", "kept", "share", "the others",
        "wishes kept, of", "switched off", "MB moved to fast: constrained, others", "MB of others moved to slow", "compilations",
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + " -- |" * len(header)]
    for r in rows:
        clock = mempl.xla.CLOCK[r["target"]]
        counts = {}
        for why in r["answers"]:
            counts[why] = counts.get(why, 0) + 1
        why = ", ".join(f"{n} {w}" for w, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))) or "none"
        lines.append("| " + " | ".join([
            f"{r['network']}, {r['target']}", f"{r['before'] / clock * 1e3:.3f}", f"{r['after'] / clock * 1e3:.3f}",
            f"{r['before'] / r['after']:.3f}", str(r["offered"]), str(r["kept"]),
            f"{r['kept'] / r['offered']:.2f}" if r["offered"] else "-", why, f"{r['wishes_kept']}, {r['wishes']}",
            ", ".join(SWITCH_NAMES.get(s, s) for s in r["switches"]) or "nothing",
            f"{r['constrained_fast'] / 1e6:.0f}, {r['side_gained'] / 1e6:.0f}", f"{r['side_lost'] / 1e6:.0f}", str(r["compilations"]),
        ]) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--networks", help="default: all of corpus/networks.py")
    parser.add_argument("--target", default="v5e", choices=list(make.TARGETS))
    parser.add_argument("--time-limit-ms", type=float, default=300000, metavar="MS", help="for each network (default 300000)")
    parser.add_argument("--budget", type=int, default=20000, help="moves of search")
    parser.add_argument("--costs", default="calibrated,compiler")
    parser.add_argument("--report", action="store_true", help="the table of what is there, no runs")
    args = parser.parse_args()
    networks = read_networks()
    import mempl

    names = make.chosen(args.networks, networks, "network")
    os.makedirs(args.out, exist_ok=True)
    rows, failures = [], 0
    for network in names:
        done = os.path.join(args.out, f"{network}.{args.target}.result.json")
        if os.path.exists(done):
            with open(done) as file:
                rows.append(json.load(file))
        elif not args.report:
            try:
                rows.append(run_network(args, network, *networks[network]()))
            except mempl.Error as error:
                failures += 1
                print(f"{network}: failed: {error}", file=sys.stderr, flush=True)
    print(table(rows))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
