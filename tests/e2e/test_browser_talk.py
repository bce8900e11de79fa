"""What people do around a document, in two browsers: comments, chat, sharing, following."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import test_browser
from tests.e2e.people import Cast
from tests.e2e.test_browser import Desk
from tests.services import Server

# The same people at the same desks.
browser_type_launch_args = test_browser.browser_type_launch_args
new_desk = test_browser.new_desk
alice = test_browser.alice
bob = test_browser.bob

WORDS = "We ship on **Thursday** é😀, all of us.\n\nAsk the press for a quiet day.\n\nThe end."


@pytest.fixture
def document(cast: Cast) -> str:
    document = cast.alice.create(kind="richtext", title="Plans", bob="editor", vera="commenter")
    write(cast, document, WORDS)
    for person in (cast.alice, cast.bob, cast.vera, cast.charlie):
        person.call("PATCH", "/notifications/", json={"read": True})
    return document


def write(cast: Cast, document: str, markdown: str) -> None:
    ops = {"ops": [{"append": markdown}]}
    cast.alice.call("POST", f"/documents/{document}/edits/", json=ops)


def threads(desk: Desk) -> Locator:
    return desk.page.get_by_test_id("thread")


def marks(desk: Desk) -> Locator:
    return desk.editor.locator("[data-comment]")


def comment_on(desk: Desk, passage: Locator, text: str) -> None:
    """Select a passage with the mouse, and say something about it."""
    passage.click(click_count=3)
    desk.page.get_by_test_id("comment-button").click()
    desk.page.get_by_test_id("draft").get_by_label("Comment", exact=True).fill(text)
    desk.page.get_by_test_id("draft").get_by_role("button", name="Comment", exact=True).click()
    expect(desk.page.get_by_test_id("draft")).to_have_count(0)


def open_card(desk: Desk) -> Locator:
    """The only thread, opened."""
    card = threads(desk)
    expect(card).to_be_visible()
    if card.get_attribute("data-active") is None:
        card.get_by_role("button", name=re.compile("^Comment by")).click()
    expect(card).to_have_attribute("data-active", "true")
    return card


def expect_unread(desk: Desk, count: int) -> None:
    expect(desk.page.get_by_test_id("bell")).to_have_attribute("data-unread", str(count))


# Comments -------------------------------------------------------------------------------------


def test_a_comment_is_seen_answered_and_settled_while_both_look(alice, bob, document):
    alice.open(document)
    bob.open(document)
    alice.editor.locator("strong").dblclick()
    alice.page.get_by_test_id("comment-button").click()
    alice.type("Is that certain, @bo")
    expect(alice.page.get_by_test_id("mentions").get_by_role("option")).to_have_count(1)
    alice.page.keyboard.press("Enter")
    alice.type("é😀?")
    alice.page.keyboard.press("Control+Enter")

    expect(threads(bob)).to_contain_text("Is that certain, @bob é😀?")
    expect(marks(bob)).to_have_text("Thursday")
    expect_unread(bob, 1)

    reply = open_card(bob).get_by_label("Reply", exact=True)
    reply.fill("All green since Tuesday.")
    reply.press("Control+Enter")
    expect(threads(alice)).to_contain_text("All green since Tuesday.")
    expect_unread(alice, 1)

    threads(bob).get_by_role("button", name="Resolve").click()
    for desk in (alice, bob):
        expect(threads(desk)).to_have_count(0)
        expect(marks(desk)).to_have_count(0)
    alice.page.get_by_test_id("comments-button").click()
    alice.page.get_by_text("Resolved", exact=True).click()
    expect(threads(alice)).to_contain_text("Resolved by bob")
    threads(alice).get_by_role("button", name="Reopen").click()
    expect(marks(bob)).to_have_text("Thursday")


def test_ones_own_comment_can_be_said_otherwise_and_taken_back(alice, bob, document):
    alice.open(document)
    bob.open(document)
    comment_on(alice, alice.editor.locator("p").nth(1), "Frist thought")
    expect(threads(bob)).to_contain_text("Frist thought")
    expect(open_card(bob).get_by_label("More for this comment")).to_have_count(0)

    card = open_card(alice)
    card.get_by_label("More for this comment").click()
    alice.page.get_by_role("menuitem", name="Edit").click()
    card.get_by_label("Edit comment").fill("First thought é😀")
    card.get_by_role("button", name="Save").click()
    expect(threads(bob)).to_contain_text("First thought é😀")
    expect(threads(bob)).to_contain_text("edited")

    card.get_by_label("More for this comment").click()
    alice.page.get_by_role("menuitem", name="Delete").click()
    alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for desk in (alice, bob):
        expect(threads(desk)).to_have_count(0)
        expect(marks(desk)).to_have_count(0)


def test_a_highlight_goes_with_its_text_until_that_is_removed(alice, bob, cast, document):
    alice.open(document)
    bob.open(document)
    comment_on(alice, alice.editor.locator("p").nth(1), "Which day?")
    expect(marks(bob)).to_have_text("Ask the press for a quiet day.")
    bob.editor.locator("p").nth(1).click()
    bob.page.keyboard.press("Home")
    bob.type("é😀 Please: ")
    bob.page.keyboard.press("Control+Home")
    bob.type("Above. ")
    for desk in (alice, bob):
        desk.expect_words("é😀 Please: Ask the press", "Above.")
        expect(marks(desk)).to_have_text("Ask the press for a quiet day.")

    bob.editor.locator("p").nth(1).click(click_count=3)
    bob.page.keyboard.press("Delete")
    expect(marks(alice)).to_have_count(0)
    alice.page.get_by_test_id("comments-button").click()
    expect(threads(alice)).to_contain_text("Text removed")
    expect(threads(alice)).to_contain_text("Ask the press for a quiet day.")


def test_whoever_may_comment_does_so_and_changes_no_word(alice, new_desk, cast, document):
    before = cast.alice.content(document)
    vera = new_desk(cast.vera)
    vera.open(document)
    alice.open(document)
    expect(vera.editor).to_have_attribute("contenteditable", "false")
    comment_on(vera, vera.editor.locator("p").nth(1), "May I ask? é😀")
    expect(threads(alice)).to_contain_text("May I ask? é😀")
    expect(marks(alice)).to_have_text("Ask the press for a quiet day.")
    assert cast.alice.content(document) == before


def test_a_viewer_reads_comments_and_is_offered_none(alice, bob, cast, document):
    cast.alice.call("PATCH", f"/documents/{document}/members/bob/", json={"role": "viewer"})
    alice.open(document)
    bob.open(document)
    comment_on(alice, alice.editor.locator("p").nth(1), "For your eyes")
    expect(open_card(bob)).to_contain_text("For your eyes")
    expect(threads(bob).get_by_label("Reply", exact=True)).to_have_count(0)
    expect(threads(bob).get_by_role("button", name="Resolve")).to_have_count(0)
    bob.editor.locator("p").nth(2).click(click_count=3)
    expect(bob.page.get_by_test_id("comment-button")).to_have_count(0)


def test_lines_of_code_have_comments_too(alice, bob, cast):
    document = cast.alice.create(kind="text", title="notes.py", bob="commenter")
    ops = {"ops": [{"insert": "def é():\n    return '😀'\n", "at": 0}]}
    cast.alice.call("POST", f"/documents/{document}/edits/", json=ops)
    alice.open(document)
    bob.open(document)
    comment_on(bob, bob.page.locator(".cm-line").nth(1), "Say it in words")
    expect(threads(alice)).to_contain_text("Say it in words")
    alice.editor.click()
    alice.page.keyboard.press("Control+Home")
    alice.type("# é😀\n")
    bob.expect_words("# é😀")
    expect(marks(bob)).to_contain_text("return")


def test_a_comment_needs_no_mouse(alice, bob, document):
    alice.open(document)
    bob.open(document)
    alice.editor.focus()
    alice.page.keyboard.press("Control+End")
    alice.page.keyboard.press("Shift+Home")
    expect(alice.page.get_by_test_id("comment-button")).to_be_visible()
    alice.page.keyboard.press("Control+Alt+m")
    expect(alice.page.get_by_label("Comment", exact=True)).to_be_focused()
    alice.type("By hand")
    alice.page.keyboard.press("Control+Enter")
    expect(threads(bob)).to_contain_text("By hand")
    expect(marks(bob)).to_have_text("The end.")


def test_comments_are_read_over_rest_while_no_socket_can_be_opened(alice, bob, document):
    alice.open(document)
    comment_on(alice, alice.editor.locator("p").nth(1), "Read me on a train é😀")
    bob.open(document)
    expect(threads(bob)).to_contain_text("Read me on a train é😀")
    bob.page.route_web_socket("**/ws/**", lambda socket: socket.close())
    bob.page.reload()
    expect(bob.page.get_by_test_id("offline")).to_be_visible()
    expect(threads(bob)).to_contain_text("Read me on a train é😀")
    expect(marks(bob)).to_have_text("Ask the press for a quiet day.")


# The bell ---------------------------------------------------------------------------------------


def test_the_bell_rings_in_the_list_and_leads_to_the_comment(alice, bob, document):
    alice.open(document)
    expect_unread(bob, 0)
    comment_on(alice, alice.editor.locator("p").nth(1), "What do you say, @bob?")
    expect_unread(bob, 1)
    bob.page.get_by_test_id("bell").click()
    news = bob.page.get_by_test_id("notifications")
    expect(news).to_contain_text("What do you say, @bob?")
    news.get_by_role("button", name="mentioned you").first.click()
    expect(threads(bob)).to_have_attribute("data-active", "true")
    expect(threads(bob)).to_contain_text("What do you say, @bob?")
    expect_unread(bob, 0)


def test_the_list_of_documents_updates_itself(new_desk, cast):
    charlie = new_desk(cast.charlie)
    document = cast.alice.create(kind="richtext", title="Out of the blue é😀")
    cast.alice.invite(document, "charlie", "viewer")
    row = charlie.page.get_by_role("link", name="Out of the blue é😀")
    expect(row).to_be_visible()
    cast.alice.call("PATCH", f"/documents/{document}/", json={"title": "Renamed meanwhile"})
    expect(charlie.page.get_by_role("link", name="Renamed meanwhile")).to_be_visible()
    expect(row).to_have_count(0)
    cast.alice.call("DELETE", f"/documents/{document}/members/charlie/")
    expect(charlie.page.get_by_role("link", name="Renamed meanwhile")).to_have_count(0)


# Presence and chat --------------------------------------------------------------------------------


def test_a_click_on_somebody_follows_them_until_one_moves_oneself(alice, bob, cast, document):
    write(cast, document, "\n\n".join(f"Paragraph {number} é😀." for number in range(60)))
    alice.open(document)
    bob.open(document)
    last = alice.editor.locator("p", has_text="Paragraph 59")
    expect(last).not_to_be_in_viewport()
    bob.type_at_end(" Here")
    alice.page.get_by_role("button", name="Follow bob").click()
    following = alice.page.get_by_test_id("following")
    expect(following).to_contain_text("Following bob")
    expect(last).to_be_in_viewport()
    bob.page.keyboard.press("Control+Home")
    expect(alice.editor.locator("p").first).to_be_in_viewport()
    expect(last).not_to_be_in_viewport()

    alice.page.mouse.move(500, 500)
    alice.page.mouse.wheel(0, 50)
    expect(following).to_have_count(0)
    bob.page.keyboard.press("Control+End")
    bob.type(" again")
    alice.expect_words("Here again")
    expect(last).not_to_be_in_viewport()

    alice.page.get_by_role("button", name="Follow bob").click()
    expect(following).to_be_visible()
    bob.page.close()
    expect(following).to_have_count(0)


def test_who_types_follows_nobody_any_more(alice, bob, document):
    alice.open(document)
    bob.open(document)
    bob.type_at_end(" Here")
    alice.editor.click()
    alice.page.get_by_role("button", name="Follow bob").click()
    expect(alice.page.get_by_test_id("following")).to_be_visible()
    alice.editor.focus()
    alice.type("x")
    expect(alice.page.get_by_test_id("following")).to_have_count(0)


def test_people_talk_beside_the_document(alice, bob, cast, document):
    alice.open(document)
    bob.open(document)
    alice.page.get_by_test_id("chat-button").click()
    alice.page.get_by_label("Message").fill("Shall we ship é😀?")
    alice.page.keyboard.press("Enter")
    button = bob.page.get_by_test_id("chat-button")
    expect(button).to_have_attribute("data-count", "1")
    button.click()
    expect(bob.page.get_by_test_id("message")).to_have_text("Shall we ship é😀?")
    expect(button).to_have_attribute("data-count", "0")
    bob.page.get_by_label("Message").fill("We shall.")
    bob.page.keyboard.press("Enter")
    expect(alice.page.get_by_test_id("message").last).to_have_text("We shall.")
    # What programs say is heard as well.
    cast.vera.call("POST", f"/documents/{document}/messages/", json={"text": "Three cheers"})
    for desk in (alice, bob):
        expect(desk.page.get_by_test_id("message")).to_have_count(3)
        expect(desk.page.get_by_test_id("message").last).to_have_text("Three cheers")


# Sharing ------------------------------------------------------------------------------------------


def open_share(desk: Desk, document: str) -> Locator:
    desk.open(document)
    desk.page.get_by_test_id("share-button").click()
    dialog = desk.page.get_by_role("dialog", name="Share this document")
    expect(dialog.get_by_test_id("members")).to_be_visible()
    return dialog


def choose(desk: Desk, select: str, option: str) -> None:
    desk.page.get_by_test_id(select).click()
    desk.page.get_by_role("option", name=option, exact=True).click()


def test_a_link_lets_a_visitor_in_and_out_again(alice, browser, cast, document):
    context = browser.new_context(base_url=cast.server.url)
    visitor = Desk(context, cast.charlie)
    # Nobody is signed in.
    visitor.forgive(r"status of 401")
    visitor.page.goto(f"/documents/{document}/")
    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()

    dialog = open_share(alice, document)
    choose(alice, "link-reach", "Anyone with the link")
    expect(dialog.get_by_test_id("link-access")).to_have_attribute("data-reach", "anyone")
    choose(alice, "link-end", "For a week")
    expect(dialog.get_by_test_id("link-until")).to_contain_text("The link works until")
    visitor.open(document)
    visitor.expect_words("Thursday")
    expect(visitor.editor).to_have_attribute("contenteditable", "false")
    expect(visitor.page.get_by_test_id("sign-in")).to_be_visible()

    choose(alice, "link-role", "Can edit")
    expect(visitor.editor).to_have_attribute("contenteditable", "true")
    visitor.type_at_end(" Guests write é😀.")
    alice.expect_words("Guests write é😀.")
    visitor.expect_saved()
    alice.expect_present("alice", "")

    choose(alice, "link-reach", "Restricted")
    expect(
        visitor.page.get_by_test_id("refused").or_(visitor.page.get_by_label("Password"))
    ).to_be_visible()
    alice.expect_present("alice")
    context.close()
    visitor.check_complaints()


def test_an_invitation_is_mailed_accepted_and_told_of(alice, new_desk, cast, document):
    server: Server = cast.server
    dialog = open_share(alice, document)
    dialog.get_by_test_id("share-username").fill("friend@example.org")
    dialog.get_by_test_id("share-add").click()
    row = dialog.locator("[data-email='friend@example.org']")
    expect(row).to_contain_text("Invited")
    link = re.findall(r"/invitations/\S+/", server.log())[-1]

    charlie = new_desk(cast.charlie)
    charlie.page.goto(link)
    expect(charlie.page.get_by_role("heading", name="Plans")).to_be_visible()
    charlie.page.get_by_role("button", name="Accept and open").click()
    charlie.expect_words("Thursday")
    expect(dialog.locator("[data-username=charlie]")).to_be_visible()
    expect_unread(alice, 1)

    charlie.forgive(r"status of 404")
    charlie.page.goto(link)
    expect(charlie.page.get_by_text("This invitation is over")).to_be_visible()


def test_an_invitation_is_withdrawn(alice, document):
    dialog = open_share(alice, document)
    dialog.get_by_test_id("share-username").fill("nobody@example.org")
    dialog.get_by_test_id("share-add").click()
    row = dialog.locator("[data-email='nobody@example.org']")
    row.get_by_role("button", name=re.compile("Withdraw")).click()
    expect(row).to_have_count(0)


def test_who_leaves_is_gone_from_the_open_dialog(alice, bob, document):
    dialog = open_share(alice, document)
    expect(dialog.locator("[data-username=bob]")).to_be_visible()
    bob.forgive(r"status of 404")
    open_share(bob, document).get_by_role("button", name="Leave this document").click()
    question = bob.page.get_by_role("dialog", name="Leave this document?")
    question.get_by_role("button", name="Leave", exact=True).click()
    expect(bob.page.get_by_test_id("new-document")).to_be_visible()
    expect(dialog.locator("[data-username=bob]")).to_have_count(0)
