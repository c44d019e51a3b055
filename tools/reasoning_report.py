#!/usr/bin/env python3
"""Writes tools/reports/reasoning.md: what strategies of reasoning are worth on the bundled models.

    tools/reasoning_report.py MODELS TASKS [--pith build/pith] [--work runs/reasoning] [--out tools/reports]
        [--items 2000] [--limit N] [--only problems,context,vote,puzzle,auto,cost] [--shape-model FILE]

MODELS has pith-tiny-base.gguf, pith-tiny-sft.gguf and pith-tiny-reward.gguf; TASKS is the folder of pith-lab
corpus. Everything is chosen on the validation files, and the test files are then asked once. Each measurement
is one "pith eval generate"; its log and figures stay in --work, and what is there is not measured again.
--limit N is for a trial: N items of each measurement. The part cost takes a model of Llama 3.2 1B's shape
with random weights, as Q4_0; without --shape-model "pith synth" writes it to --work.
"""

import argparse
import collections
import hashlib
import itertools
import json
import math
import pathlib
import re
import statistics
import time

from reporting import checked, read_jsonl, spread, table

TOOLS = pathlib.Path(__file__).resolve().parent
SEEDS = (1, 2, 3)  # of sampling, on test; choices are made with the first
VOTE_CHAINS = 16
TEMPERATURES = ("0.3", "0.5", "0.7", "1.0")
# How sure the stopping rule has to be, and the chains begun together.
STOPPINGS = (("0.95", "4"), ("0.9", "1"), ("0.88", "1"), ("0.85", "1"))
AUTO_TEMPERATURE = "0.5"
CONFIDENCES = ("0.8", "0.9", "0.95")
BAND = (0.5, 0.8)
# Of each number of steps, the problems that earlier rounds of votes had: choices are made with those of the
# validation split, and figures are of others of the test split.
KNOWN_PROBLEMS = 2400
PUZZLE_TOKENS = 1000
# The tree, the thoughts tried at each state and the search: three steps solve a puzzle of four numbers.
TREES = (("tree:4,3", "4", "breadth"), ("tree:8,3", "4", "breadth"), ("tree:16,3", "8", "breadth"),
         ("tree:4,3", "4", "depth"), ("tree:3,3", "3", "depth"))
FAMILIES = ("sum", "count", "problems of 1 and 2 steps", "problems of 3 to 5 steps")
# As the fine-tuning conversations ask.
AT_ONCE, IN_STEPS = "Answer at once.", "Think step by step."
COST_PROMPT, COST_TOKENS, COST_LIMIT = 512, 128, 3.5
COST_STRATEGIES = ("cot", "self-consistency:8")


class Measurement:
    """What one run of pith eval generate gave for each item."""

    def __init__(self, right, tokens, seconds):
        self.right, self.tokens, self.seconds = right, tokens, seconds

    def part(self, chosen):
        columns = (list(itertools.compress(c, chosen)) for c in (self.right, self.tokens))
        return Measurement(*columns, self.seconds)

    def accuracy(self):
        return statistics.fmean(self.right)

    def mean_tokens(self):
        return statistics.fmean(self.tokens)

    def cells(self):
        """Of a table: items, accuracy and its interval."""
        low, high = wilson(sum(self.right), len(self.right))
        return len(self.right), percent(self.accuracy()), f"{percent(low)} to {percent(high)}"


