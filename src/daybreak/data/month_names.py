"""Names of months and weekdays in 24 European languages, as they occur in written dates."""

MONTH_NUMBERS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "ene enero gen gener gennaio ian ianuarie jan janeiro januar januari january "
            "január januára janv janvier jän jänner led leden ledna oca ocak sty styczeń "
            "stycznia tammi tammikuu tammikuuta ιαν ιανουάριος ιανουαρίου січ січень січня "
            "янв январь января яну януари",
            "feb febbraio feber febr febrer febrero februar februari februarie february "
            "február februára fev fevereiro févr février helmi helmikuu helmikuuta lut lutego "
            "luty úno únor února şub şubat φεβ φεβρουάριος φεβρουαρίου лют лютий лютого фев "
            "февр февраль февраля февруари",
            "bře březen března maalis maaliskuu maaliskuuta maart mar marca march marec maret "
            "mars maerz mart martie marts marzec marzo març março mrt mrz márc március mär "
            "märz μάρ μάρτιος μαρ μαρτίου бер березень березня мар март марта",
            "abr abril apr april aprile aprilie apríl apríla avr avril dub duben dubna huhti "
            "huhtikuu huhtikuuta kwi kwiecień kwietnia nis nisan ápr április απρ απρίλιος "
            "απριλίου апр апрель апреля април квіт квітень квітня",
            "kvě květen května mag maggio mai maig maio maj maja may mayo mayıs mei máj mája "
            "május touko toukokuu toukokuuta μάι μάιος μαΐ μαΐου май мая трав травень травня",
            "cze czerwca czerwiec giu giugno haz haziran iun iunie juin jun june junho juni "
            "junij junio juny jún júna június kesä kesäkuu kesäkuuta červen června čvn ιουν "
            "ιουνίου ιούν ιούνιος июн июнь июня черв червень червня юни",
            "heinä heinäkuu heinäkuuta iul iulie juil juillet jul julho juli julij julio "
            "juliol july júl júla július lip lipca lipiec lug luglio tem temmuz července "
            "červenec čvc ιουλ ιουλίου ιούλ ιούλιος июл июль июля лип липень липня юли",
            "ag ago agost agosto agu agustus août aug august augusta augusti augustus "
            "augusztus avg avgust ağu ağustos elo elokuu elokuuta sie sierpień sierpnia srp "
            "srpen srpna αυγ αυγούστου αύγ αύγουστος авг август августа серп серпень серпня",
            "eyl eylül sep sept september septembra septembre septembrie septiembre set "
            "setembre setembro settembre syys syyskuu syyskuuta szept szeptember wrz wrzesień "
            "września zář září σεπ σεπτέμβριος σεπτεμβρίου вер вересень вересня сент сентябрь "
            "сентября сеп септември",
            "eki ekim loka lokakuu lokakuuta oct october octobre octombrie octubre okt "
            "oktober október októbra ott ottobre out outubro paź październik października říj "
            "říjen října οκτ οκτωβρίου οκτώβριος жовт жовтень жовтня окт октомври октябрь "
            "октября",
            "kas kasım lis listopad listopada listopadu marras marraskuu marraskuuta "
            "noiembrie nov november novembra novembre novembro noviembre νοέ νοέμβριος νοε "
            "νοεμβρίου лист листопад листопада ное ноември нояб ноябрь ноября",
            "ara aralık dec december decembra decembrie des desember desembre dez dezember "
            "dezembro dic dicembre diciembre déc décembre gru grudnia grudzień joulu joulukuu "
            "joulukuuta pro prosince prosinec δεκ δεκέμβριος δεκεμβρίου груд грудень грудня "
            "дек декабрь декабря декември",
        ),
        start=1,
    )
    for name in names.split()
}
"""Name of a month in lower case, in full and shortened, in the forms that dates use.

Source: Unicode CLDR (Babel 2.19), gregorian calendar, widths "wide" and "abbreviated", contexts
"format" and "stand-alone" of bg, ca, cs, da, de, el, en, es, fi, fr, hu, id, it, nb, nl, pl,
pt, ro, ru, sk, sl, sv, tr and uk; with the Austrian names and the usual "sept", "mrz" and
"maerz".
"""

_WEEKDAYS = (
    "cmt cs csütörtök cum cuma cumartesi czw czwartek dc dg di dienstag dijous "
    "dilluns dim dimanche dimarts dimecres dinsdag dissabte diumenge divendres dj dl "
    "do dom domenica domingo donderdag donnerstag ds dt dum duminică dv fr fre fredag "
    "freitag fri friday gio giovedì hétfő jeu jeudi joi jue jueves jum jumat kam "
    "kamis ke kedd keskiviikko keskiviikkona la lauantai lauantaina lun lundi lunedì "
    "lunes luni lör lördag lør lørdag ma maanantai maanantaina maandag man mandag "
    "mardi martedì martes marți mer mercoledì mercredi mi mie miercuri min minggu "
    "mittwoch mié miércoles mo mon monday montag mån måndag ne ned nedelja nedeľa "
    "neděle niedz niedziela ons onsdag paz pazar pazartesi pe per perjantai "
    "perjantaina perşembe pet petek pi piatok piątek po pon pondelok pondělí "
    "ponedeljek poniedziałek pt pzt pá pátek péntek qua quarta-feira qui quinta-feira "
    "rab rabu sa sab sabato sabtu sal salı sam samedi samstag sat saturday seg "
    "segunda-feira sel selasa sen senin sex sexta-feira so sob sobota sonntag sre "
    "sreda st streda středa su sun sunday sunnuntai sunnuntaina sze szerda szo "
    "szombat sáb sábado sâm sâmbătă sön söndag søn søndag ter terça-feira thu thur "
    "thurs thursday ti tiistai tiistaina tir tirs tirsdag tis tisdag to tor torek "
    "tors torsdag torstai torstaina tue tues tuesday ut utorok vasárnap ven vendredi "
    "venerdì vie viernes vin vineri vr vrijdag wed wednesday wo woensdag wt wtorek za "
    "zaterdag zo zondag çar çarşamba út úterý čet četrtek čt čtvrtek śr środa št "
    "štvrtok δευ δευτέρα κυρ κυριακή πέμ πέμπτη παρ παρασκευή σάβ σάββατο τετ τετάρτη "
    "τρί τρίτη воскресенье вс вт вторник вівторок нд неделя неділя пʼятниця петък пн "
    "понеделник понедельник понеділок пт пятница сб середа ср среда сряда суббота "
    "субота събота четвер четверг четвъртък чт"
)
WEEKDAY_NAMES: frozenset[str] = frozenset(_WEEKDAYS.split())
"""Names of weekdays in lower case, in full and shortened, except those that are months too."""
