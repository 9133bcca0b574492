"""The page in a real browser: every view driven once, and what holds for all of them."""

import json
import re
from pathlib import Path

import pytest

from facerec.service.problems import PROBLEMS
from facerec.testing import made_photo
from tests.browsing import axe_core, chromium
from tests.service.page_driver import EXPIRES, Service, Watched, film, photo

pytestmark = pytest.mark.browser

SIZES = {
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "tablet": {"viewport": {"width": 744, "height": 1100}, "is_mobile": True, "has_touch": True},
    "desk": {"viewport": {"width": 1280, "height": 900}},
}
NO_FACE = "No face was found. Take the photo again, from the front, with light on the face."
TWO_FACES = "The photo must show one face – 2 were found. Crop it or take another."
TOO_SMALL = "The face is too small to decide: 32 pixels, at least 40 are needed."


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser with a camera that sees somebody red."""
    camera = film(tmp_path_factory.mktemp("camera") / "red.y4m", "red")
    flags = "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"
    with chromium(*flags, f"--use-file-for-fake-video-capture={camera}") as browser:
        yield browser


@pytest.fixture(scope="module")
def service(tmp_path_factory, browser):
    """A service, with the first key."""
    with Service(tmp_path_factory.mktemp("service")).running() as service:
        yield service


@pytest.fixture
def opened(browser, service):
    """Opens pages; in the end none may have asked another address for anything, nor made the browser complain."""
    watched = []

    def open_page(**options):
        context = browser.new_context(**options)
        watched.append(Watched(context.new_page(), service))
        return watched[-1]

    yield open_page
    for each in watched:
        each.page.context.close()
        assert each.asked
        assert not each.foreign
        assert not each.complaints


@pytest.fixture
def named(request, service):
    """The name of a gallery that is this test's own."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:60]


@pytest.fixture(scope="module")
def signed_in(browser, service):
    """A page for what changes nothing."""
    here = Watched(browser.new_context().new_page(), service)
    here.sign_in()
    yield here
    here.page.context.close()


# -- signing in -------------------------------------------------------------------------------------------------------


def test_a_key_begins_a_session_that_needs_the_cookie_alone(opened, service):
    """What is wrong with a key is said; a good one is kept nowhere; signing out ends it."""
    here = opened()
    here.page.goto(service.address)
    key = here.page.get_by_label("Key")
    key.fill(service.token[:-1] + "x")
    here.page.get_by_role("button", name="Sign in").click()

    here.page.locator(".summary").get_by_text("The key must be one that is good here.").wait_for()
    assert here.page.evaluate("document.activeElement.className") == "summary"
    assert key.input_value() == service.token[:-1] + "x"

    here.sign_in()
    here.page.reload()
    here.page.get_by_role("button", name="Sign out").wait_for()
    assert here.page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    assert service.token not in here.page.content()
    (cookie,) = here.page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
        "__Host-facerec",
        True,
        True,
        "Strict",
    )

    here.page.get_by_role("button", name="Sign out").click()
    here.page.get_by_role("heading", name="Sign in").wait_for()
    here.page.reload()
    here.page.get_by_role("heading", name="Sign in").wait_for()


def test_a_key_sees_what_it_may_and_nothing_else(opened, service, named):
    """The ways that are offered are those of the key's scopes; an address beyond them leads to one within."""
    service.gallery(named, Ada=("red",))
    shown = {}
    for roles in (("kiosk",), ("reception",), ("registrar",), ("privacy-officer",), ("auditor",), ("admin",)):
        here = opened()
        here.sign_in(service.key(*roles, galleries=(named,)), f"#/g/{named}/{'keys' if roles != ('admin',) else 'log'}")
        shown[roles[0]] = here.page.get_by_role("navigation", name="Views").inner_text().split()

    assert shown == {
        "kiosk": ["Verify", "Galleries"],
        "reception": ["Identify", "Verify", "People", "Galleries", "Compare"],
        "registrar": ["Enroll", "People", "Galleries", "Compare"],
        "privacy-officer": ["People", "Log", "Jobs", "Galleries", "Audits"],
        "auditor": ["Log", "Galleries", "Audits"],
        "admin": ["Identify", "Verify", "Enroll", "People", "Log", "Jobs", "Galleries", "Compare", "Audits", "Keys"],
    }


def test_a_key_that_names_nobody_chooses_a_gallery(opened, service, named):
    """A kiosk's key that reaches all galleries is shown them."""
    service.gallery(named)
    here = opened()
    here.sign_in(service.key("kiosk"), "#/galleries")
    here.page.get_by_role("link", name=named, exact=True).click()

    here.page.get_by_role("heading", name="Verify a claim").wait_for()
    assert here.page.url.endswith(f"#/g/{named}/verify")


def test_a_key_of_programs_is_told_so(opened, service):
    """There is nothing on the page for a monitor."""
    here = opened()
    here.sign_in(service.key("monitor"))

    assert "This key is for programs" in here.text("main")


def test_a_session_that_ends_does_not_take_what_was_typed(opened, service, named):
    """A key is asked for over the form, which stays."""
    service.gallery(named)
    here = opened()
    here.sign_in(at=f"#/g/{named}/enroll")
    here.page.get_by_label("Name").fill("Ada")
    here.page.get_by_label("Consent").fill("form 12")
    here.page.get_by_label("Expires on").fill(EXPIRES.isoformat())
    here.page.locator("#photos-file").set_input_files([photo("red")])
    here.page.get_by_text("One face, clear enough.").first.wait_for()
    here.page.context.clear_cookies()
    here.send()

    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("Key").fill(service.token)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.wait_for(state="hidden")
    here.send()

    here.page.get_by_role("heading", name="Ada is enrolled").wait_for()


