"""What would be sent to Kubernetes: the manifests, and the pods of runs and steps as dagster-k8s makes them.

No cluster runs here. Dagster's chart is not rendered either: what its templates make of the values is
written down in `instance_config`, as far as it reaches a pod.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import kubernetes.client as k8s
import pytest
import yaml
from dagster import DagsterInstance
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config_schema
from dagster_k8s.executor import K8sStepHandler
from dagster_k8s.job import construct_dagster_k8s_job
from dagster_k8s.launcher import K8sRunLauncher
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict

from vsearch_pipeline.definitions import definitions, defs
from vsearch_pipeline.resources.instance import BATCH_VARIABLE, EVENTS_AT_ONCE
from vsearch_pipeline.resources.placement import GPU_OP_TAGS
from vsearch_pipeline.settings import PROJECT_ROOT, Settings

FOLDER = PROJECT_ROOT / "deploy" / "kubernetes"
KINDS = {
    "ConfigMap": k8s.V1ConfigMap,
    "PersistentVolumeClaim": k8s.V1PersistentVolumeClaim,
    "Job": k8s.V1Job,
    "Deployment": k8s.V1Deployment,
    "Service": k8s.V1Service,
}
MANIFESTS = [doc for doc in yaml.safe_load_all((FOLDER / "library.yaml").read_text()) if doc]
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
SECRET = "vsearch"  # noqa: S105 - a name
IMAGE = "registry.example.com/vsearch:0.1.0"


def typed(document: dict[str, Any]) -> Any:
    """The manifest as the client's model, which has no place for a field that Kubernetes does not know."""
    model = KINDS[document["kind"]]
    return k8s_model_from_dict(model, k8s_snake_case_dict(model, document))


def pod_specs() -> dict[str, Any]:
    found = {doc["metadata"]["name"]: typed(doc) for doc in MANIFESTS if doc["kind"] in ("Deployment", "Job")}
    return {name: made.spec.template.spec for name, made in found.items()}


@pytest.mark.parametrize("document", MANIFESTS, ids=[f"{d['kind']} {d['metadata']['name']}" for d in MANIFESTS])
def test_manifests_have_only_fields_that_kubernetes_knows(document: dict[str, Any]) -> None:
    assert typed(document).metadata.name == document["metadata"]["name"]


def test_an_unknown_field_would_be_noticed() -> None:
    broken = json.loads(json.dumps(next(doc for doc in MANIFESTS if doc["kind"] == "Deployment")))
    broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolcy"] = "Always"
    with pytest.raises(Exception, match="imagePullPolcy"):
        typed(broken)


def test_settings_of_the_pods_are_settings() -> None:
    [data] = [doc["data"] for doc in MANIFESTS if doc["kind"] == "ConfigMap"]
    settings = {name: value for name, value in data.items() if name != BATCH_VARIABLE}
    assert data[BATCH_VARIABLE] == str(EVENTS_AT_ONCE)
    fields = {f"VSEARCH_{name.upper()}" for name in Settings.model_fields}
    assert set(settings) <= fields
    assert all(isinstance(value, str) for value in settings.values())
    made = Settings.model_validate(
        {name.removeprefix("VSEARCH_").lower(): value for name, value in settings.items()}
        | {"kubernetes_gpu_nodes": json.loads(settings["VSEARCH_KUBERNETES_GPU_NODES"])}
    )
    assert made.executor == "kubernetes"


@pytest.mark.parametrize("name", sorted(pod_specs()))
def test_pods_are_nobody_s_and_get_their_secrets_from_kubernetes(name: str) -> None:
    spec = pod_specs()[name]
    assert spec.security_context.run_as_non_root
    [container] = spec.containers
    assert not container.env
    assert {source.secret_ref.name for source in container.env_from if source.secret_ref} == {SECRET}
    assert container.security_context.allow_privilege_escalation is False


def test_a_service_leads_to_the_page() -> None:
    [service] = [typed(doc) for doc in MANIFESTS if doc["kind"] == "Service"]
    [page] = [
        typed(doc)
        for doc in MANIFESTS
        if doc["metadata"]["name"] == "vsearch-page" and doc["kind"] == "Deployment"
    ]
    assert service.spec.selector.items() <= page.spec.template.metadata.labels.items()
    [port] = page.spec.template.spec.containers[0].ports
    assert service.spec.ports[0].target_port == port.name


# --- what the chart makes of the values ---


