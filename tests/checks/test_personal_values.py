"""What is found in single texts, and what is not."""

import random
import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.personal_values import POSITIVES, broken, card, checksummed, iban
from curate.checks.personal import KINDS, RECOGNISERS, Match, Recogniser, find, scan
from curate.checks.personal.match import Pattern, resolved

ETHEREUM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # EIP-55's own example


def kinds(text, threshold=0.5):
    return [match.kind for match in find(text, threshold=threshold)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mail jo.doe+x@sub.acme.co.uk.", "email"),
        ("jo [at] acme [dot] org", "email"),
        ("+44 20 7946 0958", "phone"),
        ("call (415) 555-2671", "phone"),
        ("Tel. 030 23125 000", "phone"),
        ("4539 1488 0343 6467", "card"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("routing number 021000021", "bank_account"),
        ("536-90-4399", "national_id"),
        ("RSSMRA85T10A562S", "national_id"),
        ("NHS number 943 476 5919", "national_id"),
        ("passport no. X12345678", "passport"),
        ("driver's license: D1234567", "driving_licence"),
        ('{"dob": "1990-04-05"}', "birth_date"),
        ("12 Rue de la Paix, 75002 Paris", "address"),
        ("from 81.2.69.142", "ip"),
        ("2a02:8071:31a8:1::5", "ip"),
        ("3c:22:fb:1a:9b:44", "mac"),
        (ETHEREUM, "wallet"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "wallet"),
        ("AKIA" + "QYLPMN5HHHFPZAM2", "api_key"),
        ("postgres://bob:s3cr3t9@db.acme.io/x", "url_credentials"),
        ("Passwort: hunter2!", "password"),
        ("my pin is 4821", "password"),
        ("Authorization: Basic Ym9iOmh1bnRlcjI=", "api_key"),
    ],
)
def test_each_kind_is_found(text, kind):
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com, icon@2x.png, git@github.com:a/b.git, @handle",
        "4539 1488 0343 6468 fails Luhn; 4242 4242 4242 4242 is of the test books",
        "DE89 3704 0044 0532 0130 01",
        "536-00-4399, 000-12-3456",
        "RSSMRA85T10A562T",
        "10.0.0.1, 127.0.0.1, 192.168.1.1, version 81.2.69.142, 8.8.8.8, 1.2.3.4",
        "12:30:45, std::vector, 00:00:00:00:00:00",
        "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
        "phone can hold 10800-2500 = 8300, 25.50-13.50, order 4155552671",
        "He was born on 14 March 1879.",
        "2024-01-05T10:22:03Z, 978-3-16-148410-0, 550e8400-e29b-41d4-a716-446655440000",
        "AKIAIOSFODNN7EXAMPLE, sk-xxxxxxxxxxxxxxxxxxxxxxxx, ghp_" + "a" * 36,
        "https://user:password@host.com, https://${USER}:${PASS}@host.com",
        'password = os.environ["DB"], password: str, password is required, password=newPassword',
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "eyJ0aGlzIGlzIG5vdA.eyJ0aGlzIGlzIG5vdA.AAAA",
    ],
)
def test_what_only_looks_like_one_is_not_flagged(text):
    assert find(text) == []


@pytest.mark.parametrize("kind", POSITIVES)
def test_generated_values_of_the_development_set_are_found(kind):
    """Words that the kinds need stand before them; e-mail addresses and the like need none."""
    words = {"passport": "passport ", "birth_date": "DOB ", "password": "pwd: ", "phone": "call "}
    words |= {"address": "live at ", "ip": "host ", "url_credentials": "redis://"}
    for n, make in enumerate(POSITIVES[kind]["development"]):
        value = make(random.Random(n))
        tail = "@db:6379" if kind == "url_credentials" else ""
        text = f"{words.get(kind, '')}{value}{tail}"
        (match,) = find(text)
        assert (match.kind, text[match.start : match.end].strip()) == (kind, value.strip())


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_one_wrong_digit_breaks_every_checksum(seed):
    rng = random.Random(seed)
    for maker in (card("4", 16, "#### #### #### ####"), iban("DE", "#" * 18, True)):
        assert find(maker(rng))
        assert not {m.kind for m in find(broken(maker)(rng))} & {"card", "iban"}
    assert kinds(checksummed("ghp_")(rng)) == ["api_key"]


