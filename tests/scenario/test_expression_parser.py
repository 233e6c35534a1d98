"""Expressions: what they mean, and what is not one."""

from __future__ import annotations

import pytest

from simlb.config.problems import Refused
from simlb.scenario.expression_parser import parse
from simlb.scenario.expression_tree import Binary, Call, Name, Negative, Node, Not, Number, Text


def shown(node: Node) -> str:
    """A tree with all its brackets."""
    match node:
        case Number():
            return f"{node.value:g}"
        case Text():
            return repr(node.value)
        case Name():
            return node.name
        case Negative():
            return f"-{shown(node.operand)}"
        case Not():
            return f"!{shown(node.operand)}"
        case Call():
            arguments = [shown(one) for one in node.arguments] + [f"{name}={shown(one)}" for name, one in node.named]
            return f"{node.function}[{', '.join(arguments)}]"
        case Binary():
            return f"({shown(node.left)} {node.operator} {shown(node.right)})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("(U-1)*I", "((U - 1) * I)"),
        ("U*I + 2s", "((U * I) + 2)"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("6 / 3 / 2", "((6 / 3) / 2)"),
        ("-U + 1", "(-U + 1)"),
        ("300ms", "0.3"),
        ("5m", "300"),
        ("1.5h", "5400"),
        ("25%", "0.25"),
        ("health(web/3) == unhealthy", "(health[web/3] == unhealthy)"),
        ("R/4", "(R / 4)"),
        ("count(elb_5xx, from=unhealthy+1s, to=crash.healed)", "count[elb_5xx, from=(unhealthy + 1), to=crash.healed]"),
        ("count(2xx) > count(502)", "(count[2xx] > count[502])"),
        ("not a and b or c", "((!a and b) or c)"),
        ("a => b => c", "(a => (b => c))"),
        ("log.elb_status==502 => log.target_status=='-'", "((log.elb_status == 502) => (log.target_status == '-'))"),
        ('reason(i-03) == "Target.Timeout"', "(reason[i-03] == 'Target.Timeout')"),
        ("between(db-crash, db-crash.healed)", "between[db-crash, db-crash.healed]"),
        ("U-1", "(U - 1)"),
        ("db-1", "(db - 1)"),
        ("  healthy( web )==4  ", "(healthy[web] == 4)"),
        ("f()", "f[]"),
        ("f(a,)", "f[a]"),
    ],
)
def test_what_it_means(text: str, tree: str) -> None:
    assert shown(parse(text, frozenset({"i-03", "db-crash"}), frozenset({"web"}))) == tree


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a name, a number or '(' was expected at its end"),
        ("1 +", "a name, a number or '(' was expected at its end"),
        ("(1", "')' is missing at its end"),
        ("1 2", "the end was expected at character 3 ('2')"),
        ("a = b", "the end was expected at character 3 ('= b')"),
        ("a == b == c", "two comparisons in a row at character 8"),
        ("a && b", "cannot be understood at character 3"),
        ("__import__('os').system('x')", "cannot be understood at character 17"),
        ("a[0]", "cannot be understood at character 2"),
        ("lambda: 0", "cannot be understood at character 7"),
        ("x ** 2", "a name, a number or '(' was expected at character 4"),
        ("30sec", "'sec' is no unit"),
        ("1e9", "'e' is no unit"),
        ("1234567890123", "a number of more than 12 digits"),
        ("f(a=1, a=2)", "'a' is given twice"),
        ("f(a=1, b)", "what has no name comes first"),
        ("'open", "cannot be understood at character 1"),
        ("(" * 200 + ")" * 200, "an expression of more than 160 words"),
        ("(" * 60 + "1" + ")" * 60, "nested more than 24 deep"),
        ("not " * 40 + "a", "nested more than 24 deep"),
        ("-" * 40 + "1", "nested more than 24 deep"),
        ("1" + "+1" * 200, "an expression of more than 160 words"),
        ("1" * 501, "an expression of more than 500 characters"),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text)
    assert complaint in refused.value.what
    assert refused.value.code == "E661"
