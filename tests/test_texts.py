from curate.records import Message, ToolCall, message_row
from curate.texts import answer_text, prompt_text


def user(text):
    return Message(role="user", content=text)


def test_the_system_prompt_is_left_out():
    assert prompt_text([Message(role="system", content="Be brief."), user("Hi")]) == "Hi"
    assert prompt_text([Message(role="developer", content="Be brief."), user("Hi")]) == "Hi"


def test_a_follow_up_keeps_what_it_refers_to():
    chat = [
        user("Forgotten"),
        Message(role="assistant", content="So be it"),
        user("Capital of France?"),
        Message(role="assistant", content="Paris"),
        user("And of Spain?"),
    ]
    assert prompt_text(chat) == ("user: Capital of France?\nassistant: Paris\nuser: And of Spain?")
    assert prompt_text(chat, turns=1) == "And of Spain?"


def test_tool_calls_and_their_results_are_part_of_the_prompt():
    chat = [
        user("Weather?"),
        Message(role="assistant", tool_calls=(ToolCall(name="weather", arguments='{"at":1}'),)),
        Message(role="tool", content="sunny", tool_call_id="1"),
    ]
    assert prompt_text(chat) == 'user: Weather?\nassistant: weather({"at":1})\ntool: sunny'


def test_a_record_and_its_row_read_the_same():
    chat = [Message(role="system", content="s"), user("q"), Message(role="assistant", refusal="no")]
    assert prompt_text([message_row(m) for m in chat]) == prompt_text(chat)


def test_an_answer_of_nothing_is_an_empty_text():
    assert answer_text(Message(role="assistant")) == ""
    assert prompt_text([]) == ""
    assert prompt_text([Message(role="system", content="only this")]) == ""


def test_a_refusal_is_what_the_user_reads():
    assert answer_text(Message(role="assistant", refusal="I cannot.")) == "I cannot."


def test_thinking_is_not():
    assert answer_text(Message(role="assistant", content="4", thinking="2 + 2 ...")) == "4"
