"""Words of amounts: numerals, currencies, durations, stars and decades, in several languages.

The constants are regular expressions of closed lists, or the values of their words. They are
read by :mod:`daybreak.encoders.amounts`.
"""

CURRENCY_SIGNS = r"(?:us|ca|au|nz|hk|nt|r)?\$|[€£¥₹₽₩₺]"
"""Signs of currencies, before or after a number; text in compatibility form has no other ¥."""

CURRENCY_CODES = r"eur|usd|gbp|cny|rmb|jpy|chf|inr|aud|cad|sek|nok|dkk|pln"

CURRENCY_NAMES = (
    rf"euros?|{CURRENCY_CODES}|dollars?|bucks?|pounds?|quid|yuan|yen|francs?|franken|kronor"
    r"|kroner|pesos?|rupees?|rupien|dólares|dolares|libras|dollari|sterline|zł|kr"
)
"""Currencies that are written with spaces around them."""

UNSPACED_CURRENCIES = r"块钱|塊錢|人民币|美元|美金|欧元|歐元|英镑|英鎊|港币|日元|元|块|圆|円|원"
"""Currencies of scripts without spaces, the longest first."""

CENTS = r"pence|cents?|centimes|céntimos"

MINUTES = r"minutes?|mins?|min|minuten|minutos?|minut[oi]|分钟|分鐘"

HOURS = (
    r"hours?|hrs?|h|stunden?|std|horas?|heures?|or[ae]"
    r"|[个個]?小[时時]|[个個]?[钟鐘][头頭]"
)

STARS = (
    r"stars?|sternen?|estrellas|étoiles|stelle|颗星|星|分(?![钟鐘之享类類手离離别別镜鏡店身成])"
)
"""Units of ratings; 分 is a point of a score."""

SCALES = {"k": 1e3, "千": 1e3, "万": 1e4, "萬": 1e4}
"""What the words and letters after a number multiply it by."""

_NUMERALS = {
    1: "one ein eine einen einem einer un une uno una",
    2: "two zwei deux dos due",
    3: "three drei trois tres tre",
    4: "four vier quatre cuatro quattro",
    5: "five fünf cinq cinco cinque",
    6: "six sechs seis sei",
    7: "seven sieben sept siete sette",
    8: "eight acht huit ocho otto",
    9: "nine neun neuf nueve nove",
    10: "ten zehn dix diez dieci",
    12: "twelve zwölf douze doce dodici",
    15: "fifteen fünfzehn quinze quince quindici",
    20: "twenty zwanzig vingt veinte venti",
    25: "twenty-five fünfundzwanzig vingt-cinq veinticinco venticinque",
    30: "thirty dreißig dreissig trente treinta trenta",
    40: "forty vierzig quarante cuarenta quaranta",
    50: "fifty fünfzig cinquante cincuenta cinquanta",
    60: "sixty sechzig soixante sesenta sessanta",
    70: "seventy siebzig soixante-dix setenta settanta",
    80: "eighty achtzig quatre-vingts ochenta ottanta",
    90: "ninety neunzig quatre-vingt-dix noventa novanta",
    100: "hundred hundert cent cien cento",
    200: "two-hundred zweihundert",
    1000: "thousand tausend mille mil",
}
NUMERALS = {word: value for value, words in _NUMERALS.items() for word in words.split()}
"""Numbers in words; they count only with a unit."""

UNSPACED_DIGITS: dict[str, float] = {
    **dict(zip("零一二三四五六七八九", range(10), strict=True)),
    "两": 2,
    "兩": 2,
    "半": 0.5,
}
UNSPACED_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000}

_DECADES = {
    1920: "twenties zwanziger veinte",
    1930: "thirties dreißiger dreissiger treinta",
    1940: "forties vierziger cuarenta",
    1950: "fifties fünfziger cincuenta",
    1960: "sixties sechziger sesenta",
    1970: "seventies siebziger setenta",
    1980: "eighties achtziger ochenta",
    1990: "nineties neunziger noventa",
    2000: "noughties",
}
DECADE_WORDS = {word: year for year, words in _DECADES.items() for word in words.split()}
"""Decades in words, by their first year."""

UNSPACED_DECADES = {digit: 1900 + 10 * n for n, digit in enumerate("零一二三四五六七八九")} | {
    "零": 2000
}
"""First year of the decade of a Chinese digit before 十年代, and of 零零年代."""

YEAR_SUFFIX = r"年(?![代龄齡级級轻輕货貨糕])"
"""The word that makes a Chinese or Japanese number a year."""
