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
import json
import re
import sys

LETTERS = "ABCD"
MARKS = re.compile(r"<<[^>]*>>")  # GSM8K's calculator annotations


def read_objects(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.lstrip().startswith("["):
        return json.loads(text)
    objects = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            objects.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise SystemExit(f"{path}: line {number}: {error}")
    return objects


def read_gsm8k(path):
    for number, item in enumerate(read_objects(path), 1):
        worked, mark, answer = item["answer"].rpartition("####")
        if not mark:
            raise SystemExit(f"{path}: item {number}: no '####' before the answer")
        yield {
            "question": item["question"].strip(),
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


def read_mmlu(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8", newline="") as file:
            rows = [{"question": r[0], "choices": r[1:5], "answer": LETTERS.index(r[5].strip())}
                    for r in csv.reader(file)]
    else:
        rows = read_objects(path)
    for number, row in enumerate(rows, 1):
        if (found := len(row["choices"])) != len(LETTERS):
            raise SystemExit(f"{path}: item {number}: expected {len(LETTERS)} choices, found {found}")
        yield row


def mmlu(items, shots):
    def shown(item):
        choices = "".join(f"{letter}. {choice}\n" for letter, choice in zip(LETTERS, item["choices"]))
        return f"{item['question'].strip()}\n{choices}Answer:"

    header = "".join(f"{shown(item)} {LETTERS[item['answer']]}\n\n" for item in shots)
    for item in items:
        yield {"prompt": header + shown(item), "choices": list(LETTERS), "answer": int(item["answer"])}


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
    if args.shots > 0 and not args.source:
        parser.error("--shots needs --from FILE: not the questions themselves")
    read, convert = TASKS[args.task]
    try:
        shots = list(read(args.source))[: args.shots] if args.shots > 0 else []
        for item in convert(read(args.file), shots):
            sys.stdout.write(json.dumps(item, ensure_ascii=False) + "\n")
    except KeyError as missing:
        raise SystemExit(f"{args.file}: {missing} is missing")


if __name__ == "__main__":
    main()
