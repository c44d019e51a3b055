// Plots at home and in the village: things lost, broken, made, learned.
#include "train/corpus/plots.h"

namespace pith::lab {
namespace {

const std::vector<Plot> kPlots = {
    {"lost toy",
     {"{hero} had a {color} {toy}. [It was {his} favorite thing in the world.|{He} took it everywhere.|{His} "
      "{elder} had given it to {him}.|{He} played with it every day.]",
      "{time}, [the {toy} was gone|{hero} could not find the {toy}|{he} looked for the {toy}, but it was not "
      "there]. [\"Where is my {toy}?\" {he} asked.|\"Oh no! I lost my {toy}!\" {he} cried.|{hero} felt "
      "{sad}.|\"Have you seen my {toy}?\" {he} asked {his} {elder}.]",
      "<{He} looked {corner} and {corner2}, but the {toy} was not there.|{He} asked {friend}, but {friend} "
      "had not seen it.|{He} sat down and tried to remember where {he} had played.> [{He} did not give "
      "up.|{He} was ready to cry.|\"It must be somewhere,\" {he} said.]",
      "<Then {his} {elder} said, \"Let us look together.\" They looked everywhere, and at last they saw "
      "something {color} {spot}.|Then {his} pet {pet} {pet.noise} and ran to the yard. {hero} followed it "
      "and saw something {color} {spot}.|Then {friend} came running. \"Look what I found {spot}!\" "
      "{friend.he} called.>",
      "It was the {toy}! [{hero} hugged it tight.|{hero} jumped for joy.|{hero} laughed and danced.] "
      "[\"Thank you!\" {he} said.|{He} was so {glad}.] <From that day on, {he} always put {his} {toy} back "
      "in its place.|That night {he} slept with the {toy} next to {him}.|After that, {he} shared the {toy} "
      "with everyone who had helped.>"},
     false},
    {"broken thing",
     {"{hero}'s {elder} had a beautiful {size} vase. [\"Please be careful with it,\" {elder.he} always "
      "said.|It stood on the table by the window.|It was very old.]",
      "{time}, {hero} was <playing with a ball in the house|dancing around the room|chasing the {pet}>. "
      "[Suddenly|All at once|Then], {he} bumped into the table. Crash! The vase fell down and broke. [{hero} "
      "was {scared}.|{hero}'s heart beat fast.|\"Oh no,\" {he} whispered.]",
      "<{He} hid the pieces {corner}. But all day long {he} could not think of anything else.|{He} thought "
      "about blaming the {pet}. But that did not feel right.|{He} wanted to run away. But {he} knew that it "
      "would not help.>",
      "At last {he} went to {his} {elder} and told the truth. \"I broke your vase. I am so sorry,\" {he} "
      "said.",
      "[{His} {elder} was quiet for a moment.|{His} {elder} looked at the pieces.] \"<Thank you for telling "
      "me the truth|A vase is only a vase, but the truth is worth a lot|I am sad about the vase, but I am "
      "proud of you>,\" {elder.he} said. [Then {elder.he} gave {hero} a hug.|{hero} felt much better.] "
      "<Together they glued the pieces, and the vase looked even more special.|Together they cleaned the "
      "floor, and {hero} promised to be careful.|The next day, {hero} made a new vase out of clay, and {his} "
      "{elder} put it by the window.>"},
     false},
    {"baking",
     {"{time}, {hero} wanted to make {food} for <{his} {elder}|{friend}|the whole family>. [It was a special "
      "day.|It was going to be a surprise.|{He} had never done it alone before.]",
      "{He} put [flour, milk and eggs|flour, sugar and butter|everything {he} needed] on the table. [\"This "
      "will be easy,\" {he} said.|{He} began to stir.|{He} put on a big apron.] <But {he} used salt and not "
      "sugar.|But {he} forgot it in the oven, and it turned black.|But the bowl slipped, and everything fell "
      "on the floor.>",
      "[{hero} was {sad}.|\"It is ruined,\" {he} said.|A tear ran down {his} cheek.] <{friend} came in and "
      "saw the mess. \"Let us try again, and I will help you,\" {friend.he} said.|{His} {elder} came in and "
      "smiled. \"Everyone makes mistakes. Let us do it again,\" {elder.he} said.|{He} took a deep breath and "
      "read the recipe one more time.>",
      "[This time|The second time], {he} [worked slowly and carefully|did every step with care|did not "
      "hurry]. [Soon the whole house smelled good.|Soon a sweet smell filled the kitchen.|The {food} came "
      "out golden and warm.]",
      "[Everyone took a bite.|They sat down together and ate.] \"<This is the best food I have ever had|It "
      "tastes wonderful|You are a real cook>!\" they said. {hero} was {glad}. [{He} knew now that it is fine "
      "to try again.|It tasted even better because {he} had not given up.|After that, {he} baked every "
      "Sunday.]"}},
    {"bedtime dark",
     {"{hero} did not like the dark. [Every night, {he} asked {his} {elder} to leave the light on.|When the "
      "light went out, {he} hid under the blanket.|{He} always slept with a lamp.]",
      "One night, {hero} heard a noise. <Tap, tap, tap, it went at the window.|Creak, creak, it went in the "
      "hall.|Something was rustling {corner}.> [{hero} was {scared}.|\"Who is there?\" {he} whispered.|{He} "
      "held {his} {toy} tight.]",
      "<{He} called {his} {elder}, and {elder.he} came with a candle.|{He} took a small lamp and went to "
      "look, step by step.|{He} counted to ten and pulled back the blanket.> [\"Let us see what it is,\" "
      "{he} said.|{His} knees were shaking.]",
      "It was only <a branch that moved in the wind|the {pet}, who was looking for something to eat|a little "
      "mouse with a nut>! [{hero} began to laugh.|\"So it was you!\" {hero} said.|{hero} felt silly and "
      "happy at the same time.]",
      "[After that, the dark did not seem so bad.|From then on, {he} was not afraid of noises.] <{He} even "
      "turned off the lamp to see the moon.|{He} closed {his} eyes and slept until morning.|When {friend} "
      "was afraid of the dark, {hero} told {friend.him} the story, and they both laughed.>"},
     false},
    {"new baby",
     {"{hero}'s family had a new baby. [Everyone looked at the baby all day.|The baby was very small and "
      "very loud.|The baby had tiny hands and tiny feet.] [\"Nobody plays with me now,\" {hero} said.|{hero} "
      "felt {sad}.|{hero} sat alone {corner}.]",
      "{time}, the baby began to cry. {His} {elder} <sang a song|rocked the baby|brought a warm bottle>, but "
      "the baby did not stop. [\"What can we do?\" {elder.he} asked.|{elder.he} looked very tired.]",
      "{hero} had an idea. {He} <made a funny face|shook {his} {toy} gently|told the baby a little "
      "story|danced like a duck>. [The baby stopped crying and looked at {him}.|The baby became quiet.] Then "
      "the baby smiled!",
      "\"You did it!\" said {his} {elder}. \"You are <a wonderful big {kin}|the best helper in the "
      "house|very good with the baby>.\" [{hero} felt {glad}.|{hero} stood very tall.]",
      "<Every day after that, {hero} played with the baby, and the baby always smiled at {him}.|That night, "
      "{hero} gave the baby a kiss and said, \"Good night, little one.\"|Now {hero} was not lonely any more, "
      "because there was someone new to love.>"},
     false},
    {"first day of school",
     {"It was the first day of school. [{hero} put on a new {color} coat.|{hero} packed {his} bag three "
      "times.|{hero} held {his} {elder}'s hand.] [{He} was {scared}.|\"What if nobody likes me?\" {he} "
      "asked.|{His} tummy felt funny.]",
      "At school there were many [new faces|children]. <{hero} did not know where to sit.|{hero} could not "
      "find {his} room.|{hero} sat alone in the last row.> [{He} looked at the floor.|{He} wanted to go "
      "home.]",
      "Then <a {friend.kind} with a {color2} hat came to {him}|someone tapped {him} on the arm|a "
      "{friend.kind} dropped a box of crayons, and {hero} helped to pick them up>. \"Hello, my name is "
      "{friend}. [Do you want to sit with me?|Do you want to play?|I am new here too.]\" {friend.he} said.",
      "{hero} smiled. [They <drew pictures of {animal}s|built a tower of blocks|sang a song about a "
      "{animal}> together.] [They shared their lunch.|At noon, they ate {food} side by side.] [The teacher "
      "told funny stories.|The teacher was very kind.]",
      "When the bell rang, {hero} ran to {his} {elder}. \"<Can I come back tomorrow|I made a friend|School "
      "is fun>!\" {he} said. [{His} {elder} laughed and took {his} hand.|They walked home in the sun.]"},
     false,
     true},
    {"tidy room",
     {"{hero}'s room was a big mess. [There were toys on the floor and socks on the lamp.|You could not see "
      "the floor.] \"Please clean your room,\" said {his} {elder}. [\"Later,\" said {hero}.|But {hero} did "
      "not want to.|\"It is too much work,\" said {hero}.]",
      "{time}, {hero} wanted to <play with {his} {toy}|wear {his} best {color} hat|show {friend} {his} "
      "{treasure}>. But {he} could not find it. [{He} looked and looked.|{He} looked under the clothes and "
      "behind the boxes.]",
      "<Then {he} stepped on a block and hurt {his} foot. \"Ouch!\" {he} cried.|Then {he} slipped on a book "
      "and fell down. \"Ouch!\" {he} cried.|Then a pile of toys fell on {him}. \"Help!\" {he} cried.>",
      "[\"That is enough,\" said {hero}.|{hero} looked around and sighed.] {He} put the books on the shelf, "
      "the toys in the box and the clothes in the basket. <{His} {elder} came to help, and they sang while "
      "they worked.|{friend} came to help, and they made it a game.|{He} worked alone until everything was "
      "in its place.>",
      "[And there it was, under the very last shirt!|And behind the last box, {he} found what {he} had been "
      "looking for!] {hero} was {glad}. [\"A clean room is a good room,\" {he} said.|Now {he} had space to "
      "play.|After that, {he} cleaned {his} room every week.]"}},
    {"sick day",
     {"{time}, {friend} did not come out to play. \"{friend} is sick and has to stay in bed,\" said {his} "
      "{elder}. [{hero} was {sad}.|{hero} missed {friend.him}.|\"Poor {friend},\" said {hero}.]",
      "{hero} wanted to help. <{He} made a pot of soup.|{He} drew a big picture of a {animal}.|{He} picked "
      "{color} flowers {place.at}.> [It took {him} all morning.|{He} worked very hard on it.]",
      "{He} walked to {friend}'s house. <But it began to rain, and {hero} got wet. {He} held {his} gift "
      "under {his} coat.|But the road was long, and {he} grew tired. {He} went on, step by step.|But a big "
      "{animal2} stood on the path. {hero} waited until it went away.>",
      "At last {he} knocked on the door. [{friend} was in bed with a red nose.|{friend} looked very tired.] "
      "When {friend.he} saw the gift, {friend.he} smiled for the first time that day. \"You are a true "
      "friend,\" {friend.he} said.",
      "<After three days, {friend} was well again, and the two of them played {place2.at}.|They told each "
      "other stories until the sun went down.|The next week, {hero} was sick, and {friend} came with soup "
      "for {him}.> [Friends take care of each other.|And both of them were {glad}.]"}},
    {"birthday",
     {"It was {hero}'s birthday. [{He} woke up early.|{He} had waited for this day for a long time.|{He} "
      "jumped out of bed.] But nobody said a word about it. <{His} {elder} was reading.|{friend} walked by "
      "and only waved.|The house was empty and quiet.>",
      "[\"Did they all forget?\" {he} thought.|{hero} felt {sad}.|{He} went out and sat {spot}.] [A {animal} "
      "{animal.sound} nearby, but {hero} did not smile.|The day felt very long.]",
      "In the afternoon, {his} {elder} called, \"{hero}, can you <bring me a basket from the barn|come to "
      "the garden|help me with a heavy box>?\" [{hero} got up slowly.|{hero} went to help.]",
      "[{He} opened the door.|{He} came around the corner.] \"Surprise!\" everyone shouted. [There were "
      "{color} balloons and a big cake.|There was {food} on the table, and there were lights in the trees.] "
      "{friend} gave {him} a {toy} <in a {color2} box|with a bow on it|made by hand>.",
      "\"We did not forget you,\" said {friend}. \"We love you.\" [{hero} laughed and hugged them "
      "all.|{hero} was so {glad} that {he} could not speak.] [They danced until the stars came out.|It was "
      "the best birthday of all.]"}},
    {"grandfather's clock",
     {"{hero}'s grandfather had an old clock. [Tick, tock, it went all day.|Every evening, he wound it up "
      "with a key.] [{hero} loved the sound of it.|{hero} fell asleep to the sound every night.]",
      "{time}, the clock stopped. [The house was much too quiet.|No tick and no tock.] \"I am too old to fix "
      "it,\" said {his} grandfather, and he looked {sad}.",
      "{hero} <took the clock to the clockmaker, but the shop was closed|opened the little door and looked "
      "inside|read a big book about clocks>. [{He} thought and thought.|{He} did not know what to do.] <Then "
      "{he} saw a {treasure} stuck between the wheels.|Then {he} saw that a spider had made its web "
      "between the wheels.|Then {he} saw that one tiny wheel had fallen out.>",
      "With great care, {he} put everything right. [{He} turned the key.|{He} held {his} breath.] Tick, "
      "tock! The clock was going again.",
      "{His} grandfather had tears of joy in his eyes. \"<You have clever hands|Now I can sleep again|One "
      "day this clock will be yours>,\" he said. [They sat by the fire and listened to the clock.|{hero} was "
      "{glad}, and the clock seemed happy too.]"},
     false},
    {"the painting",
     {"{hero} wanted to paint a picture for {his} {elder}. [{He} took a big sheet of paper.|{He} took out "
      "all of {his} paints.] {He} painted a {color} house and a {size} {animal}.",
      "{time}, when the picture was almost done, <the {pet} jumped on the table and left its paw marks on "
      "the paper|{he} knocked over a cup, and {color2} water ran over the paper|a gust of wind blew the "
      "paper into the mud>. [\"My picture!\" cried {hero}.|{hero} was {sad}.]",
      "[{He} wanted to throw it away.|{He} looked at it for a long time.] <\"Wait,\" said {friend}. \"Look, "
      "the spots are like flowers.\"|Then {he} turned it around and saw something new. The spots looked like "
      "stars.|Then {his} {elder} said, \"Do you see the {animal2} in it?\">",
      "{hero} took {his} brush and [went on|began again]. {He} painted around the spots until they became <a "
      "field of flowers|a sky full of stars|a whole family of {animal2}s>. [It was even better than "
      "before.|It was the most beautiful picture {he} had ever made.]",
      "{His} {elder} hung it on the wall. [\"I like the spots best,\" {elder.he} said.|Everyone who came to "
      "the house asked who had painted it.] {hero} was {glad}. [A mistake can be the start of something "
      "new.|{He} was not afraid of mistakes any more.]"},
     false},
    {"the helper",
     {"In the village there was a {job} who worked at the {job.place}. [Everyone liked the {job.makes} "
      "there.|Every day people came for the {job.makes}.] {hero} loved to watch {job.him} work.",
      "{time}, the {job} <hurt {job.his} hand|had too much work|felt sick and weak>. \"How will I ever "
      "finish?\" {job.he} said. [{job.He} looked very {sad}.|There was a feast the next day.]",
      "\"I can help you,\" said {hero}. \"<You are too small|It is hard work|Do you know how it is done>,\" "
      "said the {job}. [\"Please let me try,\" said {hero}.|\"I have watched you every day,\" said {hero}.]",
      "So {hero} began. [{He} carried, cleaned and counted.|{He} did everything the {job} told {him}.] <At "
      "first {he} was slow, but soon {he} was fast.|{friend} came by and helped too.|When {he} was tired, "
      "{he} sang a song and went on.> By evening, all the work was done.",
      "\"I could not have done it without you,\" said the {job}, and gave {him} <a {toy}|a bag of "
      "{fruit.many}|a {color} apron just {his} size>. {hero} went home {glad}. [{He} was small, but {he} had "
      "been a big help.|The next morning, {he} came back to learn more.]"},
     false},
};

}  // namespace

std::span<const Plot> home_plots() { return kPlots; }

}  // namespace pith::lab
