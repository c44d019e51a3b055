// What became of the items of a long evaluation, kept as it comes: a line of JSON for each, so that a run
// that was ended goes on where it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pith {

class ItemLog {
 public:
  /// `path` empty: results are kept in memory alone. `header` is the first line: all that the results depend
  /// on. With `resume` the items of a file that is there are taken over, except a last line that was not
  /// finished. Throws Error: the file is there and `resume` is not given, its header is another one, it is
  /// damaged, or it cannot be written.
  ItemLog(const std::filesystem::path& path, const nlohmann::ordered_json& header, bool resume);
  ~ItemLog();
  ItemLog(const ItemLog&) = delete;
  ItemLog& operator=(const ItemLog&) = delete;

  /// Whether there is a file.
  bool keeps() const { return descriptor_ >= 0; }
  bool has(std::int64_t item) const;
  std::int64_t size() const;
  /// Appends a line {"item": N, ...}. Throws Error.
  void add(std::int64_t item, const nlohmann::ordered_json& result);
  /// In the order of the items, those before `end`.
  void for_each(std::int64_t end,
                const std::function<void(std::int64_t item, const nlohmann::ordered_json& result)>& f) const;

 private:
  struct Results;
  void take_over(std::string_view text, const nlohmann::ordered_json& header);
  void append(const std::string& line);

  std::string path_;
  int descriptor_ = -1;
  std::unique_ptr<Results> results_;
};

}  // namespace pith
