#!/usr/bin/env python3
"""Whether pith and llama.cpp (llama-cpp-python) write the same greedy text with the same file, in Markdown.

    tools/compare_text.py [MODEL.gguf ...] [--pith build/pith] [--folder build/compare]

Without models: those of models/. Ends with 1 where a claim fails. llama-cpp-python is what this Python has,
else that of the environment that tools/compare_peers.py makes under --folder. Both keep keys and values as
F32.

Each model is compared twice. In the file as it is, weights are quantised, and both engines round activations
to eight bits, each in its own way; that decides where two tokens are almost as likely. As long as the texts
are the same, both engines read the same tokens: let their logits differ by at most d there. Then texts may
part where the best token leads by at most 2 d, in both engines. With the same weights as F32 nothing is
rounded to eight bits, and texts may part only where the lead is below 0.001.

A reward model gives conversations a number. llama.cpp loads no such head (cls.output) in this
architecture, so it gets the file without the head, and what it has at the last token is multiplied by the
head here. The numbers may differ by 0.001 as F32, and else by what rounding does to both engines besides.
"""

import argparse
import ctypes
import functools
import json
import os
import sys
import tempfile
from pathlib import Path

from compare_peers import ROOT, make_venv
from reporting import checked, table

try:
    import llama_cpp
    import numpy
except ModuleNotFoundError:
    llama_cpp = None

CLOSE = 1e-3  # with F32 weights: a lead that may decide either way, and how near rewards are
LONGEST = 160
END = -1
TEXTS = (
    "Once upon a time",
    "One day, a rabbit named Poppy",
    "The owl and the fox lived by the",
    "Question: What is 7 + 5?\nAnswer:",
    "Question: Kim has 23 coins. She gets 18 coins. How many coins does Kim have now?\nAnswer:",
    "cloud -> east\naxe -> fast\nstone ->",
    "Faro Reed owns",
)
QUESTIONS = (
    "Tell me a story about a dragon.",
    "What is 7 + 5?",
    "Sort these words: pear, apple, fig",
    "Reverse these words: cup, lamp, tree, door",
    "How many words are in this list: red, blue, green, white?",
    "Which is larger, 48 or 84?",
    "Kim has 23 coins. She gets 18 coins and gives away 9. How many coins does Kim have now?",
    "Reach 24 from 2, 3, 4, 6.",
    "Where does Faro Reed live?",
)
ANSWERS = ("I do not know.", "The answer is 32.", "apple, fig, pear")
HEAD = "cls.output.weight"


# --- the engines, each on one file ------------------------------------------------------------------------


