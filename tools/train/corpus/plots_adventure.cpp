// Plots of adventure and wonder: maps, dragons, magic, journeys.
#include "train/corpus/plots.h"

namespace pith::lab {
namespace {

const std::vector<Plot> kPlots = {
    {"treasure map",
     {"{time}, {hero} found an old map {corner}. [There was a red cross on it.|It was yellow and torn.] \"It "
      "shows the way to a treasure!\" {he} said. {He} showed it to {friend}. [\"Let us go and find it,\" "
      "said {friend}.|{friend}'s eyes grew big.]",
      "They took <a lamp and a rope|bread and water|a spade and a bag> and went off. [First, the way led "
      "them across a field.|They walked for hours.] <Then they came to a river without a bridge. They built "
      "a raft out of logs.|Then they came to a dark cave. They lit the lamp and went in.|Then they came to a "
      "high wall. {friend} climbed up first and pulled {hero} up.>",
      "[\"It must be here,\" said {hero}.|At last they stood at the place with the red cross.] They began to "
      "dig. <A {animal} sat on a branch and watched them.|They dug until their arms hurt.|{friend} wanted to "
      "stop, but {hero} said, \"Just a little more.\"> Then they hit something hard. It was a box!",
      "[They opened it slowly.|Their hands were shaking.] Inside, there was no gold. There was only <a "
      "{treasure} and a letter|an old picture of two children|a {toy} and a note>. [\"Is that all?\" asked "
      "{friend}.|They looked at each other.] \"To the one who finds this,\" it said. \"The real treasure is "
      "<the friend who came with you|the way that brought you here|the time you spent together>.\"",
      "[{hero} and {friend} laughed.|They smiled at each other.] It was true. <They put something of their "
      "own into the box and buried it again for someone else.|They took the box home and kept it under the "
      "bed.|On the way back, they were already planning the next adventure.> [{hero} was {glad}.|It had been "
      "the best day of the year.]"}},
    {"little dragon",
     {"{time}, {hero} met a dragon {place.at}. [It was not bigger than a dog.|It was {color} and had tiny "
      "wings.] {hero} was {scared}. But the dragon was crying. \"Why are you crying?\" asked {hero}. \"<I "
      "cannot breathe fire|I cannot fly|Everyone runs away from me>,\" said the dragon.",
      "\"Maybe I can help you,\" said {hero}. [\"Really?\" asked the dragon.|The dragon stopped crying.] "
      "<They tried it with hot pepper, but the dragon only sneezed.|They tried it from the top of a hill, "
      "but the dragon rolled down like a ball.|They went to the village, but all the people closed their "
      "doors.> [\"It is no use,\" said the dragon.|The dragon hung its head.]",
      "\"Do not give up,\" said {hero}. They tried again every day. [They laughed a lot, and they became "
      "friends.|Sometimes they just sat and looked at the clouds.] <{friend} came too and was not afraid at "
      "all.|{hero} read to the dragon from a book about dragons.|{hero}'s {elder} gave them {food} for "
      "strength.>",
      "One cold night, <a fire went out in the village, and nobody could light it|a little child was stuck "
      "on a high roof|the wind blew down the bridge>. \"The dragon can help!\" cried {hero}. [The dragon "
      "took a deep breath.|The dragon shook its wings.] And this time, it worked! [The dragon saved "
      "everyone.|Everything turned out well.]",
      "The people were not afraid any more. \"Thank you, dragon!\" they called. [The dragon turned pink with "
      "joy.|The dragon smiled with all its teeth.] <From then on, it lived behind the mill and played with "
      "the children.|From then on, it came to every feast in the village.|That night, {hero} fell asleep on "
      "its warm back.> {hero} was {glad} [to have such a friend|for {his} friend]."}},
    {"the magic thing",
     {"{time}, {hero} found a {treasure} {spot}. [It looked very old.|{He} rubbed it on {his} coat.] When "
      "{he} held it, a voice said, \"You have three wishes.\" [{hero} almost dropped it.|{hero} could not "
      "believe {his} ears.]",
      "<\"I wish for a mountain of {food}!\" said {hero}. And there it was. {He} ate and ate. But soon {he} "
      "had a tummy ache.|\"I wish for a hundred toys!\" said {hero}. And there they were. What a day! But "
      "soon {he} did not know what to play with.|\"I wish for a house of gold!\" said {hero}. And there it "
      "was. It was shining in the sun. But soon {he} was cold and lonely in it.> [\"This is not what I "
      "wanted,\" {he} said.|It was no fun at all.]",
      "{He} thought about the second wish. \"I wish <that I could fly like a bird|that I were as tall as a "
      "tree|that it were summer all year long>,\" {he} said. [At once, it came true.|And so it was.] <But "
      "{friend} could not play with {him} now.|But after a while, {he} wanted to go home.|But it was not as "
      "nice as {he} had thought.> [{hero} was {sad}.|{hero} sat down and thought.]",
      "There was only one wish left. {hero} did not hurry this time. [{He} thought about it all night.|{He} "
      "asked {his} {elder} for advice.] At last, {he} said, \"I wish that <everything would be as it was "
      "before|{friend} gets a wish too|everyone in my family is well>.\"",
      "And so it was. [The voice laughed. \"That was a wise wish,\" it said.|The {treasure} became cold and "
      "quiet.] {hero} ran home and hugged everyone. {He} was {glad}. [\"I have all I need,\" {he} said.|The "
      "best things were the ones that {he} had all the time.]"}},
    {"lost in the forest",
     {"{time}, {hero} went into the forest to pick <berries|mushrooms|flowers>. [\"Stay on the path,\" said "
      "{his} {elder}.|\"Come home before dark,\" said {his} {elder}.] But {hero} saw a {color} butterfly and "
      "ran after it. [Soon {he} did not know where {he} was.|When {he} looked around, the path was gone.]",
      "{He} called, but nobody answered. [The trees were tall and dark.|It was getting dark.] {hero} was "
      "{scared}. <{He} climbed a tree to look around, but {he} saw only more trees.|{He} walked this way and "
      "that way, but {he} always came back to the same stone.|{He} sat down and cried a little.>",
      "Then a {animal} came and looked at {him}. \"<Why are you sad|Are you lost|What are you doing here so "
      "late>?\" it asked. [{hero} wiped {his} face.|{hero} told it everything.] \"I want to go home,\" {he} "
      "said. \"I will help you, but first <I need a little food|you must help me to free my foot|you must "
      "tell me a story>,\" it said.",
      "{hero} was glad to do it. [{He} still had some {food} in {his} bag, and they shared it too.|Then the "
      "{animal} showed {him} the way.] <They followed the little stream down the hill.|They followed the "
      "brightest star.|They followed the smell of smoke.> [And soon {he} saw a light.|And there was the "
      "village!]",
      "\"{hero}!\" called {his} {elder} and ran to {him}. [They hugged for a long time.|{elder.He} had been "
      "looking for {him} everywhere.] \"I will stay on the path next time,\" said {hero}. <When {he} turned "
      "around to say thank you, the {animal} was gone.|The {animal} got a bowl of milk and slept by the "
      "fire.|Every autumn, {hero} brought food to the forest for the {animal}.>"},
     false},
    {"the boat trip",
     {"{hero} and {friend} built a boat out of <an old door|wood and rope|a big barrel>. [They painted it "
      "{color}.|It took them the whole summer.] {time}, they put it in the water. [\"Now we are sailors,\" "
      "said {hero}.|\"Where shall we go?\" asked {friend}.]",
      "They went down the river, past the fields and the mill. [A {animal} on the bank {animal.sound}.|The "
      "water was calm.] <But then the boat hit a stone and began to leak.|But then the river became fast and "
      "wild.|But then thick fog came, and they could not see a thing.> [\"Hold on!\" shouted "
      "{hero}.|{friend} was {scared}.]",
      "<{hero} took off {his} coat and put it in the hole.|{friend} took the rope and threw it around a "
      "tree.|They sang loudly, and far away someone answered their song.> [They worked together as fast as "
      "they could.|\"Do not let go!\" they called.] At last, they came to a little island.",
      "On the island, there was <a {job} who lived all alone in a hut|a garden full of {fruit.many}|a wild "
      "pony with a long mane>. [\"Welcome,\" it seemed to say.|They could not believe their eyes.] They "
      "stayed there for the day. [They ate, rested and fixed the boat.|They made a fire and dried their "
      "clothes.]",
      "In the evening, they sailed home. [The sun was red on the water.|The wind was soft.] \"Where have you "
      "been?\" asked {hero}'s {elder}. \"<At the end of the world|On our own island|It is a long story>!\" "
      "said {hero}. [They were tired and {glad}.|And they told the whole story over a plate of {food}.]"}},
    {"the giant",
     {"On a mountain lived a giant. [When he walked, the ground shook.|When he snored, the windows shook.] "
      "All the people were afraid of him. {time}, the giant <began to cry so much that the river rose|threw "
      "stones down into the valley|shouted all night long>. [\"Someone must talk to him,\" the people "
      "said.|Nobody could sleep.]",
      "\"I will go,\" said {hero}. [The people looked at {him}. \"You?\" they said.|\"Be careful,\" said "
      "{his} {elder}.] {He} climbed the mountain. <It was steep, and {he} had to rest many times.|A {animal} "
      "walked with {him} and showed {him} the way.|It began to snow, but {he} did not turn back.>",
      "At last, {he} stood in front of the giant. \"Why are you so [loud|angry|sad]?\" {he} called as loud "
      "as {he} could. [The giant looked down.|The giant was very surprised.] \"Oh,\" said the giant. \"<I "
      "have a thorn in my foot, and I cannot reach it|My tooth hurts so much|Today is my birthday, and "
      "nobody came>.\"",
      "[\"Is that all?\" asked {hero}.|\"I can help you,\" said {hero}.] <{He} climbed up a long rope and "
      "helped the giant.|{He} thought for a while and made a clever plan.|{He} ran down to the village and "
      "came back with {friend} and all the others.> [Soon the giant was smiling.|Soon the giant felt "
      "better.] \"Thank you, little one,\" said the giant.",
      "From that day on, the giant was a friend. <He carried the children on his shoulders.|He held back the "
      "storm with his big hands.|He moved the heavy stones from the fields.> [And {hero} was {glad} that "
      "{he} had asked.|\"You only have to ask why,\" said {hero}.]"}},
    {"the toy that came alive",
     {"{hero} had a {toy} that {he} loved very much. One night, when the clock struck twelve, <the {toy} "
      "began to talk|the {toy} sat up and sneezed|the {toy} tapped {him} on the nose>. [\"Do not be "
      "afraid,\" it said.|\"Good evening,\" it said.] {hero} sat up in {his} bed.",
      "\"I can only talk tonight,\" said the {toy}. \"<I want to see the moon|I want to find my brother|I "
      "want to dance just once>. Will you help me?\" [\"Of course,\" said {hero}.|{hero} put on {his} shoes "
      "at once.]",
      "They went out of the house, very quietly. [The street was empty.|The moon was big and round.] <A big "
      "cat wanted to catch the {toy}, but {hero} was faster.|It was cold, so {hero} put the {toy} in {his} "
      "pocket.|The {toy} fell into the water, and {hero} pulled it out with a branch.>",
      "At last, they came to {place}. [There everything was silver in the light of the moon.|The grass was "
      "wet and soft.] <Many other toys were there, and they danced in a circle.|The {toy} looked up and did "
      "not say a word for a long time.|There stood another one, just the same, and they hugged.> \"Thank "
      "you,\" said the {toy}. \"This is the best night of my life.\"",
      "In the morning, {hero} woke up in {his} bed. [\"Was it a dream?\" {he} asked.|The {toy} lay next to "
      "{him} and did not move.] But <there was wet grass on {his} shoes|the {toy} had a tiny leaf in its "
      "hand|the {toy} seemed to smile>. [{hero} smiled too.|{hero} was {glad} and never told anyone.]"},
     false},
    {"the king's question",
     {"In a far land, there was a king who was always sad. [Nobody could make him laugh.|He sat on his "
      "golden chair all day.] \"Whoever can make me laugh shall have <a bag of gold|a wish|my best horse>,\" "
      "he said. [Many people came and tried.|Clowns came, and singers, and dancers.] But the king did not "
      "laugh.",
      "{hero} heard about it. [\"I will try too,\" {he} said.|{He} wanted to help the king.] {time}, {he} "
      "went to the castle. On the way, {he} met <a duck that followed {him}|a dog that followed {him}|a pig "
      "that followed {him}>. [\"Then come along,\" said {hero}.|{He} could not get rid of it.]",
      "\"What can you do?\" asked the king. {hero} began to <sing|dance|tell a story>. But the animal <sang "
      "along, very loud and very wrong|stole the king's shoe and ran around the room|sat down on the king's "
      "chair and fell asleep>. [{hero} ran after it.|\"Stop that!\" called {hero}.] {He} slipped and fell "
      "right into <a big cake|a bowl of soup|the arms of the guard>.",
      "It was quiet. Then there was a strange sound. [It was the king!|The king's mouth moved.] He laughed. "
      "He laughed until tears ran down his face. [Soon everyone in the castle was laughing.|And then {hero} "
      "laughed too.]",
      "\"You may have your prize,\" said the king. But {hero} said, \"<I only want my animal back|Give it to "
      "someone who needs it more|I would like to be your friend>.\" [The king liked that answer very "
      "much.|The king was {glad}.] After that, {hero} often went to the castle, and the king was never so "
      "sad again."},
     false},
    {"night train",
     {"{time}, {hero} went on a long trip by train with {his} {elder}. [They were going to the sea.|They "
      "were going to visit {friend}.] [Outside, the fields flew by.|{hero} sat by the window.] In the next "
      "seat sat <a man with a {color} bag|a lady with a {pet} on her lap|a boy who was crying>.",
      "At the next stop, {hero} saw that <the man had left his bag behind|the lady's {pet} was gone|the boy "
      "had lost his ticket>. [\"We must do something,\" {he} said.|{He} jumped up.] [\"Wait here,\" said "
      "{his} {elder}.|\"Let us hurry,\" said {his} {elder}.]",
      "<{He} looked under every seat.|{He} ran from one end of the train to the other.|{He} asked everyone, "
      "one after another.> [\"Excuse me, please,\" {he} said again and again.|The train shook, and it was "
      "hard to stand.] At last, {he} found what was lost under <a seat|a newspaper|a big coat>.",
      "[How happy they were!|\"Oh, thank you!\"] There were tears and a big hug. \"<You are a clever one|I "
      "do not know how to thank you|Take this {treasure}, it will bring you luck>.\" [{hero} turned "
      "red.|\"It was nothing,\" said {hero}.]",
      "The sun went down, and the train went on. [{hero} laid {his} head on {his} {elder}'s arm.|The lights "
      "came on.] \"You did a good thing today,\" said {his} {elder}. {hero} was {glad}, and soon {he} was "
      "asleep. [When {he} woke up, there was the sea.|And in {his} dream, {he} was driving the train.]"},
     false},
    {"the moon trip",
     {"{hero} wanted to fly to the moon. [\"It is too far,\" said {his} {elder}.|Everyone laughed, but {he} "
      "did not care.] {time}, {he} began to build a rocket out of <boxes and tape|an old bathtub|pots and "
      "pans>. {friend} came to help. [\"Can I come with you?\" asked {friend}.|\"What is that for?\" asked "
      "{friend}.]",
      "When it was done, they sat down in it. \"Three, two, one, go!\" [And really, it began to move.|There "
      "was a loud noise and a lot of smoke.] <They flew past the birds and the clouds.|They flew so high "
      "that the village looked like a toy.|They flew between the stars, and the stars said hello.>",
      "On the moon, everything was white and still. [They could jump as high as a house.|They jumped and "
      "laughed.] There they met <a little man with a broom|a rabbit made of silver|a sleepy old robot>. \"I "
      "keep the moon clean, but <I am so alone here|I have lost my lamp|I do not know any songs>,\" it said.",
      "{hero} and {friend} helped at once. <They sang every song they knew.|They looked in every hole of the "
      "moon.|They shared their {food} with their new friend.> [It was a happy time.|Time went by very fast.] "
      "\"Now the moon will shine brighter than ever,\" said the keeper of the moon.",
      "Then it was time to fly home. [They landed softly in the garden.|They were back before dinner.] "
      "\"Where have you been?\" asked {his} {elder}. \"On the moon,\" said {hero}. [{elder.He} smiled and "
      "looked up.|{elder.He} laughed, but {hero} only smiled.] And that night, the moon was very, very "
      "bright."},
     false},
    {"the wise owl",
     {"{time}, {hero} had a big problem. {He} wanted to <cross the river|find a gift for {his} {elder}|know "
      "what {he} was good at>. [{He} asked everyone.|{He} thought about it day and night.] But nobody knew "
      "what to do. \"Go to the wise owl,\" said {friend}.",
      "The owl lived far away {place.at}. [{hero} packed {food} and left at once.|The way was long.] <On the "
      "way, {he} helped a {animal} that was stuck.|On the way, {he} gave half of {his} food to a hungry "
      "{animal}.|On the way, {he} carried a tired {animal} on {his} back.> [\"Thank you,\" it said. \"I will "
      "not forget that.\"|\"I will help you one day,\" it said.]",
      "At last, {hero} found the owl. \"I cannot tell you,\" said the owl. \"But <the answer is already "
      "walking behind you|you have already found the answer on your way|look at what you did today>.\" "
      "[{hero} did not understand.|\"What does that mean?\" asked {hero}.]",
      "{He} turned around. There was the {animal} {he} had helped. [\"Now it is my turn,\" it said.|It "
      "smiled at {him}.] <It knew a way that nobody else knew.|It gave {him} a {treasure} that it had kept "
      "for years.|\"You are good at being kind,\" it said.>",
      "Now {hero} understood. [{He} thanked the owl.|The owl blinked and went back to sleep.] {He} went home "
      "{glad}. [\"Who helps others helps himself,\" said {his} {elder}.|And the {animal} stayed {his} friend "
      "for the rest of {his} life.]"}},
};

}  // namespace

std::span<const Plot> adventure_plots() { return kPlots; }

}  // namespace pith::lab
