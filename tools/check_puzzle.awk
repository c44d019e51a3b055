# Checks the text of a number puzzle's solution, for pith run --verify 'awk -f tools/check_puzzle.awk'.
#
# The question has the numbers and then the target ("Use 9 4 3 8 to make 15."); a solution is a step a line:
#   9 * 8 = 72, left 3 4 72.
#   72 / 4 = 18, left 3 18.
#   18 - 3 = 15. Done.
# A partial text passes where every step in it is legal, a final one where it also ends at the target with
# nothing left. It never searches: whether the target can still be reached is not asked.

function reject() { rejected = 1; exit 1 }

# Takes a number out of those that are left.
function use(number, i) {
  for (i = 1; i <= n && left[i] != number; ++i) {}
  if (number !~ /^[0-9]+$/ || i > n) reject()
  left[i] = left[n--]
}

function value(a, op, b) {
  if (op == "+") return a + b
  if (op == "-") return a - b
  if (op == "*") return a * b
  if (op == "/" && b != 0) return a / b
  reject()
}

BEGIN {
  n = split(ENVIRON["PITH_QUESTION"], word, /[^0-9]+/)
  for (i = 1; i <= n; ++i) if (word[i] != "") left[++count] = word[i]
  n = count
  target = left[n--]
}

{
  closing = $5 ~ /\.$/
  if (done || $4 != "=" || $5 !~ /^[0-9]+[.,]$/) reject()
  result = substr($5, 1, length($5) - 1)
  use($1)
  use($3)
  if (value($1, $2, $3) != result + 0) reject()
  left[++n] = result
  if (closing) {
    if (NF != 6 || $6 != "Done." || n != 1 || result + 0 != target + 0) reject()
    done = 1
  } else {
    if ($6 != "left" || NF != 6 + n || n < 2 || $NF !~ /\.$/) reject()
    for (i = 7; i <= NF; ++i) {
      listed[i] = $i
      sub(/\.$/, "", listed[i])
    }
    kept = n
    for (i = 7; i <= NF; ++i) use(listed[i])
    # All were there, so they are what is left.
    n = kept
    for (i = 1; i <= n; ++i) left[i] = listed[6 + i]
  }
}

END {
  if (rejected) exit 1
  if (ENVIRON["PITH_STATE"] == "final" && !done) exit 1
}
