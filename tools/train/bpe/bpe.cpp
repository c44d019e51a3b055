#include "train/bpe/bpe.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace pith::lab {
namespace {

// GPT-2's order of the bytes: those that print as themselves, then the others.
std::vector<unsigned char> byte_order() {
  const auto prints = [](int b) { return (b > ' ' && b < 0x7f) || (b >= 0xa1 && b != 0xad); };
  std::vector<unsigned char> order;
  for (const bool wanted : {true, false}) {
    for (int b = 0; b < 256; ++b) {
      if (prints(b) == wanted) order.push_back(static_cast<unsigned char>(b));
    }
  }
  return order;
}

struct Word {
  std::vector<int> ids;
  std::int64_t count;
};

void merge(std::vector<int>& ids, std::pair<int, int> pair, int merged) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool here = i + 1 < ids.size() && ids[i] == pair.first && ids[i + 1] == pair.second;
    ids[out++] = here ? merged : ids[i];
    i += here;
  }
  ids.resize(out);
}

}  // namespace

BpeVocabulary train_bpe(const WordCounts& counts, const std::vector<std::string>& special, int size) {
  BpeVocabulary out{special, {}};
  int id_of[256];
  for (const unsigned char b : byte_order()) {
    id_of[b] = static_cast<int>(out.tokens.size());
    out.tokens.emplace_back(1, static_cast<char>(b));
  }
  std::vector<Word> words;
  for (const auto& [text, count] : counts) {
    Word word{{}, count};
    for (const char c : text) word.ids.push_back(id_of[static_cast<unsigned char>(c)]);
    words.push_back(std::move(word));
  }
  // Distinct words are some ten thousand: counting their pairs anew for each merge takes milliseconds.
  while (static_cast<int>(out.tokens.size()) < size) {
    std::map<std::pair<int, int>, std::int64_t> pairs;
    for (const Word& word : words) {
      for (std::size_t i = 0; i + 1 < word.ids.size(); ++i)
        pairs[{word.ids[i], word.ids[i + 1]}] += word.count;
    }
    if (pairs.empty()) {
      fail("the corpus has only {} tokens for a vocabulary of {}", out.tokens.size(), size);
    }
    // Of equal counts the first in the order of the ids, so that the order of the words does not matter.
    const auto best = std::ranges::max_element(pairs, {}, [](const auto& entry) { return entry.second; });
    const std::pair<int, int> pair = best->first;
    const int merged = static_cast<int>(out.tokens.size());
    out.tokens.push_back(out.tokens[static_cast<std::size_t>(pair.first)] +
                         out.tokens[static_cast<std::size_t>(pair.second)]);
    out.merges.push_back(pair);
    for (Word& word : words) merge(word.ids, pair, merged);
  }
  return out;
}

}  // namespace pith::lab
