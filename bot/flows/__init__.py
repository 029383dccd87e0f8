"""The flows, one subject a file. A new one is a file here, its name in ALL, and a transcript in tests."""

from bot.conversation import Flows
from bot.flows import (
    alerts,
    answers,
    article,
    fairs,
    genuine,
    guided,
    language,
    media,
    menu,
    numbers,
    offer,
    person,
    places,
    privacy,
    signing_up,
    staff,
    urgent,
    vacancies,
)

ALL = Flows(
    flows=(
        numbers.FLOW,
        menu.FLOW,
        article.FLOW,
        answers.FLOW,
        language.FLOW,
        privacy.FLOW,
        person.FLOW,
        signing_up.FLOW,
        alerts.FLOW,
        fairs.FLOW,
        places.FLOW,
        guided.FLOW,
        genuine.FLOW,
        offer.FLOW,
        staff.FLOW,
        vacancies.FLOW,
    ),
    urgent=urgent.help_first,
    media=media.receive,
    answer=answers.answer,
    welcome=menu.welcome,
    relay=person.relay,
)
