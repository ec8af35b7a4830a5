"""Any facts that measuring could give."""

from __future__ import annotations

from hypothesis import strategies as st

from vsearch_pipeline.captioning.facts import CaptionFacts, ObjectFact
from vsearch_pipeline.captioning.objects import COCO_LABELS
from vsearch_pipeline.captioning.scenes import SceneGuess, imagenet_labels

shares = st.floats(0, 1).map(lambda value: round(value, 4))


@st.composite
def caption_facts(draw: st.DrawFn) -> CaptionFacts:
    objects = draw(
        st.lists(
            st.builds(ObjectFact, st.sampled_from(COCO_LABELS), st.integers(1, 14), shares, shares),
            max_size=6,
            unique_by=lambda fact: fact.label,
        )
    )
    scenes = draw(
        st.lists(
            st.builds(SceneGuess, st.sampled_from(imagenet_labels()), shares),
            max_size=4,
            unique_by=lambda guess: guess.label,
        )
    )
    return CaptionFacts(
        objects=tuple(objects),
        scenes=tuple(sorted(scenes, key=lambda guess: -guess.probability)),
        people_count=draw(st.integers(0, 14)),
        person_area=draw(shares),
        motion=draw(st.none() | shares),
        brightness=draw(shares),
        contrast=draw(st.floats(0, 0.5)),
        colourfulness=draw(st.floats(0, 150)),
    )
