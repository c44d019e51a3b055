// Plots between friends: sharing, quarrels, courage, being different.
#include "train/corpus/plots.h"

namespace pith::lab {
namespace {

const std::vector<Plot> kPlots = {
    {"sharing",
     {"{hero} had a new {toy}. [It was {color} and shiny.|It was a gift from {his} {elder}.] {time}, {he} "
      "took it with {him} {place.at}. {friend} saw it. \"What a nice {toy}! May I play with it too?\" asked "
      "{friend}.",
      "\"No, it is mine,\" said {hero}. [{friend} was {sad} and walked away.|{friend} did not say anything "
      "and sat down alone.] {hero} played alone. <But it was not much fun.|But soon {he} was bored.|But all "
      "the others were laughing together.>",
      "<Then the {toy} fell into the water, and {hero} could not reach it. {friend} ran to help.|Then a "
      "{animal} took the {toy} and ran off with it. {friend} ran after it and brought it back.|Then {hero} "
      "saw that {friend} was sharing {friend.his} {food} with everyone.> [{hero} felt bad.|{hero} was quiet "
      "for a moment.]",
      "\"I am sorry, {friend},\" {he} said. \"<Let us play together|You can play with my {toy} as long as "
      "you like|I was not a good friend today>.\" [{friend} smiled.|\"That is all right,\" said {friend}.]",
      "They played until the sun went down. [It was much more fun than before.|They laughed a lot.] [{hero} "
      "was {glad}.|\"Things are better when you share them,\" said {hero}.] <On the way home, {hero} carried "
      "the {toy}, and {friend} carried {hero}'s bag.|The next day, {friend} brought a {toy2}, and they "
      "shared that too.|From that day on, they were best friends.>"}},
    {"the quarrel",
     {"{hero} and {friend} were best friends. [They did everything together.|They met every day {place.at}.] "
      "But one day, they had a quarrel about <a game|the last piece of {food}|who was faster>. \"You are not "
      "my friend any more!\" shouted {hero}.",
      "{hero} went home and slammed the door. [{He} was angry.|{His} face was red.] But the next day, "
      "[everything was boring|{he} did not know what to do]. <There was nobody to laugh with.|{He} found a "
      "{treasure}, but there was nobody to show it to.|Even {his} favorite {food} did not taste good.>",
      "[\"What is wrong?\" asked {his} {elder}.|{His} {elder} sat down next to {him}.] {hero} told "
      "{elder.him} everything. \"<Someone has to be the first to say sorry|A good friend is hard to "
      "find|Being right is not as important as being kind>,\" said {his} {elder}.",
      "So {hero} walked to {friend}'s house. {His} heart was beating fast. <On the way, {he} met {friend}, "
      "who was coming to {hero}'s house!|{He} knocked on the door and held out a {toy} as a gift.|{friend} "
      "was sitting in front of the house and looked {sad}.> \"I am sorry,\" they both said at the same time.",
      "[They looked at each other and began to laugh.|Then they laughed and hugged each other.] [They could "
      "not even remember why they had been so angry.|The quarrel was forgotten.] <They shared a big bowl of "
      "{fruit.many}.|They played the game again, and this time they did not count the points.|They ran "
      "{place2.at} and played until evening.>"}},
    {"too small",
     {"{hero} was the smallest of all {his} friends. [{He} could not reach the high shelf.|When they ran, "
      "{he} was always the last.] \"You are too small to play with us,\" said the others. [{hero} felt "
      "{sad}.|{hero} went away and sat {spot}.]",
      "{time}, {friend} <fell into a hole|lost a {treasure} in a deep crack|was locked in an old shed>. The "
      "others tried to help. <They pulled, but it did not work.|They called, but nobody came.|They tried "
      "this and that, but they were all too big.> [\"What can we do?\" they asked.|Nobody had an idea.]",
      "\"Let me try,\" said {hero}. [\"You?\" said the others.|The others laughed.] But {hero} <crawled "
      "through a tiny gap|slipped in between the stones|went in where nobody else could>. [It was dark and "
      "narrow.|{He} was {scared}, but {he} did not stop.]",
      "After a while, [there was a sound|they heard {his} voice]. \"I did it!\" {he} called. [Everyone "
      "cheered.|Everyone clapped.] {friend} hugged {him}. \"<You saved the day|You are small, but you are so "
      "brave|Nobody else could have done that>!\" said {friend}.",
      "The others came to {hero}. \"We are sorry,\" they said. \"[Will you play with us?|Please play with "
      "us.]\" {hero} was {glad}. [{He} was still small, but {he} felt very big.|From that day on, nobody "
      "said that {he} was too small.]"}},
    {"learning to swim",
     {"All of {hero}'s friends could <swim|ride a bike|skate on the ice|climb the big tree>, but {hero} "
      "could not. [\"It is easy,\" they said.|{He} always watched from far away.] [{He} was {scared} that "
      "{he} would fall.|\"I will never learn it,\" {he} said.]",
      "{time}, {friend} came to {him}. \"I can teach you,\" said {friend}. [\"What if they laugh at me?\" "
      "asked {hero}.|\"I am afraid,\" said {hero}.] \"<Everyone is afraid at first|I fell a hundred times|I "
      "will be right next to you>,\" said {friend}.",
      "They went out early, when nobody was there. [The first time, it went badly.|{hero} tried once, and it "
      "did not work.] {He} tried again. <{He} got a bump on {his} head.|{He} wanted to go home, but {friend} "
      "told {him} a joke.|{He} counted how many times {he} tried: one, two, three, and on to twenty.> [\"One "
      "more time,\" said {friend}.|\"You are getting better,\" said {friend}.]",
      "Then, all of a sudden, it worked! [\"I am doing it!\" cried {hero}.|{hero} laughed out loud.] {He} "
      "did it again and again until {he} was tired. [{friend} clapped {friend.his} hands.|{friend} was "
      "almost as happy as {hero}.]",
      "The next day, {he} showed it to {his} {elder}. \"<You never gave up, and that is what counts|I am so "
      "proud of you|Who taught you that>?\" said {elder.he}. [{hero} was {glad}.|{hero} smiled at {friend}.] "
      "[Now {hero} teaches the little ones, and {he} is very patient.|And {he} was never afraid of it "
      "again.]"}},
    {"the new neighbor",
     {"A new family moved into the house next door. [They came from a far country.|They had a big {color} "
      "truck.] They had a {friend.kind} named {friend}, who <did not speak {hero}'s language|was very "
      "shy|always sat at the window>. [\"{friend.He} is strange,\" said the other children.|Nobody talked to "
      "{friend.him}.]",
      "{hero} wanted to say hello, but {he} did not know how. [{He} waved, but {friend} looked away.|{He} "
      "stood in front of the door and went away again.] {time}, {he} had an idea. <{He} drew a picture and "
      "put it under the door.|{He} baked {food} and put it on the steps.|{He} threw a paper plane through "
      "the window.>",
      "[The next morning|An hour later], there was something in front of {hero}'s door. <It was a picture of "
      "two children who held hands.|It was a {color2} {toy}.|It was a little bag of sweets with a ribbon.> "
      "[{hero} laughed.|{hero} was {glad}.] {He} ran out, and there was {friend}, smiling.",
      "[They pointed at things and said the words.|They played a game that needs no words.] \"{animal}!\" "
      "said {hero} and pointed at a {animal}. {friend} said it too, and they both laughed. <{friend} taught "
      "{hero} a song from {friend.his} country.|{hero} showed {friend} all the best places.|They built a "
      "house out of boxes.>",
      "[Soon the other children came and wanted to play too.|After a few weeks, they understood each other "
      "very well.] [\"A friend is a friend in every language,\" said {hero}'s {elder}.|And {friend} was "
      "never alone again.]"},
     false,
     true},
    {"the race",
     {"{time}, there was a race {place.at}. [Everyone wanted to win.|The prize was a big {food} and a "
      "{treasure}.] {hero} was very fast, and {he} knew it. \"I will win, of course,\" {he} said. [{friend} "
      "was not fast, but {friend.he} wanted to try.|\"Good luck,\" said {friend}.]",
      "\"Ready, set, go!\" [They all began to run.|Off they went.] {hero} was far ahead. <Then {he} saw a "
      "nice spot in the shade and lay down to rest. Soon {he} was asleep.|Then {he} stopped to laugh at the "
      "others and fell into a ditch.|Then {he} took a short way through the bushes and got lost.>",
      "{friend} ran slowly, step by step. [\"I will not stop,\" {friend.he} said.|{friend.He} did not look "
      "left or right.] <{friend.He} passed the tree, and the bridge, and the mill.|Everyone called "
      "{friend.his} name.|A little {animal} ran beside {friend.him} for a while.>",
      "[When {hero} saw {friend} again, it was too late.|{hero} ran as fast as {he} could, but it was too "
      "late.] {friend} was the first to reach the end! [Everyone cheered.|\"Hooray!\" they shouted.] {hero} "
      "was {sad}.",
      "Then {he} went to {friend}. \"<You ran a good race|You won, and you earned it|Next time I will not be "
      "so proud>,\" said {hero}. [{friend} smiled and shared the prize with {him}.|\"Let us run together "
      "tomorrow,\" said {friend}.] [Slow and steady is better than fast and proud.|And they walked home side "
      "by side.]"}},
    {"the lie",
     {"{hero} liked to make jokes. {time}, {he} ran {place.at} and shouted, \"<A wolf! A wolf is "
      "coming|Fire! Fire|Help! I am stuck>!\" [Everyone came running.|People left their work and came.] But "
      "it was not true. {hero} laughed. [\"You should have seen your faces!\" {he} said.|The others were "
      "angry.]",
      "The next day, {he} did it again. [And again everyone came.|{friend} came first.] \"This is not "
      "funny,\" said {friend}. \"<One day nobody will believe you|I ran all the way|I was really afraid for "
      "you>.\" But {hero} only laughed.",
      "On the third day, <there really was a wolf|{hero} really fell into a hole|there really was smoke>! "
      "[{hero} was {scared}.|{hero}'s heart stood still.] \"Help! Help!\" {he} cried. But nobody came. [\"It "
      "is only a joke again,\" they said.|They all thought that it was a joke.]",
      "Only <{friend}|{his} {elder}|a small {animal}> stopped and listened. [\"This sounds different,\" said "
      "the kind listener.|\"This time it sounds real.\"] Help came at the very last moment, and {hero} was "
      "safe. [{He} was shaking.|{He} began to cry.]",
      "\"I will never lie again,\" said {hero}. [And {he} kept {his} word.|It was a promise.] {He} went from "
      "door to door and said that {he} was sorry. [It took some time, but one day everyone trusted {him} "
      "again.|In the end, they forgave {him}, and {hero} was {glad}.]"}},
    {"the old man's gift",
     {"At the end of the road lived an old man. [The children were afraid of him.|Nobody ever visited him.] "
      "\"He is grumpy,\" said {friend}. {time}, <{hero}'s {toy} flew over his fence|{hero} lost {his} way in "
      "the fog and stood in front of his house|{hero} saw that he could not carry his heavy bag>.",
      "{hero} was {scared}. [But {he} took a deep breath.|{He} thought about running away.] <{He} knocked on "
      "the door, knock, knock, knock.|\"Can I help you?\" {he} asked in a small voice.|\"Good day, sir,\" "
      "{he} said politely.> [The old man looked at {him} for a long time.|It was quiet for a moment.]",
      "Then the old man smiled. \"<Nobody has talked to me for a long time|Come in and have some tea|What a "
      "polite child you are>,\" he said. He was not grumpy at all. He was only lonely. [His house was full "
      "of wonderful things.|He knew many stories.] He <played the flute|could make toys out of wood|had "
      "sailed around the world>.",
      "After that, {hero} came every week. [They ate {food} and talked.|{He} brought {friend} along too.] "
      "<The old man taught {him} how to make a {toy2}.|The old man told {him} about the sea.|{hero} read to "
      "him, because his eyes were weak.>",
      "[The other children came too, and the house was full of laughter.|And the old man was not lonely any "
      "more.] \"You gave me the best gift,\" he said. \"What gift?\" asked {hero}. \"<Your time|A "
      "friend|Your smile>,\" said the old man. {hero} was {glad}."},
     false},
    {"the show",
     {"There was going to be a big show {place.at}. [Everyone wanted to do something.|The whole village "
      "would be there.] {hero} wanted to <sing a song|tell a story|dance|do a magic trick>. [{He} practiced "
      "every day.|{He} practiced in front of the mirror.]",
      "On the day of the show, {hero} looked at all the people. [{His} legs began to shake.|{His} mouth was "
      "dry.] {He} was {scared}. <{He} forgot everything that {he} had learned.|\"I cannot do it,\" {he} "
      "whispered.|{He} hid behind the curtain.>",
      "{friend} took {his} hand. \"<Just look at me and forget the others|I am afraid too, but we can be "
      "brave together|It does not have to be perfect>,\" {friend.he} said. [{hero} took a deep "
      "breath.|{hero} nodded slowly.] Then {he} went out on the stage.",
      "At first {his} voice was small. [But then {he} saw {his} {elder} in the first row.|But then {he} saw "
      "{friend}, who smiled at {him}.] {He} became braver and braver. <Once, {he} made a mistake, but {he} "
      "just went on.|A little {animal} ran across the stage, and {hero} made a joke about it.|Soon {he} "
      "forgot that there were people at all.>",
      "When it was over, everyone clapped and cheered. [\"More! More!\" they called.|{His} {elder} clapped "
      "the loudest.] {hero} made a bow. {He} was so {glad}. [\"I was brave today,\" {he} thought.|Being "
      "brave does not mean that you are never afraid. It means that you try.]"}},
    {"helping a stranger",
     {"{hero} was on {his} way to <a party|the fair|a feast>. [{He} was wearing {his} best {color} hat.|{He} "
      "did not want to be late.] On the road, {he} saw an old woman. Her cart <was stuck in the mud|had lost "
      "a wheel|had fallen over>. [People walked by and did not look.|Nobody stopped to help.]",
      "{hero} thought about the fun {he} would miss. [Then {he} thought about the old woman.|But {he} could "
      "not just walk by.] \"Let me help you,\" {he} said. <{He} pushed and pulled with all {his} might.|{He} "
      "picked up the {fruit.many}, one by one.|{He} ran back to the village to fetch {friend}, and they "
      "worked together.> [It took a long time.|Soon {he} was dirty from head to toe.]",
      "At last it was done. \"Thank you, my dear,\" said the old woman. \"I have no money, but take this "
      "{treasure}.\" [{hero} thanked her.|\"It is beautiful,\" said {hero}.] <It began to glow in {his} "
      "hand.|It was warm, as if it were alive.|It did not look like much.>",
      "When {he} got there, [{he} was too late|everything was over]. [{He} was {sad}.|{He} stood there "
      "alone.] {He} held the {treasure} and said, \"I wish I had someone to dance with.\" <All at once, "
      "there was music, and lights hung in every tree.|Then {friend} came back with all the others. \"We "
      "could not have fun without you,\" {friend.he} said.|Then the old woman stood there. She was a queen, "
      "and she had come to thank {him}.>",
      "[They danced until midnight.|It was the best feast that anyone could remember.] {hero} was {glad}. [A "
      "kind deed always finds its way back.|And {he} never walked by when someone needed help.]"}},
};

}  // namespace

std::span<const Plot> friend_plots() { return kPlots; }

}  // namespace pith::lab
