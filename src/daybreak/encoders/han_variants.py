"""Chinese characters in simplified, traditional and Japanese form: 檯燈 is 台灯.

A sentence and a catalogue may be written in different forms. :meth:`HanForms.fit_text` writes
a sentence with the characters of the catalogue; :func:`simplify` writes all of them in
simplified form.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

_VARIANTS = """
    爱愛 碍礙 袄襖 罢罷 摆擺 败敗 办辦 帮幫 绑綁 镑鎊 宝寶 报報 饱飽 贝貝 备備 惫憊 笔筆 币幣
    毕畢 闭閉 边邊辺 编編 变變変 标標 表錶 别別 宾賓 饼餅 并並併 拨撥 补補 布佈 财財 参參 残殘
    惨慘 仓倉 苍蒼 舱艙 层層 产產産 场場 尝嘗 厂廠 长長 肠腸 偿償 车車 彻徹 尘塵 陈陳 衬襯 称稱
    惩懲 诚誠 迟遲 驰馳 齿齒歯 虫蟲 宠寵 冲沖衝 丑醜 厨廚 础礎 储儲 触觸 处處処 传傳伝 创創 锤錘
    纯純 绸綢 词詞 辞辭 聪聰 从從従 丛叢 凑湊 错錯 达達 带帶帯 贷貸 单單単 担擔 胆膽 弹彈弾 当當
    党黨 荡蕩 档檔 导導 岛島 祷禱 灯燈 邓鄧 敌敵 递遞 点點 电電 垫墊 钓釣 调調 钉釘 顶頂 订訂
    东東 冻凍 动動 栋棟 斗鬥 读讀読 独獨 赌賭 镀鍍 锻鍛 断斷 队隊 对對対 吨噸 顿頓 夺奪 堕墮
    鹅鵝 额額 恶惡悪 饿餓 儿兒 尔爾 饵餌 发發髮発 罚罰 阀閥 矾礬 范範 贩販 饭飯 访訪 纺紡 飞飛
    费費 纷紛 坟墳 奋奮 愤憤 粪糞 丰豐 风風 疯瘋 枫楓 锋鋒 缝縫 凤鳳 肤膚 辐輻 抚撫 辅輔 负負
    妇婦 复復複 该該 盖蓋 干乾幹 赶趕 杆桿 刚剛 钢鋼 岗崗 搁擱 鸽鴿 阁閣 个個 给給 宫宮 巩鞏
    贡貢 钩鉤 构構 购購 够夠 顾顧 雇僱 刮颳 关關関 观觀観 馆館 惯慣 贯貫 广廣広 归歸帰 龟龜亀
    规規 轨軌 诡詭 柜櫃 贵貴 滚滾 锅鍋 国國 过過 骇駭 韩韓 汉漢 号號 贺賀 鹤鶴 黑黒 横橫 轰轟
    红紅 后後 壶壺 护護 户戶戸 沪滬 华華 画畫 划劃 话話 怀懷懐 坏壞壊 欢歡歓 环環 还還 缓緩 换換
    唤喚 黄黃 谎謊 挥揮 辉輝 回迴 毁毀 绘繪絵 会會 贿賄 秽穢 汇匯彙 讳諱 荤葷 浑渾 伙夥 获獲穫
    货貨 祸禍 击擊撃 机機 积積 饥飢 鸡雞鶏 极極 级級 挤擠 几幾 计計 记記 纪紀 济濟済 际際 继繼継
    剂劑剤 夹夾 荚莢 颊頰 贾賈 钾鉀 价價価 驾駕 歼殲 监監 坚堅 间間 艰艱 缄緘 茧繭 检檢検 碱鹼
    拣揀 捡撿 简簡 俭儉 减減 荐薦 鉴鑒鑑 践踐 贱賤 见見 键鍵 舰艦 剑劍剣 渐漸 溅濺 涧澗 将將
    浆漿 蒋蔣 桨槳 奖獎 讲講 酱醬 胶膠 浇澆 骄驕 娇嬌 搅攪 铰鉸 矫矯 脚腳 饺餃 缴繳 绞絞 轿轎
    较較 阶階 节節 洁潔 结結 诫誡 届屆 紧緊 锦錦 仅僅 谨謹 进進 晋晉 尽盡儘 劲勁 荆荊 经經経
    惊驚 鲸鯨 镜鏡 径徑 净淨 竞競 静靜 纠糾 旧舊 举舉挙 据據拠 锯鋸 惧懼 剧劇 卷捲 绢絹 觉覺覚
    决決 诀訣 绝絕絶 军軍 骏駿 开開 凯凱 颗顆 壳殼 课課 垦墾 恳懇 库庫 裤褲 夸誇 块塊 宽寬 矿礦
    旷曠 况況 亏虧 窥窺 馈饋 扩擴拡 阔闊 蜡蠟 腊臘 莱萊 来來 赖賴 蓝藍 栏欄 拦攔 篮籃 兰蘭 澜瀾
    揽攬 览覽覧 懒懶 缆纜 烂爛 滥濫 劳勞労 涝澇 乐樂楽 镭鐳 垒壘 类類 泪淚涙 篱籬 离離 里裡裏
    礼禮 丽麗 厉厲 励勵 历歷曆歴暦 沥瀝 隶隸 俩倆 联聯 莲蓮 连連 镰鐮 怜憐 涟漣 帘簾 敛斂 脸臉
    链鏈 恋戀 炼煉 练練 粮糧 凉涼 两兩両 辆輛 谅諒 疗療 辽遼 镣鐐 猎獵猟 临臨 邻鄰隣 鳞鱗 凛凜
    龄齡齢 铃鈴 灵靈霊 岭嶺 领領 馏餾 刘劉 龙龍竜 聋聾 笼籠 垄壟 拢攏 陇隴 楼樓 娄婁 搂摟 篓簍
    芦蘆 卢盧 颅顱 庐廬 炉爐 掳擄 卤鹵滷 虏虜 鲁魯 赂賂 录錄録 陆陸 驴驢 铝鋁 侣侶 缕縷 虑慮
    滤濾 绿綠緑 峦巒 挛攣 乱亂 轮輪 伦倫 沦淪 论論 萝蘿 罗羅 逻邏 锣鑼 箩籮 骡騾 骆駱 络絡 妈媽
    玛瑪 码碼 蚂螞 马馬 骂罵 吗嗎 买買 麦麥 卖賣売 迈邁 脉脈 瞒瞞 馒饅 蛮蠻 满滿満 猫貓 锚錨
    铆鉚 贸貿 么麼麽 霉黴 没沒 镁鎂 门門 闷悶 们們 锰錳 梦夢 谜謎 弥彌 觅覓 绵綿 庙廟 灭滅 悯憫
    闽閩 鸣鳴 铭銘 谬謬 谋謀 亩畝 钠鈉 纳納 难難 挠撓 脑腦脳 恼惱悩 闹鬧 馁餒 内內 拟擬 腻膩
    撵攆 酿釀 鸟鳥 聂聶 镊鑷 镍鎳 柠檸 狞獰 宁寧 拧擰 泞濘 钮鈕 纽紐 浓濃 农農 疟瘧 诺諾 欧歐
    鸥鷗 殴毆 呕嘔 盘盤 庞龐 赔賠 喷噴 鹏鵬 骗騙 飘飄 频頻 贫貧 苹蘋 凭憑 评評 泼潑 颇頗 扑撲
    铺鋪 朴樸 谱譜 脐臍 齐齊 骑騎 岂豈 启啟啓 气氣気 弃棄 讫訖 牵牽 钎釬 铅鉛 迁遷 签簽籤 谦謙
    钱錢銭 钳鉗 潜潛 浅淺 谴譴 堑塹 枪槍 墙牆 蔷薔 强強 抢搶 锹鍬 桥橋 乔喬 侨僑 翘翹 窍竅 窃竊
    钦欽 亲親 轻輕軽 氢氫 倾傾 顷頃 请請 庆慶 琼瓊 穷窮 趋趨 区區 躯軀 驱驅 龋齲 颧顴 权權権
    劝勸勧 却卻 鹊鵲 让讓 饶饒 扰擾 绕繞 热熱 韧韌 认認 纫紉 荣榮栄 绒絨 软軟 锐銳 闰閏 润潤
    洒灑 萨薩 鳃鰓 赛賽 伞傘 丧喪 骚騷 扫掃 涩澀 杀殺 纱紗 筛篩 晒曬 闪閃 陕陝 赡贍 缮繕 伤傷
    赏賞 烧燒 绍紹 赊賒 摄攝 慑懾 设設 绅紳 审審 婶嬸 肾腎 渗滲 声聲 绳繩 胜勝 圣聖 师師 狮獅
    湿濕 诗詩 尸屍 时時 蚀蝕 实實実 识識 驶駛 势勢 释釋釈 饰飾 视視 试試 寿壽 兽獸獣 枢樞 输輸
    书書 赎贖 属屬 术術 树樹 竖豎 数數 帅帥 双雙 谁誰 税稅 顺順 说說説 硕碩 烁爍 丝絲 饲飼 耸聳
    怂慫 颂頌 讼訟 诵誦 擞擻 苏蘇 诉訴 肃肅 虽雖 随隨 绥綏 岁歲歳 孙孫 损損 笋筍 缩縮 琐瑣 锁鎖
    态態 台臺檯颱 摊攤 贪貪 瘫癱 滩灘 坛壇 谭譚 谈談 叹嘆 汤湯 烫燙 涛濤 绦絛 讨討 腾騰 誊謄
    锑銻 题題 体體 屉屜 条條 贴貼 铁鐵鉄 厅廳 听聽聴 烃烴 铜銅 统統 头頭 秃禿 图圖図 涂塗 团團団
    颓頹 蜕蛻 脱脫 鸵鴕 驮馱 驼駝 椭橢 洼窪 袜襪 弯彎 湾灣 顽頑 万萬 网網 韦韋 违違 围圍囲
    为為爲 潍濰 维維 苇葦 伟偉 伪偽 纬緯 谓謂 卫衛 温溫 闻聞 纹紋 稳穩穏 问問 瓮甕 挝撾 蜗蝸
    涡渦 窝窩 卧臥 呜嗚 钨鎢 乌烏 污汙 诬誣 无無 芜蕪 吴吳 坞塢 雾霧 务務 误誤 锡錫 牺犧 袭襲
    习習 铣銑 戏戲戯 细細 虾蝦 辖轄 峡峽 侠俠 狭狹 厦廈 吓嚇 鲜鮮 纤纖 贤賢 衔銜 闲閒閑 显顯顕
    险險険 现現 献獻 县縣県 馅餡 羡羨 宪憲 线線 厢廂 镶鑲 乡鄉郷 详詳 响響 项項 萧蕭 销銷 晓曉
    啸嘯 协協 挟挾 携攜 胁脅 谐諧 写寫 泻瀉 谢謝 锌鋅 衅釁 兴興 汹洶 锈鏽 绣繡 虚虛 嘘噓 须須鬚
    许許 叙敘 绪緒 续續続 轩軒 悬懸 选選 癣癬 绚絢 学學 勋勳 询詢 寻尋 驯馴 训訓 讯訊 逊遜
    压壓圧 鸦鴉 鸭鴨 哑啞 亚亞亜 讶訝 阉閹 烟煙 盐鹽塩 严嚴厳 颜顏顔 阎閻 艳艷豔 厌厭 砚硯 彦彥
    谚諺 验驗験 鸯鴦 杨楊 扬揚 疡瘍 阳陽 痒癢 养養 样樣様 瑶瑤 摇搖揺 尧堯 遥遙 窑窯 谣謠 药藥薬
    爷爺 页頁 业業 叶葉 医醫 铱銥 颐頤 遗遺 仪儀 彝彜 蚁蟻 艺藝芸 亿億 忆憶 义義 诣詣 议議 谊誼
    译譯訳 异異 绎繹 荫蔭 阴陰 银銀 饮飲 隐隱隠 樱櫻桜 婴嬰 鹰鷹 应應応 缨纓 莹瑩 萤螢蛍 营營営
    荧熒 蝇蠅 赢贏 颖穎 哟喲 拥擁 佣傭 痈癰 踊踴 咏詠 优優 忧憂 邮郵 铀鈾 犹猶 游遊 诱誘 舆輿
    鱼魚 渔漁 娱娛 与與 屿嶼 语語 吁籲 御禦 狱獄 誉譽 预預 驭馭 鸳鴛 渊淵 辕轅 园園 员員 圆圓円
    缘緣 远遠 愿願 约約 跃躍 钥鑰 岳嶽 粤粵 悦悅 阅閱 云雲 郧鄖 匀勻 陨隕 运運 蕴蘊 酝醞 晕暈
    韵韻 杂雜雑 灾災 载載 攒攢 暂暫 赞贊讚 赃贓 脏髒臟 凿鑿 枣棗 责責 择擇択 则則 泽澤沢 贼賊
    赠贈 扎紮 轧軋 铡鍘 闸閘 诈詐 斋齋斎 债債 毡氈 盏盞 斩斬 辗輾 崭嶄 栈棧 战戰戦 绽綻 张張
    涨漲 帐帳 账賬 胀脹 赵趙 蛰蟄 辙轍 锗鍺 这這 贞貞 针針 侦偵 诊診 镇鎮 阵陣 挣掙 睁睜 狰猙
    争爭 帧幀 郑鄭 证證証 织織 职職 执執 纸紙 挚摯 掷擲 帜幟 质質 滞滯 钟鐘鍾 终終 种種 肿腫
    众眾衆 诌謅 轴軸 皱皺 昼晝 骤驟 猪豬 诸諸 诛誅 烛燭 瞩矚 嘱囑 贮貯 铸鑄 筑築 驻駐 专專専
    砖磚 转轉転 赚賺 桩樁 庄莊荘 装裝 妆妝 壮壯 状狀 锥錐 赘贅 坠墜 缀綴 谆諄 浊濁 兹茲 资資
    渍漬 踪蹤 综綜 总總総 纵縱縦 邹鄒 诅詛 组組 钻鑽 闯闖 痴癡 鳄鰐鱷 禅禪 蝎蠍 面麵 镯鐲 册冊
    铠鎧 仆僕 谍諜
