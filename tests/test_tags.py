"""What the tag of a fence says, and what its lines show: a right tag is kept, a wrong one hides nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.outputs import MORE, PROSE, characters, fenced, regions, scan
from tests.programs import renamed

JSX = """\
export function Shelf({ boxes, limit }) {
  const [open, setOpen] = useState(false);
  const shown = boxes.filter((box) => box.weight < limit && !box.gone);
  return (
    <div className="shelf">
      <h1>A shelf of {boxes.length}</h1>
      <ul>
        {shown.map((box) => (
          <li key={box.id} onClick={() => setOpen(!open)}>
            {open ? <b>{box.label}</b> : null}
          </li>
        ))}
      </ul>
      <Row first={shown[0]} last={shown[shown.length - 1]} />
    </div>
  );
}
"""
CLASS = """\
class Shelf {
  static width = 90
  static depth = 30
  static open = true

  put (box) {
    if (!box || box.weight > this.depth) { throw new TypeError(`too heavy: ${box.weight}`) }
    const row = this.rows.find((one) => one.left >= box.width)
    while (row.left < box.width * 2) { row.left += this.shift(row) - 1 }
    row.boxes.splice(row.left, 0, { label: box.label, since: Date.now() })
    return row.boxes.length > 9 ? this.sort(row) : null
  }
}
"""
NESTED = """\
export const order = (shelf, box) => ask({
    body: {
        row: {
            left: {
                least: 30,
                most: measure(shelf, box, shelf.length - 1),
            },
        },
        box: { label: name(box), width: { value: box.width } },
    },
}, (answer, code) => { if (code !== 200 || !answer.row) { throw new Error(`none: ${code}`) }
    return answer.row.boxes.map((one, at) => one.width > 10 ? one.label + at : null) })
"""
PHP = """\
class Shelf {
  const FREE = 0;
  const FULL = 1;
  const GONE = 2;

  function put($box, $rows) {
    if (!$box || $box->weight > self::FULL) { throw new Exception("too heavy: {$box->weight}"); }
    $row = $this->find($box->width, 0, count($rows));
    while ($row->left < $box->width) { $row->left += $this->shift($row) * 2 - 1; }
    foreach ($rows as $at => $one) { if ($one['left'] > 9) { $rows[$at]['full'] = false; } }
    return count($rows) > 10 ? $this->sort($row->left) : null;
  }
}
"""
PYTHON = """\
shelf="/var/shelf"
boxes="/var/boxes"
labels="/var/labels"

def put(box, rows):
    if not box or box.weight > len(rows):
        raise ValueError(f"too heavy: {box.weight}")
    left, right = 0, len(rows) - 1
    while left < right:
        left += shift(left, right) * 2 - 1
    rows.insert(left, {"label": box.label})
    for at in range(left + 1, len(rows)):
        rows[at].full = not rows[at].full and at % 3 != 0
    return sort(left) if len(rows) > 10 else None
