// What a strategy did: every text it considered, as a tree.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

struct TraceNode {
  int parent = -1;    ///< index in the trace, below this node's own; -1: the question
  std::string kind;   ///< "chain", "thought", "value", "vote", ...
  std::string text;   ///< what was generated in this node
  std::string state;  ///< "chosen", "kept", "dropped", "duplicate", "cancelled", "failed"; may be empty
  std::optional<double> score;
  std::optional<std::string> answer;
  std::int64_t tokens = 0;  ///< generated here
};

struct Trace {
  std::string strategy, question;
  std::vector<TraceNode> nodes;

  int add(TraceNode node) {
    nodes.push_back(std::move(node));
    return static_cast<int>(nodes.size()) - 1;
  }
};

/// {"strategy", "question", "nodes": [{"id", "parent", "kind", "text", ...}]}; parent is null at the root.
nlohmann::ordered_json trace_to_json(const Trace& trace);
/// Throws Error naming what is wrong; `name` says where the text comes from.
Trace parse_trace(std::string_view text, std::string_view name);

/// The tree as lines of at most `width` columns, a node a line: its branch, state, score and the beginning of
/// its text.
std::string draw_trace(const Trace& trace, int width);

/// One self-contained page: the tree to open and fold, what was chosen marked and open.
std::string trace_page(const Trace& trace);

}  // namespace pith
