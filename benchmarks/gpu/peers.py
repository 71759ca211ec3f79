#!/usr/bin/env python3
"""Times PyTorch on the shapes that kinema-lab was timed on, and sets both side by side.

    peers.py LAB.json [--bench BENCH.json ...] --out NAME [--only TEXT] [--no-compile] [--dry-run]

LAB.json is what `kinema-lab time --json` wrote, BENCH.json what `kinema bench programs` did: its rows of Slow-D are set beside a Slow-D of
PyTorch's at the same batch. NAME.json gets all that was measured, NAME.md a table. The result of each peer is held against float64 first;
one that is wrong, or fails, is shown and not counted. A ratio is the time of the fastest correct peer over ours: above 1, ours is faster.
"""
import argparse
import json
import math
import subprocess
import sys

import peer_networks
from peer_cases import work_of
from peer_clock import Clock, distance, first_line, sets_for
from peer_work import WRONG, torch, without_tf32


def fastest(timings, like):
    """The lab's fastest timing of the case that a timing is of."""
    return min((t for t in timings if all(t[k] == like[k] for k in ("kernel", "dtype", "shape"))), key=lambda t: t["median_us"])


def ours_of(timing):
    """Our time of a case, of the fastest variant."""
    return {k: timing[k] for k in ("median_us", "p90_us", "variant", "least_us")}


def cases_of(lab, only):
    """Each case once, by its fastest variant, with its peers; the names of kernels that have none; and the cases that are not understood."""
    seen, cases, without, failed = set(), [], set(), []
    for timing in lab["timings"]:
        name = " ".join((timing["kernel"], timing["dtype"], timing["shape"]))
        if name in seen or only not in name:
            continue
        seen.add(name)
        try:
            work = work_of(timing["kernel"], timing["dtype"], timing["shape"])
        except Exception as e:  # a lab with other cases than these scripts know; the others are measured
            failed.append(f"{name}: {first_line(e)}")
            continue
        if work is None:
            without.add(f"{timing['kernel']} {timing['dtype']}")
        else:
            cases.append((fastest(lab["timings"], timing), work))
    return cases, sorted(without), failed


def size_of(operands):
    return sum(t.numel() * t.element_size() for t in operands.values())


def expected_of(work, operands):
    """The reference's results in float64, or in float32 where those do not fit; and which it was."""
    for kind in (torch.float64, torch.float32):
        try:
            exact = {name: t.to(kind) if t.is_floating_point() else t for name, t in operands.items()}
            return [r.detach() for r in work.reference(exact)], str(kind).removeprefix("torch.")
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
    raise RuntimeError("the reference does not fit into memory, not even in float32")


def measure_peer(peer, sets, expected, dtype, clock):
    row = {"name": peer.name}
    try:
        with torch.cuda.stream(clock.stream):
            calls = [peer.prepare(operands) for operands in sets]
            result = peer.plain(calls[0]())
        torch.cuda.synchronize()
        row["error"] = distance(torch, expected, [r.detach() for r in result])
        row["correct"] = row["error"] <= WRONG[dtype]
        del result
        row.update(clock.measure(calls))
        row["kernels"] = clock.kernels(calls[0])[:4]
    except Exception as e:  # whatever a peer fails by is shown beside its name, and the others are measured
        row["failure"] = first_line(e)
    torch.cuda.empty_cache()
    return row


def measure_case(timing, work, compile_too, clock):
    torch.manual_seed(1)
    sets = [work.operands()]
    outputs = size_of(sets[0])  # about as much again is written
    sets += [work.operands() for _ in range(sets_for(torch, size_of(sets[0]) + outputs) - 1)]
    torch.cuda.synchronize()
    expected, kind = expected_of(work, sets[0])
    peers = []
    for peer in work.peers:
        if peer.compiles and not compile_too:
            continue
        torch._dynamo.reset()  # what was compiled for other shapes counts against a limit, beyond which it silently runs eagerly
        peers.append(measure_peer(peer, sets, expected, timing["dtype"], clock))
        tell_peer(peers[-1])
    return peers, kind


def with_ratio(row):
    """Adds the fastest correct peer and the ratio, where there are both."""
    correct = [p for p in row["peers"] if p.get("correct") and "failure" not in p]
    best = min(correct, key=lambda p: p["median_us"], default=None)
    row["best"] = best["name"] if best else None
    row["ratio"] = best["median_us"] / row["ours"]["median_us"] if best else None
    return row