class Lab:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)

    def sampled(self, name, *arguments, judge=None):
        """measure with each of SEEDS: every item has the mean of them."""
        runs = [self.measure(f"{name}-seed{seed}", *arguments, seed=seed, judge=judge) for seed in SEEDS]
        return Measurement([statistics.fmean(r) for r in zip(*(m.right for m in runs))],
                           [statistics.fmean(t) for t in zip(*(m.tokens for m in runs))],
                           sum(m.seconds for m in runs))

    def measure(self, name, model, items, *arguments, seed=SEEDS[0], judge=None):
        """`items`: (prompt, answer) each. The name is the file's; the same name is measured once.
        `judge`: of a prompt and a text, whether it is right; without it the answer says."""
        if self.options.limit:
            items = spread(items, self.options.limit)
        task = self.work / f"{name}.jsonl"
        text = "".join(json.dumps({"prompt": p, "answer": a}) + "\n" for p, a in items)
        model = pathlib.Path(self.options.models) / f"{model}.gguf"
        log = self.work / f"{name}.log"
        command = [self.options.pith, "eval", "generate", "-m", str(model), str(task), "--json",
                   "--seed", str(seed), "--parallel", "64", "--log", str(log), "--resume", *arguments]
        models = b"".join(pathlib.Path(part).read_bytes() for part in command if part.endswith(".gguf"))
        key = hashlib.sha256(("\n".join(command) + text).encode() + models).hexdigest()
        done = self.work / f"{name}.done.json"
        if not done.exists() or json.loads(done.read_text())["key"] != key:
            task.write_text(text, encoding="utf-8")
            log.unlink(missing_ok=True)
            begun = time.monotonic()
            checked(command)
            seconds = time.monotonic() - begun
            done.write_text(json.dumps({"key": key, "seconds": seconds}))
            print(f"{name}: {len(items)} items, {seconds:.1f} s", flush=True)
        results = sorted(read_jsonl(log)[1:], key=lambda r: r["item"])
        right = [judge(p, r["text"]) for (p, _), r in zip(items, results)] if judge else \
            [r["right"] for r in results]
        return Measurement(right, [r["tokens"] for r in results], json.loads(done.read_text())["seconds"])

    def task(self, name, split):
        return read_jsonl(pathlib.Path(self.options.tasks) / f"{name}_{split}.jsonl")

    def vote_problems(self, split):
        """For choices, of validation; for figures, of test."""
        known = collections.Counter()
        first, others = [], []
        for item in self.task("tasks_problem", split):
            known[item["steps"]] += 1
            (first if known[item["steps"]] <= KNOWN_PROBLEMS else others).append(item)
        keys = {item["key"] for item in first}
        return first if split == "validation" else [item for item in others if item["key"] not in keys]

    def take(self, items):
        return spread(items, self.options.limit or len(items))


# --- statistics -------------------------------------------------------------------------------------------

def wilson(right, n, z=1.96):
    p = right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def paired(a, b):
    """The difference of two accuracies over the same items, with its 95 % interval."""
    d = [x - y for x, y in zip(a.right, b.right)]
    mean = statistics.fmean(d)
    error = math.sqrt(sum((v - mean) ** 2 for v in d) / max(len(d) - 1, 1) / len(d))
    return mean, mean - 1.96 * error, mean + 1.96 * error


def cheapest(tried, goal):
    """The way with the least tokens within a point of the goal, else the most accurate."""
    near = [way for way, m in tried.items() if m.accuracy() >= goal - 0.01]
    return min(near, key=lambda way: tried[way].mean_tokens()) if near else \
        max(tried, key=lambda way: tried[way].accuracy())


def percent(x):
    return f"{100 * x:.1f}"


def points(difference):
    return "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * v for v in difference))


class Page:
    def __init__(self):
        self.lines = []

    def text(self, *lines):
        self.lines += [*lines, ""]

    def table(self, head, rows):
        self.text(*table(head, rows))

    def measured(self, rows):
        self.table(["", "items", "accuracy, %", "95 % interval", "tokens an item", "seconds"],
                   [(name, *m.cells(), f"{m.mean_tokens():.1f}", f"{m.seconds:.0f}") for name, m in rows])

    def verdict(self, held, text):
        self.text(f"**{'Held' if held else 'Missed'}**: {text}")


# --- 1: word problems, examples in context ----------------------------------------------------------------

NUMERIC = ("--match", "numeric", "--answer", "number")
COT = ("--reason", "cot", "--trigger", IN_STEPS, "-n", "160", *NUMERIC)


def directly(*more):
    return ("--reason", "direct", "-n", "24", *NUMERIC, *more)


