"""Cursors: whose they are, which word about them is the last, and when they go."""

from collections.abc import Sequence

import pytest

from collab.awareness import MAX_CLIENTS_PER_CONNECTION, AwarenessStates, Heard
from collab.wire.messages import AwarenessState, Person

ALICE, BOB, GUEST = Person("alice", "Alice é"), Person("bob", "Bob 😀"), Person(None, "Guest")


class Speaker:
    """A connection that says things of its clients."""

    def __init__(self, states: AwarenessStates, person: Person, connection: str, origin: str = ""):
        self.states, self.person = states, person
        self.connection, self.origin = connection, origin

    def says(
        self, client: int, clock: int, state: object, now: float = 0
    ) -> Sequence[AwarenessState]:
        """What is news of it."""
        return self.hears(client, clock, state, now).news

    def hears(self, client: int, clock: int, state: object, now: float = 0) -> Heard:
        return self.states.apply(
            [AwarenessState(client, clock, state)],
            connection=self.connection,
            person=self.person,
            now=now,
            origin=self.origin,
        )


@pytest.fixture
def states() -> AwarenessStates:
    return AwarenessStates()


@pytest.fixture
def alice(states: AwarenessStates) -> Speaker:
    return Speaker(states, ALICE, "a")


@pytest.fixture
def bob(states: AwarenessStates) -> Speaker:
    return Speaker(states, BOB, "b")


def test_first_word_is_news(states, alice):
    said = AwarenessState(1, 0, {"cursor": "é😀"})
    assert alice.says(1, 0, {"cursor": "é😀"}) == [said]
    assert states.states() == [said]
    assert states.owner_of(1) == "a"


@pytest.mark.parametrize(("clock", "is_news"), [(4, False), (5, False), (6, True)])
def test_only_a_higher_clock_is_news(states, alice, clock, is_news):
    alice.says(1, 5, {"n": 1})
    assert bool(alice.says(1, clock, {"n": 2})) is is_news
    assert states.states()[0].state == {"n": 2 if is_news else 1}


@pytest.mark.parametrize(("clock", "is_news"), [(4, False), (5, True), (6, True)])
def test_leaving_is_news_at_the_same_clock_too(states, alice, clock, is_news):
    alice.says(1, 5, {})
    assert bool(alice.says(1, clock, None)) is is_news
    assert bool(states.states()) is not is_news


def test_one_who_was_never_here_cannot_leave(states, alice):
    assert alice.says(1, 5, None) == []
    assert states.owner_of(1) is None


def test_nobody_speaks_for_a_client_of_somebody_else(states, alice, bob):
    alice.says(1, 0, {"n": 1})
    assert bob.says(1, 9, {"n": 2}) == []
    assert bob.says(1, 9, None) == []
    assert states.states() == [AwarenessState(1, 0, {"n": 1})]


def test_client_id_is_its_persons_again_when_its_connection_has_left(states, alice):
    alice.says(1, 3, {})
    states.leave("a")
    assert Speaker(states, ALICE, "a2").says(1, 0, {"n": 2})
    assert states.owner_of(1) == "a2"


def test_client_id_is_free_again_when_it_said_goodbye(alice, bob, states):
    alice.says(1, 3, {})
    alice.says(1, 4, None)
    assert bob.says(1, 5, {})
    assert states.owner_of(1) == "b"


def test_echo_of_a_goodbye_does_not_hand_the_client_id_over(states, alice, bob):
    bob.says(9, 0, {})
    alice.says(1, 3, {})
    alice.says(1, 3, None)
    assert bob.says(1, 3, None) == []
    assert states.leave("a") == []
    # She comes back, as stock providers do, at the clock that she had.
    assert Speaker(states, ALICE, "a2").says(1, 3, {}) == [AwarenessState(1, 4, {})]
    assert states.owner_of(1) == "a2"


def test_echo_of_a_last_word_behind_the_goodbye_does_not_hand_the_client_id_over(
    states, alice, bob
):
    bob.says(9, 0, {})
    alice.says(1, 3, {})
    alice.says(1, 3, None)
    # He repeats what he heard of her before he hears that she left, and then that too.
    assert bob.says(1, 3, {}) == []
    assert states.leave("a") == []
    assert bob.says(1, 3, None) == []
    assert Speaker(states, ALICE, "a2").says(1, 3, {}) == [AwarenessState(1, 4, {})]
    assert states.owner_of(1) == "a2"


