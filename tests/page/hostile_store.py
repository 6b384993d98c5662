"""A small store with names that try to leave their place, and enough tags to go into."""
import hashlib
import json
import pathlib

OCI = "application/vnd.oci.image."
HOSTILE_TAG = "x<img src=x onerror=window.hacked=1>"
HOSTILE_REPOSITORY = "evil/a<script>window.hacked=1<"


class Store:
    def __init__(self, root):
        self.v2 = pathlib.Path(root) / "docker/registry/v2"

    def put(self, path, data):
        file = self.v2 / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def blob(self, data):
        name = hashlib.sha256(data).hexdigest()
        self.put(f"blobs/sha256/{name[:2]}/{name}/data", data)
        return "sha256:" + name

    def link(self, path, digest):
        self.put(path + "/link", digest.encode())

    def image(self, repository, tag, layers):
        base = f"repositories/{repository}"
        parts = []
        for kind, data in [("config.v1+json", b"{}")] + [("layer.v1.tar", data) for data in layers]:
            digest = self.blob(data)
            self.link(f"{base}/_layers/{digest.replace(':', '/')}", digest)
            parts.append({"mediaType": OCI + kind, "size": len(data), "digest": digest})
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": parts[0],
                    "layers": parts[1:], "annotations": {"of": f"{repository}:{tag}"}}
        digest = self.blob(json.dumps(manifest).encode())
        path = digest.replace(":", "/")
        self.link(f"{base}/_manifests/revisions/{path}", digest)
        self.link(f"{base}/_manifests/tags/{tag}/current", digest)
        self.link(f"{base}/_manifests/tags/{tag}/index/{path}", digest)


def layer(name, size):
    return hashlib.shake_256(name.encode()).digest(size)


def write(root, many=400):
    """team/app with three tags, evil/… with a hostile one, and `many` repositories."""
    store = Store(root)
    base = layer("base", 90_000)
    own = layer("app", 20_000)
    for number in range(3):
        store.image("team/app", f"1.{number}", [base, own, layer(f"app {number}", 60_000 + number * 9000)])
    store.image("team/tool", "latest", [base, layer("tool", 80_000)])
    store.image(HOSTILE_REPOSITORY, HOSTILE_TAG, [layer("evil", 120_000)])
    store.blob(layer("orphan", 50_000))
    for number in range(many):
        store.image(f"many/r{number:03}", "t", [layer(f"many {number}", 500 + number)])