def instance_config() -> dict[str, Any]:
    """dagster.yaml as Dagster's chart writes it from the values, where they have a say."""
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
    postgres, daemon = VALUES["postgresql"], VALUES["dagsterDaemon"]
    database = {
        "postgres_db": {
            "username": postgres["postgresqlUsername"],
            "password": {"env": "DAGSTER_PG_PASSWORD"},
            "hostname": postgres["postgresqlHost"],
            "db_name": postgres["postgresqlDatabase"],
            "port": postgres["service"]["port"],
            "params": postgres["postgresqlParams"],
            "scheme": postgres["postgresqlScheme"],
        }
    }
    run_k8s = launcher["runK8sConfig"]
    return {
        "run_launcher": {
            "module": "dagster_k8s",
            "class": "K8sRunLauncher",
            "config": {
                "load_incluster_config": launcher["loadInclusterConfig"],
                "job_namespace": "vsearch",
                "image_pull_policy": launcher["imagePullPolicy"],
                "service_account_name": "dagster",
                "dagster_home": "/opt/dagster/dagster_home",
                "instance_config_map": "dagster-instance",
                "postgres_password_secret": VALUES["global"]["postgresqlSecretName"],
                "env_config_maps": [source["name"] for source in launcher["envConfigMaps"]],
                "env_secrets": [source["name"] for source in launcher["envSecrets"]],
                "volume_mounts": launcher["volumeMounts"],
                "volumes": launcher["volumes"],
                "resources": launcher["resources"],
                "run_k8s_config": {
                    "pod_spec_config": run_k8s["podSpecConfig"],
                    "job_spec_config": run_k8s["jobSpecConfig"],
                },
            },
        },
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {
                "max_concurrent_runs": daemon["runCoordinator"]["config"]["queuedRunCoordinator"][
                    "maxConcurrentRuns"
                ]
            },
        },
        "run_storage": {
            "module": "dagster_postgres.run_storage",
            "class": "PostgresRunStorage",
            "config": database,
        },
        "run_monitoring": {
            "enabled": daemon["runMonitoring"]["enabled"],
            "start_timeout_seconds": daemon["runMonitoring"]["startTimeoutSeconds"],
            "poll_interval_seconds": daemon["runMonitoring"]["pollIntervalSeconds"],
            "free_slots_after_run_end_seconds": daemon["runMonitoring"]["freeSlotsAfterRunEndSeconds"],
        },
        "run_retries": {"enabled": True, "max_retries": daemon["runRetries"]["maxRetries"]},
        "telemetry": {"enabled": VALUES["telemetry"]["enabled"]},
        **VALUES["additionalInstanceConfig"],
    }


def test_dagster_takes_the_instance_that_the_values_describe() -> None:
    config = instance_config()
    result = validate_config(dagster_instance_config_schema(), config)
    assert result.success, result.errors
    schema = K8sRunLauncher.config_type()
    assert validate_config(schema, config["run_launcher"]["config"]).success
    from dagster_postgres import PostgresRunStorage

    database = config["run_storage"]["config"]
    assert validate_config(PostgresRunStorage.config_type(), database).success
    ours = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    assert config["concurrency"]["pools"] == ours["concurrency"]["pools"]
    assert config["run_retries"]["max_retries"] == ours["run_retries"]["max_retries"]


def test_the_values_name_the_image_and_the_code() -> None:
    [deployment] = VALUES["dagster-user-deployments"]["deployments"]
    [location] = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())["load_from"]
    assert deployment["dagsterApiGrpcArgs"] == ["-m", location["python_module"]]
    images = [VALUES[part]["image"] for part in ("dagsterWebserver", "dagsterDaemon")] + [deployment["image"]]
    assert {f"{image['repository']}:{image['tag']}" for image in images} == {IMAGE}
    assert {container.image for spec in pod_specs().values() for container in spec.containers} == {IMAGE}


# --- the pods of runs and steps ---


