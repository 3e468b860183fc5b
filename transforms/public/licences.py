"""Licences of published data, and the sentences that state them."""

from __future__ import annotations

from dataclasses import dataclass

OF_OTHERS = (
    "Values that others published (tables assumption, claim and external_check) stay under the terms of their publishers, "
    "who are named in the columns source and study."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One licence for data: its SPDX identifier, its usual name, and the address of its text."""

    identifier: str
    title: str
    url: str


LICENCES = {
    licence.identifier: licence
    for licence in (
        Licence(identifier="CC0-1.0", title="CC0 1.0", url="https://creativecommons.org/publicdomain/zero/1.0/"),
        Licence(identifier="CC-BY-4.0", title="CC BY 4.0", url="https://creativecommons.org/licenses/by/4.0/"),
        Licence(identifier="CC-BY-SA-4.0", title="CC BY-SA 4.0", url="https://creativecommons.org/licenses/by-sa/4.0/"),
        Licence(identifier="CC-BY-NC-4.0", title="CC BY-NC 4.0", url="https://creativecommons.org/licenses/by-nc/4.0/"),
        Licence(identifier="ODC-By-1.0", title="ODC-By 1.0", url="https://opendatacommons.org/licenses/by/1-0/"),
        Licence(identifier="ODbL-1.0", title="ODbL 1.0", url="https://opendatacommons.org/licenses/odbl/1-0/"),
        Licence(
            identifier="OGL-UK-3.0",
            title="Open Government Licence v3.0",
            url="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        ),
    )
}
SAMPLE_LICENCE = LICENCES["CC-BY-4.0"]
SAMPLE_PUBLISHER = "The Hearth authors"
UNNAMED_PUBLISHER = "publisher not named"


def find_licence(identifier: str) -> Licence:
    """Return the licence of an SPDX identifier.

    Raises
    ------
    ValueError
        If Hearth knows no such licence for data; the message lists those that it knows.

    """
    if identifier not in LICENCES:
        message = f"{identifier!r} is no licence for data that Hearth knows; choose one of {', '.join(LICENCES)}"
        raise ValueError(message)
    return LICENCES[identifier]


def state_licence(licence: Licence | None, publisher: str) -> str:
    """State in words the terms under which the published tables may be used."""
    if licence is None:
        return (
            "No licence is given. The tables were made from readings that their holder licensed; ask the publisher "
            f"({publisher}) before you pass them on. {OF_OTHERS}"
        )
    return f"{licence.title} ({licence.url}), attribution: {publisher}. {OF_OTHERS}"
