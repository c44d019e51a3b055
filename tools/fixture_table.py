"""The rows of tools/make_fixtures.py: one for each fixture of tests/data/hf."""

from dataclasses import dataclass, field


@dataclass
class Fixture:
    name: str
    cls: str  # class of transformers
    config: dict  # arguments of its configuration class
    mechanisms: str  # what the fixture covers, in words
    mutants: dict = field(default_factory=dict)  # mechanism -> change of the configuration that must show in the logits
    prompts: tuple = (1, 7, 40)  # lengths: one token, a few, more than a window of 8 and a cache page of 32
    dtype: str = "float32"  # of the stored weights
    shard: str = ""  # largest shard, for a checkpoint with an index
    legacy: bool = False  # config.json as before transformers 5: rope_theta and rope_scaling
    gain: float = 1.0  # of the matrices' deviation 1/sqrt(fan in)
    input_first: tuple = ()  # parts of names of matrices stored [in][out]
    draw: dict = field(default_factory=dict)  # part of a name -> function from a normal tensor to the values


# Sizes are multiples of 32 where they can be, so that the same weights can be quantised in blocks. The eps is large
# enough to show in the logits.
TINY = dict(
    vocab_size=128,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
)
RMS = TINY | dict(rms_norm_eps=1e-3)
EPS = {"norm eps": dict(rms_norm_eps=1e-5)}
THETA = {"rope base": dict(rope_parameters=dict(rope_type="default", rope_theta=500.0))}


def rope(kind="default", theta=10000.0, **more):
    return dict(rope_type=kind, rope_theta=theta, **more)


NO_SCALING = {"rope scaling": dict(rope_parameters=rope())}

YARN = rope("yarn", factor=4.0, beta_fast=4.0, beta_slow=0.25, original_max_position_embeddings=32)
LLAMA3 = rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)

FIXTURES = [
    Fixture(
        "llama", "LlamaForCausalLM", RMS | dict(rope_parameters=rope()),
        "RMS norm, RoPE in halves, grouped-query attention, gated SiLU",
        EPS | THETA,
    ),
    Fixture(
        "llama-bias", "LlamaForCausalLM", RMS | dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
        "bias on every matrix, tied head",
        EPS,
    ),
    Fixture(
        "llama-rope-linear", "LlamaForCausalLM", RMS | dict(head_dim=16, rope_parameters=rope("linear", factor=4.0)),
        "linear RoPE scaling, head_dim of its own, config.json in the form before transformers 5",
        NO_SCALING, legacy=True,
    ),
    Fixture(
        "llama-rope-llama3", "LlamaForCausalLM", RMS | dict(head_dim=16, rope_parameters=LLAMA3),
        "Llama 3 RoPE scaling, checkpoint in shards, config.json in the form before transformers 5",
        NO_SCALING | {
            "smooth middle": dict(rope_parameters=LLAMA3 | dict(high_freq_factor=1.0001)),
        },
        legacy=True, shard="60KB",
    ),
    Fixture(
        "llama-rope-yarn", "LlamaForCausalLM", RMS | dict(head_dim=16, rope_parameters=YARN),
        "YaRN with its ramp and its attention factor 0.1 ln(factor) + 1",
        NO_SCALING | {
            "attention factor": dict(rope_parameters=YARN | dict(attention_factor=1.0)),
            "ramp": dict(rope_parameters=YARN | dict(beta_fast=1000.0, beta_slow=1000.0)),
        },
    ),
    Fixture(
        "llama-rope-dynamic", "LlamaForCausalLM",
        RMS | dict(head_dim=16, max_position_embeddings=16, rope_parameters=rope("dynamic", factor=4.0)),
        "dynamic NTK RoPE: the base grows with the prompt beyond max_position_embeddings (16)",
        NO_SCALING,
    ),
    Fixture(
        "llama-bf16", "LlamaForCausalLM", RMS | dict(rope_parameters=rope()),
        "BF16 weights in shards",
        EPS, dtype="bfloat16", shard="30KB",
    ),
    Fixture(
        "mistral", "MistralForCausalLM", RMS | dict(sliding_window=8, head_dim=16),
        "sliding window of 8 in every layer",
        {"window": dict(sliding_window=None), "window is one longer": dict(sliding_window=9)},
    ),
    Fixture(
        "qwen2", "Qwen2ForCausalLM", RMS | dict(tie_word_embeddings=True, rope_parameters=rope(theta=1e6)),
        "q, k and v bias without output bias, tied head",
        EPS | THETA,
    ),
    Fixture(
        "qwen2-window", "Qwen2ForCausalLM",
        RMS | dict(use_sliding_window=True, sliding_window=8, max_window_layers=1),
        "sliding window from layer max_window_layers on (layer_types)",
        {"window": dict(use_sliding_window=False), "window in layer 1 only": dict(max_window_layers=0)},
    ),
    Fixture(
        "qwen3", "Qwen3ForCausalLM", RMS | dict(head_dim=16, rope_parameters=rope(theta=1e6)),
        "RMS norm of each q and k head before RoPE, head_dim of its own",
        EPS | THETA,
    ),
]

NOTES = ""