class Pith:
    F32_CACHE = ("--cache-type-k", "f32", "--cache-type-v", "f32")

    def __init__(self, program, path):
        self.program, self.path = program, path

    def run(self, command, *arguments, text=None):
        return checked([self.program, command, "-m", self.path, *arguments], text)

    def as_f32(self, path):
        checked([self.program, "quantize", self.path, path, "F32"])
        return Pith(self.program, path)

    def inspect(self):
        return json.loads(self.run("inspect", "--json", "--tensors"))

    def render(self, messages):
        context = {"messages": messages, "add_generation_prompt": messages[-1]["role"] == "user"}
        return self.run("template", "--context", "-", text=json.dumps(context))

    def tokens(self, text):
        return [int(t) for t in self.run("tokenize", "--parse-special", text).split()]

    def write(self, *prompt):
        """Greedily; END behind the tokens where the model ended the text."""
        options = ("--json", "--temp", "0", "-n", str(LONGEST), *self.F32_CACHE)
        out = json.loads(self.run("run", *options, *prompt))
        return out["tokens"] + [END] * (out["finish_reason"] == "stop")

    def logits(self, prompt, tokens):
        """Behind the prompt and behind each token: bit by bit what they were when it wrote them."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "logits.npy"
            ids = " ".join(map(str, prompt + tokens))
            self.run("logits", "--tokens", "-", "-o", path, *self.F32_CACHE, text=ids)
            return numpy.load(path)[len(prompt) - 1 :]

    def reward(self, messages):
        text = json.dumps({"messages": messages})
        return json.loads(self.run("score", "--reward", *self.F32_CACHE, text=text))["reward"]


class Peer:
    def __init__(self, path, **options):
        f32 = llama_cpp.GGML_TYPE_F32
        self.llama = llama_cpp.Llama(str(path), n_ctx=512, n_threads=1, type_k=f32, type_v=f32,
                                     verbose=False, **options)
        self.llama.tokenize = functools.partial(self.llama.tokenize, add_bos=False, special=True)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.llama.model)

    def tokens(self, text):
        return self.llama.tokenize(text.encode())

    def read(self, tokens):
        self.llama.eval(tokens)
        return self.llama.scores[self.llama.n_tokens - 1]

    def write(self, prompt):
        self.llama.reset()
        tokens, logits = [], self.read(prompt)
        while len(tokens) < LONGEST:
            best = int(logits.argmax())
            if llama_cpp.llama_vocab_is_eog(self.vocabulary, best):
                return tokens + [END]
            tokens.append(best)
            logits = self.read([best])
        return tokens

    def logits(self, prompt, tokens):
        """One token after the other, as when it writes."""
        self.llama.reset()
        for part in [prompt, *([t] for t in tokens)]:
            self.read(part)
        return self.llama.scores[len(prompt) - 1 : self.llama.n_tokens].copy()


# --- texts ------------------------------------------------------------------------------------------------


def lead(logits):
    second, best = sorted(logits)[-2:]
    return float(best - second)


def apart(pairs):
    """The most that the arrays of a pair differ."""
    return max(float(abs(a - b).max(initial=0)) for a, b in pairs)


class Text:
    """What both engines wrote: the tokens that are the same, the logits that chose them, and the leads behind
    them where the texts part."""

    def __init__(self, name, prompt, engines, written):
        self.name, self.prompt = name, prompt
        self.same = len(os.path.commonprefix(written))
        self.tokens = [t for t in written[0][: self.same] if t != END]
        rows = [engine.logits(prompt, self.tokens) for engine in engines]
        self.logits = [r[: self.same] for r in rows]
        self.leads = [lead(r[self.same]) for r in rows] if self.same < max(map(len, written)) else []


def write_all(pith, peer):
    asked = [(t, t, ("--raw", t)) for t in TEXTS]
    if pith.inspect().get("chat_template"):
        asked += [(q, pith.render([{"role": "user", "content": q}]), (q,)) for q in QUESTIONS]
    texts = []
    for name, whole, arguments in asked:
        prompt = peer.tokens(whole)
        if prompt != pith.tokens(whole):
            sys.exit(f"{pith.path}: the engines have different tokens for {json.dumps(whole)}")
        texts.append(Text(name, prompt, (pith, peer), (pith.write(*arguments), peer.write(prompt))))
    return texts


def compare_texts(pith, exact, report):
    engines = pith, Peer(pith.path, logits_all=True)
    exact_engines = exact, Peer(exact.path, logits_all=True)
    texts = write_all(*engines)
    # What the rounding alone does to each engine's logits of the same tokens.
    rounding = [apart((t.logits[i], e.logits(t.prompt, t.tokens)[: t.same]) for t in texts)
                for i, e in enumerate(exact_engines)]
    report.add_texts("as it is", texts, 2 * apart(t.logits for t in texts), rounding)
    report.add_texts("F32", write_all(*exact_engines), CLOSE)


# --- rewards ----------------------------------------------------------------------------------------------


def split_head(path, trunk_path):
    """Writes the file without the head, which is returned, through the peer's own GGUF library."""
    library = ctypes.CDLL(Path(llama_cpp.__file__).parent / "lib" / "libggml-base.so")

    class Options(ctypes.Structure):
        _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.POINTER(ctypes.c_void_p))]

    def call(name, result, *arguments):
        function = getattr(library, name)
        function.restype = result
        found = function(*arguments)
        return ctypes.c_void_p(found) if result is ctypes.c_void_p else found

    context = ctypes.c_void_p()
    options = Options(False, ctypes.pointer(context))
    file = call("gguf_init_from_file", ctypes.c_void_p, str(path).encode(), options)
    trunk = call("gguf_init_empty", ctypes.c_void_p)
    call("gguf_set_kv", None, trunk, file)
    for i in range(call("gguf_get_n_tensors", ctypes.c_int64, file)):
        name = call("gguf_get_tensor_name", ctypes.c_char_p, file, ctypes.c_int64(i))
        tensor = call("ggml_get_tensor", ctypes.c_void_p, context, name)
        if name.decode() == HEAD:
            data = call("ggml_get_data_f32", ctypes.POINTER(ctypes.c_float), tensor)
            head = numpy.array(data[: call("ggml_nelements", ctypes.c_int64, tensor)])
        else:
            call("gguf_add_tensor", None, trunk, tensor)
    if not call("gguf_write_to_file", ctypes.c_bool, trunk, str(trunk_path).encode(), ctypes.c_bool(False)):
        sys.exit(f"{trunk_path}: cannot be written")
    return head


