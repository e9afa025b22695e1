# Gathered tables: the rows of all jobs of a stage in one file each.
#
# Inputs   jobs/<stage>/<arm>/seeds-*/<table>.parquet
# Outputs  tables/<name>.parquet, and tables/<name>.provenance.json beside it
# Steps    1. concatenate, check the schema and that no method, start or seed is missing

for (stage, table), name in TABLE_FILES.items():

    rule:
        name:
            f"gather_{name}"
        input:
            files=job_files(stage, table),
            code=code("hypersvg.pipeline.gather"),
        output:
            table=table_file(name),
            provenance=RUN / "tables" / f"{name}.provenance.json",
        log:
            RUN / "logs" / "gather" / f"{name}.log",
        conda:
            "../../envs/environment.yaml"
        params:
            settings={**job_params(stage), "seeds": SETTINGS.run.seeds},
            stage=stage,
            table=table,
            run=RUN,
        shell:
            "python -m hypersvg gather {params.stage} {params.table} {input.files}"
            " --settings {params.run}/settings.json --output {output.table} > {log} 2>&1"
