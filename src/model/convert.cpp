#include "model/convert.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "base/error.h"
#include "format/gguf_writer.h"
#include "kernels/kernels.h"

namespace pith {
namespace {

// "blk.3.attn_q.weight": the layer and what follows; "blk.3.ffn_up.7.weight": also the expert.
struct PlaceName {
  std::size_t layer = 0;
  std::string part;                   // "attn_q", "ffn_up"
  std::optional<std::size_t> expert;  // or head
  std::string kind;                   // ".weight", ".bias", or nothing
};

std::optional<std::size_t> number(std::string_view text) {
  if (text.empty() || text.size() > 6) return std::nullopt;
  std::size_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

std::optional<PlaceName> parse(std::string_view name) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    words.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  if (words.size() < 3 || words.size() > 5 || words[0] != "blk") return std::nullopt;
  const auto layer = number(words[1]);
  if (!layer) return std::nullopt;
  PlaceName place{*layer, std::string(words[2]), {}, {}};
  if (words.size() > 3) place.kind = "." + std::string(words.back());
  if (words.size() == 5 && !(place.expert = number(words[3]))) return std::nullopt;
  return place;
}

// Which row (or column) of the stored matrix becomes row i of the new one; none: the same.
using Order = std::function<std::int64_t(std::int64_t)>;

// One tensor of the new file: matrices of equal shape, one behind the other. A vector is a matrix of one
// column; vectors become F32.
struct Piece {
  std::string name;
  DType type;
  std::int64_t cols, rows;       // of each new matrix
  std::vector<Tensor> matrices;  // as they are stored
  bool vector = false, transposed = false;
  Order row{}, column{};
  std::vector<const std::byte*> scales{};  // of each matrix of MXFP4 blocks

  TensorPlan plan() const {
    const std::int64_t n = std::ssize(matrices);
    return {name, vector ? Tensor{type, {rows, n, 1, 1}} : Tensor{type, {cols, rows, n, 1}}};
  }
};

// --- the order of rows ---------------------------------------------------------------------------

// Hugging Face rotates row i of a head with row i + n/2, GGUF's form of some models row 2i with 2i + 1.
Order pairs_side_by_side(std::int64_t n) {
  return [n](std::int64_t r) { return r / n * n + r % 2 * (n / 2) + r % n / 2; };
}

// All q, then k, then v, wherever the stored rows of each are.
Order one_after_the_other(const AttentionWeights& w) {
  return [&w](std::int64_t r) {
    for (const Linear* part : {&w.q, &w.k}) {
      if (r < part->outputs()) return part->stored(r);
      r -= part->outputs();
    }
    return w.v.stored(r);
  };
}

// Value heads of `dim` rows each, behind `first` rows that stay: stored key head by key head, written such
// that head h belongs to key head h % key_heads.
Order tiled(const DeltaSpec& d, std::int64_t dim, std::int64_t first) {
  const std::int64_t keys = d.key_heads, each = d.value_heads / d.key_heads;
  return [=](std::int64_t r) {
    if (r < first) return r;
    const std::int64_t head = (r - first) / dim, stored = head % keys * each + head / keys;
    return first + stored * dim + (r - first) % dim;
  };
}

// --- from the checkpoint's tensors to the new ones -----------------------------------------------

class Arrangement {
 public:
  explicit Arrangement(const Model& model) : model_(model), arch_(*model.arch) {
    for (const NamedTensor& t : model.file.tensors.all()) add(t);
    for (const Piece& p : pieces_) check(p);
  }
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  void add(const NamedTensor& t) {
    const std::optional<PlaceName> place = parse(t.name);
    if (place && place->kind == ".scales") return;  // comes with its blocks
    if (place && place->expert) return add_to_stack(*place, t.tensor);
    Piece piece = place && place->kind == ".blocks" ? packed(t) : plain(t);
    if (place) set_order(*place, piece);
    if (place && place->part == "ffn_gate_up_exps") {
      add_gate_and_up(*place, piece);
    } else {
      pieces_.push_back(std::move(piece));
    }
  }

  Piece plain(const NamedTensor& named) const {
    const Tensor& t = named.tensor;
    // A convolution's taps: {taps, 1, channels} in the checkpoint.
    const bool taps = t.ne[1] == 1 && t.ne[2] > 1 && named.name.find("conv") != std::string::npos;
    if (t.rows() == 1 || !named.name.ends_with(".weight")) {
      Piece p{named.name, DType::F32, 1, t.ne[0], {}, true};
      for (std::int64_t m = 0; m < t.rows(); ++m) p.matrices.push_back(t.row_slice(m, 1));
      return p;
    }
    if (taps) return {named.name, DType::F32, t.ne[0], t.ne[2], {t}};
    const bool transposed =
        arch_.transposed == Transposed::Layers
            ? named.name.starts_with("blk.")
            : arch_.transposed == Transposed::Experts && named.name.ends_with("_exps.weight");
    Piece p{named.name, t.type, t.ne[transposed ? 1 : 0], t.ne[transposed ? 0 : 1]};
    p.transposed = transposed;
    for (std::int64_t m = 0; m < t.ne[2] * t.ne[3]; ++m) p.matrices.push_back(t.matrix(m));
    return p;
  }

