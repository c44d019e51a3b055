#include "model/convert.h"

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
  std::string kind;                   // ".weight", ".bias"
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
  if (words.size() < 4 || words.size() > 5 || words[0] != "blk") return std::nullopt;
  const auto layer = number(words[1]);
  if (!layer) return std::nullopt;
  PlaceName place{*layer, std::string(words[2]), {}, "." + std::string(words.back())};
  if (words.size() == 5 && !(place.expert = number(words[3]))) return std::nullopt;
  return place;
}

// One tensor of the file, made of one of the checkpoint or of an expert stack's.
struct Piece {
  std::string name;
  std::vector<Tensor> sources;
  int heads = 0;  // > 0: the rows of each head go from halves to neighbouring pairs
  Tensor shape() const {
    Tensor t = sources.front();
    t.data = nullptr;
    if (t.rows() == 1 && t.type != DType::F32) t.type = DType::F32;
    if (sources.size() > 1) t.ne[t.rows() == 1 ? 1 : 2] = std::ssize(sources);
    return t;
  }
};

std::vector<Piece> arrange(const Model& model) {
  const Arch& arch = *model.arch;
  if (arch.qkv_by_group || arch.transposed != Transposed::None || arch.tiled_heads || arch.alternating_gate) {
    fail(
        "{}: pith convert does not write the '{}' architecture, whose matrices lie differently in GGUF; "
        "the directory itself can be used as a model",
        model.file.path, arch.name);
  }
  const bool permuted = arch.gguf_permuted && arch.halves;
  std::vector<Piece> pieces;
  std::map<std::string, std::size_t> stacks;  // by name, the place in `pieces`
  for (const NamedTensor& t : model.file.tensors.all()) {
    const std::optional<PlaceName> place = parse(t.name);
    if (place && place->expert) {
      const std::string_view stack = place->part.starts_with("ffn_") ? "_exps" : "";  // else norms of heads
      const std::string name = fmt::format("blk.{}.{}{}{}", place->layer, place->part, stack, place->kind);
      const auto [at, is_new] = stacks.emplace(name, pieces.size());
      if (is_new) pieces.push_back({name, {}});
      std::vector<Tensor>& sources = pieces[at->second].sources;
      if (sources.size() <= *place->expert) sources.resize(*place->expert + 1);
      sources[*place->expert] = t.tensor;
      continue;
    }
    Piece piece{t.name, {t.tensor}};
    if (permuted && place && (place->part == "attn_q" || place->part == "attn_k")) {
      const AttentionSpec& a = model.spec.layers.at(place->layer).attention;
      piece.heads = place->part == "attn_q" ? a.heads : a.kv_heads;
    }
    pieces.push_back(std::move(piece));
  }
  for (const Piece& p : pieces) {
    for (const Tensor& source : p.sources) {
      if (!source || source.type != p.sources.front().type || source.ne != p.sources.front().ne)
        fail("{}: the parts of '{}' do not have one type and shape", model.file.path, p.name);
    }
  }
  return pieces;
}

std::span<const std::byte> bytes_of(const Tensor& t) { return {t.data, static_cast<std::size_t>(t.bytes())}; }

std::vector<float> decoded(const Tensor& t) {
  std::vector<float> values(static_cast<std::size_t>(t.elements()));
  kernels().decode[static_cast<std::size_t>(t.type)](values.data(), t.data, t.elements());
  return values;
}

// Hugging Face rotates row i of a head with row i + n/2, GGUF's form of these models row 2i with 2i + 1.
template <class Emit>
void permute(std::int64_t rows, int heads, Emit&& emit) {
  const std::int64_t n = rows / heads, half = n / 2;
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t i = 0; i < half; ++i) {
      emit(head * n + i);
      emit(head * n + half + i);
    }
  }
}

void write_piece(const Piece& piece, const ByteSink& sink) {
  for (const Tensor& t : piece.sources) {
    if (t.rows() == 1) {
      const std::vector<float> values = decoded(t);
      if (piece.heads == 0) {
        sink(std::as_bytes(std::span(values)));
      } else {
        permute(std::ssize(values), piece.heads, [&](std::int64_t i) {
          sink(std::as_bytes(std::span(&values[static_cast<std::size_t>(i)], 1)));
        });
      }
    } else if (piece.heads == 0) {
      sink(bytes_of(t));
    } else {
      permute(t.rows(), piece.heads, [&](std::int64_t row) { sink(bytes_of(t.row_slice(row, 1))); });
    }
  }
}

}  // namespace

void write_as_gguf(const Model& model, const Metadata& metadata, const std::filesystem::path& path,
                   const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::vector<Piece> pieces = arrange(model);
  std::vector<TensorPlan> plans;
  for (const Piece& p : pieces) plans.push_back({p.name, p.shape()});
  write_gguf(path, metadata, plans, [&](std::size_t i, const ByteSink& sink) {
    write_piece(pieces[i], sink);
    progress(i + 1, pieces.size());
  });
}

}  // namespace pith
