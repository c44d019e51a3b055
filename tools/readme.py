#!/usr/bin/env python3
"""Runs the commands of README.md and puts what they print below them.

    tools/readme.py [--pith build/pith]

In each block ```console the lines after "$ " are run (a \\ at the end goes on in the next one), all in one empty folder
with the repository's models/ in it. Blocks of "bash tools/..." are left alone, save that what try.sh prints stands in
the block that follows it.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command, folder, path):
    """What a terminal would show, the answer first: it ends its line there."""
    environment = os.environ | {"PATH": f"{path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    return "".join(text.rstrip("\n") + "\n" for text in (done.stdout, done.stderr) if text)


def main():
    arguments = argparse.ArgumentParser(description="Runs README.md's commands again.")
    arguments.add_argument("--pith", type=pathlib.Path, default=ROOT / "build" / "pith")
    pith = arguments.parse_args().pith.resolve()
    if pith.name != "pith" or not os.access(pith, os.X_OK):
        arguments.error(f"--pith {pith}: expected the program pith")
    path = pith.parent
    readme = ROOT / "README.md"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "models").symlink_to(ROOT / "models")

        def story(match):
            text = run(f"pith run {match[2]}", folder, path)
            paragraphs = (textwrap.fill(line, 110) for line in text.rstrip("\n").split("\n"))
            return match[1] + "\n".join(paragraphs) + "\n```"

        def console(match):
            commands = re.findall(r"^\$ ((?:.*\\\n)*.*)\n", match[1], re.MULTILINE)
            if commands[0].startswith("bash tools/"):
                return match[0]
            return "```console\n" + "".join(f"$ {c}\n{run(c, folder, path)}" for c in commands) + "```"

        text = readme.read_text(encoding="utf-8")
        text = re.sub(r"(\$ bash tools/try\.sh (.*)\n```\n[^`]*(?:`[^`]+`[^`]*)*```\n)[^`]*```", story, text)
        text = re.sub(r"```console\n(.*?)```", console, text, flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
