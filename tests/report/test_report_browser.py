import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.wait import WebDriverWait

from curate.report import Page, render
from tests.chromium import browser, color_scheme, console, requests, resize
from tests.report.pages import full_page, page_of

pytestmark = pytest.mark.browser

INJECTED = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"

Show = Callable[[Page], Any]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser() as chromium:
        yield chromium


@pytest.fixture
def show(driver: Any, tmp_path: Path) -> Show:
    def open_page(page: Page) -> Any:
        file = tmp_path / "report.html"
        file.write_text(render(page), encoding="utf-8")
        resize(driver, 1360, 900)
        color_scheme(driver, "light")
        console(driver), requests(driver)
        driver.get(file.as_uri())
        return driver

    return open_page


def test_the_page_opens_from_disk_without_an_error_or_a_request(show, tmp_path):
    driver = show(full_page())
    assert console(driver) == []
    assert requests(driver) == [(tmp_path / "report.html").as_uri()]


def test_a_page_without_any_data_opens_without_an_error(show):
    driver = show(Page(title="Fresh", task="rank", generated_from={}))
    assert console(driver) == []
    assert "Nothing has been chosen yet." in text(driver, "#queue")


def test_an_injected_script_is_shown_and_does_not_run(show):
    driver = show(page_of(INJECTED))
    press(driver, ".opener")
    press(driver, ".inside summary")
    assert INJECTED in text(driver, ".inside .text")
    assert driver.execute_script("return window.ran") is None
    assert driver.execute_script("return document.images.length") == 0
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
    driver = show(full_page())
    refused = "try { %s; return false } catch { return true }"
    assert driver.execute_script(refused % attempt)
    assert driver.execute_script("return window.ran") is None


def test_nothing_is_fetched_even_when_asked_for(show):
    driver = show(full_page())
    driver.execute_script(
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';"
        "document.body.append(image);"
    )
    assert any("Content Security Policy" in message for message in console(driver))


def test_the_table_sorts_by_a_press_on_its_header_and_says_so(show):
    driver = show(full_page())
    assert column(driver, 0)[:3] == ["1", "2", "3"]
    press_header(driver, "tokens")
    falling = [float(value) for value in column(driver, 6)]
    assert falling == sorted(falling, reverse=True)
    assert sorted_header(driver) == ("tokens", "descending")
    press_header(driver, "tokens")
    rising = [float(value) for value in column(driver, 6)]
    assert rising == sorted(rising)
    assert sorted_header(driver) == ("tokens", "ascending")


def test_rows_without_a_value_come_last_either_way(show):
    driver = show(full_page())
    press(driver, "#queue-more button:last-child")
    for _ in range(2):
        press_header(driver, "Chance")
        # 36 active picks were deterministic; the 4 random ones had a chance of 0.02
        assert column(driver, 7) == ["0.02"] * 4 + ["–"] * 36


def test_the_table_filters_by_part_outcome_and_words(show):
    driver = show(full_page())
    assert text(driver, "#q-count") == "40 rows"
    choose(driver, "#q-part", "random")
    assert text(driver, "#q-count") == "4 of 40 rows"
    choose(driver, "#q-part", "")
    choose(driver, "#q-outcome", "good")
    assert text(driver, "#q-count") == "10 of 40 rows"
    choose(driver, "#q-outcome", "")
    driver.find_element("css selector", "#q-search").send_keys("TRAINS")
    found = len(column(driver, 0))
    assert text(driver, "#q-count") == f"{found} of 40 rows"
    assert all("trains" in prompt for prompt in column(driver, 1))


def test_a_row_opens_to_its_reason_its_answers_and_what_was_changed(show):
    driver = show(full_page())
    second = driver.find_elements("css selector", ".opener")[1]
    second.click()
    inside = text(driver, ".inside")
    assert second.get_attribute("aria-expanded") == "true"
    assert "most of the committee contradicts it" in inside
    assert "Answer under review, by small" in inside
    number = full_page().queue[1].item_id.lstrip("c0")
    assert text(driver, "del") == number
    assert text(driver, "ins") == str(int(number) + 1)
    press(driver, ".inside summary")
    shown = WebDriverWait(driver, 10)
    shown.until(lambda driver: f"Only {int(number) + 1}." in text(driver, ".inside details"))
    second.click()
    assert not driver.find_elements("css selector", ".inside")


def test_a_long_text_is_cut_until_all_of_it_is_asked_for(show):
    driver = show(page_of("word " * 20_000))
    press(driver, ".opener")
    assert len(text(driver, ".inside .text")) < 2_000
    button = driver.find_element("css selector", ".show-all")
    assert button.text == "Show all 100,000 characters"
    button.click()
    shown = driver.execute_script("return document.querySelector('.inside .text').textContent")
    assert len(shown) == 100_000


