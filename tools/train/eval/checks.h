// Whether an answer is right: what evaluation counts and the annotator prefers.
#pragma once

#include <string_view>

namespace pith::lab {

/// `check` names how (see Check in corpus/request.h). Throws Error for another name, and for a puzzle whose
/// `answer` is not four numbers and a target.
bool is_right(std::string_view check, std::string_view answer, std::string_view reply);

/// Without what is said around an answer out of politeness, outer spaces, and a full stop at the end.
std::string_view core_of(std::string_view reply);

bool is_polite(std::string_view reply);

}  // namespace pith::lab
