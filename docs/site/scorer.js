/* How the search ranks: guides before short answers, these before references, all
   of them before the records of decisions.
   `var`, since the script of Sphinx that asks for it declares it again. */

var Scorer = {
  score: ([page, title, anchor, description, score, file]) => {
    if (page.startsWith("guides/") || page === "testing" || page === "tutorial") return score + 12;
    if (page === "questions") return score + 11;
    if (page.startsWith("decisions/") || page.startsWith("tests/") || page === "changelog") return score - 12;
    return score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
