#include "generate/request.h"

namespace pith {

std::string_view finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::Stop: return "stop";
    case FinishReason::Length: return "length";
    case FinishReason::Interrupted: return "interrupted";
    case FinishReason::Failed: return "error";
  }
  return "error";
}

}  // namespace pith
