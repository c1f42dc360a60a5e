"""Words for genres, moods and audiences, in the languages of the multilingual text model.

Each paragraph is a group: names of categories, then ``:``, then other words with which people
ask for them. ``_`` stands for a space. A name after ``=`` is no word of asking: a family drama
is not for children. The words say what kind of thing somebody wants; words for things that
appear in it, such as "vampires", are left to the texts of the items.
"""

_GROUPS = """
    comedy comedies comedic humor humour humorous satire parody komödie komödien comédie
        comedia comedias commedia comédia comédias komedie комедия комедии 喜剧 喜劇 搞笑
        コメディ ギャグ 코미디 : funny hilarious laugh laughs laughing laughter lol jokes
        witty silly goofy lustig lustige lustiges lustiger lustigen witzig witzige
        witziges lachen drôle drôles rire marrant divertido divertida divertidas
        divertidos graciosa gracioso reír reir divertente divertenti ridere engraçado
        engraçada rir grappig grappige смешной смешное смешные 好笑 爆笑 笑一笑 大笑
        开心一笑 轻松搞笑 幽默 笑える 面白い 웃긴 feel-good feelgood feel_good cheer_me_up
        cheerful light-hearted lighthearted gute_laune heiter heitere heiterer heiteres
        aufmuntern bonne_humeur buen_humor buonumore de_buen_humor cheering_up cheer_us_up
        uplifting lift_my_spirits lift_my_mood aufheiternd aufheitern erheiternd
        lebensbejahend réjouissant edificante optimista esperanzador 振奋 开心 治愈心情
    horror horrorfilm horreur épouvante terror terrore orrore ужасы 恐怖 惊悚恐怖 ホラー
        공포 : scary scarier creepy spooky frightening terrifying chilling halloween
        gruselig gruselige gruseliges gruselfilm effrayant effrayants fait_peur miedo
        aterradora paura spaventoso assustador страшный страшные 吓人 可怕 害怕
        惊吓 恐怖片 怖い 무서운
    thriller thrillers suspense thriller-suspense triller триллер 惊悚 驚悚 スリラー
        サスペンス 스릴러 : suspenseful gripping nail-biting spannend spannende spannender
        spannendes spannung palpitant haletant suspenso emocionante 紧张刺激 悬念
    romance romantic romances romantik liebesfilm liebesfilme romántica romántico
        romantico romantica romantique романтика мелодрама 爱情 愛情 恋爱 戀愛 浪漫 恋愛
        ロマンス 로맨스 : love_story love_stories lovestory lovestories falling_in_love
        date_night romantically liebesgeschichte liebesgeschichten liebesroman romantisch
        romantische romantischer romantisches histoire_d'amour histoires_d'amour
        historia_de_amor historias_de_amor storia_d'amore storie_d'amore história_de_amor
        film_d'amour films_d'amour roman_d'amour film_d'amore película_de_amor
        películas_de_amor filme_de_amor filmes_de_amor love_film love_films love_movie
        谈恋爱 爱情片 爱情故事 甜甜的
    drama dramas drame drames dramma drammi драма 剧情 劇情 ドラマ 드라마 : tearjerker
        tear-jerker cry crying weep weepy sad sadness moving traurig traurige trauriges
        weinen triste tristes pleurer llorar piangere chorar грустный
    催泪 感动 致郁 泣ける : cry crying tearjerker tear-jerker sad 催泪的 想哭 哭 感人 伤感
        traurig triste weinen pleurer llorar
    治愈 癒し healing iyashikei : relaxing soothing calm heartwarming heart-warming
        wholesome 温馨 放松 治愈系 暖心 beruhigend
    animation animated anime cartoon cartoons zeichentrick animationsfilm dessin_animé
        animación animazione animação мультфильм мультфильмы 动画片 卡通 アニメーション
        애니메이션 : zeichentrickfilm zeichentrickfilme animationsfilme trickfilm
        动画 動畫 动画电影 动漫 動漫 애니 dessins_animés dibujos_animados caricaturas
        cartoni_animati cartone_animato
        desenho_animado desenhos_animados tekenfilm мультики
    children children's child kids kids' =family kinder kinderfilm kinderfilme =familie
        enfants enfant =famille infantil infantiles niños =familia bambini =famiglia crianças
        =família kinderen дети детский =семейный 儿童 兒童 子供向け =家庭 亲子 어린이 : kid
        toddler toddlers daughter son grandchildren kindern kind tochter sohn fille_de
        fils hijo hija hijos nietos figlio figlia figli filho filha kleinkind niño niña
        孩子 小孩 小朋友 宝宝 女儿 儿子 幼儿 小孩子 子供 아이 whole_family family_film
        family_films family_movie family_movies ganze_familie familienfilm familienfilme
        toute_la_famille film_familial toda_la_familia película_familiar tutta_la_famiglia
        全家 合家欢 亲子片
    western westerns 西部 西部片 ウェスタン 서부 : cowboy cowboys wild_west wildwest
        wilder_westen del_oeste far_west lejano_oeste вестерн вестерны 牛仔
    science_fiction sci-fi scifi sci_fi sf science-fiction ciencia_ficción fantascienza
        ficção_científica фантастика 科幻 空想科学 エスエフ : sience_fiction futuristic
        outer_space weltraum zukunft espace futuro espacio космос 未来 太空 宇宙
    fantasy fantastique fantasía fantasia fantastico фэнтези 奇幻 玄幻 ファンタジー 판타지
        : wizards wizard dragons elves magical fantastisch fantastische 魔幻
    war kriegsfilm krieg guerre guerra bélico война военный 战争 戰爭 戦争 전쟁 :
        kriegsfilme antikriegsfilm wartime warfare bélica bélicas 打仗 战争片
    crime krimi krimis policier polar policíaco policiaca policial giallo poliziesco
        криминал детектив 犯罪 クライム 범죄 : gangster gangsters mafia mobsters heist
        heists robbers kriminalfilm kriminalroman whodunit whodunnit mord asesinato 黑帮
        警匪
    mystery mysteries krimi misterio mistero mystère мистика 推理 悬疑 懸疑 ミステリー
        미스터리 : detective detectives whodunit whodunnit sleuth detektiv détective 侦探
        破案 烧脑 探偵
    musical musicals comédie_musicale мюзикл 音乐剧 歌舞 ミュージカル 뮤지컬 : musicalfilm
        singing_and_dancing song_and_dance 歌舞片
    documentary documentaries dokumentation dokumentarfilm documentaire documental
        documentario documentário документальный 纪录片 紀錄片 记录片 ドキュメンタリー
        다큐멘터리 : true_facts doku dokus dokumentarfilme documentaires documentales
    action actionfilm acción azione ação боевик 动作 動作 アクション 액션 : actionfilme
        fights fighting shootouts explosions actionreich 打斗 打斗场面 动作片 打打杀杀
    adventure abenteuer aventure aventures aventura aventuras avventura приключения 冒险
        冒險 アドベンチャー 모험 : adventurous adventures abenteuerfilm abenteuerlich
        quest
    film-noir film_noir noir 黑色电影 : neo-noir
    sport sports sportfilm deportes deporte sportivo esporte спорт 运动 運動 体育 競技
        スポーツ 스포츠 : athletes athlete
    music musik musique música musica музыка 音乐 音樂 音楽 음악 : band bands concert
        concerts 乐队
    history historical geschichte historisch histoire historique historia histórico storia
        storico история 历史 歷史 歴史 역사 : history_film historische historischer
    校园 学园 学校 school school_life 学園 : high_school classroom schoolgirl schule 高中
        学生
    日常 slice_of_life 日常系 : everyday_life alltag
    后宫 後宮 harem ハーレム : 开后宫
    机战 机甲 萝卜 mecha ロボット : giant_robots robots 机器人 高达 巨大ロボ
    百合 yuri girls_love : 女女 女同
    耽美 bl boys_love yaoi : 男男
    =science_fiction =sci-fi =scifi =mystery =thriller =科幻 =悬疑 : mind-bending
        mind_bending mindbending mind-blowing plot_twist plot_twists verrückte_wendungen
        反转
    =ambient =instrumental =chillout =chill_out =chill =downtempo =classical =piano =new_age
        =post-rock =easy_listening =lounge =轻音乐 =纯音乐 : studying study concentrate
        concentrating concentration focusing sleeping sleep falling_asleep yoga meditate
        meditating meditation lernen konzentrieren schlafen einschlafen étudier dormir
        méditer estudiar concentrarme studiare estudar 学习 睡觉 睡眠 冥想 专注
    =jazz =lounge =bossa_nova =soul =easy_listening =chillout : dinner_party cocktail_party
        background_music hintergrundmusik musique_de_fond música_de_fondo
    male_vocalists male_vocalist male_vocals : male_singer male_singers male_voice
        male_voices men_singing sänger 男声 男歌手
    female_vocalists female_vocalist female_vocals : female_singer female_singers
        female_voice female_voices women_singing sängerinnen chanteuses cantantes_femeninas
        女声 女歌手
    classical classical_music klassik 古典 古典音乐 クラシック : klassische_musik
        musique_classique música_clásica musica_classica música_clássica
    rock 摇滚 摇滚乐 ロック 록
    jazz 爵士 爵士乐 ジャズ 재즈
    folk 民谣 : 民谣音乐
    electronic electronica electro 电子 电子音乐 エレクトロ : elektronische_musik
        musique_électronique música_electrónica musica_elettronica
    hip-hop hip_hop hiphop rap 嘻哈 说唱 ヒップホップ 힙합
    metal heavy_metal 金属乐 重金属 メタル : 金属音乐
    punk 朋克 パンク
    blues 蓝调 布鲁斯 ブルース
    reggae 雷鬼 レゲエ
    美食 料理 cooking gourmet : food_anime 做饭 吃货
"""