def problems(lab, page):
    items = lab.take(spread(lab.task("tasks_problem", "test"), lab.options.items))
    at_once = [(f"{i['prompt']} {AT_ONCE}", i["answer"]) for i in items]
    steps = lab.measure("problem-cot", "pith-tiny-sft", [(i["prompt"], i["answer"]) for i in items], *COT)
    direct = lab.measure("problem-direct", "pith-tiny-sft", at_once, *directly())
    # In the form of the pre-training texts a beginning of the answer can be given: as many dots as the chain
    # of thought had tokens, or none.
    plain = ("--raw", "--stop", "\n")
    forms = [(f"Question: {p}\nAnswer:", a) for p, a in at_once]
    raw = lab.measure("problem-plain", "pith-tiny-sft", forms, *directly(*plain))
    filler = lab.measure("problem-filler", "pith-tiny-sft",
                         [(p + " ." * n + " The answer is", a) for (p, a), n in zip(forms, steps.tokens)],
                         *directly(*plain))
    page.text("## Word problems", "",
              "pith-tiny-sft, greedy. The control has a dot for each token of the chain.")
    page.measured([("cot", steps), ("direct", direct), ("direct, as plain text", raw),
                   ("filler tokens, as plain text", filler)])
    numbers = sorted({i["steps"] for i in items})
    of = {n: [i["steps"] == n for i in items] for n in numbers}
    page.table(["accuracy, %, at steps", *map(str, numbers)],
               [[name, *(percent(m.part(of[n]).accuracy()) for n in numbers)]
                for name, m in (("cot", steps), ("direct", direct), ("plain", raw), ("filler", filler))])
    hard = [i["steps"] >= 3 for i in items]
    d = paired(steps.part(hard), direct.part(hard))
    page.verdict(d[0] >= 0.2,
                 f"at three and more steps cot is {points(d)} points above direct; 20 were wanted.")
    page.text(f"Filler tokens against none, as plain text: {points(paired(filler, raw))} points.")


def context(lab, page):
    items = lab.take(spread(lab.task("tasks_rule", "test"), lab.options.items))
    options = ("--raw", "--stop", "\n", "--reason", "direct", "-n", "24", "--match", "exact",
               "--answer", "text")

    def shown(item, kind, k):
        return "".join(f"{e['in']} -> {e['out']}\n" for e in item[kind][:k]) + item["prompt"]

    page.text("## Examples in context", "",
              "pith-tiny-base, rules that no training text has; the control's examples have the answers of",
              "other rules.")
    families = sorted({i["family"] for i in items})
    rows, curve = [], {}
    for kind, ks in (("examples", (0, 1, 2, 4, 8)), ("mismatched", (8,))):
        for k in ks:
            m = lab.measure(f"context-{kind}-{k}", "pith-tiny-base",
                            [(shown(i, kind, k), i["answer"]) for i in items], *options)
            curve[kind, k] = m
            rows.append((f"{k} {kind}", *m.cells(),
                         *(percent(m.part([i["family"] == f for i in items]).accuracy()) for f in families),
                         f"{m.seconds:.0f}"))
    page.table(["", "items", "accuracy, %", "95 % interval", *families, "seconds"], rows)
    rising = all(curve["examples", a].accuracy() <= curve["examples", b].accuracy()
                 for a, b in ((0, 1), (1, 2), (2, 4), (4, 8)))
    control = paired(curve["mismatched", 8], curve["examples", 0])
    page.verdict(rising and control[0] < 0.02,
                 f"accuracy {'rises' if rising else 'does not rise'} with every k; mismatched examples are "
                 f"{points(control)} points from none at all.")


# --- 2: votes ---------------------------------------------------------------------------------------------

