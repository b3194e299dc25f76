import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from curate.checks.rows import rows_of
from curate.report.audit import AuditPage, render_audit
from tests.chromium import browser, color_scheme, console, requests, resize
from tests.report.audits import SECRET, audit_of, full_audit
from tests.report.test_report_browser import background, choose, contrasts, press, text

pytestmark = pytest.mark.browser

INJECTED = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"
FIRST = "two rows hold a question of bench.jsonl"

Show = Callable[..., Any]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser() as chromium:
        yield chromium


@pytest.fixture
def show(driver: Any, tmp_path: Path) -> Show:
    def open_page(page: AuditPage, hash: str = "") -> Any:
        file = tmp_path / "audit.html"
        file.write_text(render_audit(page), encoding="utf-8")
        resize(driver, 1360, 900)
        color_scheme(driver, "light")
        driver.get("about:blank")
        console(driver), requests(driver)
        driver.get(file.as_uri() + hash)
        return driver

    return open_page


def test_the_page_opens_from_disk_without_an_error_or_a_request(show, tmp_path):
    driver = show(full_audit())
    assert console(driver) == []
    assert requests(driver) == [(tmp_path / "audit.html").as_uri()]


def test_an_audit_of_nothing_opens_without_an_error(show):
    page = AuditPage(title="none", rows=rows_of([]), found=(), checks=(), generated_from={})
    driver = show(page)
    assert console(driver) == []
    assert "No check found anything." in text(driver, "#checks")


def test_an_injected_script_is_shown_and_does_not_run(show):
    driver = show(audit_of(INJECTED))
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    keys(driver, "?")
    press(driver, "#keys button")
    keys(driver, "jyd")
    hover_all(driver)
    keys(driver, "/script")
    assert INJECTED in text(driver, "#f-detail h3")
    assert INJECTED in driver.execute_script("return document.title")
    assert driver.execute_script("return window.ran") is None
    assert driver.execute_script("return document.images.length") == 0
    assert driver.execute_script("return document.scripts.length") == 2
    assert console(driver) == []


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<b>markup</b>'",
        "document.body.setAttribute('onclick', 'window.ran = 1')",
        "document.body.append(Object.assign(document.createElement('script'), {text: 'ran = 1'}))",
    ],
)
def test_what_would_make_text_run_is_refused(show, attempt):
    driver = show(full_audit())
    assert driver.execute_script(f"try {{ {attempt}; return false }} catch {{ return true }}")
    assert driver.execute_script("return window.ran") is None


def test_filters_narrow_the_list_and_say_how_far(show):
    driver = show(full_audit())
    assert text(driver, "#f-count") == "65 findings"
    choose(driver, "#f-check", "near-duplicates")
    assert text(driver, "#f-count") == "60 of 65 findings"
    # of rows 4 … 63 (from 1) every fifth is in the test split: indices 5, 10, … 60
    choose(driver, "#f-split", "0")
    assert text(driver, "#f-count") == "12 of 65 findings"
    press(driver, "#f-reset")
    assert text(driver, "#f-count") == "65 findings"
    choose(driver, "#f-severity", "e")
    assert text(driver, "#f-count") == "2 of 65 findings"


def test_search_reads_messages_texts_places_and_the_other_side(show):
    driver = show(full_audit())
    for words, n in (("NEARLY repeats row 9", 1), ("do trains", 1), ("bench.jsonl:12", 1)):
        search(driver, words)
        assert text(driver, "#f-count") == f"{n} of 65 findings", words
    search(driver, "no such words")
    assert text(driver, "#f-list") == "Nothing matches these filters."
    search(driver, SECRET)
    assert text(driver, "#f-count") == "0 of 65 findings"


def test_only_what_is_in_sight_of_a_long_list_is_there(show):
    driver = show(full_audit())
    assert len(driver.find_elements("css selector", ".option")) < 30
    height = driver.execute_script("return document.getElementById('f-list').scrollHeight")
    assert height >= 65 * 80
    keys(driver, "j")
    list_keys(driver, "End")
    assert "the longer one wins" in text(driver, '.option[aria-selected="true"]')
    active = attribute(driver, "#f-list", "aria-activedescendant")
    assert driver.find_element("id", active).get_attribute("aria-posinset") == "65"