_VIOLENCE = """violent violence blood bloody bloodshed gore gory brutal brutality killing
        killings murder murders gewalt brutale blut blutig blutige gewalttätig gewalttätige
        brutalität mord sang sanglant sanglante violente violents violencia violento sangre
        asesinatos violenza sangue violência насилие кровь 暴力 血腥 流血 残忍 杀人 グロ"""
_RULED_OUT_GROUPS = f"""
    =horror =horrorfilm =gore =splatter =slasher =恐怖 =猎奇 =ホラー : {_VIOLENCE}
    =war =krieg =kriegsfilm =guerra =guerre =战争 =戰爭 =戦争 : {_VIOLENCE} weapons guns waffen
        armas armes 武器
    =crime =krimi =policier =policiaco =犯罪 =クライム : {_VIOLENCE}
    =action =actionfilm =acción =azione =动作 =動作 =战斗 =アクション : violent violence gewalt
        gewalttätig gewalttätige violencia violento violenza violência насилие 暴力
"""
"""Groups of words that only rule out: nothing violent is no action film, and a violent gangster
film is about gangsters."""

_ASKED_VIOLENCE = """
    violent violence brutal brutality bloody gory gewalt gewalttätig gewalttätige gewalttätiger
    gewalttätigen brutale brutaler brutalen blutig blutige blutigen violente
    violents violentes violento violentos violentas violenti violenza violencia sanglant
    sanglants sangrienta sangriento 暴力 血腥
"""
ASKED_VIOLENCE = frozenset(_ASKED_VIOLENCE.split())
"""Words that also ask for these kinds in a text that says nothing else: "violent films"."""

