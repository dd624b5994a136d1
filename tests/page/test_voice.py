"""Voice messages: recorded, heard one after another, moved in, and marked until they were heard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.page.fingers import Fingers
from tests.page.person import Person
from tests.page.samples import voice

Pair = tuple[Person, Person]
Someone = Callable[..., Person]

RECORDS = True
"""So the browser is one that has a microphone."""

AWAY = re.compile(r"^0:0[1-9] / ")


@pytest.fixture
def mine(talk: Pair) -> Pair:
    """Ann may use the microphone."""
    talk[0].page.context.grant_permissions(["microphone"])
    return talk


@pytest.fixture
def spoken(talk: Pair) -> Pair:
    """Two voices of Ann's in Bo's thread, of two and of four seconds."""
    ann, bo = talk
    ann.attach(voice("one.wav", 2), voice("two.wav", 4))
    ann.page.keyboard.press("Enter")
    for one in talk:
        expect(one.page.locator(".voice-play")).to_have_count(2)
    return ann, bo


def record(person: Person) -> Locator:
    """Begins with a click; returns the time that is shown."""
    person.page.get_by_role("button", name="Record a voice message").click()
    return person.page.get_by_role("timer")


def times(person: Person) -> Locator:
    return person.page.locator(".voice-time")


def playing(person: Person) -> Locator:
    return person.page.get_by_role("button", name="Pause voice message")


def test_recorded_by_a_click_and_sent_by_a_key(mine: Pair) -> None:
    ann, bo = mine
    expect(record(ann)).to_have_text("0:01")
    expect(ann.box).to_be_hidden()
    levels = "all => all.map(one => one.getBoundingClientRect().height)"
    heights = ann.page.locator(".levels i").evaluate_all(levels)
    assert max(heights) > 10  # the beep was heard
    ann.page.keyboard.press("Enter")
    expect(ann.box).to_be_focused()
    expect(bo.page.locator(".voice-play")).to_have_count(1)
    expect(times(bo)).to_have_text(re.compile("^0:0[12]$"))
    expect(bo.row).to_contain_text("Ann: [Voice] 0:0")
    assert bo.page.locator(".waveform path").first.get_attribute("d")


def test_the_second_click_of_two_on_send_records_nothing(mine: Pair) -> None:
    ann, bo = mine
    ann.box.fill("twice")
    ann.page.locator(".send").dblclick()
    bo.sees("hello", "hi", "twice")
    expect(ann.page.get_by_role("timer")).to_have_count(0)
    expect(ann.page.get_by_role("button", name="Record a voice message")).to_be_visible()


def test_taken_back(mine: Pair) -> None:
    ann, bo = mine
    expect(record(ann)).to_have_text("0:01")
    ann.page.keyboard.press("Escape")
    expect(ann.box).to_be_visible()
    expect(record(ann)).to_have_text("0:01")
    ann.page.get_by_role("button", name="Discard the recording").click()
    record(ann)
    ann.page.get_by_role("button", name="Send voice message").click()
    expect(ann.page.locator(".toast")).to_contain_text("Too short")
    ann.write("never mind")
    bo.sees("hello", "hi", "never mind")
    expect(bo.page.locator(".of-voice")).to_have_count(0)


def test_without_the_right_to_the_microphone(talk: Pair) -> None:
    ann, _ = talk
    ann.page.context.clear_permissions()
    record(ann)
    expect(ann.page.get_by_role("alert")).to_contain_text("does not let this page use the mic")
    ann.page.get_by_role("alert").get_by_role("button", name="Close").click()
    expect(ann.page.get_by_role("alert")).to_have_count(0)


def test_what_was_not_heard_is_marked_and_plays_on(spoken: Pair) -> None:
    ann, bo = spoken
    dots = bo.page.get_by_role("img", name="Not played yet")
    expect(dots).to_have_count(2)
    expect(ann.page.get_by_role("img", name="Not played yet")).to_have_count(0)
    bo.page.get_by_role("button", name="Play voice message, 0:02").click()
    expect(dots).to_have_count(1)
    expect(times(bo).first).to_have_text(AWAY)
    expect(times(bo).last).to_have_text(AWAY)  # by itself
    expect(playing(bo)).to_have_count(1)
    expect(dots).to_have_count(0)
    bo.page.reload()
    expect(bo.page.locator(".voice-play")).to_have_count(2)
    expect(dots).to_have_count(0)
    # Heard already: nothing plays on behind it.
    bo.page.get_by_role("button", name="Play voice message, 0:02").click()
    expect(playing(bo)).to_have_count(1)
    expect(playing(bo)).to_have_count(0)
    expect(times(bo)).to_have_text(["0:02", "0:04"])


def test_one_moves_in_it_and_sets_its_speed(spoken: Pair) -> None:
    _, bo = spoken
    slider = bo.page.get_by_role("slider").last
    box = slider.bounding_box()
    assert box
    bo.page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + 10)
    expect(times(bo).last).to_have_text("0:02 / 0:04")
    bo.page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "0:03 of 0:04")
    bo.page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0:00 of 0:04")
    bo.page.mouse.move(box["x"] + 5, box["y"] + 10)
    bo.page.mouse.down()
    bo.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 10, steps=3)
    bo.page.mouse.up()
    expect(times(bo).last).to_have_text("0:01 / 0:04")
    slider.press("Space")
    expect(playing(bo)).to_have_count(1)
    bo.page.get_by_role("button", name="Speed: 1×").click()
    bo.page.get_by_role("button", name="Speed: 1.5×").click()
    # One at a time: the other rests where it was.
    bo.page.get_by_role("button", name="Play voice message, 0:02").click()
    expect(bo.page.get_by_role("button", name="Speed: 2×")).to_have_count(1)
    expect(playing(bo)).to_have_count(1)
    playing(bo).click()
    expect(playing(bo)).to_have_count(0)


def test_held_by_a_finger(mine: Pair, someone: Someone) -> None:
    ann, bo = mine
    size = {"width": 360, "height": 740}
    phone = someone("ann", viewport=size, has_touch=True, is_mobile=True)
    phone.page.context.grant_permissions(["microphone"])
    phone.name = ann.name
    phone.sign_in()
    phone.row.tap()
    mic = phone.page.get_by_role("button", name="Record a voice message")
    box = mic.bounding_box()
    assert box
    x, y = box["x"] + 20, box["y"] + 20
    fingers = Fingers(phone.page)
    timer = phone.page.get_by_role("timer")
    fingers.down((x, y))
    expect(timer).to_have_text("0:01")
    fingers.move((x - 60, y))
    fingers.move((x - 120, y))
    fingers.up()
    expect(timer).to_have_count(0)
    fingers.down((x, y))
    expect(timer).to_have_text("0:01")
    fingers.up()
    expect(bo.page.locator(".of-voice")).to_have_count(1)
    mic.tap()  # goes on by itself
    expect(timer).to_have_text("0:01")
    phone.page.get_by_role("button", name="Send voice message").tap()
    expect(bo.page.locator(".of-voice")).to_have_count(2)
