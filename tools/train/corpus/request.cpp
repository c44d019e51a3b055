#include "train/corpus/request.h"

#include <algorithm>
#include <cctype>

#include "train/corpus/request_kinds.h"

namespace pith::lab {
namespace {

constexpr RequestKind kInstructions[] = {
    {"copy", request_copy},   {"reverse", request_reverse}, {"sort", request_sort},
    {"count", request_count}, {"compare", request_compare}, {"extract", request_extract},
    {"story", request_story}, {"fact", request_fact, 0.4},  {"refuse", request_refuse},
};
constexpr RequestKind kReasoning[] = {
    {"sum", request_sum},
    {"problem-direct", request_problem_direct},
    {"problem-steps", request_problem_steps},
    {"puzzle", request_puzzle},
};
constexpr RequestKind kDrills[] = {
    {"count-worked", request_count_worked},
    {"compare-worked", request_compare_worked},
    {"sum-worked", request_sum_worked},
    {"problem-worked", request_problem_worked},
    {"refuse-asked", request_refuse_asked, 0.5},
    {"name", request_name},
    {"known", request_known, 0.5},
    {"people", request_people, 0.5},
};
constexpr RequestKind kTalk[] = {{"tale", request_tale}, {"talk", request_talk}};

// Small talk is the same everywhere, and of the facts the kind itself chooses what is held out;
// names are no secret.
bool fits(const Request& r, Split split) {
  constexpr std::string_view kAnySplit[] = {"talk", "fact", "name", "known"};
  if (std::ranges::find(kAnySplit, r.kind) != std::end(kAnySplit)) return true;
  return r.key == kTable ? split == Split::Train : split_of(r.key) == split;
}

// Whether "please" can stand in front.
bool is_order(std::string_view user) {
  constexpr std::string_view kOrders[] = {"Repeat", "Copy",  "Write", "Reverse",   "Sort",   "Put",
                                          "Order",  "Count", "Find",  "Take",      "Tell",   "Add",
                                          "Give",   "Turn",  "Read",  "Calculate", "Divide", "Multiply",
                                          "Use",    "Say",   "Make",  "Explain"};
  return std::ranges::any_of(kOrders, [&](std::string_view order) { return user.starts_with(order); });
}

}  // namespace

std::string_view name_of(Check check) {
  constexpr std::string_view kNames[] = {"exact", "number", "contains", "refusal", "puzzle", "none"};
  return kNames[static_cast<int>(check)];
}

std::span<const RequestKind> instruction_kinds() { return kInstructions; }
std::span<const RequestKind> reasoning_kinds() { return kReasoning; }
std::span<const RequestKind> drill_kinds() { return kDrills; }
std::span<const RequestKind> talk_kinds() { return kTalk; }

const RequestKind* find_kind(std::string_view name) {
  for (const auto kinds : {instruction_kinds(), reasoning_kinds(), drill_kinds(), talk_kinds()}) {
    for (const RequestKind& kind : kinds) {
      if (kind.name == name) return &kind;
    }
  }
  return nullptr;
}

Request make_request(const RequestKind& kind, Split split, Draw& draw) {
  return draw.until([&] { return kind.make(draw, split); }, [&](const Request& r) { return fits(r, split); });
}

std::string as_typed(std::string user, Draw& draw, double small_letters) {
  if (draw.chance(0.12) && is_order(user)) {
    user[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(user[0])));
    user = "Please " + user;
  }
  if (draw.chance(0.2) && !user.empty() && (user.back() == '.' || user.back() == '?')) user.pop_back();
  if (draw.chance(small_letters)) {
    std::ranges::transform(user, user.begin(), [](unsigned char c) { return std::tolower(c); });
  }
  return user;
}

}  // namespace pith::lab
