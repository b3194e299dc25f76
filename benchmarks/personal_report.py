"""What is reported on: values, words and hard negatives that nothing was tuned on."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from benchmarks.personal_values import (
    Maker,
    base58,
    broken,
    card,
    checksummed,
    date,
    dated,
    drawn,
    email,
    form,
    iban,
    ip,
    isbn,
    jwt,
    password,
    pem,
    phone,
    street,
    valid,
)

__all__ = ["UNSEEN", "UNSEEN_LABELS", "UNSEEN_NEGATIVES", "UNSEEN_PHRASES"]

UNSEEN: Mapping[str, tuple[Maker, ...]] = {
    "email": (
        email("icloud.com", "seznam.cz", "staff.monash.edu", "ministerio.gob.mx", "bücher.de"),
    ),
    "phone": (
        *(phone(region, True) for region in ("NL", "MX", "KR", "ZA", "TR", "UA", "SG")),
        *(phone(region, False) for region in ("US", "NL", "CH", "GB", "PT")),
    ),
    "card": (
        card("51", 16, "####-####-####-####"),
        card("36", 14, "#### ###### ####"),
        card("4", 16, "################"),
        card("65", 16, "#### #### #### ####"),
        card("34", 15, "###############"),
    ),
    "iban": (
        iban("FR", "#" * 23, True),
        iban("ES", "#" * 20, True),
        iban("BE", "#" * 12, False),
        iban("SE", "#" * 20, True),
        iban("NO", "#" * 11, False),
    ),
    "ip": (ip(), *form("2600:1700:~~~~:~~~~::1~", "2404:6800:4##3:80~::200e")),
    "mac": form("b8:27:eb:~~:~~:~~", "DC-A6-32-~~-~~-~~", "9c:b6:d0:~~:~~:~~"),
    "national_id": (
        valid("cz.rc", "8506##/####"),
        dated("be.nn", "YY.MM.DD-###.##"),
        dated("cn.ric", "11010119YYMMDD###X"),
        valid("cl.rut", "1#.###.###-#"),
        valid("ca.sin", "### ### ###"),
        dated("ro.cnp", "1YYMMDD######"),
        valid("pt.nif", "2########"),
        valid("tr.tckimlik", "###########"),
        dated("dk.cpr", "DDMMYY-####"),
        valid("es.nie", "X#######@"),
        *form("AB ## ## ## C"),
    ),
    "passport": form("9########", "@########", "@#######", "##@@#####"),
    "birth_date": date("%d %b %Y", "%Y/%m/%d", "%d-%m-%Y", "%b %d, %Y"),
    "address": street(
        "7## {s} Avenue, Seattle, WA 98###",
        "1# {s} Lane, Bristol BS1 5TR",
        "{s}weg 1#, 80### München",
        "3# rue {s}, 33### Bordeaux",
        "Via {s} 2#, 00### Roma",
        "{s}straat 1#, 1012 AB Amsterdam",
    ),
    "wallet": (base58(0x1E, 20), base58(0x30, 20), base58(0, 20), *form("0x" + "~" * 40)),
    "api_key": (
        checksummed("gho_"),
        *form("hf_" + "@" * 34, "dop_v1_" + "~" * 64, "shpat_" + "~" * 32, "gsk_" + "?" * 52),
        *form("r8_" + "?" * 37, "github_pat_" + "?" * 22 + "_" + "?" * 59, "rk_live_" + "?" * 40),
        *form("sk-" + "?" * 20 + "T3BlbkFJ" + "?" * 20, "ASIA" + "@" * 16),
    ),
    "jwt": (jwt("HS512"), jwt("EdDSA")),
    "private_key": (pem("DSA ", 400), pem("ENCRYPTED ", 300), pem("RSA ", 1200)),
    "url_credentials": form("deploy:?????!??#?", "admin:????????????????"),
    "password": password("@@##", "#?#?#", "_##!", "$#@"),
}

UNSEEN_LABELS = (
    *("rodné číslo", "rijksregisternummer", "身份证", "RUT", "SIN", "CNP", "NIF", "TC kimlik"),
    *("CPR-nummer", "NIE", "NI number"),
)
"""What the countries of `UNSEEN` call their numbers, in the order of its makers."""

UNSEEN_PHRASES: Mapping[str, tuple[str, ...]] = {
    "email": ("cc {} on it", "von: {}", "e-mail={};", "I wrote to {}, no reply.", "[{}](mailto)"),
    "phone": (
        *(
            "Ring {} for help.",
            "WhatsApp: {}",
            "Bel me op {}.",
            "telefone {}",
            "You can phone {} today",
        ),
        *("| mobile | {} |", "her cell is {}", "Contact number: {}", "tel:{}"),
    ),
    "card": ("My Visa is {}.", "CC {} CVV 123", "tarjeta {}", "| card | {} |", "use {} for it"),
    "iban": ("Compte {} svp.", "to IBAN {},", "({})", "Konto {} bei der Bank"),
    "ip": ("Banned {} yesterday.", "address {}", "src={}", "My router shows {} now."),
    "mac": ("wlan0 {}", "| mac | {} |", "found {} on the LAN"),
    "national_id": ("{label}: {}", "my {label} is {}", "{label} {}"),
    "passport": ("passport: {}", "pasaporte n.º {}", "Passport Number - {}", "His passport is {}."),
    "birth_date": ("Birth date: {}", "D.O.B. {}", "birthdate={}", "nacida el {}"),
    "address": (
        "We live at {} now.",
        "Adresse : {}",
        "Please send the parcel to {}.",
        "| address | {} |",
    ),
    "wallet": ("wallet = {}", "Pay {} today.", '"recipient": "{}"'),
    "api_key": ("API_KEY={}", "I pasted {} by mistake", '{"auth": "{}"}', "os.environ['K'] = '{}'"),
    "jwt": ("jwt={}", "Bearer {}", '"id_token": "{}"'),
    "private_key": ("{}\n", "id_rsa:\n{}\n", "'''{}'''"),
    "url_credentials": ("mongodb+srv://{}@cluster0.mongodb.net/db", "ftp://{}@ftp.acme.com/"),
    "password": (
        "passwd: {}",
        "user=bob password={}",
        "Mot de passe : {}",
        "pwd is {}",
        '"password": "{}"',
    ),
    "no": (
        *("Number {} on the list.", "compare {} with it", "{} is wrong", "It costs or counts {}."),
        *("Tracking {}", "cf. {}", "- {}"),
    ),
}


def _coordinates(rng: Random) -> str:
    return f"{rng.uniform(-90, 90):.6f}, {rng.uniform(-180, 180):.6f}"


UNSEEN_NEGATIVES: Mapping[str, tuple[Maker, ...]] = {
    "order": form("1Z#####@0#########", "PO ######-##", "#### #### ####", "@@###########"),
    "broken card": (
        broken(card("4", 16, "####-####-####-####")),
        broken(card("6011", 16, "#" * 16)),
    ),
    "broken iban": (broken(iban("FR", "#" * 23, True)), broken(iban("BE", "#" * 12, False))),
    "broken wallet": (broken(base58(5, 20), "123456789ABCDEFGHJKLMNPQRSTUVWXYZ"),),
    "broken token": (broken(checksummed("npm_"), "0123456789abcdef"),),
    "broken id": (
        broken(valid("cl.rut", "1#.###.###-#")),
        broken(dated("be.nn", "YY.MM.DD-###.##")),
    ),
    "version": form("v1#.#.#.##", "4.1#.0.2##", "Chrome/9#.0.4###.##"),
    "hash": form("~" * 32, "~~~~~~~~-~~~~-4~~~-9~~~-~~~~~~~~~~~~", "sha256:" + "~" * 64),
    "isbn": (isbn, *form("ISSN ####-####", "10.1###/s#####-0##-#####-#")),
    "sum": form(
        "#,###,### + ###,###", "0.######## * 1##", "x = ####/## - ##", "1 2 3 5 8 13 21 34 55"
    ),
    "score": form("3:2, 1:1, 0:4", "1##-#-#", "11-#, 11-#, 9-11"),
    "price": form("USD 12,###.##", "¥1#,###", "$### - $###"),
    "date": (*date("%Y-%m-%d %H:%M:%S", "%d/%m/%Y"), *form("1914-1918, 1939-1945")),
    "place": (_coordinates, lambda rng: drawn(rng, "Platform 9, Row ##, Seat ##@")),
    "code": form(
        'pwd = getpass.getpass("?")', "secret_key: Optional[str] = None", "#~~~~~~; #~~~~~~"
    ),
    "placeholder": form(
        "me@test.invalid", "172.16.#.##", "255.255.255.0", "<your-token>", "password: ****"
    ),
}
