"""Loss and gradients of two small networks by PyTorch, for tests/train/torch_test.cpp.

The networks are Hugging Face's Llama and Mixtral in float64, with parameters that both sides make from the
same hash (tests/train/small_networks.h). Of each gradient the file holds its norm and its product with a
vector of such numbers: an error in any element changes it.

    python tools/train/make_fixtures.py    (needs torch and transformers; see tools/requirements-fixtures.txt)
"""

import json
import pathlib
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from make_fixtures import Float64, default_dtype  # noqa: E402  (transformers' casts to float32 undone)

MASK = (1 << 64) - 1
HERE = pathlib.Path(__file__).resolve().parent
DENSE = dict(vocab=48, width=32, layers=2, heads=4, kv_heads=2, head_dim=8, ffn=64, experts=0, active=0)
MIXTURE = DENSE | dict(ffn=32, experts=4, active=2)
LENGTHS = [70, 5, 64]


def pseudo_random(i):
    x = (i * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return ((x ^ (x >> 31)) >> 11) * 2.0**-53 - 0.5


def layout(s):
    """(name, rows, cols, is a matrix) in the order of the parameters' array; cls.output is behind them."""
    d, q, kv, f = s["width"], s["heads"] * s["head_dim"], s["kv_heads"] * s["head_dim"], s["ffn"]
    yield "token_embd.weight", s["vocab"], d, True
    for layer in range(s["layers"]):
        b = f"blk.{layer}."
        yield b + "attn_norm.weight", 1, d, False
        yield b + "attn_q.weight", q, d, True
        yield b + "attn_k.weight", kv, d, True
        yield b + "attn_v.weight", kv, d, True
        yield b + "attn_output.weight", d, q, True
        yield b + "ffn_norm.weight", 1, d, False
        if s["experts"]:
            yield b + "ffn_gate_inp.weight", s["experts"], d, True
        for e in range(max(s["experts"], 1)):
            end = f"_exps.weight.{e}" if s["experts"] else ".weight"
            yield b + "ffn_gate" + end, f, d, True
            yield b + "ffn_up" + end, f, d, True
            yield b + "ffn_down" + end, d, f, True
    yield "output_norm.weight", 1, d, False


def parameters(s):
    out, offset = {}, 0
    for name, rows, cols, matrix in layout(s):
        values = [pseudo_random(offset + i + 1) / 2 for i in range(rows * cols)]
        tensor = torch.tensor(values, dtype=torch.float64).reshape(rows, cols)
        out[name] = tensor if matrix else 1 + tensor[0]
        offset += rows * cols
    return out


def halves(w, heads):
    """Rotary pairs (2i, 2i + 1) of each head, as GGUF has them, to (i, i + Q/2), as Hugging Face has them."""
    rows, cols = w.shape
    return w.reshape(heads, rows // heads // 2, 2, cols).transpose(1, 2).reshape(rows, cols)


def to_hugging_face(p, s):
    """The checkpoint's tensors as differentiable functions of ours."""
    out = {"model.embed_tokens.weight": p["token_embd.weight"], "lm_head.weight": p["token_embd.weight"],
           "model.norm.weight": p["output_norm.weight"]}
    for layer in range(s["layers"]):
        a, b = f"model.layers.{layer}.", f"blk.{layer}."
        out[a + "input_layernorm.weight"] = p[b + "attn_norm.weight"]
        out[a + "post_attention_layernorm.weight"] = p[b + "ffn_norm.weight"]
        out[a + "self_attn.q_proj.weight"] = halves(p[b + "attn_q.weight"], s["heads"])
        out[a + "self_attn.k_proj.weight"] = halves(p[b + "attn_k.weight"], s["kv_heads"])
        out[a + "self_attn.v_proj.weight"] = p[b + "attn_v.weight"]
        out[a + "self_attn.o_proj.weight"] = p[b + "attn_output.weight"]
        if s["experts"]:
            stack = lambda part: [p[f"{b}{part}_exps.weight.{e}"] for e in range(s["experts"])]
            gate_up = [torch.cat(pair) for pair in zip(stack("ffn_gate"), stack("ffn_up"))]
            out[a + "mlp.gate.weight"] = p[b + "ffn_gate_inp.weight"]
            out[a + "mlp.experts.gate_up_proj"] = torch.stack(gate_up)
            out[a + "mlp.experts.down_proj"] = torch.stack(stack("ffn_down"))
        else:
            for ours, theirs in (("gate", "gate_proj"), ("up", "up_proj"), ("down", "down_proj")):
                out[a + f"mlp.{theirs}.weight"] = p[f"{b}ffn_{ours}.weight"]
    return out


def model(s):
    common = dict(vocab_size=s["vocab"], hidden_size=s["width"], intermediate_size=s["ffn"],
                  num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
                  num_key_value_heads=s["kv_heads"], head_dim=s["head_dim"], rms_norm_eps=1e-5,
                  rope_theta=10000.0, max_position_embeddings=128, attn_implementation="eager", experts_implementation="eager",
                  tie_word_embeddings=False)
    if s["experts"]:
        config = MixtralConfig(**common, num_local_experts=s["experts"], num_experts_per_tok=s["active"],
                               sliding_window=None, router_jitter_noise=0.0)
        return MixtralForCausalLM(config).double().eval()
    return LlamaForCausalLM(LlamaConfig(**common)).double().eval()


def case(name, s):
    p = {k: v.requires_grad_() for k, v in parameters(s).items()}
    network, weights = model(s), to_hugging_face(p, s)
    missing = set(dict(network.named_parameters())) ^ set(weights)
    assert not missing, missing
    place, loss = 1_000_000, 0.0
    for length in LENGTHS:
        ids = [int((pseudo_random(place + i) + 0.5) * s["vocab"]) for i in range(length)]
        place += length
        logits = torch.func.functional_call(network, weights, (torch.tensor([ids]),)).logits[0].double()
        log_p = torch.log_softmax(logits[:-1], dim=-1)
        loss = loss - log_p[torch.arange(length - 1), torch.tensor(ids[1:])].sum()
    loss = loss / sum(n - 1 for n in LENGTHS)
    loss.backward()
    gradients, offset = {}, 0
    for key, tensor in p.items():
        g = tensor.grad.reshape(-1)
        probe = torch.tensor([pseudo_random(3_000_000 + offset + i) for i in range(len(g))], dtype=torch.float64)
        gradients[key] = {"norm": g.norm().item(), "probe": (g @ probe).item()}
        offset += len(g)
    return {"name": name, "shape": s, "lengths": LENGTHS, "loss": loss.item(), "gradients": gradients}


def main():
    with default_dtype(torch.float64), Float64():
        cases = [case("dense", DENSE), case("mixture", MIXTURE)]
    path = HERE.parents[1] / "tests/data/train/torch.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(cases, indent=1) + "\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
