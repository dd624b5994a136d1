"""Groups: three people, one of them reading Chinese, who go through all that happens in one."""

import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.client import Account
from tests.page.person import Person
from tests.running import Server

Trio = tuple[Person, Person, Person]


@pytest.fixture
def group(trio: Trio) -> str:
    """A group of the three, Ann's, which they have open."""
    ann, bo, cy = trio
    conv: str = ann.found("Lunch", bo, cy)["conv"]
    for one in trio:
        one.visit(conv)
    return conv


def lines(person: Person) -> Locator:
    return person.page.locator(".log .event")


def member(person: Person, other: str) -> Locator:
    return person.page.locator(".member").filter(has_text=other)


def act(person: Person, other: str, item: str | re.Pattern[str]) -> None:
    """Chooses from the menu beside a member."""
    member(person, other).locator(".icon-button").click()
    person.page.get_by_role("menuitem", name=item).click()


def yes(person: Person, button: str) -> None:
    """Agrees to what a dialog asks."""
    person.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def test_made_by_picking_people_with_keys_and_talked_in(trio: Trio) -> None:
    ann, bo, cy = trio
    ann.page.get_by_role("button", name="New group").click()
    dialog = ann.page.get_by_role("dialog", name="New group")
    expect(dialog.get_by_role("combobox")).to_be_focused()
    keys = ann.page.keyboard
    for other, nickname in ((bo, "Bo"), (cy, "Cy")):
        keys.type(other.name)
        keys.press("Enter")  # before anybody is found
        expect(dialog.locator(".chip [dir]").last).to_have_text(nickname)
    expect(dialog.locator(".chip [dir]")).to_have_text(["Bo", "Cy"])
    keys.press("Backspace")
    expect(dialog.locator(".chip [dir]")).to_have_text(["Bo"])
    keys.type(cy.name)
    expect(dialog.get_by_role("option")).to_have_count(1)
    keys.press("Enter")
    expect(dialog.locator("[name=name]")).to_have_attribute("placeholder", "Ann, Bo, Cy")
    dialog.locator("[name=name]").fill("Tea & cake")
    keys.press("Enter")
    expect(dialog).to_have_count(0)
    expect(ann.page.locator(".who")).to_contain_text("Tea & cake")
    expect(ann.page.locator(".who-status")).to_have_text("3 members")
    expect(lines(ann)).to_have_text(["You created the group “Tea & cake” with Bo, Cy"])
    ann.write("hello", "both of you")
    expect(bo.row).to_contain_text("Tea & cake")
    expect(bo.row.locator(".row-preview")).to_have_text("Ann: both of you")
    expect(bo.row.locator(".badge")).to_have_text("2")
    bo.row.click()
    expect(lines(bo)).to_have_text(["Ann created the group “Tea & cake” with you, Cy"])
    expect(lines(cy)).to_have_count(0)
    expect(bo.page.locator(".author")).to_have_text(["Ann"])
    expect(bo.page.locator(".line .avatar")).to_have_count(1)  # once beside the two
    expect(bo.page.locator(".thread .online-dot")).to_have_count(0)
    expect(ann.last_mark).to_have_attribute("title", "Read by Bo")
    cy.row.click()
    expect(lines(cy)).to_have_text(["Ann 创建了群聊“Tea & cake”，成员有 Bo、你"])
    expect(ann.last_mark).to_have_attribute("title", "Read by Bo, Cy")
    expect(ann.last_mark.locator(".readers")).to_have_text("2")
    for one in (bo, cy):
        one.box.click()
        one.page.keyboard.type("hm")
    expect(ann.page.locator(".who-status")).to_have_text(
        re.compile("(Bo and Cy|Cy and Bo) are typing…")
    )
    bo.write("!")
    bo.sees("hello", "both of you", "hm!")
    cy.box.fill("")


def test_enter_takes_nobody_out_who_was_picked(pair: tuple[Person, Person]) -> None:
    ann, bo = pair
    ann.page.get_by_role("button", name="New group").click()
    dialog = ann.page.get_by_role("dialog", name="New group")
    marked = dialog.locator("[role=option].active")
    expect(dialog.get_by_role("option")).to_have_count(1)  # whom she writes with
    expect(marked).to_have_count(0)
    ann.page.keyboard.press("ArrowUp")
    expect(marked).to_have_count(1)
    ann.page.keyboard.press("Enter")
    expect(dialog.locator(".chip [dir]")).to_have_text(["Bo"])
    expect(marked).to_have_count(0)
    ann.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(ann.page.locator(".who-status")).to_have_text("2 members")
    expect(bo.row).to_contain_text("Ann, Bo")


