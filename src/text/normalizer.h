// What is done to a text before it is cut into words. The kinds are those of Hugging Face tokenizers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/charsmap.h"
#include "text/regex.h"

namespace pith {

/// Unicode normalization forms.
enum class UnicodeForm { NFC, NFD, NFKC, NFKD };

/// Every match of an expression, or every occurrence of a text, becomes `content`.
struct Replace {
  std::string pattern;  ///< a text, where there is no regex
  std::optional<Regex> regex;
  std::string content;
};

/// In front of a text that is not empty.
struct Prepend {
  std::string content;
};

struct Lowercase {};
/// White space at the ends of the text.
struct Strip {
  bool left = true, right = true;
};
/// Combining marks (after NFD: the accents).
struct StripAccents {};
/// SentencePiece's nmt rules: control characters vanish, odd spaces become spaces.
struct Nmt {};
/// SentencePiece's compiled character map.
struct Precompiled {
  std::shared_ptr<const CharsMap> map;
};
/// SentencePiece's remove_extra_whitespaces: none at the ends, single ones inside.
struct SqueezeSpaces {};
struct BertNormalizer {
  bool clean_text = true, chinese_characters = true, strip_accents = true, lowercase = true;
};

using NormalizerStep = std::variant<UnicodeForm, Replace, Prepend, Lowercase, Strip, StripAccents, Nmt,
                                    Precompiled, SqueezeSpaces, BertNormalizer>;

class Normalizer {
 public:
  void add(NormalizerStep step) { steps_.push_back(std::move(step)); }
  std::span<const NormalizerStep> steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }

  /// Bytes that are not UTF-8 stay as they are.
  std::string normalize(std::string_view text) const;

 private:
  std::vector<NormalizerStep> steps_;
};

}  // namespace pith
