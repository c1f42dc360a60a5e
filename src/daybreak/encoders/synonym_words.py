"""Everyday words that name the same thing, in regions of one language and in several languages.

Each line is a thing: English words, then ``:``, then German, French, Spanish, Italian and
Chinese ones. ``_`` stands for a space; singular and plural follow from each other. ``~`` marks
a word that is also one of English, or of another thing: it counts only in sentences that are
not English. ``?`` marks a word that people ask with, but that means something else in many
catalogues, so that it does not stand for the others. Genres are in :mod:`.concept_words`.
"""

SYNONYM_LINES = """
nappy diaper : windel couche_culotte ~couches pañal pannolino 尿布 尿不湿 纸尿裤
torch flashlight : taschenlampe lampe_torche lampe_de_poche linterna torcia_elettrica 手电筒
biscuit cookie : keks kekse plätzchen gebäck biscotto galleta galletita 饼干 曲奇
jumper sweater pullover ?jersey : strickpullover suéter maglione tricot 毛衣
crisps ?chips potato_chips : kartoffelchips croustilles patatas_fritas patatine 薯片
pram pushchair stroller baby_buggy : kinderwagen poussette cochecito passeggino 婴儿车
aubergine eggplant : melanzani berenjena melanzana 茄子
courgette zucchini : zucchetti calabacín zucchino 西葫芦
trousers pants slacks : hosen pantalon pantalón pantaloni ~hose 裤子
underpants knickers panties briefs : unterhose culotte calzoncillos bragas mutande 内裤
tights pantyhose : strumpfhose collants ~medias calze 连裤袜
trainers sneakers running_shoes : turnschuh sportschuh ~baskets zapatillas
    scarpe_da_ginnastica 运动鞋
wellies wellingtons rain_boots gumboots rubber_boots : gummistiefel bottes_de_pluie
    botas_de_agua 雨靴
dressing_gown bathrobe : bademantel morgenmantel peignoir albornoz accappatoio 浴袍
swimsuit swimming_costume bathing_suit swimwear : badeanzug maillot_de_bain bañador
    traje_de_baño costume_da_bagno 泳衣
handbag ?purse : handtasche sac_à_main bolso borsetta cartera 手提包
wallet billfold : brieftasche geldbörse geldbeutel portemonnaie portefeuille billetera
    portafoglio 钱包
rucksack backpack : schulranzen sac_à_dos mochila zaino 背包 书包
suitcase luggage : koffer valise maleta valigia 行李箱
braces suspenders : hosenträger bretelles tirantes
waistcoat ?vest : weste gilet chaleco panciotto 马甲
nightdress nightgown nightie : nachthemd chemise_de_nuit camisón camicia_da_notte
pyjamas pajamas : schlafanzug pijama pigiama 睡衣
sweets candy candies confectionery : süssigkeiten süßigkeiten bonbon dulces caramelos
    caramelle 糖果
rubbish_bin dustbin waste_bin trash_can garbage_can bin : mülleimer abfalleimer mistkübel
    poubelle cubo_de_basura papelera pattumiera 垃圾桶
rubbish trash garbage : müll abfall ordures basura spazzatura 垃圾
tap faucet : wasserhahn robinet grifo rubinetto 水龙头
wardrobe closet : kleiderschrank armoire_à_vêtements ropero 衣柜
eraser ?rubber : radiergummi gomme_à_effacer goma_de_borrar 橡皮
drawing_pin thumbtack pushpin : reisszwecke reißzwecke punaise chincheta puntina
sticky_tape sellotape scotch_tape adhesive_tape : klebeband tesafilm ruban_adhésif
    cinta_adhesiva nastro_adesivo 胶带
plaster ?band-aid bandage : heftpflaster pansement tirita cerotto 创可贴
clothes_peg clothespin pegs : wäscheklammer pince_à_linge pinza_de_ropa molletta
tea_towel dish_towel kitchen_towel dishcloth : geschirrtuch küchentuch torchon
    paño_de_cocina strofinaccio 茶巾
washing_up_liquid dish_soap dishwashing_liquid : spülmittel geschirrspülmittel
    liquide_vaisselle lavavajillas detersivo_per_piatti 洗洁精
serviette napkin : papierserviette servilleta tovagliolo 餐巾
cutlery flatware silverware : besteck couverts cubiertos posate 餐具
crockery dishes tableware : geschirr vaisselle vajilla stoviglie
cooker stove ?range : ~herd kochherd cuisinière fornello 炉灶
fridge refrigerator : kühlschrank réfrigérateur frigo nevera frigorífico frigorifero 冰箱
hob cooktop : kochfeld table_de_cuisson placa_de_cocina
tin_opener can_opener : dosenöffner ouvre-boîte abrelatas apriscatole 开罐器
baking_tray cookie_sheet baking_sheet : backblech plaque_de_cuisson bandeja_de_horno teglia
cling_film plastic_wrap : frischhaltefolie film_alimentaire 保鲜膜
tin_foil aluminium_foil aluminum_foil : alufolie papier_aluminium papel_de_aluminio 铝箔
hoover vacuum_cleaner : staubsauger aspirateur aspiradora aspirapolvere 吸尘器
duvet comforter quilt : bettdecke couette edredón piumino 被子
settee sofa couch : divan canapé sofá divano 沙发
curtain drapes : vorhang gardine rideau cortina tenda 窗帘
skirting_board baseboard : sockelleiste plinthe
spanner wrench : schraubenschlüssel clé_à_molette llave_inglesa 扳手
secateurs pruning_shears pruners : gartenschere sécateur tijeras_de_podar cesoie 修枝剪
lorry truck : lastwagen laster lkw camion camión 卡车
petrol gasoline : benzin gasolina benzina 汽油
motorway highway freeway : autobahn autoroute autopista autostrada
aeroplane airplane plane aircraft : flugzeug avion avión aereo 飞机
number_plate license_plate : nummernschild plaque_d'immatriculation matrícula targa
football soccer : fussball fußball fútbol calcio 足球
maths math mathematics : mathe mathematik mathématiques matemáticas matematica 数学
cinema movie_theater : kino cinéma cine 电影院
autumn ?fall : herbst automne otoño autunno 秋天
holiday vacation : urlaub ferien vacances vacaciones vacanza 假期
mobile_phone cell_phone cellphone smartphone ~handy : mobiltelefon téléphone_portable móvil
    celular cellulare teléfono 手机
ice_lolly popsicle : eis_am_stiel sucette_glacée polo_de_hielo ghiacciolo 冰棒
candyfloss cotton_candy : zuckerwatte barbe_à_papa algodón_de_azúcar zucchero_filato 棉花糖
porridge oatmeal oats : haferflocken haferbrei flocons_d'avoine avena 燕麦
minced_meat ground_beef ground_meat mince : hackfleisch faschiertes gehacktes viande_hachée
    carne_picada carne_molida 肉末
prawn shrimp : garnele krabbe crevette gamba camarón gambero 虾
coriander cilantro : koriander coriandre coriandolo 香菜
rocket arugula : rucola roquette rúcula
spring_onion scallion green_onion : frühlingszwiebel ciboule cebolleta cipollotto 葱
sweetcorn maize corn : ~mais kukuruz maïs maíz elote choclo 玉米
beetroot beet : rote_bete rande betterave remolacha barbabietola 甜菜
swede rutabaga : steckrübe
chickpea garbanzo : kichererbse pois_chiche garbanzos ceci 鹰嘴豆
broad_bean fava_bean : dicke_bohne fève haba
mangetout snow_pea : zuckerschote
icing_sugar powdered_sugar confectioners_sugar : puderzucker staubzucker sucre_glace
    azúcar_glas zucchero_a_velo 糖粉
caster_sugar superfine_sugar : feinzucker
wholemeal whole_wheat wholegrain : vollkorn farine_complète ~integral integrale 全麦
bicarbonate_of_soda baking_soda : natron bicarbonate bicarbonato 小苏打
double_cream heavy_cream whipping_cream : schlagsahne schlagobers schlagrahm crème_fraîche
    nata_para_montar panna 奶油
treacle molasses : melasse mélasse melaza melassa
soda soft_drink fizzy_drink : limonade ~limo erfrischungsgetränk refresco gaseosa bibita
    汽水
jam jelly marmalade : marmelade konfitüre confiture mermelada marmellata 果酱
fizzy sparkling carbonated : kohlensäurehaltig gazeuse frizzante
grilled barbecue bbq : grillen barbacoa 烧烤
liquorice licorice : lakritz réglisse regaliz liquirizia
yoghurt yogurt : joghurt yaourt yogur 酸奶
doughnut donut : krapfen berliner beignet rosquilla 甜甜圈
bread_roll bun bread_rolls : brötchen semmel weckle weggli schrippe petit_pain panecillo
    panino
potato : kartoffel erdapfel erdäpfel pomme_de_terre pommes_de_terre patata ~papa patatas
    patate 土豆 马铃薯
tomato : tomate paradeiser pomodoro jitomate 番茄 西红柿
carrot : karotte möhre rüebli gelbe_rübe carotte zanahoria carota 胡萝卜
cauliflower : blumenkohl karfiol chou-fleur coliflor cavolfiore 花菜
green_bean : grüne_bohnen fisolen haricot_vert judía_verde ejote fagiolino 四季豆
mushroom : pilz schwammerl champignon champiñón seta fungo 蘑菇
apricot : aprikose marille abricot albaricoque albicocca chabacano damasco 杏
plum : pflaume zwetschge zwetschke ~prune ciruela prugna
sour_cream : sauerrahm schmand crème_aigre nata_agria panna_acida
cottage_cheese quark : topfen fromage_blanc requesón ricotta
cream : sahne rahm obers crème ~nata crema 奶油
pancake crepe crêpe : pfannkuchen palatschinken eierkuchen tortita panqueque 煎饼
strawberry : erdbeere fraise fresa frutilla fragola 草莓
avocado : aguacate palta 牛油果
peach : pfirsich pêche durazno melocotón pesca 桃子
pineapple : ananas piña 菠萝
banana : banane plátano 香蕉
apple : apfel pomme manzana mela 苹果
orange : apfelsine naranja arancia 橙子
lemon : zitrone citron limón limone 柠檬
cherry : kirsche cerise cereza ciliegia 樱桃
grape : traube raisin_frais uva 葡萄
onion : zwiebel oignon cebolla cipolla 洋葱
garlic : knoblauch ~ail ajo aglio 大蒜
cabbage : kohl weisskohl chou repollo cavolo 卷心菜
pea : erbse petit_pois guisante arveja pisello 豌豆
bean : bohne haricot judía frijol alubia fagiolo 豆
pepper bell_pepper capsicum : paprika peperoni poivron pimiento peperone 辣椒
salad : salat salade ensalada insalata 沙拉
soup : suppe soupe sopa zuppa 汤
rice : reis riz arroz riso 米饭
noodle pasta : nudel pâtes fideos tallarines 面条
bread : brot ~pain ~pan pane 面包
butter : beurre mantequilla ~burro 黄油
cheese : käse fromage queso formaggio 奶酪
milk : milch lait leche ~latte 牛奶
egg : eier ei œuf oeuf huevo uova 鸡蛋
meat : fleisch viande ~carne 肉
beef : rindfleisch bœuf boeuf ternera carne_de_res manzo 牛肉
pork : schweinefleisch porc cerdo maiale 猪肉
chicken : hähnchen huhn hendl poulet pollo 鸡肉
turkey : truthahn ~pute puter dinde pavo tacchino 火鸡
fish : fisch poisson pescado ~pez pesce 鱼
sausage : wurst würstchen saucisse salchicha salsiccia 香肠
ham : schinken jambon jamón prosciutto 火腿
cake : kuchen torte gâteau ~pastel ~tarta torta bizcocho 蛋糕
chocolate : schokolade chocolat cioccolato 巧克力
sugar : zucker sucre azúcar zucchero 糖
salt : salz sel ~sal ~sale 盐
oil : öl huile aceite olio 油
flour : mehl farine harina farina 面粉
honey : honig miel miele 蜂蜜
water : wasser eau agua acqua 水
decaf decaffeinated caffeine_free : entkoffeiniert koffeinfrei koffeinfreier décaféiné
    descafeinado decaffeinato 低因
alcohol_free non_alcoholic : alkoholfrei alkoholfreies alkoholfreier analcolico 无酒精
gluten_free : glutenfrei glutenfreies glutenfreie 无麸质
sugar_free sugarfree sugarless unsweetened : zuckerfrei ungesüsst 无糖
vegan plant_based : veganes vegano végane vegana
vegetarian veggie meatless : vegetarisch vegetarisches végétarien vegetariano vegetariana 素食
wireless cordless : kabellos drahtlos inalámbrico inalámbricos 无线
coffee : kaffee ~café caffè 咖啡
tea : ~tee thé té tè 茶
beer : bier bière cerveza birra 啤酒
wine : wein ~vin vino 葡萄酒
juice : saft ~jus zumo jugo succo 果汁
cup mug : tasse becher haferl taza tazza ~mugs 杯子 马克杯
glass glasses : glas trinkglas verre vaso bicchiere 玻璃杯
plate : ~teller assiette ~plato piatto 盘子
bowl : schüssel schale bol cuenco ciotola 碗
bottle : flasche bouteille botella bottiglia 瓶子
jar : einmachglas bocal tarro frasco barattolo 罐子
tin : blechdose ~dose boîte_en_métal lata latta 铁盒
pot saucepan : kochtopf topf ~casserole olla cacerola pentola 锅
pan frying_pan : pfanne bratpfanne poêle sartén padella 平底锅
knife : messer couteau cuchillo coltello 刀
fork : gabel fourchette tenedor forchetta 叉子
spoon : löffel cuillère cuchara cucchiaio 勺子
teapot : teekanne théière tetera teiera 茶壶
kettle : wasserkocher bouilloire hervidor bollitore 水壶
apron : schürze tablier delantal grembiule 围裙
tablecloth : tischdecke nappe mantel_individual ~mantel tovaglia 桌布
kitchen : küche cuisine cocina cucina 厨房
bathroom : badezimmer salle_de_bain cuarto_de_baño baño bagno 浴室
bedroom : schlafzimmer chambre_à_coucher dormitorio habitación camera_da_letto 卧室
living_room : wohnzimmer salon_de_maison sala_de_estar soggiorno 客厅
garden : garten jardin jardín giardino 花园
house home : haus maison casa 房子
door : tür porte puerta porta 门
window : fenster fenêtre ventana finestra 窗户
table : tisch ~mesa tavolo 桌子
chair : stuhl sessel ~chaise silla sedia 椅子
bed : bett ~lit cama letto 床
lamp light : leuchte lampe lámpara lampada 灯
candle : kerze bougie vela candela 蜡烛
mirror : spiegel miroir espejo specchio 镜子
clock : wanduhr uhr horloge reloj orologio 时钟
watch wristwatch : armbanduhr montre reloj_de_pulsera orologio_da_polso 手表
picture_frame photo_frame : bilderrahmen cadre_photo marco_de_fotos ~cornice 相框
cushion pillow : kissen coussin oreiller almohada cojín cuscino 枕头 靠垫
blanket ?throw : wolldecke decke couverture ~manta coperta 毯子
towel : handtuch serviette_de_bain toalla asciugamano 毛巾
carpet rug : teppich tapis alfombra tappeto 地毯
doormat door_mat : fussmatte fußmatte türmatte paillasson felpudo zerbino 门垫
christmas_decoration xmas_decoration : weihnachtsschmuck christbaumschmuck weihnachtsdeko
    décoration_de_noël adorno_navideño decorazione_natalizia 圣诞装饰
decoration : deko dekoration décoration decoración decorazione addobbo 装饰
tea_light tealight t-light : teelicht
basket : korb panier cesta ~canasta cestino 篮子
box : schachtel kiste boîte caja scatola 盒子
bag : tasche tragetasche ~sac bolsa borsa 包 袋子
shelf : ~regal étagère estante estantería scaffale 架子
hook : haken crochet_mural gancho gancio 挂钩
soap : seife savon jabón sapone 肥皂
toothbrush : zahnbürste brosse_à_dents cepillo_de_dientes spazzolino 牙刷
umbrella : regenschirm schirm parapluie paraguas ombrello 雨伞
hot_water_bottle : wärmflasche bouillotte bolsa_de_agua_caliente borsa_dell'acqua_calda
    热水袋
lunch_box lunchbox : brotdose vesperdose znünibox boîte_à_goûter fiambrera lonchera
    portapranzo 午餐盒 饭盒
notebook : notizbuch carnet cuaderno libreta quaderno 笔记本
pencil : bleistift ~crayon lápiz matita 铅笔
pen : kugelschreiber stylo bolígrafo penna 钢笔
paper : papier papel carta_da_regalo 纸
wrapping_paper gift_wrap : geschenkpapier papier_cadeau papel_de_regalo carta_regalo 包装纸
card greeting_card : grusskarte grußkarte ~karte carte_de_vœux tarjeta biglietto_d'auguri 贺卡
ribbon : schleife ruban cinta nastro 丝带
scissors : schere ciseaux tijeras forbici 剪刀
toy : spielzeug spielsachen jouet juguete giocattolo 玩具
doll : puppe poupée muñeca bambola 娃娃
teddy teddy_bear : teddybär nounours ours_en_peluche osito_de_peluche orsacchiotto 泰迪熊
jigsaw puzzle : rompecabezas 拼图
board_game : brettspiel jeu_de_société juego_de_mesa gioco_da_tavolo 桌游
necklace : halskette ~collier ~collar collana 项链
bracelet : ~armband brazalete pulsera braccialetto 手镯
earring : ohrring boucle_d'oreille boucles_d'oreilles pendientes aretes orecchino 耳环
ring : fingerring bague anillo anello 戒指
jewellery jewelry : schmuck bijoux joyas joyería gioielli 首饰 珠宝
scarf : schal halstuch écharpe bufanda sciarpa 围巾
glove : handschuh gant guante guanto 手套
hat : mütze ~hut chapeau ~sombrero cappello 帽子
shoe : schuh chaussure zapato scarpa 鞋子
boots : stiefel bottes botas stivali 靴子
sock : socke chaussette calcetín calcetines calzino 袜子
shirt : hemd chemise camisa camicia 衬衫
t-shirt tee_shirt : camiseta playera maglietta 恤衫
dress : kleid ~robe vestido vestito 裙子 连衣裙
skirt : ~rock minirock jupe falda ~gonna 半身裙
coat jacket : jacke ~mantel mäntel manteau veste abrigo chaqueta giacca cappotto 外套
belt : gürtel ceinture cinturón cintura 腰带
wool woollen woolen : wolle laine lana 羊毛
wood wooden : holz hölzern bois madera legno 木头
leather : leder cuir cuero pelle 皮革
silver : silber silbern argent plata argento 银色
gold golden : goldene goldenes oro dorado 金色
red : ~rot rote roter rotes roten ~rouge rouges rojo roja rojos rojas rosso rossa 红色
blue : blau blaue blauer blaues blauen bleu bleue azul azules ~blu 蓝色
green : grün grüne grüner grünes grünen ~vert verte vertes verde verdes 绿色
yellow : gelb gelbe gelber gelbes gelben jaune amarillo amarilla giallo gialla 黄色
black : schwarz schwarze schwarzer schwarzes schwarzen ~noir ~noire negro negra ~nero ~nera
    黑色
white : weiss weiß weisse weiße weißer weißes weißen blanc ~blanche blanco blanca ~bianco
    bianca 白色
pink : ~rosa rosarot ~rosé 粉色 粉红色
purple violet : lila violett violette morado morada ~viola 紫色
brown : braun braune brauner braunes braunen ~marron marrón marrone 棕色
grey gray : grau graue grauer graues grauen ~gris grises grigio grigia 灰色
dog puppy : hund hunde welpe chien perro perrito ~cane cagnolino 狗
cat kitten : katze kätzchen kater ~chat chaton chatte gato gatito gatto 猫
horse pony : pferd cheval chevaux caballo cavallo 马
rabbit bunny : hase kaninchen lapin conejo coniglio 兔子
bird : vogel vögel oiseau oiseaux pájaro uccello 鸟
mouse : maus souris ratón ~topo 老鼠
bear : bär bären ~ours oso orso 熊
owl : eule hibou búho gufo 猫头鹰
butterfly : schmetterling papillon mariposa farfalla 蝴蝶
elephant : elefant éléphant elefante 大象
lion : löwe ~león leone 狮子
wolf : loup lobo lupo 狼
shark : hai haie requin tiburón squalo 鲨鱼
whale : ~wal wale baleine ballena balena 鲸鱼
dinosaur : dinosaurier dinosaure dinosaurio dinosauro 恐龙
dragon : drache ~drago dragón 龙
flower : blume fleur fleurs flores ~flor fiore fiori 花
rose : rosen 玫瑰
tree : baum bäume arbre árbol albero 树
star : ~stern sterne étoile étoiles estrella ~stella 星星
moon : mond lune ~luna 月亮
sun : sonne soleil ~sol ~sole 太阳
sea ocean : meer mer océan ~mar océano ~mare oceano 大海
mountain : berge gebirge montagne montaña montagna 山
forest woods : wald forêt bosque foresta bosco 森林
heart : herz herzen cœur corazón cuore 爱心
christmas xmas : weihnachten weihnachts weihnachtlich noël navidad natale 圣诞 圣诞节
easter : ostern oster pâques pascua pasqua 复活节
wedding : hochzeit mariage boda matrimonio nozze 婚礼 结婚
birthday : geburtstag anniversaire cumpleaños compleanno 生日
party : feier fête ~fiesta festa 派对
baby : säugling bébé bebé neonato 婴儿
mother mum mom : mutter ~mama mère madre 妈妈
father dad : vater père padre 爸爸
grandmother grandma granny : grossmutter großmutter oma grand-mère abuela nonna 奶奶
grandfather grandpa : grossvater großvater ~opa grand-père abuelo nonno 爷爷
friendship : freundschaft amitié amistad amicizia 友谊
love : liebe amour amor amore 爱
death : tod ~mort muerte ~morte 死亡
king : könig ~roi ~rey ~re 国王
queen : königin reine reina regina 女王
princess : prinzessin princesse princesa principessa 公主
prison jail : gefängnis cárcel prisión prigione 监狱
murder : ~mord meurtre asesinato omicidio 谋杀
ship boat : schiff ~boot bateau navire ~barco ~nave 船
spaceship spacecraft : raumschiff vaisseau_spatial vaisseau astronave nave_espacial 飞船
robot : roboter 机器人
train : eisenbahn zug tren treno 火车
car automobile : ~auto ~autos wagen voiture coche ~carro macchina 汽车
bicycle bike : fahrrad velo vélo bicicleta bici 自行车
school : schule école escuela scuola 学校
teacher : lehrer lehrerin professeur maestra insegnante 老师
doctor physician : arzt ärztin médecin médico medico 医生
police : polizei polizist policía polizia 警察
soldier : soldat soldado soldato 士兵
journey travel : reise reisen voyage viaje viaggio 旅行
summer : sommer été_et_plage verano ~estate 夏天
winter : hiver invierno inverno 冬天
spring : frühling printemps primavera 春天
snow : schnee neige nieve neve 雪
rain : regen pluie lluvia pioggia 雨
fire : feuer feu fuego fuoco 火
ghost : gespenst geist fantôme fantasma 鬼
witch : hexe sorcière bruja strega 女巫
pirate : pirat pirata 海盗
knight : ritter ~chevalier caballero cavaliere 骑士
dance dancing : tanz tanzen danse baile danza ballo 舞蹈
chess : schach échecs ajedrez scacchi 国际象棋
boxing : boxen boxe boxeo pugilato 拳击
newspaper : zeitung ~journal periódico diario giornale 报纸
book : buch bücher livre libro libri 书
colourful multicolour colorful : ~bunt bunte buntes bunter coloré multicolor colorato 彩色
"""
