# Stage data: the images, found, verified, split and stored once.
#
# Inputs   torchvision's MNIST (HYPERSVG_DATA, the user's cache, download), or scikit-learn's digits as a stand-in
# Outputs  data/images.safetensors   uint8 images [n, 784] and labels of train, validation and test
#          data/manifest.json        source, stamp of stand-in data, counts, checksums
# Steps    1. look in every place in order and verify checksums
#          2. split 5 : 1 : 1 by a fixed permutation


rule images:
    input:
        code=code("hypersvg.pipeline.images_job"),
    output:
        images=run_file("data", "images.safetensors"),
        manifest=run_file("data", "manifest.json"),
        provenance=run_file("data", "provenance.json"),
    log:
        run_file("logs", "data.log"),
    conda:
        "../../envs/environment.yaml"
    resources:
        runtime=minutes("data"),
    params:
        content=content(code("hypersvg.pipeline.images_job")),
        settings=lambda wildcards: {"data": RUNS[wildcards.run].settings.data.model_dump(mode="json")},
    shell:
        "exec python -m hypersvg data --settings results/{wildcards.run}/settings.json --output results/{wildcards.run}/data"
        " > {log} 2>&1"
