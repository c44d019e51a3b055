#!/usr/bin/env python3
"""Draws what pith measured.

    tools/plot.py experts FILE.json [OUT.png]    # of pith run --expert-stats FILE.json; else FILE.png

Needs matplotlib.
"""

import argparse
import json
from pathlib import Path

try:
    import matplotlib
except ModuleNotFoundError:
    raise SystemExit("tools/plot.py needs matplotlib: pip install matplotlib") from None

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


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

    figure, (map_axes, side) = plt.subplots(
        1,
        2,
        sharey=True,
        figsize=(4 + min(width, 128) * 0.1, 2 + len(layers) * 0.2),
        width_ratios=(5, 1),
        layout="constrained",
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
    figure.savefig(out, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    heat = commands.add_parser("experts", help="heat map of the experts' load")
    heat.add_argument("file", metavar="FILE.json")
    heat.add_argument("out", metavar="OUT.png", nargs="?")
    args = parser.parse_args()
    out = args.out or Path(args.file).with_suffix(".png")
    {"experts": experts}[args.command](args.file, out)
    print(out)


if __name__ == "__main__":
    main()
