# Stage data: the images, found, verified, split and stored once; FashionMNIST for the stages that train on it.
#
# Inputs   torchvision's MNIST (HYPERSVG_DATA, the user's cache, download), or scikit-learn's digits as a stand-in
# Outputs  data/images.safetensors   uint8 images [n, 784] and labels of train, validation and test
#          data/manifest.json        source, stamp of stand-in data, counts, checksums
#          fashion/fashion.safetensors, fashion/manifest.json   the same of FashionMNIST, or the images in its place
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


if GROUP == "estimators":

    rule fashion_images:
        input:
            images=images,
            code=code("hypersvg.pipeline.fashion_job"),
        output:
            images=run_file("fashion", "fashion.safetensors"),
            manifest=run_file("fashion", "manifest.json"),
            provenance=run_file("fashion", "provenance.json"),
        log:
            run_file("logs", "fashion.log"),
        conda:
            "../../envs/environment.yaml"
        resources:
            runtime=minutes("data"),
        params:
            content=content(code("hypersvg.pipeline.fashion_job")),
            settings=lambda wildcards: {
                block: getattr(RUNS[wildcards.run].settings, block).model_dump(mode="json")
                for block in ("data", "fashion")
            },
        shell:
            "exec python -m hypersvg fashion --settings results/{wildcards.run}/settings.json --images {input.images}"
            " --output results/{wildcards.run}/fashion > {log} 2>&1"
