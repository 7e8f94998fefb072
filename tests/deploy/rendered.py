"""What `kustomize build` would make of a folder, as far as deploy/kubernetes uses it; anything else is an error."""

import pathlib

import yaml

_KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "patches", "images"}


def render(folder: pathlib.Path) -> list[dict]:
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(kustomization) <= _KNOWN, f"{folder.name}: {set(kustomization) - _KNOWN} is not looked at here"
    objects: list[dict] = []
    for resource in kustomization["resources"]:
        path = folder / resource
        if path.is_dir():
            objects += render(path)
        else:
            objects += list(yaml.safe_load_all(path.read_text()))
    for generated in kustomization.get("configMapGenerator", []):
        files = {name: (folder / name).read_text() for name in generated["files"]}
        if generated.get("behavior") == "replace":
            (one,) = [o for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == generated["name"]]
            one["data"] = files
        else:
            objects.append({"kind": "ConfigMap", "metadata": {"name": generated["name"]}, "data": files})
    for patch in kustomization.get("patches", []):
        target = patch["target"]
        (one,) = [
            o for o in objects if o["kind"] == target["kind"] and o["metadata"]["name"] == target["name"]
        ]
        for operation in yaml.safe_load(patch["patch"]):
            assert operation["path"] != "/kind" or patch["options"] == {"allowKindChange": True}
            _apply(one, **operation)
    return objects


def _apply(node, op: str, path: str, value=None) -> None:
    """One operation of a JSON Patch (RFC 6902)."""
    *steps, last = path.strip("/").split("/")
    for step in steps:
        node = node[int(step) if isinstance(node, list) else step]
    if op == "add" and isinstance(node, list) and last == "-":
        node.append(value)
    elif op == "add":
        node[last] = value
    elif op == "replace":
        assert last in node, path
        node[last] = value
    else:
        assert op == "remove", op
        del node[last]
