#!/usr/bin/env python3
"""Writes the cards of the bundled models from what their training logged.

    tools/train/make_cards.py RUN MODELS [--pith build/pith] [--machine TEXT]

RUN is the folder of tools/train/reproduce.sh; MODELS the one with NAME.gguf, where NAME.md is written beside it.
Every figure comes from a log, an evaluation or the file itself; a card without its evaluation says so.
"""

import argparse
import json
import pathlib
import subprocess
import tomllib

HERE = pathlib.Path(__file__).resolve().parent


def read_log(folder):
    path = folder / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def effort(rows):
    """(tokens, operations, seconds) of the lines that have speeds."""
    tokens = operations = seconds = before = 0
    for row in rows:
        if "tokens_per_s" not in row:
            continue
        # Pre-training counts its tokens itself; elsewhere they follow from the speed.
        time = row.get("seconds", (row.get("tokens", 0) - before) / row["tokens_per_s"])
        before = row.get("tokens", 0)
        tokens += time * row["tokens_per_s"]
        operations += time * row["flops"]
        seconds += time
    return tokens, operations, seconds


def pretraining(run, config):
    """Effort of one budget's model: the trunk as far as its branch, then its own decay."""
    budget = config["schedule"]["budgets"][-1]
    decay = budget - round(config["schedule"]["decay_share"] * budget)
    trunk = [r for r in read_log(run / config["run"]) if r.get("tokens", 0) <= decay]
    tail = read_log(run / f"{config['run']}-{budget}")
    whole = [sum(pair) for pair in zip(effort(trunk), effort([{**r, "tokens": r["tokens"] - decay} if "tokens" in r
                                                              else r for r in tail]))]
    validation = [r["validation_loss"] for r in tail if "validation_loss" in r]
    return budget, whole[1], whole[2], validation[-1] if validation else None


def duration(seconds):
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def evaluation(path):
    if not path.exists():
        return ["Not evaluated on the test split yet."]
    lines = ["| task | kind | accuracy | 95 % interval | n |", "|---|---|---|---|---|"]
    for task, result in json.loads(path.read_text())["tasks"].items():
        for kind, r in result["kinds"].items():
            lines.append(f"| {task} | {kind} | {100 * r['accuracy']:.1f} % | {100 * r['low']:.1f} to "
                         f"{100 * r['high']:.1f} % | {r['n']} |")
        if len(result["kinds"]) > 1:
            lines.append(f"| {task} | **mean of the kinds** | {100 * result['macro']:.1f} % | | |")
    return lines


def percent(mean, sign=""):
    return f"{100 * mean['mean']:{sign}.1f} % ({100 * mean['low']:{sign}.1f} to {100 * mean['high']:{sign}.1f})"


def against(path, other):
    """How the answers compare with another model's to the same items."""
    tasks = json.loads(path.read_text())["tasks"] if path.exists() else {}
    rows = [f"| {task} | {percent(r['difference'], '+')} | {percent(r['preferred'])} |" for task, r in tasks.items()
            if "preferred" in r]
    if not rows:
        return []
    return ["", f"Against {other}, on the same items: the change of the accuracy, and how often the annotator likes "
            "this model's answer better (ties count half).", "", "| task | accuracy | preferred |", "|---|---|---|",
            *rows]


def ranking(path):
    if not path.exists():
        return []
    lines = ["Pairs of answers, on the test split, that it ranks as the annotator does, by what they differ in:",
             "", "| difference | ranked right | 95 % interval | n |", "|---|---|---|---|"]
    for group, r in json.loads(path.read_text()).items():
        lines.append(f"| {group} | {100 * r['accuracy']:.1f} % | {100 * r['low']:.1f} to {100 * r['high']:.1f} % | "
                     f"{r['n']} |")
    return lines + [""]


def card(name, model, run, models, pith, machine):
    path = models / f"{name}.gguf"
    facts = json.loads(subprocess.run([pith, "inspect", "--json", path], check=True, capture_output=True).stdout)
    config = json.loads((run / "configs" / f"{model['config']}.json").read_text())
    if model["command"] == "pretrain":
        tokens, operations, seconds, loss = pretraining(run, config)
        data = f"{tokens / 1e6:g} million tokens of the project's own generators (`pith-lab corpus`)"
    else:
        tokens, operations, seconds = effort(read_log(run / config["run"]))
        data, loss = f"{model['data']}; {tokens / 1e6:.1f} million tokens went through training", None
    shape = json.loads((run / "configs" / f"{model['shape']}.json").read_text())["model"]
    shape["layers"] += config.get("layers", 0)
    feed_forward = f"{shape['ffn']} wide feed-forward"
    if shape["experts"]:
        feed_forward = f"{shape['experts']} experts of {shape['ffn']}, {shape['active']} active"
    embedding = facts["vocabulary"] * facts["width"]
    size = f"{(facts['parameters'] - embedding) / 1e6:.3f} million parameters without embeddings"
    if facts["active_parameters"] != facts["parameters"]:
        size += f" ({(facts['active_parameters'] - embedding) / 1e6:.3f} million active)"
    lines = [f"# {name}", "", model["purpose"].strip(), "", "| | |", "|---|---|",
             f"| made by | `bash tools/train/reproduce.sh`, step {model['config']} (`tools/train/configs/"
             f"{model['config']}.json`) |",
             f"| made from | {model['from']} |" if "from" in model else "",
             f"| shape | {shape['layers']} layers, {shape['width']} wide, {shape['heads']} heads of "
             f"{shape['head_dim']} ({shape['kv_heads']} of keys and values), {feed_forward}; context "
             f"{shape['context']}, vocabulary {facts['vocabulary']:,} |",
             f"| size | {size}; {path.stat().st_size / 1e6:.2f} MB as Q8_0 |",
             f"| data | {data} |",
             f"| training | {operations / 1e12:.1f} TFLOP in {duration(seconds)} on {machine} |",
             f"| loss | {loss:.4f} nats a token on the validation text |" if loss is not None else "",
             "| licence | that of pith (MIT), data and weights |"]
    lines = [line for i, line in enumerate(lines) if line or i in (1, 3)]
    lines += ["", "## What it can do", ""]
    if model.get("evaluation"):
        lines += ["On the test split, greedily; 95 % intervals over the items (they do not cover other seeds of "
                  "training).", ""] + evaluation(run / "eval" / f"{model['evaluation']}-test.json")
        if "against" in model:
            lines += against(run / "eval" / f"{model['evaluation']}-test.json", model["against"])
        lines += [""]
    if "ranking" in model:
        lines += ranking(run / "eval" / f"{model['ranking']}.json")
    lines += [model["can"].strip(), "", "## What it cannot do", "", model["cannot"].strip(), ""]
    for picture, caption in model.get("pictures", {}).items():
        if (models / picture).exists():
            lines += [f"![{caption}]({picture})", ""]
    (models / f"{name}.md").write_text("\n".join(lines).rstrip() + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--pith", default="build/pith")
    parser.add_argument("--machine", default="two cores of an AMD Zen 4 processor")
    arguments = parser.parse_args()
    cards = tomllib.loads((HERE / "cards.toml").read_text())
    for name, model in cards.items():
        if (arguments.models / f"{name}.gguf").exists():
            card(name, model, arguments.run, arguments.models, arguments.pith, arguments.machine)


if __name__ == "__main__":
    main()