def vote(lab, page):
    seen = lab.take(spread(lab.vote_problems("validation"), lab.options.items))
    greedy = lab.measure("vote-band", "pith-tiny-sft", [(i["prompt"], i["answer"]) for i in seen], *COT)
    numbers = sorted({i["steps"] for i in seen})
    share = {n: greedy.part([i["steps"] == n for i in seen]).accuracy() for n in numbers}
    band = [n for n in numbers if BAND[0] <= share[n] <= BAND[1]]
    page.text("## Votes", "", "Greedy cot on validation, % at steps: "
              + ", ".join(f"{n}: {percent(share[n])}" for n in numbers) + ".")
    if not band:
        band = [min(numbers, key=lambda n: abs(share[n] - sum(BAND) / 2))]
        page.text("No number of steps is in the band of 50 to 80 %; the nearest one is taken.")

    def in_band(items, n):
        return spread([(i["prompt"], i["answer"]) for i in items if i["steps"] in band], n)

    def voted(temperature, *more):
        return ("--reason", f"self-consistency:{VOTE_CHAINS}", "--trigger", IN_STEPS, "-n", "160", *NUMERIC,
                "--temp", temperature, *more)

    trial = in_band(lab.vote_problems("validation"), 800)
    tried = {t: lab.measure(f"vote-validation-{t}", "pith-tiny-sft", trial, *voted(t)) for t in TEMPERATURES}
    best = max(TEMPERATURES, key=lambda t: tried[t].accuracy())

    def stopping(confidence, wave):
        return voted(best, "--stopping", "beta", "--confidence", confidence, "--wave", wave)

    stops = {s: lab.measure(f"vote-validation-{'-'.join(s)}", "pith-tiny-sft", trial, *stopping(*s))
             for s in STOPPINGS}
    rule = cheapest(stops, tried[best].accuracy())
    items = in_band(lab.vote_problems("test"), lab.options.items)
    one = lab.measure("vote-greedy", "pith-tiny-sft", items, *COT)
    all_chains = lab.sampled("vote-all", "pith-tiny-sft", items, *voted(best))
    stopped = lab.sampled("vote-stopped", "pith-tiny-sft", items, *stopping(*rule))
    page.text(f"The band is {', '.join(map(str, band))} steps. Of the temperatures",
              f"({', '.join(TEMPERATURES)}) {best} is the best on",
              "validation, and of the stopping rules (confidence and chains at a time "
              f"{', '.join(map(' and '.join, STOPPINGS))})",
              f"{' and '.join(rule)} is the cheapest within a point of all chains.")
    page.measured([("greedy cot", one), (f"self-consistency:{VOTE_CHAINS}", all_chains),
                   (f"with --stopping beta --confidence {rule[0]} --wave {rule[1]}", stopped)])
    page.text("Earlier rounds, with other problems of the test split: without words behind the question, at",
              "temperature 0.7 and with the rule (0.9, 4), 73.5 % against 69.0, and 73.4 % with 72 % of the",
              "tokens; with these words, at 0.5 and with the rule (0.95, 4), 74.2 % against 70.4, and 74.2 %",
              "with 64 % of the tokens.")
    d = paired(all_chains, one)
    page.verdict(d[1] > 0, f"the vote is {points(d)} points above greedy cot.")
    d, saved = paired(stopped, all_chains), stopped.mean_tokens() / all_chains.mean_tokens()
    page.verdict(abs(d[0]) <= 0.01 and saved <= 0.5,
                 f"with the stopping rule {points(d)} points, and {percent(saved)} % of the tokens; one "
                 "point and 50 % were wanted.")


# --- 3: the puzzle ----------------------------------------------------------------------------------------

OPERATIONS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
              "/": lambda a, b: a // b if b and a % b == 0 else None}
STEP = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)(?:, left ([\d ]+)\.|\. Done\.)")


def solves(question, text):
    """Whether the text is a right solution: the report's own check, apart from the search's program."""
    *left, target = map(int, re.findall(r"\d+", question))
    left = collections.Counter(left)
    lines = text.strip().split("\n")
    for number, line in enumerate(lines, 1):
        step = STEP.fullmatch(line)
        if not step:
            return False
        a, b, c = int(step[1]), int(step[3]), int(step[4])
        used = collections.Counter([a, b])
        if used - left or OPERATIONS[step[2]](a, b) != c:
            return False
        left = left - used + collections.Counter([c])
        if step[5] is None:
            return number == len(lines) and left == collections.Counter([target]) and c == target
        if collections.Counter(map(int, step[5].split())) != left:
            return False
    return False