def test_the_list_names_people_of_groups_that_were_not_opened(trio: Trio, server: Server) -> None:
    ann, _, cy = trio
    di = Account.new(server, nickname="Di")
    for one in (ann, cy):
        di.post("/api/groups", name="Silent", members=[one.uid])
        spoken = di.post("/api/groups", name="Spoken", members=[one.uid]).data["conv"]
        di.post(f"/api/conversations/{spoken}/messages", content="hello")
        one.page.reload()
    row = ".rail button.row"
    expect(ann.page.locator(row).filter(has_text="Spoken")).to_contain_text("Di: hello")
    expect(cy.page.locator(row).filter(has_text="Silent")).to_contain_text("Di 创建了群聊")
    expect(cy.page.locator(row).filter(has_text="Silent")).not_to_contain_text("created")
    # Chinese says how many in all.
    crowd = [Account.new(server, nickname=f"P{number}").uid for number in range(6)]
    di.post("/api/groups", name="Crowd", members=[*crowd, cy.uid])
    expect(cy.page.locator(row).filter(has_text="Crowd")).to_contain_text("P4等 7 人")


def test_who_is_mentioned_finds_it(trio: Trio, group: str) -> None:
    ann, bo, cy = trio
    for one in (bo, cy):
        one.page.goto(f"{one.url}/#/")
    options = ann.page.locator(".mentioning [role=option]")
    ann.box.click()
    ann.page.keyboard.type("psst @")
    expect(options).to_have_count(3)  # the owner may call all
    ann.page.keyboard.type("bo")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Bo")
    ann.page.keyboard.press("Backspace")
    ann.page.keyboard.press("Backspace")
    ann.page.keyboard.press("ArrowDown")
    ann.page.keyboard.press("Enter")
    expect(ann.box).to_have_value("psst @Bo ")
    ann.page.keyboard.type("look")
    ann.page.keyboard.press("Enter")
    ann.sees("psst @Bo look")
    expect(bo.row.get_by_role("img", name="You are mentioned")).to_be_visible()
    expect(bo.row.locator(".row-preview")).to_have_text("[Mentioned you] Ann: psst @Bo look")
    expect(cy.row.locator(".row-preview")).to_have_text("Ann：psst @Bo look")
    bo.page.reload()
    expect(bo.row.get_by_role("img", name="You are mentioned")).to_be_visible()
    bo.row.click()
    expect(bo.page.locator(".line.called .mention.of-me")).to_have_text("@Bo")
    expect(bo.row.get_by_role("img", name="You are mentioned")).to_have_count(0)
    cy.row.click()
    expect(cy.page.locator(".mention")).to_have_text("@Bo")
    expect(cy.page.locator(".line.called")).to_have_count(0)
    bo.box.click()
    bo.page.keyboard.type("@")
    expect(bo.page.locator(".mention-name")).to_have_text(["Ann", "Cy"])
    bo.page.keyboard.press("Escape")
    expect(bo.page.locator(".mentioning")).to_have_count(0)
    bo.box.fill("")
    ann.box.fill("")
    ann.page.keyboard.type("@a")
    ann.page.keyboard.press("Enter")
    ann.page.keyboard.press("Enter")
    expect(cy.page.locator(".line.called .mention.of-me")).to_have_text("@all")


def test_only_what_a_role_allows_is_offered(trio: Trio, group: str) -> None:
    ann, bo, cy = trio
    bo.write("mine")
    for one in (ann, bo, cy):
        one.page.locator(".who").click()
    expect(member(bo, "Ann").locator(".role")).to_have_text("owner")
    member(bo, "Ann").locator(".icon-button").click()
    expect(bo.page.get_by_role("menuitem")).to_have_text(["Message"])
    bo.page.keyboard.press("Escape")
    for name in ("Dissolve the group", "Make a link"):
        expect(bo.page.get_by_role("button", name=name)).to_have_count(0)
    expect(bo.page.locator("[name=speak]")).to_have_count(0)
    # Only administrators write; one becomes one.
    ann.page.locator("label").filter(has_text="Administrators").click()
    expect(bo.page.locator(".silenced")).to_have_text("Only administrators write in this group.")
    expect(cy.page.locator(".silenced")).to_have_text("本群仅管理员可发言。")
    expect(bo.box).to_have_count(0)
    act(ann, "Cy", "Make administrator")
    expect(cy.box).to_be_visible()
    expect(member(ann, "Cy").locator(".role")).to_have_text("admin")
    ann.page.locator("label").filter(has_text="Everybody").click()
    expect(bo.box).to_be_visible()
    # The administrator mutes; the owner ends it.
    act(cy, "Bo", "禁言…")
    cy.page.get_by_role("menuitem", name="1 小时").click()
    expect(bo.page.locator(".silenced")).to_contain_text("You are muted here until")
    expect(member(ann, "Bo")).to_contain_text("muted until")
    act(ann, "Bo", "Unmute")
    expect(bo.box).to_be_visible()
    expect(lines(bo)).to_contain_text(
        [
            "Ann created the group",
            "Ann allowed only administrators to write",
            "Ann made Cy an administrator",
            "Ann allowed everybody to write again",
            "Cy muted you until",
            "Ann unmuted you",
        ]
    )
    expect(lines(cy)).to_contain_text(["Ann 将你设为管理员", "你将 Bo 禁言至"])
    # Handing over asks first, and changes what is offered.
    act(ann, "Bo", "Hand the group over")
    yes(ann, "Cancel")
    act(ann, "Bo", "Hand the group over")
    yes(ann, "Hand over")
    expect(member(ann, "Bo").locator(".role")).to_have_text("owner")
    expect(ann.page.get_by_role("button", name="Dissolve the group")).to_have_count(0)
    expect(bo.page.get_by_role("button", name="Dissolve the group")).to_be_visible()
    expect(lines(ann).last).to_have_text("You became an administrator")
    expect(lines(bo).nth(-2)).to_have_text("Ann handed the group over to you")
    act(bo, "Cy", "Remove as admin")
    expect(lines(cy).last).to_have_text("Bo 取消了你的管理员身份")


