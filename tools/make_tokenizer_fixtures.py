#!/usr/bin/env python3
"""Records what reference tokenizers make of random texts, for tests/text/tokenizer_differential_test.cpp.

    pip install sentencepiece tiktoken tokenizers  # versions in tools/requirements-fixtures.txt
    python3 tools/make_tokenizer_fixtures.py ../shared/data/tokenizers tests/text/fixtures

Writes strings.json (2,000 texts; those that are not UTF-8 as {"hex": ...}) and for each vocabulary a file
NAME.ids with a line for each text: the number of ids, and the FNV-1a hash of the ids as 32-bit little-endian
numbers. Texts hold only characters that Unicode 14 assigns (Python 3.11's tables), and marks that Hugging Face's
older normalization tables know: the libraries disagree about newer ones by their age. Also writes small tokenizers of kinds that the shared vocabularies lack, as
NAME.json, and their ids for the first 500 texts.
"""
import argparse
import json
import pathlib
import random
import unicodedata

import sentencepiece
import tiktoken
import tiktoken.load
import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = 2000
SMALL_TEXTS = 500

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|"
          r"\s*[\r\n]|\s+(?!\S)|\s")
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
          r"\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])

SPACES = " \t\n\r\v\f\x1c\x1f\x85\xa0\u1680\u180e\u2000\u2003\u2009\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\u2581"
WORDS = """the of and to in is was he for it with as his on be at by had not are but from or have an they which one you
were her all she there would their we him been has when who will more no if out so said what up its about into than
them can only other new some could time these two may then do first any my now such like our over man me even most made
after also did many before must through back years where much your way well down should because each just those people
extraordinary misunderstanding Frankenstein internationalization hello world Hello World HELLO WORLD""".split()
ENDINGS = ["'s", "'S", "'t", "'re", "'RE", "'ve", "'Ve", "'m", "'ll", "'LL", "'d", "'\u017f", "'lL", "\u2019s", "'x"]
CODE = ["for (int i = 0; i < n; ++i) {\n    sum += a[i];\n}\n", "def f(x):\n\treturn x**2  # comment\n",
        "if(!p->next){return NULL;}", "SELECT * FROM t WHERE a='b' AND c<>1;", "<div class=\"x\">&nbsp;</div>",
        "{\"key\": [1, 2.5e-3, null, true]}", "#include <stdio.h>\r\n\r\nint main(void)\r\n{\r\n", "a||b&&c ? d : e;",
        "https://example.org/path?q=1&r=%20#frag", "$$\\frac{1}{2}\\sum_{i=0}^{n} x_i$$", "/* ... */ // ---- ====",
        "0x1F 1e10 3.14159 1,000,000 12345678901234567890 007", "x = lambda *a, **k: (a, k)", "\\u0041\\n\\t'\\''"]
SPECIAL = ["<|endoftext|>", "<s>", "</s>", "<unk>", "<|im_start|>user\n", "<|im_end|>", "[INST]", "<0x0A>", "<mask>",
           "<|padding|>", "<tool>"]
ALPHABETS = ["абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЁ", "αβγδεζηθικλμνξοπρστυφχψωΆΈΉάέήΐς", "אבגדהוזחטיכלמנסעפצקרשת",
             "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह\u093e\u093f\u0940\u094d",
             "กขคงจฉชซญฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหอฮ\u0e34\u0e35\u0e48\u0e49", "一二三四五六七八九十人口日月火水木金土中国你好世界",
             "あいうえおかきくけこさしすせそアイウエオカキクケコー", "가나다라마바사아자차카타파하각난닫랄맘밥삿앙잦찿",
             "ÄÖÜäöüßéèêëàâîïôûçñåøæœŒÆØÅŁłŚśŹźŻżğİıŞş", "ＡＢＣａｂｃ１２３！？ｱｲｳ", "ﬁﬂﬀﬃ①②③ⅣⅧ½¼¾²³¹㎏℃™", "ႠႡაბგᲐᲑꭰᏣᎠ"]
DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９", "ⅠⅡⅢⅣ", "¹²³⁴", "一二三", "𝟎𝟏𝟐"]
MARKS = [chr(c) for c in range(0x300, 0x370)] + list("\u064b\u064c\u05b0\u05b8\u0903\u20e3\u3099\u309a\ufe0f\u1ab0")
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "🏳️‍🌈", "1️⃣", "❤️", "🤦🏾‍♂️", "🦙", "☺", "✨", "🧑🏻‍🚀", "©️"]
ASSIGNED = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
PLANES = [[c for c in ASSIGNED if lo <= ord(c) < hi] for lo, hi in
          [(0, 0x80), (0x80, 0x250), (0x250, 0x1000), (0x1000, 0x3000), (0x3000, 0xA000), (0xA000, 0x10000),
           (0x10000, 0x20000), (0x20000, 0x110000)]]