def test_one_who_said_goodbye_is_back_before_the_first_connection_is_closed(states, alice):
    alice.says(1, 3, {})
    alice.says(1, 3, None)
    heard = Speaker(states, ALICE, "a2").hears(1, 3, {})
    assert heard == Heard([AwarenessState(1, 4, {})], [AwarenessState(1, 3, None)])
    assert states.leave("a") == []
    assert states.states() == [AwarenessState(1, 4, {})]


def test_somebody_speaks_for_their_own_earlier_connection(states, alice):
    alice.says(1, 3, {})
    assert Speaker(states, ALICE, "a2").says(1, 4, {})
    assert states.owner_of(1) == "a2"
    assert states.leave("a") == []


def test_two_visitors_are_not_one_person(states):
    Speaker(states, GUEST, "g1").says(1, 3, {})
    assert Speaker(states, GUEST, "g2").says(1, 4, {}) == []


@pytest.mark.parametrize(
    "claimed", [{"username": "alice", "name": "Alice é"}, {}, {"name": None, "color": "#123"}]
)
def test_user_is_the_one_signed_in_whatever_is_claimed(bob, claimed):
    (said,) = bob.says(1, 0, {"user": claimed, "cursor": 1})
    signed = {**claimed, "username": "bob", "name": "Bob 😀"}
    assert said.state == {"user": signed, "cursor": 1}


@pytest.mark.parametrize("state", [{"cursor": 1}, {"user": None}, {"name": {"first": "x"}}, {}])
def test_state_that_names_nobody_is_left_alone(bob, state):
    assert bob.says(1, 0, state)[0].state == state


def test_user_by_name_alone_is_the_one_signed_in_too(bob):
    assert bob.says(1, 0, {"user": "Alice é"})[0].state == {"user": "Bob 😀"}
    # As Lexical says it.
    assert bob.says(1, 1, {"name": "Alice é", "color": "#f00"})[0].state == {
        "name": "Bob 😀",
        "color": "#f00",
    }


def test_those_who_leave_are_told_at_the_clock_they_had(states, alice, bob):
    alice.says(1, 3, {})
    alice.says(2, 7, {})
    bob.says(3, 1, {})
    assert states.leave("a") == [AwarenessState(1, 3, None), AwarenessState(2, 7, None)]
    assert states.leave("a") == []
    assert [state.client for state in states.states()] == [3]


def test_one_who_said_goodbye_is_not_told_to_leave_again(states, alice):
    alice.says(1, 3, {})
    alice.says(1, 4, None)
    assert states.leave("a") == []


def test_connection_has_a_bounded_number_of_clients(states, alice, bob):
    for client in range(MAX_CLIENTS_PER_CONNECTION + 10):
        alice.says(client, 0, {})
    assert len(states.states()) == MAX_CLIENTS_PER_CONNECTION
    assert alice.says(0, 1, {})
    assert bob.says(10_000, 0, {})


def test_client_taken_over_from_another_connection_counts_too(states, alice):
    second = Speaker(states, ALICE, "a2")
    for client in range(3 * MAX_CLIENTS_PER_CONNECTION):
        alice.says(client, 0, {})
        second.says(client, 1, {})
    assert len(states.states()) == 2 * MAX_CLIENTS_PER_CONNECTION


def test_bound_holds_within_one_message(states):
    said = [AwarenessState(client, 0, {}) for client in range(500)]
    heard = states.apply(said, connection="a", person=ALICE, now=0)
    assert len(heard.news) == MAX_CLIENTS_PER_CONNECTION


def test_cursors_of_a_process_that_fell_silent_expire(states, alice):
    far = Speaker(states, BOB, "b", origin="p2")
    far.says(1, 0, {}, now=10)
    alice.says(2, 0, {}, now=0)
    assert states.expire(before=10) == []
    assert states.expire(before=11) == [AwarenessState(1, 0, None)]
    assert [state.client for state in states.states()] == [2]


@pytest.mark.parametrize("clock", [0, 1])
def test_any_word_keeps_a_cursor_of_another_process_alive(states, clock):
    far = Speaker(states, BOB, "b", origin="p2")
    far.says(1, 0, {}, now=10)
    far.says(1, clock, {}, now=20)
    assert states.expire(before=15) == []


