# Gathered tables: the rows of all jobs of a stage in one file each.
#
# Inputs   jobs/<stage>/<arm>/seeds-*/<table>.parquet
# Outputs  tables/<name>.parquet, and tables/<name>.provenance.json beside it
#          tables/manifest.json, fashion.json  what the images were, for the exhibits' stamp
# Steps    1. concatenate, check the schema and that no method, start or seed is missing


COPY = "cp {input} {output}.partial > {log} 2>&1 && mv {output}.partial {output}"


rule gather_manifest:
    input:
        lambda wildcards: run_file("data", "manifest.json", run=RUNS[wildcards.run].data_owner),
    output:
        run_file("tables", "manifest.json"),
    log:
        run_file("logs", "gather", "manifest.log"),
    group:
        "exhibits"
    conda:
        "../../envs/environment.yaml"
    shell:
        COPY


if GROUP == "estimators":

    rule gather_fashion:
        input:
            run_file("fashion", "manifest.json"),
        output:
            run_file("tables", "fashion.json"),
        log:
            run_file("logs", "gather", "fashion.log"),
        group:
            "exhibits"
        conda:
            "../../envs/environment.yaml"
        shell:
            COPY


for (stage, table), name in TABLE_FILES.items():

    rule:
        name:
            f"gather_{name}"
        input:
            files=job_files(stage, table),
            code=code("hypersvg.pipeline.gather"),
        output:
            table=table_file(name),
            provenance=run_file("tables", f"{name}.provenance.json"),
        log:
            run_file("logs", "gather", f"{name}.log"),
        group:
            "exhibits"
        conda:
            "../../envs/environment.yaml"
        params:
            content=content(code("hypersvg.pipeline.gather")),
            settings=gather_params(stage),
            stage=stage,
            table=table,
        shell:
            "exec python -m hypersvg gather {params.stage} {params.table} {input.files}"
            " --settings results/{wildcards.run}/settings.json --output {output.table} > {log} 2>&1"
