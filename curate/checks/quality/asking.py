"""Whether a prompt asks for another language than its own."""

from __future__ import annotations

import re
from functools import lru_cache

from curate.checks.quality.languages import named

__all__ = ["asks_for"]


def asks_for(prompt: str, language: str) -> bool:
    """Return whether a prompt speaks of translating, or names a language.

    Args:
        prompt: What was asked, system prompt included.
        language: ISO 639-1 code.

    >>> asks_for("Write a haiku in German", "de"), asks_for("Write a haiku", "de")
    (True, False)
    """
    return _TRANSLATE.search(prompt) is not None or _name(language).search(prompt) is not None


_TRANSLATE = re.compile(
    r"(?i)\btranslat|\btraduc|\btradu[iz]|\bübersetz|\bübertrag|\bперев[её]д|\bперевод|\bпереклад|"
    r"翻译|翻譯|翻訳|訳して|번역|ترجم|अनुवाद|\bdịch\b|\bterjemah|\bçevir|\bvertaa?l|\btłumacz|"
    r"przetłumacz|\böversätt|\boversett|\boversæt|μετάφρα|μετέφρα|\bpřelož|\bfordít|\btraduz|"
    r"\bsprache\b|\bmultilingual|\blanguages?\b|\blangues?\b|\bidiomas?\b|\blingua\b|язык|语言|言語|언어"
)
_NAMES = {
    "ar": "arab|عرب|阿拉伯|アラビア|아랍|араб",
    "cs": "czech|česk|tschechisch|tchèque|checo",
    "da": "danish|dansk|dänisch|danois",
    "de": "german|deutsch|allemand|alem[aá]n|alemão|tedesc|niemieck|немецк|німецьк|德语|德文|德語|"
    "ドイツ語|독일어|duits|almanca|tysk|ألمان",
    "en": "english|englisch|anglais|ingl[eéê]s|inglese|angielsk|английск|англійськ|英语|英文|英語|"
    "영어|engels|ingilizce|engelsk|إنجليزي|tiếng anh|bahasa inggris|अंग्रेज",
    "es": "spanish|spanisch|espagnol|español|espanhol|spagnol|hiszpańsk|испанск|іспанськ|西班牙|"
    "スペイン語|스페인어|spaans|castellano|ispanyolca|spansk",
    "fr": "french|französisch|français|franc[eé]s|francese|francusk|французск|французьк|法语|法文|"
    "法語|フランス語|프랑스어|frans|fransızca|fransk",
    "hi": "hindi|हिंदी|हिन्दी|印地",
    "id": "indonesia",
    "it": "italian|italien|italien|italiano|włosk|итальянск|італійськ|意大利|イタリア語|이탈리아어",
    "ja": "japan|japon|giapponese|japońsk|японск|японськ|日语|日文|日語|日本語|일본어",
    "ko": "korea|corée|corean|корейск|韩语|韩文|韓語|韓国語|한국어",
    "la": "latin|латин|拉丁",
    "nl": "dutch|niederländisch|néerlandais|holand|olandese|nederlands|нидерланд|голланд|荷兰",
    "pl": "polish|polnisch|polonais|polaco|polacco|polsk|польск|波兰",
    "pt": "portug|португал|葡萄牙|ポルトガル|포르투갈",
    "ru": "russian|russisch|russe|ruso|russo|rosyjsk|русск|російськ|俄语|俄文|ロシア語|러시아어",
    "sv": "swedish|schwedisch|suédois|sueco|svedese|svensk|шведск",
    "tr": "turkish|türkisch|turc|turco|türkçe|турецк|土耳其",
    "uk": "ukrain|украин|україн",
    "vi": "vietnam|việt|越南",
    "zh": "chinese|mandarin|cantonese|chinesisch|chinois|chin[oê]|cinese|chińsk|китайск|китайськ|"
    "中文|汉语|漢語|中国語|중국어|pinyin",
}


@lru_cache(maxsize=256)
def _name(language: str) -> re.Pattern[str]:
    return re.compile(f"(?i){_NAMES.get(language, re.escape(named(language)))}")