  // Blocks {16, blocks of a row, rows, matrices} of a checkpoint, and their scales.
  Piece packed(const NamedTensor& named) const {
    const std::string stem = named.name.substr(0, named.name.rfind('.'));
    const Tensor &blocks = named.tensor, &scales = *model_.file.tensors.find(stem + ".scales");
    const std::int64_t row = blocks.ne[0] * blocks.ne[1], rows = blocks.ne[2];
    Piece p{stem + ".weight", DType::MXFP4, 2 * row, rows};
    for (std::int64_t m = 0; m < blocks.ne[3]; ++m) {
      p.matrices.push_back({blocks.type, {row, rows, 1, 1}, blocks.data + m * rows * row});
      p.scales.push_back(scales.data + m * rows * blocks.ne[1]);
    }
    return p;
  }

  // A tensor for each expert becomes a matrix of the stack.
  void add_to_stack(const PlaceName& place, const Tensor& t) {
    const std::string_view stack = place.part.starts_with("ffn_") ? "_exps" : "";  // else norms of heads
    const std::string name = fmt::format("blk.{}.{}{}{}", place.layer, place.part, stack, place.kind);
    const auto [at, is_new] = stacks_.emplace(name, pieces_.size());
    if (is_new) {
      pieces_.push_back(plain({name, t}));
      pieces_.back().matrices.clear();
    }
    std::vector<Tensor>& matrices = pieces_[at->second].matrices;
    if (matrices.size() <= *place.expert) matrices.resize(*place.expert + 1);
    matrices[*place.expert] = t;
  }

  // GGUF has a stack for each: the first rows, or the even ones, are the gate's.
  void add_gate_and_up(const PlaceName& place, const Piece& both) {
    const std::string kind = both.name.substr(both.name.rfind('.'));
    for (const bool up : {false, true}) {
      Piece& half = pieces_.emplace_back(both);
      half.name = fmt::format("blk.{}.{}{}", place.layer, up ? "ffn_up_exps" : "ffn_gate_exps", kind);
      half.rows = both.rows / 2;
      if (arch_.alternating_gate) {
        half.row = [up](std::int64_t r) { return 2 * r + up; };
      } else {
        half.row = [first = up ? half.rows : 0](std::int64_t r) { return first + r; };
      }
    }
  }

  void set_order(const PlaceName& place, Piece& piece) const {
    const LayerSpec& layer = model_.spec.layers.at(place.layer);
    const std::string& part = place.part;
    if (layer.mixer == Mixer::Delta) {
      if (arch_.tiled_heads) tile(layer.delta, part, piece);
      return;
    }
    if (layer.mixer != Mixer::Attention) return;
    const AttentionSpec& a = layer.attention;
    if (arch_.gguf_permuted && arch_.halves && (part == "attn_q" || part == "attn_k")) {
      piece.row = pairs_side_by_side(piece.rows / (part == "attn_q" ? a.heads : a.kv_heads));
    } else if (arch_.qkv_by_group && part == "attn_qkv") {
      piece.row = one_after_the_other(model_.weights.layers[place.layer].attention);
    }
  }

  static void tile(const DeltaSpec& d, const std::string& part, Piece& piece) {
    const std::int64_t keys = 2 * std::int64_t{d.key_heads} * d.key_dim;
    if (part == "attn_qkv" || part == "ssm_conv1d") piece.row = tiled(d, d.value_dim, keys);
    if (part == "attn_gate") piece.row = tiled(d, d.value_dim, 0);
    for (const char* one_a_head : {"ssm_beta", "ssm_alpha", "ssm_a", "ssm_dt"}) {
      if (part == one_a_head) piece.row = tiled(d, 1, 0);
    }
    if (part == "ssm_out") piece.column = tiled(d, d.value_dim, 0);
  }

  void check(const Piece& p) const {
    for (const Tensor& m : p.matrices) {
      if (!m || m.type != p.matrices[0].type || m.elements() != p.matrices[0].elements())
        fail("{}: the parts of '{}' do not have one type and shape", model_.file.path, p.name);
    }
    const Tensor& m = p.matrices[0];
    const bool rewritten = p.type != m.type || p.transposed || p.column;
    if (p.scales.empty() && rewritten && (type_info(m.type).block != 1 || !type_info(m.type).weight))
      fail("{}: tensor '{}': type {} cannot be rewritten", model_.file.path, p.name, type_info(m.type).name);
  }

