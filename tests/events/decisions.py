"""Decisions for tests: of chosen figures, and many of a made-up service."""

import hashlib
import random
from dataclasses import replace

from simblock.events import Decision, Spoken, Unscanned
from simblock.match import HOLDING, IndexState, Match, Report, Span
from simblock.policy import Policy, decide
from simblock.work import Work

NOW = 1_780_000_000.0
OUTCOME = {
    "stop": "stopped",
    "redact": "redacted",
    "replace": "replaced",
    "cite": "cited",
    "observe": "observed",
}
WORKS = (
    Work(
        "books/lighthouse.txt",
        "The Lighthouse at the End of the Bay",
        "Harbour Press",
        "LicenseRef-commercial",
    ),
    Work("books/cartographer.txt", "The Cartographer's Daughter", "Harbour Press", "LicenseRef-commercial"),
    Work("src/scheduler.py", "scheduler", "Quiet Systems", "GPL-3.0-only", kind="code", language="python"),
    Work("src/ring.c", None, "Quiet Systems", "MIT", kind="code", language="c"),
    Work(
        "news/2026/harbour.txt", "Harbour to be deepened <b>again</b>", "Evening Post", None, tags=("news",)
    ),
)


def match(work=WORKS[0], policy=None, **figures):
    """A match with the action that the policy has for its figures."""
    policy = policy or Policy()
    code = work.kind == "code"
    given = {
        "similarity": 0.9, "tokens": 60, "longest_run": 10, "information": 200.0, "channel": "near", "index": "works.sbx",
        "output": Span(10, 400), "source": Span(100, 480), "lines": (Span(1, 4), Span(7, 11)),
        "spans": ((10, 400, 100, 480),), "rule": "default", "action": "release", "kind": work.kind,
        "language": work.language, "view": "lexemes" if code else "words",
    } | figures  # fmt: skip
    found = Match(work=work, **given)
    resolved = policy.resolve(work, None, found.view)
    verdict = policy.judge_match(resolved, found)
    return replace(found, rule=resolved.rule, action=verdict.action if verdict else "release")


def decision(*matches, policy=None, at=NOW, tenant=None, **fields):
    """The decision that a policy makes of some matches."""
    policy = policy or Policy()
    made = decide(policy, matches, tenant)
    action = made.action if made else "release"
    number = fields.pop("number", 1)
    report = Report(
        id=hashlib.sha256(str(number).encode()).hexdigest()[:32],
        decision="release" if action == "observe" else action,
        observed="stop" if action == "observe" else None,
        matches=tuple(sorted(matches, key=lambda one: one.order)),
        decided=made,
        quoted={one.work.id: one.quoted for one in matches if one.quoted},
        indexes=(IndexState("works.sbx", 17, "aa11"),),
        policy=policy.digest,
    )
    stopped = action == "stop"
    given = {
        "request_id": None, "route": "/v1/chat/completions", "format": "chat", "model": "m", "streaming": True,
        "outcome": OUTCOME.get(action, "clean"), "scan_ms": 1.5, "first_ms": 0.2, "held_ms": 0.0,
        "streams": (Spoken("content", 0, "", 900, 10 if stopped else 900, stopped, tuple(range(len(matches)))),),
        "floor": (8, 15, 20),
    } | fields  # fmt: skip
    return Decision(at=at, id=report.id, tenant=tenant, report=report, policy=policy, **given)


HOSTILE = (
    "</style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'`",
    "\u202eevil \u2067rtl\u2066 \u200fאבגד العربية" * 3,
    "x" * 10_000,
    "a b " * 2500,
    "Z\u0351\u036b\u0343\u034f\u0334\u0319\u0324" * 40,
    "\n\t\r\x00\x1b[31m",
    "\ud800",
)
"""Names that try to break what shows them: tags, directions of writing, lengths, marks over marks, controls."""


def hostile(count=60):
    """Decisions in which everything that has a name has such a one, and the figures are very large."""
    for number in range(count):
        name = HOSTILE[number % len(HOSTILE)]
        made = decision(
            match(Work(name + str(number), name, name, name), longest_run=50),
            number=number, at=NOW + 60 * number, route=name, tenant=name, model=name, request_id=name, held_ms=1e8,
            unscanned=(Unscanned(name, name, 5),),
        )  # fmt: skip
        decided = replace(made.report.decided, rule=name, value=10**9)
        yield replace(made, id=name, report=replace(made.report, decided=decided))


ROUTES = (
    ("/v1/chat/completions", "chat"),
    ("/v1/messages", "messages"),
    ("/v1/responses", "responses"),
    ("/v1/check", None),
)


def service(count, *, seed=1, policy=None, hours=6.0, sound=0.9):
    """What a service decides in some hours: most of it clean."""
    rng = random.Random(seed)
    policy = policy or Policy(rule=[
        {"name": "code is redacted", "kind": "code", "action": "redact"},
        {"name": "news is cited", "tag": "news", "action": "cite"},
    ])  # fmt: skip
    for number in range(count):
        route, wire = rng.choices(ROUTES, (8, 4, 2, 1))[0]
        found = []
        if rng.random() > sound:
            work = rng.choices(WORKS, (6, 3, 4, 2, 3))[0]
            found = [match(
                work, policy, tokens=(tokens := rng.randint(8, 160)), longest_run=rng.randint(5, tokens),
                similarity=rng.uniform(0.3, 1.0), quoted=rng.randint(0, 110), information=rng.uniform(30, 400),
            )]  # fmt: skip
        one = decision(
            *found, policy=policy, at=NOW + 3600 * hours * number / count, number=number, route=route, format=wire,
            scan_ms=rng.lognormvariate(0.5, 0.6), first_ms=rng.lognormvariate(-1, 0.5),
        )  # fmt: skip
        if one.outcome != "clean" or rng.random() < 0.05:
            one = replace(one, held_ms=rng.lognormvariate(5.5, 0.9))
        if rng.random() < 0.004:
            one = replace(one, outcome="upstream_failed", unscanned=(Unscanned("frame", "malformed", 120),))
        elif rng.random() < 0.01:
            one = replace(one, outcome="client_gone")
        yield one


def acted(found):
    """Whether a decision kept text back."""
    return found.report.decision in HOLDING
