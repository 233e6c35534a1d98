"""One HTML page that needs nothing but itself: both languages, light and dark, no script, no reference to a host.

Every text from a scenario is escaped here; what is marked `Html` is the only thing that is not.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import NewType

from simlb.scenario.journal import Spoken
from simlb.scenario.model import Language

Html = NewType("Html", str)
"""Text that may be put into the page as it is."""

STYLE = """
:root{color-scheme:light dark;--back:#fff;--card:#f6f7f9;--text:#1b1f24;--faint:#c9ced6;--weak:#57606a;--link:#0b57d0;
--c-good:#2e7d32;--c-fine:#7cb342;--c-calm:#1565c0;--c-alarm:#c62828;--c-alarm2:#ef5350;--c-alarm3:#8e0000;
--c-odd:#e65100;--c-wait:#f9a825;--c-none:#9aa0a6;--c-mark:#57606a}
@media (prefers-color-scheme:dark){:root{--back:#111418;--card:#1b2027;--text:#e8eaed;--faint:#3c434d;--weak:#a8b0ba;
--link:#8ab4f8;--c-good:#4caf50;--c-fine:#aed581;--c-calm:#64b5f6;--c-alarm:#ef5350;--c-alarm2:#ff8a80;--c-alarm3:#b71c1c;
--c-odd:#ff9800;--c-wait:#ffd54f;--c-none:#757c85;--c-mark:#a8b0ba}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem 1.5rem 3rem;background:var(--back);color:var(--text);
font:clamp(16px,1.1vw,22px)/1.55 system-ui,-apple-system,"Segoe UI","Noto Sans KR","Malgun Gothic",sans-serif}
h1{font-size:2em;line-height:1.2;margin:.4em 0 .1em}h2{font-size:1.35em;margin:2em 0 .5em}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35em .8em .35em 0;
border-top:1px solid var(--faint);overflow-wrap:anywhere}th{color:var(--weak);font-weight:600;border-top:0}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th.n{text-align:right}.weak{color:var(--weak)}
.lead{font-size:1.15em;margin:.2em 0 1em}
.badge{display:inline-block;padding:.15em .7em;border-radius:.4em;font-weight:700;border:2px solid currentColor}
.tick{white-space:nowrap}.good{color:var(--c-good)}.bad{color:var(--c-alarm)}.odd{color:var(--c-odd)}
.say{font-size:1.1em;font-weight:600}
figure{margin:0 0 1.6em;padding:.8em 1em;background:var(--card);border-radius:.6em;overflow-x:auto}
figcaption{font-weight:600;margin-bottom:.3em}
figure svg{display:block;width:100%;min-width:38rem;height:auto}
.legend{display:flex;flex-wrap:wrap;gap:.2em 1.4em;list-style:none;margin:.3em 0 0;padding:0}
.legend i{display:inline-block;width:1em;height:1em;margin-right:.4em;vertical-align:-.12em;border-radius:.15em}
.legend i.dashed{height:0;border-top:.25em dashed;background:none!important;vertical-align:.3em}
pre{background:var(--card);padding:1em;border-radius:.6em;overflow-x:auto;font-size:.9em}
summary{cursor:pointer;color:var(--link)}
ol.choices{margin:.2em 0;padding-left:1.6em}
.languages{float:right;font-size:.95em}
.languages label{cursor:pointer;padding:.2em .7em;border:1px solid var(--faint);border-radius:.4em;color:var(--link)}
input.language{position:absolute;opacity:0}
#en:checked~* [lang=ko]:not(:root),#ko:checked~* [lang=en]:not(:root){display:none}
#en:checked~.languages label[for=en],#ko:checked~.languages label[for=ko]{background:var(--text);color:var(--back)}
#en:focus-visible~.languages label[for=en],#ko:focus-visible~.languages label[for=ko]{outline:3px solid var(--link)}
@media print{.languages{display:none}figure{break-inside:avoid}}
"""


def escaped(text: str) -> Html:
    """Any text, as text."""
    return Html(html.escape(text))


def both(en: str, ko: str) -> Html:
    """A text in both languages, of which the page shows one. Where they are the same, it stands once."""
    if en == ko:
        return escaped(en)
    return Html(f'<span lang="en">{html.escape(en)}</span><span lang="ko">{html.escape(ko)}</span>')


def spoken(words: Spoken) -> Html:
    """The same."""
    return both(words.en, words.ko)


def element(name: str, content: str, *, kind: str = "") -> Html:
    """`content` within an element; `kind` is its class."""
    return Html(f'<{name} class="{kind}">{content}</{name}>' if kind else f"<{name}>{content}</{name}>")


def table(head: Sequence[Html], rows: Iterable[Sequence[Html]], *, numbers: frozenset[int] = frozenset()) -> Html:
    """A table; the columns in `numbers` are set right."""

    def row(name: str, cells: Sequence[Html]) -> str:
        kinds = ("n" if place in numbers else "" for place in range(len(cells)))
        written = (element(name, cell, kind=kind) for cell, kind in zip(cells, kinds, strict=True))
        return element("tr", "".join(written))

    body = "\n".join(row("td", cells) for cells in rows)
    return Html(f"<table><thead>{row('th', head)}</thead>\n<tbody>{body}</tbody></table>")


def section(en: str, ko: str, content: str) -> Html:
    """A part of the page under its heading."""
    return Html(f"<section>{element('h2', both(en, ko))}\n{content}</section>")


def page(title: Spoken, content: str, language: Language) -> str:
    """The whole document, shown in `language` first."""
    checked = {name: " checked" if name == language else "" for name in ("en", "ko")}
    # No policy is needed for what is written here; it makes sure that nothing else can be loaded or run.
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{html.escape(in_language(title, language))} · simlb</title>
<style>{STYLE}</style>
</head>
<body>
<input class="language" type="radio" name="language" id="en" aria-label="English"{checked["en"]}>
<input class="language" type="radio" name="language" id="ko" aria-label="한국어"{checked["ko"]}>
<nav class="languages"><label for="en">English</label> <label for="ko">한국어</label></nav>
<main>
{content}
</main>
</body>
</html>
"""


def in_language(words: Spoken, language: Language) -> str:
    """A text in one language."""
    return words.ko if language == "ko" else words.en
