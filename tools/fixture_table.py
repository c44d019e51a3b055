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
    mxfp4: tuple = ()  # ends of the names of expert matrices stored as MXFP4 blocks and scales
    shard: str = ""  # largest shard, for a checkpoint with an index
    legacy: bool = False  # config.json as before transformers 5: rope_theta and rope_scaling at its top
    old_keys: dict = field(default_factory=dict)  # with legacy: further keys and what they were called (None: absent)
    old_values: dict = field(default_factory=dict)  # with legacy: keys that only older files have
    gain: float = 1.0  # of the matrices' deviation 1/sqrt(fan in)
    input_first: tuple = ()  # parts of names of matrices stored [in][out]
    inert: tuple = ()  # tensors that cannot show: a scale before the last norm
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
MINISTRAL3 = rope(
    "yarn",
    factor=4.0,
    beta_fast=2.0,
    beta_slow=0.125,
    original_max_position_embeddings=16,
    mscale=1.0,
    mscale_all_dim=0.5,
    llama_4_scaling_beta=0.5,
)
LLAMA3 = rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)

MOE = RMS | dict(vocab_size=96)
LOCAL_FIRST = ["sliding_attention", "full_attention"]
LOCAL_GLOBAL = dict(sliding_attention=rope(theta=100.0), full_attention=rope("linear", factor=8.0))
GEMMA4_ROPE = dict(
    sliding_attention=rope(theta=100.0),
    full_attention=rope("proportional", theta=1000.0, partial_rotary_factor=0.5),
)
GEMMA4 = RMS | dict(
    vocab_size=96, head_dim=8, global_head_dim=16, sliding_window=8, final_logit_softcapping=2.0, rope_parameters=GEMMA4_ROPE
)
LONGROPE = rope(
    "longrope",
    partial_rotary_factor=0.75,
    short_factor=[1.0, 1.1, 1.3, 1.6, 2.0, 2.5],
    long_factor=[1.5, 3.0, 5.0, 8.0, 12.0, 20.0],
)

NO_GQA = {key: value for key, value in TINY.items() if key != "num_key_value_heads"}
FALCON = dict(
    vocab_size=128,
    hidden_size=32,
    ffn_hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    max_position_embeddings=64,
    layer_norm_epsilon=1e-3,
)

# The norms inside latent attention have an eps of 1e-6 whatever the configuration says, as real checkpoints do.
MLA_DIMS = dict(
    hidden_size=32,
    intermediate_size=32,
    num_attention_heads=4,
    num_key_value_heads=4,
    kv_lora_rank=32,
    qk_nope_head_dim=16,
    qk_rope_head_dim=8,
    v_head_dim=16,
)
MLA = MLA_DIMS | dict(
    vocab_size=96,
    num_hidden_layers=2,
    moe_intermediate_size=32,
    first_k_dense_replace=1,
    rms_norm_eps=1e-6,
    max_position_embeddings=64,
)
MLA_YARN = rope("yarn", factor=4.0, beta_fast=2.0, beta_slow=0.125, original_max_position_embeddings=16)
MINICPM3 = rope(
    "longrope",
    original_max_position_embeddings=16,
    short_factor=[1.0, 1.1, 1.4, 2.0],
    long_factor=[1.5, 3.0, 6.0, 12.0],
)
DELTA = RMS | dict(
    vocab_size=96,
    intermediate_size=32,
    num_hidden_layers=4,
    head_dim=16,
    max_position_embeddings=128,
    linear_num_key_heads=2,
    linear_num_value_heads=4,
    linear_key_head_dim=8,
    linear_value_head_dim=8,
)

