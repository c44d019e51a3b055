#include "cli/inspect_experts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/input.h"

namespace pith::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kTokens = 6;  // shown of each expert's specialities

std::string specialities_string(const Json& tokens) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kTokens, tokens.size()); ++i) {
    const Json& t = tokens[i];
    const std::string name = t.contains("piece") ? printable(t["piece"].get<std::string>())
                                                 : fmt::format("{}", t.at("token").get<int>());
    text += fmt::format("{}{} x{:.1f}", i ? ", " : "", name, t.at("lift").get<double>());
  }
  return text;
}

std::string layer_string(const Json& layer) {
  const auto load = layer.at("load").get<std::vector<double>>(),
             weight = layer.at("weight").get<std::vector<double>>();
  const auto together = layer.at("coactivation").get<std::vector<std::vector<double>>>();
  const Json& specialities = layer.at("specialities");
  const std::size_t n = load.size();
  const bool whole = weight.size() == n && together.size() == n && specialities.size() == n &&
                     std::ranges::all_of(together, [&](const auto& row) { return row.size() == n; });
  if (!whole) fail("its lists differ in length");

  std::string text = fmt::format(
      "layer {:<8}{} experts, {} active; entropy {:.2f} of {:.2f} bits, variation {:.2f}\n",
      layer.at("layer").get<int>(), n, layer.at("active").get<int>(), layer.at("entropy").get<double>(),
      layer.at("max_entropy").get<double>(), layer.at("variation").get<double>());
  text += fmt::format("{:>8} {:>7} {:>7}  {:<16}{}\n", "expert", "load", "weight", "most with",
                      "takes more than others");
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t e) { return load[e]; });
  for (const std::size_t e : order) {
    std::size_t partner = e == 0 ? 1 : 0;
    for (std::size_t o = 0; o < n; ++o) {
      if (o != e && together[e][o] > together[e][partner]) partner = o;
    }
    const bool any = n > 1 && together[e][partner] > 0;
    text += fmt::format("{:>8} {:>6.1f}% {:>7.3f}  {:<16}{}\n", e, 100 * load[e], weight[e],
                        any ? fmt::format("{} ({:.1f}%)", partner, 100 * together[e][partner]) : "",
                        specialities_string(specialities[e]));
  }
  return text;
}

}  // namespace

std::string describe_experts(const std::string& path) {
  const Json stats = parse_json(read_file(path), printable(path));
  try {
    std::string text =
        fmt::format("{:<14}{}\n{:<14}{}\n", "model", printable(stats.at("model").get<std::string>(), 400),
                    "tokens", stats.at("tokens").get<std::int64_t>());
    for (const Json& layer : stats.at("layers")) text += "\n" + layer_string(layer);
    return text;
  } catch (const Json::exception& e) {  // "[json...] what is not there"
    const std::string_view what = e.what();
    fail("{}: expected what pith run --expert-stats writes: {}", printable(path),
         printable(what.substr(what.find("] ") + 2)));
  } catch (const Error& e) {
    fail("{}: expected what pith run --expert-stats writes: {}", printable(path), e.what());
  }
}

}  // namespace pith::cli
