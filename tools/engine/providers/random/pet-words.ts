/** The vocabulary of RandomPet: short, friendly English words, 64 of each kind (6 bits a word). */
function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

export const ADVERBS = words(`
  amply barely boldly bravely briefly brightly calmly cheerily clearly closely coolly cosily
  daily dearly deeply duly early easily evenly fairly firmly fondly freely freshly fully gently
  gladly greatly happily highly humbly jointly justly keenly kindly largely lightly loosely
  loudly lovely mainly mildly mostly neatly newly nicely openly plainly politely promptly
  proudly quickly quietly rapidly rarely richly safely sharply simply slowly smoothly softly
  warmly wisely`);

export const ADJECTIVES = words(`
  able alert amber ample apt azure big bold brave bright brisk calm candid chief civil clean
  clear clever coral cosy crisp curious dapper deep eager fair fine firm fleet fond frank free
  fresh gentle glad golden grand green handy happy hardy honest jolly keen kind light lively
  loyal lucid lunar mellow merry mild modest neat noble patient polite proud quick quiet ready
  solar steady`);

export const NAMES = words(`
  adder badger bat bear beaver bee beetle bison boar bobcat buck camel carp cat cicada cod colt
  condor crab crane cricket crow deer dingo dove drake duck eagle eel egret elk falcon ferret
  finch fox frog gecko gibbon goat goose gull hare hawk hedgehog heron hornet ibex ibis jackal
  jay kite koala lark lemur lion llama lynx mole moth newt otter owl panda quail`);
