"""How answers refuse, by language, as patterns that both RE2 and `re` read."""

from __future__ import annotations

__all__ = ["DISCLAIMING", "LEAD", "REFUSING"]

LEAD = (
    r"^[\s\"'“”„«»*_>#¡-]{0,12}"
    r"(?:(?:hi|hello|hey|thank you|thanks|hallo|bonjour|hola)\b[^.!?\n]{0,60}[.!]\s+)?"
)
"""What may stand before: quotes, a greeting."""

_NOT = (
    r"(?:can(?:no|['’])t|cannot|can not|could not|couldn['’]t|won['’]t|will not|"
    r"(?:am |['’]m |are |['’]re )?(?:not able|unable) to|(?:am |['’]m )?not (?:comfortable|allowed|"
    r"permitted|programmed|designed|capable|in a position|going to)|must (?:respectfully )?decline|"
    r"have to decline|refuse to)"
)
_DO = (
    r"(?:(?:in good conscience|currently|personally|directly|really|help you|possibly|simply|"
    r"ethically|legally|just) )?"
    r"(?:help (?:you|with|to|in|them|him|her)|help\b[.,!]|assist|provide|fulfil|comply|generate|"
    r"create (?:a|an|any|content|that|this|the|images?)|write (?:a|an|any|that|this|about|code|"
    r"the|your|something)|support|answer (?:that|this|your|the|any|questions?)|engage in|"
    r"participate|share (?:that|this|any|personal|info)|give (?:you|out|advice|medical|legal|any)|"
    r"offer|discuss|do (?:that|this|so|it)\b|"
    r"complete (?:this|that|the|your)|continue (?:with|this)|produce|respond to|promote|access|"
    r"browse|process|translate|summari[sz]e|encourage|condone|"
    r"(?:see|view|open) (?:the|any|your|this|that|images?|files?|links?)|"
    r"accommodate|satisfy|perform|tell you|make (?:up|jokes?)|play|predict|look up|"
    r"with (?:providing|helping|assisting|creating|writing|that|this))"
)
_ENGLISH = (
    # an apology, then any "cannot"
    r"(?:(?:I['’]m|I am|we['’]re|we are) (?:really |very |so |truly |deeply |terribly )?"
    r"sorry|sorry|I (?:sincerely )?apologi[sz]e|(?:my |our )?(?:sincere )?apologies|"
    r"unfortunately|regrettably)"
    r"(?: for (?:the|any) [a-z ]{1,30})?[,.!:;—–-]* *(?:but|however|that)?,? *"
    rf"(?:as an? [^.\n]{{1,60}}?, )?(?:I|we) ?(?:{_NOT}|(?:do not|don['’]t) (?:have (?:access|the "
    r"ability|enough|personal|any|information|real)|feel comfortable|provide|engage|support|"
    r"understand|generate|create|condone))",
    # no apology: what cannot be done must be what assistants do
    rf"I ?{_NOT} (?:to )?{_DO}",
    r"I (?:do not|don['’]t) (?:feel comfortable|have (?:access to|the ability to)|condone|"
    r"provide (?:that|this|any)|engage in)",
    r"(?:it (?:is|['’]s|would be|is not|isn['’]t)|that (?:is|would be)) "
    r"(?:not |highly |very )?(?:appropriate|inappropriate|unethical|ethical|illegal and "
    r"unethical) (?:for me )?to (?:provide|help|assist|write|create|generate|engage|answer|"
    r"discuss|share|give)",
    r"(?:this|your|that) (?:request|prompt|question) (?:goes against|violates|is against)",
    r"I must (?:respectfully )?decline",
)
_OTHERS = {
    "de": (
        r"(?:es tut mir (?:sehr )?leid|tut mir leid|entschuldigung|leider|ich bedaue?re)[,.!]? "
        r"[^.\n]{0,40}?\b(?:kann|darf|bin|habe|ist)\b[^.\n]{0,80}?\b(?:nicht|keine?n?)\b",
        r"ich (?:kann|darf) (?:ihnen|dir|diese[nrms]?|dabei|dazu|das|hierbei|leider|auf)\b"
        r"[^.\n]{0,80}?\b(?:nicht|keine?n?)\b[^.\n]{0,30}?(?:helfen|beantworten|erfüllen|geben|"
        r"bereitstellen|unterstützen|weiterhelfen|antworten|erstellen)",
    ),
    "fr": (
        r"(?:je suis (?:vraiment |sincèrement )?désolée?|désolée?|je regrette|malheureusement|"
        r"je m['’]excuse)[,.]? (?:mais )?(?:en tant [^.\n]{1,50}, )?je ne (?:peux|suis|dispose|"
        r"parviens)",
        r"je ne (?:peux pas|suis pas en mesure de|suis pas capable de|peux) (?:vous |t['’])?"
        r"(?:aider|répondre|fournir|créer|générer|traiter|satisfaire|accéder)",
    ),
    "es": (
        r"(?:lo siento(?: mucho)?|lo lamento|disculp[ae]|perdón|perdona|lamentablemente|"
        r"desafortunadamente)[,.]? (?:pero )?(?:como [^.\n]{1,50}, )?no (?:puedo|me es posible|"
        r"tengo (?:acceso|la capacidad)|estoy)",
        r"no puedo (?:ayudar|proporcionar|cumplir|responder|generar|asistir|ofrecer|crear)",
    ),
    "it": (
        r"(?:mi dispiace|spiacente|scusa|mi scuso|purtroppo)[,.]? (?:ma )?(?:come [^.\n]{1,50}, )?"
        r"non (?:posso|sono in grado|ho accesso)",
        r"non (?:posso|sono in grado di) (?:aiutar|fornire|rispondere|soddisfare|generare|"
        r"assister)",
    ),
    "pt": (
        r"(?:desculpe?|peço desculpas?|sinto muito|lamento|infelizmente)[,.]? (?:mas )?"
        r"(?:como [^.\n]{1,50}, )?(?:eu )?não (?:posso|consigo|tenho acesso|sou capaz)",
        r"(?:eu )?não (?:posso|consigo) (?:ajudar|ajudá|fornecer|responder|atender|gerar|oferecer)",
    ),
    "nl": (
        r"(?:het spijt me|sorry|helaas|mijn excuses)[,.]? (?:maar )?[^.\n]{0,30}?\bkan\b"
        r"[^.\n]{0,60}?\b(?:niet|geen)\b",
        r"ik kan (?:je|u|hier|dit|daar|deze)\b[^.\n]{0,60}?\b(?:niet|geen)\b[^.\n]{0,30}?"
        r"(?:helpen|beantwoorden|geven|voldoen)",
    ),
    "pl": (
        r"(?:przepraszam|przykro mi|niestety)[,.]? (?:ale )?(?:jako [^.\n]{1,50}, )?nie "
        r"(?:mogę|jestem w stanie|mam dostępu)",
        r"nie mogę (?:pomóc|udzielić|spełnić|odpowiedzieć|wygenerować|dostarczyć)",
    ),
    "sv": (
        r"(?:jag är ledsen|tyvärr|förlåt|jag beklagar)[,.]? [^.\n]{0,30}?\bkan\b[^.\n]{0,20}?inte",
    ),
    "ru": (
        r"(?:извините|простите|к сожалению|мне (?:очень )?жаль|сожалею|прошу прощения)[,.]? "
        r"(?:но )?(?:как [^.\n]{1,50}, )?(?:я )?не (?:могу|в состоянии|имею)",
        r"я не (?:могу|в состоянии) (?:помочь|ответить|предоставить|выполнить|создать|дать)",
    ),
    "uk": (
        r"(?:вибачте|перепрошую|на жаль|мені (?:дуже )?шкода)[,.]? (?:але )?(?:я )?не (?:можу|маю)",
    ),
    "tr": (
        r"(?:üzgünüm|maalesef|özür dilerim|kusura bakmayın)[^.\n]{0,100}?(?:olamam|yapamam|edemem|"
        r"veremem|sağlayamam|oluşturamam|yazamam|olamıyorum|edemiyorum|yapamıyorum|mümkün değil)",
    ),
    "zh": (
        r"(?:我)?(?:很|非常|十分|真的)?(?:抱歉|对不起|遗憾|對不起|遺憾)[，,。！! ]*"
        r"(?:但是|但|作为[^。\n]{1,30}[，,])?(?:我)?(?:目前)?(?:不能|无法|没有办法|没办法|無法|沒有辦法)",
        r"我(?:无法|不能|無法)(?:为您|向您|為您)?(?:提供|回答|协助|帮助|满足|完成|生成|協助|幫助|滿足)",
    ),
    "ja": (
        r"(?:大変|誠に)?(?:申し訳(?:ありません|ございません|ない)|すみません|ごめんなさい|残念ながら)"
        r"[^\n]{0,80}?(?:できません|できかね|いたしかね|お答えでき|お手伝いでき|対応でき)",
    ),
    "ko": (
        r"(?:죄송(?:합니다|하지만|해요|한데)|미안(?:합니다|하지만|해요)|유감스럽게도|안타깝게도)"
        r"[^\n]{0,80}?(?:수 없|수가 없|어렵습니다|불가능)",
    ),
    "ar": (
        r"(?:أنا )?(?:آسف|عذرًا|عذرا|أعتذر|للأسف|معذرة)[^\n]{0,40}?(?:لا (?:أستطيع|يمكنني|أقدر)|"
        r"لست قادر|غير قادر)",
        r"لا (?:يمكنني|أستطيع) (?:مساعدت|تقديم|المساعدة|الإجابة)",
    ),
    "hi": (
        r"(?:मुझे (?:खेद|माफ़|माफ)|क्षमा करें|माफ़ कीजिए|माफ करें|खेद है)[^\n]{0,100}?"
        r"(?:नहीं[^\n]{0,12}?सक|असमर्थ)",
    ),
    "vi": (r"(?:xin lỗi|rất tiếc|tôi (?:rất )?(?:xin lỗi|tiếc))[^\n]{0,60}?không thể",),
    "id": (
        r"(?:maaf|mohon maaf|saya (?:minta|mohon) maaf|sayangnya)[^\n]{0,40}?"
        r"tidak (?:dapat|bisa|mampu)",
    ),
}
_MODEL = (
    r"(?:AI|A\.I\.|artificial intelligence|(?:AI |large )?language model|virtual assistant|"
    r"computer program|chatbot)(?: language)?(?: (?:model|assistant|system|program|chatbot))?"
)