def test_keys_lead_from_finding_to_finding(show):
    driver = show(full_audit())
    keys(driver, "j")
    assert text(driver, "#f-detail h3") == FIRST
    keys(driver, "j")
    second = text(driver, "#f-detail h3")
    assert second != FIRST
    keys(driver, "k")
    assert text(driver, "#f-detail h3") == FIRST
    keys(driver, "/")
    assert driver.execute_script("return document.activeElement.id") == "f-q"


def test_matching_spans_are_marked_on_both_sides(show):
    driver = show(full_audit())
    marked = [mark.text for mark in driver.find_elements("css selector", "#f-detail mark")]
    assert marked == ["trains", "trains"]
    assert text(driver, "#f-detail .side h4") == "At fault"


def test_of_copies_what_differs_is_marked(show):
    driver = show(full_audit(), "#check=near-duplicates")
    gone = [m.text for m in driver.find_elements("css selector", "mark.gone")]
    new = [m.text for m in driver.find_elements("css selector", "mark.new")]
    # the worst is row 62 against row 59: cases 62 and 59, answers 63 and 60
    assert gone == ["62.", "62", "63"] and new == ["59.", "59", "60"]


def test_a_preference_shows_chosen_and_rejected_beside_each_other(show):
    driver = show(full_audit(), "#check=doubtful-preferences")
    left, right = driver.find_elements("css selector", "#f-detail .sides > div")
    assert left.text.startswith("Chosen") and right.text.startswith("Rejected")
    assert left.rect["y"] == right.rect["y"] and left.rect["x"] < right.rect["x"]


def test_an_address_leads_back_to_the_finding_and_its_filters(show):
    driver = show(full_audit(), "#check=near-duplicates")
    assert text(driver, "#f-count") == "60 of 65 findings"
    keys(driver, "jj")
    third, address = text(driver, "#f-detail h3"), driver.current_url
    show(full_audit(), "#" + address.split("#")[1])
    assert text(driver, "#f-detail h3") == third
    assert text(driver, "#f-count") == "60 of 65 findings"


def test_a_check_leads_to_its_findings(show):
    driver = show(full_audit(), "#check-personal-data")
    assert attribute(driver, "#check-personal-data", "open") == "true"
    press(driver, "#check-personal-data .read-on a")
    WebDriverWait(driver, 5).until(lambda driver: text(driver, "#f-count") == "1 of 65 findings")


def test_marks_give_a_precision_with_its_interval(show):
    driver = show(full_audit(), "#check=near-duplicates")
    keys(driver, "jyjyjyjn")
    # three of four: Wilson (z = 1.96): (.75 + .4802) / 1.9604 = .6275; half .3269
    assert "Precision of this check: 75 % [30 %, 95.4 %], from 4 of the 60" in text(
        driver, "#f-detail .estimate"
    )
    keys(driver, "n")
    assert "from 3 of the 60" in text(driver, "#f-detail .estimate")
    keys(driver, "d")
    row = text(driver, "#marks tbody tr")
    assert row.startswith("near-duplicates 3 0 1 100 %")
    choose(driver, "#f-mark", "desk")
    assert text(driver, "#f-count") == "1 of 65 findings"


def test_marks_can_be_saved_and_copied(show, tmp_path):
    driver = show(full_audit(), "#check=contamination")
    driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    keys(driver, "jy")
    press(driver, "#marks-save")
    saved = tmp_path / "marks.json"
    WebDriverWait(driver, 10).until(lambda _: saved.exists() and saved.stat().st_size)
    kept = json.loads(saved.read_text())
    assert list(kept) == ["contamination"] and list(kept["contamination"].values()) == ["right"]
    assert json.loads(attribute(driver, "#marks-json", "value")) == kept
    assert console(driver) == []


def test_the_map_says_what_lies_under_the_pointer_and_leads_to_it(show):
    driver = show(full_audit(), "#check=contamination")
    assert text(driver, "#m-showing") == "contamination"
    assert "Error\n2" in text(driver, "#m-legend")
    x, y = driver.execute_script(
        "const map = audit.data.map, at = new Uint16Array(Uint8Array.from(atob(map.xy),"
        " (c) => c.charCodeAt(0)).buffer); return [at[6] / map.scale, at[7] / map.scale]"
    )
    canvas = driver.find_element("id", "m-canvas")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    scale = canvas.rect["width"] / 1000
    shift = (x * scale - canvas.rect["width"] / 2, y * scale - canvas.rect["height"] / 2)
    ActionChains(driver).move_to_element_with_offset(canvas, *shift).perform()
    assert "train.jsonl:4" in text(driver, "#m-card")
    assert "contamination" in text(driver, "#m-card")
    ActionChains(driver).click().perform()
    assert text(driver, "#f-detail h3") == FIRST


