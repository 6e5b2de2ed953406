import pytest

from tinyattn.translator.config import Config
from tinyattn.translator.translator import Translator


@pytest.fixture(scope="session")
def untrained():
    """Makes a translator that was never trained, but is not at a loss for words."""
    def untrained(pairs, **options):
        translator = Translator.for_pairs(Config(embed=6, hidden=8, seed=4, **options), pairs)
        translator.model.output.weight.array[...] *= 6
        return translator

    return untrained


@pytest.fixture(scope="module")
def run(translator, tmp_path_factory):
    """The folder of the module's translator."""
    folder = tmp_path_factory.mktemp("run")
    translator.save(folder)
    return str(folder)
