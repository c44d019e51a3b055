#include "text/pre_names.h"

#include <algorithm>
#include <utility>

#include "text/vocabulary.h"

namespace pith {
namespace {

// clang-format off
constexpr std::string_view kGpt2 =
    R"re('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kLlama3 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)re"
    R"re(\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kQwen2 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)re"
    R"re(\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kQwen35 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)re"
    R"re( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kGpt4o =
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|')re"
    R"re(m|'ll|'d)?|)re"
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|')re"
    R"re(m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kTekken =
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)re"
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|)re"
    R"re( ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kYoutu =
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|')re"
    R"re(m|'ll|'d)?|)re"
    R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|')re"
    R"re(m|'ll|'d)?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re";
// Letters without Han; the model's own expression says it with && in the class.
constexpr std::string_view kKimiK2 =
    R"re([\p{Han}]+|)re"
    R"re([^\r\n\p{L}\p{N}]?(?:(?!\p{Han})[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])*(?:(?!\p{Han})[\p{Ll}\p{Lm})re"
    R"re(\p{Lo}\p{M}])+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)re"
    R"re([^\r\n\p{L}\p{N}]?(?:(?!\p{Han})[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])+(?:(?!\p{Han})[\p{Ll}\p{Lm})re"
    R"re(\p{Lo}\p{M}])*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|)re"
    R"re(\s+(?!\S)|\s+)re";
constexpr std::string_view kDeepSeekLetters =
    R"re(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ)re"
    R"re(-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-)re"
    R"re(ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)re";
constexpr std::string_view kDeepSeekPunctuation =
    R"re(\s?[!-/:-~！-／：-～‘-‟　-。]+)re";
constexpr std::string_view kDeepSeekCjk =
    R"re([一-龥ࠀ-一가-퟿]+)re";
constexpr std::string_view kDeepSeekV3 =
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)re"
    R"re( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kJais2 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)re"
    R"re(\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|)re"
    R"re(\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})re";
constexpr std::string_view kBailing =
    R"re('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|)re"
    R"re(\s+(?!\S)|\s+)re";
constexpr std::string_view kSeedCoder =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|)re"
    R"re(\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kExaoneMoe =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}|)re"
    R"re( ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)re";
constexpr std::string_view kMiniCpm5 =
    R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|)re"
    R"re(\s*[\r\n]+|\s+(?!\S)|\s+)re";
constexpr std::string_view kBloom =
    R"re( ?[^(\s|.,!?…。，、।۔،)]+)re";
constexpr std::string_view kYoutuCjk =
    R"re([가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+)re";
constexpr std::string_view kAfmoeCjk =
    R"re([一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+)re";
// Groups of three digits counted from the right, looking ahead once for a whole number.
constexpr std::string_view kThreesFromTheRight =
    R"re((?<!\p{N})\p{N}{1,3}(?=(?:\p{N}{3})*+(?!\p{N}))|\G(?<=\p{N})\p{N}{3})re";
// The same for numbers that end a word: \d{1,3}(?=(?:\d{3})*\b) without its quadratic time.
constexpr std::string_view kThreesOfAWord =
    R"re((?<!\d)\d{1,3}(?=(?:\d{3})*+\b)|\G(?<=\d)\d{3})re";