def puzzle(lab, page):
    program = ("--verify", f"awk -f '{TOOLS / 'check_puzzle.awk'}'")
    reward = ("--reward-model", str(pathlib.Path(lab.options.models) / "pith-tiny-reward.gguf"))
    common = ("--trigger", "", "--answer", "text", "--temp", "1", "-n", "80", "--budget", str(PUZZLE_TOKENS))

    def asked(measure, name, split, n, *arguments):
        items = spread(lab.task("tasks_puzzle", split), n)
        questions = [(i["prompt"], i["answer"]) for i in items]
        return measure(name, "pith-tiny-sft", questions, *common, *arguments, judge=solves)

    page.text("## The search puzzle", "",
              f"pith-tiny-sft at temperature 1, at most {PUZZLE_TOKENS} tokens a puzzle, whatever the "
              "strategy.")
    cot = asked(lab.sampled, "puzzle-cot", "test", lab.options.items, "--reason", "cot")
    rows, verdicts = [("cot", cot)], []
    for name, judge in (("program", program), ("reward", reward)):
        ways = [("--reason", shape, "--branch", branch, "--search", search, *judge)
                for shape, branch, search in TREES]
        tried = [asked(lab.measure, f"puzzle-validation-{name}-{i}", "validation", 200, *way)
                 for i, way in enumerate(ways)]
        best = max(range(len(TREES)), key=lambda i: tried[i].accuracy())
        tree = asked(lab.sampled, f"puzzle-tree-{name}", "test", lab.options.items, *ways[best])
        chains = asked(lab.sampled, f"puzzle-best-{name}", "test", lab.options.items,
                       "--reason", "best-of:64", *judge)
        rows += [("{}, {} thoughts a state, {} first, by the {}".format(*TREES[best], name), tree),
                 (f"best-of, by the {name}", chains)]
        verdicts.append((name, paired(tree, chains)))
    page.measured(rows)
    for name, d in verdicts:
        page.verdict(d[1] > 0, f"by the {name}, the tree is {points(d)} points above best-of.")


# --- 4: auto ----------------------------------------------------------------------------------------------

def mixture(lab, split, n):
    """n items of each family."""
    tasks = collections.defaultdict(list)
    for i in lab.task("sft", split):
        if len(i["messages"]) == 2:
            tasks[i["kind"]].append((i["messages"][0]["content"], i["answer"]))
    for i in lab.task("tasks_problem", split):
        tasks[FAMILIES[2] if i["steps"] <= 2 else FAMILIES[3]].append((i["prompt"], i["answer"]))
    # In turn, so that a part of the list has all families.
    return [item for row in zip(*(spread(tasks[f], n) for f in FAMILIES)) for item in row]


def auto(lab, page):
    page.text("## auto", "", "Equal parts: " + ", ".join(FAMILIES) + ".")
    words = ("--trigger", "", "--direct", AT_ONCE, "-n", "160", *NUMERIC)
    chains = f"self-consistency:{VOTE_CHAINS}"
    single = {"direct": ("--reason", "direct"), "cot": ("--reason", "cot"),
              chains: ("--reason", chains, "--temp", AUTO_TEMPERATURE)}
    spending = {c: ("--reason", "auto", "--temp", AUTO_TEMPERATURE, "--confidence", c) for c in CONFIDENCES}

    def tried(measure, name, n, split, arguments):
        return measure(f"auto-{split}-{name.replace(':', '-')}", "pith-tiny-sft", mixture(lab, split, n),
                       *words, *arguments)

    seen = {name: tried(lab.measure, name, 150, "validation", a) for name, a in single.items()}
    best = max(single, key=lambda name: seen[name].accuracy())
    spent = {c: tried(lab.measure, c, 150, "validation", a) for c, a in spending.items()}
    confidence = cheapest(spent, seen[best].accuracy())
    n = lab.options.items // len(FAMILIES)
    rows = {name: tried(lab.sampled if "--temp" in a else lab.measure, name, n, "test", a)
            for name, a in single.items()}
    chosen = tried(lab.sampled, confidence, n, "test", spending[confidence])
    page.text(f"On validation {best} is the best single strategy, and {confidence} the confidence for auto",
              f"of {', '.join(CONFIDENCES)}.")
    page.measured([*rows.items(), ("auto", chosen)])
    d, cost = paired(chosen, rows[best]), chosen.mean_tokens() / rows[best].mean_tokens()
    page.verdict(d[0] >= -0.01 and cost <= 0.5,
                 f"auto is {points(d)} points from {best}, with {percent(cost)} % of its tokens; one point "
                 "and 50 % were wanted.")