def test_regions_are_a_way_into_the_findings_without_a_pointer(show):
    driver = show(full_audit())
    button = driver.find_element("css selector", "[data-part]")
    name = button.get_attribute("aria-label")
    driver.execute_script("arguments[0].focus()", button)
    ActionChains(driver).send_keys(" ").perform()
    assert name.startswith("Read the findings in ")
    assert " of 65 findings" in text(driver, "#f-count")


def test_every_control_has_a_name_headings_are_in_order_and_ids_unique(show):
    driver = show(full_audit())
    keys(driver, "jyjn")
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    assert driver.execute_script(ACCESS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_they_stand_on(show, scheme):
    driver = show(full_audit())
    color_scheme(driver, scheme)
    keys(driver, "jy")
    driver.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    faint = {name: round(r, 2) for name, r in contrasts(driver).items() if r < 4.5}  # WCAG 2.2 AA
    assert faint == {}


def test_the_page_follows_the_wish_for_dark(show):
    driver = show(full_audit())
    color_scheme(driver, "dark")
    assert sum(background(driver)) < 3 * 40


def test_nothing_sticks_out_on_a_phone(show):
    driver = show(full_audit())
    resize(driver, 360, 780)
    keys(driver, "jy")
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 360


def test_the_page_prints(show):
    driver = show(full_audit())
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF-")
    assert console(driver) == []


ACCESS = """
const faults = [];
const seen = new Set();
for (const { id } of document.querySelectorAll("[id]")) {
  if (seen.has(id)) faults.push(`id ${id} twice`);
  seen.add(id);
}
for (const field of document.querySelectorAll("input, select, textarea"))
  if (!field.labels.length && !field.ariaLabel) faults.push(`no label: ${field.id}`);
for (const button of document.querySelectorAll("button, a[href], summary"))
  if (!(button.ariaLabel || button.textContent.trim())) faults.push(`no name: ${button.outerHTML}`);
for (const drawn of document.querySelectorAll("svg, canvas"))
  if (!drawn.closest("[aria-hidden=true]") && !drawn.ariaLabel) faults.push(`no name: ${drawn.id}`);
for (const table of document.querySelectorAll("table"))
  if (!table.querySelector("th[scope]")) faults.push(`table without heads: ${table.className}`);
for (const key of ["aria-labelledby", "aria-controls", "aria-activedescendant", "for"])
  for (const element of document.querySelectorAll(`[${key}]`))
    if (!document.getElementById(element.getAttribute(key))) faults.push(`${key} leads nowhere`);
for (const option of document.querySelectorAll("[role=option]"))
  if (!option.closest("[role=listbox]")) faults.push("an option outside its list");
let level = 0;
for (const head of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
  const here = Number(head.tagName[1]);
  if (here > level + 1) faults.push(`h${here} after h${level}: ${head.textContent}`);
  level = here;
}
for (const part of ["header", "main", "footer", "nav[aria-label]", "html[lang]"])
  if (document.querySelectorAll(part).length !== 1) faults.push(`not one ${part}`);
return faults;
"""


def keys(driver: Any, pressed: str) -> None:
    ActionChains(driver).send_keys(pressed).perform()


def list_keys(driver: Any, name: str) -> None:
    from selenium.webdriver.common.keys import Keys

    driver.find_element("id", "f-list").send_keys(getattr(Keys, name.upper()))


def search(driver: Any, words: str) -> None:
    field = driver.find_element("id", "f-q")
    field.clear()
    field.send_keys(words)


def attribute(driver: Any, selector: str, name: str) -> str:
    return driver.find_element("css selector", selector).get_attribute(name)


def hover_all(driver: Any) -> None:
    driver.execute_script(
        "const map = document.getElementById('m-canvas'), box = map.getBoundingClientRect();"
        "for (let x = 0; x < box.width; x += 9) for (let y = 0; y < box.height; y += 9)"
        " map.dispatchEvent(new PointerEvent('pointermove',"
        " { clientX: box.left + x, clientY: box.top + y }))"
    )
