#!/usr/bin/env python3
"""Makes tests/data/hf: tiny random models of Hugging Face classes, with transformers' own logits.

    python3.11 -m venv venv && venv/bin/pip install -r tools/requirements-fixtures.txt
    venv/bin/python tools/make_fixtures.py              # every fixture of tools/fixtures
    venv/bin/python tools/make_fixtures.py gemma2 phi3  # these alone
    venv/bin/python tools/make_fixtures.py --check      # recompute, compare with the files, write nothing

A fixture is a directory as `save_pretrained` writes it (config.json, in some fixtures in the form of
published checkpoints; model.safetensors or shards with an index), and logits.safetensors: for each prompt i
`prompt_i` (int64 [n], token ids from position 0) and `logits_i` (F32 [n][vocab]). The same versions of the
packages give the same bytes: every tensor has a seed of its own.

The weights. Every parameter and every buffer of the checkpoint is drawn anew, so that none is at the value
it would have if it were absent: matrices normal with deviation 1/sqrt(fan in), what begins at one 1 + 0.3
normal, what begins at zero 0.2 normal (zero-centred norms 0.3). A seed is taken for which no routing
decision is near a tie.

The reference. transformers upcasts norms, softmax, routers and rotary angles to float32 by name, even in a
float64 model. `Float64` turns each of these requests into float64 and refuses a result that is narrower, so
the logits are float64 throughout, then rounded to F32. As a check the saved directory is loaded as a user
loads it and run in plain float32: the two agree within F32 rounding.

Three more checks hold for each fixture, so that a test against it can fail: every tensor matters (drawn
anew it changes the logits), every mechanism named as a mutant matters (that change of the configuration
changes them), and the logits are of order one.
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.overrides import TorchFunctionMode
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from fixtures import FIXTURES

DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "hf"
MAX_BYTES = 300_000  # of one fixture
MIN_GAP = 1e-4  # between the last expert taken and the first one left
MIN_EFFECT = 1e-8  # NMSE of a mutant or of a redrawn tensor: a hundred times the bound of the tests
MAX_F32_NMSE = 1e-11  # float32 against float64: rounding alone is 1e-13 to 1e-12
DEVIATION = (0.4, 2.5)  # of the logits


NARROW = (torch.float32, torch.bfloat16, torch.float16)


class Float64(TorchFunctionMode):
    """Inside it a request for a narrower float is one for float64; top-k margins are noted on the way."""

    def __init__(self):
        super().__init__()
        self.gap = math.inf

    def __torch_function__(self, func, types, args=(), kwargs=None):
        wide = lambda value: torch.float64 if value in NARROW else value
        args = tuple(wide(a) if isinstance(a, torch.dtype) else a for a in args)
        kwargs = {k: wide(v) if isinstance(v, torch.dtype) else v for k, v in (kwargs or {}).items()}
        if func in (torch.Tensor.float, torch.Tensor.bfloat16, torch.Tensor.half):
            func = torch.Tensor.double
        if func in (torch.topk, torch.Tensor.topk):
            self.note_gap(*args, **kwargs)
        result = func(*args, **kwargs)
        if isinstance(result, torch.Tensor) and result.dtype in NARROW:
            raise RuntimeError(f"{func.__name__} gives {result.dtype} within a float64 computation")
        return result

    def note_gap(self, scores, k, dim=-1, **_):
        if k < scores.shape[dim]:
            top = torch.topk(scores, k + 1, dim=dim).values
            gap = (top.narrow(dim, k - 1, 1) - top.narrow(dim, k, 1)).min().item()
            self.gap = min(self.gap, gap)


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def fail(fixture, message):
    sys.exit(f"{fixture.name}: {message}")


def generator(*key):
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def nmse(got, want):
    """Worst normalised mean squared error over the prompts."""
    return max(((g.double() - w).square().sum() / w.square().sum()).item() for g, w in zip(got, want))


# --- models


def make_config(fixture, **override):
    kwargs = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None} | fixture.config | override
    return getattr(transformers, fixture.cls).config_class(**kwargs)


def make_model(fixture, config, dtype):
    cls = getattr(transformers, fixture.cls)
    model = cls._from_config(
        config, dtype=dtype, attn_implementation=fixture.attention, experts_implementation="eager"
    )
    return model.eval()


def make_prompts(fixture):
    vocab = fixture.config["vocab_size"]
    return [
        torch.randint(0, vocab, (length,), generator=generator("prompt", fixture.name, i))
        for i, length in enumerate(fixture.prompts)
    ]


def run(model, prompts):
    with torch.no_grad():
        return [
            model(prompt[None], attention_mask=torch.ones_like(prompt)[None], use_cache=False).logits[0]
            for prompt in prompts
        ]


def reference(fixture, state, prompts, **override):
    """Float64 logits and the least routing margin, with some of the configuration overridden."""
    with default_dtype(torch.float64), Float64() as mode:
        model = make_model(fixture, make_config(fixture, **override), torch.float64)
        wide = {name: value.double() if value.is_floating_point() else value for name, value in state.items()}
        missing = model.load_state_dict(wide, strict=not override).missing_keys
        if missing:
            fail(fixture, f"{override} asks for other tensors: {missing}")
        return run(model, prompts), mode.gap


# --- weights


def draw(fixture, seed, name, like):
    """A random tensor in the place of `like`, a tensor as the class initialises it."""
    gen = generator("weights", fixture.name, seed, name)
    normal = torch.randn(like.shape, generator=gen, dtype=torch.float32)
    for pattern, rule in fixture.draw.items():
        if pattern in name:
            return rule(normal)
    if like.numel() == 1 or like.float().std() == 0:
        value = like.flatten()[0].item()
        if value == 1.0:
            return 1 + 0.3 * normal
        if value == 0.0:
            return (0.3 if "norm" in name else 0.2) * normal
    if name.endswith("bias"):
        return 0.2 * normal
    if like.ndim < 2:
        fail(fixture, f"no rule to draw {name} {tuple(like.shape)}")
    fan_in = like.shape[-2] if any(part in name for part in fixture.input_first) else like.shape[-1]
    return normal / math.sqrt(fan_in)


def draw_mxfp4(fixture, seed, name, shape):
    """An [expert][in][out] matrix as blocks [expert][out][in/32][16] and scales [expert][out][in/32]."""
    gen = generator("weights", fixture.name, seed, name)
    experts, inputs, outputs = shape
    blocks = torch.randint(0, 256, (experts, outputs, inputs // 32, 16), generator=gen, dtype=torch.uint8)
    # Random 4-bit values have a deviation near 2.9, so an exponent of -4 gives about 1/sqrt(32).
    scales = torch.randint(
        127 - 5, 127 - 2, (experts, outputs, inputs // 32), generator=gen, dtype=torch.uint8
    )
    return blocks, scales


def draw_weights(fixture, model, seed):
    """A state for `model`; tensors that share memory (a tied head) are drawn once."""
    state, seen = {}, {}
    for name, like in model.state_dict().items():
        key = (like.data_ptr(), like.shape)
        if key not in seen:
            if not like.is_floating_point():
                value = like.clone()
            elif name.endswith(fixture.mxfp4):
                packed = draw_mxfp4(fixture, seed, name, like.shape)
                value = convert_moe_packed_tensors(*packed, dtype=torch.float32)
            else:
                value = draw(fixture, seed, name, like).to(getattr(torch, fixture.dtype)).to(torch.float32)
            seen[key] = value.contiguous()
        state[name] = seen[key]
    return state


def choose_weights(fixture, prompts):
    """The first seed without a near tie in a router: seed, state, float64 logits, least margin."""
    fresh = make_model(fixture, make_config(fixture), torch.float32)
    for seed in range(200):
        state = draw_weights(fixture, fresh, seed)
        logits, gap = reference(fixture, state, prompts)
        if gap > MIN_GAP:
            return seed, state, logits, gap
    fail(fixture, "no seed without a near tie in a router")


# --- files


def as_published(fixture, config):
    """The configuration in the form of published checkpoints, most of them older than transformers 5."""
    if fixture.legacy:
        rope = config.pop("rope_parameters", {})
        for key in ("rope_theta", "partial_rotary_factor"):
            if key in rope:
                config[key] = rope.pop(key)
        kind = rope.pop("rope_type", "default")
        config["rope_scaling"] = None if kind == "default" else {fixture.legacy: kind} | rope
        config["torch_dtype"] = config.pop("dtype")
    for new, old in fixture.old_keys.items():
        value = config.pop(new)
        if old:
            config[old] = value
    return config | fixture.old_values


def pack_mxfp4(fixture, seed, path):
    """Replaces the expert matrices of a checkpoint by the blocks and scales they were drawn from."""
    tensors = load_file(path)
    for name in [n for n in tensors if n.endswith(fixture.mxfp4)]:
        packed = draw_mxfp4(fixture, seed, name, tensors.pop(name).shape)
        tensors[f"{name}_blocks"], tensors[f"{name}_scales"] = packed
    save_file(tensors, path, metadata={"format": "pt"})


def save(fixture, state, seed, directory):
    """Writes the directory as transformers does, config.json in its published form where the row asks so."""
    model = make_model(fixture, make_config(fixture), torch.float32)
    model.load_state_dict(state)
    model.to(getattr(torch, fixture.dtype))
    model.save_pretrained(directory, max_shard_size=fixture.shard or "1GB")
    (directory / "generation_config.json").unlink(missing_ok=True)
    config = as_published(fixture, json.loads((directory / "config.json").read_text()))
    if fixture.mxfp4:
        pack_mxfp4(fixture, seed, directory / "model.safetensors")
        config["quantization_config"] = {"quant_method": "mxfp4"}
    (directory / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load(fixture, directory):
    """The saved directory in float32, as a user of transformers loads it."""
    unpack = {"quantization_config": transformers.Mxfp4Config(dequantize=True)} if fixture.mxfp4 else {}
    cls = getattr(transformers, fixture.cls)
    model = cls.from_pretrained(
        directory,
        dtype=torch.float32,
        attn_implementation=fixture.attention,
        experts_implementation="eager",
        **unpack,
    )
    return model.eval()


def save_logits(prompts, logits, about, path):
    tensors = {f"prompt_{i}": prompt for i, prompt in enumerate(prompts)}
    tensors |= {f"logits_{i}": values.float().contiguous() for i, values in enumerate(logits)}
    # One key: safetensors writes several in no fixed order.
    save_file(tensors, path, metadata={"about": json.dumps(about, sort_keys=True)})


# --- checks


def effects_of_mutants(fixture, state, prompts, want):
    return {
        what: nmse(reference(fixture, state, prompts, **override)[0], want)
        for what, override in fixture.mutants.items()
    }


def effects_of_tensors(fixture, state, prompts, want):
    """How the logits change when one tensor is drawn anew."""
    shared = {}
    for name, value in state.items():
        if value.is_floating_point() and name not in fixture.inert:
            shared.setdefault(value.data_ptr(), []).append(name)
    effects = {}
    for names in shared.values():
        value = state[names[0]]
        normal = torch.randn(value.shape, generator=generator("other", names[0]))
        other = value.mean() + normal * (value.std(correction=0) + 0.1)
        changed = state | dict.fromkeys(names, other)
        effects[names[0]] = nmse(reference(fixture, changed, prompts)[0], want)
    return effects


def weakest(fixture, effects):
    """The least effect as text; it must be far above the bound of the tests."""
    if not effects:
        return ""
    what = min(effects, key=effects.get)
    if not effects[what] > MIN_EFFECT:
        fail(fixture, f"{what} changes the logits by {effects[what]:.1e} only")
    return f"{what}: {effects[what]:.0e}"


def make(fixture, target, thorough):
    """Writes the fixture to `target`; returns a line for the log."""
    prompts = make_prompts(fixture)
    seed, state, want, gap = choose_weights(fixture, prompts)
    deviation = torch.cat([values.flatten() for values in want]).std().item()
    if not DEVIATION[0] < deviation < DEVIATION[1]:
        fail(fixture, f"the logits have deviation {deviation:.2f}")

    target.mkdir(parents=True)
    save(fixture, state, seed, target)
    rounding = nmse(run(load(fixture, target), prompts), want)
    if not rounding < MAX_F32_NMSE:
        fail(fixture, f"float32 differs from float64 by {rounding:.1e}")

    about = {
        "class": fixture.cls,
        "transformers": transformers.__version__,
        "seed": str(seed),
        "gap": f"{gap:.1e}" if gap < math.inf else "",
        "f32_nmse": f"{rounding:.1e}",
        "weakest_mutant": weakest(fixture, effects_of_mutants(fixture, state, prompts, want)),
    }
    tensor = weakest(fixture, effects_of_tensors(fixture, state, prompts, want)) if thorough else "not tried"
    save_logits(prompts, want, about, target / "logits.safetensors")
    size = sum(path.stat().st_size for path in target.iterdir())
    if size > MAX_BYTES:
        fail(fixture, f"{size} bytes, more than {MAX_BYTES}")
    about |= {"bytes": size, "deviation": f"{deviation:.2f}", "weakest_tensor": tensor}
    return f"{fixture.name}: " + ", ".join(f"{key} {value}" for key, value in about.items() if value)


def same(made, kept):
    """Equal bytes; logits may differ as sums in another order do on another processor."""
    if not (made.is_file() and kept.is_file()):
        return False
    if made.name != "logits.safetensors":
        return made.read_bytes() == kept.read_bytes()
    new, old = load_file(made), load_file(kept)
    close = lambda a, b: torch.equal(a, b) or nmse([a], [b.double()]) < 1e-13
    return new.keys() == old.keys() and all(close(new[name], old[name]) for name in new)


def differences(made, kept):
    """Names of the files in which the two directories differ."""
    names = {p.name for p in made.iterdir()} | ({p.name for p in kept.iterdir()} if kept.is_dir() else set())
    return sorted(n for n in names if not same(made / n, kept / n))


# --- the table

HEAD = """# Tiny random models with the logits of Hugging Face transformers

