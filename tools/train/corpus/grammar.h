// Text out of templates: alternatives, slots, and the small rules of English spelling.
//
//   "[Then|After that], {hero} found a {thing}. <It was broken.|It was new.>"
//
// [a|b]   one of the alternatives, which may be empty or hold others;
// <a|b>   the same, where the choice is a part of the plot: its number is appended to the skeleton;
// {slot}  what the story's cast says; {Slot} and {friend.He} the same with a capital.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "train/corpus/draw.h"

namespace pith::lab {

/// What stands for the slots of a template.
class Cast {
 public:
  virtual ~Cast() = default;
  /// Throws Error for a slot it does not know.
  virtual std::string value(std::string_view slot, Draw& draw) = 0;
};

/// A cast that is known beforehand.
class FixedCast : public Cast {
 public:
  explicit FixedCast(std::map<std::string, std::string, std::less<>> values) : values_(std::move(values)) {}
  std::string value(std::string_view slot, Draw& draw) override;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Throws Error for brackets that do not match.
std::string expand(std::string_view text, Cast& cast, Draw& draw, std::string* skeleton = nullptr);

/// Single spaces, none before punctuation; "a" or "an" by the next word's sound; a capital at the beginning
/// and after a full stop, exclamation or question mark. (Not after one that is followed by a quotation mark,
/// since
/// `"Help!" cried Ann.` goes on: a template writes {Slot} there. A full stop before a quotation mark ends.)
std::string polish(std::string_view text);

std::string capitalised(std::string_view text);

}  // namespace pith::lab
