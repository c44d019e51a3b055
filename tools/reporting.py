"""What the scripts that measure and report have in common."""

import json
import subprocess


def checked(command, text=None):
    """What the program writes; its error ends the script."""
    command = list(map(str, command))
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def read_jsonl(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def spread(items, n):
    """n of the items, evenly, so that all kinds of a sorted list are there."""
    return [items[i * len(items) // n] for i in range(n)] if n < len(items) else items


def table(head, rows, align=""):
    """The lines of a Markdown table; align: a letter a column, l or r, where not all are l."""
    rule = ["--:" if letter == "r" else "---" for letter in align.ljust(len(head), "l")]
    return [f"| {' | '.join(map(str, row))} |" for row in (head, rule, *rows)]
