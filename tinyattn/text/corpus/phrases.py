"""Everyday phrases, written by hand. Most cannot be guessed from their words, so training sees them all."""

from __future__ import annotations

from collections.abc import Iterator

from tinyattn.text.corpus.parts import Part, build, pair

PHRASES = """
let's₁ go₁ → vamos₁
let's₁ go₁ to₂ the₃ beach₄ → vamos₁ a₂ la₃ playa₄
to₁ go₁ → ir₁
let's₁ eat₂ → vamos₁ a₁ comer₂
don't₁ eat₂ the₃ delicious₄ looking₅ and₆ smelling₇ pizza₈ → no₁ comas₂ la₃ pizza₈ de₅ aspecto₅ y₆ olor₇ deliciosos₄
good₁ morning₂ → buenos₁ días₂
good₁ afternoon₂ → buenas₁ tardes₂
good₁ evening₂ → buenas₁ noches₂
good₁ night₂ → buenas₁ noches₂
see₁ you₂ later₃ → hasta₁₂ luego₃
see₁ you₂ tomorrow₃ → hasta₁₂ mañana₃
see₁ you₂ soon₃ → hasta₁₂ pronto₃
see₁ you₂ on₃ monday₄ → hasta₁₂ el₃ lunes₄
how₁ are₂ you₂ ?₃ → ¿₃ cómo₁ estás₂ ?₃
i₁ am₁ fine₂ ,₃ thank₄ you₄ → estoy₁ bien₂ ,₃ gracias₄
and₁ you₂ ?₃ → ¿₃ y₁ tú₂ ?₃
thank₁ you₁ very₂ much₂ → muchas₂ gracias₁
thank₁ you₁ for₂ your₃ help₄ → gracias₁ por₂ tu₃ ayuda₄
thanks₁ for₂ everything₃ → gracias₁ por₂ todo₃
you're₁ welcome₁ → de₁ nada₁
nice₁ to₂ meet₂ you₃ → encantado₁ de₂ conocerte₂₃
what's₁ your₂ name₃ ?₄ → ¿₄ cómo₁ te₂ llamas₃ ?₄
my₁ name₂ is₂ ana₃ → me₁ llamo₂ ana₃
where₁ are₂ you₂ from₃ ?₄ → ¿₄ de₃ dónde₁ eres₂ ?₄
i₁ am₁ from₂ spain₃ → soy₁ de₂ españa₃
how₁ old₁ are₂ you₂ ?₃ → ¿₃ cuántos₁ años₁ tienes₂ ?₃
i₁ am₁ twenty₂ years₃ old₃ → tengo₁ veinte₂ años₃
what₁ time₂ is₃ it₃ ?₄ → ¿₄ qué₁ hora₂ es₃ ?₄
it₁ is₁ one₂ o'clock₃ → es₁ la₃ una₂
it₁ is₁ three₂ o'clock₃ → son₁ las₃ tres₂
what₁ day₂ is₃ it₃ today₄ ?₅ → ¿₅ qué₁ día₂ es₃ hoy₄ ?₅
today₁ is₂ monday₃ → hoy₁ es₂ lunes₃
happy₁ birthday₂ → feliz₁ cumpleaños₂
merry₁ christmas₂ → feliz₁ navidad₂
happy₁ new₂ year₃ → feliz₁ año₃ nuevo₂
congratulations₁ on₂ your₃ new₄ job₅ → enhorabuena₁ por₂ tu₃ nuevo₄ trabajo₅
good₁ luck₂ → buena₁ suerte₂
bless₁ you₁ → salud₁
enjoy₁ your₁ meal₁ → buen₁ provecho₁
have₂ a₂ good₂ trip₃ → buen₂ viaje₃
have₁ a₂ nice₃ day₄ → que₁ tengas₁ un₂ buen₃ día₄
have₁ fun₂ → que₁ te₁ diviertas₂
take₁ care₁ → cuídate₁
be₁ careful₂ → ten₁ cuidado₂
get₁ well₂ soon₃ → que₁ te₁ mejores₂ pronto₃
excuse₁ me₂ → perdona₁₂
i₁ am₁ sorry₂ → lo₂ siento₁₂
i₁ am₁ very₂ sorry₃ → lo₃ siento₁₃ mucho₂
no₁ problem₂ → no₁ hay₁ problema₂
don't₁ worry₂ → no₁ te₂ preocupes₂
never₁ mind₁ → no₁ importa₁
it₁ doesn't₂ matter₃ → no₂ importa₁₃
of₁ course₁ → por₁ supuesto₁
of₁ course₁ not₂ → claro₁ que₁ no₂
why₁ not₂ ?₃ → ¿₃ por₁ qué₁ no₂ ?₃
me₁ too₂ → yo₁ también₂
me₁ neither₂ → yo₁ tampoco₂
i₁ think₂ so₃ → creo₁₂ que₃ sí₃
i₁ don't₂ think₃ so₄ → creo₁₃ que₄ no₂
i₁ hope₁ so₂ → espero₁ que₂ sí₂
i₁ don't₂ know₃ → no₂ lo₃ sé₁₃
i₁ don't₂ understand₃ → no₂ entiendo₁₃
i₁ don't₂ remember₃ → no₂ me₁ acuerdo₃
i₁ don't₂ care₃ → me₁ da₃ igual₂₃
i₁ agree₂ → estoy₁ de₂ acuerdo₂
you₁ are₁ welcome₂ here₃ → eres₁ bienvenido₂ aquí₃
do₁ you₁ speak₁ english₂ ?₃ → ¿₃ hablas₁ inglés₂ ?₃
i₁ speak₁ a₂ little₂ spanish₃ → hablo₁ un₂ poco₂ de₂ español₃
how₁ do₂ you₂ say₂ this₃ in₄ spanish₅ ?₆ → ¿₆ cómo₁ se₂ dice₂ esto₃ en₄ español₅ ?₆
what₁ does₂ this₃ mean₂ ?₄ → ¿₄ qué₁ significa₂ esto₃ ?₄
can₁ you₁ help₂ me₃ ?₄ → ¿₄ puedes₁ ayudarme₂₃ ?₄
can₁ you₁ repeat₂ that₃ ?₄ → ¿₄ puedes₁ repetir₂ eso₃ ?₄
speak₁ more₂ slowly₃ ,₄ please₅ → habla₁ más₂ despacio₃ ,₄ por₅ favor₅
help₁ me₂ ,₃ please₄ → ayúdame₁₂ ,₃ por₄ favor₄
come₁ here₂ → ven₁ aquí₂
come₁ with₂ me₂ → ven₁ conmigo₂
come₁ in₂ → pasa₁₂
sit₁ down₁ → siéntate₁
stand₁ up₁ → levántate₁
wake₁ up₁ → despiértate₁
hurry₁ up₁ → date₁ prisa₁
calm₁ down₁ → cálmate₁
shut₁ up₁ → cállate₁
be₁ quiet₂ → guarda₁ silencio₂
listen₁ to₂ me₂ → escúchame₁₂
look₁ at₁ me₂ → mírame₁₂
tell₁ me₂ the₃ truth₄ → dime₁₂ la₃ verdad₄
tell₁ me₂ something₃ → dime₁₂ algo₃
leave₁ me₂ alone₃ → déjame₁₂ en₃ paz₃
wait₁ a₂ moment₃ → espera₁ un₂ momento₃
just₁ a₂ moment₃ → solo₁ un₂ momento₃
one₁ moment₂ ,₃ please₄ → un₁ momento₂ ,₃ por₄ favor₄
keep₁ going₁ → sigue₁ adelante₁
get₁ out₂ → vete₁ de₂ aquí₂
go₁ home₂ → vete₁ a₂ casa₂
go₁ to₂ bed₃ → vete₁ a₂ la₃ cama₃
turn₁ on₁ the₂ light₃ → enciende₁ la₂ luz₃
turn₁ off₁ the₂ light₃ → apaga₁ la₂ luz₃
turn₁ left₂ → gira₁ a₂ la₂ izquierda₂
turn₁ right₂ → gira₁ a₂ la₂ derecha₂
go₁ straight₂ ahead₂ → sigue₁ todo₂ recto₂
on₁ the₂ left₃ → a₁ la₂ izquierda₃
on₁ the₂ right₃ → a₁ la₂ derecha₃
look₁ out₁ → cuidado₁
what₁ happened₂ ?₃ → ¿₃ qué₁ pasó₂ ?₃
what's₁ wrong₂ ?₃ → ¿₃ qué₁ te₂ pasa₂ ?₃
what's₁ new₂ ?₃ → ¿₃ qué₁ hay₁ de₂ nuevo₂ ?₃
what₁ are₂ you₂ doing₃ ?₄ → ¿₄ qué₁ estás₂ haciendo₃ ?₄
what₁ do₂ you₂ think₂ ?₃ → ¿₃ qué₁ opinas₂ ?₃
what₁ do₂ you₂ mean₂ ?₃ → ¿₃ qué₁ quieres₂ decir₂ ?₃
what₁ a₁ shame₂ → qué₁ lástima₂
what₁ a₁ surprise₂ → qué₁ sorpresa₂
what₁ a₁ beautiful₂ day₃ → qué₁ día₃ más₂ bonito₂
how₁ nice₂ → qué₁ bien₂
how₁ strange₂ → qué₁ raro₂
how₁ is₂ your₃ family₄ ?₅ → ¿₅ cómo₁ está₂ tu₃ familia₄ ?₅
who₁ are₂ you₂ ?₃ → ¿₃ quién₁ eres₂ ?₃
who₁ is₂ it₂ ?₃ → ¿₃ quién₁ es₂ ?₃
where₁ do₂ you₂ live₂ ?₃ → ¿₃ dónde₁ vives₂ ?₃
i₁ live₁ in₂ madrid₃ → vivo₁ en₂ madrid₃
where₁ is₂ the₃ bathroom₄ ?₅ → ¿₅ dónde₁ está₂ el₃ baño₄ ?₅
where₁ are₂ we₂ ?₃ → ¿₃ dónde₁ estamos₂ ?₃
where₁ are₂ you₂ going₂ ?₃ → ¿₃ adónde₁ vas₂ ?₃
when₁ do₂ we₂ leave₂ ?₃ → ¿₃ cuándo₁ salimos₂ ?₃
how₁ far₂ is₃ it₃ ?₄ → ¿₄ a₁ qué₁ distancia₂ está₃ ?₄
how₁ much₁ is₂ it₂ ?₃ → ¿₃ cuánto₁ cuesta₂ ?₃
the₁ check₂ ,₃ please₄ → la₁ cuenta₂ ,₃ por₄ favor₄
a₁ table₂ for₃ two₄ ,₅ please₆ → una₁ mesa₂ para₃ dos₄ ,₅ por₆ favor₆
a₁ coffee₂ with₃ milk₄ ,₅ please₆ → un₁ café₂ con₃ leche₄ ,₅ por₆ favor₆
anything₁ else₂ ?₃ → ¿₃ algo₁ más₂ ?₃
that₁ is₂ all₃ → eso₁ es₂ todo₃
i₁ would₁ like₁ a₂ coffee₃ → quisiera₁ un₂ café₃
i₁ am₁ a₂ vegetarian₂ → soy₁ vegetariano₂
i₁ am₁ lost₂ → estoy₁ perdido₂
i₁ am₁ bored₂ → estoy₁ aburrido₂
i₁ am₁ in₂ love₂ → estoy₁ enamorado₂
i₁ am₁ married₂ → estoy₁ casado₂
i₁ am₁ coming₁ → ya₁ voy₁
i₁ am₁ ready₂ → estoy₁ listo₂
i₁ am₁ cold₂ → tengo₁ frío₂
i₁ am₁ hot₂ → tengo₁ calor₂
i₁ have₁ a₂ headache₃ → me₁ duele₁ la₂ cabeza₃
i₁ have₁ no₂ idea₃ → no₂ tengo₁ ni₂ idea₃
i₁ have₁ no₂ time₃ → no₂ tengo₁ tiempo₃
i₁ love₂ you₃ → te₃ quiero₁₂
i₁ miss₂ you₃ → te₃ echo₁₂ de₂ menos₂
i₁ need₁ you₂ → te₂ necesito₁
i₁ believe₁ you₂ → te₂ creo₁
i₁ promise₂ you₃ → te₃ lo₂ prometo₁₂
i₁ am₁ on₂ my₂ way₂ → estoy₁ en₂ camino₂
it₁ is₁ raining₂ → está₁ lloviendo₂
it₁ is₁ snowing₂ → está₁ nevando₂
it₁ is₁ cold₂ today₃ → hace₁ frío₂ hoy₃
it₁ is₁ hot₂ today₃ → hace₁ calor₂ hoy₃
it₁ is₁ sunny₂ → hace₁ sol₂
it₁ is₁ windy₂ → hace₁ viento₂
the₁ weather₂ is₃ nice₄ → hace₃ buen₄ tiempo₁₂
it₁ is₁ late₂ → es₁ tarde₂
it₁ is₁ too₂ late₃ → es₁ demasiado₂ tarde₃
it₁ is₁ early₂ → es₁ temprano₂
it₁ is₁ true₂ → es₁ verdad₂
it₁ is₁ not₂ true₃ → no₂ es₁ verdad₃
it₁ is₁ your₂ turn₃ → te₂ toca₁₃
it₁ depends₂ → depende₁₂
it₁ is₁ nothing₂ → no₂ es₁ nada₂
that₁ is₂ enough₃ → ya₁ es₂ suficiente₃
not₁ yet₂ → todavía₂ no₁
not₁ at₂ all₂ → en₂ absoluto₁₂
right₁ away₁ → enseguida₁
more₁ or₂ less₃ → más₁ o₂ menos₃
little₁ by₂ little₃ → poco₁ a₂ poco₃
sooner₁ or₂ later₃ → tarde₁ o₂ temprano₃
once₁ upon₂ a₂ time₂ → érase₁ una₂ vez₂
once₁ more₂ → una₁ vez₁ más₂
one₁ more₂ time₃ → otra₁₂ vez₃
from₁ time₂ to₃ time₄ → de₁ vez₂ en₃ cuando₄
at₁ last₂ → por₁ fin₂
at₁ least₂ → por₁ lo₁ menos₂
at₁ home₂ → en₁ casa₂
by₁ the₁ way₁ → por₁ cierto₁
for₁ example₂ → por₁ ejemplo₂
in₁ my₂ opinion₃ → en₁ mi₂ opinión₃
on₁ vacation₂ → de₁ vacaciones₂
on₁ time₂ → a₁ tiempo₂
so₁ so₂ → así₁ así₂
the₁ day₂ after₃ tomorrow₄ → pasado₃ mañana₁₂₄
all₁ day₂ long₁ → todo₁ el₁ día₂
all₁ the₂ time₃ → todo₁ el₂ tiempo₃
first₁ of₂ all₃ → antes₁ de₂ nada₃
ladies₁ and₂ gentlemen₃ → señoras₁ y₂ señores₃
dear₁ friends₂ → queridos₁ amigos₂
best₁ regards₂ → un₁ saludo₂
make₁ yourself₁ at₂ home₃ → estás₁ en₂ tu₃ casa₃
my₁ house₂ is₃ your₄ house₅ → mi₁ casa₂ es₃ tu₄ casa₅
better₁ late₂ than₃ never₄ → más₁ vale₁ tarde₂ que₃ nunca₄
easier₁ said₂ than₃ done₄ → del₁ dicho₂ al₃ hecho₄ hay₁ mucho₁ trecho₁
practice₁ makes₂ perfect₃ → la₁ práctica₁ hace₂ al₃ maestro₃
time₁ is₂ money₃ → el₁ tiempo₁ es₂ oro₃
love₁ is₂ blind₃ → el₁ amor₁ es₂ ciego₃
so₁ far₂ ,₃ so₄ good₅ → hasta₁ ahora₂ ,₃ todo₄ bien₅
who₁ knows₂ ?₃ → ¿₃ quién₁ sabe₂ ?₃
are₁ you₁ sure₂ ?₃ → ¿₃ estás₁ seguro₂ ?₃
are₁ you₁ okay₂ ?₃ → ¿₃ estás₁ bien₂ ?₃
are₁ you₁ ready₂ ?₃ → ¿₃ estás₁ listo₂ ?₃
is₁ it₁ far₂ ?₃ → ¿₃ está₁ lejos₂ ?₃
is₁ anyone₂ there₃ ?₄ → ¿₄ hay₁ alguien₂ ahí₃ ?₄
do₁ you₁ understand₁ ?₂ → ¿₂ entiendes₁ ?₂
shall₁ we₁ dance₂ ?₃ → ¿₃ bailamos₁₂ ?₃
may₁ i₁ come₂ in₂ ?₃ → ¿₃ puedo₁ entrar₂ ?₃
may₁ i₁ ask₂ you₃ something₄ ?₅ → ¿₅ puedo₁ preguntarte₂₃ algo₄ ?₅
long₁ time₂ no₃ see₄ → cuánto₁ tiempo₂ sin₃ verte₄
nothing₁ special₂ → nada₁ especial₂
everything₁ is₂ all₃ right₃ → todo₁ está₂ bien₃
that₁ sounds₂ good₃ → eso₁ suena₂ bien₃
you₁ are₁ my₂ best₃ friend₄ → eres₁ mi₂ mejor₃ amigo₄
we₁ are₁ almost₂ there₃ → ya₃ casi₂ llegamos₁
we₁ will₁ see₁ → ya₁ veremos₁
we₁ did₂ it₃ → lo₃ logramos₁₂
"""

