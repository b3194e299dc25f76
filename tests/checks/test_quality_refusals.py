import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.quality import refusal

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I cannot assist with this request.",
    "Sorry, I can't do that.",
    "I apologize, but I am unable to provide that information.",
    "Unfortunately, I do not have access to real-time data.",
    "As an AI language model, I cannot browse the web.",
    "I can't help you with that.",
    "Hello there! I am not able to assist with that.",
    "I must decline.",
    '"I cannot generate that content."',
    "Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Lo siento, pero no puedo ayudar con eso.",
    "Mi dispiace, ma non posso aiutarti.",
    "Desculpe, mas não posso ajudar com isso.",
    "Het spijt me, maar ik kan je daar niet mee helpen.",
    "Przepraszam, ale nie mogę w tym pomóc.",
    "К сожалению, я не могу помочь с этим.",
    "На жаль, я не можу допомогти.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "很抱歉，我无法回答这个问题。",
    "申し訳ありませんが、その質問にはお答えできません。",
    "죄송하지만 도와드릴 수 없습니다.",
    "عذرًا، لا أستطيع مساعدتك.",
    "Xin lỗi, tôi không thể giúp.",
    "Maaf, saya tidak bisa membantu.",
]
ANSWERS = [
    "I'm sorry for your loss. Grief takes its time.",
    "I'm sorry to hear that! Have you tried turning it off?",
    "Sorry, I can't come to your party on Friday, but thank you for the invitation.",
    "Unfortunately, I will not be able to attend the meeting.",
    "I can't believe how good this book is.",
    "I can't help falling in love with Paris.",
    "The knight knelt. 'I'm sorry, but I can't help you,' he said, and rode on.",
    "As an AI engineer, you will train models.",
    "As a large company, we serve many.",
    "You cannot divide by zero.",
    "I have no comment.",
    "Leider regnet es heute in Berlin.",
    "Es tut mir leid, dass du krank bist.",
    "Je ne peux pas croire que c'est fini.",
    "",
    "😀",
    "مرحبا",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_refusal_is_found_in_every_language(answer):
    assert refusal(answer).score == 1
    assert CHECKS.get("refusals").run(rows_of(["?"], [answer]), Context()).n_rows == 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_only_sounds_like_a_refusal_is_none(answer):
    assert refusal(answer) is None
    assert CHECKS.get("refusals").run(rows_of(["?"], [answer]), Context()).n_rows == 0


def test_a_model_that_speaks_of_itself_and_then_answers_is_half_a_refusal():
    answer = "As an AI language model, I don't have feelings, but here is a poem. " + "Roses. " * 60
    assert refusal(answer).score == 0.5


def test_who_is_asked_what_it_is_may_say_so():
    assert refusal("I am a language model.", "Who are you?") is None
    assert refusal("I am a language model.", "What is the capital of Peru?").score == 0.5


def test_a_rejected_refusal_is_told_and_takes_no_row_out():
    rows = rows_of(["Joke?"], ["Knock knock."], ["I'm sorry, but I can't help with that."])
    found = CHECKS.get("refusals").run(rows, Context())
    (one,) = found.findings
    assert (one.severity, one.rows, one.against) == ("info", (), (0,))
    assert one.evidence[0].field == "rejected"
    assert found.rate == 0


def test_the_threshold_leaves_disclaimers_out():
    rows = rows_of(["?"], ["I am a language model."])
    context = Context(thresholds={"refusals": 0.9})
    assert CHECKS.get("refusals").run(rows, context).n_rows == 0


def test_the_evidence_spans_the_refusing_sentence():
    answer = "I'm sorry, but I can't do that. Ask somebody else."
    (one,) = CHECKS.get("refusals").run(rows_of(["?"], [answer]), Context()).findings
    ((start, end),) = one.evidence[0].spans
    assert answer[start:end] == "I'm sorry, but I can't do that."
