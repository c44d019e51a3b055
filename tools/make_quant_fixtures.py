#!/usr/bin/env python3
"""Writes tests/data/kernels/blocks.bin: random blocks of every storage type and what the `gguf` Python
package (github.com/ggml-org/llama.cpp, gguf-py) decodes them to.

    pip install gguf && python3 tools/make_quant_fixtures.py

Per type: uint32 GGUF type id, uint32 elements, the blocks' bytes, the float32 values; all little-endian.
"""
import pathlib
import struct

import gguf
import numpy as np
from gguf.quants import dequantize

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/kernels/blocks.bin"
# name: offsets of the half-precision fields in the block
HALVES = {
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "IQ4_NL": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_XS": [0],
    "MXFP4": [], "F16": [], "BF16": [],
}
# An ordinary scale, a negative one, subnormal ones (the smallest and the largest), zero, the largest finite.
SCALES = [0x2c66, 0xb123, 0x0001, 0x03ff, 0x0000, 0x7bff]


def main():
    rng = np.random.default_rng(20)
    parts = []
    for name, offsets in HALVES.items():
        kind = gguf.GGMLQuantizationType[name]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        if not offsets and name != "MXFP4":
            bits = rng.integers(0, 65536, 512, dtype=np.uint16)
            exponent = 0x7c00 if name == "F16" else 0x7f80
            bits = bits[(bits & exponent) != exponent][:480]  # infinities and NaN have a test of their own
            raw = bits.view(np.uint8)
        else:
            count = 16 if block == 32 else len(SCALES)
            blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
            if name == "MXFP4":
                blocks[:, 0] = rng.integers(100, 140, count)
                blocks[:4, 0] = [0, 1, 2, 250]
            for i in range(count):
                for at in offsets:
                    scale = SCALES[(i + at) % len(SCALES)]
                    blocks[i, at : at + 2] = [scale & 255, scale >> 8]
            raw = blocks.reshape(-1)
        values = dequantize(raw, kind).astype("<f4")
        assert np.isfinite(values).all()
        parts.append(struct.pack("<II", kind, values.size) + raw.tobytes() + values.tobytes())
        print(f"{name}: {values.size} elements")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(b"".join(parts))
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
