"""Second stage: days, weeks, months, seasons, years, and what is counted from now.

Words that leave a choice ("on Friday", "in May") mean the last that has begun; the coming one where the sentence looks ahead.
"""

from __future__ import annotations

from whisper_enrich.hot_path.time_phrases import counted, days, named
from whisper_enrich.hot_path.time_phrases.rules import Rule

# What stands before a month, season or year that is meant as a time.
_BEFORE = "(?:(?<=[iSUFBbfkE])|(?<=P[πηU])|(?<=[bf]d)|(?<=[SUFBkE]d))"
PERIODS: tuple[Rule, ...] = (
    ("P", "σ", counted.vague),
    ("P", "τd?(?:[ltx]u|u[ρν])", counted.this_time),
    ("P", "Ka[j]?D", counted.ago_from_day),
    ("P", "nWa", days.weekdays_ago),
    ("P", "nψa", days.parts_ago),
    ("P", "Ka|AK", counted.ago),
    ("P", "K[z]|iK(?!k)", counted.ahead_of_now),
    ("P", "d?[lLρ]K|[dt]?nρ[uV]|[dt]?Kρ|d?Lu", counted.counted_back),
    ("P", "d?x[K]|d?Kν", counted.coming_units),
    ("P", "id[lρ]u(?!ρ)", counted.in_the_last_unit),
    ("P", "d?u[BF][lx](?![uwmshpK])|d?[ltx]u[ρν]?|d?u[ρν]|d?[ρν]u", counted.unit_by_step),
    ("P", "N", days.part_of_day_word),
    ("P", "[ij]?d?ω", days.part_of_weekday),
    ("P", "d?w[BF][lx](?![uwmshpK])|d?l[wv](?!k)|d?[tLx][wv]|d?w[ρν]|d?[ρν]w", days.which_weekday),
    ("P", "T|tp", days.this_part),
    ("P", "d?pBl(?![uwmshpK])|d?[lρ]p|d?pρ", days.last_part),
    ("P", "D", days.day_word),
    ("P", "(?<=[ijSUFBbfπη])I", named.date_in_figures),
    ("P", "I", named.full_date_in_figures),
    ("P", "J", named.year_and_month),
    ("P", "(?:[fij]?d?[nφ]δ?[πU]|bd?[nφ]δ?η)d?[nφ]δ?k?d?[mM](?:[kζ]?y)?", named.calendar_day),
    ("P", "[mM][nφ]π[nφ](?:ζ?y)?", named.calendar_day),
    ("P", "j?d?[mM]ζ?d?[noφ](?![VuH])(?:ζ?y)?", named.calendar_day),
    ("P", "j?[mM]δ[nφ](?:ζ?y)?", named.after_short_month),
    ("P", "[jd]*[noZφ]δ?k?d?[mM](?:[kζ]?y)?", named.calendar_day),
    ("P", "d?uk?d?φ(?!k?d?[mM])|d?ukd?n(?!V|k?d?[mM])", named.week_of),
    ("P", "d?[ltxL][mM]|d?m[ρν]|d?[ltxL][sh]|d?[sh][ρν]|d?[ρν][smh]", named.named_period),
    ("P", "[ij]?d?[shQ]k?y|[ij]d?[hQ]|Q|" + _BEFORE + "d?h|(?<=α)d?h|h(?=[kd]*[ltx]u|[kd]*u[ρν])", named.named_in_year),
    ("P", "d?[oZ]uk?y?", named.ordinal_quarter),
    ("P", "i?d?[mM][kζ]?y|id?[mM]|" + _BEFORE + "d?[mM]", named.month_by_name),
    ("P", "[mM]", named.bare_month),
    ("P", "h", named.bare_holiday),
    ("P", "id?s|" + _BEFORE + "d?s", named.named_in_year),
    ("P", "i?d?uy|id?y|" + _BEFORE + "y", named.whole_year),
    ("P", "i?d?Y", named.whole_decade),
    ("P", "[ij]?d?w", days.weekday),
    ("P", "jv|v(?=p)", days.short_weekday),
    ("P", "[ij]d?u|du", counted.the_weekend),
    ("P", "j?dφ|κnδ", named.day_of_month),
    ("P", "(?<=[jiSUBFbfkηα])[dG]?[lx]?β", named.anchor),
)