def tell_peer(peer):
    said = peer.get("failure") or f"{peer['median_us']:10.2f} us, error {peer['error']:.1e}" + ("" if peer["correct"] else ", WRONG")
    print(f"    {peer['name']:32} {said}", flush=True)


def command(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as e:
        return first_line(e)


def versions(lab):
    query = "name,driver_version,clocks.sm,clocks.mem,power.draw,temperature.gpu,clocks_throttle_reasons.active"
    cudnn = torch.backends.cudnn.version()
    return {"gpu": torch.cuda.get_device_name(0), "torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": cudnn,
            "tf32": False, "nvidia_smi": command("nvidia-smi", "--query-gpu=" + query, "--format=csv"),
            "lab": {k: lab[k] for k in ("device", "driver", "runtime", "build", "roofline")}}


def geomean(ratios):
    return math.exp(sum(math.log(r) for r in ratios) / len(ratios))


def summary(rows):
    """By family: how many ratios there are, their geometric mean, the worst, and how many are below 1."""
    families = {}
    for row in rows:
        if row["ratio"]:
            families.setdefault(row["kernel"].split(".")[0] + " " + row["dtype"], []).append(row)
    result = []
    for family, found in [*sorted(families.items()), ("all", [r for r in rows if r["ratio"]])]:
        if found:
            worst = min(found, key=lambda r: r["ratio"])
            result.append({"family": family, "cases": len(found), "geomean": geomean([r["ratio"] for r in found]), "worst": worst["ratio"],
                           "worst_case": f"{worst['kernel']} {worst['dtype']} {worst['shape']}",
                           "below_1": sum(r["ratio"] < 1 for r in found)})
    return result


def peer_cell(peer):
    if "failure" in peer:
        return f"{peer['name']}: {peer['failure']}"
    said = f"{peer['name']} {peer['median_us']:.2f}"
    if not peer["correct"]:
        said += f" (WRONG, {peer['error']:.1e})"
    return said + ("" if peer["captured"] else " (not captured)")


def number(of, name):
    return f"{of[name]:.2f}" if name in of else "-"


def markdown(result):
    v = result["versions"]
    lines = ["# Kinema beside PyTorch", "",
             f"{v['gpu']}; PyTorch {v['torch']}, CUDA {v['cuda']}, cuDNN {v['cudnn']}, without TF32; kernels {v['lab']['build']}, driver "
             f"{v['lab']['driver']}.", "", "```", v["nvidia_smi"], "```", "",
             "Medians in microseconds. A ratio is the time of the fastest correct peer over ours: above 1, ours is faster. `least` is what "
             "the roofline of the lab's run allows, `error` the relative L2 distance of that peer's result from the reference.", "",
             "| family | cases | geomean | worst | below 1 | worst case |", "|---|---|---|---|---|---|"]
    lines += [f"| {s['family']} | {s['cases']} | {s['geomean']:.2f} | {s['worst']:.2f} | {s['below_1']} | {s['worst_case']} |"
              for s in result["summary"]]
    lines += ["", "| case | ours | p90 | v | least | best peer | its kernel | error | ratio | all peers | note |", "|" + "---|" * 11]
    for row in result["rows"]:
        best = next((p for p in row["peers"] if p["name"] == row["best"]), None)
        ours = row["ours"]
        cells = [f"{row['kernel']} {row['dtype']} {row['shape']}", number(ours, "median_us"), number(ours, "p90_us"),
                 str(ours.get("variant", "-")), number(ours, "least_us"), row["best"] or "none",
                 (best["kernels"] or ["-"])[0][:80] if best else "-", f"{best['error']:.1e}" if best else "-",
                 f"{row['ratio']:.2f}" if row["ratio"] else "-", "; ".join(map(peer_cell, row["peers"])), "; ".join(row["notes"])]
        lines.append("| " + " | ".join(c.replace("|", "/") for c in cells) + " |")
    lines += ["", "Without a peer: " + (", ".join(result["without"]) or "none") + "."]
    return "\n".join(lines) + "\n"


def network_rows(files):
    """The rows of `kinema bench` that have peers, with the batch they were timed at."""
    for file in files:
        with open(file, encoding="utf-8") as stream:
            bench = json.load(stream)
        for row in bench["rows"]:
            if row["name"].split("/")[-1].split(" ")[-1] in peer_networks.NETWORKS:
                row["name"] = row["name"].split("/")[-1].split(" ")[-1]
                yield row, bench["machine"]["batch"]


def measure_networks(files, only, compile_too):
    for row, batch in network_rows(files):
        if only not in row["name"]:
            continue
        print(f"{row['name']} {row['precision']}, batch {batch}", flush=True)
        seconds = sorted(row["samples"]["seconds"])
        n = len(seconds)
        ours = {"median_us": (seconds[(n - 1) // 2] + seconds[n // 2]) / 2 * 1e6, "p90_us": seconds[(9 * n + 9) // 10 - 1] * 1e6}
        peers = peer_networks.measure(row, batch, compile_too, tell_peer)
        yield with_ratio({"kernel": "programs." + row["name"], "dtype": row["precision"].lower(), "shape": f"batch={batch}", "ours": ours,
                          "notes": ["ours from float32 clips, or bytes, to results on the host; peers on the device alone"],
                          "peers": peers})


def write(result, name):
    with open(name + ".json", "w", encoding="utf-8") as stream:
        json.dump(result, stream, indent=1)
    with open(name + ".md", "w", encoding="utf-8") as stream:
        stream.write(markdown(result))


def measure(lab, options):
    without_tf32()
    cases, without, failed = cases_of(lab, options.only)
    result = {"versions": versions(lab), "rows": [], "without": without, "failed": failed}
    clock = Clock(torch)
    for timing, work in cases:
        name = " ".join((timing["kernel"], timing["dtype"], timing["shape"]))
        print(name, flush=True)
        try:
            peers, kind = measure_case(timing, work, options.compile, clock)
        except Exception as e:  # a case that cannot be set up is told of, and the others are measured
            result["failed"].append(f"{name}: {first_line(e)}")
            print("    " + first_line(e), flush=True)
            continue
        row = {"kernel": timing["kernel"], "dtype": timing["dtype"], "shape": timing["shape"], "ours": ours_of(timing),
               "notes": [work.note] if work.note else [], "peers": peers, "reference": kind}
        result["rows"].append(with_ratio(row))
        result["summary"] = summary(result["rows"])
        write(result, options.out)  # after each case: a run that is cut off leaves what it has
    for row in measure_networks(options.bench, options.only, options.compile):
        result["rows"].append(row)
        result["summary"] = summary(result["rows"])
        write(result, options.out)
    return result


def dry_run(lab, options):
    cases, without, failed = cases_of(lab, options.only)
    for timing, work in cases:
        names = [p.name for p in work.peers if options.compile or not p.compiles]
        print(f"{timing['kernel']} {timing['dtype']} {timing['shape']}\n    ours {timing['median_us']:.2f} us; peers: {'; '.join(names)}")
    for row, batch in network_rows(options.bench):
        training, each = peer_networks.NETWORKS[row["name"]]
        print(f"{row['name']} {row['precision']}\n    {batch * each} clips; peers: {'; '.join(peer_networks.names(training))}")
    print(f"{len(cases)} cases; without a peer: {', '.join(without) or 'none'}")
    for sentence in failed:
        print(f"not understood: {sentence}")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", metavar="LAB.json")
    parser.add_argument("--bench", metavar="BENCH.json", action="append", default=[])
    parser.add_argument("--out", metavar="NAME", required=True)
    parser.add_argument("--only", metavar="TEXT", default="", help="only cases with this in their name")
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="leave out torch.compile, which takes minutes")
    parser.add_argument("--dry-run", action="store_true", help="name what would run, and run nothing; needs no PyTorch")
    options = parser.parse_args()
    with open(options.lab, encoding="utf-8") as stream:
        lab = json.load(stream)
    if options.dry_run:
        return dry_run(lab, options)
    try:
        if not torch.cuda.is_available():
            sys.exit("peers.py: PyTorch is there and sees no GPU: install its driver, or give --dry-run")
    except ModuleNotFoundError:
        sys.exit("peers.py: PyTorch is not there (import torch): run it by a python3 that has it, or give --dry-run")
    result = measure(lab, options)
    print(f"{options.out}.md, {options.out}.json: {len(result['rows'])} cases")
    wrong = [p for row in result["rows"] for p in row["peers"] if not p.get("correct") and "failure" not in p]
    print(f"{len(wrong)} peers are wrong and not counted, {len(result['failed'])} cases failed", *result["failed"], sep="\n    ")
    return 1 if result["failed"] or not result["rows"] else 0


if __name__ == "__main__":
    sys.exit(main())