def test_galleries_are_made_and_chosen(opened, service, named):
    """A new one is gone to; a name that does not fit, or is taken, is said; one is chosen by the list in the head."""
    service.gallery(f"{named}-1")
    here = opened()
    here.sign_in(at="#/galleries")
    name = here.page.get_by_label("Name")
    for given, told in (("Not This", "The name must fit"), (f"{named}-1", "There is a gallery")):
        name.fill(given)
        here.page.get_by_role("button", name="Make the gallery").click()
        here.page.locator(".summary").get_by_text(told).wait_for()
        assert name.input_value() == given

    name.fill(f"{named}-2")
    here.page.get_by_role("button", name="Make the gallery").click()
    here.page.get_by_role("heading", name="Identify").wait_for()
    here.page.get_by_label("Gallery").select_option(f"{named}-1")
    here.page.locator(".lead strong", has_text=f"{named}-1").wait_for()

    assert here.page.url.endswith(f"#/g/{named}-1/identify")


def test_without_scripts_the_page_says_what_it_needs(opened, service):
    """And where programs find what it does."""
    here = opened(java_script_enabled=False)
    here.page.goto(service.address)

    assert "it needs JavaScript" in here.text("main")
    assert (
        here.page.get_by_role("link", name="the description of the interface").get_attribute("href") == "/openapi.json"
    )


# -- enrolling --------------------------------------------------------------------------------------------------------


def test_nobody_is_enrolled_without_consent_and_an_end(opened, service, named):
    """All that is missing is said at once, in a summary that gets the focus; its links lead to the fields."""
    gallery = service.gallery(named)
    here = opened()
    here.sign_in(at=f"#/g/{named}/enroll")
    here.page.get_by_label("Name").fill("Ada")
    here.send()

    summary = here.page.locator(".summary")
    assert here.page.evaluate("document.activeElement.className") == "summary"
    assert summary.get_by_role("link").all_inner_texts() == [
        "Say what the consent is. Nobody is enrolled here without one.",
        "Choose the day on which the consent ends.",
        "Choose at least one photo, or take one with the camera.",
    ]
    assert here.page.get_by_label("Name").input_value() == "Ada"
    consent = here.page.get_by_label("Consent")
    assert consent.get_attribute("aria-invalid") == "true"
    assert "Say what the consent is" in here.text(f"#{consent.get_attribute('aria-describedby').split()[-1]}")
    for link, field in enumerate(("consent", "expires", "photos-file")):
        summary.get_by_role("link").nth(link).click()
        assert here.page.evaluate("document.activeElement.id") == field

    here.page.get_by_label("Expires on").fill("2020-01-01")
    here.send()
    summary.get_by_text("The day on which it expires must be a day to come.").wait_for()
    assert "The last day (UTC) on which the person is recognised." in here.text("main form")
    assert len(gallery) == 0


def test_somebody_is_enrolled_by_files_and_gets_more_of_them(opened, service, named):
    """With the terms; the record is led to, and photos are added from there."""
    gallery = service.gallery(named)
    here = opened()
    here.sign_in(at=f"#/g/{named}/enroll")
    here.page.get_by_label("Name").fill("Ada")
    here.page.get_by_label("Consent").fill("form 12")
    here.page.get_by_label("Purpose").fill("door")
    here.page.get_by_label("Expires on").fill(EXPIRES.isoformat())
    here.page.locator("#photos-file").set_input_files([photo("red")])
    here.page.locator("#photos-file").set_input_files([photo("wine")])
    here.page.get_by_text("One face, clear enough.").nth(1).wait_for()
    here.page.get_by_role("button", name="Remove photo 2, wine.png").click()
    here.send()

    here.page.get_by_role("heading", name="Ada is enrolled").wait_for()
    person = gallery.person("Ada")
    assert (person.consent, person.purpose, person.expires, person.samples) == ("form 12", "door", EXPIRES, 1)

    here.page.get_by_role("link", name="See the record").click()
    here.page.get_by_role("link", name="Add photos").click()
    here.page.get_by_role("heading", name="More photos of Ada").wait_for()
    here.page.locator("#photos-file").set_input_files([photo("wine")])
    here.send()
    here.page.get_by_text("Already enrolled; added with 1 new face.").wait_for()
    assert gallery.person("Ada").samples == 2


def test_what_is_wrong_with_photos_is_said_before_and_after_they_are_sent(opened, service, named):
    """Beside each photo, and in the summary with its number; nothing is stored, and all photos stay."""
    gallery = service.gallery(named)
    here = opened()
    here.sign_in(at=f"#/g/{named}/enroll")
    here.page.get_by_label("Name").fill("Ada")
    here.page.get_by_label("Consent").fill("form 12")
    here.page.get_by_label("Expires on").fill(EXPIRES.isoformat())
    bad = {"name": "letter.png", "mimeType": "image/png", "buffer": b"not a photo"}
    photos = [photo("red"), photo("black"), photo("red", "green"), photo("red", size=32), bad]
    here.page.locator("#photos-file").set_input_files(photos)

    verdicts = here.page.locator(".chosen .verdict")
    unread = "The photo must be one that can be opened, such as a JPEG, PNG or WebP. Save it anew, or take another."
    expected = ["One face, clear enough.", NO_FACE, TWO_FACES, TOO_SMALL, unread]
    for number, words in enumerate(expected):
        verdicts.nth(number).get_by_text(words).wait_for()
    here.page.get_by_text("No preview: this browser cannot show this kind of file.").wait_for()
    assert here.page.locator(".chosen .box").count() == 1 + 2 + 1

    here.send()
    links = here.page.locator(".summary").get_by_role("link")
    links.first.wait_for()
    assert [text.split(":")[0] for text in links.all_inner_texts()] == ["Photo 2", "Photo 3", "Photo 4", "Photo 5"]
    assert links.nth(0).inner_text() == f"Photo 2: {NO_FACE}"
    assert links.nth(1).inner_text() == f"Photo 3: {TWO_FACES}"
    assert here.page.locator(".chosen li").count() == 5
    assert len(gallery) == 0


