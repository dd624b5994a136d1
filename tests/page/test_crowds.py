"""A thousand conversations in the list, five hundred members in a group: right, and drawn once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.design.gallery import served, window

# Lines that ten arrivals may draw again: theirs, and what stands beside them. A clock would tell of
# the machine as much as of the page.
MOST_DRAWN = 100

PEOPLE = """async () => {
  const { get, set } = await import("/static/js/store.js");
  const people = Array.from({ length: 1000 }, (_, index) => ({
    uid: 100 + index, user_name: `user${index}`, nickname: `Person ${index}`, avatar: null,
  }));
  set({ users: { ...get().users, ...Object.fromEntries(people.map((one) => [one.uid, one])) } });
  return people.map(({ uid }) => uid);
}"""

CONVERSATIONS = """async (uids) => {
  const { get, set } = await import("/static/js/store.js");
  const [like] = Object.values(get().convs).filter(({ type }) => type === "single");
  const convs = uids.map((uid, index) => ({
    ...like, conv: `1:${uid}`, updated_at: 1e12 + index,
    last_message: { ...like.last_message, conv: `1:${uid}`, from: uid, content: `hello ${index}` },
  }));
  set({ convs: Object.fromEntries(convs.map((one) => [one.conv, one])), outbox: {}, listed: true });
}"""

# Ten things that come, each drawn before the next one. Whatever draws a line makes a text for it.
ARRIVALS = """async ([conv, user]) => {
  const { get, put } = await import("/static/js/store.js");
  let made = 0;
  const { replace } = String.prototype;
  String.prototype.replace = function (...args) {
    made += 1;
    return replace.apply(this, args);
  };
  for (let turn = 0; turn < 10; turn++) {
    const { [conv + turn]: known } = get().convs;
    if (known) put("convs", conv + turn, { ...known, unread: 1, updated_at: 2e12 + turn });
    put("users", user + turn, { ...get().users[user + turn], online: true });
    await new Promise((drawn) => setTimeout(drawn));
  }
  String.prototype.replace = replace;
  return made;
}"""

MEMBERS = """async (uids) => {
  const { get, put } = await import("/static/js/store.js");
  const members = uids.slice(0, 499).map((uid) => ({ uid, role: "member", muted_until: 0 }));
  put("groups", "g7", { ...get().groups.g7, members: [...members, { uid: 1, role: "admin" }] });
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[tuple[Page, str]]:
    with served() as url, window(browser, "light-en") as shown:
        shown.set_viewport_size({"width": 360, "height": 800})
        yield shown, url


def test_a_thousand_conversations(page: tuple[Page, str]) -> None:
    shown, url = page
    shown.goto(f"{url}?board=list")
    expect(shown.locator(".row").first).to_be_visible()
    shown.evaluate(CONVERSATIONS, shown.evaluate(PEOPLE))
    rows = shown.locator(".rows .row")
    expect(rows).to_have_count(1000)
    expect(rows.first).to_contain_text("Person 999")
    made = shown.evaluate(ARRIVALS, ["1:10", 100])
    assert 0 < made < MOST_DRAWN
    expect(rows.first).to_contain_text("Person 9")
    expect(rows.first.locator(".badge")).to_have_text("1")
    rows.first.focus()
    shown.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    rows.last.scroll_into_view_if_needed()
    expect(rows.last).to_contain_text("hello 10")
    heights = "all => new Set(all.map((one) => one.getBoundingClientRect().height)).size"
    assert rows.evaluate_all(heights) == 1


def test_five_hundred_members(page: tuple[Page, str]) -> None:
    shown, url = page
    shown.goto(f"{url}?board=details")
    expect(shown.locator(".member").first).to_be_visible()
    shown.evaluate(MEMBERS, shown.evaluate(PEOPLE))
    members = shown.locator(".member")
    expect(members).to_have_count(100)
    expect(members.first).to_contain_text("Ann (You)")  # who leads comes first
    shown.get_by_role("button", name="500 members…").click()
    expect(members).to_have_count(500)
    shown.get_by_role("searchbox", name="Find members").fill("person 49")
    expect(members).to_have_count(10)
