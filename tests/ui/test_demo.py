from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.ui.terminal import Terminal
from ui.demo.easel import SIDE
from ui.demo.photos import photographed
from ui.demo.products import KINDS, draw, in_studio
from ui.demo.writing import PHOTOGRAPHED, Shop, write_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return write_shop(tmp_path_factory.mktemp("demo"), lambda what, done: None)


@pytest.fixture
def vistalk(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def rows(shop: Shop) -> list[dict[str, str]]:
    with (shop.catalogue / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_catalogue_has_24_products_each_with_its_own_picture(shop: Shop) -> None:
    products = rows(shop)
    assert len(products) == 24
    for column in ("image", "sku", "name"):
        assert len({product[column] for product in products}) == 24
    for product in products:
        assert all(product.values()), product
        kind, colour = Path(product["image"]).stem.split("-")
        told = f"{product['name']} {product['description']}".lower()
        assert colour in told
        assert kind in told or kind in {"plant", "book"}
        with Image.open(shop.catalogue / product["image"]) as picture:
            assert (picture.size, picture.mode) == ((SIDE, SIDE), "RGB")
    drawn = {path.name for path in shop.catalogue.glob("*.png")}
    assert drawn == {product["image"] for product in products}


def test_every_kind_of_product_comes_in_two_colours(shop: Shop) -> None:
    kinds = sorted(Path(product["image"]).stem.split("-")[0] for product in rows(shop))
    assert kinds == sorted([*KINDS, *KINDS])


def test_drawing_is_the_same_each_time() -> None:
    first, second = draw("umbrella-red"), draw("umbrella-red")
    assert first.tobytes() == second.tobytes()
    assert photographed(first, 2).tobytes() == photographed(second, 2).tobytes()
    assert photographed(first, 2).tobytes() != photographed(second, 5).tobytes()


@pytest.mark.parametrize("name", [f"{kind}-red" for kind in KINDS])
def test_a_product_has_its_colour_and_stands_free(name: str) -> None:
    product = draw(name)
    outline = np.asarray(product.getchannel("A"))
    assert 0.08 < (outline > 0).mean() < 0.8
    assert not outline[[0, -1]].any()
    assert not outline[:, [0, -1]].any()
    red, green, blue, alpha = np.moveaxis(np.asarray(product).astype(int), 2, 0)
    assert ((red > 1.8 * green) & (red > 1.8 * blue) & (alpha > 0)).sum() > 0.1 * (alpha > 0).sum()
    studio = np.asarray(in_studio(product).convert("L")).astype(int)
    assert studio[:5].min() > 220


def test_customers_sent_pictures_of_products_that_look_otherwise(shop: Shop) -> None:
    photos = sorted(shop.examples.glob("*.jpg"))
    assert len(photos) == len(PHOTOGRAPHED)
    catalogued = {Path(product["image"]).stem for product in rows(shop)}
    assert set(PHOTOGRAPHED) <= catalogued
    for name, photo in zip(PHOTOGRAPHED, photos, strict=True):
        with Image.open(photo) as seen, Image.open(shop.catalogue / f"{name}.png") as shown:
            assert seen.size != shown.size
            apart = np.abs(np.asarray(seen.resize((64, 64))).astype(int) - np.asarray(shown.resize((64, 64))))
            assert apart.mean() > 30


FACTS = {
    "returns.md": ["within 30 days", "hygiene", "within 5 working days", "31 January", "19 EUR"],
    "shipping.md": ["2 to 3 working days", "costs 4.90 EUR within Germany", "before 14:00", "within 48 hours"],
    "warranty.html": ["<td>5 years</td>", "<td>3 years</td>", "2 working days"],
    "退货.md": ["30 天", "卫生用品", "5 个工作日", "19 欧元"],
}


@pytest.mark.parametrize("name", FACTS)
def test_the_rules_hold_facts_that_can_be_asked(shop: Shop, name: str) -> None:
    text = (shop.catalogue / name).read_text(encoding="utf-8")
    for fact in FACTS[name]:
        assert text.count(fact) == 1, fact


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products that take no time to draw."""
    blank = Image.new("RGBA", (SIDE, SIDE), (200, 0, 0, 255))
    monkeypatch.setattr("ui.demo.writing.draw", lambda name: blank)


@pytest.mark.usefixtures("quick")
def test_the_command_writes_it_again_and_says_what_to_do_next(vistalk: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "my shop"
    first = vistalk("demo", "shop", str(folder))
    assert first.code == 0
    (folder / "shop" / "returns.md").unlink()
    again = vistalk("demo", "shop", str(folder))
    assert again.code == 0
    assert again.out == first.out
    assert (folder / "shop" / "returns.md").is_file()
    assert f"vistalk index '{folder / 'shop'}'" in first.out
    assert f"vistalk search --image '{folder / 'examples' / 'customer-1.jpg'}'" in first.out
    assert "vistalk ui" in first.out
    assert "How long can I return it?" in first.out


def test_a_folder_of_something_else_is_left_alone(vistalk: Terminal, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear all", encoding="utf-8")
    for taken in (tmp_path / "letters", tmp_path / "letters" / "letter.txt"):
        done = vistalk("demo", "shop", str(taken))
        assert (done.code, done.out) == (1, "")
        assert f"{taken} holds something else." in done.err
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["letter.txt"]