def test_out_and_in_again_and_the_end(trio: Trio, group: str) -> None:
    ann, bo, cy = trio
    ann.write("before")
    bo.box.fill("not sent yet")
    for one in (ann, bo):
        one.page.locator(".who").click()
    act(ann, "Bo", "Remove from the group")
    yes(ann, "Remove")
    expect(bo.page.locator(".silenced")).to_have_text("Ann removed you from this group.")
    expect(bo.page.locator(".member")).to_have_count(0)
    bo.page.get_by_role("button", name="My notes").click()
    expect(bo.row.locator(".row-preview")).to_have_text("Ann removed you")
    bo.page.goto(f"{bo.url}/#/c/{group}/info")
    expect(ann.page.locator(".who-status")).to_have_text("2 members")
    ann.write("without him")
    expect(cy.bubbles).to_have_count(2)
    bo.sees("before")
    bo.page.reload()
    expect(bo.page.locator(".silenced")).to_have_text("Ann removed you from this group.")
    bo.sees("before")
    # A member lets him in again: he reads on from there.
    cy.page.locator(".who").click()
    cy.page.get_by_role("button", name="添加成员").click()
    expect(cy.page.get_by_role("combobox", name="按名字找人")).to_be_focused()
    cy.page.keyboard.type(ann.name)
    expect(cy.page.get_by_role("option")).to_contain_text("已在群中")
    cy.page.get_by_role("combobox").fill(bo.name)
    expect(cy.page.get_by_role("option")).to_contain_text(bo.name)
    cy.page.keyboard.press("Enter")
    yes(cy, "添加成员")
    expect(lines(bo)).to_have_text(["Cy added you"])
    ann.write("welcome back")
    bo.sees("welcome back")
    expect(bo.page.locator(".who-status")).to_have_text("3 members")
    # Leaving, and the end of it all.
    cy.page.get_by_role("button", name="退出群聊").click()
    yes(cy, "退出")
    expect(cy.page.locator(".silenced")).to_have_text("你已退出群聊。")
    expect(lines(bo).last).to_have_text("Cy left")
    ann.page.get_by_role("button", name="Dissolve the group").click()
    yes(ann, "Dissolve")
    expect(bo.page.locator(".silenced")).to_contain_text("Ann dissolved this group.")
    expect(ann.page.locator(".silenced")).to_contain_text("You dissolved this group.")
    expect(bo.row.locator(".row-preview")).to_have_text("Ann dissolved the group")


