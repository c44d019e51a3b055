#!/usr/bin/env python3
"""Turns published task files into those that pith eval reads, a line of JSON each.

    tools/convert_task.py gsm8k test.jsonl [--shots 5 --from train.jsonl] > gsm8k.jsonl
        OpenAI's grade-school-math: {"question", "answer"}, the number behind "####". For
        pith eval generate --match numeric.
    tools/convert_task.py gsm8k-examples train.jsonl > examples.jsonl
        The same as in-context examples with worked steps. For pith eval generate --examples.
    tools/convert_task.py mmlu test.jsonl [--shots 5 --from dev.jsonl] > mmlu.jsonl
        MMLU (Hendrycks et al. 2021, arXiv:2009.03300) as JSON lines or a JSON array of {"question",
        "choices", "answer": index}, or as the original CSV without a header: question, four choices, letter.
        For pith eval choice.
"""

import argparse
import csv
import io
import json
import re
import signal
import sys

LETTERS = "ABCD"
KINDS = {str: "a text", int: "a whole number", list: "a list"}
MARKS = re.compile(r"<<[^>]*>>")  # GSM8K's calculator annotations


def read_text(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}")
    except UnicodeDecodeError as error:
        raise SystemExit(f"{path}: not UTF-8: {error}")


def parsed(text, where):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SystemExit(f"{where}: {error}")


def read_objects(path):
    text = read_text(path)
    if text.lstrip().startswith("["):
        return parsed(text, path)
    lines = enumerate(text.split("\n"), 1)  # splitlines() would end one at U+2028, too
    objects = [parsed(line, f"{path}: line {number}") for number, line in lines if line.strip()]
    if not objects:
        raise SystemExit(f"{path}: no items")
    return objects


def field(item, key, kind, where):
    """What the item has under the key; a bool is no int here."""
    value = item.get(key) if isinstance(item, dict) else None
    if type(value) is not kind:
        found = json.dumps(item)[:80]
        raise SystemExit(f"{where}: expected an object with '{key}', {KINDS[kind]}; found {found}")
    return value


def read_gsm8k(path):
    for number, item in enumerate(read_objects(path), 1):
        where = f"{path}: item {number}"
        worked, mark, answer = field(item, "answer", str, where).rpartition("####")
        if not mark:
            raise SystemExit(f"{where}: no '####' before the answer")
        yield {
            "question": field(item, "question", str, where).strip(),
            "worked": MARKS.sub("", worked).strip(),
            "answer": answer.strip().replace(",", ""),
        }


def gsm8k(items, shots):
    def shown(item):
        return f"Question: {item['question']}\nAnswer: {item['worked']} The answer is {item['answer']}.\n\n"

    header = "".join(shown(item) for item in shots)
    for item in items:
        yield {"prompt": f"{header}Question: {item['question']}\nAnswer:", "answer": item["answer"]}


def gsm8k_examples(items, _):
    for item in items:
        yield {"prompt": item["question"], "answer": item["answer"],
               "worked": f"{item['worked']}\nThe answer is {item['answer']}."}


def read_mmlu_csv(path):
    for number, row in enumerate(csv.reader(io.StringIO(read_text(path))), 1):
        if len(row) != 6 or row[5].strip() not in tuple(LETTERS):
            raise SystemExit(f"{path}: row {number}: expected a question, four choices and one of A to D")
        yield {"question": row[0], "choices": row[1:5], "answer": LETTERS.index(row[5].strip())}


def read_mmlu(path):
    if path.endswith(".csv"):
        yield from read_mmlu_csv(path)
        return
    for number, item in enumerate(read_objects(path), 1):
        where = f"{path}: item {number}"
        field(item, "question", str, where)
        choices = field(item, "choices", list, where)
        if len(choices) != len(LETTERS):
            raise SystemExit(f"{where}: expected {len(LETTERS)} choices, found {len(choices)}")
        if not 0 <= field(item, "answer", int, where) < len(LETTERS):
            raise SystemExit(f"{where}: 'answer': expected 0 to {len(LETTERS) - 1}, found {item['answer']}")
        yield item


def mmlu(items, shots):
    def shown(item):
        choices = "".join(f"{letter}. {choice}\n" for letter, choice in zip(LETTERS, item["choices"]))
        return f"{item['question'].strip()}\n{choices}Answer:"

    header = "".join(f"{shown(item)} {LETTERS[item['answer']]}\n\n" for item in shots)
    for item in items:
        yield {"prompt": header + shown(item), "choices": list(LETTERS), "answer": item["answer"]}


TASKS = {
    "gsm8k": (read_gsm8k, gsm8k),
    "gsm8k-examples": (read_gsm8k, gsm8k_examples),
    "mmlu": (read_mmlu, mmlu),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("file")
    parser.add_argument("--shots", type=int, default=0, help="worked examples before each question")
    parser.add_argument("--from", dest="source", help="the file they come from")
    args = parser.parse_args()
    if args.shots < 0:
        parser.error(f"--shots: expected at least 0, found {args.shots}")
    if (args.shots > 0) != bool(args.source):
        parser.error("--shots and --from FILE need each other: not the questions themselves")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads may stop
    read, convert = TASKS[args.task]
    shots = list(read(args.source))[: args.shots] if args.shots > 0 else []
    for item in convert(read(args.file), shots):
        sys.stdout.write(json.dumps(item, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