REFUSING = "|".join((*_ENGLISH, *(one for some in _OTHERS.values() for one in some)))
"""Refusals of 18 languages, at the beginning of an answer."""

DISCLAIMING = "|".join(
    (
        rf"(?:as|being) an? {_MODEL}(?: (?:developed|trained|created|made) by [^,.\n]{{1,30}})?,? "
        r"(?:I\b|my\b|it(?:['’]s| is) (?:not|against|important))",
        rf"I(?:['’]m| am) (?:just |only |merely |simply )?an? {_MODEL}\b",
        r"als (?:eine? )?(?:KI|künstliche Intelligenz|Sprachmodell|AI|taalmodel|AI-taalmodel)\b",
        r"en tant qu(?:['’](?:IA|intelligence artificielle|assistant)|e modèle de lang)",
        r"como (?:una? )?(?:IA|inteligencia artificial|inteligência artificial|modelo de "
        r"(?:lenguaje|linguagem))\b",
        r"come (?:modello linguistico|modello di linguaggio|intelligenza artificiale|IA)\b",
        r"jako (?:model językowy|sztuczna inteligencja|AI)\b",
        r"как (?:ИИ|языковая модель|искусственный интеллект|большая языковая)",
        r"як (?:мовна модель|штучний інтелект|ШІ)",
        r"bir yapay zek[aâ]",
        r"(?:作为|作為)(?:一个|一名|一款|一個)?(?:AI|人工智能|人工智慧|大?语言模型|大?語言模型|智能助手)",
        r"(?:私は)?(?:AI|人工知能|大規模言語モデル|言語モデル)(?:言語モデル|アシスタント)?"
        r"(?:として|なので|ですので|であるため)",
        r"(?:저는 )?(?:AI|인공지능|언어 모델)(?: 언어 모델)?(?:로서|이기 때문에|이므로)",
        r"(?:بصفتي|كنموذج|بوصفي) ?(?:نموذج|ذكاء|مساعد|لغ)",
        r"là (?:một )?(?:AI|mô hình ngôn ngữ|trí tuệ nhân tạo)",
        r"sebagai (?:AI|model bahasa|asisten)",
    )
)
"""Models that say what they are, at the beginning of an answer."""