_MOODS = """
    funny funnier funniest hilarious humorous scary scarier scariest creepy spooky frightening
    terrifying suspenseful romantic lustig lustige lustiger lustiges lustigen witzig witzige
    witziger witziges witzigen gruselig gruselige gruseliger gruseliges gruseligen spannend
    spannende spannender spannendes spannenden romantisch romantische romantischer
    romantisches romantischen drôle drôles effrayant effrayants romantique romantiques
    divertido divertida divertidos divertidas gracioso graciosa romántica romántico divertente
    divertenti romantico romantica spaventoso spaventosa grappig grappige uplifting studying
    study concentrate concentrating concentration focusing sleeping sleep yoga meditate
    meditating lernen konzentrieren schlafen einschlafen étudier dormir estudiar studiare
"""
MOODS = frozenset(_MOODS.split())
"""Words of the groups that say how something is, or what one does meanwhile: in a title, they
say nothing about it."""


def concept_groups() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Return the names of categories and all words of each group, in lower case.

    Groups whose words only rule out are the last ones; see :func:`n_asking_groups`.
    """
    return (*_read_groups(_GROUPS), *_read_groups(_RULED_OUT_GROUPS))


def n_asking_groups() -> int:
    """Return the number of groups whose words also ask for something: the first ones."""
    return len(_read_groups(_GROUPS))


def _read_groups(text: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    joined: list[str] = []
    for line in text.strip("\n").splitlines():
        if line.startswith("        "):
            joined[-1] += line
        else:
            joined.append(line)
    groups = []
    for group in joined:
        names, _, others = group.partition(" : ")
        named, asked = (
            [word.replace("_", " ") for word in part.split()] for part in (names, others)
        )
        values = frozenset(word.removeprefix("=") for word in named)
        words = frozenset(word for word in (*named, *asked) if not word.startswith("="))
        groups.append((values, words))
    return groups