def sentence(r):
    words = [r.choice(WORDS) + (r.choice(ENDINGS) if r.random() < 0.15 else "") for _ in range(r.randint(1, 14))]
    return r.choice([" ", " ", "  ", ", ", "\n", "-"]).join(words) + r.choice(["", ".", "!", "?!", "...", "\n", " "])


def some(r, alphabet, low, high):
    return "".join(r.choice(alphabet) for _ in range(r.randint(low, high)))


def mixture(r):
    return "".join(GENERATORS[r.randrange(len(GENERATORS) - 1)](r)[:r.randint(1, 12)] for _ in range(r.randint(2, 6)))


GENERATORS = [
    sentence,
    lambda r: some(r, r.choice(PLANES), 1, 16),
    lambda r: "".join(r.choice(r.choice(PLANES)) for _ in range(r.randint(1, 24))),
    lambda r: "".join(r.choice(r.choice(ALPHABETS)) + some(r, MARKS, 0, 3) for _ in range(r.randint(1, 10))),
    lambda r: r.choice(["", " ", "  "]).join(r.choice(EMOJI) for _ in range(r.randint(1, 6))),
    lambda r: some(r, [chr(c) for c in [*range(0x20), *range(0x7f, 0xa0)]] + ["a", " "], 1, 16),
    lambda r: some(r, SPACES, 1, 20) + r.choice(["", "a", "1", ".", "word"]) + some(r, " \n", 0, 6),
    lambda r: "".join(r.choice(WORDS) + some(r, " \t\n\r\u3000", 1, 5) for _ in range(r.randint(1, 6))),
    lambda r: r.choice(CODE) + r.choice(["", "\n", "    "]) + r.choice(CODE),
    lambda r: some(r, "abcdefghijklmnopqrstuvwxyz" if r.random() < 0.5 else "aA", 20, 200),
    lambda r: r.choice("aA =-_.\n9é中") * r.randint(1, 120),
    lambda r: some(r, r.choice(DIGITS), 1, 24) + r.choice(["", ".", "a", " ", ","]) + some(r, "0123456789", 0, 8),
    lambda r: " ".join(some(r, r.choice(ALPHABETS), 1, 10) for _ in range(r.randint(1, 6))),
    lambda r: r.choice(["", " ", "a"]) + r.choice(SPECIAL) + r.choice(["", " ", "  b", "\n"]) + r.choice(WORDS),
    lambda r: some(r, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \n", 1, 24),
    mixture,
]


def texts():
    r = random.Random(20260822)
    out = ["", " ", "\n", "a", "\u0000", "\ufffd", "\U0010ffff", "e\u0301", "\u1e9b\u0323", "\u212b\u2126", "\u03d3\u0301"]
    while len(out) < TEXTS - 100:
        text = GENERATORS[len(out) % len(GENERATORS)](r)
        if is_old_enough(text):
            out.append(text)
    while len(out) < TEXTS:  # bytes that are not UTF-8
        raw = bytearray(mixture(r).encode("utf-8"))
        for _ in range(r.randint(1, 4)):
            raw.insert(r.randint(0, len(raw)), r.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE2, 0xED, 0xF0, 0xF5, 0xFF]))
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            if is_old_enough(as_text(bytes(raw))):
                out.append(bytes(raw))
    assert TEXTS == len(out)
    return out


def is_old_enough(text):
    """Whether Hugging Face's normalizers, with tables of Unicode 9, do what the standard says now."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if unicodedata.category(c)[0] != "M")
    return (normalizers.NFC().normalize_str(text) == unicodedata.normalize("NFC", text) and
            normalizers.NFKC().normalize_str(text) == unicodedata.normalize("NFKC", text) and
            normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents()]).normalize_str(text) == bare)


def as_text(text):
    """Reference tokenizers take text only; the engine's callers replace what is not UTF-8 likewise."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def fnv1a(ids):
    h = 0xCBF29CE484222325
    for i in ids:
        for b in int(i).to_bytes(4, "little"):
            h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def record(path, encode, strings):
    lines = []
    for text in strings:
        ids = encode(as_text(text))
        lines.append(f"{len(ids)} {fnv1a(ids):x}\n")
    path.write_text("".join(lines))
    print(path, len(lines))


def hf(tokenizer):
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def tiktoken_file(path, pattern):
    ranks = tiktoken.load.load_tiktoken_bpe(str(path))
    return tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={}).encode_ordinary


def byte_level(vocab, merges, expression, normalizer=None):
    """The tokenizer of a vocab and merges pair, as its model's tokenizer.json has it."""
    t = tokenizers.Tokenizer(models.BPE.from_file(str(vocab), str(merges)))
    t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(expression), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return t