def test_the_camera_says_what_leaves_the_device_and_then_judges_as_it_runs(opened, service, named):
    """Nothing is asked of the camera before the button; what it sees is judged; it ends with the view."""
    gallery = service.gallery(named)
    here = opened()
    here.page.add_init_script(
        """const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.streams = [];
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          const stream = await real(wanted);
          window.streams.push(stream);
          return stream;
        };"""
    )
    here.sign_in(at=f"#/g/{named}/enroll")
    here.page.get_by_role("button", name="Use the camera").click()
    told = here.text(".camera")
    assert "one still picture a second is sent to this service" in told
    assert "The video itself stays on this device." in told
    assert here.page.evaluate("window.streams.length") == 0

    here.page.get_by_role("button", name="Start the camera").click()
    here.page.locator(".camera .verdict").get_by_text("One face, clear enough.").wait_for()
    here.page.locator(".camera .box.good").wait_for()
    assert len(gallery) == 0
    here.page.get_by_role("button", name="Take the photo").click()
    here.page.locator(".chosen .verdict").get_by_text("One face, clear enough.").wait_for()
    here.page.get_by_label("Name").fill("Ada")
    here.page.get_by_label("Consent").fill("form 12")
    here.page.get_by_label("Expires on").fill(EXPIRES.isoformat())
    here.send()
    here.page.get_by_role("heading", name="Ada is enrolled").wait_for()
    assert [sample.source for sample in gallery.samples("Ada")] == ["camera.jpg"]

    here.page.get_by_role("link", name="Identify").click()
    here.page.get_by_role("heading", name="Identify").wait_for()
    assert here.page.evaluate("window.streams.flatMap((each) => each.getTracks()).map((each) => each.readyState)") == [
        "ended"
    ]
    here.page.get_by_role("button", name="Use the camera").click()
    assert "Nothing leaves this device while the camera runs." in here.text(".camera")
    here.page.get_by_role("button", name="Start the camera").click()
    here.page.get_by_role("button", name="Take the photo").click()
    here.page.locator(".chosen img").wait_for()
    here.send()
    here.page.get_by_role("heading", name="Ada").wait_for()


def test_enrolling_needs_no_mouse(opened, service, named):
    """From the address to the record by keys alone, the file dialog included."""
    gallery = service.gallery(named)
    here = opened()
    here.sign_in(at=f"#/g/{named}/enroll")
    here.page.reload()
    here.ready()
    keyboard = here.page.keyboard

    def tab_to(element):
        for _ in range(40):
            keyboard.press("Tab")
            if here.page.evaluate("document.activeElement.id || document.activeElement.innerText") == element:
                return
        pytest.fail(f"no number of tabs leads to {element}")

    for element, typed in (("name", "Ada"), ("consent", "form 12"), ("purpose", "door"), ("expires", "01012099")):
        tab_to(element)
        keyboard.type(typed)
    tab_to("photos-file")
    with here.page.expect_file_chooser() as chooser:
        keyboard.press("Space")
    chooser.value.set_files([photo("red")])
    here.page.get_by_text("One face, clear enough.").first.wait_for()
    tab_to("Enroll")
    keyboard.press("Enter")

    here.page.get_by_role("heading", name="Ada is enrolled").wait_for()
    assert here.page.evaluate("document.activeElement.tagName") == "H1"
    assert gallery.person("Ada").expires == EXPIRES
    tab_to("See the record")
    keyboard.press("Enter")
    here.page.get_by_role("heading", name="Ada", exact=True).wait_for()


