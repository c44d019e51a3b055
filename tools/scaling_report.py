#!/usr/bin/env python3
"""Writes tools/reports/scaling.md: how loss and skills of the bundled ladder depend on size and data.

    tools/scaling_report.py RUN [--pith build/pith] [--out tools/reports] [--items 500] [--no-pictures]

RUN is the folder of tools/train/reproduce.sh. Its runs/NAME/point.csv say what each training came to; NAME is
FAMILY-TOKENS or FAMILY-seedN-TOKENS, and what has no TOKENS is a trunk whose rate never fell, which is left
out. The ladder are the families named by a size (160k, 2m), trained with the first seed; the others are seeds
of the same cells, and the mixture of experts beside dense models. Skills are measured with `pith eval
generate` and `pith score` on --items questions (0: none); RUN/eval/skills-NAME.json keeps what was measured.
Beside the page come ladder.csv, which `pith plan fit` takes, and the pictures of tools/plot.py, for which
matplotlib is needed.
"""

import argparse
import csv
import json
import math
import pathlib
import re
import statistics
import sys
import tempfile

from reporting import checked, read_jsonl, spread, table

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = re.compile(r"(?P<family>.+?)(-seed(?P<seed>\d+))?-\d+")
METRICS = ("exact", "logprob", "brier")


# What was trained.

def read_runs(folder):
    runs = []
    for path in sorted(folder.glob("runs/*/point.csv")):
        name = NAME.fullmatch(path.parent.name)
        if not name:
            continue
        with open(path, encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file))
        run = {"name": path.parent.name, "family": name["family"], "seed": int(name["seed"] or 1)}
        run |= {key: float(row[key]) for key in ("params", "total_params", "tokens", "flops", "loss")}
        runs.append(run)
    if not runs:
        raise SystemExit(f"{folder}: no runs/NAME-TOKENS/point.csv")
    return sorted(runs, key=lambda r: (r["params"], r["tokens"], r["seed"]))


def is_ladder(run):
    return re.fullmatch(r"\d+[km]", run["family"]) and run["seed"] == 1


def write_csv(path, runs):
    columns = list(runs[0])
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for run in runs:
            writer.writerow({k: f"{v:.10g}" if isinstance(v, float) else v for k, v in run.items()})


# Skills: questions as the base models read them, each with the answer that is expected.

def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def instructions(corpus, count):
    kinds = ("copy", "reverse", "sort", "extract")
    lines = [r for r in read_jsonl(corpus / "sft_test.jsonl")
             if r["kind"] in kinds and len(r["messages"]) == 2]
    return [(r["plain"], r["answer"]) for r in spread(lines, count)]


def rules(corpus, count):
    return [("".join(f"{e['in']} -> {e['out']}\n" for e in r["examples"]) + r["prompt"], r["answer"])
            for r in spread(read_jsonl(corpus / "tasks_rule_test.jsonl"), count)]


def worked_problems(corpus, count):
    lines = [r["text"] for r in read_jsonl(corpus / "validation.jsonl") if r["kind"] == "problem-steps"]
    pairs = [pair.partition("\nAnswer: ") for text in lines for pair in text.strip().split("\n\n")]
    return [(question + "\nAnswer:", answer) for question, _, answer in spread(pairs, count)]


# name, questions, tokens of the longest answer, how its text ends, the rule of what counts in it
SKILLS = (
    ("instructions", instructions, 40, "\n", "text"),
    ("in-context rules", rules, 24, "\n", "text"),
    ("worked problems", worked_problems, 200, "\n\n", r"regex:The answer is (-?\d+)"),
)


def measure(pith, model, questions, longest, end, rule):
    """Exact match of what the model writes, and the probability that it gives to the answer expected."""
    with tempfile.TemporaryDirectory() as folder:
        task, pairs = pathlib.Path(folder) / "task.jsonl", pathlib.Path(folder) / "pairs.jsonl"
        right = (lambda text: re.search(rule[len("regex:"):], text)[1]) if rule.startswith("regex:") else str
        write_jsonl(task, ({"prompt": q, "answer": right(a)} for q, a in questions))
        write_jsonl(pairs, ({"prompt": q, "continuations": [" " + a]} for q, a in questions))
        answered = json.loads(checked([pith, "eval", "generate", "-m", model, task, "--raw", "-n", longest,
                                       "--stop", end, "--answer", rule, "--parallel", 32, "--json"]))
        scores = checked([pith, "score", "-m", model, pairs])
    found = [json.loads(line)["continuations"][0] for line in scores.splitlines()]
    tokens = sum(len(f["tokens"]) for f in found)
    return {"exact": answered["accuracy"]["value"], "logprob": sum(f["sum"] for f in found) / tokens,
            "brier": statistics.mean((1 - math.exp(f["sum"])) ** 2 for f in found)}