def small_tokenizers(corpus):
    """One for each kind of component that the big vocabularies do not have."""
    def bpe(**options):
        return tokenizers.Tokenizer(models.BPE(**options))

    def train(t, trainer=None, **options):
        trainer = trainer or trainers.BpeTrainer(vocab_size=600, show_progress=False, **options)
        t.train_from_iterator(corpus, trainer)
        return t

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    byte_tokens = [f"<0x{b:02X}>" for b in range(256)]

    t = bpe()  # Falcon: steps behind ByteLevel see its alphabet
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    t.decoder = decoders.ByteLevel()
    yield "falcon_like", train(t, initial_alphabet=alphabet)

    t = bpe()  # StarCoder and Command-R: digits alone; a prefix space; NFC
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=True)])
    t.decoder = decoders.ByteLevel()
    t = train(t, initial_alphabet=alphabet)
    t.add_special_tokens([AddedToken("<s>", special=True)])
    t.add_tokens([AddedToken("<tool>", normalized=False, lstrip=True, rstrip=True),
                  AddedToken("the", normalized=True, single_word=True), AddedToken("   ", normalized=True)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", t.token_to_id("<s>"))])
    yield "digits_nfc", t

    t = bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True)  # Llama 2 and Mistral: all in the normalizer
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                   decoders.Strip(" ", 1, 0)])
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")  # only to train on words
    t = train(t, special_tokens=["<unk>", "<s>", "</s>"] + byte_tokens)
    t.pre_tokenizer = None
    yield "llama2_like", t

    t = bpe(unk_token="<unk>", byte_fallback=True, fuse_unk=True)  # Gemma
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    yield "gemma_like", train(t, special_tokens=["<unk>", "<bos>", "<eos>"] + byte_tokens)

    t = bpe(unk_token="<unk>", fuse_unk=False)  # characters, unknown ones one by one
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(),
                                         normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.CharDelimiterSplit("_")])
    yield "plain_unknown", train(t, special_tokens=["<unk>"])

    t = bpe(unk_token="<unk>", fuse_unk=True)
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    yield "bert_like", train(t, special_tokens=["<unk>"])

    for name, scheme, split in [("metaspace_always", "always", True), ("metaspace_first", "first", False)]:
        t = bpe(unk_token="<unk>", byte_fallback=True)
        t.normalizer = normalizers.NFKC()
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=True)
        t = train(t, special_tokens=["<unk>", "<s>", "</s>"] + byte_tokens)
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
        t.decoder = decoders.Metaspace(prepend_scheme=scheme)
        yield name, t

    t = tokenizers.Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    yield "unigram", train(t, trainers.UnigramTrainer(vocab_size=600, show_progress=False, unk_token="<unk>",
                                                      special_tokens=["<unk>", "<s>", "</s>"]))

    for behavior in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]:
        t = bpe()
        t.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(r"[aeiou\s]"), behavior, invert=behavior == "contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        t.decoder = decoders.ByteLevel()
        yield "split_" + behavior, train(t, initial_alphabet=alphabet)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    shared, out = arguments.shared, arguments.out
    out.mkdir(parents=True, exist_ok=True)
    strings = texts()
    (out / "strings.json").write_text("[\n" + ",\n".join(
        json.dumps({"hex": s.hex()} if isinstance(s, bytes) else s, ensure_ascii=False) for s in strings) + "\n]\n")
    for name, path in [("gpt-2", "gpt-2/tokenizer.json"), ("gpt-neox", "gpt-neox/tokenizer.json"),
                       ("tinyllama", "llama-spm/tinyllama_hf_tokenizer.json")]:
        record(out / f"{name}.ids", hf(tokenizers.Tokenizer.from_file(str(shared / path))), strings)
    spm = sentencepiece.SentencePieceProcessor(model_file=str(shared / "llama-spm/tokenizer.model"))
    record(out / "llama-spm.ids", spm.encode, strings)
    record(out / "qwen2.ids", hf(byte_level(shared / "qwen2/vocab.json", shared / "qwen2/merges.txt", QWEN2,
                                            normalizers.NFC())), strings)
    for name, path, pattern in [("r50k_base", "tiktoken/r50k_base.tiktoken", GPT2),
                                ("cl100k_base", "tiktoken/cl100k_base.tiktoken", CL100K),
                                ("o200k_base", "tiktoken/o200k_base.tiktoken", O200K),
                                ("llama-bpe", "llama-bpe/tokenizer.model", LLAMA3)]:
        record(out / f"{name}.ids", tiktoken_file(shared / path, pattern), strings)
    corpus = (shared / "../text/frankenstein.txt").read_text(encoding="utf-8").splitlines()[:4000]
    for name, tokenizer in small_tokenizers(corpus):
        (out / f"{name}.json").write_text(tokenizer.to_str(pretty=False))
        record(out / f"{name}.ids", hf(tokenizer), strings[:SMALL_TEXTS])


if __name__ == "__main__":
    main()
