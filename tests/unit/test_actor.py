"""Actors: kinds that cannot be mistaken for one another, and what was stored before there were kinds."""

import pytest
from pydantic import ValidationError

from firstdose.domain.work.role import SOURCE, SYSTEM, Actor, ActorKind, Role


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ({"id": "system", "roles": []}, SYSTEM),
        ({"id": "source", "roles": []}, SOURCE),
        ({"id": "source"}, SOURCE),
        ({"id": "u-1", "roles": ["nurse"]}, Actor(kind=ActorKind.STAFF, id="u-1", roles=(Role.NURSE,))),
        ({"id": "u-1", "roles": []}, Actor(kind=ActorKind.STAFF, id="u-1")),
        ({"id": "source", "roles": ["nurse"]}, Actor(kind=ActorKind.STAFF, id="source", roles=(Role.NURSE,))),
    ],
)
def test_actors_stored_without_a_kind_are_read_as_they_were_meant(stored: dict[str, object], read: Actor) -> None:
    assert Actor.model_validate(stored) == read
    assert Actor.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize("kind", [kind for kind in ActorKind if kind is not ActorKind.STAFF])
def test_only_staff_have_roles(kind: ActorKind) -> None:
    with pytest.raises(ValidationError, match="only staff have roles"):
        Actor(kind=kind, id="x", roles=(Role.SUPERVISOR,))


def test_the_same_id_of_two_kinds_is_two_actors_with_two_labels() -> None:
    actors = [Actor(kind=kind, id="system") for kind in ActorKind]
    assert len({actor.label for actor in actors}) == len(set(actors)) == len(ActorKind)
    assert [SYSTEM.label, SOURCE.label] == ["system", "source"]