def test_what_a_group_is_changes_for_all(trio: Trio, group: str) -> None:
    ann, bo, cy = trio
    for one in (ann, bo):
        one.page.locator(".who").click()
    change = ann.page.get_by_role("button", name="Change: Group name")
    change.click()
    expect(ann.page.locator("[name=name]")).to_be_focused()
    ann.page.keyboard.press("Escape")
    expect(change).to_be_focused()
    ann.page.keyboard.press("Enter")
    ann.page.locator("[name=name]").fill(" ")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#note-name")).to_have_text("A group's name has 1 to 64 characters.")
    ann.page.locator("[name=name]").fill("Supper")
    ann.page.keyboard.press("Enter")
    expect(bo.page.locator(".who-name")).to_have_text("Supper")
    expect(bo.page.locator(".details h3")).to_have_text("Supper")
    expect(cy.row.locator(".row-name")).to_have_text("Supper")
    ann.page.get_by_role("button", name="Write an announcement").click()
    text = "At eight. <b>Bring</b> cups: https://tea.example/menu"
    ann.page.locator("[name=announcement]").fill(text)
    ann.page.get_by_role("button", name="Save").click()
    expect(bo.page.locator(".announcement")).to_have_text(text)
    # However long it is, the page stays where it is while one chooses below it.
    path = f"/api/groups/{group[1:]}"
    ann.call("PATCH", path, {"announcement": "\n".join(f"line {n}" for n in range(60))})
    expect(ann.page.locator(".announcement")).to_contain_text("line 59")
    ann.page.get_by_text("Administrators", exact=True).click()
    expect(ann.page.get_by_role("radio", name="Administrators")).to_be_checked()
    assert ann.page.evaluate("scrollY") == 0
    ann.call("PATCH", path, {"announcement": text, "speak": "all"})
    expect(bo.page.locator(".announcement")).to_have_text(text)
    expect(bo.page.locator(".announcement a")).to_have_attribute("rel", "noopener noreferrer")
    expect(lines(cy)).to_contain_text(["Ann 将群名改为“Supper”", "Ann 修改了群公告：“At eight."])
    bo.page.get_by_role("switch", name="Mute").click()
    expect(bo.row.get_by_role("img", name="Muted")).to_be_visible()
    bo.page.keyboard.press("Escape")
    expect(bo.page.locator(".details")).to_have_count(0)
    expect(bo.box).to_be_visible()


def test_what_happened_while_away_is_there_after_the_resume(trio: Trio, group: str) -> None:
    ann, bo, cy = trio
    ann.write("edit me")
    bo.sees("edit me")
    bo.page.locator(".who").click()
    bo.page.context.set_offline(True)
    expect(bo.page.locator(".bar")).to_contain_text("You are offline")
    gid = group[1:]
    ann.call("PATCH", f"/api/groups/{gid}", {"name": "Supper"})
    ann.call("DELETE", f"/api/groups/{gid}/members/{cy.uid}")
    ann.menu(0, "Edit")
    ann.box.fill("edited")
    ann.page.keyboard.press("Enter")
    ann.react(0, "👍")
    ann.sees("edited")
    ann.write("at eight")
    bo.page.context.set_offline(False)
    bo.sees("edited", "at eight")
    expect(bo.page.locator(".reaction:not(.add)")).to_have_text("👍 1")
    expect(bo.page.locator(".who-name")).to_have_text("Supper")
    expect(bo.row.locator(".row-name")).to_have_text("Supper")
    expect(bo.page.locator(".who-status")).to_have_text("2 members")
    expect(bo.page.locator(".member")).to_have_count(2)
    expect(lines(bo)).to_contain_text(["Ann named the group “Supper”", "Ann removed Cy"])
    expect(ann.last_mark).to_have_attribute("title", "Read by Bo")


def test_a_link_lets_somebody_in_until_it_is_ended(
    trio: Trio, group: str, browser: Browser
) -> None:
    ann, bo, _ = trio
    ann.page.locator(".who").click()
    ann.page.get_by_role("button", name="Make a link").click()
    url = ann.page.locator(".link-url").input_value()
    assert url.startswith(f"{ann.url}/join/")
    ann.call("DELETE", f"/api/groups/{group[1:]}/members/{bo.uid}")
    expect(bo.page.locator(".silenced")).to_be_visible()
    # Somebody without a session signs in first, in the phone's narrow window.
    phone = {"width": 390, "height": 780}
    door = Person(browser.new_context(viewport=phone).new_page(), url, "door").open()
    expect(door.page.locator(".card-head")).to_contain_text("Sign in to join the group")
    door.name = bo.name
    door.sign_in()
    asked = door.page.get_by_role("dialog", name="Join a group")
    expect(asked).to_contain_text("Lunch")
    expect(asked).to_contain_text("2 members")
    door.page.reload()
    asked.get_by_role("button", name="Join", exact=True).click()
    expect(door.page.locator(".who-status")).to_have_text("3 members")
    assert "/join/" not in door.page.url
    expect(lines(bo).last).to_have_text("You joined by a link")
    expect(bo.box).to_be_visible()
    ann.page.get_by_role("button", name="Revoke").click()
    yes(ann, "Revoke")
    expect(ann.page.get_by_role("button", name="Make a link")).to_be_visible()
    door.page.goto(url)
    expect(asked).to_contain_text("This link is not valid any more.")
    asked.get_by_role("button", name="Close").click()
    expect(asked).to_have_count(0)
    door.page.reload()
    expect(door.page.locator(".shell")).to_be_visible()
    expect(asked).to_have_count(0)
    assert door.troubles == []
    door.page.context.close()
