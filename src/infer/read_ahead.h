// Reading the weights of experts before they are needed, for models larger than memory.
//
// A dense layer is read in the order of the file, which the system notices and reads ahead. Which experts
// come next only the router knows: without a hint, every page of theirs is a fault that waits for the disk
// alone.
#pragma once

#include <cstddef>
#include <span>

#include "format/model_file.h"
#include "model/weights.h"

namespace pith {

/// The bytes of the file that hold a matrix (of a fused one: from its first row to its last); empty for a
/// null one.
std::span<const std::byte> stored_bytes(const Linear& matrix);

class ReadAhead {
 public:
  explicit ReadAhead(const ModelFile& file) : file_(file) {}

  /// Asks the system to read all matrices of an expert; returns before they are there. How many bytes that
  /// is.
  std::size_t want(const FfnWeights& expert) const;

 private:
  const ModelFile& file_;
};

}  // namespace pith
