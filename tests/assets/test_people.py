"""The asset person_classifier: what it shows, and that a worse classifier does not take over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, materialize
from sqlalchemy import delete

from tests.people_library import ToyEmbedder, looks, toy_embedder
from vsearch_pipeline.assets.people import person_classifier
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person, promoted_classifier, replace_reference_faces
from vsearch_pipeline.catalog.models import Classifier, Person, ReferenceFace
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.settings import Settings

PEOPLE = ("trained ana", "trained ben", "trained cem", "trained dia")
PHOTOS = 6


class ToyFaces(FacesResource):
    def load_embedder(self) -> Any:
        return ToyEmbedder(self.embedder)


@pytest.fixture
def model(catalog: Catalog) -> Iterator[str]:
    name = toy_embedder().name
    yield name
    with catalog.begin() as connection:
        connection.execute(delete(ReferenceFace).where(ReferenceFace.model == name))
        connection.execute(delete(Classifier).where(Classifier.embedding_model == name))
        connection.execute(delete(Person).where(Person.name.in_(PEOPLE)))


def enrol(catalog: Catalog, model: str, whose: list[str]) -> None:
    """`PHOTOS` references a person, the face in each being that of the one of `whose` in its place."""
    with catalog.begin() as connection:
        producer = producer_id(connection, ProducerInfo("gallery", model, "1"))
        rows = []
        for place, name in enumerate(PEOPLE):
            person = ensure_person(connection, f"g{place % 2}", name)
            for photo in range(PHOTOS):
                face = looks(whose[place * PHOTOS + photo], photo)
                source = f"{model}/{name}/{photo}.jpg"
                rows.append(
                    {"person_id": person, "source": source, "sha256": source, "quality": 0.9, "embedding": face}
                    | {"producer_id": producer}
                )
        replace_reference_faces(connection, model, rows)


def trained(settings: Settings, model: str, instance: DagsterInstance) -> ExecuteInProcessResult:
    faces = ToyFaces(detector="none", embedder=model, onnx_providers=[], frames_per_second=2.0)
    return materialize(
        [person_classifier],
        resources={"catalog": CatalogResource(home=str(settings.home)), "face_models": faces},
        instance=instance,
    )


def test_a_worse_classifier_is_kept_but_not_used(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, model: str
) -> None:
    own = [name for name in PEOPLE for _ in range(PHOTOS)]
    enrol(catalog, model, own)
    first = trained(settings, model, instance)
    assert first.get_asset_check_evaluations()[0].passed
    shown = first.asset_materializations_for_node("person_classifier")[0].metadata
    assert shown["promoted"].value is True
    assert shown["member_f1_macro"].value == shown["group_f1_weighted"].value == 1
    assert {"member_roc_auc", "member_average_precision", "group_f1_macro", "open_set_strangers_named"} <= set(
        shown
    )
    assert "data:image/png" in str(shown["confusion"].value)
    assert "| g0/trained ana | 6 | 100% |" in str(shown["per_person"].value)
    with catalog.begin() as connection:
        in_use = promoted_classifier(connection, model)

    enrol(catalog, model, np.random.default_rng(0).permutation(own).tolist())
    second = trained(settings, model, instance)
    [check] = second.get_asset_check_evaluations()
    assert not check.passed
    assert "of strangers a name, the one in use 0.0%" in str(check.description)
    assert second.asset_materializations_for_node("person_classifier")[0].metadata["promoted"].value is False
    with catalog.begin() as connection:
        assert promoted_classifier(connection, model).id == in_use.id
