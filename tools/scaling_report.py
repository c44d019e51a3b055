#!/usr/bin/env python3
"""Writes tools/reports/scaling.md from the ladder's runs: what pith plan fit says, with its picture.

    tools/scaling_report.py RUNS.csv [--pith build/pith] [--out tools/reports] [--entropy NATS]
        [--prediction PREDICTION.json]
    tools/scaling_report.py RUNS.csv --predict PREDICTION.json

RUNS.csv has the columns params, tokens, loss (non-embedding parameters; loss in nats a token, on validation text),
optionally kind (dense, moe) and skill columns: NAME_exact and NAME_logprob, the exact match and the log probability
of the same answers. Only dense runs are fitted.

--predict, run before the largest model's longest run is known, fits the other runs and writes what they say about
it; --prediction holds the measured loss against that file, and against taking the next smaller model's loss at its
longest run. --entropy is what the corpus generator reports, beside the fitted irreducible loss.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile


def read_runs(path):
    with open(path, encoding="utf-8", newline="") as file:
        runs = list(csv.DictReader(file))
    for number, run in enumerate(runs, 2):
        for key in ("params", "tokens", "loss"):
            try:
                run[key] = float(run[key])
            except (KeyError, TypeError, ValueError):
                raise SystemExit(f"{path}: line {number}: {key}: expected a number, found {run.get(key)!r}")
    if not runs:
        raise SystemExit(f"{path}: no runs")
    return runs


def dense(runs):
    return [r for r in runs if r.get("kind", "dense") == "dense"]


def fit(pith, runs, plot=None):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "runs.csv"
        with open(path, "w", encoding="utf-8") as file:
            file.write("params,tokens,loss\n")
            file.writelines(f"{r['params']!r},{r['tokens']!r},{r['loss']!r}\n" for r in runs)
        command = [pith, "plan", "fit", str(path), "--json"] + (["--plot", str(plot)] if plot else [])
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr.strip())
        return json.loads(done.stdout)["parametric"]


def loss_by(law, params, tokens):
    value = {key: law[key]["value"] for key in ("A", "B", "E", "alpha", "beta")}
    return value["E"] + value["A"] / params ** value["alpha"] + value["B"] / tokens ** value["beta"]


def interval_by(law, params, tokens):
    losses = sorted(e + a / params**alpha + b / tokens**beta for a, b, e, alpha, beta in law["resamples"])
    return [losses[int(len(losses) * 0.025)], losses[int(len(losses) * 0.975)]] if losses else None


def longest_of_largest(runs):
    return max(dense(runs), key=lambda r: (r["params"], r["tokens"]))


def predict(pith, runs, out):
    target = longest_of_largest(runs)
    law = fit(pith, [r for r in dense(runs) if r is not target])
    prediction = {"params": target["params"], "tokens": target["tokens"],
                  "loss": loss_by(law, target["params"], target["tokens"]),
                  "interval": interval_by(law, target["params"], target["tokens"]),
                  "runs": len(dense(runs)) - 1}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(prediction, file, indent=1)
        file.write("\n")


def figure(value, interval):
    return f"{value:.4g} ({interval[0]:.4g} to {interval[1]:.4g})" if interval else f"{value:.4g}"


def law_section(law, count, entropy):
    lines = [f"Loss of the {count} dense runs by L(N, D) = E + A / N^alpha + B / D^beta (`pith plan fit`; 95 % "
             "intervals from resampled runs, which do not cover training seeds):", "",
             "| constant | value |", "|---|---|"]
    lines += [f"| {k} | {figure(law[k]['value'], law[k]['interval'])} |" for k in ("E", "A", "B", "alpha", "beta")]
    if entropy is not None:
        lines += ["", f"The generator's entropy is {entropy:.4g} nats a token; the fitted irreducible loss is "
                  f"{figure(law['E']['value'], law['E']['interval'])}."]
    lines += ["", f"Residuals: {100 * law['residual_rms']:.2g} % (root mean square). IsoFLOP cells, where the picture or "
              "`pith plan fit` shows them, are interpolated between runs."]
    return lines


def runs_section(runs):
    lines = ["| parameters | tokens | operations | loss | kind |", "|---|---|---|---|---|"]
    for r in sorted(runs, key=lambda r: (r.get("kind", "dense"), r["params"], r["tokens"])):
        lines.append(f"| {r['params']:.4g} | {r['tokens']:.4g} | {6 * r['params'] * r['tokens']:.3g} | {r['loss']:.4f} "
                     f"| {r.get('kind', 'dense')} |")
    return lines


def prediction_section(runs, prediction):
    target = next((r for r in dense(runs)
                   if (r["params"], r["tokens"]) == (prediction["params"], prediction["tokens"])), None)
    if target is None:
        raise SystemExit("the predicted run is not among the runs")
    smaller = [r for r in dense(runs) if r["params"] < target["params"]]
    if not smaller:
        raise SystemExit("there is no smaller model to compare the prediction with")
    neighbour = max(smaller, key=lambda r: (r["params"], r["tokens"]))
    error = prediction["loss"] / target["loss"] - 1
    naive = neighbour["loss"] / target["loss"] - 1
    return [f"N = {target['params']:.4g}, D = {target['tokens']:.4g}, predicted from the other {prediction['runs']} runs "
            "before it was known:", "", "| | loss | error |", "|---|---|---|",
            f"| measured | {target['loss']:.4f} | |",
            f"| predicted | {figure(prediction['loss'], prediction['interval'])} | {100 * error:+.2f} % |",
            f"| the next smaller model's longest run | {neighbour['loss']:.4f} | {100 * naive:+.2f} % |"]


def skills_section(runs):
    names = sorted(k[: -len("_exact")] for k in runs[0] if k.endswith("_exact") and k[: -len("_exact")] + "_logprob" in runs[0])
    lines = []
    for name in names:
        lines += ["", f"**{name}**, by a sharp and a smooth metric of the same answers:", "",
                  "| parameters | tokens | exact match | log probability |", "|---|---|---|---|"]
        for r in sorted(dense(runs), key=lambda r: (r["params"], r["tokens"])):
            lines.append(f"| {r['params']:.4g} | {r['tokens']:.4g} | {r[name + '_exact']} | {r[name + '_logprob']} |")
    return lines


def report(args, runs):
    args.out.mkdir(parents=True, exist_ok=True)
    law = fit(args.pith, dense(runs), args.out / "scaling.svg")
    lines = ["# Scaling of the bundled ladder", "",
             f"Made by `tools/scaling_report.py` from {pathlib.Path(args.runs).name}.", "", "## The law", ""]
    lines += law_section(law, len(dense(runs)), args.entropy) + ["", "![runs, law and residuals](scaling.svg)"]
    if args.prediction:
        with open(args.prediction, encoding="utf-8") as file:
            lines += ["", "## The largest model's longest run"] + [""] + prediction_section(runs, json.load(file))
    skills = skills_section(runs)
    if skills:
        lines += ["", "## Skills"] + skills
    lines += ["", "## The runs", ""] + runs_section(runs)
    (args.out / "scaling.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("runs", metavar="RUNS.csv")
    parser.add_argument("--pith", default=str(root / "build/pith"))
    parser.add_argument("--out", type=pathlib.Path, default=root / "tools/reports")
    parser.add_argument("--entropy", type=float)
    parser.add_argument("--prediction")
    parser.add_argument("--predict")
    args = parser.parse_args()
    runs = read_runs(args.runs)
    if args.predict:
        predict(args.pith, runs, args.predict)
    else:
        report(args, runs)


if __name__ == "__main__":
    main()
