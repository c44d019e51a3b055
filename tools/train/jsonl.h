// JSON lines: one object a line, written as a whole file or read one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "base/file.h"

namespace pith::lab {

/// The file appears under its name with commit().
class JsonlWriter {
 public:
  explicit JsonlWriter(const std::filesystem::path& path) : file_(path) {}
  void write(const nlohmann::ordered_json& object);
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
};

/// Calls `use` with each line's object. Throws Error that names file and line where one is no JSON object, or
/// where `use` throws Error or finds a key missing or of another type.
void read_jsonl(const std::filesystem::path& path, const std::function<void(const nlohmann::json&)>& use);

}  // namespace pith::lab