  const Model& model_;
  const Arch& arch_;
  std::vector<Piece> pieces_;
  std::map<std::string, std::size_t> stacks_;  // by name, the place in pieces_
};

// --- writing -------------------------------------------------------------------------------------

std::int64_t at(const Order& order, std::int64_t i) { return order ? order(i) : i; }

// A row of blocks as GGUF has it: the scale, then the values. A byte of the checkpoint holds neighbours, low
// half first; one of GGUF elements j and j + 16.
void repack(std::byte* out, const std::byte* blocks, const std::byte* scales, std::int64_t count) {
  const auto value = [](const std::byte* block, int i) {
    return block[i / 2] >> 4 * (i % 2) & std::byte{15};
  };
  for (std::int64_t b = 0; b < count; ++b, blocks += 16) {
    *out++ = scales[b];
    for (int j = 0; j < 16; ++j) *out++ = value(blocks, j) | value(blocks, j + 16) << 4;
  }
}

// Rows [begin, end) of a new matrix. Rows of a transposed one are columns of what is stored: all of them are
// taken from a stored row before the next one is read.
void fill_rows(const Piece& p, std::size_t matrix, std::int64_t begin, std::int64_t end, std::byte* out) {
  const Tensor& m = p.matrices[matrix];
  const auto size = static_cast<std::size_t>(type_info(m.type).bytes);
  const std::int64_t row_bytes = p.cols / type_info(p.type).block * type_info(p.type).bytes;
  const auto copy = [&](std::int64_t r, std::int64_t c, std::int64_t stored_row, std::int64_t stored_col) {
    std::memcpy(out + (r - begin) * row_bytes + c * static_cast<std::int64_t>(size),
                m.data + stored_row * m.row_bytes() + stored_col * static_cast<std::int64_t>(size), size);
  };
  if (p.transposed) {
    for (std::int64_t c = 0; c < p.cols; ++c) {
      for (std::int64_t r = begin; r < end; ++r) copy(r, c, c, at(p.row, r));
    }
    return;
  }
  for (std::int64_t r = begin; r < end; ++r, out += row_bytes) {
    const std::int64_t stored = at(p.row, r);
    if (!p.scales.empty()) {
      repack(out, m.data + stored * m.row_bytes(), p.scales[matrix] + stored * (m.cols() / 16),
             m.cols() / 16);
    } else if (p.column) {
      for (std::int64_t c = 0; c < p.cols; ++c) copy(begin, c, stored, p.column(c));
    } else {
      std::memcpy(out, m.data + stored * m.row_bytes(), static_cast<std::size_t>(row_bytes));
    }
  }
}

void write_floats(const Piece& p, const Tensor& m, const ByteSink& sink) {
  std::vector<float> stored(static_cast<std::size_t>(m.elements())), values;
  kernels().decode[static_cast<std::size_t>(m.type)](stored.data(), m.data, m.elements());
  for (std::int64_t r = 0; r < p.rows; ++r) {
    const auto first = stored.begin() + at(p.row, r) * p.cols;
    values.insert(values.end(), first, first + p.cols);
  }
  sink(std::as_bytes(std::span(values)));
}

void write_piece(const Piece& p, const ByteSink& sink) {
  constexpr std::int64_t kRows = 64;  // of a transposed matrix, a stored row's 64 elements fill cache lines
  std::vector<std::byte> buffer;
  for (std::size_t i = 0; i < p.matrices.size(); ++i) {
    const Tensor& m = p.matrices[i];
    const bool as_it_lies = !p.row && !p.column && !p.transposed && p.scales.empty();
    if (p.type == DType::F32 && (p.vector || m.type != DType::F32)) {
      write_floats(p, m, sink);
    } else if (as_it_lies) {
      sink({m.data, static_cast<std::size_t>(m.bytes())});
    } else {
      for (std::int64_t r = 0; r < p.rows; r += kRows) {
        const std::int64_t n = std::min(kRows, p.rows - r);
        buffer.resize(static_cast<std::size_t>(Tensor{p.type, {p.cols, n, 1, 1}}.bytes()));
        fill_rows(p, i, r, r + n, buffer.data());
        sink(buffer);
      }
    }
  }
}

}  // namespace

void write_as_gguf(const Model& model, const Metadata& metadata, const std::filesystem::path& path,
                   const std::function<void(std::size_t, std::size_t)>& progress) {
  const Arrangement arrangement(model);
  std::vector<TensorPlan> plans;
  for (const Piece& p : arrangement.pieces()) plans.push_back(p.plan());
  write_gguf(path, metadata, plans, [&](std::size_t i, const ByteSink& sink) {
    write_piece(arrangement.pieces()[i], sink);
    progress(i + 1, plans.size());
  });
}

}  // namespace pith
