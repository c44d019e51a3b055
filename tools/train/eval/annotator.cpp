#include "train/eval/annotator.h"

#include <algorithm>
#include <cctype>

#include "train/eval/checks.h"

namespace pith::lab {
namespace {

// The longest answer that is brief, in characters beside the right answer itself.
constexpr std::size_t kBrief = 40, kBriefStep = 45, kBriefTale = 1600;

bool shows_steps(const Asked& asked, std::string_view reply) {
  if (asked.steps == 0) return true;
  // Steps that nobody wanted are a matter of brevity.
  for (const std::string_view wish : {"at once", "only the answer", "Just the answer", "Do not show"}) {
    if (asked.user.find(wish) != asked.user.npos) return true;
  }
  return std::ranges::count(reply, '=') >= asked.steps;
}

bool well_formed(const Asked& asked, std::string_view reply) {
  if (reply.empty() || std::islower(static_cast<unsigned char>(reply.front())) != 0) {
    // A list or a word from the question begins as it does there.
    if (reply.empty() || asked.check != "exact") return false;
  }
  if (asked.steps > 0) return reply.find("The answer is ") != reply.npos;
  const bool sentence = std::string_view(".!?").find(reply.back()) != std::string_view::npos;
  return sentence || asked.check == "exact" || asked.check == "contains" || asked.check == "number";
}

}  // namespace

Judgement judge(const Asked& asked, std::string_view reply) {
  const std::size_t limit = asked.check == "none" ? kBriefTale
                                                  : asked.answer.size() + kBrief +
                                                        kBriefStep * static_cast<std::size_t>(asked.steps) +
                                                        (asked.check == "puzzle" ? 3 * kBriefStep : 0);
  return {.right = is_right(asked.check, asked.answer, reply),
          .steps = shows_steps(asked, reply),
          .form = well_formed(asked, reply),
          .brief = reply.size() <= limit,
          .polite = is_polite(reply)};
}

}  // namespace pith::lab
