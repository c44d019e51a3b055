#!/usr/bin/env python3
"""Makes tests/data/hf: tiny random models of Hugging Face classes, with the logits that transformers computes.

    python3.11 -m venv venv && venv/bin/pip install -r tools/requirements-fixtures.txt
    venv/bin/python tools/make_fixtures.py              # every fixture of tools/fixture_table.py
    venv/bin/python tools/make_fixtures.py gemma2 phi3  # these alone
    venv/bin/python tools/make_fixtures.py --check      # recompute, compare with the files, write nothing

A fixture is a directory as `save_pretrained` writes it (config.json, model.safetensors or shards with an index), and
logits.safetensors: for each prompt i `prompt_i` (int64 [n], token ids from position 0) and `logits_i` (F32 [n][vocab]).
The same versions of the packages give the same bytes: every tensor has a seed of its own.

The weights. Every parameter and every buffer of the checkpoint is drawn anew, so that none is at the value it would
have if it were absent: matrices normal with deviation 1/sqrt(fan in), what begins at one 1 + 0.3 normal, what begins at
zero 0.2 normal (zero-centred norms 0.3). A seed is taken for which no routing decision is near a tie.

The reference. transformers upcasts norms, softmax, routers and rotary angles to float32 by name, even in a float64
model. `Float64` turns each of these requests into float64, so the logits are float64 throughout, then rounded to F32.
As a check the saved directory is loaded as a user loads it and run in plain float32: the two agree within F32 rounding.

Three more checks hold for each fixture, so that a test against it can fail: every tensor matters (drawn anew it
changes the logits), every mechanism named in the table matters (each mutant of the configuration changes them), and
the logits are of order one.
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

os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.overrides import TorchFunctionMode
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from fixture_table import FIXTURES, NOTES

DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "hf"
MAX_BYTES = 300_000  # of one fixture
MIN_GAP = 1e-4  # between the last expert taken and the first one left
MIN_EFFECT = 1e-8  # NMSE of a mutant or of a redrawn tensor: a hundred times the bound of the tests
MAX_F32_NMSE = 1e-11  # float32 against float64: rounding alone is 1e-13 to 1e-12


class Float64(TorchFunctionMode):
    """Inside it every request for float32 is one for float64; top-k margins are noted on the way."""

    def __init__(self):
        super().__init__()
        self.gap = math.inf

    def __torch_function__(self, func, types, args=(), kwargs=None):
        wide = lambda value: torch.float64 if value is torch.float32 else value
        args = tuple(wide(a) for a in args)
        kwargs = {k: wide(v) for k, v in (kwargs or {}).items()}
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        if func in (torch.topk, torch.Tensor.topk):
            self.note_gap(*args, **kwargs)
        return func(*args, **kwargs)

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


def generator(*key):
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def nmse(got, want):
    """Worst normalised mean squared error over the prompts."""
    return max(((g.double() - w).square().sum() / w.square().sum()).item() for g, w in zip(got, want))


def make_config(fixture, **override):
    kwargs = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None} | fixture.config | override
    config_class = getattr(transformers, fixture.cls).config_class
    return config_class(**kwargs)


def make_model(fixture, config, dtype):
    cls = getattr(transformers, fixture.cls)
    model = cls._from_config(config, dtype=dtype, attn_implementation="eager", experts_implementation="eager")
    return model.eval()


def draw(fixture, seed, name, like):
    """A random tensor in the place of `like`, a tensor as the class initialises it."""
    gen = generator("weights", fixture.name, seed, name)
    normal = torch.randn(like.shape, generator=gen, dtype=torch.float32)
    for pattern, rule in fixture.draw.items():
        if pattern in name:
            return rule(normal)
    if like.numel() > 1 and like.float().std() == 0 or like.numel() == 1:
        value = like.flatten()[0].item()
        if value == 1.0:
            return 1 + 0.3 * normal
        if value == 0.0:
            return (0.3 if "norm" in name else 0.2) * normal
    if name.endswith("bias"):
        return 0.2 * normal
    if like.ndim < 2:
        raise SystemExit(f"{fixture.name}: no rule to draw {name} {tuple(like.shape)}")
    fan_in = like.shape[-2] if any(p in name for p in fixture.input_first) else like.shape[-1]
    return normal * fixture.gain / math.sqrt(fan_in)


def draw_mxfp4(fixture, seed, name, shape):
    """MXFP4 blocks [expert][out][in/32][16] (two values a byte) and scales [expert][out][in/32] for [expert][in][out]."""
    gen = generator("weights", fixture.name, seed, name)
    experts, inputs, outputs = shape
    blocks = torch.randint(0, 256, (experts, outputs, inputs // 32, 16), generator=gen, dtype=torch.uint8)
    # Random 4-bit values have a deviation near 2.9, so an exponent of -4 gives about 1/sqrt(32).
    scales = torch.randint(127 - 5, 127 - 2, (experts, outputs, inputs // 32), generator=gen, dtype=torch.uint8)
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
                value = convert_moe_packed_tensors(*draw_mxfp4(fixture, seed, name, like.shape), dtype=torch.float32)
            else:
                value = draw(fixture, seed, name, like).to(getattr(torch, fixture.dtype)).to(torch.float32)
            seen[key] = value.contiguous()
        state[name] = seen[key]
    return state


def make_prompts(fixture, vocab):
    return [
        torch.randint(0, vocab, (n,), generator=generator("prompt", fixture.name, i)) for i, n in enumerate(fixture.prompts)
    ]


def run(model, prompts):
    with torch.no_grad():
        return [model(p[None], attention_mask=torch.ones_like(p)[None], use_cache=False).logits[0] for p in prompts]


def reference(fixture, state, prompts, **override):
    """Float64 logits and the least routing margin."""
    with default_dtype(torch.float64), Float64() as mode:
        model = make_model(fixture, make_config(fixture, **override), torch.float64)
        left_out = model.load_state_dict({k: v.double() if v.is_floating_point() else v for k, v in state.items()},
                                         strict=not override)
        if left_out.missing_keys:
            raise SystemExit(f"{fixture.name}: {override} asks for other tensors: {left_out.missing_keys}")
        narrow = [n for n, t in [*model.named_parameters(), *model.named_buffers()] if t.dtype == torch.float32]
        if narrow:
            raise SystemExit(f"{fixture.name}: still float32: {narrow}")
        logits = run(model, prompts)
    if any(t.dtype != torch.float64 for t in logits):
        raise SystemExit(f"{fixture.name}: the logits are not float64")
    return logits, mode.gap


def least_effect_of_tensors(fixture, state, prompts, want):
    """Redraws one tensor at a time: the smallest change of the logits and the tensor that made it."""
    shared = {}
    for name, value in state.items():
        shared.setdefault(value.data_ptr(), []).append(name)
    effects = {}
    for names in shared.values():
        value = state[names[0]]
        if not value.is_floating_point() or names[0] in fixture.inert:
            continue
        other = torch.randn(value.shape, generator=generator("other", names[0])) * (value.std(correction=0) + 0.1)
        changed = state | dict.fromkeys(names, value.mean() + other.to(value.dtype))
        effects[names[0]] = nmse(reference(fixture, changed, prompts)[0], want)
    name = min(effects, key=effects.get)
    return effects[name], name


def before_version_5(fixture, config):
    """The configuration as earlier transformers wrote it, and as most published checkpoints have it."""
    rope = config.pop("rope_parameters", {})
    for key in ("rope_theta", "partial_rotary_factor"):
        if key in rope:
            config[key] = rope.pop(key)
    config["rope_scaling"] = None if rope.get("rope_type") == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    for new, old in fixture.old_keys.items():
        value = config.pop(new)
        if old:
            config[old] = value
    return config | fixture.old_values


def pack_mxfp4(fixture, seed, path):
    """Replaces the expert matrices of a checkpoint by the blocks and scales they were drawn from."""
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    for name in [n for n in tensors if n.endswith(fixture.mxfp4)]:
        packed = draw_mxfp4(fixture, seed, name, tensors.pop(name).shape)
        tensors[f"{name}_blocks"], tensors[f"{name}_scales"] = packed
    save_file(tensors, path, metadata={"format": "pt"})


def save(fixture, state, seed, directory):
    """Writes the directory as transformers does; config.json in the form before version 5 where the row asks so."""
    model = make_model(fixture, make_config(fixture), torch.float32)
    model.load_state_dict(state)
    model.to(getattr(torch, fixture.dtype))
    model.save_pretrained(directory, max_shard_size=fixture.shard or "1GB")
    (directory / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((directory / "config.json").read_text())
    if fixture.legacy:
        config = before_version_5(fixture, config)
    if fixture.mxfp4:
        pack_mxfp4(fixture, seed, directory / "model.safetensors")
        config["quantization_config"] = {"quant_method": "mxfp4"}
    (directory / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load(fixture, directory):
    """The saved directory in float32, as a user of transformers loads it."""
    unpack = {"quantization_config": transformers.Mxfp4Config(dequantize=True)} if fixture.mxfp4 else {}
    cls = getattr(transformers, fixture.cls)
    return cls.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager", **unpack
    ).eval()


def make(fixture, target, thorough):
    """Writes the fixture to `target`; returns a line for the log."""
    prompts = make_prompts(fixture, fixture.config["vocab_size"])
    with default_dtype(torch.float32):
        fresh = make_model(fixture, make_config(fixture), torch.float32)
    for seed in range(200):
        state = draw_weights(fixture, fresh, seed)
        want, gap = reference(fixture, state, prompts)
        if gap > MIN_GAP:
            break
    else:
        raise SystemExit(f"{fixture.name}: no seed without a near tie in the router")

    target.mkdir(parents=True, exist_ok=True)
    save(fixture, state, seed, target)
    rounding = nmse(run(load(fixture, target), prompts), want)
    if not rounding < MAX_F32_NMSE:
        raise SystemExit(f"{fixture.name}: float32 differs from float64 by {rounding:.1e}")

    flat = torch.cat([t.flatten() for t in want])
    if not 0.4 < flat.std() < 2.5:
        raise SystemExit(f"{fixture.name}: the logits have deviation {flat.std():.2f}")

    weakest = ("", math.inf)
    for what, override in fixture.mutants.items():
        effect = nmse(reference(fixture, state, prompts, **override)[0], want)
        if effect < weakest[1]:
            weakest = (what, effect)
        if not effect > MIN_EFFECT:
            raise SystemExit(f"{fixture.name}: {what} changes the logits by {effect:.1e} only")
    tensor_note = ""
    if thorough:
        effect, name = least_effect_of_tensors(fixture, state, prompts, want)
        tensor_note = f", weakest tensor {name} {effect:.1e}"
        if not effect > MIN_EFFECT:
            raise SystemExit(f"{fixture.name}: tensor {name} changes the logits by {effect:.1e} only")

    tensors = {}
    for i, (prompt, logits) in enumerate(zip(prompts, want)):
        tensors[f"prompt_{i}"] = prompt
        tensors[f"logits_{i}"] = logits.float().contiguous()
    about = {
        "class": fixture.cls,
        "transformers": transformers.__version__,
        "seed": str(seed),
        "gap": f"{gap:.1e}" if gap < math.inf else "",
        "f32_nmse": f"{rounding:.1e}",
        "weakest_mutant": f"{weakest[0]}: {weakest[1]:.0e}" if weakest[0] else "",
    }
    # One key: safetensors writes several in no fixed order.
    save_file(tensors, target / "logits.safetensors", metadata={"about": json.dumps(about, sort_keys=True)})
    for path in target.iterdir():
        path.chmod(0o644)
    size = sum(p.stat().st_size for p in target.iterdir())
    if size > MAX_BYTES:
        raise SystemExit(f"{fixture.name}: {size} bytes, more than {MAX_BYTES}")
    gap_note = f", gap {gap:.1e}" if gap < math.inf else ""
    return (f"{fixture.name}: {size} bytes, deviation {flat.std():.2f}, f32 {rounding:.1e}, seed {seed}{gap_note}, "
            f"weakest mutant {weakest[0]} {weakest[1]:.1e}{tensor_note}")


def same(made, kept):
    """Equal bytes; logits may differ as sums in another order do on another processor."""
    if not (made.is_file() and kept.is_file()):
        return False
    if made.name != "logits.safetensors":
        return made.read_bytes() == kept.read_bytes()
    new, old = load_file(made), load_file(kept)
    return new.keys() == old.keys() and nmse([new[n] for n in sorted(new)], [old[n].double() for n in sorted(new)]) < 1e-14


def differences(made, kept):
    """Names of the files in which the two directories differ."""
    names = {p.name for p in made.iterdir()} | ({p.name for p in kept.iterdir()} if kept.is_dir() else set())
    return sorted(n for n in names if not same(made / n, kept / n))


def write_readme():
    rows = []
    for fixture in FIXTURES:
        directory = DATA / fixture.name
        if not directory.is_dir():
            continue
        with safe_open(directory / "logits.safetensors", "pt") as file:
            about = json.loads(file.metadata()["about"])
        size = sum(p.stat().st_size for p in directory.iterdir())
        lengths = " ".join(map(str, fixture.prompts))
        rows.append(
            f"| `{fixture.name}` | {about['class']} | {fixture.mechanisms} | {lengths} | {size // 1000} kB | float64 "
            f"| {about['f32_nmse']} | {about['gap']} | {about['weakest_mutant']} | {about['transformers']} |"
        )
    classes = {f.cls for f in FIXTURES if (DATA / f.name).is_dir()}
    text = f"""# Tiny random models with the logits of Hugging Face transformers