def add_skills(run, folder, pith, items):
    kept = folder / "eval" / f"skills-{run['name']}.json"
    measured = json.loads(kept.read_text()) if kept.exists() else {}
    if measured.get("items") != items:
        model = folder / "runs" / run["name"] / "final.gguf"
        measured = {"items": items, "skills": {
            name: measure(pith, model, make(folder / "corpus", items), *how) for name, make, *how in SKILLS}}
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(measured, indent=1) + "\n")
        print(f"{run['name']}: skills measured", file=sys.stderr)
    for skill, values in measured["skills"].items():
        run |= {f"{skill} {metric}": values[metric] for metric in METRICS}


# The law.

def fit(pith, path):
    """The constants with their resamples, and what pith plan fit says for readers."""
    command = [pith, "plan", "fit", path]
    return json.loads(checked([*command, "--json"]))["parametric"], checked(command)


def loss_by(constants, params, tokens):
    a, b, e, alpha, beta = constants
    return e + a / params**alpha + b / tokens**beta


def predicted(law, run):
    """Of the law, and the 95 % of its resamples."""
    best = [law[key]["value"] for key in ("A", "B", "E", "alpha", "beta")]
    resampled = sorted(loss_by(c, run["params"], run["tokens"]) for c in law["resamples"])
    return (loss_by(best, run["params"], run["tokens"]), resampled[int(len(resampled) * 0.025)],
            resampled[int(len(resampled) * 0.975)])


# The page.

LAW = """## Loss against parameters, tokens and operations

{runs} dense models: N parameters without embeddings, D tokens, C operations (counted: attention and the head
as well), loss in nats a token on the validation text. Each size was trained once at a constant rate; every
budget is a cooldown that branches from this trunk. `pith plan fit tools/reports/ladder.csv` (intervals:
resampled runs, which do not cover seeds of training):

```
{fit}
```

Where a group of equal compute (IsoFLOP) is used above, its cells are interpolated between runs.

![loss against N, D and C with the fitted law](scaling.png)

The irreducible loss comes out as {irreducible}. The generator that wrote the text spent {entropy:.3f} nats a
token on its choices. Where several choices lead to the same text it is less surprising than any of them, so
this bounds the text's entropy from above; windows that begin in the middle of a document keep a model's loss
above it.
"""

PREDICTION = """## The largest model's longest run, predicted by the others

The law fitted to the other {others} runs, asked for N = {params:.4g}, D = {tokens:.4g}:

{table}

The run was done before the prediction, which did not see it. The aim, within 3 % and at most half as far off
as the next smaller model, {aim}.
"""

SHARP_AND_SMOOTH = """## Skills against scale

Up to {items} questions each to the base models, greedily: requests to copy, reverse, sort and extract; rules
to be found in eight examples; word problems with the steps written out. The sharp metric is exact match (of
worked problems: of the final number). The smooth ones are of the same expected answers: log probability per
token, and the Brier score (1 - p)² of the whole answer's probability p. Where exact match jumps and log
probability does not, the jump is the metric's: an answer of k tokens is right only if all of them are.

![skills against operations](skills.png)
"""

MIXTURE = """## Mixture of experts against dense

The mixture beside a dense model of its active parameters and one of all its parameters, on the same tokens;
mean and range over seeds.

{table}
"""

SEEDS = """## What a seed changes

{table}
"""


def table_text(head, rows):
    return "\n".join(table(head, rows))


def law_section(law, text, ladder, entropy):
    e = law["E"]
    irreducible = f"E = {e['value']:.3f}"
    if e["interval"]:
        irreducible += f" ({e['interval'][0]:.3f} to {e['interval'][1]:.3f})"
    return LAW.format(runs=len(ladder), fit=text.rstrip(), irreducible=irreducible, entropy=entropy)


