#include "train/corpus/lexicon.h"

#include "base/error.h"

namespace pith::lab {
namespace {

constexpr std::string_view kGirls[] = {
    "Lily", "Mia",  "Anna",  "Emma",  "Sara",  "Lucy",  "Ella",  "Rosa",  "Nina",  "Amy",   "Zoe",  "Ruby",
    "Ivy",  "Nora", "Maya",  "Clara", "Alice", "Daisy", "Grace", "Molly", "Hana",  "Leila", "Tess", "Jane",
    "Kate", "Mina", "Olive", "Penny", "Wendy", "Elsa",  "Freya", "Holly", "June",  "Kira",  "Luna", "Marta",
    "Nell", "Pia",  "Rita",  "Sofia", "Tina",  "Una",   "Vera",  "Yara",  "Bella", "Cora",  "Dora", "Edith",
};
constexpr std::string_view kBoys[] = {
    "Tom",   "Ben",   "Max",   "Sam",   "Leo",    "Jack", "Tim",   "Noah", "Finn",  "Oscar", "Adam",  "Felix",
    "Luke",  "Peter", "Henry", "Theo",  "Hugo",   "Owen", "Paul",  "Omar", "Ravi",  "Kofi",  "Ned",   "Jonas",
    "Emil",  "Dan",   "Eric",  "Frank", "Gus",    "Ian",  "Joe",   "Karl", "Louis", "Mark",  "Nico",  "Otto",
    "Pablo", "Rudy",  "Simon", "Toby",  "Victor", "Will", "Yusuf", "Abel", "Bruno", "Carl",  "David", "Elio",
};
constexpr std::string_view kAnimalNames[] = {
    "Pip",    "Rusty",  "Dot",   "Biscuit", "Hazel",  "Bramble", "Nutmeg", "Tufty", "Button",  "Clover",
    "Pebble", "Willow", "Benny", "Fern",    "Ginger", "Honey",   "Jasper", "Kiki",  "Misty",   "Oak",
    "Poppy",  "Quill",  "Robin", "Snow",    "Tansy",  "Velvet",  "Whisk",  "Acorn", "Bubbles", "Coco",
};

const std::vector<WordTable> kTables = {
    {"species", {}, {"rabbit", "bear",     "fox",   "mouse", "squirrel", "duck", "cat",
                     "dog",    "hedgehog", "frog",  "owl",   "turtle",   "lamb", "pig",
                     "pony",   "badger",   "otter", "goat",  "beaver",   "mole"}},
    {"trait", {}, {"little",   "small",    "young",  "kind",   "curious", "brave",    "clever",
                   "shy",      "cheerful", "gentle", "quiet",  "lively",  "friendly", "careful",
                   "stubborn", "playful",  "proud",  "dreamy", "polite",  "sleepy"}},
    {"virtue",
     {},
     {"kind", "helpful", "honest", "funny", "brave", "clever", "patient", "friendly", "polite"}},
    {"fault", {}, {"shy", "stubborn", "lazy", "proud", "loud", "impatient", "wild", "careless", "grumpy"}},
    {"hobby",
     {"ing"},
     {"to play outside|playing outside",
      "to draw pictures|drawing pictures",
      "to sing songs|singing songs",
      "to climb trees|climbing trees",
      "to read books|reading books",
      "to run and jump|running and jumping",
      "to build towers|building towers",
      "to look at the stars|looking at the stars",
      "to pick flowers|picking flowers",
      "to swim|swimming",
      "to dance|dancing",
      "to collect shiny stones|collecting shiny stones",
      "to help in the garden|helping in the garden",
      "to tell jokes|telling jokes",
      "to bake with the family|baking with the family",
      "to watch the birds|watching the birds",
      "to explore new places|exploring new places",
      "to ask questions|asking questions",
      "to fish in the pond|fishing in the pond",
      "to make things out of paper|making things out of paper"}},
    {"toy", {}, {"ball",     "doll",      "kite",         "toy car",      "teddy bear", "drum",
                 "toy boat", "book",      "puzzle",       "hat",          "scarf",      "toy train",
                 "whistle",  "music box", "wooden horse", "paper plane",  "lantern",    "bell",
                 "bucket",   "basket",    "flute",        "spinning top", "blanket",    "umbrella",
                 "robot",    "crayon",    "necklace",     "watch",        "button",     "ring"}},
    {"treasure", {}, {"golden key", "shiny stone",  "silver coin",   "blue feather", "tiny seed",
                      "old map",    "red ribbon",   "pretty shell",  "glass bottle", "wooden box",
                      "gold ring",  "strange egg",  "little mirror", "round button", "piece of amber",
                      "rusty lamp", "small statue", "letter",        "pearl",        "old clock"}},
    {"place",
     {"at", "feature"},
     {"the park|in the park|the old oak tree",
      "the garden|in the garden|the rose bush",
      "the forest|in the forest|a hollow tree",
      "the beach|at the beach|a big rock",
      "the farm|on the farm|the red barn",
      "the meadow|in the meadow|a tall bush",
      "the river|by the river|the stone bridge",
      "the lake|by the lake|the old boat",
      "the hill|on the hill|the windmill",
      "the playground|at the playground|the slide",
      "the market|at the market|the fruit stand",
      "the orchard|in the orchard|the tallest apple tree",
      "the village square|in the village square|the fountain",
      "the field|in the field|the wooden fence",
      "the pond|by the pond|the willow tree",
      "the valley|in the valley|the little church",
      "the harbor|at the harbor|the lighthouse",
      "the zoo|at the zoo|the elephant house",
      "the library|at the library|the big shelf",
      "the castle|at the castle|the stone gate"}},
    {"home",
     {},
     {"in a small house", "in a little town", "near a big forest", "in a small village", "by the sea",
      "on a farm", "at the edge of a forest", "in a tall house in the city", "on top of a hill",
      "next to a river", "in a cozy cottage", "in a yellow house with a green door", "near a quiet lake",
      "in a village by the mountains", "at the end of a long road", "on a small island"}},
    {"den",
     {},
     {"in the forest", "under an old oak tree", "by a quiet pond", "in a green meadow",
      "near a little stream", "on a farm", "at the edge of a wood", "behind a big red barn",
      "at the foot of a hill", "in a garden full of flowers", "in a cozy hole", "in a valley"}},
    {"spot",
     {},
     {"under the bench", "behind a tree", "in the tall grass", "under a pile of leaves",
      "inside a hollow log", "behind the barn", "next to the well", "between two rocks", "under a bush",
      "by the gate", "at the bottom of the steps", "near the fence", "behind the shed", "beside the path",
      "in a puddle"}},
    {"corner",
     {},
     {"under the bed", "behind the sofa", "in the kitchen", "under the table", "in the laundry basket",
      "behind the door", "on the window seat", "inside a boot", "under a pillow", "behind the curtain",
      "in the bathtub", "on the top shelf", "in the coat pocket", "under the stairs"}},
    {"animal", {"sound", "home"}, {"bird|sang|nest",          "rabbit|hopped|burrow",
                                   "squirrel|chattered|tree", "frog|croaked|pond",
                                   "duck|quacked|nest",       "fox|barked|den",
                                   "owl|hooted|tree",         "mouse|squeaked|hole",
                                   "deer|looked up|forest",   "butterfly|fluttered|flower",
                                   "bee|buzzed|hive",         "turtle|blinked|pond",
                                   "hedgehog|sniffed|bush",   "goat|bleated|barn",
                                   "cow|mooed|barn",          "crow|cawed|tree",
                                   "beetle|hummed|log",       "snail|waited|shell",
                                   "swan|hissed|lake",        "robin|chirped|nest"}},
    {"pet",
     {"noise"},
     {"dog|barked", "cat|meowed", "puppy|barked", "kitten|purred", "rabbit|wiggled its nose",
      "parrot|squawked", "pony|neighed", "hamster|squeaked", "goldfish|swam in circles", "goose|honked",
      "lamb|bleated", "turtle|nodded slowly"}},
    {"food", {}, {"bread",   "soup", "cake",    "cookies",  "pancakes",  "apple pie",  "pizza",
                  "noodles", "jam",  "cheese",  "porridge", "berry pie", "honey buns", "salad",
                  "rice",    "corn", "muffins", "stew",     "pudding",   "toast"}},
    {"fruit",
     {"many"},
     {"apple|apples", "pear|pears", "plum|plums", "cherry|cherries", "strawberry|strawberries",
      "orange|oranges", "peach|peaches", "melon|melons", "banana|bananas", "grape|grapes", "lemon|lemons",
      "fig|figs"}},
    {"plant",
     {"many"},
     {"sunflower|sunflowers", "rose|roses", "tulip|tulips", "pumpkin|pumpkins", "tomato|tomatoes",
      "bean|beans", "carrot|carrots", "daisy|daisies", "apple tree|apple trees", "pea|peas"}},
    {"color",
     {},
     {"red", "blue", "green", "yellow", "white", "brown", "black", "pink", "orange", "purple", "gray",
      "golden", "silver"}},
    {"size", {}, {"little", "big", "small", "tiny", "large", "huge", "tall", "round", "long"}},
    {"glad",
     {},
     {"happy", "glad", "proud", "pleased", "excited", "full of joy", "thankful", "delighted", "cheerful"}},
    {"sad", {}, {"sad", "gloomy", "upset", "worried", "unhappy", "disappointed", "lonely", "sorry"}},
    {"scared", {}, {"scared", "afraid", "frightened", "nervous", "a little scared"}},
    {"weather",
     {},
     {"The sun was shining", "It was a warm day", "The sky was blue", "It was a cold morning",
      "A soft wind was blowing", "It was a rainy day", "The snow was falling", "It was a bright morning",
      "The air smelled of flowers", "There were big white clouds in the sky", "It was a foggy morning",
      "It was a hot day", "The leaves were turning red"}},
    {"job",
     {"place", "makes"},
     {"baker|bakery|bread", "farmer|farm|milk", "gardener|garden|flowers", "carpenter|workshop|chairs",
      "fisher|harbor|fish", "tailor|shop|coats", "teacher|school|lessons", "miller|mill|flour",
      "shoemaker|shop|shoes", "painter|studio|pictures", "blacksmith|forge|horseshoes", "cook|kitchen|soup",
      "clockmaker|shop|clocks", "potter|workshop|bowls"}},
    {"elder",
     {"he", "him", "his"},
     {"mother|she|her|her", "father|he|him|his", "grandmother|she|her|her", "grandfather|he|him|his",
      "aunt|she|her|her", "uncle|he|him|his", "big sister|she|her|her", "big brother|he|him|his"}},
    {"time",
     {},
     {"One day", "One morning", "One sunny day", "One afternoon", "One Saturday", "One summer day",
      "One day in spring", "One quiet evening", "One autumn day", "One Sunday morning", "Early one morning",
      "One winter day"}},
};

}  // namespace

std::string_view WordTable::cell(std::size_t row, std::string_view field) const {
  std::size_t column = 0;
  if (!field.empty()) {
    while (column < fields.size() && fields[column] != field) ++column;
    if (column++ == fields.size()) fail("words '{}' have no field '{}'", name, field);
  }
  std::string_view cell = rows[row];
  for (; column > 0; --column) cell.remove_prefix(cell.find('|') + 1);
  return cell.substr(0, cell.find('|'));
}

const WordTable* find_words(std::string_view table) {
  for (const WordTable& t : kTables) {
    if (t.name == table) return &t;
  }
  return nullptr;
}

std::span<const std::string_view> girl_names() { return kGirls; }
std::span<const std::string_view> boy_names() { return kBoys; }
std::span<const std::string_view> animal_names() { return kAnimalNames; }

}  // namespace pith::lab
