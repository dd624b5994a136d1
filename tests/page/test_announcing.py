"""A message that comes while nobody looks is announced once, and never one of a muted talk."""

from playwright.sync_api import expect

from tests.page.person import Person

Trio = tuple[Person, Person, Person]

# What the system was asked to show and to play, which it does outside of the page.
HEARD = """() => {
  window.asked = [];
  const { createOscillator } = AudioContext.prototype;
  AudioContext.prototype.createOscillator = function () {
    window.asked.push("tone");
    return createOscillator.call(this);
  };
  window.Notification = class {
    static permission = "default";
    static requestPermission = async () => (this.permission = window.answer);
    constructor(title, { body }) {
      window.asked.push(`${title}: ${body}`);
      window.notice = this;
    }
    close() {}
  };
}"""
LOOK = """(state) => Object.defineProperty(document, "visibilityState", {
  configurable: true, get: () => state,
})"""


def asked(person: Person, *what: str) -> None:
    script = "(count) => window.asked.length >= count && window.asked"
    assert person.page.wait_for_function(script, arg=len(what)).json_value() == list(what)
    person.page.evaluate("window.asked = []")


def announcing(person: Person, answer: str) -> None:
    """Turns notifications on in the settings; what the browser's question is answered."""
    person.page.evaluate("(answer) => { window.answer = answer; }", answer)
    person.page.get_by_role("button", name="Settings").last.click()
    person.page.get_by_role("switch", name="Notify me when this tab is in the background").click()


def test_a_sound_elsewhere_and_a_notification_when_nobody_looks(trio: Trio) -> None:
    ann, bo, _ = trio
    ann.page.evaluate(HEARD)
    conv = bo.found("Talk", ann)["conv"]
    other = bo.found("Quiet", ann)["conv"]
    ann.page.locator(".rail .row").filter(has_text="Talk").click()
    ann.call("PATCH", f"/api/conversations/{other}", {"muted": True})
    expect(
        ann.page.locator(".rail .row").filter(has_text="Quiet").locator("[aria-label=Muted]")
    ).to_be_visible()
    bo.visit(conv)
    announcing(ann, "denied")
    expect(ann.page.get_by_role("alert")).to_contain_text("does not allow notifications")
    announcing_again = ann.page.get_by_role(
        "switch", name="Notify me when this tab is in the background"
    )
    ann.page.evaluate("window.answer = 'granted'")
    announcing_again.click()
    expect(announcing_again).to_have_attribute("aria-checked", "true")
    ann.page.keyboard.press("Escape")
    bo.write("seen as it comes")
    expect(ann.bubbles.last).to_have_text("seen as it comes")
    ann.page.evaluate(LOOK, "hidden")
    bo.visit(other)
    bo.write("muted")
    bo.visit(conv)
    bo.write("are you there?")
    asked(ann, "tone", "tone", "Talk: Bo: are you there?")
    ann.page.evaluate(LOOK, "visible")
    ann.page.locator(".rail").get_by_role("button", name="My notes").click()
    bo.write("and here?")
    asked(ann, "tone", "tone")
    ann.page.evaluate("window.notice.onclick()")
    expect(ann.page.locator(".who-name")).to_have_text("Talk")
    expect(ann.bubbles.last).to_have_text("and here?")
    ann.page.get_by_role("button", name="Settings").last.click()
    ann.page.get_by_role("switch", name="Play a sound").click()
    ann.page.keyboard.press("Escape")
    ann.page.evaluate(LOOK, "hidden")
    bo.write("and now?")
    asked(ann, "Talk: Bo: and now?")
