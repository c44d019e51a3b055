// Plots of small events: a kite in a tree, a found purse, a rainy day.
#include "train/corpus/plots.h"

namespace pith::lab {
namespace {

const std::vector<Plot> kPlots = {
    {"stuck kite",
     {"{time}, the wind was strong, and {hero} went out with a {color} kite. [Up and up it flew.|It danced "
      "in the sky.] {friend} ran beside {him} and laughed. But then <the string broke|the wind turned|{hero} "
      "tripped over a stone>, and the kite got stuck in a tree.",
      "[\"Oh no!\" said {hero}.|{hero} looked up and felt {sad}.] <They threw a stick, but the stick got "
      "stuck too.|They shook the tree, but only leaves fell down.|{friend} tried to climb up, but the trunk "
      "was too smooth.> [\"It is too high,\" said {friend}.|They sat down in the grass and thought.]",
      "Then <a {job} came by with a long ladder|a tall man with a long stick came by|{his} {elder} came by "
      "with a rope>. \"Do you need help?\" [\"Yes, please!\" they both said.|They nodded.] It took some "
      "time, but at last the kite was free.",
      "The kite had a big hole. [\"It will never fly again,\" said {friend}.|{hero} touched the hole with "
      "{his} finger.] <They fixed it with paper and glue.|They sewed a patch on it, in the shape of a "
      "heart.|They gave it a new tail made of old ribbons.> [Now it looked even better than before.|It did "
      "not look new, but it looked like theirs.]",
      "The next day, the kite flew higher than all the others. [\"Look at it go!\" shouted "
      "{friend}.|Everyone stopped to look.] {hero} was {glad}. [From then on, they always flew it far away "
      "from the trees.|{hero} let {friend} hold the string the whole afternoon.]"}},
    {"the found purse",
     {"{time}, {hero} found a purse {spot}. It was full of coins. [{hero} had never seen so much money.|{He} "
      "counted them twice.] \"<I could buy a {toy}|I could buy sweets for everyone|Now I am rich>!\" {he} "
      "thought.",
      "But then {he} thought of the one who had lost it. [\"Somebody must be very sad now,\" {he} said.|{He} "
      "stood there for a while.] \"What would you do?\" {he} asked {friend}. <\"I would keep it,\" said "
      "{friend}. But {hero} shook {his} head.|\"I would look for the owner,\" said {friend}.|\"Ask your "
      "{elder},\" said {friend}.>",
      "So {hero} went from house to house. <The {job} had not lost anything.|The first door stayed closed. "
      "The second one too.|Some people said that it was theirs, but they did not know the color of it.> "
      "[{His} feet began to hurt.|{He} almost gave up.] At the last house, an old woman opened the door. Her "
      "eyes were red.",
      "\"Have you lost something?\" asked {hero}. \"Yes,\" she said. \"My {color} purse. <It is all I have "
      "for the winter|I wanted to buy medicine|I saved it for years>.\" {hero} put it into her hands. [She "
      "could not say a word.|She cried for joy.]",
      "\"You are an honest child,\" she said, and gave {him} <a slice of {food}|a {treasure}|a kiss on the "
      "cheek>. {hero} was {glad}. [It felt better than all the coins.|\"I would do it again,\" {he} told "
      "{friend}.] [The next day, the whole village knew about it.|After that, {he} often visited her.]"},
     false},
    {"rainy day",
     {"{time}, it rained and rained. {hero} sat at the window. [\"I want to go out,\" {he} said.|The drops "
      "ran down the glass.] \"There is nothing to do,\" said {friend}. [They were bored.|They counted the "
      "drops.]",
      "Then {hero} had an idea. \"Let us <build a castle out of blankets|make a ship out of chairs|put on a "
      "play>!\" {he} said. {friend} jumped up. <They took all the blankets in the house.|They looked for "
      "everything they needed, from the kitchen to the roof.|They made hats out of old paper.>",
      "{hero} was the captain, and {friend} was <a pirate|a sea monster|the queen of the clouds>. [\"Watch "
      "out, a storm!\" shouted {hero}.|\"Land! I see land!\" shouted {friend}.] <Suddenly, everything fell "
      "down with a loud crash. They looked at each other and laughed.|They found a treasure of {fruit.many} "
      "in the kitchen.|{His} {elder} came in, and they took {elder.him} prisoner.>",
      "The time flew by. [{His} {elder} brought {food} for everyone.|They ate {food} under the table.] "
      "\"Look,\" said {friend}. \"The rain has stopped!\" [{hero} looked out in surprise.|The sun came out "
      "from behind the clouds.]",
      "\"Do you want to go out now?\" asked {his} {elder}. {hero} and {friend} looked at each other. \"<Not "
      "yet|After this game|Only if the ship comes with us>!\" they said. [Sometimes a rainy day is the best "
      "day.|{hero} was {glad} that it had rained.]"},
     false},
    {"two on a bridge",
     {"There was a narrow bridge over a stream {place.at}. {time}, {hero} wanted to cross it from one side, "
      "and {friend} from the other. [They met in the middle.|In the middle, they stood nose to nose.] \"Let "
      "me pass!\" said {hero}. \"No, you let me pass!\" said {friend}.",
      "[Nobody wanted to step back.|They did not move.] \"I was here first,\" said {hero}. \"I am in a "
      "hurry,\" said {friend}. <They pushed each other.|They shouted louder and louder.|They stood there "
      "until the sun was high.> [A {animal} looked on and shook its head.|The bridge began to creak.]",
      "Then <there was a crack, and both of them fell into the water|a strong wind came, and both of them "
      "had to hold on to each other|it began to rain, and both of them got wet>. [\"Help!\" they cried.|It "
      "was cold.] [{hero} held out {his} hand.|{friend} held out a hand.] Together, they got out.",
      "They sat on the grass and looked at each other. [They looked so funny that they had to laugh.|\"That "
      "was foolish,\" said {hero}.] \"<I only wanted to bring {food} to my {elder}|I only wanted to pick "
      "{fruit.many}|I only wanted to see what is on the other side>,\" said {hero}. \"Me too,\" said "
      "{friend}.",
      "So they <went together|made a plan to take turns|built a second bridge next to the first one>. [After "
      "that, they met on the bridge every day and said hello.|\"After you,\" said {hero}. \"No, after you,\" "
      "said {friend}.] {hero} was {glad}. [It is easier to give way than to fall.|And the bridge was never "
      "too narrow again.]"}},
    {"the lost kitten",
     {"{time}, {hero} heard a soft sound {spot}. \"Meow!\" It was a tiny {color} kitten. [It was wet and "
      "cold.|It was all bones.] \"You poor thing,\" said {hero}. \"<Do you have a home|Are you hungry|Where "
      "is your mother>?\"",
      "{hero} took it home and gave it milk. [The kitten drank all of it.|It drank until its tummy was "
      "round.] \"May I keep it?\" {he} asked {his} {elder}. \"<First we must ask if somebody misses it|Not "
      "before we know where it comes from|Maybe there is a child who is crying for it>,\" said {his} "
      "{elder}.",
      "So {hero} drew a picture of the kitten and put it on <the door of the bakery|the old tree at the "
      "market|every wall in the street>. [Nobody came on the first day.|One day passed, and then another.] "
      "{hero} played with the kitten and hoped that nobody would come. [{He} felt a little bad about it.|It "
      "slept on {his} pillow.]",
      "Then there was a knock at the door. <It was {friend}, with red eyes. \"Is Snowball here?\" "
      "{friend.he} asked.|It was a little girl. \"That is my kitten!\" she cried.|It was an old man. \"She "
      "is all I have,\" he said.> [The kitten ran to the door and purred.|{hero}'s heart was heavy.] {He} "
      "gave the kitten a last hug and let it go.",
      "{hero} was {sad}, but {he} knew that it was right. A few weeks later, there was another knock. \"<She "
      "has had three kittens|We found a little brother|There is one more who needs a home>, and we want you "
      "to have this one.\" [{hero} could not believe it.|{hero} jumped for joy.] {He} was {glad}, and the "
      "new kitten fell asleep in {his} arms."},
     false},
    {"the echo",
     {"{time}, {hero} walked {place.at} and shouted, \"Hello!\" From far away, a voice answered, \"Hello!\" "
      "[{hero} was surprised.|\"Who is there?\" {he} thought.] \"Who are you?\" {he} called. \"Who are "
      "you?\" said the voice.",
      "\"<Stop that|You are rude|Do not mock me>!\" shouted {hero}. And the voice shouted the very same "
      "thing. [{hero} became angry.|{hero} stamped {his} foot.] {He} ran home and told {friend} about it. "
      "<\"There is a bad boy in the hills,\" {he} said.|\"Somebody is making fun of me,\" {he} said.|\"There "
      "must be a ghost,\" {he} said.>",
      "{friend} smiled. \"Come with me, and this time say something kind,\" said {friend}. [{hero} did not "
      "want to go.|They went back together.] <{hero} took a deep breath.|{hero} thought for a long "
      "time.|First, {friend} had to push {him} a little.> \"I want to be your friend!\" {he} called.",
      "\"Your friend, your friend!\" said the voice. [{hero} began to smile.|It sounded warm and soft.] "
      "\"You are nice!\" {he} called. \"You are nice!\" said the voice. [They both laughed, and the hills "
      "laughed too.|{hero} clapped {his} hands.]",
      "\"It was your own voice,\" said {friend}. \"It is called an echo. <It gives back what you give|It is "
      "like a mirror for your ears|If you are kind, it is kind too>.\" {hero} was {glad}. [\"People are like "
      "that too,\" said {his} {elder} in the evening.|From that day on, {he} only called kind words into the "
      "hills.]"}},
    {"the big pumpkin",
     {"{hero} had a huge pumpkin in {his} garden. [It was as big as a cart.|Every day it grew bigger.] "
      "{time}, {he} wanted to bring it to the fair. {He} pulled and pulled, but <it did not move at all|it "
      "only shook a little|{he} fell on {his} back>.",
      "\"Will you help me?\" {he} asked {friend}. [So they both pulled.|{friend} took {him} by the belt, and "
      "they pulled.] It did not move. <Then a {animal} came and pulled too.|Then {his} {elder} came and "
      "pulled too.|Then the {job} came and pulled too.> [Still it did not move.|But it was no use.]",
      "Last of all came a tiny ant. \"May I help?\" it asked. [Everyone laughed.|\"You are much too small,\" "
      "they said.] \"Let it try,\" said {hero}. They all pulled together, and the ant pulled too. <Plop! The "
      "pumpkin came off, and they all fell down.|Crack! The stem broke, and the pumpkin began to "
      "roll.|Slowly, very slowly, it began to move.>",
      "[\"We did it!\" they cried.|They cheered and danced.] The pumpkin rolled down the hill, faster and "
      "faster, all the way to the fair. [Everybody ran after it.|People jumped out of the way.] It stopped "
      "right in front of the judge. <\"First prize!\" said the judge.|\"What a beauty!\" said the judge.|The "
      "judge was so surprised that he lost his hat.>",
      "That evening, there was pumpkin soup for everyone. [{hero} was {glad}.|They all sat at one long "
      "table.] \"Without the ant, we would still be pulling,\" said {hero}. [The ant got the biggest "
      "bowl.|No help is too small.]"}},
    {"the music",
     {"{time}, {hero} heard music from an open window. [It was the most beautiful thing {he} had ever "
      "heard.|{He} stopped and listened.] A woman was playing the <flute|violin|piano>. \"I want to learn "
      "that too,\" said {hero}. But {he} had no money for it.",
      "\"<I can sweep your floor|I can carry your wood|I can water your {plant.many}>, and you teach me,\" "
      "{he} said to the woman. [The woman laughed and said yes.|The woman thought about it and "
      "nodded.] So {he} came every day. <The first notes sounded like an angry {animal}.|At first, {friend} "
      "covered {friend.his} ears.|In the beginning, even the {pet} ran away.>",
      "[{hero} was {sad}. \"I will never be good at it,\" {he} said.|{He} wanted to stop.] \"<Every master "
      "was once a beginner|One note after another, like steps on a road|Play it slowly, and then play it "
      "again>,\" said the woman. [So {he} went on.|{hero} tried again.]",
      "The weeks went by. Then there was a feast in the village, but the players did not come. [\"What shall "
      "we do without music?\" said the people.|Everyone was disappointed.] <\"{hero} can play!\" called "
      "{friend}.|The woman pushed {hero} forward.|{hero} put up {his} hand.>",
      "{hero} began to play. [First softly, then louder and louder.|{His} hands did not shake at all.] The "
      "people began to dance, and they danced until the moon was high. {hero} was {glad}. [The woman winked "
      "at {him}.|\"I knew it,\" said {friend}.]"},
     false},
};

}  // namespace

std::span<const Plot> village_plots() { return kPlots; }

}  // namespace pith::lab