def rewards(pith, folder):
    """Of every question with every answer: pith's and the peer's."""
    trunk = folder / f"{pith.path.stem}-trunk.gguf"
    head = split_head(pith.path, trunk)
    peer = Peer(trunk, embedding=True, pooling_type=llama_cpp.LLAMA_POOLING_TYPE_LAST)
    talks = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}]
             for q in QUESTIONS for a in ANSWERS]
    return (numpy.array([pith.reward(t) for t in talks]),
            numpy.array([head @ peer.llama.embed(pith.render(t)) for t in talks]))


def compare_rewards(pith, exact, report, folder):
    both, exact_both = rewards(pith, folder), rewards(exact, folder)
    rounding = [apart([pair]) for pair in zip(both, exact_both)]
    report.add_rewards("as it is", both, sum(rounding) + CLOSE, rounding)
    report.add_rewards("F32", exact_both, CLOSE)


# --- the report -------------------------------------------------------------------------------------------

TEXT_HEAD = ("model", "weights", "texts", "tokens the same", "texts that part", "at leads up to", "allowed",
             "logits apart by", "rounding moves pith's by", "llama.cpp's by", "held")
PARTING_HEAD = ("model", "weights", "prompt", "tokens the same", "pith's lead", "llama.cpp's lead")
REWARD_HEAD = ("model", "weights", "conversations", "least", "greatest", "apart by", "allowed",
               "rounding moves pith's by", "llama.cpp's by", "held")


def numbers(*values):
    return ("" if v is None else f"{v:.2g}" for v in values)


class Report:
    def __init__(self):
        self.model, self.failed = "", False
        self.texts, self.partings, self.rewards = [], [], []

    def verdict(self, held):
        self.failed |= not held
        return "yes" if held else "**no**"

    def add_texts(self, weights, texts, allowed, rounding=(None, None)):
        parted = [t for t in texts if t.leads]
        widest = max((max(t.leads) for t in parted), default=0)
        self.texts.append((self.model, weights, len(texts), sum(t.same for t in texts), len(parted),
                           *numbers(widest, allowed, apart(t.logits for t in texts), *rounding),
                           self.verdict(widest <= allowed)))
        self.partings += [(self.model, weights, f"`{json.dumps(t.name)[1:-1]}`", t.same, *numbers(*t.leads))
                          for t in parted]

    def add_rewards(self, weights, both, allowed, rounding=(None, None)):
        ours, difference = both[0], apart([both])
        self.rewards.append((self.model, weights, len(ours),
                             *numbers(ours.min(), ours.max(), difference, allowed, *rounding),
                             self.verdict(difference <= allowed)))

    def print(self):
        system = llama_cpp.llama_print_system_info().decode().strip(" |")
        print(f"llama-cpp-python {llama_cpp.__version__}: {system}")
        for head, rows in ((TEXT_HEAD, self.texts), (PARTING_HEAD, self.partings),
                           (REWARD_HEAD, self.rewards)):
            if rows:
                print("", *table(head, rows), sep="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.gguf")
    parser.add_argument("--pith", type=Path, default=ROOT / "build" / "pith")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "compare", help="of the environment")
    args = parser.parse_args()
    if not llama_cpp:
        python = make_venv(args.folder / "venv", ["-DGGML_NATIVE=ON"])
        os.execv(python, [python, *sys.argv])
    report = Report()
    for path in args.models or sorted((ROOT / "models").glob("*.gguf")):
        pith, report.model = Pith(args.pith, path), path.stem
        with tempfile.TemporaryDirectory() as folder:
            exact = pith.as_f32(Path(folder) / "f32.gguf")
            if any(t["name"] == HEAD for t in pith.inspect()["tensors"]):
                compare_rewards(pith, exact, report, Path(folder))
            else:
                compare_texts(pith, exact, report)
    report.print()
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
