// Copies a model, row by row through floats where the type changes.
#include "format/requantize.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/team.h"
#include "format/gguf_writer.h"
#include "kernels/kernels.h"
#include "kernels/quantize.h"

namespace pith {
namespace {

/// Converts the rows of one tensor after the other, a piece at a time.
class Converter {
 public:
  Converter(int threads, const QuantizeCallbacks& callbacks, std::int64_t total)
      : team_(threads), rows_(static_cast<std::size_t>(team_.size())), callbacks_(callbacks), total_(total) {}

  void convert(const NamedTensor& from, const Tensor& to, const ByteSink& sink) {
    constexpr std::int64_t kPiece = 16 << 20;
    const std::int64_t piece =
        std::clamp<std::int64_t>(kPiece / std::max<std::int64_t>(to.row_bytes(), 1), 1, to.rows());
    for (std::int64_t begin = 0; begin < to.rows(); begin += piece) {
      const std::int64_t rows = std::min(piece, to.rows() - begin);
      const Tensor source = from.tensor.row_slice(begin, rows);
      const auto bytes = static_cast<std::size_t>(to.row_bytes() * rows);
      if (from.tensor.type == to.type) {
        sink({source.data, bytes});
      } else {
        buffer_.resize(bytes);
        quantize(source, to.type, from.name, begin);
        sink(buffer_);
      }
      done_ += source.bytes();
      if (callbacks_.progress) callbacks_.progress(done_, total_);
    }
  }

 private:
  void quantize(const Tensor& source, DType type, const std::string& name, std::int64_t first_row) {
    const std::int64_t cols = source.cols();
    const std::int64_t out_bytes = cols / type_info(type).block * type_info(type).bytes;
    const auto decode = kernels().decode[static_cast<std::size_t>(source.type)];
    for (std::vector<float>& row : rows_) row.resize(static_cast<std::size_t>(cols));
    std::atomic<std::int64_t> bad_row = std::numeric_limits<std::int64_t>::max();
    team_.run(team_.size(), [&](Worker& worker) {
      float* row = rows_[static_cast<std::size_t>(worker.index())].data();
      worker.parallel_for(source.rows(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          decode(row, source.data + r * source.row_bytes(), cols);
          if (all_finite(row, cols)) {
            quantize_row(type, row, buffer_.data() + r * out_bytes, cols);
          } else {
            std::int64_t lowest = bad_row.load();
            while (r < lowest && !bad_row.compare_exchange_weak(lowest, r)) {
            }
          }
        }
      });
    });
    if (bad_row.load() < source.rows()) {
      fail("tensor '{}' row {}: NaN or infinity among the weights; there is no way to quantise it",
           printable(name), first_row + bad_row.load());
    }
  }

  Team team_;
  std::vector<std::vector<float>> rows_;  // one a thread
  std::vector<std::byte> buffer_;
  const QuantizeCallbacks& callbacks_;
  std::int64_t total_, done_ = 0;
};

}  // namespace

void quantize_model(const ModelFile& in, const std::filesystem::path& out, const QuantRecipe& recipe,
                    int threads, const QuantizeCallbacks& callbacks) {
  const std::vector<NamedTensor>& sources = in.tensors.all();
  const TypePlanner planner(recipe, in.tensors, callbacks.note);
  Metadata metadata(in.metadata.source());
  for (const auto& [key, value] : in.metadata.entries()) metadata.add_raw(key, value);
  describe_weights(metadata, recipe);
  std::vector<TensorPlan> plan;
  std::int64_t total = 0;
  for (const NamedTensor& t : sources) {
    plan.push_back({t.name, {planner.type_for(t), t.tensor.ne, nullptr}});
    total += t.tensor.bytes();
  }
  Converter converter(threads, callbacks, total);
  write_gguf(out, metadata, plan, [&](std::size_t i, const ByteSink& sink) {
    converter.convert(sources[i], plan[i].tensor, sink);
  });
}

}  // namespace pith