"""
C = """\
/* As it was before:
import os
def put(box):
    return box
def take(box):
import sys
*/
static int put(struct box *box, struct row **rows, int size) {
  int left = 0, right = size - 1;
  if (!box || box->weight > size) { return -1; }
  while (left < right) { left += shift(left, right) * 2 - 1; }
  for (int at = size; at > left; at--) { rows[at] = rows[at - 1]; rows[at]->full |= 1 << (at % 3); }
  return size > 10 ? sort(rows, left) : 0;
}
"""
DENSE = """\
static int put(struct row *rows, char *s, int n) {
    int i, j, total = 0;
    for (i=0;i<n;i++) {
        for (j=0;j<i;j++)
            if (s[i]<s[j]) total += s[i] - s[j];
    }
    while (total<n && *s) { total++; s++; }
    printf("%d\\n", total);
    return total;
}
"""
RIGHT = {
    "fields that Haskell might have": ("js", "javascript", CLASS),
    "objects in objects": ("javascript", "javascript", NESTED),
    "constants without a type": ("php", "php", PHP),
    "assignments of a shell": ("python", "python", PYTHON),
    "another language in a comment": ("c", "c", C),
    "markup in JavaScript": ("jsx", "javascript", JSX),
    "markup in TypeScript": ("tsx", "tsx", JSX),
}


@pytest.mark.parametrize(("tag", "language", "code"), RIGHT.values(), ids=RIGHT.keys())
def test_code_under_its_tag_stays_in_its_language(tag: str, language: str, code: str) -> None:
    assert regions(scan(PROSE + fenced(code, tag) + MORE)) == [(language, code)]


@pytest.mark.parametrize(("tag", "language", "code"), RIGHT.values(), ids=RIGHT.keys())
def test_a_renamed_copy_under_its_tag_is_stopped(tag: str, language: str, code: str) -> None:
    assert decision(code, language, tag) == "stop"


@pytest.mark.parametrize("tag", ["js", "javascript", "ts", "html", "vue", "snippet"])
def test_a_renamed_copy_of_code_with_markup_is_stopped_whatever_its_tag(tag: str) -> None:
    assert decision(JSX, "javascript", tag) == "stop"


@pytest.mark.parametrize("tag", ["html", "vue", "svelte"])
@pytest.mark.parametrize(("language", "code"), [("c", C), ("c", DENSE), ("python", PYTHON), ("php", PHP), ("javascript", CLASS)])  # fmt: skip
def test_a_renamed_copy_that_is_said_to_be_a_page_is_stopped(tag: str, language: str, code: str) -> None:
    assert decision(code, language, tag) == "stop"


@pytest.mark.parametrize(
    "listing", [C, PYTHON, "npm install shelf\nnpm run build\nsudo apt-get install -y shelf\n" * 2]
)
def test_a_script_behind_a_listing_is_read(listing: str) -> None:
    page = f"<html><body>\n<pre>\n{listing}</pre>\n<script>\n{CLASS}</script>\n</body></html>\n"
    assert decision(CLASS, "javascript", "html", page.replace(CLASS, renamed(CLASS, "javascript"))) == "stop"


def decision(code: str, language: str, tag: str, said: str = "") -> str:
    index = MemoryIndex([Document(Work("w", kind="code", language=language), code)])
    guard = Guard(index, Policy(code={"min_run": 30, "min_information": 0, "min_run_information": 0}))
    return guard.check(PROSE + fenced(said or renamed(code, language), tag) + MORE).decision


PAGES = {
    "a script and a style": f"<html>\n<style>\n.a {{ color: red }}\n</style>\n<script>\n{CLASS * 3}</script>\n</html>\n",
    "a script at the end of its tag's lines": f'<script\n  type="module"\n  async>\n{CLASS * 3}</script\n>\n',
    "a comment": f"<p>\n<!--\n{CLASS * 3}\n-->\n</p>\n",
    "tags over lines": '<Shelf\n  :boxes="all.filter((one) => one.left)"\n  @put="put(box, rows)"\n  v-for="box in boxes"\n/>\n'
    * 9,
    "templates": "<ul>\n{%- for box in boxes %}\n<li>{{ box.label }}</li>\n{%- endfor %}\n</ul>\n" * 9,
    "prose": "<p>\nSo it is: words, and (some) more of them;\nand so on, for all of it.\n</p>\n" * 9,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("tag", ["html", "vue"])
def test_a_page_stays_one_whatever_its_scripts_tags_and_comments_hold(page: str, tag: str) -> None:
    assert regions(scan(fenced(page, tag))) == [("html", page)]


@pytest.mark.parametrize("code", [DENSE, JSX, C, f"/*\n{PYTHON}", "<p>\n" + CLASS, *PAGES.values()])
@pytest.mark.parametrize("tag", ["html", "c"])
def test_what_is_put_right_does_not_depend_on_the_cut(code: str, tag: str) -> None:
    text = fenced(code, tag)
    whole = characters(scan(text))
    assert characters(scan(text, tuple(range(1, len(text))))) == whole
    assert characters(scan(text, tuple(range(7, len(text), 13)))) == whole


def test_a_comment_that_is_never_closed_is_none_in_a_fence_with_a_wrong_tag() -> None:
    found = regions(scan(fenced(f"ls /*\n{PYTHON}", "c")))
    assert [language for language, _ in found] == ["c", "python"]
    assert all(a.start <= b.start for a, b in pairwise(scan(fenced(PYTHON, "python"))))