# Words that stand alone.
WORDS = """
hello hola, goodbye adiós, hi hola, bye adiós, thanks gracias, yes sí, no no, please por+favor, sorry perdón,
welcome bienvenido, congratulations enhorabuena, cheers salud, okay vale, perfect perfecto, exactly exactamente,
maybe quizás, always siempre, never nunca, sometimes a+veces, often a+menudo, soon pronto, later luego, here aquí,
there allí, today hoy, tomorrow mañana, yesterday ayer, tonight esta+noche, now ahora, slowly despacio,
quickly rápidamente, everything todo, nothing nada, something algo, everybody todos, nobody nadie, somebody alguien,
together juntos, upstairs arriba, downstairs abajo, outside fuera, inside dentro, finally finalmente,
monday lunes, tuesday martes, wednesday miércoles, thursday jueves, friday viernes, saturday sábado, sunday domingo,
january enero, february febrero, march marzo, april abril, may mayo, june junio, july julio, august agosto,
september septiembre, october octubre, november noviembre, december diciembre, spring primavera, summer verano,
autumn otoño, winter invierno, zero cero, one uno, two dos, three tres, four cuatro, five cinco, six seis,
seven siete, eight ocho, nine nueve, ten diez, eleven once, twelve doce, thirteen trece, fourteen catorce,
fifteen quince, sixteen dieciséis, seventeen diecisiete, eighteen dieciocho, nineteen diecinueve, twenty veinte,
thirty treinta, hundred cien, thousand mil, mine mío, yours tuyo, everywhere en+todas+partes, silence silencio,
spanish español, english inglés, spain españa, north norte, south sur, east este, west oeste, moon luna, sun sol,
rain lluvia, snow nieve, wind viento, star estrella, world mundo, peace paz, love amor, music música, family familia,
christmas navidad, breakfast desayuno, lunch almuerzo, dinner cena, weekend fin+de+semana, birthday cumpleaños
"""


def everyday_phrases() -> Iterator[Part]:
    """All of them, with their alignment."""
    for line in PHRASES.strip().splitlines():
        yield build(line)
    for entry in WORDS.split(","):
        english, spanish = entry.split()
        yield pair(english, spanish.replace("+", " "))