def test_a_private_key_is_taken_to_its_end_and_a_cut_one_as_far_as_it_goes():
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" + "Zz09"] * 3)
    block = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    (whole,) = find(f"here: {block} bye")
    assert (whole.start, whole.end) == (6, 6 + len(block))
    (escaped,) = find(block.replace("\n", "\\n"))
    assert escaped.kind == "private_key" and escaped.end == len(block.replace("\n", "\\n"))
    cut = block[: len(block) - 40]
    (part,) = find(cut)
    assert part.end == len(cut.rstrip("-").rstrip()) or part.end == len(cut)


def test_the_longest_of_overlapping_matches_wins():
    inner, outer = Match(4, 9, "phone", 1.0), Match(0, 12, "card", 0.6)
    assert resolved([inner, outer, Match(12, 14, "ip", 0.6)]) == [outer, Match(12, 14, "ip", 0.6)]


def test_weak_matches_show_at_a_lower_threshold():
    assert kinds("host 10.0.0.1") == []
    assert kinds("host 10.0.0.1", threshold=0.3) == ["ip"]


def test_a_recogniser_of_ones_own_is_asked():
    class Badges:
        gate = "badge"

        def find(self, text):
            return [Match(*hit.span(1), "badge", 0.9) for hit in re.finditer(r"badge (\d+)", text)]

    assert isinstance(Badges(), Recogniser)
    assert find("badge 77", [*RECOGNISERS, Badges()]) == [Match(6, 8, "badge", 0.9)]


def test_rows_without_a_text_or_without_a_match_are_left_out():
    texts = pa.array([None, "nothing", "jo@curate.dev", ""], pa.large_string())
    assert list(scan(texts)) == [2]
    assert scan(pa.array([], pa.large_string())) == {}


@given(st.text(max_size=80), st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_scanning_many_finds_what_looking_at_one_finds(before, after):
    """The gates let through whatever an expression finds."""
    for value in ("jo@curate.dev", "+44 20 7946 0958", "4539 1488 0343 6467", "host 81.2.69.142"):
        text = f"{before} {value} {after}"
        looked = find(text)
        hits = scan(pa.array([text], pa.large_string()))
        assert hits.get(0, []) == looked


def test_every_generated_value_passes_its_gate():
    for makers in POSITIVES.values():
        for part in ("development", "first"):
            texts = [f"call host passport born {m(random.Random(3))}" for m in makers[part]]
            hits = scan(pa.array(texts, pa.large_string()), threshold=0.0)
            assert [find(t, threshold=0.0) for t in texts] == [
                hits.get(n, []) for n in range(len(texts))
            ]


HOSTILE = [
    *(
        "a",
        "1",
        " ",
        "1 ",
        "a.",
        "a@",
        "@a.",
        "1.",
        "1-",
        "(1",
        "+1",
        "a:",
        ":",
        "0:",
        "://a:",
        "eyJ",
    ),
    *(
        "eyJa.",
        "A1",
        "AA11 ",
        "Aa ",
        "1 Aa ",
        "-----BEGIN PRIVATE KEY-----\n",
        "password: ",
        "pwd=a",
    ),
    *(
        "secret",
        "token: a",
        "bearer a",
        "account 1",
        "1 Main ",
        "Xstraße ",
        "rue de la ",
        "Calle A ",
    ),
    *(
        "DOB ",
        "born ",
        "passport ",
        "sk-",
        "ghp_",
        "x@y at ",
        " [at] a",
        "0x1",
        "bc1q",
        "é",
        "\n",
        "<A_",
    ),
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("look", RECOGNISERS, ids=lambda look: look.gate[:24])
def test_hostile_texts_do_not_make_an_expression_turn_back_for_ever(look):
    """A square of 65,536 steps would take minutes, an exponential for ever."""
    for piece in HOSTILE:
        assert sum(1 for _ in look.find(piece * (65_536 // len(piece)))) >= 0


def test_a_megabyte_of_values_is_resolved():
    text = "jo@curate.dev " * 70_000  # 980,000 characters
    assert len(find(text)) == 70_000


def test_a_megabyte_of_nearly_everything_ends():
    text = "".join(piece * 3 for piece in HOSTILE) * 3_000
    hits = scan(pa.array([text[:1_000_000]], pa.large_string()))
    assert len(hits) <= 1


def test_kinds_are_told_apart_by_family():
    assert {kind.family for kind in KINDS.values()} == {"personal", "secret"}
    assert all(isinstance(look, Recogniser) for look in RECOGNISERS)
    assert {look.kind for look in RECOGNISERS if isinstance(look, Pattern)} <= set(KINDS)