@pytest.fixture
def launcher(tmp_path: Path) -> K8sRunLauncher:
    """The run launcher of the values, with a cluster that does not answer."""
    cluster = {"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "none", "context": {"cluster": "none", "user": "nobody"}}
    user = {"name": "nobody", "user": {}}
    config = {"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "none"}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **config}))
    given = validate_config(K8sRunLauncher.config_type(), instance_config()["run_launcher"]["config"]).value
    return K8sRunLauncher(
        **{**given, "load_incluster_config": False, "kubeconfig_file": str(kubeconfig)},
        k8s_client_batch_api=MagicMock(),
        k8s_client_core_api=MagicMock(),
    )


def pod_of(context: Any, launcher: K8sRunLauncher, what: str) -> Any:
    """The pod of a `run` or `step` as it is handed to the cluster."""
    return construct_dagster_k8s_job(
        job_config=context.get_k8s_job_config(IMAGE, launcher),
        args=["dagster", "api", f"execute_{what}"],
        job_name=f"dagster-{what}-1",
        component=f"{what}_worker",
        user_defined_k8s_config=context.run_k8s_config,
    ).spec.template.spec


def run_pod(launcher: K8sRunLauncher, instance: DagsterInstance, tags: dict[str, str]) -> Any:
    """The pod of a run of `ingest`."""
    run = instance.create_run_for_job(defs.resolve_job_def("ingest"), tags=tags)
    context = launcher.get_container_context_for_run(run)
    return pod_of(context, launcher, "run")


def step_pod(launcher: K8sRunLauncher, step: str, settings: Settings) -> Any:
    """The pod of a step of `ingest`, through the executor's own handler."""
    made = definitions(settings)
    job = made.resolve_job_def("ingest")
    applied = job.executor_def.apply_config_mapping({"config": {}})
    op = job.graph.node_named(step).definition
    handler = K8sStepHandler(
        image=IMAGE,
        container_context=launcher.get_container_context_for_run(MagicMock(tags={}, job_code_origin=None)),
        load_incluster_config=False,
        kubeconfig_file=launcher.kubeconfig_file,
        k8s_client_batch_api=MagicMock(),
        k8s_client_core_api=MagicMock(),
        per_step_k8s_config=applied.value["config"]["per_step_k8s_config"],
    )
    asked: Any = SimpleNamespace(
        execute_step_args=SimpleNamespace(step_keys_to_execute=[step]),
        dagster_run=MagicMock(tags={}, job_code_origin=None),
        instance=SimpleNamespace(run_launcher=launcher),
        step_tags={step: op.tags},
        get_step_context=lambda _: SimpleNamespace(step=SimpleNamespace(op_name=step)),
    )
    context = handler._get_container_context(asked)
    return pod_of(context, launcher, "step")


NODES = {"nvidia.com/gpu.product": "NVIDIA-L4"}
STEPS = sorted(node.name for node in defs.resolve_job_def("ingest").nodes)
ON_GPU = {"objects", "captions", "transcript", "faces", "face_tracks", "segment_embeddings"}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_uses_models_gets_a_card_and_no_other(launcher: K8sRunLauncher, step: str) -> None:
    pod = step_pod(launcher, step, Settings(executor="kubernetes", kubernetes_gpu_nodes=NODES))
    [container] = pod.containers
    limits = container.resources.limits or {}
    assert limits.get("nvidia.com/gpu") == ("1" if step in ON_GPU else None)
    assert pod.node_selector == (NODES if step in ON_GPU else None)
    tolerated = [(t.key, t.operator, t.effect) for t in pod.tolerations or []]
    assert tolerated == ([("nvidia.com/gpu", "Exists", "NoSchedule")] if step in ON_GPU else [])
    assert container.resources.requests == {"cpu": "1", "memory": "2Gi"}
    as_nobody_with_secrets_from_outside(pod)


def test_a_cluster_without_cards_is_asked_for_none(launcher: K8sRunLauncher) -> None:
    settings = Settings(executor="kubernetes", kubernetes_gpus=0, kubernetes_gpu_nodes=NODES)
    pod = step_pod(launcher, "faces", settings)
    assert pod.containers[0].resources.limits == {"nvidia.com/gpu": "0"}, "none: the scheduler passes over a zero"
    assert pod.node_selector is None


def test_the_run_s_own_pod_only_watches(launcher: K8sRunLauncher, instance: DagsterInstance) -> None:
    pod = run_pod(launcher, instance, {"vsearch/device": "gpu"})
    assert not pod.containers[0].resources.limits
    assert not pod.node_selector
    as_nobody_with_secrets_from_outside(pod)


def as_nobody_with_secrets_from_outside(pod: Any) -> None:
    [container] = pod.containers
    assert pod.security_context.run_as_non_root
    assert {source.secret_ref.name for source in container.env_from if source.secret_ref} == {SECRET}
    assert {source.config_map_ref.name for source in container.env_from if source.config_map_ref} == {"vsearch"}
    given = {variable.name: variable for variable in container.env}
    assert given["DAGSTER_PG_PASSWORD"].value_from.secret_key_ref.name == "vsearch-postgresql"
    assert not [name for name in given if name.startswith("VSEARCH_")]
    assert {(m.name, m.mount_path) for m in container.volume_mounts} >= {("home", "/srv/vsearch")}
    assert {volume.name for volume in pod.volumes} >= {"home"}


def test_every_engine_reads_its_mark_from_one_place() -> None:
    for step in ON_GPU:
        node = defs.resolve_job_def("ingest").graph.node_named(step).definition
        assert node.tags["dagster-celery/queue"] == GPU_OP_TAGS["dagster-celery/queue"]
        assert json.loads(node.tags["dagster-k8s/config"]) == GPU_OP_TAGS["dagster-k8s/config"]
