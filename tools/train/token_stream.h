// The pre-training data: one long stream of token ids, cut into windows.
//
// A window holds whole documents up to the context, one behind the other, and its attention is plainly
// causal: a later document sees the earlier ones, as the engine's own attention over such a text would have
// it. It begins where a document begins, as a prompt does; only a document longer than the context is cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace pith::lab {

class TokenStream {
 public:
  /// A file of little-endian 16-bit ids in which `end` ends each document. Throws Error: an odd size, an id
  /// outside the vocabulary, not one document.
  TokenStream(const std::filesystem::path& path, std::int64_t vocab, std::int32_t end, std::int64_t context);

  std::int64_t windows() const { return static_cast<std::int64_t>(begin_.size()) - 1; }
  std::int64_t tokens() const { return static_cast<std::int64_t>(tokens_.size()); }
  /// Of windows [first, last).
  std::int64_t tokens(std::int64_t first, std::int64_t last) const { return begin_[last] - begin_[first]; }

  std::span<const std::int32_t> window(std::int64_t i) const {
    return std::span(tokens_).subspan(begin_[i], begin_[i + 1] - begin_[i]);
  }
  /// The token behind each one of the window: the last one's is the first of the next window, or -1 at the
  /// end of the stream.
  std::vector<std::int32_t> targets(std::int64_t i) const;

 private:
  std::vector<std::int32_t> tokens_;
  std::vector<std::int64_t> begin_;  // of each window, and the end
};

}  // namespace pith::lab
