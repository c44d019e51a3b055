// Tells a model's reasoning ("thinking") from its answer in the text that it generates.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace pith {

/// How a family of models marks its reasoning.
struct ThinkingMarkers {
  std::string_view signature;  ///< text that a chat template of the family has
  std::string_view open, close;
  std::vector<std::string_view> frame;  ///< further markers that belong to neither reasoning nor answer
};

/// What the models of a chat template use; null if the template does not speak of reasoning.
const ThinkingMarkers* find_thinking_markers(std::string_view template_source);

/// Whether a marker is written with tokens that have no text of their own.
bool are_special(const ThinkingMarkers& markers, const Tokenizer& tokenizer);

/// Splits streamed text into reasoning and answer, and takes the markers out. A marker may come in pieces:
/// text that may be the beginning of one is held back until it is clear. The text has to show special tokens:
/// to many models the markers are such.
class ThinkingSplitter {
 public:
  struct Piece {
    bool thinking;
    std::string text;
  };

  /// `prompt` is the rendered conversation: where its last words open the reasoning, the text begins inside.
  /// Without markers all text is answer.
  ThinkingSplitter(const ThinkingMarkers* markers, std::string_view prompt);

  /// What of the text so far is clear and new; neighbouring pieces differ in kind.
  std::vector<Piece> push(std::string_view text);
  /// What was held back; the text is at its end.
  std::vector<Piece> finish();

  /// Whether the reasoning is open at the end of what was pushed.
  bool thinking() const { return thinking_; }

 private:
  void emit(std::string_view text, std::vector<Piece>& out);
  void pass_markers(std::vector<Piece>& out);

  const ThinkingMarkers* markers_;
  bool thinking_ = false;
  bool at_start_ = true;  ///< right behind a marker, where line ends belong to the marker
  std::string held_;
};

}  // namespace pith