GPT_OSS = RMS | dict(
    head_dim=16,
    num_local_experts=4,
    num_experts_per_tok=2,
    intermediate_size=32,
    sliding_window=8,
    swiglu_limit=1.0,
    rope_parameters=YARN | dict(truncate=False),
)

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
        "llama-rope-linear", "LlamaForCausalLM", RMS | dict(num_hidden_layers=1, head_dim=16, rope_parameters=rope("linear", factor=4.0)),
        "linear RoPE scaling, head_dim of its own, config.json in the form before transformers 5",
        NO_SCALING, legacy=True,
    ),
    Fixture(
        "llama-rope-llama3", "LlamaForCausalLM", RMS | dict(num_hidden_layers=1, head_dim=16, rope_parameters=LLAMA3),
        "Llama 3 RoPE scaling, checkpoint in shards, config.json in the form before transformers 5",
        NO_SCALING | {
            "smooth middle": dict(rope_parameters=LLAMA3 | dict(high_freq_factor=1.0001)),
        },
        legacy=True, shard="40KB",
    ),
    Fixture(
        "llama-rope-yarn", "LlamaForCausalLM", RMS | dict(num_hidden_layers=1, head_dim=16, rope_parameters=YARN),
        "YaRN with its ramp and its attention factor 0.1 ln(factor) + 1",
        NO_SCALING | {
            "attention factor": dict(rope_parameters=YARN | dict(attention_factor=1.0)),
            "ramp": dict(rope_parameters=YARN | dict(beta_fast=1000.0, beta_slow=1000.0)),
        },
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
    # Mixtures of experts of the Mixtral and Qwen families.
    Fixture(
        "mixtral", "MixtralForCausalLM", MOE | dict(num_local_experts=5, num_experts_per_tok=2, intermediate_size=32),
        "experts chosen by softmax, weights renormalised over the chosen",
        {"experts per token": dict(num_experts_per_tok=3)},
    ),
    Fixture(
        "ministral3", "Ministral3ForCausalLM",
        RMS | dict(head_dim=16, rope_parameters=MINISTRAL3),
        "YaRN with mscale, queries scaled by 1 + beta ln(1 + floor(position / original context))",
        {
            "rope scaling": dict(rope_parameters=MINISTRAL3 | dict(factor=1.0)),
            "query scale": dict(rope_parameters=MINISTRAL3 | dict(llama_4_scaling_beta=0.0)),
        },
    ),
    Fixture(
        "qwen2moe", "Qwen2MoeForCausalLM",
        MOE | dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=64,
                   norm_topk_prob=False, num_hidden_layers=2, intermediate_size=64, mlp_only_layers=[0]),
        "softmax over all experts without renormalising, shared expert behind a sigmoid gate, dense layer 0",
        {"renormalise": dict(norm_topk_prob=True)},
        legacy=True, old_keys=dict(layer_types=None),
    ),
    Fixture(
        "qwen3moe", "Qwen3MoeForCausalLM",
        MOE | dict(head_dim=16, num_experts=5, num_experts_per_tok=3, moe_intermediate_size=32, norm_topk_prob=True),
        "q and k norms, experts with renormalised weights",
        {"renormalise": dict(norm_topk_prob=False)},
        legacy=True,
    ),
    # Gemma.
    Fixture(
        "gemma", "GemmaForCausalLM", RMS | dict(num_key_value_heads=1, head_dim=16),
        "zero-centred norms, embeddings times sqrt(hidden), gated tanh GELU, multi-query attention, tied head",
        EPS | {"tanh form of GELU": dict(hidden_act="gelu_python")},
        legacy=True,
    ),
    Fixture(
        "gemma2", "Gemma2ForCausalLM",
        RMS | dict(head_dim=16, query_pre_attn_scalar=24, sliding_window=8, attn_logit_softcapping=3.0,
                   final_logit_softcapping=2.0),
        "norms before and after each part, soft caps on scores and logits, query scale of its own, layers local (window 8) "
        "and global in turn",
        {
            "score cap": dict(attn_logit_softcapping=None),
            "logit cap": dict(final_logit_softcapping=None),
            "query scale": dict(query_pre_attn_scalar=16),
            "window": dict(sliding_window=64),
            "local layer is the other": dict(layer_types=["full_attention", "sliding_attention"]),
        },
        legacy=True, old_keys=dict(layer_types=None),
    ),
    Fixture(
        "gemma3", "Gemma3ForCausalLM",
        RMS | dict(num_hidden_layers=3, num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=24, sliding_window=8,
                   sliding_window_pattern=3, rope_parameters=LOCAL_GLOBAL),
        "q and k norms, two local layers (window 8, RoPE base 100) to one global (base 10000, linear scaling 8)",
        {
            "window": dict(sliding_window=64),
            "local base": dict(rope_parameters=LOCAL_GLOBAL | dict(sliding_attention=rope())),
            "global scaling": dict(rope_parameters=LOCAL_GLOBAL | dict(full_attention=rope())),
            "pattern": dict(sliding_window_pattern=2),
        },
    ),
    Fixture(
        "gemma3-old", "Gemma3ForCausalLM",
        RMS | dict(num_key_value_heads=1, head_dim=8, query_pre_attn_scalar=8, sliding_window=8,
                   sliding_window_pattern=2, rope_parameters=LOCAL_GLOBAL),
        "as gemma3, config.json with rope_local_base_freq and sliding_window_pattern",
        {"window": dict(sliding_window=64), "pattern": dict(sliding_window_pattern=3)},
        legacy=True, old_keys=dict(layer_types=None),
        old_values=dict(rope_theta=10000.0, rope_local_base_freq=100.0, sliding_window_pattern=2,
                        rope_scaling=dict(rope_type="linear", factor=8.0)),
    ),
    Fixture(
        "gemma4", "Gemma4ForCausalLM",
        GEMMA4 | dict(num_hidden_layers=4, layer_types=LOCAL_FIRST * 2, hidden_size_per_layer_input=8,
                      vocab_size_per_layer_input=96, num_kv_shared_layers=2, use_double_wide_mlp=True, intermediate_size=32),
        "per-layer inputs, last two layers reuse keys and values of the last local and global layer and have a wider FFN, "
        "v norm, score scale 1, head size 8 local and 16 global, partial (proportional) RoPE in global layers, layer "
        "scale, logit cap",
        {
            "window": dict(sliding_window=64),
            "global partial RoPE": dict(rope_parameters=GEMMA4_ROPE | dict(full_attention=rope(theta=1000.0))),
            "logit cap": dict(final_logit_softcapping=None),
        },
        inert=("model.layers.3.layer_scalar",),
    ),
    Fixture(
        "gemma4-moe", "Gemma4ForCausalLM",
        GEMMA4 | dict(num_hidden_layers=2, layer_types=LOCAL_FIRST, hidden_size_per_layer_input=0, enable_moe_block=True,
                      num_experts=5, top_k_experts=2, moe_intermediate_size=32, attention_k_eq_v=True,
                      num_global_key_value_heads=1),
        "experts beside the dense FFN with norms of their own, router on its own norm with a scale for each expert, global "
        "layers without v (values are the keys before their norm)",
        {"window": dict(sliding_window=64), "experts per token": dict(top_k_experts=3)},
        inert=("model.layers.1.layer_scalar",),
    ),
    # Phi.
    Fixture(
        "phi2", "PhiForCausalLM",
        TINY | dict(layer_norm_eps=1e-3, rope_parameters=rope(partial_rotary_factor=0.5), num_key_value_heads=4),
        "layer norm, parallel attention and FFN behind one norm, partial RoPE (half of each head), tanh GELU, biases, head "
        "with bias",
        {"partial RoPE": dict(rope_parameters=rope(partial_rotary_factor=1.0)), "GELU": dict(hidden_act="gelu")},
        legacy=True,
    ),
    Fixture(
        "phi3", "Phi3ForCausalLM", RMS | dict(sliding_window=8),
        "fused qkv, fused gate and up, sliding window of 8",
        EPS | {"window": dict(sliding_window=None)},
    ),
    Fixture(
        "phi3-longrope", "Phi3ForCausalLM",
        RMS | dict(num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128,
                   original_max_position_embeddings=16, rope_parameters=LONGROPE),
        "LongRoPE: short factors up to 16 positions, long ones for longer prompts, attention factor "
        "sqrt(1 + ln(s) / ln(16)), partial RoPE as in Phi-4-mini; config.json in the form before transformers 5",
        {
            "long factors": dict(rope_parameters=LONGROPE | dict(long_factor=LONGROPE["short_factor"])),
            "short factors": dict(rope_parameters=LONGROPE | dict(short_factor=LONGROPE["long_factor"])),
            "attention factor": dict(max_position_embeddings=32),
        },
        legacy=True,
    ),
    # Older families: layer norms, biases, ungated FFN.
    Fixture(
        "gpt2", "GPT2LMHeadModel",
        dict(vocab_size=128, n_embd=32, n_layer=2, n_head=4, n_positions=64, layer_norm_epsilon=1e-3),
        "learned positions, matrices stored [in][out], fused qkv, ungated tanh GELU, tied head",
        {"norm eps": dict(layer_norm_epsilon=1e-5), "GELU": dict(activation_function="gelu")},
        input_first=("c_attn", "c_proj", "c_fc"),
    ),
    Fixture(
        "gptneox", "GPTNeoXForCausalLM",
        NO_GQA | dict(layer_norm_eps=1e-3, rope_parameters=rope(partial_rotary_factor=0.5)),
        "parallel attention and FFN, each behind a norm of its own, qkv fused head by head, partial RoPE, exact GELU",
        {
            "parallel residual": dict(use_parallel_residual=False),
            "partial RoPE": dict(rope_parameters=rope(partial_rotary_factor=1.0)),
            "GELU": dict(hidden_act="gelu_pytorch_tanh"),
        },
        legacy=True, old_values=dict(rotary_pct=0.5, rotary_emb_base=10000),
    ),
    Fixture(
        "gptneox-serial", "GPTNeoXForCausalLM",
        NO_GQA | dict(use_parallel_residual=False, attention_bias=False, rope_parameters=rope(partial_rotary_factor=0.25)),
        "serial residual, attention without bias",
        {"parallel residual": dict(use_parallel_residual=True)},
    ),
    Fixture(
        "falcon-7b", "FalconForCausalLM",
        FALCON | dict(multi_query=True, parallel_attn=True, new_decoder_architecture=False, bias=False),
        "multi-query attention, qkv fused, parallel attention and FFN behind one norm, RoPE, exact GELU, tied head",
        {"GELU": dict(activation="gelu_pytorch_tanh"), "norm eps": dict(layer_norm_epsilon=1e-5)},
    ),
    Fixture(
        "falcon-40b", "FalconForCausalLM",
        FALCON | dict(new_decoder_architecture=True, num_kv_heads=2, bias=False),
        "grouped-query attention with qkv fused group by group, norms of their own for attention and FFN",
        {"norm eps": dict(layer_norm_epsilon=1e-5)},
    ),
    Fixture(
        "falcon-11b", "FalconForCausalLM",
        FALCON | dict(new_decoder_architecture=True, num_kv_heads=2, bias=False, num_ln_in_parallel_attn=1),
        "the new architecture with one norm for both parts (Falcon 2)",
        {"norm eps": dict(layer_norm_epsilon=1e-5)},
    ),
    Fixture(
        "falcon-rw", "FalconForCausalLM",
        FALCON | dict(alibi=True, multi_query=False, parallel_attn=False, new_decoder_architecture=False, bias=True),
        "ALiBi added before the score scale, serial residual, biases, qkv fused head by head",
        {"norm eps": dict(layer_norm_epsilon=1e-5)},
    ),
    Fixture(
        "mpt", "MptForCausalLM",
        dict(vocab_size=128, d_model=24, n_heads=3, n_layers=2, max_seq_len=64, layer_norm_epsilon=1e-3,
             attn_config=dict(clip_qkv=1.0)),
        "ALiBi for 3 heads (no power of two), clipped qkv, layer norms without bias, exact GELU, tied head",
        {
            "clipped qkv": dict(attn_config=dict(clip_qkv=None)),
            "norm eps": dict(layer_norm_epsilon=1e-5),
        },
    ),
    Fixture(
        "bloom", "BloomForCausalLM",
        dict(vocab_size=128, hidden_size=32, n_layer=2, n_head=4, layer_norm_epsilon=1e-3),
        "ALiBi, norm after the embeddings, qkv fused head by head, biases, tanh GELU, tied head",
        {
            "norm eps": dict(layer_norm_epsilon=1e-5),
            "residual before the norm": dict(apply_residual_connection_post_layernorm=True),
        },
    ),
    Fixture(
        "starcoder2", "Starcoder2ForCausalLM",
        TINY | dict(norm_epsilon=1e-3, sliding_window=8, use_bias=True),
        "layer norms, biases, ungated tanh GELU, sliding window of 8, tied head",
        {"window": dict(sliding_window=None), "GELU": dict(hidden_act="gelu"), "norm eps": dict(norm_epsilon=1e-5)},
        legacy=True,
    ),
    Fixture(
        "stablelm", "StableLmForCausalLM",
        TINY | dict(layer_norm_eps=1e-3, use_qkv_bias=True, rope_parameters=rope(partial_rotary_factor=0.25)),
        "layer norms, gated SiLU, q, k and v bias, RoPE on a quarter of each head",
        {
            "partial RoPE": dict(rope_parameters=rope(partial_rotary_factor=0.5)),
            "norm eps": dict(layer_norm_eps=1e-5),
        },
        legacy=True,
    ),
    Fixture(
        "stablelm-parallel", "StableLmForCausalLM",
        TINY | dict(layer_norm_eps=1e-3, use_parallel_residual=True, qk_layernorm=True,
                    rope_parameters=rope(partial_rotary_factor=0.5)),
        "parallel attention and FFN behind one norm, layer norm of each q and k head with weights of its own (12B)",
        {"norm eps": dict(layer_norm_eps=1e-5)},
    ),
    # Cohere and OLMo.
    Fixture(
        "cohere", "CohereForCausalLM",
        TINY | dict(layer_norm_eps=1e-3, logit_scale=0.5),
        "parallel attention and FFN behind one layer norm without bias, RoPE in adjacent pairs, logit scale, tied head",
        {"logit scale": dict(logit_scale=0.4), "norm eps": dict(layer_norm_eps=1e-5)},
        legacy=True,
    ),
    Fixture(
        "cohere-qk-norm", "CohereForCausalLM",
        TINY | dict(layer_norm_eps=1e-3, logit_scale=0.5, use_qk_norm=True, rope_parameters=rope(theta=8e6)),
        "layer norm of each q and k head with weights of its own (Command R+)",
        {"rope base": dict(rope_parameters=rope(theta=8e5)), "norm eps": dict(layer_norm_eps=1e-5)},
    ),
    Fixture(
        "cohere2", "Cohere2ForCausalLM",
        TINY | dict(layer_norm_eps=1e-3, logit_scale=0.5, num_hidden_layers=3, sliding_window=8, sliding_window_pattern=3),
        "two local layers (window 8, RoPE) to one global layer without positions",
        {
            "window": dict(sliding_window=64),
            "pattern": dict(layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
        },
        legacy=True, old_keys=dict(layer_types=None), old_values=dict(sliding_window_pattern=3),
    ),
    Fixture(
        "olmo2", "Olmo2ForCausalLM", RMS | dict(),
        "norms after attention and FFN alone, q and k norms over the full width",
        EPS | THETA,
    ),
    Fixture(
        "olmoe", "OlmoeForCausalLM",
        MOE | dict(num_experts=5, num_experts_per_tok=2, intermediate_size=32, norm_topk_prob=False, clip_qkv=1.0),
        "q and k norms over the full width, clipped q, k and v, softmax over all experts without renormalising",
        {"renormalise": dict(norm_topk_prob=True), "clipped qkv": dict(clip_qkv=None)},
        legacy=True,
    ),
    # Latent attention.
    Fixture(
        "deepseek-v2-lite", "DeepseekV2ForCausalLM",
        MLA | dict(q_lora_rank=None, n_routed_experts=5, num_experts_per_tok=2, n_shared_experts=2, topk_method="greedy",
                   rope_parameters=MLA_YARN | dict(mscale=0.7, mscale_all_dim=0.7)),
        "latent attention with a plain q, RoPE part in adjacent pairs, YaRN whose mscale enters the score scale, dense "
        "layer 0, softmax over all experts without renormalising, two shared experts",
        {
            "mscale": dict(rope_parameters=MLA_YARN | dict(mscale=0.7, mscale_all_dim=0.0)),
            "YaRN": dict(rope_parameters=MLA_YARN | dict(mscale=0.7, mscale_all_dim=0.7, factor=1.0)),
        },
        legacy=True,
    ),
    Fixture(
        "deepseek-v2", "DeepseekV2ForCausalLM",
        MLA | dict(q_lora_rank=32, n_routed_experts=8, num_experts_per_tok=3, n_shared_experts=1, n_group=4, topk_group=2,
                   topk_method="group_limited_greedy", routed_scaling_factor=2.0,
                   rope_parameters=MLA_YARN | dict(mscale=1.0, mscale_all_dim=0.5)),
        "q through a latent too, experts from the 2 best of 4 groups (a group counts as its best expert), routed scale, "
        "YaRN with two different mscales",
        {
            "groups": dict(topk_method="greedy"),
            "routed scale": dict(routed_scaling_factor=1.0),
            "rotary mscale": dict(rope_parameters=MLA_YARN | dict(mscale=0.5, mscale_all_dim=0.5)),
        },
    ),
    Fixture(
        "deepseek-v3", "DeepseekV3ForCausalLM",
        MLA | dict(q_lora_rank=32, n_routed_experts=8, num_experts_per_tok=3, n_shared_experts=1, n_group=4, topk_group=2,
                   routed_scaling_factor=2.5, norm_topk_prob=True,
                   rope_parameters=MLA_YARN | dict(mscale=1.0, mscale_all_dim=1.0)),
        "sigmoid router with a correction bias for the choice alone, a group counts as its two best experts, renormalised "
        "and scaled",
        {
            "groups": dict(topk_group=4),
            "renormalise": dict(norm_topk_prob=False),
            "routed scale": dict(routed_scaling_factor=1.0),
            "pairing of RoPE": dict(rope_interleave=False),
        },
        legacy=True,
    ),
    Fixture(
        "minicpm3", "MiniCPM3ForCausalLM",
        MLA_DIMS | dict(vocab_size=96, num_hidden_layers=2, q_lora_rank=32, rms_norm_eps=1e-5, scale_emb=3.0, scale_depth=0.9,
                        dim_model_base=16, max_position_embeddings=64, original_max_position_embeddings=16,
                        rope_parameters=MINICPM3),
        "latent attention with RoPE in halves and LongRoPE, scales of embeddings, residuals (scale_depth / sqrt(layers)) "
        "and logits (dim_model_base / hidden), tied head",
        {
            "embedding scale": dict(scale_emb=1.0),
            "residual scale": dict(scale_depth=1.4),
            "logit scale": dict(dim_model_base=32),
            "long factors": dict(rope_parameters=MINICPM3 | dict(long_factor=MINICPM3["short_factor"])),
        },
    ),
    # Sinks, multipliers, layers without positions.
    Fixture(
        "gpt-oss", "GptOssForCausalLM", GPT_OSS,
        "a sink for each head, layers local (window 8) and global in turn, biases everywhere, softmax over the chosen "
        "experts, clamped SwiGLU (x sigmoid(1.702 x)) (y + 1) with gate and up interleaved, experts stored [in][out], YaRN "
        "with a ramp that is not truncated",
        {
            "window": dict(sliding_window=64),
            "clamp": dict(swiglu_limit=7.0),
            "truncation": dict(rope_parameters=YARN | dict(truncate=True)),
            "experts per token": dict(num_experts_per_tok=1),
        },
        input_first=("gate_up_proj", "experts.down_proj"),
        draw={"sinks": lambda normal: normal},
    ),
    Fixture(
        "gpt-oss-mxfp4", "GptOssForCausalLM", GPT_OSS | dict(hidden_size=64, intermediate_size=64),
        "experts in MXFP4 blocks and scales as published, the rest in BF16",
        {"clamp": dict(swiglu_limit=7.0)},
        draw={"sinks": lambda normal: normal},
        dtype="bfloat16", mxfp4=("experts.gate_up_proj", "experts.down_proj"), legacy=True,
    ),
    Fixture(
        "granite", "GraniteForCausalLM",
        RMS | dict(embedding_multiplier=6.0, attention_multiplier=0.2, residual_multiplier=0.6, logits_scaling=1.5,
                   tie_word_embeddings=True),
        "multipliers of embeddings, scores, residuals; logits divided by logits_scaling; tied head",
        {
            "embedding multiplier": dict(embedding_multiplier=5.0),
            "attention multiplier": dict(attention_multiplier=8**-0.5),
            "residual multiplier": dict(residual_multiplier=1.0),
            "logit scale": dict(logits_scaling=1.0),
        },
        legacy=True,
    ),
    Fixture(
        "granitemoe", "GraniteMoeForCausalLM",
        MOE | dict(num_local_experts=5, num_experts_per_tok=3, intermediate_size=32, embedding_multiplier=6.0,
                   attention_multiplier=0.2, residual_multiplier=0.6, logits_scaling=1.5, tie_word_embeddings=True),
        "experts stacked in one tensor with gate and up fused, softmax over the chosen",
        {"experts per token": dict(num_experts_per_tok=2), "attention multiplier": dict(attention_multiplier=8**-0.5)},
    ),
    Fixture(
        "smollm3", "SmolLM3ForCausalLM", RMS | dict(no_rope_layer_interval=2, rope_parameters=rope(theta=2e6)),
        "every second layer without positions, tied head",
        {"layer without positions": dict(no_rope_layers=[1, 1]), "rope base": dict(rope_parameters=rope())},
        legacy=True,
    ),
    Fixture(
        "exaone4", "Exaone4ForCausalLM",
        RMS | dict(intermediate_size=32, num_hidden_layers=4, sliding_window=8, sliding_window_pattern=4,
                   rope_parameters=rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                        original_max_position_embeddings=64)),
        "norms after attention and FFN alone, q and k norm of each head, three local layers (window 8, RoPE) to one global "
        "without positions",
        {"window": dict(sliding_window=64), "global layers": dict(layer_types=LOCAL_FIRST * 2), "rope scaling": dict(rope_parameters=rope())},
    ),
    Fixture(
        "exaone4-full", "Exaone4ForCausalLM", RMS | dict(num_hidden_layers=1, sliding_window=None, layer_types=["full_attention"]),
        "as exaone4 without windows: RoPE in every layer (1.2B)",
        EPS | THETA,
    ),
    Fixture(
        "glm4", "Glm4ForCausalLM", RMS | dict(head_dim=16, rope_parameters=rope(partial_rotary_factor=0.5)),
        "norms before and after each part, RoPE in adjacent pairs on half of each head, q, k and v bias, fused gate and up",
        EPS | {"partial RoPE": dict(rope_parameters=rope(partial_rotary_factor=1.0))},
        legacy=True,
    ),
    Fixture(
        "glm4moe", "Glm4MoeForCausalLM",
        MOE | dict(head_dim=16, n_routed_experts=6, num_experts_per_tok=2, n_shared_experts=1, moe_intermediate_size=32,
                   first_k_dense_replace=1, routed_scaling_factor=1.5, use_qk_norm=True, attention_bias=True,
                   rope_parameters=rope(partial_rotary_factor=0.5)),
        "sigmoid router with correction bias, renormalised and scaled, shared expert, dense layer 0, RoPE in halves on half "
        "of each head, q and k norms, q, k and v bias",
        {
            "routed scale": dict(routed_scaling_factor=1.0),
            "renormalise": dict(norm_topk_prob=False),
            "partial RoPE": dict(rope_parameters=rope(partial_rotary_factor=1.0)),
        },
        legacy=True,
    ),
    Fixture(
        "llama4", "Llama4ForCausalLM",
        MOE | dict(head_dim=16, intermediate_size=32, intermediate_size_mlp=64, num_local_experts=4, num_experts_per_tok=1,
                   interleave_moe_layer_step=2, no_rope_layer_interval=2, attention_chunk_size=8, floor_scale=8,
                   attn_scale=0.5, rope_parameters=LLAMA3),
        "chunked attention (8) with RoPE in adjacent pairs and weightless q and k norms after it, every second layer full, "
        "without positions, with a temperature that grows with the position; sigmoid router that scales the input of "
        "the expert, shared expert, dense layers between",
        {
            "chunks": dict(attention_chunk_size=64),
            "layer without positions": dict(no_rope_layers=[1, 1], layer_types=["chunked_attention", "full_attention"]),
            "temperature": dict(attn_temperature_tuning=False),
            "q and k norms": dict(use_qk_norm=False),
        },
        input_first=("gate_up_proj", "experts.down_proj"),
    ),
    Fixture(
        "ernie45", "Ernie4_5ForCausalLM", RMS | dict(head_dim=16, use_bias=True),
        "RoPE in adjacent pairs, bias on every matrix, tied head",
        EPS | THETA,
    ),
    Fixture(
        "ernie45moe", "Ernie4_5_MoeForCausalLM",
        MOE | dict(moe_num_experts=6, moe_k=2, moe_num_shared_experts=2, moe_intermediate_size=32, moe_layer_start_index=1),
        "softmax router with a correction bias for the choice alone, renormalised, shared experts, dense layer 0",
        {"experts per token": dict(moe_k=3)},
        draw={"e_score_correction_bias": lambda normal: 0.05 * normal},
    ),
    Fixture(
        "hunyuan", "HunYuanDenseV1ForCausalLM",
        RMS | dict(head_dim=16, tie_word_embeddings=True, rope_parameters=rope("dynamic", alpha=50.0, factor=1.0)),
        "q and k norms after RoPE, base scaled by alpha^(d / (d - 2)), tied head",
        {"alpha": dict(rope_parameters=rope("dynamic", alpha=5.0, factor=1.0))},
        legacy=True,
    ),
    Fixture(
        "seed-oss", "SeedOssForCausalLM",
        RMS | dict(head_dim=16, attention_bias=True, attention_out_bias=False, rope_parameters=rope(theta=1e7)),
        "q, k and v bias, head_dim of its own",
        EPS | {"rope base": dict(rope_parameters=rope(theta=1e4))},
    ),
    Fixture(
        "arcee", "ArceeForCausalLM", RMS | dict(rope_parameters=YARN),
        "ungated squared ReLU, YaRN",
        EPS | {"squared": dict(hidden_act="relu")} | NO_SCALING,
    ),
    Fixture(
        "nemotron", "NemotronForCausalLM",
        TINY | dict(norm_eps=1e-3, rope_parameters=rope(partial_rotary_factor=0.5)),
        "zero-centred layer norms with bias, ungated squared ReLU, RoPE on half of each head",
        {
            "squared": dict(hidden_act="relu"),
            "partial RoPE": dict(rope_parameters=rope(partial_rotary_factor=1.0)),
            "norm eps": dict(norm_eps=1e-5),
        },
        draw={"norm.weight": lambda normal: 0.3 * normal},
        legacy=True,
    ),
    # Recurrent layers.
    Fixture(
        "lfm2", "Lfm2ForCausalLM",
        TINY | dict(num_hidden_layers=3, layer_types=["conv", "full_attention", "conv"], intermediate_size=80,
                    block_multiple_of=32, conv_L_cache=3, norm_eps=1e-3),
        "gated short convolutions (kernel 3) between attention layers with q and k norms, FFN width 2/3 rounded up, tied head",
        {"norm eps": dict(norm_eps=1e-5)},
    ),
    Fixture(
        "qwen3next", "Qwen3NextForCausalLM",
        DELTA | dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=32,
                     norm_topk_prob=True, mlp_only_layers=[0, 1, 2], intermediate_size=32, tie_word_embeddings=True),
        "three gated DeltaNet layers (convolution of 4, fused projections by key head) to one of gated attention with "
        "zero-centred norms and RoPE on a quarter of each head; experts with a gated shared one in layer 3",
        {"renormalise": dict(norm_topk_prob=False)},
        prompts=(1, 7, 70), draw={"A_log": lambda normal: 0.5 * normal - 1.5},
    ),
    Fixture(
        "qwen35", "Qwen3_5ForCausalLM", DELTA,
        "three gated DeltaNet layers (convolution of 4, separate projections) to one of gated attention, dense FFN",
        EPS,
        prompts=(1, 7, 70), draw={"A_log": lambda normal: 0.5 * normal - 1.5},
    ),
    Fixture(
        "qwen35moe", "Qwen3_5MoeForCausalLM",
        {k: v for k, v in DELTA.items() if k != "intermediate_size"}
        | dict(num_hidden_layers=2, layer_types=["linear_attention", "full_attention"], num_experts=5, num_experts_per_tok=2,
               moe_intermediate_size=32, shared_expert_intermediate_size=32),
        "as qwen35 with experts and a gated shared one",
        {"experts per token": dict(num_experts_per_tok=3)},
        prompts=(1, 7, 70), draw={"A_log": lambda normal: 0.5 * normal - 1.5},
    ),
]

NOTES = ""
