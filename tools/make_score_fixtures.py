#!/usr/bin/env python3
"""Writes tests/data/scores/choice.jsonl and tests/data/scores/reference.json: 100 questions about the 260K
story model with four choices each, and what transformers computes for them in float64: the log probability of
each token of each choice, of each token of the text with the right choice, and the figures of an evaluation.

    pip install gguf numpy torch transformers
    python3 tools/make_score_fixtures.py ../shared/data/weights/stories260K

The vocabulary is SentencePiece's BPE: of all adjacent pairs the one of highest score is merged, again and
again. The split of prompt and choice is lm-evaluation-harness's: blanks at the prompt's end go to the choice,
the whole is tokenized, and what lies beyond the prompt's own number of tokens is the choice.
"""
import argparse
import json
import pathlib
import random

import gguf
import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/scores"
FILE = "stories260Ktok512-llamacpp.gguf"
ITEMS = 100

NAMES = ["Lily", "Tom", "Sue", "Ben", "Mia", "Max"]
OPENINGS = [
    "Once upon a time, there was a little {kind} named {name}. {name} liked to",
    "{name} went to the park with {pronoun} mom. They saw a big",
    "One day, {name} found a red ball. {name} wanted to ",
    "{name} was very sad because {pronoun} toy was",
    "The {kind} said to {name}, \"Let's be friends.\" They were very\n",
    "",
]
CHOICES = [
    "play outside in the park", "play", "eat a big cake with mom", "run", "jump up and down", "happy", "sad",
    "broken", "lost in the dark wood", "dog", "tree", "banana", "caf\u00e9 au lait",
    "\u00fcber-cool \u96ea", "share", "go home and sleep", "a", "zebra quartz", "2 + 2 = 4",
    "the sun was hot",
]
DELIMITERS = [" ", " ", " ", "", "\n"]


class Vocabulary:
    def __init__(self, path):
        fields = gguf.GGUFReader(path).fields
        texts = fields["tokenizer.ggml.tokens"]
        scores = fields["tokenizer.ggml.scores"]
        self.ids = {bytes(texts.parts[i]).decode("utf-8"): n for n, i in enumerate(texts.data)}
        self.scores = [float(scores.parts[i][0]) for i in scores.data]
        self.bos = int(fields["tokenizer.ggml.bos_token_id"].parts[-1][0])

    def encode(self, text):
        if not text:
            return [self.bos]
        pieces = list(("\u2581" + text).replace(" ", "\u2581"))
        while True:
            pairs = [(self.scores[self.ids[a + b]], -i) for i, (a, b) in enumerate(zip(pieces, pieces[1:]))
                     if a + b in self.ids]
            if not pairs:
                break
            at = -max(pairs)[1]
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        ids = [self.bos]
        for piece in pieces:
            if piece in self.ids:
                ids.append(self.ids[piece])
            else:
                ids += [self.ids[f"<0x{byte:02X}>"] for byte in piece.encode("utf-8")]
        return ids


def make_items():
    draw = random.Random(9)
    for _ in range(ITEMS):
        name = draw.choice(NAMES)
        prompt = draw.choice(OPENINGS).format(
            name=name, kind=draw.choice(["girl", "boy", "cat"]), pronoun=draw.choice(["his", "her"]))
        item = {"prompt": prompt, "choices": draw.sample(CHOICES, 4), "answer": draw.randrange(4)}
        delimiter = draw.choice(DELIMITERS)
        if delimiter != " ":
            item["delimiter"] = delimiter
        yield item


def figures(items, reference):
    """Accuracy by likelihood and by likelihood a character, Brier score, calibration error over ten bins."""
    answers = np.array([item["answer"] for item in items])
    sums = np.array([[sum(scores) for scores in r["choices"]] for r in reference])
    lengths = np.array([[len(choice) for choice in item["choices"]] for item in items])
    p = np.exp(sums - sums.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    right = sums.argmax(axis=1) == answers
    confidence = p.max(axis=1)
    bins = np.minimum((confidence * 10).astype(int), 9)
    distances = [abs((confidence - right)[bins == b].sum()) for b in range(10)]
    return {"acc": right.mean(),
            "acc_norm": ((sums / lengths).argmax(axis=1) == answers).mean(),
            "brier": ((p - np.eye(p.shape[1])[answers]) ** 2).sum(axis=1).mean(),
            "calibration_error": sum(distances) / len(items),
            "log_probability": np.log(p[range(len(items)), answers]).mean()}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help=f"with {FILE}")
    folder = parser.parse_args().folder
    vocabulary = Vocabulary(folder / FILE)
    config = AutoConfig.from_pretrained(folder, gguf_file=FILE)
    config.pad_token_id = None  # the file's 4294967295 means that there is none
    stored = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, config=config, dtype=torch.float32)
    torch.set_default_dtype(torch.float64)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float64, attn_implementation="eager").eval()
    model.load_state_dict({name: value.double() for name, value in stored.state_dict().items()})
    assert all(p.dtype == torch.float64 for p in model.parameters())
    largest = 0

    def score(ids, start):
        nonlocal largest
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        largest = max(largest, logits.abs().max().item())
        logprobs = torch.log_softmax(logits, dim=-1)
        return [float(f"{logprobs[i - 1, ids[i]].item():.9g}") for i in range(start, len(ids))]

    items = list(make_items())
    reference = []
    for item in items:
        prompt = len(vocabulary.encode(item["prompt"].rstrip(" \t\r\n")))
        texts = [vocabulary.encode(item["prompt"] + item.get("delimiter", " ") + c) for c in item["choices"]]
        right = texts[item["answer"]]
        reference.append({"choices": [score(ids, prompt) for ids in texts],
                          "tokens": right, "text": score(right, 1)})
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "choice.jsonl", "w", encoding="utf-8") as file:
        for item in items:
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
    with open(OUT / "reference.json", "w", encoding="utf-8") as file:
        file.write(f'{{"largest_logit": {largest!r},\n')
        file.write(f'"figures": {json.dumps(figures(items, reference))},\n')
        file.write('"items": [\n' + ",\n".join(json.dumps(r) for r in reference) + "\n]}\n")


if __name__ == "__main__":
    main()
