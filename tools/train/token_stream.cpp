#include "train/token_stream.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace pith::lab {

TokenStream::TokenStream(const std::filesystem::path& path, std::int64_t vocab, std::int32_t end,
                         std::int64_t context) {
  const std::string name = printable(path.string(), 400);
  const auto file = MappedFile::open(path);
  const std::span<const std::byte> bytes = file->bytes();
  if (bytes.size() % 2 != 0) fail("{}: {} bytes are no whole number of 16-bit ids", name, bytes.size());
  tokens_.resize(bytes.size() / 2);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    tokens_[i] = std::to_integer<int>(bytes[2 * i]) | std::to_integer<int>(bytes[2 * i + 1]) << 8;
    if (tokens_[i] >= vocab)
      fail(
          "{}: id {} at place {} does not fit the vocabulary of {}: the stream was made with another "
          "tokenizer",
          name, tokens_[i], i, vocab);
  }

  begin_.push_back(0);
  std::int64_t document = 0;
  const auto add = [&](std::int64_t document_end) {
    if (document_end - begin_.back() > context && document > begin_.back()) begin_.push_back(document);
    while (document_end - begin_.back() > context) begin_.push_back(begin_.back() + context);
    document = document_end;
  };
  for (auto it = tokens_.begin(); (it = std::find(it, tokens_.end(), end)) != tokens_.end();)
    add(++it - tokens_.begin());
  if (document == 0) fail("{}: no document ends with id {}", name, end);
  tokens_.resize(static_cast<std::size_t>(document));
  begin_.push_back(document);
}

std::vector<std::int32_t> TokenStream::targets(std::int64_t i) const {
  std::vector<std::int32_t> out(tokens_.begin() + begin_[i] + 1, tokens_.begin() + begin_[i + 1]);
  out.push_back(i + 1 < windows() ? tokens_[begin_[i + 1]] : -1);
  return out;
}

}  // namespace pith::lab
