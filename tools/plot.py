#!/usr/bin/env python3
"""Draws what pith measured.

    tools/plot.py experts FILE.json [OUT.png]       of pith run --expert-stats FILE.json; else FILE.png
    tools/plot.py training LOG.jsonl [LOG.jsonl ...] OUT.png
                                                    of pith-lab: losses and shares of right answers
    tools/plot.py load LOG.jsonl [LOG.jsonl ...] OUT.png --experts N
                                                    of a mixture's pretraining
    tools/plot.py rlhf LOG.jsonl OUT.png            scores, KL, length
    tools/plot.py rlhf-kl LABEL=LOG.jsonl [LABEL=LOG.jsonl ...] OUT.png
                                                    scores over KL, run beside run
    tools/plot.py ladder LADDER.csv '[A, B, E, alpha, beta]' OUT.png
                                                    of tools/scaling_report.py: losses and the law
    tools/plot.py skills LADDER.csv OUT.png         of the same: exact match and log probability

Several logs of one training are stretches of it, as of a trunk and of the cooldown that branches from it:
what a log has beyond the next one's beginning is left out. Needs matplotlib.
"""

import argparse
import csv
import io
import json
from pathlib import Path

try:
    import matplotlib
except ModuleNotFoundError:
    raise SystemExit("tools/plot.py needs matplotlib: pip install matplotlib") from None

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image


def experts(path, out):
    """Load of each expert in each layer, relative to an even share, beside each layer's entropy."""
    with open(path) as file:
        stats = json.load(file)
    layers = stats["layers"]
    if not layers:
        raise SystemExit(f"{path}: the model has no mixture layers")
    width = max(layer["experts"] for layer in layers)
    load = np.full((len(layers), width), np.nan)
    for row, layer in zip(load, layers):
        row[: layer["experts"]] = np.array(layer["load"]) * layer["experts"] / layer["active"]
    evenness = [layer["entropy"] / layer["max_entropy"] if layer["max_entropy"] else 1 for layer in layers]

    size = (4 + min(width, 128) * 0.1, 2 + len(layers) * 0.2)
    figure, (map_axes, side) = plt.subplots(
        1, 2, sharey=True, figsize=size, width_ratios=(5, 1), layout="constrained"
    )
    image = map_axes.imshow(load, aspect="auto", cmap="magma", vmin=0, interpolation="nearest")
    figure.colorbar(image, ax=map_axes, label="load, 1 = even share", location="left")
    map_axes.set_xlabel("expert")
    map_axes.set_ylabel("layer")
    map_axes.set_yticks(range(len(layers)), [layer["layer"] for layer in layers])
    map_axes.set_title(f"{stats['tokens']} tokens")
    side.barh(range(len(layers)), evenness, color="slategray")
    side.set_xlim(0, 1)
    side.set_xlabel("entropy / max")
    save(figure, out)


def read_log(path):
    with open(path) as file:
        rows = [json.loads(line) for line in file]
    if not rows:
        raise SystemExit(f"{path}: no lines")
    return rows


def read_training(paths):
    """The rows of all stretches, and the name of what they count: tokens, else steps."""
    stretches = [read_log(path) for path in paths]
    count = "tokens" if all("tokens" in row for rows in stretches for row in rows) else "step"
    ends = [rows[0][count] for rows in stretches[1:]] + [float("inf")]
    return [row for rows, end in zip(stretches, ends) for row in rows if row[count] < end], count


