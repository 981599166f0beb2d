"""A portrait as one HTML page that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape as escaped

from whisper_enrich.portrait.model import Figure, Item, Listing, Portrait, Section
from whisper_enrich.portrait.wording import counted, harmless

NO_PICTURE = "Too little is known yet for a picture."

_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --muted: #5b646d; --rule: #d0d7de; --soft: #f4f6f8;
  --blue: #0072b2; --red: #c24f00; --green: #00805d; --sans: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e3e8ed; --muted: #9aa5b1; --rule: #39424c;
  --soft: #1d232a; --blue: #56b4e9; --red: #ff9a4d; --green: #35c79a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 54rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 var(--sans); overflow-wrap: break-word; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.75rem 0 .25rem; padding-top: 1rem;
  border-top: 1px solid var(--rule); } h3 { font-size: .95rem; margin: 1.5rem 0 .35rem; }
p { margin: .35rem 0; } .state, .note, header p { color: var(--muted); font-size: .875rem; } .stale { color: var(--red); }
.said { margin: .75rem 0; padding: 0 0 0 1.1rem; } .said li { margin: .25rem 0; }
.plot { display: block; width: 100%; max-width: 35rem; height: auto; margin: 1rem 0; } .plot * { stroke-linejoin: round;
  stroke-linecap: butt; }
dl { margin: 1rem 0; } dl div { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: 0 1rem;
  padding: .3rem 0; border-bottom: 1px solid var(--rule); } dt { color: var(--muted); } dd { margin: 0; }
dd b { font-weight: 600; } dd b.long, .unknown b { font-weight: 400; } .unknown b { color: var(--muted); }
.small { color: var(--muted); font-size: .875rem; } .small + .small::before { content: "\\00b7\\00a0"; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--muted); white-space: nowrap; } th, td { padding: .3rem .75rem .3rem 0;
  border-bottom: 1px solid var(--rule); vertical-align: top; } td { white-space: pre-line; min-width: 3rem; }
td:first-child { min-width: 9rem; } td.long { min-width: 16rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } .when { white-space: nowrap; }
.dm { font-size: .75rem; color: var(--red); border: 1px solid currentColor; border-radius: .3rem; padding: 0 .3rem;
  margin-left: .3rem; white-space: nowrap; }
details { margin: 1rem 0; } summary { cursor: pointer; font-size: .95rem; font-weight: 600; }
summary span, td summary { color: var(--muted); font-size: .875rem; font-weight: 400; }
td details { margin: .15rem 0 0; } code { font-size: .8rem; overflow-wrap: anywhere; }
@media (max-width: 34rem) { dl div { grid-template-columns: 1fr; } }
"""

_LONG = 48
_OPEN_ROWS = 8
"""A longer listing is folded until somebody opens it."""
_WHEN = re.compile(r"(since )?\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?")


def escape(words: str) -> str:
    """Words as text of the page."""
    return escaped(harmless(words))


def page(portrait: Portrait, pictures: Mapping[str, str]) -> str:
    """The page; ``pictures`` are SVGs by cache."""
    head, *lines = portrait.lines
    sections = "\n".join(_section(section, pictures) for section in portrait.sections)
    title = escape(f"{portrait.name} with {portrait.bot}")
    facts = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(head)}</h1>{facts}<p>As of {escape(portrait.as_of)}.</p></header>\n{sections}\n</body>\n</html>\n"
    )


def _section(section: Section, pictures: Mapping[str, str]) -> str:
    parts = [f"<section>\n<h2>{escape(section.title)}</h2>"]
    if section.state:
        stale = " stale" if section.fresh is False else ""
        parts.append(f'<p class="state{stale}">{escape(section.state)}</p>')
    if section.sentences:
        said = "".join(f"<li>{escape(one.text)}{_mark(one.private)}</li>" for one in section.sentences)
        parts.append(f'<ul class="said">{said}</ul>')
    if section.cache is not None and (section.figures or section.listings):
        parts.append(pictures.get(section.cache) or f'<p class="note">{NO_PICTURE}</p>')
    if section.figures:
        parts.append("<dl>" + "".join(map(_figure, section.figures)) + "</dl>")
    parts += map(_listing, section.listings)
    if section.rest:
        rest = "".join(_figure(Figure(label, value)) for label, value in section.rest)
        parts.append(
            f"<details><summary>All else that was computed <span>{len(section.rest)}</span></summary><dl>{rest}</dl></details>"
        )
    return "\n".join([*parts, "</section>"])


def _mark(private: bool) -> str:
    return '<span class="dm">dm</span>' if private else ""


def _figure(figure: Figure) -> str:
    beside = [
        figure.interval and f"95%: {figure.interval}",
        figure.count,
        figure.note,
    ]
    small = "".join(f' <span class="small">{escape(words)}</span>' for words in beside if words)
    unknown = "" if figure.known else ' class="unknown"'
    long = ' class="long"' if len(figure.value) > _LONG else ""
    return f"<div{unknown}><dt>{escape(figure.label.strip())}</dt><dd><b{long}>{escape(figure.value)}</b>{small}</dd></div>"


def _listing(listing: Listing) -> str:
    if not listing.items:
        title = f"<h3>{escape(listing.title)}</h3>" if listing.title else ""
        return f'{title}<p class="note">{escape(listing.empty)}</p>'
    head = "".join(
        f'<th class="n">{escape(column[1:])}</th>' if column.startswith("#") else f"<th>{escape(column)}</th>"
        for column in listing.columns
    )
    rows = "".join(f"<tr>{_cells(listing, item)}</tr>" for item in listing.items)
    shown = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    if not listing.title:
        return shown
    is_open = " open" if len(listing.items) <= _OPEN_ROWS else ""
    count = len(listing.items)
    return f"<details{is_open}><summary>{escape(listing.title)} <span>{count}</span></summary>{shown}</details>"


def _cells(listing: Listing, item: Item) -> str:
    told = []
    for number, (column, cell) in enumerate(zip(listing.columns, item.cells, strict=True)):
        told.append(
            f"<td{_kind(column, cell)}>{escape(cell)}{_mark(item.private) + _evidence(item) if number == 0 else ''}</td>"
        )
    return "".join(told)


def _kind(column: str, cell: str) -> str:
    if column.startswith("#"):
        return ' class="n"'
    if _WHEN.fullmatch(cell):
        return ' class="when"'
    return ' class="long"' if len(cell) > _LONG else ""


def _evidence(item: Item) -> str:
    if not item.evidence:
        return ""
    ids = "<br>".join(f"<code>{escape(one)}</code>" for one in item.evidence)
    return f"<details><summary>{counted(len(item.evidence), 'message')}</summary>{ids}</details>"
