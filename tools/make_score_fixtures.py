#!/usr/bin/env python3
"""Writes tests/data/scores/choice.jsonl and tests/data/scores/reference.json: 100 questions about the 260K story
model with four choices each, and what transformers computes for them in float64.

    pip install gguf && python3 tools/make_score_fixtures.py ../shared/data/weights/stories260K

The vocabulary is SentencePiece's BPE: of all adjacent pairs the one of highest score is merged, again and again.
The split of prompt and choice is lm-evaluation-harness's: blanks at the prompt's end go to the choice, the whole is
tokenized, and what lies beyond the prompt's own number of tokens is the choice.
"""
import json
import pathlib
import random
import sys

import gguf
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
    "broken", "lost in the dark wood", "dog", "tree", "banana", "caf\u00e9 au lait", "\u00fcber-cool \u96ea", "share",
    "go home and sleep", "a", "zebra quartz", "2 + 2 = 4", "the sun was hot",
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


def main():
    folder = pathlib.Path(sys.argv[1])
    vocabulary = Vocabulary(folder / FILE)
    config = AutoConfig.from_pretrained(folder, gguf_file=FILE)
    config.pad_token_id = None  # the file's 4294967295 means that there is none
    stored = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, config=config, dtype=torch.float32)
    torch.set_default_dtype(torch.float64)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float64, attn_implementation="eager").eval()
    model.load_state_dict({name: value.double() for name, value in stored.state_dict().items()})
    assert all(p.dtype == torch.float64 for p in model.parameters())
    items = list(make_items())
    reference = []
    for item in items:
        scores = []
        for choice in item["choices"]:
            whole = item["prompt"] + item.get("delimiter", " ") + choice
            ids, start = vocabulary.encode(whole), len(vocabulary.encode(item["prompt"].rstrip(" \t\r\n")))
            with torch.no_grad():
                logprobs = torch.log_softmax(model(torch.tensor([ids])).logits[0], dim=-1)
            scores.append([logprobs[i - 1, ids[i]].item() for i in range(start, len(ids))])
        reference.append({"scores": scores, "characters": [len(c) for c in item["choices"]]})
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "choice.jsonl", "w", encoding="utf-8") as file:
        for item in items:
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
    with open(OUT / "reference.json", "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(r) for r in reference) + "\n]\n")


if __name__ == "__main__":
    main()
