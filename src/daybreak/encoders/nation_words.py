"""Words for countries, their people and their languages, as people say them.

"French films" asks for what comes from France, and "from Sweden" for what is tagged *swedish*.
Each line is a country: names, adjectives and languages in English, German, French, Spanish,
Italian, Chinese, Japanese and Korean. ``_`` stands for a space; ``*`` for the endings of German
adjectives. *English* is left out, as it is spoken in many countries, and so are words that mean
something else more often, such as *island*, the German name of Iceland.
"""

from functools import cache

_GERMAN_ENDINGS = ("", "e", "er", "es", "en", "em")
_NATIONS = """
    france french frankreich französisch* français française françaises francia francés francesa
        franceses francesas francese francesi 法国 法國 法语 法語 フランス 프랑스
    germany german deutschland deutsch* allemagne allemand allemande allemands allemandes
        alemania alemán alemana alemanes alemanas germania tedesco tedesca tedeschi tedesche
        德国 德國 德语 德語 ドイツ 독일
    austria austrian österreich österreichisch* autriche autrichien autrichienne austríaco
        austríaca austriaco austriaca 奥地利 奧地利 オーストリア
    switzerland swiss schweiz schweizer schweizerisch* suisse suiza suizo svizzera svizzero 瑞士
        スイス
    italy italian italien italienisch* italie italienne italia italiano italiana italianos
        italianas italiani italiane 意大利 義大利 意大利语 イタリア 이탈리아
    spain spanish spanien spanisch* espagne espagnol espagnole espagnols espagnoles españa
        español española españoles españolas spagna spagnolo spagnola spagnoli 西班牙 西班牙语
        スペイン 스페인
    portugal portuguese portugiesisch* portugais portugaise portugués portuguesa portoghese
        português 葡萄牙 ポルトガル
    brazil brazilian brasil brasilien brasilianisch* brésil brésilien brésilienne brasileño
        brasileña brasile brasiliano brasiliana brasileiro brasileira 巴西 ブラジル 브라질
    mexico mexican mexiko mexikanisch* mexique mexicain mexicaine méxico mexicano mexicana
        messico messicano messicana 墨西哥 メキシコ
    argentina argentinian argentine argentinien argentinisch* argentin argentino 阿根廷
        アルゼンチン
    uk united_kingdom great_britain britain england british grossbritannien britisch*
        royaume-uni grande-bretagne angleterre britannique britanniques reino_unido inglaterra
        británico británica regno_unito inghilterra britannico britannica 英国 英國 イギリス
        영국
    usa united_states united_states_of_america u.s.a american amerika amerikanisch* états-unis
        américain américaine américains américaines estados_unidos estadounidense stati_uniti
        americano americana 美国 美國 アメリカ 미국
    ireland irish irland irisch* irlande irlandais irlandaise irlanda irlandés irlandesa
        irlandese 爱尔兰 愛爾蘭 アイルランド
    scotland scottish schottland schottisch* écosse écossais écossaise escocia escocés scozia
        scozzese 苏格兰 蘇格蘭 スコットランド
    canada canadian kanada kanadisch* canadien canadienne canadiense canadese 加拿大 カナダ
    australia australian australien australisch* australie australienne australiano australiana
        澳大利亚 澳大利亞 オーストラリア
    new_zealand neuseeland neuseeländisch* nouvelle-zélande nueva_zelanda nuova_zelanda 新西兰
        紐西蘭 ニュージーランド
    netherlands dutch niederlande niederländisch* holländisch* pays-bas néerlandais néerlandaise
        hollandais países_bajos holandés holandesa paesi_bassi olandese 荷兰 荷蘭 オランダ
    belgium belgian belgien belgisch* belgique belge bélgica belga belgio 比利时 比利時 ベルギー
    sweden swedish schweden schwedisch* suède suédois suédoise suecia sueco sueca svezia svedese
        svedesi 瑞典 スウェーデン 스웨덴
    norway norwegian norwegen norwegisch* norvège norvégien norvégienne noruega noruego norvegia
        norvegese 挪威 ノルウェー 노르웨이
    denmark danish dänemark dänisch* danemark danois danoise dinamarca danés danesa danimarca
        danese 丹麦 丹麥 デンマーク
    finland finnish finnland finnisch* finlande finlandais finlandaise finlandia finlandés
        finlandesa finlandese 芬兰 芬蘭 フィンランド
    iceland icelandic isländisch* islande islandais islandaise islandia islandés islanda
        islandese 冰岛 冰島 アイスランド
    poland polish polen polnisch* pologne polonais polonaise polonia polaco polaca polacco
        polacca 波兰 波蘭 ポーランド
    czech_republic czechoslovakia czechia czech tschechien tschechisch* tchèque checo checa ceco
        ceca 捷克 チェコ
    hungary hungarian ungarn ungarisch* hongrie hongrois hongroise hungría húngaro húngara
        ungheria ungherese 匈牙利 ハンガリー
    romania romanian rumänien rumänisch* roumanie roumain roumaine rumania rumano rumana rumeno
        罗马尼亚 羅馬尼亞 ルーマニア
    greece greek griechenland griechisch* grèce grec grecque grecia griego griega greco 希腊
        希臘 ギリシャ 그리스
    turkey turkish türkei türkisch* turquie turc turque turquía turco turca turchia 土耳其
        トルコ 터키
    russia russian soviet_union ussr russland russisch* russie russe russes rusia ruso rusa
        rusos russo russa 俄罗斯 俄羅斯 俄国 苏联 ロシア 러시아
    ukraine ukrainian ukrainisch* ukrainien ukrainienne ucrania ucraniano ucraniana ucraina
        ucraino 乌克兰 烏克蘭 ウクライナ
    japan japanese japanisch* japon japonais japonaise japonaises japón japonés japonesa
        japoneses giappone giapponese giapponesi 日本 日语 日語 일본
    china chinese mandarin chinesisch* chine chinois chinoise chinoises cina cinese cinesi 中国
        中國 国产 國產 중국
    hong_kong hongkong cantonese 香港 ホンコン 홍콩
    taiwan taiwanese taiwanisch* taïwan 台湾 臺灣 台灣 대만
    south_korea korea korean südkorea koreanisch* corée coréen coréenne corea coreano coreana
        coreani 韩国 韓國 한국
    india indian hindi indien indisch* inde indienne indiano 印度 インド 인도
    iran iranian persian farsi iranisch* iranien iranienne iraní iraniano 伊朗 イラン
    israel israeli hebrew israelisch* israël israélien israélienne israelí israeliano 以色列
        イスラエル
    jamaica jamaican jamaika jamaikanisch* jamaïque jamaïcain jamaicano 牙买加 ジャマイカ
    cuba cuban kuba kubanisch* cubain cubaine cubano cubana 古巴 キューバ
"""


@cache
def nations() -> tuple[frozenset[str], ...]:
    """Return the words of each country, in lower case."""
    lines: list[str] = []
    for line in _NATIONS.strip("\n").splitlines():
        if line.startswith("        "):
            lines[-1] += line
        else:
            lines.append(line)
    return tuple(frozenset(_forms(line.split())) for line in lines)


def _forms(words: list[str]) -> list[str]:
    found = []
    for word in words:
        stem = word.rstrip("*").replace("_", " ")
        found += [f"{stem}{end}" for end in (_GERMAN_ENDINGS if word.endswith("*") else ("",))]
    return found