def test_client_of_another_process_belongs_to_nobody_here(states):
    Speaker(states, BOB, "b", origin="p2").says(1, 0, {})
    assert states.owner_of(1) is None


# Stock clients ------------------------------------------------------------------------------


def test_one_who_returns_at_its_old_clock_is_told_that_it_left_and_others_a_higher_clock(
    states, bob
):
    bob.says(1, 7, {"n": 1})
    states.leave("b")
    again = Speaker(states, BOB, "b2").hears(1, 7, {"n": 1})
    assert again.news == [AwarenessState(1, 8, {"n": 1})]
    assert again.raised == [AwarenessState(1, 7, None)]


def test_one_who_returns_at_a_higher_clock_needs_nothing(states, bob):
    bob.says(1, 7, {"n": 1})
    states.leave("b")
    again = Speaker(states, BOB, "b2").hears(1, 8, {"n": 2})
    assert again == Heard([AwarenessState(1, 8, {"n": 2})], [])


def test_move_that_crossed_the_raising_of_its_clock_is_not_lost(states, bob):
    bob.says(1, 7, {"n": 1})
    states.leave("b")
    returned = Speaker(states, BOB, "b2")
    returned.says(1, 7, {"n": 1})
    moved = returned.hears(1, 8, {"n": 2})
    assert moved.news == [AwarenessState(1, 9, {"n": 2})]
    assert moved.raised == [AwarenessState(1, 8, None)]
    # What it answers to the raising says nothing new.
    assert returned.says(1, 9, {"n": 2}) == []


def test_somebody_who_left_is_not_brought_back_by_others_repeating_them(states, alice, bob):
    alice.says(1, 3, {})
    bob.says(2, 0, {})
    states.leave("a")
    assert bob.says(1, 3, {}) == []
    assert bob.says(1, 4, {}) == []
    assert [state.client for state in states.states()] == [2]


def test_second_tab_that_repeats_the_first_does_not_take_its_cursor(states, alice):
    alice.says(1, 3, {"n": 1})
    second_tab = Speaker(states, ALICE, "a2")
    second_tab.says(2, 0, {})
    # It heard of the move before we did.
    assert second_tab.says(1, 4, {"n": 2}) == []
    assert states.owner_of(1) == "a"
    assert alice.says(1, 4, {"n": 2}) == [AwarenessState(1, 4, {"n": 2})]


def test_clocks_are_raised_for_everybody_here_but_the_one_who_returned(states, alice, bob):
    alice.says(1, 3, {"n": 1})
    bob.says(2, 5, {})
    Speaker(states, ALICE, "far", origin="p2").says(3, 5, {})
    assert states.raise_clocks(apart_from="b") == {
        "a": Heard([AwarenessState(1, 4, {"n": 1})], [AwarenessState(1, 3, None)])
    }
    assert alice.says(1, 4, {"n": 1}) == []


def test_clocks_of_a_crowd_are_not_raised(states):
    for client in range(101):
        Speaker(states, BOB, f"b{client}").says(client, 0, {})
    assert states.raise_clocks(apart_from="") == {}


def test_one_who_is_back_before_its_earlier_connection_is_dead_keeps_its_cursor(states, alice):
    alice.says(1, 3, {"n": 1})
    again = Speaker(states, ALICE, "a2")
    assert again.says(1, 3, {"n": 1}) == []
    assert states.owner_of(1) == "a2"
    assert states.leave("a") == []
    assert again.says(1, 4, {"n": 2}) == [AwarenessState(1, 4, {"n": 2})]


def test_word_that_was_no_news_is_a_first_word_all_the_same(states, alice, bob):
    alice.says(1, 3, {})
    bob.says(2, 7, {})
    again = Speaker(states, ALICE, "a2")
    again.says(1, 3, {})
    states.leave("b")
    # Its echo of what it was told of bob comes late.
    assert again.says(2, 7, {}) == []
    assert states.owner_of(2) is None
    assert Speaker(states, BOB, "b2").says(2, 7, {}) == [AwarenessState(2, 8, {})]


def test_somebody_who_left_is_nobody_elses_first_word(states, alice, bob):
    bob.says(2, 7, {})
    states.leave("b")
    assert alice.says(2, 9, {}) == []
    assert states.owner_of(2) is None
