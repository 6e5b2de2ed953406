"""When, where and with whom: what can follow nearly every verb, the same way in both languages."""

from __future__ import annotations

from tinyattn.text.corpus.parts import Part, build

Parts = tuple[Part, ...]

DAYS: Parts = tuple(
    build(pattern)
    for pattern in (
        "on₁ monday₂ → el₁ lunes₂",
        "on₁ tuesday₂ → el₁ martes₂",
        "on₁ wednesday₂ → el₁ miércoles₂",
        "on₁ thursday₂ → el₁ jueves₂",
        "on₁ friday₂ → el₁ viernes₂",
        "on₁ saturday₂ → el₁ sábado₂",
        "on₁ sunday₂ → el₁ domingo₂",
    )
)
TODAY = build("today₁ → hoy₁")
NOW = build("now₁ → ahora₁")
TOMORROW = build("tomorrow₁ → mañana₁")
TONIGHT = build("tonight₁ → esta₁ noche₁")
THIS_MORNING = build("this₁ morning₂ → esta₁ mañana₂")
THIS_AFTERNOON = build("this₁ afternoon₂ → esta₁ tarde₂")

HABIT: Parts = (
    build("every₁ day₂ → todos₁ los₁ días₂"),
    build("every₁ night₂ → todas₁ las₁ noches₂"),
    build("in₁ the₂ morning₃ → por₁ la₂ mañana₃"),
    build("in₁ the₂ afternoon₃ → por₁ la₂ tarde₃"),
    build("on₁ saturdays₂ → los₁ sábados₂"),
    build("on₁ sundays₂ → los₁ domingos₂"),
)
AT_PRESENT: Parts = (NOW, NOW, build("right₁ now₂ → ahora₂ mismo₁"), TODAY, THIS_MORNING)
BEFORE: Parts = (
    build("yesterday₁ → ayer₁"),
    build("last₁ night₁ → anoche₁"),
    build("last₁ week₂ → la₁ semana₂ pasada₁"),
    build("last₁ year₂ → el₁ año₂ pasado₁"),
    build("two₁ days₂ ago₃ → hace₃ dos₁ días₂"),
    THIS_MORNING,
    *DAYS,
)
LATER: Parts = (
    TOMORROW,
    TOMORROW,
    TONIGHT,
    THIS_AFTERNOON,
    build("next₁ week₂ → la₁ semana₂ que₁ viene₁"),
    *DAYS,
)
SOON: Parts = (NOW, NOW, TODAY, TOMORROW, TONIGHT, THIS_AFTERNOON, *DAYS)  # for commands and duties

WITH_ME, WITH_YOU = build("with₁ me₁ → conmigo₁"), build("with₁ you₁ → contigo₁")
WITH_US, WITH_THEM = build("with₁ us₂ → con₁ nosotros₂"), build("with₁ them₂ → con₁ ellos₂")
WITH_HER = build("with₁ her₂ → con₁ ella₂")
# Nobody does it with himself: whom I, you, he, we and they can do it with.
COMPANY = (
    (WITH_YOU, WITH_HER, WITH_THEM),
    (WITH_ME, WITH_US, WITH_HER, WITH_THEM),
    (WITH_ME, WITH_YOU, WITH_US),
    (WITH_YOU, WITH_HER, WITH_THEM),
    (WITH_ME, WITH_YOU, WITH_US),
)

EMPHASIS: Parts = (
    build("very₁ → muy₁"),
    build("very₁ → muy₁"),
    build("too₁ → demasiado₁"),
)
