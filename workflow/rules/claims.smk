# Stage claims: the sentences of the thesis (or, of the group estimators, of the slides), each judged on the run's tables.
#
# Inputs   config/claims.yaml (or config/claims_estimators.yaml), tables/*.parquet, tables/manifest.json
#          results/reference/sensitivity/claims.csv where it is committed: which alternatives flip a claim
# Outputs  claims.json   one object a claim: the thesis's number, ours with intervals, the verdict and why
#          claims.md     the same to read
#          claims.provenance.json
# Steps    1. measure every claim's number, with a simultaneous interval over all claims
#          2. set it against the margin that was fixed there
#
# At --config scale=paper the target paper_claims judges the online and offline claims alone, from those stages.


rule claims:
    input:
        claims=CLAIMS_FILE,
        tables=claimed_tables(CLAIMED),
        manifest=RUN / "tables" / "manifest.json",
        sensitivity=[str(runs.SIDES)] if GROUP == "thesis" and (ROOT / runs.SIDES).is_file() else [],
        code=code("hypersvg.pipeline.claims_job"),
    output:
        record=RUN / "claims.json",
        page=RUN / "claims.md",
        provenance=RUN / "claims.provenance.json",
    log:
        RUN / "logs" / "claims.log",
    group:
        "exhibits"
    conda:
        "../../envs/environment.yaml"
    params:
        content=content([CLAIMS_FILE, *code("hypersvg.pipeline.claims_job")]),
        settings=SHOWN_SETTINGS,
        run=RUN,
        only="--paper" if CLAIMED is ON_PAPER else "",
        sensitivity=lambda wildcards, input: f"--sensitivity {input.sensitivity}" if input.sensitivity else "",
    shell:
        "exec python -m hypersvg claims {input.claims} --results {params.run} {params.only} {params.sensitivity}"
        " > {log} 2>&1"


if CLAIMED is ON_PAPER:

    rule paper_claims:
        input:
            RUN / "claims.json",
