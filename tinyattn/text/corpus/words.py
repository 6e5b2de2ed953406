"""Nouns and adjectives as tables; `lexicon.py` reads them. An irregular plural stands after a slash.

A noun's kinds say which verbs take it and which adjectives fit it.
"""

NOUNS = """
english            spanish            gender  kinds
pizza              pizza              f       food meal sliced
cake               pastel             m       food meal sweet sliced
soup               sopa               f       food meal cooked mass
rice               arroz              m       food cooked mass
meat               carne              f       food cooked mass sliced
bread              pan                m       food mass sliced fresh
cheese             queso              m       food mass sliced fresh
egg                huevo              m       food cooked
potato             patata             f       food cooked produce
tomato             tomate             m       food produce red
apple              manzana            f       food produce sweet red
strawberry         fresa              f       food produce sweet red
orange             naranja            f       food sweet
water              agua               f       drink mass
milk               leche              f       drink mass fresh
coffee             café               m       drink hot mass
book               libro              m       text written paper
letter             carta              f       text written paper sealed
message            mensaje            m       text written
story              cuento             m       text written
newspaper          periódico          m       text paper
photo              foto               f       paper pretty
door               puerta             f       openable fixture
window             ventana            f       openable fixture glass
box                caja               f       openable container
bottle             botella            f       openable container glass
bag                bolsa              f       openable container
gift               regalo             m       sealed pretty
shirt              camisa             f       clothes
dress              vestido            m       clothes pretty
coat               abrigo             m       clothes
shoe               zapato             m       clothes
plate              plato              m       dish
cup                taza               f       dish hollow
glass              vaso               m       dish hollow
car                coche              m       machine vehicle
bicycle            bicicleta          f       machine vehicle
phone              teléfono           m       machine
computer           ordenador          m       machine
table              mesa               f       furniture
chair              silla              f       furniture
bed                cama               f       furniture
key                llave              f       thing
ball               pelota             f       thing
flower             flor               f       drawn pretty
tree               árbol              m       drawn tall
guitar             guitarra           f       instrument
song               canción            f       written sung pretty
movie              película           f       work
house              casa               f       place home room building table quiet
kitchen            cocina             f       place home room table
garden             jardín             m       place home pretty table quiet
room               habitación         f       place home room quiet
school             escuela            f       place building quiet
hotel              hotel              m       place home building costly table quiet
park               parque             m       place outside
beach              playa              f       place outside shore
city               ciudad             f       place sight
museum             museo              m       place sight building public
library            biblioteca         f       place building public quiet
market             mercado            m       place shop
store              tienda             f       place shop public costly
restaurant         restaurante        m       place building public costly table
mother             madre              f       person kin woman single
father             padre              m       person kin man single
brother            hermano            m       person kin man
sister             hermana            f       person kin woman
son                hijo               m       person kin man
daughter           hija               f       person kin woman
grandmother        abuela             f       person kin woman single
grandfather        abuelo             m       person kin man single
friend             amigo              m       person kin man
neighbor           vecino             m       person kin man
teacher            profesor           m       person role man
doctor             médico             m       person role man
nurse              enfermera          f       person role woman
student            estudiante         m       person role man
man/men            hombre             m       person role man
woman/women        mujer              f       person role woman
boy                niño               m       person role man
girl               niña               f       person role woman
dog                perro              m       animal
cat                gato               m       animal
horse              caballo            m       animal
bird               pájaro             m       animal
"""

# Which "to be" an adjective takes is its own matter: es rojo, está cansado.
ADJECTIVES = """
english      spanish        be     comparative  kinds
red          rojo           ser    -            red clothes vehicle container fixture furniture dish
white        blanco         ser    -            clothes machine container fixture furniture dish animal
black        negro          ser    -            clothes machine container furniture animal thing
green        verde          ser    -            clothes vehicle container fixture furniture dish
blue         azul           ser    -            clothes vehicle container fixture furniture dish thing
big          grande         ser    bigger       clothes container furniture place animal produce fixture tall
small        pequeño        ser    smaller      clothes container furniture place animal produce machine
new          nuevo          ser    newer        clothes container furniture machine instrument building paper
old          viejo          ser    older        clothes container furniture machine instrument building paper
expensive    caro           ser    more         clothes furniture machine instrument costly
cheap        barato         ser    cheaper      clothes furniture machine instrument costly dish
beautiful    bonito         ser    more         pretty sight outside
long         largo          ser    longer       text work sung
short        corto          ser    shorter      text work sung
delicious    delicioso      ser    more         meal cooked sweet hot
interesting  interesante    ser    more         text work sight
easy         fácil          ser    easier       written
tall         alto           ser    taller       person tall building
young        joven/jóvenes  ser    younger      person
intelligent  inteligente    ser    more         person animal
famous       famoso         ser    more         person work sight sung
tired        cansado        estar  -            person animal
happy        contento       estar  -            person animal
sad          triste         estar  -            person animal
sick         enfermo        estar  -            person animal
busy         ocupado        estar  -            person
cold         frío           estar  -            meal drink room
hot          caliente       estar  -            cooked hot
dirty        sucio          estar  -            clothes dish furniture room fixture vehicle
broken       roto           estar  -            dish machine furniture fixture
empty        vacío          estar  -            container hollow room public
closed       cerrado        estar  -            openable public
open         abierto        estar  -            openable public
"""