# --- 5: what sharing the prompt saves ---------------------------------------------------------------------

def one_cost(pith, model, strategy):
    """Seconds and tokens of one question. Random weights write anything: no chain ends early, and its whole
    text is its answer."""
    question = " 7" * (COST_PROMPT // 2 - 1)  # two tokens each, behind BOS and the blank that begins a text
    found = json.loads(checked([
        pith, "run", "-m", model, "--json", "--raw", "--ctx", "1024", "--seed", SEEDS[0], "--reason",
        strategy, "--trigger", "", "--answer", "text", "--ignore-eos", "-n", COST_TOKENS, question]))
    usage = found["usage"]
    if usage["prompt_tokens"] != COST_PROMPT * usage["chains"] or \
            usage["completion_tokens"] != COST_TOKENS * usage["chains"]:
        raise SystemExit(f"{strategy}: other tokens than {COST_PROMPT} and {COST_TOKENS} a chain: {usage}")
    return {"seconds": found["timings"]["total_ms"] / 1000, **usage}


def cost(lab, page):
    done = lab.work / "cost.json"
    if not done.exists():
        model = pathlib.Path(lab.options.shape_model or lab.work / "llama-3.2-1b-Q4_0.gguf")
        if not model.exists():
            checked([lab.options.pith, "synth", "llama-3.2-1b", "Q4_0", model])
        done.write_text(json.dumps([[one_cost(lab.options.pith, model, s) for s in COST_STRATEGIES]
                                    for _ in range(3)]))
    one, many = zip(*json.loads(done.read_text()))
    seconds = [statistics.median(m["seconds"] for m in rounds) for rounds in (one, many)]
    columns = ("prefilled_tokens", "saved_tokens", "completion_tokens")
    page.text("## What sharing the prompt saves", "",
              f"A model of Llama 3.2 1B's shape, random weights, Q4_0; {COST_TOKENS} tokens a chain over a",
              f"prompt of {COST_PROMPT}. Medians of three times, in turn. Each chain reads the last token of",
              "the prompt: from there on they differ.")
    page.table(["", "seconds", "prompt tokens prefilled", "saved by sharing", "tokens generated"],
               [(name, f"{s:.1f}", *(rounds[0][c] for c in columns))
                for name, s, rounds in zip(COST_STRATEGIES, seconds, (one, many))])
    once = many[0]["prefilled_tokens"] == COST_PROMPT + many[0]["chains"] - 1
    ratio = seconds[1] / seconds[0]
    page.verdict(ratio <= COST_LIMIT and once,
                 f"eight chains take {ratio:.2f} times as long as one, where {COST_LIMIT} were allowed, and "
                 f"the prompt is prefilled {'once' if once else 'more than once'}.")


PARTS = {"problems": problems, "context": context, "vote": vote, "puzzle": puzzle, "auto": auto, "cost": cost}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models")
    parser.add_argument("tasks")
    parser.add_argument("--pith", default="build/pith")
    parser.add_argument("--work", default="runs/reasoning")
    parser.add_argument("--out", default=str(TOOLS / "reports"))
    parser.add_argument("--items", type=int, default=2000, help="of a measurement on test, at most")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--shape-model", help="of the part cost")
    options = parser.parse_args()
    lab, page = Lab(options), Page()
    page.text("# What reasoning at inference is worth", "",
              "Written by tools/reasoning_report.py. Choices were made on validation, and each test figure",
              f"was measured once; where answers are sampled, with {len(SEEDS)} seeds, and an item counts as",
              "the mean of them. Intervals are Wilson's; differences are paired, over the same items, with",
              "their 95 % interval. Seconds are those of the whole measurement, and tokens all that were",
              "generated, cancelled ones included.")
    if options.limit:
        page.text(f"A trial with {options.limit} items of each.")
    for name in options.only.split(","):
        PARTS[name](lab, page)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "reasoning.md").write_text("\n".join(page.lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
