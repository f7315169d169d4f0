"""Words beside pictures, documents, catalogues, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from memory.library.records import Filters
from tests.memory.pictures import file_of, photo
from tests.memory.projection import Projection, index

if TYPE_CHECKING:
    from pathlib import Path

    from memory.library.library import Library
    from memory.library.records import PassageHit

ENCODER = Projection()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    for seed in range(5):
        (folder / f"{seed}.png").write_bytes(file_of(photo(seed=seed), "PNG"))
    return folder


def catalogue(folder: Path, *rows: str) -> None:
    (folder / "catalogue.csv").write_text("\n".join(("image,name,description,price", *rows)), encoding="utf-8")


def entries(library: Library) -> dict[str, str]:
    return {picture.path.name: picture.entry for picture in library.pictures() if picture.entry}


def ask(library: Library, question: str, **options: object) -> list[PassageHit]:
    vector = ENCODER.encode_queries([question])[0]
    return library.search_passages(question, vector, ENCODER.id, **options)  # type: ignore[arg-type]


def test_a_catalogue_gives_pictures_their_entries(library: Library, shop: Path) -> None:
    catalogue(shop, "0.png,Kestrel sofa,Blue velvet,899", '1.png,"Lamp, tall",,', "2.png,,,")
    assert index(library, shop).failed == 0
    assert entries(library) == {"0.png": "Kestrel sofa — Blue velvet · price: 899", "1.png": "Lamp, tall"}
    catalogue(shop, "1.png,Lamp,Short,20")
    encoder = Projection()
    index(library, shop, encoder=encoder)
    assert entries(library) == {"1.png": "Lamp — Short · price: 20"}
    assert encoder.images == 0
    said = library._shelf.ranked("picture", "Kestrel lamp", 9)
    assert [library.picture(found).path.name for found in said] == ["1.png"]
    (shop / "catalogue.csv").unlink()
    index(library, shop)
    assert entries(library) == {}


def test_a_catalogue_that_cannot_be_used_is_named(library: Library, shop: Path) -> None:
    catalogue(shop, "0.png,Sofa,,", "9.png,Chair,,", ",Bench,,")
    outcome = index(library, shop)
    assert outcome.failures[0].reason == "The catalogue names pictures that are not there (2): 9.png, (no name)."
    assert entries(library) == {"0.png": "Sofa"}
    for data, reason in (
        (b"picture;name\n", 'The catalogue has no column "image".'),
        (b"", 'The catalogue has no column "image".'),
        (b"image,name\n0.png,\xff\xfe", "The catalogue is not UTF-8 text."),
        (
            b'image,name\n0.png,"' + b"x" * 200_000,
            "The catalogue is not a table: field larger than field limit (131072).",
        ),
    ):
        (shop / "catalogue.csv").write_bytes(data)
        outcome = index(library, shop)
        assert [failure.reason for failure in outcome.failures] == [reason]
        assert (outcome.unchanged, entries(library)) == (5, {})


def hits(library: Library, words: str, seed: int = 3, **filters: object) -> list[str]:
    vector = ENCODER.encode_images([photo(seed=seed)])[0]
    found = library.search_pictures(vector, ENCODER.id, words=words, filters=Filters(**filters))  # type: ignore[arg-type]
    assert all(-1 <= hit.score <= 1 + 1e-6 for hit in found)
    return [hit.picture.path.name for hit in found]


def test_words_bring_pictures_up(library: Library, shop: Path) -> None:
    catalogue(shop, *(f"{seed}.png,Thing {seed},{'walnut' if seed == worst(shop) else 'oak'}," for seed in range(5)))
    index(library, shop)
    plain = hits(library, "")
    last = f"{worst(shop)}.png"
    assert (plain[0], plain[-1]) == ("3.png", last)
    assert hits(library, "walnut").index(last) < 2
    assert sorted(hits(library, "walnut")) == sorted(plain)
    assert hits(library, "🦊 ?!") == plain
    assert hits(library, "x" * 10_000) == plain


def worst(shop: Path) -> int:
    """The picture that is farthest from 3.png."""
    vectors = ENCODER.encode_images([Image.open(shop / f"{seed}.png") for seed in range(5)])
    return int(np.argmin(vectors @ vectors[3]))


def test_a_picture_without_words_is_not_held_back(library: Library, shop: Path) -> None:
    catalogue(shop, *(f"{seed}.png,Thing {seed},walnut," for seed in range(5) if seed != 3))
    index(library, shop)
    assert hits(library, "walnut thing")[0] == "3.png"


def test_words_find_pictures_beyond_the_near_ones(
    library: Library, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.library.searching._POOL", 2)
    monkeypatch.setattr("memory.library.searching._SPARE", 0)
    far = f"{worst(shop)}.png"
    catalogue(shop, f"{far},Walnut desk,,")
    index(library, shop)
    vector = ENCODER.encode_images([photo(seed=3)])[0]
    found = library.search_pictures(vector, ENCODER.id, words="walnut", top=2)
    every = library.search_pictures(vector, ENCODER.id, top=5)
    assert far not in [hit.picture.path.name for hit in every[:2]]
    wide = library.search_pictures(vector, ENCODER.id, words="walnut", top=3)
    by_name = {hit.picture.path.name: hit.score for hit in every}
    assert {hit.picture.path.name: hit.score for hit in wide}[far] == pytest.approx(by_name[far], abs=1e-5)
    assert len(found) == 2


def test_passages_are_found_by_words_and_by_meaning(library: Library, shop: Path) -> None:
    (shop / "policy.md").write_text(
        "# Returns\n\n## Electronics\n\nA lamp goes back within fourteen days.\n\n## Furniture\n\n"
        "A sofa goes back within thirty days.\n\n# Delivery\n\nBy van, on weekdays.\n"
    )
    (shop / "about.txt").write_text("The shop opened in 1999.")
    index(library, shop)
    found = ask(library, "Within how many days goes a sofa back? Thirty days?")
    assert "sofa" in found[0].passage.text
    assert found[0].passage.heading == "Returns › Furniture"
    assert (found[0].passage.path, found[0].passage.folder) == (shop / "policy.md", shop)
    assert found[0].lexical_rank == 1
    assert sorted(hit.dense_rank or 0 for hit in found) == [1, 2, 3, 4]
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert len(ask(library, "sofa", top=1)) == 1
    assert {hit.passage.path.name for hit in ask(library, "1999 sofa", filters=Filters(folder=shop / "about.txt"))} == {
        "about.txt"
    }
    assert all(hit.lexical_rank is None for hit in ask(library, "🦊"))
    assert len(ask(library, "x" * 10_000)) == len(ask(library, "")) > 1


def test_a_passage_is_encoded_after_the_nearest_of_its_headings(library: Library, shop: Path) -> None:
    (shop / "policy.md").write_text("# Shop\n\nOpen daily.\n\n## Returns\n\n### Lamps\n\nWithin a week.\n")
    (shop / "about.txt").write_text("Since 1999.")
    index(library, shop)
    keys = [hit.passage.id for hit in ask(library, "")]
    kept = library._vectors.vectors("passage", keys)
    texts = ["Shop: Open daily.", "Returns, Lamps: Within a week.", "Since 1999."]
    nearest = np.array(list(kept.values())) @ ENCODER.encode_passages(texts).T
    assert sorted(nearest.max(0)) == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_documents_passages_are_replaced_as_a_whole(library: Library, shop: Path) -> None:
    (shop / "policy.md").write_text("".join(f"# Part {n}\n\nZebra number {n}.\n\n" for n in range(9)))
    index(library, shop)
    assert library.stats().passages == 9
    (shop / "policy.md").write_text("# Part 0\n\nZebra number 0.\n\n# Part 1\n\nGiraffe.\n")
    outcome = index(library, shop)
    assert (outcome.changed, library.stats().passages, library.stats().documents) == (1, 2, 1)
    assert {hit.passage.text for hit in ask(library, "zebra number", top=50)} == {"Zebra number 0.", "Giraffe."}
    assert len(library._vectors.keys("passage")) == 2


def test_duplicates(library: Library, shop: Path) -> None:
    large = photo(160, 120, seed=1)
    (shop / "large.png").write_bytes(file_of(large, "PNG"))
    (shop / "small.jpg").write_bytes(file_of(large.resize((80, 60)), "JPEG", quality=90))
    (shop / "copy of 4.png").write_bytes((shop / "4.png").read_bytes())
    (shop / "another copy of 4.png").write_bytes((shop / "4.png").read_bytes())
    index(library, shop)
    groups = {group[0].path.name: [picture.path.name for picture in group] for group in library.duplicates(0.999)}
    assert groups["4.png"] == ["4.png", "another copy of 4.png", "copy of 4.png"]
    assert groups["large.png"][:2] == ["large.png", "small.jpg"]
    assert len(groups) == 2
    assert len(library.duplicates(-1)[0]) == 9
    only_copies = [sorted(p.path.name for p in group) for group in library.duplicates(2)]
    assert only_copies == [["4.png", "another copy of 4.png", "copy of 4.png"]]
