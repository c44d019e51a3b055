#include "train/parallel.h"

#include <algorithm>
#include <exception>

#include "train/net/blas.h"
#include "train/net/ops.h"

namespace pith::lab {

Parallel::Parallel(const Shape& shape, int threads, int shards, std::int64_t rows)
    : rows_(rows), team_(threads > 0 ? threads : default_threads().threads) {
  use_one_blas_thread();
  for (int t = 0; t < team_.size(); ++t) networks_.push_back(std::make_unique<Network<float>>(shape, rows));
  shards_.resize(static_cast<std::size_t>(shards));
}

// The first `count` ones, into the first.
void Parallel::add_shards(std::int64_t count) {
  const std::int64_t size = layout().size;
  constexpr std::int64_t kBlock = 4096;
  team_.run(team_.size(), [&](Worker& worker) {
    worker.parallel_for(size, kBlock, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = 1; s < count; ++s)
        ops<float>().add(shards_[0].data() + begin, shards_[s].data() + begin, end - begin);
    });
  });
}

void Parallel::run(std::int64_t count, const Piece& piece, bool with_gradient) {
  const std::int64_t shards = std::ssize(shards_);
  std::vector<std::exception_ptr> errors(shards_.size());
  team_.run(team_.size(), [&](Worker& worker) {
    worker.parallel_for(shards, 1, [&](std::int64_t s, std::int64_t) {
      try {
        if (with_gradient) shards_[s].assign(static_cast<std::size_t>(layout().size), 0.0f);
        for (std::int64_t i = s; i < count; i += shards)
          piece(i, *networks_[worker.index()], with_gradient ? shards_[s].data() : nullptr);
      } catch (...) {
        errors[s] = std::current_exception();
      }
    });
  });
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  if (with_gradient) add_shards(std::min(count, shards));
}

}  // namespace pith::lab
