// In-context tasks: a rule that is never told, only shown by examples.
#pragma once

#include <string>
#include <vector>

#include "train/corpus/draw.h"

namespace pith::lab {

struct RuleExample {
  std::string in, out;
};

/// One of thousands of rules. Two families: a change of a list of letters or digits, made of one or two
/// simple changes; and labels for words by their kind (animals are called "blue", tools "seven").
class Rule {
 public:
  /// Zipf-distributed.
  static Rule draw(Draw& draw);

  /// What the rule does, however it was put together: rules that give the same outputs have the same key.
  const std::string& key() const { return key_; }
  std::string_view family() const { return parts_.empty() ? "label" : "list"; }

  RuleExample example(Draw& draw) const;
  /// Examples whose inputs differ.
  std::vector<RuleExample> examples(int n, Draw& draw) const;

 private:
  struct Part {
    int change;
    int argument;
  };
  static std::vector<std::string> apply(const Part& part, std::vector<std::string> items, bool digits);
  std::vector<std::string> change(std::vector<std::string> items) const;

  std::string key_;
  std::vector<Part> parts_;  // of a list rule
  bool digits_ = false;
  struct Label {
    int kind;
    std::string word;
  };
  std::vector<Label> labels_;  // of a label rule
};

/// "3 1 4 -> 4 1 3" on lines of their own.
std::string show(const std::vector<RuleExample>& examples);

}  // namespace pith::lab