def test_what_the_eye_cannot_see_is_written_out(show):
    driver = show(page_of("pay\u202egpj\u200b.exe"))
    press(driver, ".opener")
    assert "payU+202EgpjU+200B.exe" in text(driver, ".inside .text")


def test_the_map_marks_each_row_of_the_queue_and_leads_to_it(show):
    driver = show(full_page())
    assert len(driver.find_elements("css selector", ".marks .mark.active")) == 36
    assert len(driver.find_elements("css selector", ".marks .mark.random")) == 4
    assert len(driver.find_elements("css selector", "#map-svg .rings circle")) == 7
    mark = driver.find_element("css selector", '[data-row="38"]')
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
    click_middle(driver, mark)
    assert "most" not in text(driver, "#row-39 + .detail .why")
    assert text(driver, "#row-39 + .detail .why") == "drawn at random"


def test_the_card_beside_the_map_reads_what_lies_under_the_pointer(show):
    from selenium.webdriver import ActionChains

    driver = show(full_page())
    mark = driver.find_element("css selector", '[data-row="38"]')
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
    ActionChains(driver).move_to_element(mark).perform()
    assert "number 39 of the queue, random" in text(driver, "#map-card")


def test_the_page_follows_the_wish_for_dark(show):
    driver = show(full_page())
    light = background(driver)
    color_scheme(driver, "dark")
    assert sum(light) > 3 * 240 and sum(background(driver)) < 3 * 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_they_stand_on(show, scheme):
    driver = show(full_page())
    color_scheme(driver, scheme)
    press(driver, ".opener")
    faint = {
        name: round(ratio, 2) for name, ratio in contrasts(driver).items() if ratio < 4.5
    }  # WCAG 2.2 AA
    assert faint == {}


def test_nothing_sticks_out_on_a_phone(show):
    driver = show(full_page())
    resize(driver, 360, 780)
    press(driver, ".opener")
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 360


def test_figures_stay_in_sight_while_reading(show):
    driver = show(full_page())
    driver.execute_script("document.getElementById('outcome').scrollIntoView()")
    top = driver.execute_script(
        "return document.getElementById('summary').getBoundingClientRect().top"
    )
    assert top == 0


def test_the_page_prints(show):
    driver = show(full_page())
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF-")
    assert console(driver) == []


def text(driver: Any, selector: str) -> str:
    return driver.find_element("css selector", selector).text


def press(driver: Any, selector: str) -> None:
    element = driver.find_element("css selector", selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def press_header(driver: Any, name: str) -> None:
    for button in driver.find_elements("css selector", "#queue-table thead button"):
        if button.text.strip(" ↑↓") == name:
            driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
            button.click()
            return
    raise AssertionError(f"no header {name!r}")


def sorted_header(driver: Any) -> tuple[str, str]:
    head = driver.find_element("css selector", 'thead th[aria-sort$="cending"]')
    return head.text.strip(" ↑↓"), head.get_attribute("aria-sort")


def column(driver: Any, n: int) -> list[str]:
    return driver.execute_script(
        "return [...document.querySelectorAll('tr.item')]"
        ".map((row) => row.cells[arguments[0]].innerText.trim())",
        n,
    )


def choose(driver: Any, selector: str, value: str) -> None:
    press(driver, f'{selector} option[value="{value}"]')


def click_middle(driver: Any, element: Any) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(driver).move_to_element(element).click().perform()


def background(driver: Any) -> list[int]:
    value = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    return [int(part) for part in value.removeprefix("rgb(").rstrip(")").split(",")]


def contrasts(driver: Any) -> dict[str, float]:
    """Return the contrast of each element with text of its own to the nearest ground."""
    return driver.execute_script(
        """
        const parse = (value) => value.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
          .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
          .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const over = ([r, g, b, a = 1], under) =>
          [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
        const ground = (element) => {
          if (!element) return [255, 255, 255];
          const own = parse(getComputedStyle(element).backgroundColor);
          return own.length === 3 ? own : over(own, ground(element.parentElement));
        };
        const found = {};
        for (const element of document.body.querySelectorAll("*")) {
          const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
          if (!own || !element.checkVisibility()) continue;
          if (element.closest("svg, script, .sr, .skip")) continue;
          const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          const name = `${element.tagName}.${element.className}: ${element.textContent}`;
          found[name] = Math.min(found[name] ?? 99, ratio);
        }
        return found;
        """
    )
