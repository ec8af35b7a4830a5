"""What is known of the stages where Dagster is not, beside what the stages say themselves."""

from __future__ import annotations

import importlib
import pkgutil

from editor_app.texts.library import NAMED_STAGES
from vsearch_pipeline import assets
from vsearch_pipeline.assets.stage import Stage
from vsearch_pipeline.catalog.graph import OF_IMPORTED, STAGE_INPUTS, STAGES, stage_assets, stages_of


def declared() -> dict[str, Stage]:
    modules = [
        importlib.import_module(f"{assets.__name__}.{m.name}") for m in pkgutil.iter_modules(assets.__path__)
    ]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Stage)]
    return {stage.name: stage for stage in found}


def test_the_stages_are_those_of_the_assets() -> None:
    stages = declared()
    assert dict(STAGE_INPUTS) == {name: stage.inputs for name, stage in stages.items()}
    assert {name: stage_assets(name) for name in STAGES} == {n: s.asset_names for n, s in stages.items()}


def test_imported_videos_go_through_what_needs_no_file() -> None:
    worked_on = {name for name, stage in declared().items() if not stage.file_needed}
    assert worked_on <= set(OF_IMPORTED)
    assert set(stages_of("imported")) - worked_on == {"segments"}, "which the import makes"
    assert stages_of("file") == STAGES


def test_every_stage_has_a_name_for_people() -> None:
    assert set(NAMED_STAGES) == set(STAGES)
