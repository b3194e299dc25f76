"""Who a person is on paper: national numbers, passports, licences, dates of birth."""

from __future__ import annotations

import datetime
import functools
import importlib
import re
from dataclasses import dataclass
from typing import Any

from curate.checks.personal.match import CHECKED, CONTEXT, FORMAT, Judge, Pattern

__all__ = ["NUMBERS", "RECOGNISERS", "Number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """How one country writes the number that names a person."""

    country: str
    form: str
    """Expression, in what RE2 and Python both read."""
    check: str = ""
    """Module of `stdnum` that knows its check digits; empty = there are none, the form says all."""
    words: str = ""
    """Expression for what must stand before it; empty = form and check digits are enough."""
    sure: float = CHECKED


_SSN = r"ssn|social[ _-]?sec\w*"
_CPF = r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"

NUMBERS = (
    Number(country="us", form=r"[0-9]{3}-[0-9]{2}-[0-9]{4}", check="us.ssn", sure=FORMAT),
    Number(country="us", form=r"9[0-9]{2}-[5-9][0-9]-[0-9]{4}", check="us.itin", sure=FORMAT),
    Number(country="us", form=r"[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}", check="us.ssn", words=_SSN),
    Number(
        country="us",
        form=r"9[0-9]{2}[ -]?[5-9][0-9][ -]?[0-9]{4}",
        check="us.itin",
        words=r"itin|tax",
    ),
    Number(
        country="gb",
        form=r"[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        sure=FORMAT,
    ),
    Number(
        country="gb",
        form=r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
        check="gb.nhs",
        words=r"nhs|patient|health",
    ),
    Number(
        country="de",
        form=r"[1-9][0-9 /]{9,13}[0-9]",
        check="de.idnr",
        words=r"steuer\w*|id-?nr|idnr|tin|tax",
    ),
    Number(
        country="fr",
        form=(
            r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}"
            r"|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
        ),
        check="fr.nir",
    ),
    Number(country="es", form=r"[0-9]{8}[ -]?[A-HJ-NP-TV-Z]", check="es.dni"),
    Number(country="es", form=r"[XYZ][ -]?[0-9]{7}[ -]?[A-HJ-NP-TV-Z]", check="es.nie"),
    Number(
        country="it",
        form=r"[A-Za-z]{6}[0-9]{2}[A-EHLMPR-Ta-ehlmpr-t][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]",
        check="it.codicefiscale",
    ),
    Number(
        country="nl",
        form=r"[0-9]{4}[. ]?[0-9]{2}[. ]?[0-9]{2,3}",
        check="nl.bsn",
        words=r"bsn|burgerservice\w*|sofi\w*",
    ),
    Number(country="br", form=_CPF, check="br.cpf"),
    Number(country="br", form=r"[0-9]{11}", check="br.cpf", words=r"cpf"),
    Number(
        country="in",
        form=r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        check="in_.aadhaar",
        words=r"aadha+r|uid(?:ai)?|आधार",
    ),
    Number(
        country="in", form=r"[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]", check="in_.pan", sure=FORMAT
    ),
    Number(
        country="ca",
        form=r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        check="ca.sin",
        words=r"sin|social insurance|nas",
    ),
    Number(
        country="au", form=r"[0-9]{3} ?[0-9]{3} ?[0-9]{2,3}", check="au.tfn", words=r"tfn|tax file"
    ),
    Number(country="mx", form=r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]", check="mx.curp"),
    Number(country="pl", form=r"[0-9]{11}", check="pl.pesel", words=r"pesel"),
    Number(country="se", form=r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", check="se.personnummer"),
    Number(country="fi", form=r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", check="fi.hetu"),
    Number(country="dk", form=r"[0-9]{6}-?[0-9]{4}", check="dk.cpr", words=r"cpr\w*|personnummer"),
    Number(
        country="no",
        form=r"[0-9]{6} ?[0-9]{5}",
        check="no.fodselsnummer",
        words=r"f[øo]dselsn\w*|personn\w*",
    ),
    Number(country="ch", form=r"756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}", check="ch.ssn"),
    Number(country="be", form=r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}[.-][0-9]{2}", check="be.nn"),
    Number(country="pt", form=r"[0-9]{9}", check="pt.nif", words=r"nif|contribuinte"),
    Number(
        country="cn",
        form=r"[1-9][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}[0-9Xx]",
        check="cn.ric",
    ),
    Number(country="kr", form=r"[0-9]{6}-[1-8][0-9]{6}", check="kr.rrn"),
    Number(country="za", form=r"[0-9]{13}", check="za.idnr", words=r"id|identity"),
    Number(country="tr", form=r"[1-9][0-9]{10}", check="tr.tckimlik", words=r"t\.?c\.?|kimlik"),
    Number(country="ro", form=r"[1-9][0-9]{12}", check="ro.cnp", words=r"cnp"),
    Number(country="cz", form=r"[0-9]{6}/[0-9]{3,4}", check="cz.rc"),
    Number(country="cl", form=r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]", check="cl.rut"),
    Number(country="ie", form=r"[0-9]{7}[A-W][A-IW]?", check="ie.pps", words=r"pps\w*"),
    Number(country="sg", form=r"[STFGM][0-9]{7}[A-Z]", words=r"nric|fin|identity"),
    Number(
        country="ar", form=r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}", check="ar.dni", words=r"dni|documento"
    ),
)
"""Countries' numbers; those of which chance would make many need their name before them."""


def _pattern(number: Number) -> Pattern:
    form = rf"(?<![\w.])(?<!\w-)(?:{number.form})(?![\w/]|[.-]\w)"
    gate = rf"(?:{number.form})"
    if number.words:
        gate = rf"(?i)\b(?:{number.words})\b"
    return Pattern(kind="national_id", gate=gate, regex=re.compile(form), judge=_judge(number))


def _judge(number: Number) -> Judge:
    words = re.compile(rf"(?i)\b(?:{number.words})\b") if number.words else None

    def judge(value: str, before: str, after: str) -> float:
        if words and not words.search(before):
            return 0.0
        if number.check and not _holds(number.check, value):
            return 0.0
        return number.sure

    return judge


def _holds(name: str, value: str) -> bool:
    checker = _checker(name)
    return bool(checker.is_valid(value.upper()))


@functools.cache
def _checker(name: str) -> Any:
    return importlib.import_module(f"stdnum.{name}")


_OF = (
    r"[\s\"'`*_]{0,3}(?:number|nummer|num[eé]ro|numero|n[uú]mero|nr|no|n[º°]|id"
    r"|#)?\.?[\s\"'`*_:=#()\-–]{0,6}(?:is|was|ist|lautet|est|es|is het|é|è|是|为)?[\s\"'`:]{0,3}"
)
_PASSPORTS = (
    r"pass(?:port|eport|aporto)|pasaporte|passaporto"
    r"|passaporte|paspoort|reisepass\w*|pas|护照|パスポート|паспорт"
)
_PASSPORT = re.compile(
    rf"(?i:(?<!\w)(?:{_PASSPORTS}){_OF})(?P<value>[A-Z]{{0,3}}[ -]?\d{{6,9}}[A-Z]?\d?"
    rf"|[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{{8}}|\d{{2}}[A-Z]{{2}}\d{{5}})(?![\w-])"
)
_LICENCES = (
    r"driv(?:er'?s?|er’s|ing)[ _-]?licen[cs]e|führerschein\w*|permis de conduire"
    r"|permiso de conducir|patente di guida|rijbewijs\w*|\bDL\b"
)
_LICENCE = re.compile(
    rf"(?i:(?<!\w)(?:{_LICENCES}){_OF})(?P<value>(?=[A-Z0-9 -]{{0,12}}\d{{3}})[A-Z0-9](?:[A-Z0-9]"
    rf"|[ -][A-Z0-9]){{4,19}})(?![\w-])"
)


def _said(value: str, before: str, after: str) -> float:
    return CONTEXT


_MONTH = r"(?P<month>[^\W\d_]{3,10})\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|\.)?"
_DATE = (
    r"(?P<value>\d{4}[-./年] ?\d{1,2}[-./月] ?\d{1,2}日?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}(?!\d)"
    rf"|{_DAY} (?:of |de |d')?[^\W\d_]{{3,10}}\.?,?(?: de"
    rf"| del)? \d{{4}}|[^\W\d_]{{3,10}}\.? {_DAY},? \d{{4}})"
)
_BIRTHS = (
    r"date[ _-]?of[ _-]?birth|birth[ _-]?dates?|birthday|d\.?o\.?b\.?"
    r"|(?:my|his|her|their|your) birthday|(?:I was|I'm|I am|patient) born"
    r"|geburtsdatum|geburtstag|geboren am|geb\. am|geb\."
    r"|date de naissance|née? le|fecha de nacimiento"
    r"|nac[ií](?:d[oa])? el|data di nascita|nat[oa] il"
    r"|data de nascimento|nasci(?:d[oa])? (?:em|a)|geboortedatum"
    r"|geboren op|födelsedatum|fødselsdato|syntymäaika"
    r"|data urodzenia|生年月日|出生日期|дата рождения"
)
_BIRTH = re.compile(
    rf"(?i)(?<!\w)(?:{_BIRTHS})[\s\"'`*_:=|()\-–]{{0,6}}(?:(?:is|was|on|ist|war|est|es|am|é|è)\s){{0,2}}[\s\"'`]{{0,2}}{_DATE}"
)


def _birth(value: str, before: str, after: str) -> float:
    """Judge by whether a living person could be born then."""
    numbers = [int(n) for n in re.findall(r"\d+", value)]
    year = max(numbers)
    this_year = datetime.date.today().year
    if year < 100:
        return CONTEXT if all(0 < n for n in numbers[:2]) else 0.0
    return CONTEXT if this_year - 120 < year <= this_year else 0.0


RECOGNISERS = (
    *(_pattern(number) for number in NUMBERS),
    Pattern(kind="passport", gate=rf"(?i){_PASSPORTS}", regex=_PASSPORT, judge=_said),
    Pattern(kind="driving_licence", gate=rf"(?i){_LICENCES}", regex=_LICENCE, judge=_said),
    Pattern(kind="birth_date", gate=rf"(?i)(?:{_BIRTHS})", regex=_BIRTH, judge=_birth),
)