constexpr std::string_view kGpt2Steps[] = {kGpt2};
constexpr std::string_view kLlama3Steps[] = {kLlama3};
constexpr std::string_view kQwen2Steps[] = {kQwen2};
constexpr std::string_view kQwen35Steps[] = {kQwen35};
constexpr std::string_view kGpt4oSteps[] = {kGpt4o};
constexpr std::string_view kTekkenSteps[] = {kTekken};
constexpr std::string_view kYoutuSteps[] = {kYoutuCjk, kYoutu};
constexpr std::string_view kKimiK2Steps[] = {kKimiK2};
constexpr std::string_view kDeepSeekLlmSteps[] = {R"re([\r\n])re", kDeepSeekLetters, kDeepSeekPunctuation, R"re(\s+$)re", kDeepSeekCjk, R"re(\p{N}+)re"};
constexpr std::string_view kDeepSeekCoderSteps[] = {R"re([\r\n])re", R"re(\s?\p{L}+)re", R"re(\s?\p{P}+)re", kDeepSeekCjk, R"re(\p{N})re"};
constexpr std::string_view kDeepSeekV3Steps[] = {R"re(\p{N}{1,3})re", R"re([一-龥぀-ゟ゠-ヿ]+)re", kDeepSeekV3};
constexpr std::string_view kFalconSteps[] = {R"re([\p{P}$+<=>^~|`]+)re", kGpt2, R"re([0-9][0-9][0-9])re"};
constexpr std::string_view kDigitSteps[] = {R"re(\p{N})re", kGpt2};
constexpr std::string_view kBloomSteps[] = {kBloom};
constexpr std::string_view kVikingSteps[] = {kBloom, R"re(\p{N})re"};
constexpr std::string_view kChameleonSteps[] = {R"re(<sentinel:[0-9]+>)re", R"re((IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z)re", R"re(([\t\n]|    |  ))re", R"re(\p{N})re", R"re([\p{P}!-/:-@\[-`{-~])re", kGpt2};
constexpr std::string_view kTinyAyaSteps[] = {kThreesOfAWord, kGpt4o};
constexpr std::string_view kSuperBpeSteps[] = {R"re(\p{N}+)re", kThreesFromTheRight};
constexpr std::string_view kBailingSteps[] = {kBailing};
constexpr std::string_view kSeedCoderSteps[] = {kSeedCoder};
constexpr std::string_view kAfmoeSteps[] = {kThreesFromTheRight, kAfmoeCjk, kDeepSeekV3};
constexpr std::string_view kLagunaSteps[] = {R"re([^\n]+|[\n]+)re", kQwen2};
constexpr std::string_view kExaoneMoeSteps[] = {kExaoneMoe};
constexpr std::string_view kLineSteps[] = {R"re([^\n]+|[\n]+)re"};
constexpr std::string_view kMiniCpm5Steps[] = {R"re(\p{N}{1,3})re", kMiniCpm5};
constexpr std::string_view kWhitespaceSteps[] = {R"re(\S+)re"};
constexpr std::string_view kJais2Steps[] = {kJais2};
constexpr std::string_view kDefaultSteps[] = {R"re([\p{P}$+<=>^~|]+)re", kGpt2, R"re(\p{N}+)re", R"re([0-9][0-9][0-9])re"};

constexpr PreName kPreNames[] = {
    // name, expressions, ignore_merges, add_bos, byte_level
    {"gpt-2", kGpt2Steps},
    {"llama-bpe", kLlama3Steps, true, true},
    {"llama3", kLlama3Steps, true, true},
    {"llama-v3", kLlama3Steps, true, true},
    {"falcon3", kLlama3Steps, true, true},
    {"falcon-h1", kLlama3Steps, true, true},
    {"pixtral", kLlama3Steps, true, true},
    {"midm-2.0", kLlama3Steps, true, true},
    {"lfm2", kLlama3Steps, true, true},
    {"jina-v5-nano", kLlama3Steps, true, true},
    {"dbrx", kLlama3Steps},
    {"smaug-bpe", kLlama3Steps},
    {"glm4", kLlama3Steps},
    {"chatglm-bpe", kLlama3Steps},
    {"qwen2", kQwen2Steps},
    {"deepseek-r1-qwen", kQwen2Steps},
    {"kormo", kQwen2Steps},
    {"f2llmv2", kQwen2Steps},
    {"megrez", kQwen2Steps},
    {"stablelm2", kQwen2Steps},
    {"hunyuan", kQwen2Steps},
    {"solar-open", kQwen2Steps},
    {"grok-2", kQwen2Steps},
    {"qwen35", kQwen35Steps},
    {"gpt-4o", kGpt4oSteps},
    {"llama4", kGpt4oSteps},
    {"kanana2", kGpt4oSteps},
    {"talkie", kGpt4oSteps},
    {"minimax-m2", kGpt4oSteps},
    {"granite-embed-multi-97m", kGpt4oSteps, true},
    {"tekken", kTekkenSteps, true, true},
    {"deepseek-llm", kDeepSeekLlmSteps},
    {"deepseek-coder", kDeepSeekCoderSteps},
    {"deepseek-v3", kDeepSeekV3Steps},
    {"hunyuan-dense", kDeepSeekV3Steps},
    {"joyai-llm", kDeepSeekV3Steps},
    {"youtu", kYoutuSteps, true},
    {"falcon", kFalconSteps},
    {"starcoder", kDigitSteps},
    {"refact", kDigitSteps},
    {"command-r", kDigitSteps},
    {"smollm", kDigitSteps},
    {"codeshell", kDigitSteps},
    {"exaone", kDigitSteps},
    {"minerva-7b", kDigitSteps},
    {"mellum2", kDigitSteps},
    {"mpt", kGpt2Steps},
    {"olmo", kGpt2Steps},
    {"jais", kGpt2Steps},
    {"trillion", kGpt2Steps},
    {"granite-docling", kGpt2Steps},
    {"phi-2", kGpt2Steps},
    {"exaone4", kGpt2Steps},
    {"gigachat", kGpt2Steps},
    {"a.x-4.0", kGpt2Steps},
    {"mellum", kGpt2Steps},
    {"modern-bert", kGpt2Steps},
    {"jina-es", kGpt2Steps},
    {"jina-de", kGpt2Steps},
    {"jina-v2-es", kGpt2Steps},
    {"jina-v2-de", kGpt2Steps},
    {"jina-v1-en", kGpt2Steps},
    {"jina-v2-code", kGpt2Steps},
    {"roberta-bpe", kGpt2Steps},
    {"jais-2", kJais2Steps},
    {"poro-chat", kBloomSteps},
    {"bloom", kBloomSteps},
    {"gpt3-finnish", kBloomSteps},
    {"viking", kVikingSteps},
    {"chameleon", kChameleonSteps, false, true},
    {"tiny_aya", kTinyAyaSteps},
    {"cohere2moe", kTinyAyaSteps},
    {"kimi-k2", kKimiK2Steps},
    {"superbpe", kSuperBpeSteps},
    {"bailingmoe", kBailingSteps},
    {"bailingmoe2", kBailingSteps},
    {"llada-moe", kBailingSteps},
    {"seed-coder", kSeedCoderSteps},
    {"afmoe", kAfmoeSteps},
    {"laguna", kLagunaSteps},
    {"exaone-moe", kExaoneMoeSteps},
    {"minicpm5", kMiniCpm5Steps, true},
    {"gemma4", kLineSteps, false, true, false},
    {"granite-embed-multi-311m", kLineSteps, false, false, false},
    {"sarvam-moe", kLineSteps, false, false, false},
    {"whitespace", kWhitespaceSteps, false, false, false},
    {"default", kDefaultSteps},
};
// clang-format on