def test_the_way_past_the_head_and_the_way_back(opened, service, named):
    """The first link skips to the content and leaves the view; the browser's back button leads through the views."""
    gallery = service.gallery(named, Ada=("red",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/people")
    here.page.get_by_role("link", name="Ada").click()
    here.page.get_by_role("heading", name="Ada", exact=True).wait_for()
    here.page.locator(".skip").focus()
    here.page.keyboard.press("Enter")
    assert here.page.evaluate("document.activeElement.id") == "main"
    assert here.page.url.endswith(gallery.person("Ada").id)

    here.page.go_back()
    here.page.get_by_role("heading", name="People").wait_for()
    assert here.page.title() == f"People – {named} – facerec"


def test_a_view_that_was_left_draws_nothing_any_more(opened, service, named):
    """An answer that comes too late, or never, leaves the next view as it is."""
    service.gallery(named, Ada=("red",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/log")
    here.page.get_by_role("heading", name="Entries").wait_for()
    held = []
    here.page.route("**/people?*", lambda route: held.append(route))  # noqa: PLW0108 - it must be a function
    here.page.get_by_role("link", name="People").click()
    here.page.get_by_text("Who is enrolled in").wait_for()
    here.page.get_by_role("link", name="Galleries").click()
    here.page.get_by_role("heading", name="New gallery").wait_for()
    here.page.wait_for_timeout(200)

    assert len(held) == 1
    assert here.page.locator("h1").all_inner_texts() == ["Galleries"]


@pytest.mark.parametrize("code", sorted({kind.code for kind in PROBLEMS}))
def test_every_problem_is_told_in_sentences(signed_in, code):
    """Whatever the service answers: no jargon of HTTP, nothing that blames or begs, and what is wrong in a sentence."""
    problem = {"code": code, "title": "A title", "detail": "2 faces found in x.png", "errors": [], "status": 422}
    told = signed_in.page.evaluate("async (problem) => (await import('/page/lib/problems.js')).told(problem)", problem)

    assert re.fullmatch(r"[A-Z2].*[.!?]", told)
    assert not re.search(r"please|sorry|invalid|forbidden|oops|undefined|null|HTTP", told, re.IGNORECASE)


# -- deciding ---------------------------------------------------------------------------------------------------------


def test_a_claim_is_decided_with_its_evidence(opened, service, named):
    """Match, no match and undecided, in words, with score, threshold and where it was measured."""
    service.gallery(named, Ada=("red",), Bob=("green",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/verify")
    decided, looks = {}, []
    for who, shown in (("Ada", photo("wine")), ("Bob", photo("wine")), ("Ada", photo("red", size=32))):
        here.page.get_by_label("Who do they claim to be?").fill(who)
        here.page.locator("#photo-file").set_input_files(shown)
        here.send()
        here.page.locator(".banner").wait_for()
        decided[here.text(".banner h2")] = here.text(".facts")
        looks.append(here.page.locator(".banner").get_attribute("class"))
        assert here.page.evaluate("document.activeElement.tagName") == "H2"

    assert list(decided) == [
        "Match: the photo shows Ada",
        "No match: the photo does not look enough like Bob",
        "Undecided: the photo is not clear enough to decide",
    ]
    assert looks == ["banner good", "banner plain", "banner warn"]
    evidence = decided["Match: the photo shows Ada"]
    assert "0.9922 reaches the threshold of 0.9000" in evidence
    assert "Chosen for 0.1 % false matches, on made data" in evidence
    assert "30 of 30,000 (0.1 %; 95 %: 0.0701 % to 0.143 %)" in evidence
    assert "How many strangers score this high was not measured with this operating point." in evidence
    assert "too small to decide" in decided["Undecided: the photo is not clear enough to decide"]

    here.page.get_by_text("Options").click()
    here.page.get_by_label("Operating point").select_option(index=1)
    here.send()
    here.page.locator(".banner").wait_for()


def test_a_claim_that_cannot_be_decided_says_what_must_be_true(opened, service, named):
    """Nobody of that name, no face, several faces; what was typed and chosen stays."""
    service.gallery(named, Ada=("red",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/verify")
    cases = (
        ("Eve", photo("red"), "Nobody like that is enrolled in this gallery."),
        ("Ada", photo("black"), NO_FACE),
        ("Ada", photo("red", "green"), TWO_FACES),
    )
    for who, shown, told in cases:
        here.page.get_by_label("Who do they claim to be?").fill(who)
        here.page.locator("#photo-file").set_input_files(shown)
        here.send()
        here.page.locator(".summary").get_by_text(told).wait_for()
        assert here.page.get_by_label("Who do they claim to be?").input_value() == who
        assert here.page.locator(".chosen li").count() == 1


def test_everybody_on_a_photo_is_boxed_and_named_or_not(opened, service, named):
    """A box where the service found the face, with its number; the decision and the evidence of each in words."""
    service.gallery(named, Ada=("red",), Bob=("green",))
    here = opened(viewport={"width": 1280, "height": 900})
    here.sign_in(at=f"#/g/{named}/identify")
    here.page.locator("#photo-file").set_input_files([photo("wine", "blue", "black")])
    here.send()
    here.page.locator(".result .box").nth(1).wait_for()

    assert here.page.locator(".result .tag").all_inner_texts() == ["1 Ada", "2"]
    assert here.page.locator(".faces h3").all_inner_texts() == ["Ada", "Nobody who is enrolled here"]
    picture = here.page.locator(".result .frame").bounding_box()
    for number in range(2):
        box = here.page.locator(".result .box").nth(number).bounding_box()
        assert box["x"] == pytest.approx(picture["x"] + number * picture["width"] / 3, abs=1)
        assert box["width"] == pytest.approx(picture["width"] / 3, abs=1)
        assert box["height"] == pytest.approx(picture["height"], abs=1)
    first = here.page.locator(".faces .facts").first.inner_text()
    assert re.search(r"Of strangers, at most [\d.]+ % .* would be taken for one of the 2 people enrolled", first)
    assert "Bob, 0.2" in first

    here.page.locator("#photo-file").set_input_files([photo("black")])
    here.send()
    here.page.get_by_role("heading", name="No face was found").wait_for()
    here.page.get_by_role("button", name="Remove photo 1, black.png").click()
    here.send()
    here.page.locator(".summary").get_by_text("Choose a photo").wait_for()


def test_a_search_among_nobody_finds_nobody(opened, service, named):
    """There is no score, and nothing is said of strangers."""
    service.gallery(named)
    here = opened()
    here.sign_in(at=f"#/g/{named}/identify")
    here.page.locator("#photo-file").set_input_files([photo("red")])
    here.send()
    here.page.get_by_role("heading", name="Nobody who is enrolled here").wait_for()

    evidence = here.text(".faces .facts")
    assert "Score none" in evidence
    assert "Expected Nobody is enrolled" in evidence
    assert "NaN" not in evidence
    assert "null" not in evidence


def test_several_people_over_the_threshold_are_for_somebody_to_decide(opened, service, named):
    """No name stands on the box."""
    service.gallery(named, Ada=("red",), Eva=("wine",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/identify")
    here.page.locator("#photo-file").set_input_files([photo("red")])
    here.send()

    here.page.get_by_role("heading", name="Ambiguous: several people reach the threshold").wait_for()
    assert here.page.locator(".result .tag").all_inner_texts() == ["1"]


# -- people -----------------------------------------------------------------------------------------------------------


def test_people_are_listed_in_pages_and_found(opened, service, named):
    """Fifty on a page, there and back; by name; by expiry."""
    people = {f"person-{number}": ("red",) for number in range(52)}
    gallery = service.gallery(named, **people)
    here = opened()
    here.sign_in(at=f"#/g/{named}/people")
    rows = here.page.locator("tbody tr")
    assert rows.count() == 50
    here.page.get_by_role("button", name="Next page").click()
    here.page.get_by_role("link", name="person-51").wait_for()
    assert rows.count() == 2
    here.page.get_by_role("button", name="Page before").click()
    here.page.get_by_role("link", name="person-0", exact=True).wait_for()

    here.page.get_by_label("Called exactly").fill("person-7")
    here.page.get_by_role("button", name="Show").click()
    here.page.get_by_role("link", name="person-51").wait_for(state="hidden")
    here.page.get_by_role("link", name="person-7", exact=True).wait_for()
    assert rows.count() == 1
    here.page.get_by_label("Called exactly").fill("")
    here.page.get_by_label("Expiring before").fill("2030-01-01")
    here.page.get_by_role("button", name="Show").click()
    here.page.get_by_text("Nobody like that is enrolled here.").wait_for()
    assert not [url for url in here.asked if "person-" in url]
    assert len(gallery) == 52


def test_terms_are_changed_unless_somebody_else_changed_them(opened, service, named):
    """What was read must still hold; what was typed stays."""
    gallery = service.gallery(named, Ada=("red",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/people/{gallery.person('Ada').id}")
    changes = here.page.locator("#changes")
    changes.get_by_label("Name").fill("Ada Lovelace")
    changes.get_by_label("Purpose").fill("door")
    changes.get_by_role("button", name="Save the changes").click()
    here.page.get_by_text("The changes are saved.").wait_for()
    assert gallery.person("Ada Lovelace").purpose == "door"

    changes.get_by_label("Purpose").fill("gate")
    gallery.update("Ada Lovelace", consent="form 13")
    changes.get_by_role("button", name="Save the changes").click()
    changes.get_by_text("somebody changed it since").first.wait_for()
    assert changes.get_by_label("Purpose").input_value() == "gate"
    assert gallery.person("Ada Lovelace").purpose == "door"


def test_two_people_are_merged_and_parted_again(opened, service, named, tmp_path):
    """After a question; the receipt is shown, can be had as a file, and undoes it."""
    gallery = service.gallery(named, Ada=("red",), Eva=("wine",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/people/{gallery.person('Ada').id}")
    here.page.get_by_label("Who is the same person?").fill("Eva")
    here.page.get_by_role("button", name="Merge").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    assert len(gallery) == 2
    here.page.get_by_role("button", name="Merge").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Merge them").click()
    here.page.get_by_role("heading", name="Eva and Ada are one person now").wait_for()
    assert [person.samples for person in gallery.people()] == [2]
    with here.page.expect_download() as download:
        here.page.get_by_role("button", name="Download the receipt").click()
    assert json.loads(Path(download.value.path()).read_text())["giver"]["name"] == "Eva"

    here.page.get_by_role("button", name="Undo").click()
    here.page.get_by_text("It is undone.").wait_for()
    assert sorted(person.name for person in gallery.people()) == ["Ada", "Eva"]


def test_faces_of_another_person_are_split_off_or_deleted(opened, service, named):
    """At least one is chosen, and one is left."""
    gallery = service.gallery(named, Ada=("red", "wine", "green"))
    here = opened()
    here.sign_in(at=f"#/g/{named}/people/{gallery.person('Ada').id}")
    here.page.get_by_role("button", name="Delete face 2").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    here.page.get_by_text("Face 2 is deleted.").wait_for()
    faces = here.page.locator("#faces")
    faces.get_by_label("Name of the other person").fill("Bob")
    faces.get_by_role("button", name="Part them").click()
    faces.locator(".summary").get_by_text("Choose the faces that are another person’s.").wait_for()
    for box in faces.get_by_role("checkbox").all():
        box.check()
    faces.get_by_role("button", name="Part them").click()
    faces.locator(".summary").get_by_text("Leave at least one face").wait_for()
    faces.get_by_role("checkbox").first.uncheck()
    faces.get_by_role("button", name="Part them").click()

    here.page.get_by_role("heading", name="Bob is another person now").wait_for()
    assert [(person.name, person.samples) for person in gallery.people()] == [("Ada", 1), ("Bob", 1)]
    assert gallery.samples("Bob")[0].source == "green"


def test_faces_go_to_whoever_has_that_name(opened, service, named):
    """A name of somebody who is enrolled moves them there, once that was asked; it can be undone."""
    gallery = service.gallery(named, Ada=("red", "wine"), Bob=("green",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/people/{gallery.person('Ada').id}")
    faces = here.page.locator("#faces")
    faces.get_by_role("checkbox").first.check()
    faces.get_by_label("Name of the other person").fill("Bob")
    faces.get_by_role("button", name="Part them").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    assert gallery.person("Bob").samples == 1
    faces.get_by_role("button", name="Part them").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Move them").click()
    here.page.get_by_role("heading", name="The face is Bob’s now").wait_for()
    assert (gallery.person("Ada").samples, gallery.person("Bob").samples) == (1, 2)
    here.page.get_by_role("button", name="Undo").click()
    here.page.get_by_text("It is undone.").wait_for()
    assert (gallery.person("Ada").samples, gallery.person("Bob").samples) == (2, 1)


def test_a_receipt_says_in_words_what_still_holds_somebody(opened, service, named, tmp_path):
    """Exports and backups, each with its day and its entry of the log."""
    gallery = service.gallery(named, Ada=("red",))
    gallery.export_to(tmp_path / "exported")
    here = opened()
    here.sign_in(at=f"#/g/{named}/people/{gallery.person('Ada').id}")
    here.page.get_by_role("button", name="Forget Ada").click()
    here.page.get_by_role("button", name="Forget for good").click()
    here.page.get_by_role("heading", name="Ada is forgotten").wait_for()
    assert re.search(r"Copies An export of \d+ \w+ \d{4}, [\d:]+, entry 3 of the log", here.text(".facts"))


def test_two_photos_are_compared(opened, service):
    """Both are needed; the decision comes with its evidence, and no gallery is asked."""
    here = opened()
    here.sign_in(service.key("reception"), "#/compare")
    here.page.locator("#probe-file").set_input_files(photo("red"))
    here.send()
    here.page.locator(".summary").get_by_text("Choose a photo").wait_for()
    for other, words in (("wine", "Match: the photos show one person"), ("green", "No match: the two faces")):
        here.page.locator("#reference-file").set_input_files(photo(other))
        here.send()
        here.page.locator(".banner").get_by_text(words).wait_for()
    assert "is below the threshold of 0.9000" in here.text(".facts")
    here.page.locator("#reference-file").set_input_files(photo("red", "green"))
    here.send()
    here.page.locator(".banner, .summary:visible").first.wait_for()


def test_a_gallery_goes_out_and_comes_in_again(opened, service, named, tmp_path):
    """Export, fetch, import, forgetting the expired: each is a job, which the page looks at until it has ended."""
    service.gallery(named, Ada=("red",), Bob=("green",))
    gallery = service.gallery(f"x-{named}")
    here = opened()
    here.sign_in(at=f"#/g/{named}/jobs")
    assert "None was asked for" in here.text(".list")
    here.page.get_by_role("button", name="Export", exact=True).click()
    with here.page.expect_download() as download:
        here.page.get_by_role("link", name="fetch the zip").click()
    archive = tmp_path / "people.zip"
    archive.write_bytes(Path(download.value.path()).read_bytes())
    here.page.get_by_role("button", name="Forget them for good").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Forget them for good").click()
    here.page.get_by_text("0 people forgotten").wait_for()

    here.go(f"#/g/x-{named}/jobs")
    here.page.get_by_role("button", name="Import", exact=True).click()
    here.page.locator("#import-form .summary").get_by_text("Choose the zip of an export.").wait_for()
    here.page.locator("#archive").set_input_files(archive)
    here.page.get_by_role("button", name="Import", exact=True).click()
    here.page.locator("td").get_by_text("2 people").wait_for()
    assert len(gallery) == 2
    here.page.locator("#archive").set_input_files(archive)
    here.page.get_by_role("button", name="Import", exact=True).click()
    here.page.get_by_text("failed: Somebody of it is enrolled already").wait_for()


def test_forgetting_is_asked_twice_and_gives_a_receipt(opened, service, named):
    """The receipt is shown and can be had as a file; the person is gone."""
    gallery = service.gallery(named, Ada=("red",))
    person = gallery.person("Ada")
    here = opened()
    here.sign_in(at=f"#/g/{named}/people/{person.id}")
    here.page.get_by_role("button", name="Forget Ada").click()
    here.page.keyboard.press("Escape")
    here.page.get_by_role("dialog").wait_for(state="hidden")
    assert len(gallery) == 1
    here.page.get_by_role("button", name="Forget Ada").click()
    here.page.get_by_role("button", name="Forget for good").click()
    here.page.get_by_role("heading", name="Ada is forgotten").wait_for()

    assert len(gallery) == 0
    assert "Vectors erased 1" in here.text(".facts")
    with here.page.expect_download() as download:
        here.page.get_by_role("button", name="Download the receipt").click()
    assert download.value.suggested_filename == f"forgotten-{person.id}.json"
    receipt = json.loads(Path(download.value.path()).read_text())
    assert (receipt["name"], receipt["person_id"], receipt["gallery"]) == ("Ada", person.id, named)
    assert not [url for url in here.asked if "Ada" in url]


def test_a_name_is_never_markup(opened, service, named):
    """Wherever it stands: in lists, records, boxes, questions, the log."""
    name = "<img src=x onerror=alert(1)>&amp;'\""
    gallery = service.gallery(named, **{name: ("red",)})
    here = opened()
    here.sign_in(at=f"#/g/{named}/people")
    here.page.get_by_role("link", name=name, exact=True).click()
    here.page.get_by_role("heading", name=name, exact=True).wait_for()
    assert here.page.locator("#name").input_value() == name
    here.page.get_by_role("button", name=f"Forget {name}").click()
    here.page.get_by_role("dialog").get_by_role("heading", name=f"Forget {name} for good?").wait_for()
    here.page.keyboard.press("Escape")
    here.go(f"#/g/{named}/identify")
    here.page.locator("#photo-file").set_input_files([photo("red")])
    here.send()
    here.page.locator(".result .tag", has_text=f"1 {name}").wait_for()
    here.go(f"#/g/{named}/log")
    here.page.get_by_role("link", name=name, exact=True).first.wait_for()
    assert here.page.locator("main img").count() == 0
    assert len(gallery) == 1


# -- log, audits, keys ------------------------------------------------------------------------------------------------


def test_the_log_is_shown_and_checked(opened, service, named):
    """Newest first; its head; whether it is the one that was written, and the one that was noted."""
    gallery = service.gallery(named, Ada=("red",))
    here = opened()
    here.sign_in(at=f"#/g/{named}/log")
    assert str(gallery.head()) in here.text(".facts >> nth=0")
    assert here.page.locator("tbody td[data-label=What]").all_inner_texts() == ["enrolled", "created"]
    here.page.get_by_role("button", name="Check the log").click()
    here.page.get_by_role("heading", name="The gallery is as its log says").wait_for()
    assert "2 entries, 1 person and 1 face were read." in here.text(".banner")

    here.page.get_by_label("A head that was noted").fill(f"2:{'0' * 64}")
    here.page.get_by_role("button", name="Check the log").click()
    here.page.get_by_role("heading", name="The gallery is not as its log says").wait_for()
    here.page.get_by_label("A head that was noted").fill("no head")
    here.page.get_by_role("button", name="Check the log").click()
    here.page.locator(".summary").wait_for()
    assert here.page.get_by_label("A head that was noted").input_value() == "no head"


def test_a_long_log_is_read_from_either_end(opened, service, named):
    """The newest fifty; from the beginning in pages."""
    people = {f"person-{number}": ("red",) for number in range(60)}
    service.gallery(named, **people)
    here = opened()
    here.sign_in(service.key("auditor", galleries=(named,)), f"#/g/{named}/log")
    numbers = here.page.locator("tbody th")
    assert (numbers.first.inner_text(), numbers.count()) == ("61", 50)
    here.page.get_by_role("button", name="Read from the beginning").click()
    here.page.get_by_text("Page 1, oldest first.").wait_for()
    assert numbers.first.inner_text() == "1"
    here.page.get_by_role("button", name="Next page").click()
    here.page.get_by_text("Page 2, oldest first.").wait_for()
    assert numbers.count() == 11
    assert "person-" not in here.page.content()
    here.page.get_by_role("button", name="The newest").click()
    here.page.get_by_text("The newest 50, newest first.").wait_for()


def test_a_report_is_shown_in_a_frame_where_nothing_runs(opened, service):
    """It is read, and its script is not run."""
    here = opened()
    here.sign_in(at="#/audits")
    here.page.get_by_role("link", name="lfw").click()
    frame = here.page.frame_locator("iframe[sandbox='']")

    frame.get_by_role("heading", name="An audit").wait_for()
    assert frame.locator("#told").inner_text() == "Nothing ran."
    here.complaints[:] = [each for each in here.complaints if "Blocked script execution" not in each]


def test_keys_are_made_shown_once_and_withdrawn(opened, service, named):
    """A new key does what was chosen where it was chosen, until it is withdrawn."""
    service.gallery(named, Ada=("red",))
    here = opened()
    here.sign_in(at="#/keys")
    here.page.get_by_role("button", name="Make the key").click()
    here.page.locator(".summary").get_by_text("Say what the key is for.").wait_for()
    here.page.get_by_label("What it is for").fill(f"desk {named}")
    here.page.get_by_role("button", name="Make the key").click()
    here.page.locator(".summary").get_by_text("Choose what the key may do.").wait_for()
    here.page.get_by_role("checkbox", name="kiosk").check()
    here.page.get_by_role("checkbox", name=named, exact=True).check()
    here.page.get_by_label("Until the end of").fill(EXPIRES.isoformat())
    here.page.get_by_role("button", name="Make the key").click()
    token = here.text(".token")
    here.go("#/galleries")
    here.go("#/keys")
    assert token not in here.page.content()

    desk = opened()
    desk.sign_in(token)
    desk.page.get_by_role("heading", name="Verify a claim").wait_for()
    here.page.get_by_role("button", name=f"Withdraw the key for desk {named}").click()
    here.page.get_by_role("dialog").get_by_role("button", name="Withdraw it").click()
    here.page.get_by_text(f"The key for desk {named} is withdrawn.").wait_for()
    desk.page.reload()
    desk.page.get_by_role("heading", name="Sign in").wait_for()


# -- what holds for every view ----------------------------------------------------------------------------------------


def every_view(here, service, gallery):
    """Go through all views and what they show, and give the name of each as it stands there."""
    name, ada, longest = gallery
    here.page.goto(service.address)
    here.ready()
    yield "sign in"
    here.page.get_by_role("button", name="Sign in").click()
    yield "sign in, no key"
    here.sign_in()
    here.go("#/galleries")
    yield "galleries"
    here.go(f"#/g/{name}/identify")
    yield "identify"
    here.page.locator("#photo-file").set_input_files([photo("wine", "blue", "black")])
    here.send()
    here.page.locator(".result .box").nth(1).wait_for()
    here.page.get_by_text("Options").click()
    yield "identified"
    here.go(f"#/g/{name}/verify")
    here.page.get_by_label("Who do they claim to be?").fill("Ada")
    here.page.locator("#photo-file").set_input_files([photo("red", size=32)])
    here.page.locator(".chosen .verdict.bad").wait_for()
    here.send()
    here.page.locator(".banner").wait_for()
    yield "verified"
    here.go(f"#/g/{name}/enroll")
    yield "enroll"
    here.send()
    here.page.locator("#photos-file").set_input_files([photo("red"), photo("red", "green")])
    here.page.locator(".chosen .verdict.warn").wait_for()
    here.page.locator(".chosen .verdict.good").wait_for()
    here.page.get_by_role("button", name="Use the camera").click()
    yield "enroll, things missing, before the camera"
    here.page.get_by_role("button", name="Start the camera").click()
    here.page.locator(".camera .verdict.good").wait_for()
    yield "enroll, camera"
    here.go(f"#/g/{name}/people")
    yield "people"
    here.go(f"#/g/{name}/people/{ada}")
    yield "person"
    here.page.get_by_role("button", name="Forget Ada").click()
    here.page.get_by_role("dialog").wait_for()
    yield "person, question"
    here.page.keyboard.press("Escape")
    here.go(f"#/g/{name}/people/{longest}")
    here.page.locator("#forgetting button").click()
    here.page.get_by_role("dialog").wait_for()
    yield "person with a long name, question"
    here.page.keyboard.press("Escape")
    here.go(f"#/g/{name}/log")
    here.page.get_by_role("button", name="Check the log").click()
    here.page.locator(".banner").wait_for()
    here.page.locator("tbody details summary").first.click()
    yield "log"
    here.go(f"#/g/{name}/jobs")
    here.page.get_by_role("button", name="Export", exact=True).click()
    here.page.get_by_role("link", name="fetch the zip").first.wait_for()
    yield "jobs"
    here.go("#/compare")
    for field, who in (("probe", "red"), ("reference", "wine")):
        here.page.locator(f"#{field}-file").set_input_files(photo(who))
    here.send()
    here.page.locator(".banner").wait_for()
    yield "compare"
    here.go("#/audits")
    yield "audits"
    here.go("#/audits/lfw")
    here.page.frame_locator("iframe").get_by_role("heading").wait_for()
    yield "audit"
    here.go("#/keys")
    here.page.get_by_label("What it is for").fill("desk")
    here.page.get_by_role("checkbox", name="kiosk").check()
    here.page.get_by_role("button", name="Make the key").click()
    here.page.locator(".token").wait_for()
    yield "keys"
    here.go("#/g/no-such-gallery/people")
    yield "no gallery"
    yield from _what_was_done(here, name, ada)
    here.page.context.clear_cookies()
    here.page.get_by_role("link", name="People", exact=True).click()
    here.page.get_by_role("dialog").wait_for()
    yield "session ended"
    here.complaints[:] = [each for each in here.complaints if "Blocked script execution" not in each]


def _what_was_done(here, name, ada):
    """Somebody is enrolled, merged, parted and forgotten: what stands there each time."""
    here.go(f"#/g/{name}/enroll")
    here.page.get_by_label("Name").fill("Guest")
    here.page.get_by_label("Consent").fill("form 12")
    here.page.get_by_label("Expires on").fill(EXPIRES.isoformat())
    here.page.locator("#photos-file").set_input_files([photo("green")])
    here.send()
    here.page.get_by_role("heading", name="Guest is enrolled").wait_for()
    yield "enrolled"
    here.go(f"#/g/{name}/people/{ada}")
    here.page.get_by_label("Who is the same person?").fill("Guest")
    here.page.get_by_role("button", name="Merge").click()
    here.page.get_by_role("button", name="Merge them").click()
    here.page.get_by_role("heading", name="Guest and Ada are one person now").wait_for()
    yield "merged"
    here.page.get_by_role("button", name="Undo").click()
    here.page.get_by_text("It is undone.").wait_for()
    yield "undone"
    here.page.get_by_role("link", name="Guest").click()
    here.page.get_by_role("button", name="Forget Guest").click()
    here.page.get_by_role("button", name="Forget for good").click()
    here.page.get_by_role("heading", name="Guest is forgotten").wait_for()
    yield "forgotten"


@pytest.fixture(scope="module")
def toured(service):
    """A gallery that all tours go through, and the ids of Ada and of somebody with a very long name in it."""
    gallery = service.gallery("toured", Ada=("red", "wine"), Bob=("green",))
    long = gallery.enroll(
        "A name of one very long word, Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        service.recognizer.faces(made_photo("blue"))[0],
        consent="w" * 120,
        expires=EXPIRES,
    )
    return "toured", gallery.person("Ada").id, long.person.id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_view_is_wider_than_the_window(opened, service, toured, size, scheme):
    """Nothing is cut off or scrolled sideways; in the dark the page is dark."""
    options = SIZES[size]
    here = opened(color_scheme=scheme, reduced_motion="reduce", **options)
    for view in every_view(here, service, toured):
        width = here.page.evaluate("document.documentElement.scrollWidth")
        assert width <= options["viewport"]["width"], view
        light = here.page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
        assert (light > 200) == (scheme == "light"), view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(browser, service, toured, scheme):
    """No violation of its rules, contrast included. It is let in past the policy, which would keep it out."""
    context = browser.new_context(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.add_init_script(axe_core())
    here = Watched(page, service)
    found = {}
    for view in every_view(here, service, toured):
        told = page.evaluate("axe.run().then(({ violations, passes }) => ({ violations, passes: passes.length }))")
        assert told["passes"] > 10, view  # it looked
        found[view] = [f"{each['id']}: {node['html']}" for each in told["violations"] for node in each["nodes"]]
    context.close()

    assert len(found) == 25
    assert not {view: each for view, each in found.items() if each}
