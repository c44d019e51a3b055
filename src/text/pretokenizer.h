// Cutting text into the words that a tokenizer's model then encodes each on its own.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/regex.h"

namespace pith {

/// What becomes of the places where a Split's expression matches; the names are those of Hugging Face
/// tokenizers (SplitDelimiterBehavior).
enum class SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };

struct Split {
  Regex regex;
  SplitBehavior behavior = SplitBehavior::Isolated;
  bool invert = false;  ///< what does not match is the delimiter
  bool byte_mapped =
      false;  ///< the expression sees the bytes in GPT-2's alphabet (steps that follow ByteLevel)
};

/// A space in front of each word that does not begin with one.
struct PrefixSpace {};

/// Spaces become "▁", with one in front of a word.
struct Metaspace {
  enum class Prepend { Never, First, Always };
  std::string replacement;
  Prepend prepend = Prepend::Always;
  bool split = true;
};

using PretokenizerStep = std::variant<Split, PrefixSpace, Metaspace>;

/// The words of one text: views of the text, or of `storage` where a step changed it.
struct Words {
  std::vector<std::string_view> list;
  std::deque<std::string> storage;
};

class Pretokenizer {
 public:
  void add(PretokenizerStep step) { steps_.push_back(std::move(step)); }
  std::span<const PretokenizerStep> steps() const { return steps_; }

  /// `at_start`: the text is the beginning of the whole input (Metaspace's prepend "first"). Empty words are
  /// left out. Throws Error where an expression reaches its limits.
  void split(std::string_view text, bool at_start, Words& words) const;

 private:
  std::vector<PretokenizerStep> steps_;
};

}  // namespace pith
