import numpy as np
import pyarrow as pa
import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.quality.asking import asks_for
from curate.checks.quality.languages import kin, languages_of

EN = "The weather was fine today, and so we went for a long walk along the river with the dog."
DE = "Das Wetter war heute schön, und so gingen wir mit dem Hund am Fluss entlang spazieren."
FR = "Il faisait beau aujourd'hui, et nous sommes allés nous promener le long de la rivière."
TEXTS = {
    "en": EN,
    "de": DE,
    "fr": FR,
    "es": "Hoy hacía buen tiempo, así que dimos un largo paseo junto al río con el perro.",
    "ru": "Сегодня была хорошая погода, и мы долго гуляли с собакой вдоль реки.",
    "zh": "今天天气很好，我们带着狗沿着河边散步了很长时间。",
    "ja": "今日は天気が良かったので、犬と一緒に川沿いを長い間散歩しました。",
    "ko": "오늘은 날씨가 좋아서 우리는 개와 함께 강을 따라 오래 산책했습니다.",
    "ar": "كان الطقس جميلا اليوم فذهبنا في نزهة طويلة على طول النهر مع الكلب.",
    "he": "מזג האוויר היה נעים היום ולכן יצאנו לטיול ארוך לאורך הנהר עם הכלב.",
    "hi": "आज मौसम अच्छा था इसलिए हम कुत्ते के साथ नदी के किनारे लंबी सैर पर गए।",
    "el": "Ο καιρός ήταν καλός σήμερα και πήγαμε μια μεγάλη βόλτα δίπλα στο ποτάμι.",
    "th": "วันนี้อากาศดีมาก เราจึงพาสุนัขไปเดินเล่นริมแม่น้ำเป็นเวลานาน",
}
ASK = "Please tell me in a few sentences what you did on your holiday last week."


@pytest.mark.parametrize("code", list(TEXTS))
def test_the_language_of_a_sentence_is_told(code):
    told = languages_of([TEXTS[code]])
    assert told.code[0] == code
    assert told.sure[0] > 0.9


def test_the_languages_are_those_of_py3langid():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    texts = list(TEXTS.values())
    told = languages_of(texts)
    assert told.code.tolist() == [model.classify(text)[0] for text in texts]


def test_code_links_and_numbers_are_no_language():
    told = languages_of(
        ["```\nthe and of is are\n```", "https://example.org/the/and/of", "12 34", ""]
    )
    assert told.letters.tolist() == [0, 0, 0, 0]
    assert told.code.tolist() == ["", "", "", ""]


def test_nulls_and_slices_are_read_where_they_stand():
    column = pa.array(["x", None, DE, EN], pa.large_string())[1:]
    assert languages_of(column).code.tolist() == ["", "de", "en"]


def test_the_file_says_which_language_it_is_in():
    rows = rows_of([ASK] * 21, [EN] * 20 + [DE])
    found = CHECKS.get("wrong-language").run(rows, Context())
    assert [f.rows for f in found.findings] == [(20,)]
    assert found.figures["expected"] == ["en"]
    assert "is in German, where English is expected" in found.findings[0].message


def test_a_file_of_two_languages_expects_both():
    rows = rows_of([ASK] * 20, [EN] * 12 + [DE] * 8)
    assert CHECKS.get("wrong-language").run(rows, Context()).findings == ()


def test_named_languages_are_expected_whatever_the_file_holds():
    rows = rows_of([ASK] * 20, [EN] * 12 + [DE] * 8)
    found = CHECKS.get("wrong-language").run(rows, Context(languages=("en",)))
    assert found.n_rows == 8


def test_texts_too_short_to_tell_are_not_looked_at():
    found = CHECKS.get("wrong-language").run(rows_of(["?"] * 3, ["oui", "42", EN]), Context())
    assert found.looked_at == 1


def test_an_answer_in_another_language_than_its_prompt_is_found():
    rows = rows_of([ASK] * 10, [EN] * 9 + [FR])
    found = CHECKS.get("answer-language").run(rows, Context())
    assert [f.rows for f in found.findings] == [(9,)]
    assert "is in French, its prompt in English" in found.findings[0].message


@pytest.mark.parametrize(
    "prompt",
    [
        f"{ASK} Answer in French.",
        f"Translate this into another tongue: {EN}",
        f"Réponds en français. {ASK}",
        f"{ASK} (en français, s'il vous plaît)",
        f"What does this mean, in short, and how would you go on from there?\n{FR}",
        f"请翻译：{EN}",
    ],
)
def test_who_asks_for_another_language_gets_it(prompt):
    rows = rows_of([ASK] * 10 + [prompt], [EN] * 10 + [FR])
    assert CHECKS.get("answer-language").run(rows, Context()).findings == ()


def test_a_file_of_translations_is_known_as_one():
    rows = rows_of([EN] * 30, [DE] * 30)
    found = CHECKS.get("answer-language").run(rows, Context())
    assert found.findings == ()
    assert found.figures["usual"] == [["en", "de"]]


def test_lists_of_names_are_in_no_language():
    names = "Lyon, Bordeaux, Toulouse, Nantes, Strasbourg, Montpellier, Rennes, Grenoble, Orléans"
    rows = rows_of([ASK] * 10, [EN] * 9 + [names])
    assert CHECKS.get("answer-language").run(rows, Context()).findings == ()
    assert CHECKS.get("wrong-language").run(rows, Context()).findings == ()


def test_an_answer_that_quotes_is_in_its_own_language():
    rows = rows_of([ASK] * 10, [EN] * 9 + [f"{FR}\n{EN}\n{EN}"])
    assert CHECKS.get("answer-language").run(rows, Context()).findings == ()


def test_languages_that_are_alike_are_kin():
    assert kin("hr", "sr")
    assert not kin("en", "de")
    assert asks_for("Auf Englisch, bitte", "en")


def test_no_rows_have_no_language():
    for name in ("wrong-language", "answer-language"):
        found = CHECKS.get(name).run(rows_of([]), Context())
        assert found.findings == ()
        assert np.isnan(found.rate)
