"""What words point at among found pictures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.pointing import Pointing, pointing

ALL = Pointing(all=True)
UPLOAD = Pointing(upload=True)


@pytest.mark.parametrize(
    ("words", "pointed"),
    [
        ("the second one, what colour is the sofa?", (1,)),
        ("What about the 2nd picture?", (1,)),
        ("And the third?", (2,)),
        ("Describe the last one.", (3,)),
        ("Tell me about picture 2", (1,)),
        ("what is in number three?", (2,)),
        ("compare the first and the third one", (0, 2)),
        ("the first, second and last picture", (0, 1, 3)),
        ("The first one and then the 4th photo", (0, 3)),
        ("What do the first two have in common?", (0, 1)),
        ("the last two pictures", (2, 3)),
        ("the second to last one", (2,)),
        ("the fifth one", (4,)),
        ("the second with a hat", (1,)),
        ("第二个改成蓝色", (1,)),
        ("第二个戴帽子", (1,)),
        ("第二张是什么颜色？", (1,)),
        ("第3张呢？", (2,)),
        ("第二个是什么？", (1,)),
        ("最后一张呢？", (3,)),
        ("最后那张", (3,)),
        ("倒数第二张", (2,)),
        ("前两张有什么不同？", (0, 1)),
        ("最后两张", (2, 3)),
        ("第一张和第三张哪张大？", (0, 2)),
        ("第十张", (9,)),
        ("which of these is brown?", ALL),
        ("Which of them shows a dog?", ALL),
        ("how many of the pictures have a car?", ALL),
        ("Which one is the largest?", ALL),
        ("Compare them.", ALL),
        ("它们是什么颜色？", ALL),
        ("这些里面有狗吗？", ALL),
        ("哪一张是棕色的？", ALL),
        ("这几张里有猫吗", ALL),
        ("What colour is the sofa in my photo?", UPLOAD),
        ("and in the picture I uploaded?", UPLOAD),
        ("我刚发的那张呢？", UPLOAD),
        ("Is it a dog?", Pointing()),
        ("What is the second man doing?", Pointing()),
        ("第二个人在做什么？", Pointing()),
        ("find a dog running on the beach", Pointing()),
        ("Find a cat in one second", Pointing()),
    ],
)
def test_places_and_groups_of_four(words: str, pointed: Pointing | tuple[int, ...]) -> None:
    assert pointing(words, 4) == (pointed if isinstance(pointed, Pointing) else Pointing(pointed))


@settings(deadline=None)
@given(words=st.text(max_size=200) | st.from_regex(r"(the |第|first |last )[0-9]{1,30}(th|st|张|个| one)?"))
def test_any_words_are_read(words: str) -> None:
    found = pointing(words, 6)
    assert all(place >= 0 for place in found.places)
    assert not (found.all and found.places)
