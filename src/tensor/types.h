// Storage types: one constexpr table, and the blocks as they lie in a file.
//
// Layouts are GGUF's (ggml-common.h of ggml-org/llama.cpp is the reference implementation); MXFP4 is
// the OCP Microscaling Formats specification, v1.0. All multi-byte fields are little-endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pith {

/// The numbers are GGUF's type ids.
enum class DType : std::uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  IQ4_NL = 20,
  IQ4_XS = 23,
  I8 = 24,
  I16 = 25,
  I32 = 26,
  I64 = 27,
  F64 = 28,
  BF16 = 30,
  MXFP4 = 39,
};

struct TypeInfo {
  DType type;
  std::string_view name;  ///< as llama.cpp prints it ("q4_K" is written "Q4_K")
  int block;              ///< elements per block along the innermost dimension
  int bytes;              ///< bytes per block
  bool weight;            ///< kernels can multiply by it
};

inline constexpr int kSuper = 256;  ///< elements of a K-quant's super-block

// --- blocks: 32 elements --------------------------------------------------------------------
using Half = std::uint16_t;  ///< IEEE binary16 bits

struct BlockQ4_0 {
  Half d;
  std::uint8_t qs[16];
};  ///< x = d (q - 8); low nibbles are elements 0..15
struct BlockQ4_1 {
  Half d, m;
  std::uint8_t qs[16];
};  ///< x = d q + m
struct BlockQ5_0 {
  Half d;
  std::uint8_t qh[4];
  std::uint8_t qs[16];
};  ///< x = d (q - 16); qh holds the fifth bits
struct BlockQ5_1 {
  Half d, m;
  std::uint8_t qh[4];
  std::uint8_t qs[16];
};
struct BlockQ8_0 {
  Half d;
  std::int8_t qs[32];
};  ///< x = d q
struct BlockIQ4_NL {
  Half d;
  std::uint8_t qs[16];
};  ///< x = d table[q]
struct BlockMXFP4 {
  std::uint8_t e;
  std::uint8_t qs[16];
};  ///< x = 2^(e-127) e2m1[q]

// --- super-blocks: 256 elements ---------------------------------------------------------------
struct BlockQ2_K {
  std::uint8_t scales[16];
  std::uint8_t qs[64];
  Half d, dmin;
};
struct BlockQ3_K {
  std::uint8_t hmask[32];
  std::uint8_t qs[64];
  std::uint8_t scales[12];
  Half d;
};
struct BlockQ4_K {
  Half d, dmin;
  std::uint8_t scales[12];
  std::uint8_t qs[128];
};
struct BlockQ5_K {
  Half d, dmin;
  std::uint8_t scales[12];
  std::uint8_t qh[32];
  std::uint8_t qs[128];
};
struct BlockQ6_K {
  std::uint8_t ql[128];
  std::uint8_t qh[64];
  std::int8_t scales[16];
  Half d;
};
struct BlockIQ4_XS {
  Half d;
  std::uint16_t scales_h;
  std::uint8_t scales_l[4];
  std::uint8_t qs[128];
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22 &&
              sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockIQ4_NL) == 18 && sizeof(BlockMXFP4) == 17);
static_assert(sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210 && sizeof(BlockIQ4_XS) == 136);

inline constexpr std::array kTypes = {
    TypeInfo{DType::F32, "F32", 1, 4, true},
    TypeInfo{DType::F16, "F16", 1, 2, true},
    TypeInfo{DType::BF16, "BF16", 1, 2, true},
    TypeInfo{DType::Q8_0, "Q8_0", 32, 34, true},
    TypeInfo{DType::Q4_0, "Q4_0", 32, 18, true},
    TypeInfo{DType::Q4_1, "Q4_1", 32, 20, true},
    TypeInfo{DType::Q5_0, "Q5_0", 32, 22, true},
    TypeInfo{DType::Q5_1, "Q5_1", 32, 24, true},
    TypeInfo{DType::Q2_K, "Q2_K", 256, 84, true},
    TypeInfo{DType::Q3_K, "Q3_K", 256, 110, true},
    TypeInfo{DType::Q4_K, "Q4_K", 256, 144, true},
    TypeInfo{DType::Q5_K, "Q5_K", 256, 176, true},
    TypeInfo{DType::Q6_K, "Q6_K", 256, 210, true},
    TypeInfo{DType::IQ4_NL, "IQ4_NL", 32, 18, true},
    TypeInfo{DType::IQ4_XS, "IQ4_XS", 256, 136, true},
    TypeInfo{DType::MXFP4, "MXFP4", 32, 17, true},
    TypeInfo{DType::I8, "I8", 1, 1, false},
    TypeInfo{DType::I16, "I16", 1, 2, false},
    TypeInfo{DType::I32, "I32", 1, 4, false},
    TypeInfo{DType::I64, "I64", 1, 8, false},
    TypeInfo{DType::F64, "F64", 1, 8, false},
};

/// The table row of a GGUF type id; nullptr for one that pith does not know.
constexpr const TypeInfo* find_type(std::uint32_t id) {
  for (const TypeInfo& t : kTypes) {
    if (static_cast<std::uint32_t>(t.type) == id) return &t;
  }
  return nullptr;
}

/// The table row of a known type.
constexpr const TypeInfo& type_info(DType type) { return *find_type(static_cast<std::uint32_t>(type)); }

/// By name, in any case ("q4_k"); nullptr if there is none.
const TypeInfo* find_type(std::string_view name);

}  // namespace pith
