#include "train/corpus/split.h"

#include "train/corpus/draw.h"

namespace pith::lab {

Split split_of(std::string_view key) {
  switch (hash_text(key) % 20) {
    case 0: return Split::Validation;
    case 1: return Split::Test;
    default: return Split::Train;
  }
}

std::string_view name_of(Split split) {
  constexpr std::string_view kNames[] = {"train", "validation", "test"};
  return kNames[static_cast<int>(split)];
}

}  // namespace pith::lab
