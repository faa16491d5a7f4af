"""Transforms of code that say that a function does the same: made-up functions are run before and after.

The functions loop, branch, break, return early, call something with an effect, and change a list that they are
given; Python runs them in this process, JavaScript in one process of node where there is one.
"""

from __future__ import annotations

import ast
import builtins
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evasions import CODE
from simblock.grammar import grammar

INPUTS = ((1, 2), (5, -3), (0, 0), (17, 4), (-9, 30))
GIVEN = [3, 1, 4, 1]
SAYS = ("Preserves what the function does", "Preserves everything but", "Preserves every token")
GROUPS = ("code-surface", "code-names", "code-edits", "code-rewrites")
KEEPING = [
    name for name, one in CODE.items() if one.group in GROUPS and (one.make.__doc__ or "").startswith(SAYS)
]
PROGRAMS = 5


class Writer:
    """Writes functions of (p, q, arr) whose every loop ends, in Python or JavaScript."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng, self.python, self._count = rng, language == "python", 0

    def function(self) -> str:
        rows = [*self._block(["p", "q"], 1, self.rng.randint(6, 11)), self._end("return p + q")]
        return (
            "\n".join(
                self._under("def target(p, q, arr)" if self.python else "function target(p, q, arr)", rows)
            )
            + "\n"
        )

    def _end(self, text: str) -> str:
        return text if self.python else f"{text};"

    def _under(self, head: str, rows: list[str]) -> list[str]:
        inner = [f"    {row}" for row in rows]
        return [f"{head}:", *inner] if self.python else [f"{head} {{", *inner, "}"]

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def _value(self, names: list[str], depth: int = 0) -> str:
        pick = self.rng.randrange(10)
        if depth > 2 or pick < 4:
            return self.rng.choice(names)
        simple = (
            str(self.rng.randrange(1, 30)),
            f"tick({self.rng.choice(names)})",
            f"arr[{self.rng.randrange(4)}]",
        )
        if pick < 7:
            return self.rng.choice(simple)
        left, right = self._value(names, depth + 1), self._value(names, depth + 1)
        return f"{left} {self.rng.choice('+-')} {right}" if pick < 9 else f"({left} - {right}) * 3"

    def _condition(self, names: list[str]) -> str:
        made = f"{self._value(names, 2)} {self.rng.choice(('<', '>', '<=', '>=', '==', '!='))} {self._value(names, 1)}"
        if self.rng.random() < 0.2:
            made = f"{made} {'and' if self.python else '&&'} {self.rng.choice(names)} > 3"
        if self.rng.random() < 0.15:
            made = f"not ({made})" if self.python else f"!({made})"
        return made

    def _block(self, names: list[str], depth: int, count: int) -> list[str]:
        known = list(names)
        return [row for _ in range(count) for row in self._statement(known, depth)]

    def _statement(self, names: list[str], depth: int) -> list[str]:
        own = [name for name in names if not name.startswith("step")]
        kinds: list[Callable[[list[str], list[str], int], list[str]]] = [
            self._plain,
            self._plain,
            self._declared,
        ]
        kinds += [] if depth > 2 else [self._branch, self._counted, self._while]
        return self.rng.choice(kinds)(names, own, depth)

    def _plain(self, names: list[str], own: list[str], depth: int) -> list[str]:
        name, value = self.rng.choice(own), self._value(names)
        choice = f"{'' if self.python else '('}{value if self.python else self._condition(names)}"
        ternary = f"{value} if {self._condition(names)} else {self._value(names, 2)}" if self.python else f"{choice}) ? {value} : {self._value(names, 2)}"  # fmt: skip
        forms = (f"{name} {self.rng.choice('+-')}= {value}", f"{name} = {name} + {self._value(names, 2)}", f"{name} += 1",
                 f"arr[{self.rng.randrange(4)}] = {value}", f"{name} = {ternary}")  # fmt: skip
        return [self._end(self.rng.choice(forms))]

    def _declared(self, names: list[str], own: list[str], depth: int) -> list[str]:
        name, value = self._fresh(self.rng.choice(("v_", "vName"))), self._value(names)
        names.append(name)
        return [self._end(f"{name} = {value}" if self.python else f"let {name} = {value}")]

    def _headed(self, word: str, condition: str) -> str:
        return f"{word} {condition}" if self.python else f"{word} ({condition})"

    def _branch(self, names: list[str], own: list[str], depth: int) -> list[str]:
        body = self._block(names, depth + 1, self.rng.randint(1, 3))
        if self.rng.random() < 0.25:
            body.append(self._end(f"return {self._value(names)}"))
        made = self._under(self._headed("if", self._condition(names)), body)
        if self.rng.random() < 0.4:
            return made
        other = self._under("else", self._block(names, depth + 1, self.rng.randint(1, 3)))
        return made + other if self.python else [*made[:-1], f"}} {other[0]}", *other[1:]]

    def _loop_body(self, names: list[str], step: str, depth: int) -> list[str]:
        body = self._block([*names, step], depth + 1, self.rng.randint(1, 3))
        if self.rng.random() < 0.3:
            jump = [self._end(self.rng.choice(("break", "continue")))]
            body = self._under(self._headed("if", self._condition(names)), jump) + body
        return body

    def _counted(self, names: list[str], own: list[str], depth: int) -> list[str]:
        step, body = self._fresh("step"), []
        body = self._loop_body(names, step, depth)
        if self.python:
            return self._under(
                f"for {step} in {self.rng.choice(('range(4)', 'range(1, 3)', 'list(arr)'))}", body
            )
        heads = (f"for (let {step} = 0; {step} < 4; {step}++)", f"for (const {step} of arr.slice())")
        return self._under(self.rng.choice(heads), body)

    def _while(self, names: list[str], own: list[str], depth: int) -> list[str]:
        step = self._fresh("step")
        names.append(step)
        body = [self._end(f"{step} += 1"), *self._loop_body(names, step, depth)]
        first = self._end(f"{step} = 0" if self.python else f"let {step} = 0")
        return [first, *self._under(self._headed("while", f"{step} < 3"), body)]


def variants(language: str) -> list[tuple[str, int, str]]:
    """(transform, number of the program, code), the program itself under no name."""
    made = []
    for number in range(PROGRAMS):
        code = Writer(random.Random(f"{language} {number}"), language).function()
        made.append(("", number, code))
        for name in KEEPING:
            changed = CODE[name].make(code, language, random.Random(f"{name} {number}"))
            made += [] if changed is None else [(name, number, changed)]
    return made


class Ticking(dict[str, Any]):
    """Globals in which every name that is not defined is the function with an effect, whatever it is called now."""

    def __init__(self) -> None:
        super().__init__()
        self.state = 0

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name) if name in grammar("python").builtins else self.tick

    def tick(self, value: int) -> int:
        self.state = (self.state * 3 + value) % 1009
        return self.state % 7


def run_python(code: str) -> list[Any]:
    name = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)][-1]
    found = []
    for one, other in INPUTS:
        scope, given = Ticking(), list(GIVEN)
        exec(compile(code, "copy", "exec"), scope)
        try:
            result = scope[name](one, other, given)
        except UnboundLocalError as error:
            result = type(error).__name__
        found.append([result, given, scope.state])
    return found


JAVASCRIPT = """
const run = (code, inputs, given) => inputs.map(([one, other]) => {
  let state = 0;
  const arr = given.slice();
  const tick = (value) => { state = (state * 3 + value) % 1009; return state % 7; };
  const names = [...code.replace(/\\/\\*.*?\\*\\//gs, ' ').matchAll(/function\\s+([\\w$]+)/g)].map((it) => it[1]);
  const scope = new Proxy({}, {
    has: (_, key) => typeof key === 'string' && key !== 'Symbol' && !names.includes(key),
    get: (_, key) => (key === Symbol.unscopables ? undefined : tick),
  });
  const last = new Function('scope', `with (scope) {${code}\\nreturn ${names[names.length - 1]};}`)(scope);
  return [last(one, other, arr), arr, state];
});
const { codes, inputs, given } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(codes.map((code) => run(code, inputs, given))));
"""


def run_javascript(codes: list[str], folder: Path) -> list[Any]:
    script = folder / "run.js"
    script.write_text(JAVASCRIPT, "utf-8")
    given = json.dumps({"codes": codes, "inputs": INPUTS, "given": GIVEN})
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, str(script)], input=given, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def check(made: list[tuple[str, int, str]], outcomes: list[Any]) -> None:
    """Every variant gave what its program gave, and enough transforms were tried."""
    before = {number: outcome for (name, number, _), outcome in zip(made, outcomes, strict=True) if not name}
    for (name, number, code), outcome in zip(made, outcomes, strict=True):
        assert outcome == before[number], f"{name}\n{code}"
    assert len({name for name, _, _ in made}) >= 30
    assert len({json.dumps(outcome) for outcome in before.values()}) > PROGRAMS / 2


@pytest.fixture(autouse=True)
def _no_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMBLOCK_CODE_CORPUS", str(tmp_path))


def test_python_functions_give_the_same_after_every_transform_that_says_so() -> None:
    made = variants("python")
    check(made, [run_python(code) for _, _, code in made])


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_javascript_functions_give_the_same_after_every_transform_that_says_so(tmp_path: Path) -> None:
    made = variants("javascript")
    check(made, run_javascript([code for _, _, code in made], tmp_path))


def test_a_function_that_does_something_else_is_seen() -> None:
    code = Writer(random.Random("python 0"), "python").function()
    other = code.replace("return p + q", "return p + q + 1")
    with pytest.raises(AssertionError, match="changed"):
        check([("", 0, code), ("changed", 0, other)], [run_python(code), run_python(other)])
