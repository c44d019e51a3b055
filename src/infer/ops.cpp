#include "infer/ops.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pith {
namespace {

constexpr std::int64_t kMaxRowsPerClaim = 8 * kRowChunk;

// Rows a thread claims at once: few enough that threads finish together, enough that a claim costs nothing
// and that the memory system sees long runs.
std::int64_t rows_per_claim(std::int64_t rows, int threads) {
  const std::int64_t share = rows / (std::int64_t{threads} * 8) / kRowChunk * kRowChunk;
  return std::clamp<std::int64_t>(share, kRowChunk, kMaxRowsPerClaim);
}

// Scratch of a transposed product, in floats: a panel of rows, and what is decoded of a stored row.
struct TransposedScratch {
  std::int64_t panel, piece;
  explicit TransposedScratch(const Linear& w)
      : panel(kRowChunk * w.inputs()), piece((w.weight.cols() + 15) / 16 * 16) {}
  std::size_t bytes() const { return sizeof(float) * static_cast<std::size_t>(panel + piece); }
};

// y = W x for W stored {R, K}: some columns at a time become the rows of a panel, which the F32 product
// reads. So an F32 matrix gives the same bits as the one that pith convert makes of it.
void multiply_transposed(const Kernels& kernels, const Product& p, const std::byte* x, std::int64_t tokens,
                         std::int64_t begin, std::int64_t end, std::byte* scratch) {
  const Linear& w = *p.w;
  const TransposedScratch sizes(w);
  auto* panel = reinterpret_cast<float*>(scratch);
  float* piece = panel + sizes.panel;
  const TypeInfo& type = type_info(w.weight.type);
  const auto decode = kernels.decode[static_cast<std::size_t>(w.weight.type)];
  const std::int64_t inputs = w.inputs();
  for (std::int64_t r = begin; r < end; r += kRowChunk) {
    const std::int64_t n = std::min(kRowChunk, end - r);
    const std::int64_t first = w.stored(r) / type.block, last = w.stored(r + n - 1) / type.block;
    for (std::int64_t k = 0; k < inputs; ++k) {
      decode(piece, w.weight.data + k * w.weight.row_bytes() + first * type.bytes,
             (last - first + 1) * type.block);
      for (std::int64_t i = 0; i < n; ++i)
        panel[i * inputs + k] = piece[w.stored(r + i) - first * type.block];
    }
    kernels.matmul[static_cast<std::size_t>(DType::F32)].multiply(p.y + r, p.ldy, panel, x, 0, n, inputs,
                                                                  tokens, scratch + sizes.bytes());
  }
}

}  // namespace

InputKind input_kind(const Kernels& kernels, const Linear& w) {
  return w.transposed ? InputKind::F32 : matmul_of(kernels, w).input;
}

std::size_t matmul_scratch(const Kernels& kernels, const Linear& w) {
  if (w.transposed) {
    return TransposedScratch(w).bytes() +
           kernels.matmul[static_cast<std::size_t>(DType::F32)].scratch_bytes(w.inputs());
  }
  return matmul_of(kernels, w).scratch_bytes(w.inputs());
}

unsigned input_kinds(const Kernels& kernels, std::initializer_list<const Linear*> matrices) {
  unsigned kinds = 0;
  for (const Linear* w : matrices) {
    if (w && *w) kinds |= 1u << static_cast<int>(input_kind(kernels, *w));
  }
  return kinds;
}

std::size_t Inputs::bytes(const Kernels& kernels, std::int64_t tokens, std::int64_t k, unsigned kinds) {
  std::size_t sum = 0;
  for (int i = 0; i < kInputKinds; ++i) {
    if (kinds >> i & 1) sum += kernels.input[i].bytes(k) * static_cast<std::size_t>(tokens);
  }
  return sum;
}

Inputs::Inputs(const Kernels& kernels, std::int64_t tokens, std::int64_t k) : kernels_(&kernels) {
  for (int i = 0; i < kInputKinds; ++i) memory_[i] = LazyMemory(bytes(kernels, tokens, k, 1u << i));
}

void Inputs::prepare(unsigned kinds, std::int64_t t, const float* x, std::int64_t k) {
  for (int i = 0; i < kInputKinds; ++i) {
    if (kinds >> i & 1) kernels_->input[i].prepare(rows(static_cast<InputKind>(i), t, k), x, k);
  }
}

const std::byte* Inputs::rows(InputKind kind, std::int64_t t, std::int64_t k) const {
  const int i = static_cast<int>(kind);
  return memory_[i].data() + static_cast<std::size_t>(t) * kernels_->input[i].bytes(k);
}

std::byte* Inputs::rows(InputKind kind, std::int64_t t, std::int64_t k) {
  return const_cast<std::byte*>(std::as_const(*this).rows(kind, t, k));
}

void multiply_rows(const Kernels& kernels, const Product& p, const std::byte* x, std::int64_t tokens,
                   std::int64_t begin, std::int64_t end, void* scratch) {
  const Linear& w = *p.w;
  if (w.transposed) {
    multiply_transposed(kernels, p, x, tokens, begin, end, static_cast<std::byte*>(scratch));
  } else {
    // A group at a time: its rows follow each other.
    for (std::int64_t r = begin, next; r < end; r = next) {
      next = std::min(end, w.group_end(r));
      const std::byte* rows = w.weight.data + w.stored(r) * w.weight.row_bytes();
      matmul_of(kernels, w).multiply(p.y + r, p.ldy, rows, x, 0, next - r, w.inputs(), tokens, scratch);
    }
  }
  if (!w.bias) return;
  for (std::int64_t t = 0; t < tokens; ++t) kernels.add(p.y + t * p.ldy + begin, w.bias + begin, end - begin);
}

void multiply(Worker& worker, const Kernels& kernels, std::initializer_list<Product> products,
              const Inputs& x, std::int64_t tokens, void* scratch) {
  std::int64_t all = 0;
  for (const Product& p : products) all += p.w && *p.w ? p.w->outputs() : 0;
  const std::int64_t step = rows_per_claim(all, worker.count());
  std::int64_t claims = 0;
  for (const Product& p : products) claims += p.w && *p.w ? (p.w->outputs() + step - 1) / step : 0;
  worker.parallel_for(claims, 1, [&](std::int64_t claim, std::int64_t) {
    for (const Product& p : products) {
      if (!p.w || !*p.w) continue;
      const std::int64_t rows = p.w->outputs(), n = (rows + step - 1) / step;
      if (claim >= n) {
        claim -= n;
        continue;
      }
      const std::byte* input = x.rows(input_kind(kernels, *p.w), 0, p.w->inputs());
      return multiply_rows(kernels, p, input, tokens, claim * step, std::min(rows, (claim + 1) * step),
                           scratch);
    }
  });
}

}  // namespace pith
