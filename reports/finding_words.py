"""Numbers in words: one sentence for each kind of finding, for any numbers.

Each function returns None if there is nothing to compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Final

from reports import text

HOMES: Final = {
    "detached": "detached houses", "semi_detached": "semi-detached houses", "terraced": "terraced houses", "bungalow": "bungalows",
    "flat": "flats",
}  # fmt: skip
ALIKE: Final = 0.005  # relative difference below which two numbers are called the same: it is shown as 0 or 1 %
SHOWN_AS_NOTHING: Final = 0.0005  # a relative change that is written as 0.0 %
MOST_OF_THE_HEAT: Final = 0.8  # share of the heat that a small heat pump must supply to be named
REPLACED: Final = "superseded"  # the flag of readings that a newer delivery holds: nothing is wrong with them
FIRM: Final = 0.9  # an order that holds in at least this share of draws is called firm


def say_least_and_most(values: Mapping[str, float]) -> str | None:
    """Say which group needs the least heat, and how much less than the group that needs the most."""
    if len(values) < 2:  # noqa: PLR2004 - two groups, to compare
        return None
    least, most = min(values, key=lambda name: values[name]), max(values, key=lambda name: values[name])
    less = 1 - values[least] / values[most]
    if less < ALIKE:
        return "All dwelling types need about the same heat"
    return f"{first_upper(HOMES[least])} need {text.percent(less)} less heat than {HOMES[most]}"


def say_ratio(values: Mapping[str, tuple[float, float]]) -> str | None:
    """Say in which group homes differ most, by the ratio of an upper to a lower number."""
    ratios = {name: high / low for name, (low, high) in values.items() if low > 0}
    if not ratios:
        return None
    widest = max(ratios, key=lambda name: ratios[name])
    if ratios[widest] < 1 + ALIKE:
        return "Homes of one type need about the same heat"
    return f"Homes differ most among {HOMES[widest]}: the upper end needs {times(ratios[widest])} the heat of the lower"


def say_cheapest_in_types(cheapest: Mapping[str, str]) -> str | None:
    """Say which system costs least in most dwelling types."""
    if not cheapest:
        return None
    names = list(cheapest.values())
    first = max(sorted(set(names)), key=names.count)
    if names.count(first) == len(names):
        every = "in every dwelling type" if len(names) > 1 else f"in {HOMES[next(iter(cheapest))]}"
        return f"{first_upper(with_article(first))} costs least {every}"
    others = sorted({name for name in names if name != first})
    return f"{first_upper(with_article(first))} costs least in {names.count(first)} of {len(names)} dwelling types, {_listed_or(others)} in the others"


def say_shares_of_draws(shares: Mapping[str, float]) -> str | None:
    """Say how firm the order of systems is."""
    if not shares:
        return None
    first = max(shares, key=lambda name: shares[name])
    if shares[first] >= FIRM:
        return f"{first_upper(with_article(first))} is the cheapest in {text.percent(shares[first])} of draws: the order is firm"
    return (
        f"No system is certain to be the cheapest: {with_article(first)} is in {text.percent(shares[first])} of draws"
    )


def say_scale(costs: Mapping[int, float]) -> str | None:
    """Say how the cost of a network depends on its number of homes."""
    if len(costs) < 2:  # noqa: PLR2004 - two sizes, to compare
        return None
    small, large = min(costs), max(costs)
    change = costs[large] / costs[small] - 1
    if round(costs[large]) == round(costs[small]):
        return (
            f"Size hardly matters: networks of {small:,} and of {large:,} homes cost {text.gbp(costs[large])} per MWh"
        )
    sizes = f"a network of {large:,} homes costs {text.gbp(costs[large])} per MWh, one of {small:,} homes {text.gbp(costs[small])}"
    if abs(change) < 2 * ALIKE:
        return f"Size hardly matters: {sizes}"
    return f"{'Larger networks cost less' if change < 0 else 'Larger networks cost more'}: {sizes}"


def say_beside(networks: Mapping[int, float], singles: Mapping[str, float]) -> str | None:
    """Compare the cost of the cheapest network with that of the cheapest system in one home."""
    if not networks or not singles:
        return None
    network, single = min(networks.values()), min(singles, key=lambda name: singles[name])
    gap = network - singles[single]
    if abs(gap) < ALIKE * network:
        return f"The cheapest network costs about as much as {with_article(single)}"
    more = "more" if gap > 0 else "less"
    return f"The cheapest network costs {text.gbp(abs(gap))} per MWh {more} than {with_article(single)}"


def say_emissions(kg: Mapping[str, float]) -> str | None:
    """Say how much the emissions of the systems differ."""
    if len(kg) < 2:  # noqa: PLR2004 - two systems, to compare
        return None
    least, most = min(kg, key=lambda name: kg[name]), max(kg, key=lambda name: kg[name])
    if kg[least] <= 0:
        return f"{first_upper(with_article(most))} emits {kg[most]:,.0f} kg of carbon dioxide a year, {with_article(least)} none"
    return f"{first_upper(with_article(most))} emits {times(kg[most] / kg[least])} the carbon dioxide of {with_article(least)}"


def say_largest_part(parts: Mapping[str, Mapping[str, float]]) -> str | None:
    """Say which part of the cost is the largest, by system."""
    largest = {system: max(costs.items(), key=itemgetter(1))[0] for system, costs in parts.items() if costs}
    if not largest:
        return None
    kinds = {
        part: [system for system, its_largest in largest.items() if its_largest == part]
        for part in dict.fromkeys(largest.values())
    }
    if len(kinds) == 1:
        return f"{next(iter(kinds))} is the largest part of the cost of every system"
    words = [
        f"{part.lower()} for {text.listed([with_article(name) for name in names])}" for part, names in kinds.items()
    ]
    return f"Largest part of the cost: {', '.join(words)}"


def say_together(alone_kw: float, together_kw: float, homes: int) -> str:
    """Say how much less each of many homes needs at their common peak than one alone at its own."""
    less = 1 - together_kw / alone_kw
    both = f"{together_kw:.1f} kW each against {alone_kw:.1f} kW"
    if less < ALIKE:
        return f"{homes:,} homes peak together as high as one alone: {both}"
    return f"At their common peak, {homes:,} homes need {text.percent(less)} less each than one alone: {both}"


def say_change(what: str, change: float) -> str:
    """Say by how much something is more or less."""
    if abs(change) < ALIKE:
        return f"{what} about the same heat"
    return f"{what} {text.percent(abs(change))} {'more' if change > 0 else 'less'} heat"


def say_left_out(shares: Mapping[str, float]) -> str:
    """Say in which month the largest share of readings is left out, and in which the smallest."""
    if not shares or max(shares.values()) <= 0:
        return "No reading is left out"
    most, least = max(shares, key=lambda name: shares[name]), min(shares, key=lambda name: shares[name])
    if small_percent(shares[most]) == small_percent(shares[least]):
        return f"{first_upper(small_percent(shares[most]))} of readings are left out in every month"
    return f"Most readings are left out in {most}: {small_percent(shares[most])}, against {small_percent(shares[least])} in {least}"


def say_selected(seen: int, included: int) -> str:
    """Say how many homes are included."""
    if included == seen:
        return f"All {seen:,} homes seen are included"
    return f"{included:,} of {seen:,} homes seen are included"


def say_field(spf: float, low: float | None, high: float | None) -> str:
    """Compare the performance of an air source heat pump with field trials, by the digits that are shown."""
    lead = f"An air source heat pump gives {spf:.2f} units of heat for one of electricity"
    if low is None or high is None:
        return lead
    shown = round(spf, 2)
    where = "below" if shown < round(low, 2) else "above" if shown > round(high, 2) else "within"
    return f"{lead}, {where} what field trials measured ({low:.2f} to {high:.2f})"


def say_break_even(name: str, base: float, value: float | None) -> str:
    """Say at which carbon price a system costs as much as a gas boiler; `base` is the price today."""
    if value is None:
        return f"No carbon price makes {with_article(name)} as cheap as a gas boiler"
    if text.gbp(value) == text.gbp(base):
        return f"{first_upper(with_article(name))} is as cheap as a gas boiler at today's {text.gbp(base)} a tonne of carbon dioxide"
    if value < base:
        return f"{first_upper(with_article(name))} is as cheap as a gas boiler from {text.gbp(value)} a tonne of carbon dioxide on; today it is {text.gbp(base)}"
    return f"{first_upper(with_article(name))} would be as cheap as a gas boiler at {text.gbp(value)} a tonne of carbon dioxide; today it is {text.gbp(base)}"


def say_saving(costs: Mapping[str, float]) -> str | None:
    """Say what saving a tonne of carbon dioxide costs by the cheapest system."""
    if not costs:
        return None
    first = min(costs, key=lambda name: costs[name])
    if costs[first] <= 0:
        return f"{first_upper(with_article(first))} saves carbon dioxide at no extra cost"
    return f"Saving a tonne of carbon dioxide costs {text.gbp(costs[first])} with {with_article(first)}"


def say_investment(tariff: float, least: Mapping[int, float]) -> str | None:
    """Say whether networks pay at the tariff, and what the cheapest of them would need."""
    if not least:
        return None
    size = min(least, key=lambda homes: least[homes])
    paying = [homes for homes, needed in least.items() if needed <= tariff]
    if len(paying) == len(least):
        return f"Every network pays at {text.gbp(tariff)} per MWh of heat"
    if paying:
        return f"{len(paying)} of {len(least)} networks pay at {text.gbp(tariff)} per MWh of heat"
    return f"No network pays at {text.gbp(tariff)} per MWh of heat: the cheapest, of {size:,} homes, needs {text.gbp(least[size])}"


def say_cheapest_to_each(cheapest: Mapping[str, tuple[str, float]]) -> str | None:
    """Say which system costs least to society and to the household, in the order of `cheapest`."""
    if not cheapest:
        return None
    names = {name for name, _ in cheapest.values()}
    if len(names) == 1:
        costs = text.listed([f"{text.gbp(cost)} {who}" for who, (_, cost) in cheapest.items()])
        return f"{first_upper(with_article(names.pop()))} costs least per MWh: {costs}"
    words = [f"{who} {with_article(name)}, at {text.gbp(cost)}" for who, (name, cost) in cheapest.items()]
    return f"Cheapest per MWh: {'; '.join(words)}"


def say_cheapest_at(shares: Mapping[str, float], now: str) -> str | None:
    """Say which system costs least today, and in what share of a map of prices."""
    if now not in shares:
        return None
    lead = f"{first_upper(with_article(now))} costs least at today's prices"
    return (
        f"{lead} and at {text.percent(shares[now])} of the prices shown"
        if shares[now] < 1
        else f"{lead} and at all prices shown"
    )


def say_trench(costs: Mapping[float, float], single: float) -> str | None:
    """Say what a network costs in the median neighbourhood if all homes connect and if fewer do, and the cheapest system in a home."""
    if len(costs) < 2:  # noqa: PLR2004 - two shares, to compare
        return None
    most, least = max(costs), min(costs)
    network = (
        f"In the median neighbourhood a network costs {text.gbp(costs[most])} per MWh if {_connected(most)} connect and "
        f"{text.gbp(costs[least])} if {_connected(least)} do"
    )
    return f"{network}; the cheapest system in a home, {text.gbp(single)}"


def say_lower_peak(peaks: Mapping[str, float]) -> str | None:
    """Say how much lower the peak of electricity is if heat is stored or spread over the day [kW per home]."""
    if len(peaks) < 2:  # noqa: PLR2004 - two ways to run, to compare
        return None
    most, least = max(peaks, key=lambda way: peaks[way]), min(peaks, key=lambda way: peaks[way])
    less = 1 - peaks[least] / peaks[most]
    if less < ALIKE:
        return f"The peak is {peaks[most]:.1f} kW per home either way"
    return f"{first_upper(least)}, the peak is {text.percent(less)} lower: {peaks[least]:.1f} kW per home instead of {peaks[most]:.1f} kW"


def say_hybrid(shares: Mapping[float, float]) -> str | None:
    """Name the smallest heat pump that supplies most of the heat, by its share of the load."""
    enough = [size for size, share in shares.items() if share >= MOST_OF_THE_HEAT]
    if not enough:
        return None
    size = min(enough)
    if size >= 1:
        return f"Only a heat pump for the whole load supplies {text.percent(MOST_OF_THE_HEAT)} of the heat"
    return f"A heat pump for {text.percent(size)} of the load supplies {text.percent(shares[size])} of the heat"


def say_worth(worth: Mapping[str, float]) -> str | None:
    """Say what a MWh saved is worth with the cheapest and the dearest system of a home [GBP/MWh]."""
    if not worth:
        return None
    least, most = min(worth, key=lambda name: worth[name]), max(worth, key=lambda name: worth[name])
    if least == most or worth[most] < worth[least] * (1 + ALIKE):
        return f"A MWh of heat saved is worth {text.gbp(worth[most])} whatever the system"
    return f"A MWh of heat saved is worth {text.gbp(worth[least])} with {with_article(least)} and {text.gbp(worth[most])} with {with_article(most)}"


def say_store(factor: float) -> str:
    """Say how far a store lowers the mean price of electricity; `factor` is that price over the price of an even load [1]."""
    if factor > 1 - ALIKE:
        return (
            f"A heat store saves nothing under this tariff: the price is {text.percent(factor)} of that of an even load"
        )
    return f"Under this tariff a heat store lowers the price of electricity by up to {text.percent(1 - factor)}"


def say_observed(shares: Mapping[str, float]) -> str | None:
    """Say in which group the share of homes with a good reading is smallest [%]."""
    if not shares:
        return None
    least = min(shares, key=lambda name: shares[name])
    share = f"{shares[least]:.0f} %"
    if len(shares) == 1:
        return f"{share} of homes have a good reading in the mean hour"
    if max(shares.values()) - shares[least] < 1:
        return f"In every dwelling type about {share} of homes have a good reading"
    return f"{first_upper(HOMES.get(least, least))} have the fewest good readings: {share} of homes in the mean hour"


def say_judged(shares: Mapping[str, float]) -> str | None:
    """Say for which flag the fewest readings could be judged [%], or that all could be."""
    if not shares:
        return None
    least = min(shares, key=lambda name: shares[name])
    if shares[least] >= 100:  # noqa: PLR2004 - per cent
        return (
            f"All readings could be judged for all {len(shares)} faults"
            if len(shares) > 1
            else f"All readings could be judged for the fault: {least}"
        )
    return f"The fault that could be judged least often: {least} ({text.almost(shares[least])} % of readings)"


def say_met(met: int, judged: int, foreseen: int) -> str | None:
    """Say how many statements are met, and how many of the others contradict another part of the paper (`foreseen`)."""
    if not judged:
        return None
    missed = judged - met
    if not missed:
        return f"All {judged} statements of the paper are met"
    reasons = {missed: ", where the paper contradicts itself", 0: ""}
    why = reasons.get(foreseen, f", of which {foreseen} where the paper contradicts itself")
    return f"{met} of {judged} statements of the paper are met; {missed} {'is' if missed == 1 else 'are'} not{why}"


def say_moved(changes: Mapping[str, float]) -> str | None:
    """Say what moved most since the last release."""
    if not changes:
        return None
    most = max(changes, key=lambda name: abs(changes[name]))
    if abs(changes[most]) < SHOWN_AS_NOTHING:
        return "No dwelling type moved by 0.1 % or more"
    return f"{most} moved most: {text.signed(changes[most])}"


def say_ratio_to_published(ratios: Mapping[str, float]) -> str | None:
    """Say by which ratios the values of this run differ from published ones."""
    if not ratios:
        return None
    low, high = min(ratios.values()), max(ratios.values())
    if f"{low:.2f}" == f"{high:.2f}":
        return f"This run gives {low:.2f} times the published {'figure' if len(ratios) == 1 else 'figures'}"
    return f"This run gives {low:.2f} to {high:.2f} times the published figures"


def say_shapes(apart: Sequence[float]) -> str | None:
    """Say how far hours of the day lie from published ones on average, from that share of the mean hour by shape."""
    if not apart:
        return None
    low, high = (f"{100 * end:.0f}" for end in (min(apart), max(apart)))
    if high == "0":
        return f"The hours of the day lie less than {text.percent(ALIKE, 1)} from those published"
    by = high if low == high else f"{low} to {high}"
    return f"The hours of the day lie {by} % of the mean hour from those published"


def say_season(peaks: Mapping[str, float]) -> str | None:
    """Say in which season the mean week peaks highest and lowest [kWh/h]."""
    if len(peaks) < 2:  # noqa: PLR2004 - two seasons, to compare
        return None
    most, least = max(peaks, key=lambda name: peaks[name]), min(peaks, key=lambda name: peaks[name])
    if peaks[least] <= 0:
        return f"The mean week peaks at {peaks[most]:.1f} kWh an hour in {most.lower()} and needs no heat in {least.lower()}"
    return (
        f"The mean week of {most.lower()} peaks {times(peaks[most] / peaks[least])} as high as that of {least.lower()}"
    )


def _connected(share: float) -> str:
    return "all homes" if share >= 1 else f"{text.percent(share)}"


def times(ratio: float) -> str:
    """Return a ratio in words, with a decimal below ten."""
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:.0f} times"  # noqa: PLR2004 - from here on a decimal says nothing


def small_percent(share: float) -> str:
    """Return a share as a percentage, with a decimal where it is small."""
    if 0 < share < 0.0005:  # noqa: PLR2004 - it would be written as 0.0 %
        return "less than 0.1 %"
    return text.percent(share, 1 if share < 0.1 else 0)  # noqa: PLR2004 - two digits are enough


def with_article(name: str) -> str:
    """Return a name with its indefinite article."""
    lower = name[:1].lower() + name[1:]
    return f"{'an' if lower[0] in 'aeiou' else 'a'} {lower}"


def first_upper(words: str) -> str:
    """Return words with a capital letter at their beginning."""
    return words[:1].upper() + words[1:]


def _listed_or(names: list[str]) -> str:
    return " or ".join(with_article(name) for name in names)
