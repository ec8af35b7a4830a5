"""Where steps run: what the assets that use models are marked with, and which worker takes them."""

from __future__ import annotations

from typing import Any, Final

GPU_POOL: Final = "gpu"
"""One step at a time across runs: the limit is in dagster.yaml."""
GPU_TAG: Final = {"vsearch/device": "gpu"}
"""On an asset (catalogue), its op (placement) and a run (queue)."""

GPU_QUEUE: Final = "gpu"
CPU_QUEUE: Final = "cpu"
"""Of Celery, and where a step without a queue of its own goes."""
GPU_RESOURCE: Final = "nvidia.com/gpu"
"""What Kubernetes calls a card, and the taint of nodes that keep everything else away."""

GPU_OP_TAGS: Final[dict[str, Any]] = {
    **GPU_TAG,
    "dagster-celery/queue": GPU_QUEUE,
    "dagster-k8s/config": {
        "container_config": {"resources": {"limits": {GPU_RESOURCE: "1"}}},
        "pod_spec_config": {"tolerations": [{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}]},
    },
}
"""On the op of an asset that uses models; each engine reads its own."""