Made by `tools/make_fixtures.py` from the rows of `tools/fixture_table.py`; this page too. {len(rows)} fixtures of
{len(classes)} classes. Each directory is what `save_pretrained` writes, and `logits.safetensors`: for each prompt i
`prompt_i` (int64 [n], token ids from position 0) and `logits_i` (F32 [n][vocab]), computed in float64 and rounded once.
Compare by normalised mean squared error.

Columns: *reference* is the type in which the logits were computed (every cast to float32 inside transformers was made
one to float64); *F32* is the error of transformers itself in plain float32 from the same files (rounding alone);
*gap* is the least difference between the last expert taken and the first one left, over all tokens and layers; *weakest
mutant* is the mechanism whose absence or change in config.json moves the logits least, and by how much.

| fixture | class | mechanisms | prompts | size | reference | F32 | gap | weakest mutant | transformers |
|---|---|---|---|---|---|---|---|---|---|
""" + "\n".join(rows) + "\n" + NOTES
    (DATA / "README.md").write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures to make (default: all)")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there; write nothing")
    parser.add_argument("--fast", action="store_true", help="leave out the check that every tensor matters")
    args = parser.parse_args()
    unknown = set(args.names) - {f.name for f in FIXTURES}
    if unknown:
        sys.exit(f"unknown fixtures: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    failed = False
    for fixture in FIXTURES:
        if args.names and fixture.name not in args.names:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / fixture.name
            print(make(fixture, made, not args.fast), flush=True)
            kept = DATA / fixture.name
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
