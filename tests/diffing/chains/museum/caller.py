"""A program that uses the first version of the museum's client; `# !3` breaks by the third edit."""

from __future__ import annotations

import museum
from museum import Museum, models

client = Museum()


def programme(place: str) -> list[str]:
    found = client.events.list(kind="tour")
    here = client.events.list(place=place)  # !3
    talks = client.events.list(kind="talk")  # !12
    return [event.title for event in (*found.items, *here.items, *talks.items)]


def hours() -> None:
    client.hours.list(limit=10)
    for hours in client.hours.list(limit=100).items:  # !6
        print(hours.day, hours.opens)


def prepare(title: str) -> models.Event:
    event = client.events.create(title=title, price=10, kind="tour")
    client.events.create(title="Night", price=1.5, place="hall")  # !13
    print(event.seats)  # !5
    return event


def costs(event: models.Event) -> float:
    return event.price * 2  # !8


def buy(event: models.Event, names: list[str]) -> str:
    guests = [models.Person(name=name) for name in names]
    ticket = client.tickets.buy(event=event.id, visitors=guests)  # !9,16
    client.tickets.buy(event=event.id, visitors=guests, code="free")  # !16
    return ticket.number


def cancel(event):
    try:
        client.events.delete(event.id)  # !14
    except museum.NotFoundError:
        pass
    return client.events.get(event.id).title


cancel(prepare("Opening"))


def watch() -> None:
    with client.visitors.watch() as stream:  # !20
        for visitor in stream:
            print(visitor.name, visitor.age)  # !18
