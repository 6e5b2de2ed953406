"""The explorer's page at work in Chromium, opened from a file with the network off."""

import shutil

import numpy as np
import pytest

import tinyattn as ta
from tinyattn.record import record
from tinyattn.translator.config import Config
from tinyattn.translator.model import Seq2Seq
from tinyattn.translator.replay import replay
from tinyattn.translator.translator import Translator
from tinyattn_viz import explorer
from tinyattn_viz.explorer.page import Page
from tinyattn_viz.explorer.units import split
from tinyattn_viz.labels import number

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")

ODD = ["</script><script>alert(1)</script>", "<b>bold</b>", "\\N{a|b}", "🙂", "مرحبا", "https://example.org"]


@pytest.fixture(scope="module")
def run():
    translator = Translator.load("statquest")
    return replay(translator, translator.translate("let's go"), range(2))


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    beam = Translator.load("statquest").search_tree("let's go", beam=2)
    return explorer(run, beam=beam).save(tmp_path_factory.mktemp("page") / "go.html")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a file; after the test there must have been no request but for it, and no complaint."""
    said, contexts = [], []

    def visit(file, **options):
        context = browser.new_context(offline=True, **{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != file.as_uri() else None)
        page.route("**/*", lambda route: route.continue_() if route.request.url == file.as_uri() else route.abort())
        page.goto(file.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture
def page(visit, file):
    return visit(file)


def unit_number(run, path, step):
    (found,) = [unit.number for unit in split(run) if (unit.path, unit.step) == (path, step)]
    return found


def call_number(run, name, step):
    (found,) = [call.number for call in run.calls if call.step == step and run.values[call.outputs[0]].name == name]
    return found


def text(page, selector):
    return page.locator(selector).inner_text()


def press(page, key, times=1):
    """Keys as the page gets them, many at once."""
    page.evaluate(
        "([key, times]) => { for (let k = 0; k < times; k++) document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})) }",
        [key, times],
    )


# --- the pass -----------------------------------------------------------------


def test_every_card_of_the_pass_shows_the_record_s_numbers(page, run):
    shown = page.evaluate("""() => {
        const seen = [];
        for (let k = 0; k < pass.length; k++) {
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
            const rows = (look) => [...card.querySelectorAll(`.entry > .${look}`)].map(
                (value) => [...value.querySelectorAll(".row")].map((row) => [...row.children].map((x) => x.textContent)));
            seen.push({
                op: card.querySelector("h2 span").textContent, kind: card.querySelector(".kind").textContent,
                values: rows("value"), gradients: rows("gradient"),
                current: [...graph.querySelectorAll(".node.op.current")].map((node) => node.dataset.node),
            });
        }
        return seen;
    }""")
    back = [call for call in reversed(run.calls) if any(run.values[k].gradient is not None for k in call.outputs)]
    assert len(back) > 90 and len(shown) == len(run.calls) + len(back)
    for call, card in zip([*run.calls, *back], shown, strict=True):
        results = [run.values[k] for k in call.outputs]
        assert (card["op"], card["current"]) == (call.op, [f"c{call.number}"])
        assert card["values"] == [rows_of(v.array) for v in results]
        assert card["gradients"][: len(results)] == [rows_of(v.gradient) for v in results if v.gradient is not None]
    assert [card["kind"] for card in shown] == ["op"] * len(run.calls) + ["backward"] * len(back)


def rows_of(array):
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    return [[number(x, 4) for x in row] for row in rows]


def test_keys_and_buttons_step_through_the_pass(page, run):
    assert text(page, "#status").startswith(f"Start: {len(run.calls)} ops forward, ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("j")
    assert text(page, "#status").startswith(f"Forward 2 of {len(run.calls)}: pick")
    page.keyboard.press("k")
    page.keyboard.press("ArrowLeft")
    assert text(page, "#status").startswith("Start")
    page.keyboard.press("End")
    assert text(page, "#status").startswith("Backward ") and text(page, "#card .kind") == "backward"
    page.keyboard.press("Home")
    page.click("#next")
    page.click("#next")
    page.click("#previous")
    assert text(page, "#status").startswith("Forward 1 of ")
    page.click("#last")
    page.click("#first")
    assert text(page, "#status").startswith("Start") and text(page, "#card h2") == "Start here"
    page.focus("#position")
    page.keyboard.press("End")
    assert text(page, "#status").startswith("Backward ")
    assert page.get_attribute("#status", "aria-live") == "polite"


def test_letters_can_be_switched_off(page):
    page.keyboard.press("?")
    page.click("#letters")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert text(page, "#status").startswith("Start")
    page.keyboard.press("ArrowRight")
    assert text(page, "#status").startswith("Forward 1 ")


# --- the graph ----------------------------------------------------------------


def test_a_unit_opens_and_closes(page, run):
    attention = f'[data-unit="{unit_number(run, "attention", 0)}"]'
    assert page.get_attribute(attention, "aria-expanded") == "false"
    page.click(attention)  # choose
    assert text(page, "#card h2 span") == "Attention" and page.locator("#graph .node").count() == 0
    page.click(attention)  # open
    assert page.get_attribute(attention, "aria-expanded") == "true"
    assert page.locator("#graph .node.op").count() == 4
    page.locator(attention).focus()
    page.keyboard.press("Enter")
    assert page.get_attribute(attention, "aria-expanded") == "false" and page.locator("#graph .node").count() == 0
    assert page.evaluate("document.activeElement.dataset.unit") == attention.split('"')[1]
    page.keyboard.press("Enter")
    page.click("#close-all")
    assert page.locator("#graph .node").count() == 0


def test_phases_and_steps_fold(page):
    units = page.locator("#graph [data-unit]").count()
    page.click('.toggle[data-fold-step="1 1"]')
    folded = page.locator("#graph .folded")
    assert folded.count() == 1 and page.locator("#graph [data-unit]").count() == units - 6
    page.click('.toggle[data-fold-phase="0"]')
    assert folded.count() == 2 and page.locator('#graph [data-word^="0 "]').count() == 0
    folded.first.focus()
    page.keyboard.press("Enter")
    assert folded.count() == 1
    press(page, "ArrowRight", 90)  # the pass opens what it comes to
    assert folded.count() == 0


@pytest.fixture(scope="module")
def layered(tmp_path_factory):
    """A page of two layers in both directions with the whole target at once: bars between the rows of time steps."""
    model = Seq2Seq(6, 7, Config(embed=3, hidden=2, attention="dot", dropout=0.0, layers=2, bidirectional=True))
    with record() as run:
        run.name(model, "")
        model(np.array([[3, 4, 5]]), np.array([3]), np.array([[1, 4, 6]]), np.array([3]))
    return explorer(run).save(tmp_path_factory.mktemp("page") / "layered.html")


@pytest.mark.parametrize("which", ["file", "layered"])
def test_every_edge_is_drawn_between_its_boxes(visit, request, which):
    """Edges begin and end at the edge of a box, and go through none, whatever is open."""
    page = visit(request.getfixturevalue(which))
    press(page, "ArrowRight", 20)
    wrong = page.evaluate("""() => {
        const by = new Map(drawn.boxes.map((box) => [box.id, box])), wrong = [];
        const inside = (box, {x, y}) => x > box.x + 2 && x < box.x + box.width - 2 && y > box.y + 2 && y < box.y + box.height - 2;
        const near = (box, {x, y}) => x > box.x - 2 && x < box.x + box.width + 2 && y > box.y - 2 && y < box.y + box.height + 2;
        for (const [edge, path] of drawn.edgeElements) {
            if (!edge.id) continue;
            const length = path.getTotalLength();
            if (!near(by.get(edge.tail), path.getPointAtLength(0)) || !near(by.get(edge.head), path.getPointAtLength(length))) wrong.push(edge.id);
            for (let k = 1; k < 40; k++) {
                const point = path.getPointAtLength(length * k / 40);
                if (drawn.boxes.some((box) => box.kind !== "title" && inside(box, point))) { wrong.push(`${edge.id} through a box`); break; }
            }
        }
        return wrong;
    }""")
    assert wrong == []


def test_routes_are_all_ways_between_two_nodes(page, run):
    start, end = call_number(run, "s", 0), call_number(run, "logits", 0)
    page.evaluate(f"go('c{start}')")
    page.get_by_role("button", name="From here").click()
    page.evaluate(f"go('c{end}')")
    page.get_by_role("button", name="To here").click()
    wanted = between(run, start, end)
    ops = len(wanted)
    assert text(page, "#route span") == f"All routes from concatenate → s to linear → logits: {ops} ops in 4 units"
    assert set(page.evaluate("[...state.route]")) == {f"c{k}" for k in wanted}
    assert page.locator("#graph .node.op:not(.route)").count() > 0
    assert page.locator("#graph .edge.route").count() >= 5
    page.keyboard.press("Escape")
    assert page.locator("#graph .route").count() == 0 and page.locator("#route").is_hidden()


def between(run, start, end):
    def reach(begin, following):
        found, stack = {begin}, [begin]
        while stack:
            for other in following[stack.pop()] - found:
                found.add(other)
                stack.append(other)
        return found

    before = {call.number: {run.values[k].call for _, k in call.inputs} - {None} for call in run.calls}
    after = {call.number: {other for other, made in before.items() if call.number in made} for call in run.calls}
    return reach(start, after) & reach(end, before)


def test_shift_click_asks_for_the_routes_and_order_does_not_matter(page, run):
    late, early = unit_number(run, "output", 0), unit_number(run, "attention", 0)
    page.click(f'[data-unit="{late}"]')
    page.click(f'[data-unit="{early}"]', modifiers=["Shift"])
    assert "All routes from " in text(page, "#route span")
    page.click("#route button")
    page.click(f'[data-unit="{unit_number(run, "attention", 1)}"]')
    page.click(f'[data-unit="{early}"]', modifiers=["Shift"])
    assert "No route from " in text(page, "#route span")


def test_up_and_down_move_between_boxes(page, run):
    page.locator(f'[data-unit="{unit_number(run, "decoder.lstm", 0)}"]').focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.unit") == str(unit_number(run, "attention", 0))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.unit") == str(unit_number(run, "decoder.embedding", 0))
    assert page.locator('#graph [tabindex="0"]').count() == 1


# --- attention, search, beam ----------------------------------------------------


def test_a_cell_marks_its_step_and_its_word_and_a_node_its_row(page, run):
    attention, word = (f'#graph [data-unit="{unit_number(run, *place)}"]' for place in [("attention", 1), ("encoder.lstm", 0)])
    page.locator("#attention td button").nth(2).hover()  # second row, first column
    for selector in (attention, word, '#graph [data-word="1 last 1"]', '#graph [data-word="0 first 0"]'):
        assert "linked" in page.get_attribute(selector, "class").split()
    assert text(page, "#cell") == "<eos> looks at let's: 0.45"
    page.mouse.move(0, 0)
    assert page.locator("#graph .linked").count() == 0
    page.evaluate(f"go('c{call_number(run, 'scores', 0)}')")
    assert page.evaluate("cells.map((row) => row.map((cell) => cell.classList.contains('linked')))") == [[True, True], [False, False]]
    page.locator("#attention td button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert text(page, "#card h2 i") == "step 1 · vamos → <eos>"


def test_search_finds_ops_names_modules_and_words(page, run):
    for asked, wanted in [("masked_softmax", 2), ("scores", 2), ("encoder.embedding", 3), ("let's", 15), ("nothing", 0)]:
        page.fill("#search", asked)
        assert text(page, "#found .hint") == f"{wanted} found"
    page.fill("#search", "scores step 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert text(page, "#card h2 i") == "scores" and page.locator("#found").is_hidden()
    assert page.locator("#graph .node.chosen").get_attribute("data-node") == f"c{call_number(run, 'scores', 1)}"


def test_the_beam_tree_is_a_list(page):
    assert page.locator("#beam .best bdi").all_inner_texts() == ["vamos", "<eos>"]
    assert "hypothesis 1" in text(page, "#beam .best >> nth=1")


# --- words, themes, sizes, readers ------------------------------------------------


def test_odd_words_are_shown_as_they_are(visit, tmp_path):
    with record() as run:
        run.tokens(source=ODD)
        source = ta.arange(len(ODD)).float()
        run.name(source, "source")
        for t in range(len(ODD)):
            with ta.state.time_step(t):
                source[t].exp()
    page = visit(explorer(run).save(tmp_path / "odd.html"))
    assert page.locator("#graph .word text").all_text_contents() == ODD
    assert text(page, "h1") == " ".join(ODD)
    assert page.locator("a").count() == 1 and page.locator("b, img").count() == 0  # the way past the graph


def test_light_and_dark(visit, file):
    page = visit(file, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(12, 18, 24)" and text(page, "#theme") == "Light"
    page.click("#theme")
    assert page.evaluate(ground) == "rgb(238, 242, 246)" and text(page, "#theme") == "Dark"


@pytest.mark.parametrize("size", [(390, 844), (1440, 900)])
def test_nothing_hangs_over_the_side(visit, file, size):
    page = visit(file, viewport={"width": size[0], "height": size[1]})
    press(page, "ArrowRight", 57)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_tab_comes_to_everything_and_out_again(page):
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("(() => { const a = document.activeElement; return a === document.body ? 'out' : a.id || a.closest('[id]')?.id || a.className; })()"))
        if stops[-1] == "out":
            break
    assert stops[-1] == "out", "Tab never came out of the page"
    assert {"search", "theme", "graph", "next", "position", "attention"} <= set(stops)
    assert stops.count("graph") == 1 and stops.count("attention") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, file, run, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def violations():
        found = axe.run(page).response["violations"]
        return [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]

    page = visit(file, color_scheme=scheme)
    assert violations() == []
    press(page, "End")
    assert violations() == []
    page.evaluate(f"toggleUnit({unit_number(run, 'attention', 0)}); setEnd('from', {{node: 'c20'}}); setEnd('to', {{node: 'c{call_number(run, 'logits', 0)}'}})")
    assert violations() == []
    page.fill("#search", "lstm")
    assert violations() == []
    page.evaluate("closeSearch()")
    page.click("#help-button")
    assert violations() == []


def test_in_a_sandboxed_frame_it_works_as_well(visit, file, tmp_path):
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!DOCTYPE html><title>n</title>{Page(file.read_text())._repr_html_()}")
    page = visit(notebook)
    inner = page.frame_locator("iframe")
    assert inner.locator("h1").inner_text() == "let's go → vamos <eos>"
    inner.locator("#next").click()
    assert inner.locator("#status").inner_text().startswith("Forward 1 ")
