"""Verbs as tables; `lexicon.py` reads them."""

# What one can say with a verb: c a command, p "is eating", t the past ("read" and "cut" look like the present,
# "tenía" would be another past than "comí"), w "with my friend". Where: the kind of place one does it in.
TRANSITIVE = """
english    past        spanish     can   where    kinds
eat        ate         comer       cptw  table    food
drink      drank       beber       cptw  table    drink
cook       -           cocinar     cpw   table    cooked
buy        bought      comprar     ctw   shop     food drink paper container clothes machine furniture animal
read       -           leer        cpw   quiet    text
write      wrote       escribir    cptw  quiet    written
open       -           abrir       ctw   -        openable sealed
close      -           cerrar      c     -        openable
wash       -           lavar       cptw  table    clothes dish vehicle produce
clean      -           limpiar     cptw  -        room furniture fixture
see        saw         ver         t     -        machine work sight person fixture
look+for   looked+for  buscar      cpw   home     thing clothes paper machine person
find       found       encontrar   t     home     thing clothes paper machine container
lose       lost        perder      t     outside  thing paper container clothes
need       -           necesitar   -     -        thing dish machine furniture food paper
want       -           querer      -     -        food drink clothes instrument vehicle animal
have       -           tener       -     -        animal vehicle clothes thing paper instrument container
break      broke       romper      t     home     dish glass machine furniture
paint      -           pintar      cpw   -        fixture furniture drawn building
repair     -           reparar     cpw   home     machine furniture fixture
cut        -           cortar      cp    table    produce sliced
help       -           ayudar      cpt   home     person
call       -           llamar      c     -        person
visit      -           visitar     ctw   -        person sight
"""

# Verbs that pass something on: give the book to my brother.
GIVING = """
english    past        spanish     can   where    kinds
give       gave        dar         c     -        thing paper clothes instrument sweet sealed
show       -           mostrar     c     -        thing paper clothes machine work text
send       sent        enviar      ct    -        text paper sealed
bring      brought     traer       ct    -        thing food drink dish paper
sell       sold        vender      ctw   shop     clothes machine instrument furniture produce
"""

# Verbs without an object, and one with a place to go to.
INTRANSITIVE = """
english    past        spanish     can   where    kinds
sleep      slept       dormir      cptw  home     -
work       -           trabajar    cptw  home     -
study      -           estudiar    cpw   quiet    -
play       -           jugar       cptw  outside  -
run        ran         correr      cpw   outside  -
dance      -           bailar      cpw   outside  -
sing       sang        cantar      cpw   outside  -
"""

MOTION = """
english    past        spanish     can   where    kinds
go         went        ir          ctw   -        -
"""

# What is irregular about a Spanish verb: see `conjugate`.
PRINCIPAL_PARTS = {
    "cerrar": {"yo": "cierro"},
    "dar": {
        "yo": "doy",
        "el": "da",
        "preterite": "di diste dio dimos dieron",
        "subjunctive": "dé des dé demos den",
    },
    "dormir": {"yo": "duermo", "soft": "durm"},
    "encontrar": {"yo": "encuentro"},
    "enviar": {"yo": "envío"},
    "ir": {
        "yo": "voy",
        "el": "va",
        "gerund": "yendo",
        "we": "vamos",
        "command": "ve",
        "preterite": "fui fuiste fue fuimos fueron",
        "subjunctive": "vaya vayas vaya vayamos vayan",
    },
    "jugar": {"yo": "juego"},
    "leer": {"gerund": "leyendo", "preterite": "leí leíste leyó leímos leyeron"},
    "mostrar": {"yo": "muestro"},
    "pedir": {"yo": "pido", "soft": "pid"},
    "perder": {"yo": "pierdo"},
    "querer": {"yo": "quiero", "preterite": "quise quisiste quiso quisimos quisieron"},
    "servir": {"yo": "sirvo", "soft": "sirv"},
    "tener": {
        "yo": "tengo",
        "el": "tiene",
        "command": "ten",
        "preterite": "tuve tuviste tuvo tuvimos tuvieron",
    },
    "traer": {
        "yo": "traigo",
        "el": "trae",
        "gerund": "trayendo",
        "preterite": "traje trajiste trajo trajimos trajeron",
    },
    "ver": {"yo": "veo", "el": "ve", "preterite": "vi viste vio vimos vieron"},
    "volver": {"yo": "vuelvo"},
}