constexpr std::string_view kWithNfc[] = {"qwen2", "qwen35", "olmo", "command-r"};

bool has_nfc(const PreName& pre) {
  return std::find(std::begin(kWithNfc), std::end(kWithNfc), pre.name) != std::end(kWithNfc);
}

}  // namespace

std::span<const PreName> all_pre_names() { return kPreNames; }

const PreName* find_pre_name(std::string_view name) {
  const auto* row = std::find_if(std::begin(kPreNames), std::end(kPreNames),
                                 [name](const PreName& p) { return p.name == name; });
  return row == std::end(kPreNames) ? nullptr : row;
}

Pretokenizer make_pretokenizer(const PreName& pre) {
  Pretokenizer out;
  for (const std::string_view expression : pre.expressions) out.add(Split{Regex(expression)});
  return out;
}

namespace {

/// Models write the same line ends as escapes or as they are.
std::string with_escapes(std::string_view expression) {
  std::string out(expression);
  replace_all(out, "\r", "\\r");
  replace_all(out, "\n", "\\n");
  return out;
}

/// Expressions that models have in other words.
constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
    {R"re('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|)re"
     R"re(\s*[\r\n]|\s+(?!\S)|\s+)re",
     kLlama3},
    {R"re((?:'s|'S|'t|'T|'re|'rE|'Re|'RE|'ve|'vE|'Ve|'VE|'m|'M|'ll|'lL|'Ll|'LL|'d|'D)|[^\r\n\p{L}\p{N}]?\p{L}+|)re"
     R"re(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     kLlama3},
};

bool means(const PretokenizerStep& step, std::string_view expression) {
  const Split* split = std::get_if<Split>(&step);
  if (!split || split->behavior != SplitBehavior::Isolated || split->byte_mapped || split->invert)
    return false;
  std::string own = with_escapes(split->regex.expression());
  for (const auto& [other, ours] : kSynonyms) {
    if (own == other) own = ours;
  }
  return own == with_escapes(expression);
}

}  // namespace

Normalizer make_normalizer(const PreName& pre) {
  Normalizer out;
  if (has_nfc(pre)) out.add(UnicodeForm::NFC);
  return out;
}

const PreName* name_of(const Pretokenizer& pretokenizer, const Normalizer& normalizer, bool ignore_merges) {
  const auto steps = pretokenizer.steps();
  const bool nfc = normalizer.steps().size() == 1 &&
                   std::holds_alternative<UnicodeForm>(normalizer.steps()[0]) &&
                   std::get<UnicodeForm>(normalizer.steps()[0]) == UnicodeForm::NFC;
  if (!nfc && !normalizer.empty()) return nullptr;
  const auto means_the_same = [&](const PreName& pre) {
    if (!pre.byte_level || pre.ignore_merges != ignore_merges || has_nfc(pre) != nfc) return false;
    return std::equal(steps.begin(), steps.end(), pre.expressions.begin(), pre.expressions.end(), means);
  };
  const auto* row = std::find_if(std::begin(kPreNames), std::end(kPreNames), means_the_same);
  return row == std::end(kPreNames) ? nullptr : row;
}

}  // namespace pith