Made by `tools/make_fixtures.py` from the rows of `tools/fixtures`; this page too. {fixtures} fixtures of
{classes} classes. Each directory is what `save_pretrained` writes, and `logits.safetensors`: for each prompt
i `prompt_i` (int64 [n], token ids from position 0) and `logits_i` (F32 [n][vocab]), computed in float64 and
rounded once. Compare by normalised mean squared error. [CLASSES.md](CLASSES.md) says what each class
computes and how its tensors lie.

Columns: *reference* is the type in which the logits were computed (every cast to float32 inside
transformers was made one to float64); *F32* is the error of transformers itself in plain float32 from the
same files (rounding alone); *gap* is the least difference between the last expert taken and the first one
left, over all tokens and layers; *weakest mutant* is the mechanism whose change in config.json moves the
logits least, and by how much; *config.json* is either as `save_pretrained` wrote it or in the form that
published checkpoints have; *version* is that of transformers.

| fixture | class | covers | config.json | prompts | size | reference | F32 | gap | weakest mutant | version |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def table_row(fixture):
    directory = DATA / fixture.name
    with safe_open(directory / "logits.safetensors", "pt") as file:
        about = json.loads(file.metadata()["about"])
    size = sum(path.stat().st_size for path in directory.iterdir())
    cells = [
        f"`{fixture.name}`",
        fixture.cls,
        fixture.mechanisms,
        "published" if fixture.legacy or fixture.old_keys else "saved",
        " ".join(map(str, fixture.prompts)),
        f"{size // 1000} kB",
        "float64",
        about["f32_nmse"],
        about["gap"],
        about["weakest_mutant"],
        about["transformers"],
    ]
    return "| " + " | ".join(cells) + " |\n"


def write_readme():
    there = [fixture for fixture in FIXTURES if (DATA / fixture.name).is_dir()]
    head = HEAD.format(fixtures=len(there), classes=len({fixture.cls for fixture in there}))
    (DATA / "README.md").write_text(head + "".join(map(table_row, there)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures to make (default: all)")
    parser.add_argument(
        "--check", action="store_true", help="compare with the files there are; write nothing"
    )
    parser.add_argument("--fast", action="store_true", help="leave out the check that every tensor matters")
    args = parser.parse_args()
    unknown = set(args.names) - {fixture.name for fixture in FIXTURES}
    if unknown:
        sys.exit(f"unknown fixtures: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    failed = False
    for fixture in FIXTURES:
        if args.names and fixture.name not in args.names:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            made, kept = Path(scratch) / fixture.name, DATA / fixture.name
            print(make(fixture, made, not args.fast), flush=True)
            if args.check:
                for name in differences(made, kept):
                    print(f"{fixture.name}: {name} differs", flush=True)
                    failed = True
            else:
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(made, kept)
    if not args.check:
        write_readme()
    sys.exit(failed)


if __name__ == "__main__":
    main()
