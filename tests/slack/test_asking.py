"""What people type is understood, whatever they type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsearch_pipeline.slack.asking import Question, Search, Simple, TypedEdit, WatchFor, typed, understand


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", Simple("help")),
        ("  도움말 ", Simple("help")),
        ("HELP", Simple("help")),
        ("watch", Simple("watches")),
        ("알림", Simple("watches")),
        ("watch 민지 웃는", WatchFor("민지 웃는")),
        ("알림 민지", WatchFor("민지")),
        ("watching the sea", Search("watching the sea")),
        ("민지 자는 장면", Search("민지 자는 장면")),
        ("<@UBOT> 민지", Search("민지")),
        ("<@UBOT|vsearch> 질문: 누가 웃어?", Question("누가 웃어?")),
        ("질문\uff1a 누가 웃어?", Question("누가 웃어?")),
        ("question: who laughs?", Question("who laughs?")),
        ("question:", Search("question:")),
        ("a &lt;b&gt; &amp; c", Search("a <b> & c")),
        ("see <https://example.com/a|example.com>", Search("see example.com")),
        ("see <https://example.com/a>", Search("see https://example.com/a")),
        (
            "수정: 세그먼트ID=141 내용=민지가 웃는다 멤버=민지, 하니",
            TypedEdit(141, "민지가 웃는다", ("민지", "하니")),
        ),
        ("수정:멤버=민지 내용=a=b, 세그먼트ID=7", TypedEdit(7, "a=b", ("민지",))),
        ("수정: 세그먼트ID = 141\n내용 = 두 줄\n설명", TypedEdit(141, "두 줄\n설명", None)),
        ("edit: segment=3 people=", TypedEdit(3, None, ())),
        ("edit: caption=x", TypedEdit(None, "x", None)),
        ("edit: segment=-1 caption=x", TypedEdit(None, "x", None)),
        ("edit: segment=\u0661 caption=x", TypedEdit(None, "x", None)),
    ],
)
def test_what_is_typed_is_understood(text: str, asked: object) -> None:
    assert understand(text) == asked


@given(st.text())
def test_anything_is_something(text: str) -> None:
    asked = understand(text)
    if isinstance(asked, TypedEdit) and asked.segment is not None:
        assert 0 <= asked.segment < 10**18


@given(st.text(alphabet=st.characters(exclude_characters="<>&", exclude_categories=["Cs"])))
def test_plain_text_stays_as_it_was_typed(text: str) -> None:
    assert typed(text) == text.strip()