def prediction_section(pith, ladder):
    target = ladder[-1]
    with tempfile.TemporaryDirectory() as folder:
        write_csv(pathlib.Path(folder) / "others.csv", ladder[:-1])
        law, _ = fit(pith, pathlib.Path(folder) / "others.csv")
    loss, low, high = predicted(law, target)
    smaller = [r for r in ladder if r["params"] < target["params"]][-1]
    error, naive = loss / target["loss"] - 1, smaller["loss"] / target["loss"] - 1
    met = abs(error) <= 0.03 and abs(error) <= abs(naive) / 2
    rows = (("measured", f"{target['loss']:.4f}", ""),
            ("predicted", f"{loss:.4f} ({low:.4f} to {high:.4f})", f"{100 * error:+.2f} %"),
            ("the next smaller model's longest run", f"{smaller['loss']:.4f}", f"{100 * naive:+.2f} %"))
    return PREDICTION.format(others=len(ladder) - 1, params=target["params"], tokens=target["tokens"],
                             table=table_text(("", "loss", "off by"), rows),
                             aim="is met" if met else "is missed")


def skills_section(ladder, items):
    shown = [r for r in ladder if f"{SKILLS[0][0]} exact" in r]
    if not shown:
        return ""
    text = SHARP_AND_SMOOTH.format(items=items)
    for skill, *_ in SKILLS:
        rows = [(f"{r['params']:.4g}", f"{r['tokens']:.4g}", f"{r['flops']:.3g}",
                 f"{100 * r[f'{skill} exact']:.1f} %", f"{r[f'{skill} logprob']:.3f}",
                 f"{r[f'{skill} brier']:.3f}") for r in shown]
        head = ("N", "D", "operations", "exact match", "log probability per token", "Brier")
        text += f"\n### {skill.capitalize()}\n\n{table_text(head, rows)}\n"
    return text


def mean_and_range(losses):
    mean = f"{statistics.mean(losses):.4f}"
    return f"{mean} ({min(losses):.4f} to {max(losses):.4f})" if len(losses) > 1 else mean


def mixture_section(runs):
    rows = []
    for family in ("moe-dense-active", "moe", "moe-dense-total"):
        group = [r for r in runs if r["family"] == family]
        if group:
            sizes = (f"{group[0][key]:.4g}" for key in ("params", "total_params", "tokens", "flops"))
            rows.append((family, *sizes, mean_and_range([r["loss"] for r in group]), len(group)))
    head = ("model", "active parameters", "all parameters", "tokens", "operations", "loss", "seeds")
    return MIXTURE.format(table=table_text(head, rows)) if rows else ""


def seeds_section(runs):
    rows = []
    for run in filter(is_ladder, runs):
        losses = [r["loss"] for r in runs if r["family"] == run["family"]
                  and abs(r["tokens"] / run["tokens"] - 1) < 0.01]
        if len(losses) > 1:
            rows.append((run["family"], f"{run['tokens']:.4g}", ", ".join(f"{loss:.4f}" for loss in losses),
                         f"{100 * (max(losses) / min(losses) - 1):.2f} %"))
    return SEEDS.format(table=table_text(("size", "tokens", "losses", "apart"), rows)) if rows else ""


def draw(kind, *arguments):
    checked([sys.executable, ROOT / "tools/plot.py", kind, *arguments])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path, metavar="RUN")
    parser.add_argument("--pith", default=str(ROOT / "build/pith"))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tools/reports")
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--no-pictures", action="store_true")
    args = parser.parse_args()
    runs = read_runs(args.run)
    ladder = [r for r in runs if is_ladder(r)]
    for run in ladder if args.items else []:
        add_skills(run, args.run, args.pith, args.items)
    entropy = json.loads((args.run / "tokens/report.json").read_text())["validation"]
    args.out.mkdir(parents=True, exist_ok=True)
    write_csv(args.out / "ladder.csv", ladder)
    law, text = fit(args.pith, args.out / "ladder.csv")

    sections = (law_section(law, text, ladder, entropy["derivation_nats_per_token"]),
                prediction_section(args.pith, ladder), skills_section(ladder, args.items),
                mixture_section(runs), seeds_section(runs))
    page = "\n".join(("# Scaling of the bundled ladder\n\nMade by `tools/scaling_report.py`.\n",
                      *filter(None, sections)))
    (args.out / "scaling.md").write_text(page, encoding="utf-8")
    if args.no_pictures:
        return
    constants = json.dumps([law[key]["value"] for key in ("A", "B", "E", "alpha", "beta")])
    draw("ladder", args.out / "ladder.csv", constants, args.out / "scaling.png")
    if args.items:
        draw("skills", args.out / "ladder.csv", args.out / "skills.png")


if __name__ == "__main__":
    main()