def draw_column(axes, rows, x, key, **style):
    """One key of the rows that have it; where they are many, a running mean over what the batches scatter."""
    points = [(row[x], row[key]) for row in rows if key in row]
    if not points:
        return
    at, values = np.array(points).T
    style = {"label": key.replace("_", " "), **style}
    width = len(values) // 25
    if "validation" in key:
        axes.plot(at, values, marker=".", zorder=3, **style)
    elif width < 2:
        axes.plot(at, values, **style)
    else:
        line = axes.plot(at, values, linewidth=0.5, alpha=0.4, **{**style, "label": None})[0]
        mean = np.convolve(values, np.ones(width) / width, mode="valid")
        axes.plot(at[width // 2 :][: len(mean)], mean, **{"color": line.get_color(), **style})


def millions(axes, count):
    axes.set_xlabel(count)
    axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter(sep=""))


def save(figure, out):
    """As a picture of 64 colours, a third of the size."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100)
    Image.open(drawn).convert("RGB").quantize(64).save(out, format="PNG", optimize=True)


def training(paths, out):
    """Losses, and below them the shares of right answers where there are any, over tokens or steps."""
    rows, count = read_training(paths)
    losses = ["loss", "validation_loss", "answer_validation_loss", "text_validation_loss"]
    shares = ["right", "validation_right"]
    panels = [keys for keys in (losses, shares) if any(key in row for row in rows for key in keys)]
    figure, columns = plt.subplots(
        len(panels), 1, sharex=True, squeeze=False, figsize=(7, 1 + 3 * len(panels)), layout="constrained"
    )
    for axes, keys in zip(columns[:, 0], panels):
        for key in keys:
            draw_column(axes, rows, count, key)
        if keys is losses:
            axes.set_ylabel("nats a token" if len(panels) == 1 else "nats a pair")
            if count == "tokens":  # from nothing: the loss falls by a power of what was read
                axes.set_yscale("log")
                for set_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                    set_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axes.grid(alpha=0.3)
        axes.legend()
    millions(columns[-1, 0], count)
    save(figure, out)


def load(paths, out, experts_per_layer):
    """Load of each expert over training, relative to an even share: a map for each layer."""
    rows, count = read_training(paths)
    rows = [row for row in rows if "load" in row]
    if not rows:
        raise SystemExit(f"{paths[0]}: no load in any line: not of a mixture")
    counts = np.array([row["load"] for row in rows], dtype=float)
    if counts.shape[1] % experts_per_layer:
        raise SystemExit(
            f"{paths[0]}: {counts.shape[1]} experts in all are no multiple of {experts_per_layer}"
        )
    counts = counts.reshape(len(rows), -1, experts_per_layer)
    share = counts / counts.mean(axis=2, keepdims=True)
    layers = share.shape[1]
    figure, columns = plt.subplots(
        layers, 1, sharex=True, squeeze=False, figsize=(7, 1 + 1.2 * layers), layout="constrained"
    )
    edges = [row[count] for row in rows] + [2 * rows[-1][count] - rows[-2][count] if len(rows) > 1 else 1]
    for layer, axes in enumerate(columns[:, 0]):
        image = axes.pcolormesh(
            edges, np.arange(experts_per_layer + 1) - 0.5, share[:, layer].T, cmap="magma", vmin=0, vmax=2
        )
        axes.set_ylabel(f"layer {layer}\nexpert")
    millions(columns[-1, 0], count)
    figure.colorbar(image, ax=columns[:, 0], label="load, 1 = even share", extend="max")
    save(figure, out)


def rlhf(path, out):
    """What the policy is trained on beside what it is meant for, and how far it went from where it began."""
    rows = read_log(path)
    figure, panels = plt.subplots(2, 2, sharex=True, figsize=(9, 6), layout="constrained")
    scores, kl, length, right = panels.flat
    draw_column(scores, rows, "step", "proxy_reward", color="tab:blue")
    scores.set_ylabel("proxy reward", color="tab:blue")
    true = scores.twinx()
    draw_column(true, rows, "step", "true_score", color="tab:orange")
    true.set_ylabel("true score", color="tab:orange")
    draw_column(kl, rows, "step", "kl")
    kl.set_ylabel("KL, nats an answer")
    draw_column(length, rows, "step", "length")
    length.set_ylabel("tokens an answer")
    draw_column(right, rows, "step", "right")
    right.set_ylabel("right answers")
    for axes in panels.flat:
        axes.grid(alpha=0.3)
    for axes in panels[1]:
        axes.set_xlabel("step")
    save(figure, out)


def rlhf_kl(logs, out):
    """True score and proxy reward over KL: where one falls as the other rises, the proxy is overoptimised."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for log in logs:
        label, separator, path = log.partition("=")
        if not separator:
            raise SystemExit(f"{log}: expected LABEL=LOG.jsonl")
        rows = sorted(read_log(path), key=lambda row: row["kl"])
        for axes, key in zip(panels, ("proxy_reward", "true_score")):
            draw_column(axes, rows, "kl", key, label=label)
            axes.set_ylabel(key.replace("_", " "))
    for axes in panels:
        axes.set_xlabel("KL, nats an answer")
        axes.grid(alpha=0.3)
    panels[0].legend()
    save(figure, out)


def read_ladder(path):
    """The runs of a ladder, a list for each size."""
    sizes = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            run = {k: v if k in ("name", "family") else float(v) for k, v in row.items()}
            sizes.setdefault(run["family"], []).append(run)
    return sizes


def palette(sizes):
    return dict(zip(sizes, plt.cm.viridis(np.linspace(0, 0.9, len(sizes)))))


def column(runs, key):
    return np.array([run[key] for run in runs])


def ladder(path, constants, out):
    """Loss against parameters, tokens and operations: a colour a size, the law dashed."""
    A, B, E, alpha, beta = json.loads(constants)

    def law(n, d):
        return E + A / n**alpha + B / d**beta

    sizes = read_ladder(path)
    runs = [run for group in sizes.values() for run in group]
    figure, panels = plt.subplots(1, 3, sharey=True, figsize=(11, 4), layout="constrained")
    over_n, over_d, over_c = panels
    colours = palette(sizes)
    n = np.geomspace(column(runs, "params").min(), column(runs, "params").max())
    d = np.geomspace(column(runs, "tokens").min(), column(runs, "tokens").max())
    budgets = {f"{run['tokens']:.1e}": run["tokens"] for run in runs}
    for tokens in budgets.values():
        over_n.plot(n, law(n, tokens), "--", color="grey", linewidth=0.8)
    for name, group in sizes.items():
        style = {"color": colours[name], "linestyle": "none", "marker": "o", "label": name}
        curve = {"color": colours[name], "linestyle": "--", "linewidth": 0.8}
        params = group[0]["params"]
        over_n.plot(column(group, "params"), column(group, "loss"), **style)
        over_d.plot(column(group, "tokens"), column(group, "loss"), **style)
        over_d.plot(d, law(params, d), **curve)
        over_c.plot(column(group, "flops"), column(group, "loss"), **style)
        over_c.plot(group[0]["flops"] / group[0]["tokens"] * d, law(params, d), **curve)
    for axes, label in zip(panels, ("N, parameters", "D, tokens", "C, operations")):
        axes.set_xscale("log")
        axes.set_xlabel(label)
        axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        axes.axhline(E, color="black", linewidth=0.8, linestyle=":")
        axes.grid(alpha=0.3)
    for axes in (over_n, over_d):
        axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter(sep=""))
    over_n.set_ylabel("loss, nats a token (dotted: E)")
    over_c.legend(title="parameters")
    save(figure, out)