"""
"""Simplified character, then its other forms."""
MAX_SHARE_OF_OTHER = 0.2
"""Largest share of items with a simplified character, relative to those with another form,
with which it is replaced: 后 and 里 are words of traditional texts as well."""
_KANA = re.compile("[\u3041-\u30ff]")


@dataclass(frozen=True)
class HanForms:
    """Forms of characters that a catalogue has.

    Attributes:
        shares: Relative number of items of the words with a character, by character.

    Example:
        >>> forms = HanForms.of({"台灯": 2.0, "机器人": 1.0})
        >>> forms.fit_text("檯燈和機器人"), forms.fit_text("愛情")
        ('台灯和机器人', '愛情')
        >>> HanForms.of({"機器人": 1.0}).fit_text("机器人")
        '機器人'
    """

    shares: Mapping[str, float]

    @classmethod
    def of(cls, words: Mapping[str, float]) -> "HanForms":
        """Return the forms of a catalogue.

        Args:
            words: Relative numbers of items by word, also of the values of attributes.
        """
        shares: dict[str, float] = {}
        known = _forms()
        for word, share in words.items():
            if not word.isascii():
                for character in set(word) & known.keys():
                    shares[character] = shares.get(character, 0.0) + share
        return cls(shares)

    def fit_text(self, text: str) -> str:
        """Return a text in which characters have the form that most items have.

        Characters that no item has in any form stay. In Japanese, those that any item has stay
        as well.

        Args:
            text: What somebody says.
        """
        if text.isascii() or not self.shares:
            return text
        is_japanese = bool(_KANA.search(text))
        return "".join(self._fit(one, is_japanese=is_japanese) for one in text)

    def _fit(self, character: str, *, is_japanese: bool) -> str:
        forms = _forms().get(character)
        own = self.shares.get(character, 0.0)
        if forms is None or (is_japanese and own):
            return character
        best = max(forms, key=lambda form: self.shares.get(form, 0.0))
        share = self.shares.get(best, 0.0)
        is_simplified = ord(character) not in _to_simplified()
        return best if (MAX_SHARE_OF_OTHER if is_simplified else 1) * share > own else character


def simplify(text: str) -> str:
    """Return a text in simplified characters.

    Example:
        >>> simplify("戰爭 戦争 tea")
        '战争 战争 tea'
    """
    return text if text.isascii() else text.translate(_to_simplified())


def simplify_all(texts: Iterable[str]) -> set[str]:
    """Return texts, and those of them in simplified characters."""
    kept = set(texts)
    return kept | {simplify(text) for text in kept}


@cache
def _forms() -> Mapping[str, str]:
    """All forms of each character, the simplified one first."""
    found: dict[str, str] = {}
    for group in _VARIANTS.split():
        for character in group:
            found[character] = found.get(character, "") + group
    return found


@cache
def _to_simplified() -> Mapping[int, str]:
    return {ord(form): group[0] for group in _VARIANTS.split() for form in group[1:]}
