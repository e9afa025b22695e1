# Stage sensitivity: every alternative of the ledger, one at a time, beside the default. Only at --config scale=sensitivity.
#
# Inputs   results/sensitivity/tables/*.parquet                the default reading
#          results/sensitivity+<variant>/tables/*.parquet      the stages that a variant changes
# Outputs  results/sensitivity/sensitivity/headlines.csv       headline numbers under each alternative, paired by seed
#          results/sensitivity/sensitivity/claims.csv          the side of every claim under each alternative
#          results/sensitivity/sensitivity/provenance.json     their sidecar
#          results/sensitivity/exhibits/fig_sensitivity.*      one figure of them
# Steps    1. run the changed stages of every variant
#          2. compare


if ALTERNATIVES:

    rule sensitivity:
        input:
            claims="config/claims.yaml",
            default=compared_tables(THIS.name),
            alternatives=[compared_tables(run.name) for run in ALTERNATIVES.values()],
            manifest=RUN / "tables" / "manifest.json",
            code=code("hypersvg.pipeline.sensitivity_job"),
        output:
            headlines=RUN / "sensitivity" / "headlines.csv",
            claims=RUN / "sensitivity" / "claims.csv",
            provenance=RUN / "sensitivity" / "provenance.json",
            figure=[RUN / "exhibits" / file for file in exhibit_files("fig_sensitivity")],
        log:
            RUN / "logs" / "sensitivity.log",
        conda:
            "../../envs/environment.yaml"
        resources:
            runtime=minutes("data"),
        params:
            content=content(["config/claims.yaml", *code("hypersvg.pipeline.sensitivity_job")]),
            settings=SHOWN_SETTINGS,
            run=RUN,
            variants=list(ALTERNATIVES),
        shell:
            "exec python -m hypersvg sensitivity {input.claims} --results {params.run} {params.variants} > {log} 2>&1"