def skills(path, out):
    """Each skill by a sharp and by a smooth metric of the same answers, over the operations of training."""
    sizes = read_ladder(path)
    names = [key[: -len(" exact")] for key in next(iter(sizes.values()))[0] if key.endswith(" exact")]
    metrics = {"exact": "exact match", "logprob": "log probability per token"}
    figure, panels = plt.subplots(
        2, len(names), sharex=True, squeeze=False, figsize=(3.7 * len(names), 6), layout="constrained"
    )
    colours = palette(sizes)
    for row, (metric, label) in zip(panels, metrics.items()):
        row[0].set_ylabel(label)
        for axes, name in zip(row, names):
            for family, group in sizes.items():
                values = column(group, f"{name} {metric}")
                axes.plot(column(group, "flops"), values, marker="o", color=colours[family], label=family)
            axes.set_xscale("log")
            axes.grid(alpha=0.3)
    for axes, name in zip(panels[0], names):
        axes.set_title(name)
    for axes in panels[1]:
        axes.set_xlabel("operations of training")
    panels[0, 0].legend(title="parameters")
    save(figure, out)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    heat = commands.add_parser("experts", help="heat map of the experts' load")
    heat.add_argument("file", metavar="FILE.json")
    heat.add_argument("out", metavar="OUT.png", nargs="?")
    heat.set_defaults(draw=lambda a: experts(a.file, a.out))
    loss = commands.add_parser("training", help="losses and shares of right answers")
    loss.add_argument("logs", metavar="LOG.jsonl", nargs="+")
    loss.set_defaults(draw=lambda a: training(a.logs, a.out))
    balance = commands.add_parser("load", help="load of a mixture's experts over training")
    balance.add_argument("logs", metavar="LOG.jsonl", nargs="+")
    balance.add_argument("--experts", type=int, required=True, metavar="N", help="of a layer")
    balance.set_defaults(draw=lambda a: load(a.logs, a.out, a.experts))
    scores = commands.add_parser("rlhf", help="scores, KL and length of one run")
    scores.add_argument("log", metavar="LOG.jsonl")
    scores.set_defaults(draw=lambda a: rlhf(a.log, a.out))
    against = commands.add_parser("rlhf-kl", help="scores over KL, run beside run")
    against.add_argument("logs", metavar="LABEL=LOG.jsonl", nargs="+")
    against.set_defaults(draw=lambda a: rlhf_kl(a.logs, a.out))
    sizes = commands.add_parser("ladder", help="losses of a ladder of models with the fitted law")
    sizes.add_argument("file", metavar="LADDER.csv")
    sizes.add_argument("law", metavar="'[A, B, E, alpha, beta]'")
    sizes.set_defaults(draw=lambda a: ladder(a.file, a.law, a.out))
    abilities = commands.add_parser("skills", help="skills of a ladder of models")
    abilities.add_argument("file", metavar="LADDER.csv")
    abilities.set_defaults(draw=lambda a: skills(a.file, a.out))
    for command in (loss, balance, scores, against, sizes, abilities):
        command.add_argument("out", metavar="OUT.png")
    args = parser.parse_args()
    args.out = args.out or Path(args.file).with_suffix(".png")
    try:
        args.draw(args)
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}")
    print(args.out)


if __name__ == "__main__":
    main()
