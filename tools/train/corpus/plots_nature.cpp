// Plots out of doors: animals, plants, weather.
#include "train/corpus/plots.h"

namespace pith::lab {
namespace {

const std::vector<Plot> kPlots = {
    {"hurt bird",
     {"{time}, {hero} was walking {place.at}. [{weather}.|The grass was wet.|{He} was humming a song.] {He} "
      "heard a small cry {spot}. It was a little {color} bird with <a hurt wing|a thorn in its foot|no nest "
      "to go to>.",
      "[\"Do not be afraid,\" said {hero}.|\"Poor little bird,\" said {hero}.] {He} picked it up gently and "
      "<carried it home in {his} hat|put it in a warm box|showed it to {his} {elder}>. [\"We must be very "
      "quiet,\" said {his} {elder}.|\"It needs food and rest,\" said {his} {elder}.]",
      "Every day, {hero} gave the bird water and seeds. [{He} talked to it and sang to it.|At night, {he} "
      "made sure that it was warm.] <After a week, the bird began to hop.|On the fifth day, the bird sang "
      "for the first time.|One evening, the bird sat on {his} hand.>",
      "Then the day came when the bird wanted to fly. [{hero} opened the window.|{hero} carried it outside.] "
      "{He} was {sad}, but {he} knew that it was right. \"<Fly, little friend|Goodbye, and be careful|Come "
      "and see me again>,\" {he} said. The bird flew up into the sky.",
      "<The next spring, a bird sat at {hero}'s window and sang. It was the same bird!|Every morning after "
      "that, the bird came back and sang a song for {him}.|A few weeks later, the bird came back with its "
      "whole family.> [{hero} was {glad}.|{hero} smiled and opened the window.]"}},
    {"planting a seed",
     {"{time}, {hero} got a small seed from {his} {elder}. [\"What will it be?\" {he} asked.|It was brown "
      "and not very pretty.] \"Plant it and wait,\" said {his} {elder}.",
      "{hero} put the seed in the ground and gave it water. [The next day, {he} looked, but there was "
      "nothing.|{He} looked every morning, but nothing happened.] <\"Grow!\" {he} shouted at the "
      "ground.|{He} wanted to dig it up again.|{friend} laughed and said, \"Nothing will ever come out of "
      "there.\"> [But {hero} did not give up.|\"You must be patient,\" said {his} {elder}.]",
      "<It did not rain for weeks, so {hero} carried water from the well every day.|A hungry {animal} came "
      "to the garden, so {hero} built a small fence.|Then a storm came, and {hero} put a bucket over the "
      "spot to keep it safe.> [It was hard work.|{He} was tired, but {he} went on.]",
      "Then, one morning, there was a tiny green leaf! [\"Look! Look!\" {hero} cried.|{hero} ran to tell "
      "everyone.] The leaf became a stem, and the stem grew and grew. At last it was <a tall {plant}|a "
      "beautiful {plant}|the biggest {plant} in the village>.",
      "[{hero} was {glad}.|{hero} was very proud.] \"<Good things take time|You took good care of it|You "
      "waited well>,\" said {his} {elder}. [{hero} gave the first one to {friend}.|In autumn, {hero} kept "
      "the new seeds in a little bag, to plant them again.]"}},
    {"storm",
     {"{time}, {hero} and {friend} were playing {place.at}. [They were having so much fun that they did not "
      "look at the sky.|They did not see the dark clouds.] Suddenly, <there was loud thunder|it began to "
      "rain very hard|a strong wind began to blow>. [{friend} was {scared}.|\"What shall we do?\" asked "
      "{friend}.]",
      "\"We must find a dry place,\" said {hero}. <They ran to {place.feature}, but it was too wet "
      "there.|They wanted to run home, but the path was full of water.|They held hands and ran as fast as "
      "they could.> [The rain fell harder and harder.|Their clothes were wet and cold.]",
      "Then {hero} saw <a little cave|an old hut|a light in a window>. [\"This way!\" {he} called.|\"Come "
      "on!\" {he} shouted.] Inside, it was warm and dry. <A {animal} was hiding there too, and it moved over "
      "to make room for them.|An old woman gave them hot tea and {food}.|They sat close together and told "
      "each other stories.>",
      "[After a while, the storm was over.|At last the rain stopped.] When they came out, <there was a "
      "rainbow over the hills|the whole world smelled fresh and new|the sun was shining on every drop of "
      "water>. [\"How beautiful!\" said {friend}.|They stood still and looked.]",
      "[They walked home through the puddles.|They jumped in every puddle on the way home.] {His} {elder} "
      "was so {glad} to see them. [\"A storm is not so bad when you have a friend,\" said {hero}.|\"We were "
      "brave together,\" said {friend}.]"}},
    {"the honey tree",
     {"{hero} was hungry. [{His} tummy made a loud noise.|There was nothing left to eat at home.] {time}, "
      "{he} <smelled something sweet|saw bees flying by|heard about a tree full of honey>. [\"Honey!\" said "
      "{hero}.|{He} followed the smell {place.at}.]",
      "High up in a tree there was a big hive. <{hero} climbed up, but the branch broke, and {he} fell into "
      "a bush.|{hero} threw a stick at it, and the bees became very angry.|{hero} put {his} hand inside, and "
      "a bee stung {him} on the nose.> \"Ouch!\" {he} cried.",
      "[\"That was not very nice,\" said a small voice.|Then {he} heard a tiny voice.] It was the queen of "
      "the bees. \"You did not even ask,\" she said. [{hero} was {sad}.|{hero} looked at the ground.] \"I am "
      "sorry. I was so hungry,\" {he} said.",
      "\"We will give you some honey if you help us,\" said the queen. So {hero} <planted flowers around the "
      "tree|chased away a wasp|fixed the hole in the tree> for the bees. [It took {him} the whole day.|{He} "
      "worked until evening.]",
      "The bees gave {him} a big piece of honey. [It was sweet and golden.|It was the best honey in the "
      "world.] {hero} was {glad}. <From then on, {he} always asked first.|{He} shared it with {friend}, and "
      "they ate until they were full.|From that day on, {hero} and the bees were friends.>"}},
    {"the lost duckling",
     {"{time}, {hero} saw a little duckling {place.at}. It was all alone. [\"Peep, peep!\" it cried.|It "
      "looked {sad}.] \"Where is your mother?\" asked {hero}. But the duckling only cried.",
      "{hero} took the duckling and went to look for its mother. <First, they met a cow. \"I have not seen "
      "her,\" said the cow.|First, they met an owl. \"Look near the water,\" said the owl.|First, they met a "
      "goat. \"Ask someone else,\" said the goat.> [So they walked on.|\"Thank you,\" said {hero}, and they "
      "walked on.]",
      "<Then they came to a wide stream. {hero} put a log across it, and they walked over.|Then it got dark, "
      "and {hero} held the duckling close to keep it warm.|Then a big fox jumped out! {hero} stamped {his} "
      "foot and shouted, and the fox ran away.>",
      "At last, they heard a loud quack {spot}. [\"My baby!\" called the mother duck.|It was the mother duck "
      "with six other ducklings.] The little duckling ran to her as fast as it could. [They were so happy to "
      "be together.|The mother put her wing around it.]",
      "\"Thank you for bringing my child home,\" said the mother duck. \"<You may swim with us any time|You "
      "have a kind heart|We will never forget you>.\" [{hero} felt {glad} all the way home.|{hero} waved, "
      "and all the ducklings waved back with their tiny wings.]"}},
    {"winter food",
     {"It was autumn. All the animals {place.at} were looking for food for the winter. [Only {hero} was "
      "not.|But {hero} did not want to work.] {He} <played all day|slept in the sun|sang songs from morning "
      "until night>. \"Winter is far away,\" {he} said.",
      "{friend} worked hard and carried nuts and seeds home every day. \"You should work too,\" said "
      "{friend}. \"<Tomorrow|Maybe next week|Why should I hurry>?\" said {hero}. [And {he} went on as "
      "before.|{friend} shook {friend.his} head.]",
      "Then the snow came. [Everything was white and cold.|The wind blew through the trees.] {hero} looked "
      "for food, but <the ground was hard as stone|all the berries were gone|the snow was too deep>. [{He} "
      "was hungry and {sad}.|\"I was so foolish,\" {he} said.]",
      "{He} knocked on {friend}'s door. [\"I am so cold and hungry,\" {he} said.|\"May I come in?\" {he} "
      "asked.] <{friend} thought for a moment. Then {friend.he} opened the door wide.|\"You did not work, "
      "but you are my friend,\" said {friend}.|\"Come in. There is enough for two,\" said {friend}.> They "
      "ate {food} by the fire.",
      "In spring, {hero} was the first one to get up. [\"This year, I will work too,\" {he} said.|{He} "
      "worked all summer.] <When winter came again, there was food for both of them, and time for songs.|And "
      "{he} gave the best nuts to {friend}.|{He} sang while {he} worked, and the work was fun.>"}},
    {"the snowman",
     {"In the night it had snowed. [Everything was white.|{hero} looked out of the window and clapped {his} "
      "hands.] {hero} and {friend} ran outside to build a snowman. They gave him <a carrot for a nose|two "
      "buttons for eyes|a {color} hat>. [\"Hello, Mr. Snow!\" said {hero}.|He looked very funny.]",
      "[That night, {hero} could not sleep.|When everyone was asleep, {hero} heard a knock.] {He} looked out "
      "of the window. <The snowman was waving at {him}!|The snowman had moved to the gate!|The snowman was "
      "dancing in the moonlight!> [{hero} put on {his} coat and ran outside.|{hero} could not believe it.]",
      "\"I am so lonely here,\" said the snowman. \"<I wish I had a friend|I have never seen the town|Nobody "
      "has ever told me a story>.\" {hero} [had an idea|knew what to do]. <{He} built a second snowman "
      "beside him.|{He} took him by the hand and showed him the whole town.|{He} sat down in the snow and "
      "told him a long story.>",
      "The snowman was {glad}. \"When the sun gets warm, I have to go,\" he said. \"But I will come back "
      "with the first snow.\" [{hero} was sad for a moment.|{hero} nodded.]",
      "In spring, the snowman was gone. [Only his hat was left on the grass.|There was only a little water "
      "on the grass.] {hero} kept <the hat|the buttons|a picture of him> in a box and waited. [And when the "
      "first snow fell, {he} ran outside and called, \"Welcome back!\"|Next winter, {he} would build him "
      "again.]"}},
    {"the big fish",
     {"{time}, {hero} went fishing with {his} {elder} [on the lake|by the river]. [They sat in a little "
      "boat.|They sat on a big stone.] \"Be still, or the fish will swim away,\" said {his} {elder}. [They "
      "waited for a long time.|{hero} waited and waited.]",
      "Suddenly, something pulled very hard! [\"I have one!\" shouted {hero}.|{hero} held on with both "
      "hands.] It was the biggest fish {he} had ever seen. <It pulled so hard that {hero} fell into the "
      "water.|The line almost broke, and {his} {elder} had to help {him}.|It jumped high out of the water, "
      "and its skin shone like silver.>",
      "Then the fish spoke. \"Please let me go. <I have children who are waiting for me|I am very old and I "
      "want to be free|I am the king of this water>,\" it said. [{hero} was very surprised.|{hero} looked at "
      "{his} {elder}.]",
      "{hero} thought about it. [{He} had wanted to show the fish to {friend}.|{He} was hungry.] But then "
      "{he} <put the fish back into the water|opened {his} hands and let it go>. \"Swim home,\" {he} said.",
      "The fish came back once more and gave {him} a {treasure}. \"Thank you for your kind heart,\" it said. "
      "[{hero} was {glad}.|On the way home, {hero} smiled the whole time.] <At home they had {food} for "
      "dinner, and it tasted better than any fish.|{He} kept the {treasure} all {his} life.|{hero} told "
      "{friend} everything, and {friend} believed every word.>"},
     false},
    {"the shy star",
     {"Every night, {hero} looked at the stars. [There was one small star that {he} liked best.|{He} knew "
      "them all by name.] One night, {his} favorite star <was not there|fell down from the sky|looked very "
      "pale>. [\"Where are you?\" {he} asked.|{hero} was {sad}.]",
      "{He} went out to look for it. <A {animal} showed {him} the way through the dark.|{friend} came with "
      "{him} and carried a lamp.|{He} walked alone, but {he} was not afraid.> They looked {place.at} and "
      "near {place.feature}. [At last there was a soft light {spot}.|Then something was shining {spot}.]",
      "It was the little star. \"[I was {scared}|I wanted to hide],\" it said. \"<The other stars are so "
      "much brighter than I am|The sky is so big and I am so small|Nobody ever looks at me>.\"",
      "\"But I look at you every night,\" said {hero}. \"<You are my favorite star|Without you the sky is "
      "not complete|When I cannot sleep, I look for your light>.\" [The star began to shine a little "
      "more.|The star was quiet. Then it smiled.] \"Really?\" it asked. \"Really,\" said {hero}.",
      "Then the star flew up, higher and higher, back to its place in the sky. [It was shining brighter than "
      "ever.|{hero} waved until {he} could not see it any more.] {hero} went home and slept well. [And every "
      "night, the little star said good night to {him}.|Even a small light can make someone happy.]"}},
    {"apple on the tree",
     {"There stood a tall tree {place.at}, with one last {fruit} on it. [It was big and {color}.|It was high "
      "up, near the sky.] {time}, {hero} wanted to eat it. <{He} jumped, but {he} could not reach it.|{He} "
      "shook the tree, but the {fruit} did not fall.|{He} threw a stone, but {he} did not hit it.>",
      "Then {friend} came by. \"I want that {fruit} too,\" said {friend}. [\"I saw it first!\" said "
      "{hero}.|\"No, it is mine!\" said {hero}.] They began to shout at each other. [They shouted so loudly "
      "that a {animal} ran away.|Nobody wanted to give up.]",
      "<An old turtle looked up and said, \"While you fight, nobody eats.\"|The wind laughed in the "
      "leaves.|Then they were both tired and sat down in the grass.> [They were quiet for a while.|{hero} "
      "looked at {friend}, and {friend} looked at {hero}.] \"Maybe we can do it together,\" said {hero}.",
      "So <{friend} stood on {hero}'s shoulders|{hero} climbed up, and {friend} held the branch|they made a "
      "long stick out of two short ones>, and at last the {fruit} was in their hands. [\"We did it!\" they "
      "cried.|They danced around the tree.]",
      "They cut it into two parts, one for each. [It was sweet and full of juice.|It was the best {fruit} "
      "ever.] {hero} was {glad}. [\"Half a {fruit} with a friend is better than a whole one alone,\" said "
      "{hero}.|And they planted the seeds, so that one day there would be enough for everyone.]"}},
};

}  // namespace

std::span<const Plot> nature_plots() { return kPlots; }

}  // namespace pith::lab
