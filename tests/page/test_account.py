"""The settings' last part: taking everything with me, and ending the account."""

import io
import json
import zipfile
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.page.person import PASSWORD, Person

Someone = Callable[..., Person]


def settings(person: Person) -> Locator:
    person.page.get_by_role("button", name="Settings").last.click()
    return person.page.get_by_role("dialog", name="Settings")


def test_what_is_mine_is_saved_as_a_zip_and_refusals_stand_at_the_button(someone: Someone) -> None:
    ann = someone("ann").register("Ann")
    ann.page.get_by_role("button", name="My notes").click()
    ann.write("remember the milk")
    expect(ann.last_mark).to_have_attribute("title", "Sent")
    button = settings(ann).get_by_role("button", name="Export my data")
    with ann.page.expect_download() as saved:
        button.click()
    assert saved.value.suggested_filename == f"tornado-im-{ann.uid}.zip"
    with zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        assert "remember the milk" in archive.read("messages.json").decode()
        assert json.loads(archive.read("profile.json"))
    expect(ann.page.locator(".toast")).to_contain_text(f"tornado-im-{ann.uid}.zip")
    note = ann.page.locator("#note-export")
    refusal = json.dumps({"status": 429, "msg": "", "data": None, "error": "rate_limited"})
    ann.page.route("**/api/user/export", lambda route: route.fulfill(status=429, body=refusal))
    button.click()
    expect(note).to_have_text("An export is already on its way. Please wait until it is done.")
    expect(note).to_have_attribute("role", "alert")
    ann.page.unroute("**/api/user/export")


def test_an_account_ends_after_a_question_and_the_password(
    someone: Someone, pair: tuple[Person, Person]
) -> None:
    ann, bo = pair
    ann.box.fill("half a word")
    settings(ann).get_by_role("button", name="Delete my account").click()
    asked = ann.page.get_by_role("dialog", name="Delete your account?")
    expect(asked).to_contain_text("What you have sent to others, until it expires")
    ann.page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    expect(ann.page.get_by_role("dialog", name="Settings")).to_be_visible()
    ann.page.get_by_role("button", name="Delete my account").click()
    for typed, note in (
        ("", "Please give a password."),
        ("not mine", "This is not your current password."),
    ):
        asked.locator("[name=password]").fill(typed)
        ann.page.keyboard.press("Enter")
        expect(asked.locator("#note-password")).to_have_text(note)
    ann.connected()  # a refusal has ended nothing
    asked.locator("[name=password]").fill(PASSWORD)
    asked.get_by_role("button", name="Delete my account").click()
    expect(ann.page.locator(".card")).to_be_visible()
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    expect(ann.page.locator(".toast")).to_have_text("Your account is deleted")
    assert ann.page.evaluate("Object.keys(localStorage)") == []
    bo.page.reload()
    expect(bo.row).to_contain_text("Deleted user")
    bo.sees("hello", "hi")
    ann.sign_in()
    expect(ann.page.locator("#note-password")).to_have_text("The name or the password is wrong.")
